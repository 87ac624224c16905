"""What a user can send beside text: files by URL, by value, or uploaded before.

Media types follow https://www.iana.org/assignments/media-types; a URL's is guessed from its path, unless given.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from abc import ABC
from collections.abc import Mapping
from dataclasses import KW_ONLY, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias, TypeGuard
from urllib.parse import urlparse

import pydantic
from pydantic.dataclasses import dataclass as pydantic_dataclass

from playhead.messages._base import Shown, to_base64

AudioMediaType: TypeAlias = Literal["audio/wav", "audio/mpeg", "audio/ogg", "audio/flac", "audio/aiff", "audio/aac"]
ImageMediaType: TypeAlias = Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
DocumentMediaType: TypeAlias = Literal[
    "application/pdf",
    "text/plain",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/html",
    "text/markdown",
    "application/msword",
    "application/vnd.ms-excel",
]
VideoMediaType: TypeAlias = Literal[
    "video/x-matroska",
    "video/quicktime",
    "video/mp4",
    "video/webm",
    "video/x-flv",
    "video/mpeg",
    "video/x-ms-wmv",
    "video/3gpp",
]
AudioFormat: TypeAlias = Literal["wav", "mp3", "oga", "flac", "aiff", "aac"]
ImageFormat: TypeAlias = Literal["jpeg", "png", "gif", "webp"]
DocumentFormat: TypeAlias = Literal["csv", "doc", "docx", "html", "md", "pdf", "txt", "xls", "xlsx"]
VideoFormat: TypeAlias = Literal["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"]
ForceDownloadMode: TypeAlias = bool | Literal["allow-local"]
UploadedFileProviderName: TypeAlias = Literal["anthropic", "openai", "google-gla", "google-vertex", "bedrock", "xai"]

_AUDIO_FORMATS: dict[str, str] = {
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/ogg": "oga",
    "audio/aiff": "aiff",
    "audio/aac": "aac",
}
_IMAGE_FORMATS: dict[str, str] = {
    "image/jpeg": "jpeg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
}
_DOCUMENT_FORMATS: dict[str, str] = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/markdown": "md",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
}
_VIDEO_FORMATS: dict[str, str] = {
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/x-ms-wmv": "wmv",
    "video/3gpp": "three_gp",
}
# The machine's own table of types differs from one to the next; what counts here is this one.
_TYPES = mimetypes.MimeTypes(filenames=())
for _type, _suffixes in {
    "audio/mpeg": (".mp3",),
    "audio/wav": (".wav",),
    "audio/flac": (".flac",),
    "audio/ogg": (".oga", ".ogg"),
    "audio/aiff": (".aiff",),
    "audio/aac": (".aac",),
    "image/webp": (".webp",),
    "video/x-matroska": (".mkv",),
    "video/quicktime": (".mov",),
    "video/mp4": (".mp4",),
    "video/webm": (".webm",),
    "video/x-flv": (".flv",),
    "video/mpeg": (".mpeg", ".mpg"),
    "video/x-ms-wmv": (".wmv",),
    "video/3gpp": (".3gp", ".three_gp"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.ms-excel": (".xls",),
    "application/msword": (".doc",),
    "text/markdown": (".md", ".mdx", ".markdown"),
    "text/x-asciidoc": (".asciidoc",),
    "application/rtf": (".rtf",),
    "text/plain": (".txt",),
    "text/csv": (".csv",),
    "application/pdf": (".pdf",),
    "application/x-yaml": (".yaml", ".yml"),
    "application/toml": (".toml",),
    "application/xml": (".xml",),
}.items():
    for _suffix in _suffixes:
        _TYPES.add_type(_type, _suffix)


def short_digest(data: bytes) -> str:
    """Six hexadecimal digits that stand for a file where a prompt has to name it."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()[:6]


@pydantic_dataclass(repr=False, config=pydantic.ConfigDict(validate_by_name=True))
class FileUrl(Shown, ABC):
    """A file that is somewhere else. `force_download` sends its content where a provider would take the URL."""

    url: str
    _: KW_ONLY
    force_download: ForceDownloadMode = False
    vendor_metadata: dict[str, Any] | None = None
    _media_type: Annotated[str | None, pydantic.Field(alias="media_type", exclude=True)] = field(
        default=None, compare=False
    )
    _identifier: Annotated[str | None, pydantic.Field(alias="identifier", exclude=True)] = field(
        default=None, compare=False
    )
    _noun: ClassVar[str] = "file"
    _formats: ClassVar[Mapping[str, str]] = {}

    if TYPE_CHECKING:  # pydantic reads the two by their aliases, which type checkers do not know

        def __init__(
            self,
            url: str,
            *,
            media_type: str | None = None,
            identifier: str | None = None,
            force_download: ForceDownloadMode = False,
            vendor_metadata: dict[str, Any] | None = None,
        ) -> None: ...

    @pydantic.computed_field
    @property
    def media_type(self) -> str:
        """The media type as given, or guessed from the URL. `ValueError` if there is nothing to guess from."""
        return self._media_type or self._infer_media_type()

    @pydantic.computed_field
    @property
    def identifier(self) -> str:
        """The name a prompt can use for this file: as given, or made from the URL."""
        return self._identifier or short_digest(self.url.encode())

    def _infer_media_type(self) -> str:
        guess = _TYPES.guess_type(self.url if self.url.startswith("data:") else urlparse(self.url).path)[0]
        if guess is None:
            raise ValueError(
                f"Nothing in the {self._noun} URL {self.url} tells the kind of file. Say it: `media_type=...`"
            )
        return guess

    @property
    def format(self) -> str:
        """The short name of the media type. `KeyError` where it is none of this kind of file."""
        return self._formats[self.media_type]


@pydantic_dataclass(repr=False, config=pydantic.ConfigDict(validate_by_name=True))
class ImageUrl(FileUrl):
    """A picture by URL."""

    _: KW_ONLY
    kind: Literal["image-url"] = "image-url"
    _noun: ClassVar[str] = "image"
    _formats: ClassVar[Mapping[str, str]] = _IMAGE_FORMATS

    if TYPE_CHECKING:  # pydantic reads the two by their aliases, which type checkers do not know

        def __init__(
            self,
            url: str,
            *,
            media_type: str | None = None,
            identifier: str | None = None,
            force_download: ForceDownloadMode = False,
            vendor_metadata: dict[str, Any] | None = None,
            kind: Literal["image-url"] = "image-url",
        ) -> None: ...


@pydantic_dataclass(repr=False, config=pydantic.ConfigDict(validate_by_name=True))
class AudioUrl(FileUrl):
    """A recording by URL."""

    _: KW_ONLY
    kind: Literal["audio-url"] = "audio-url"
    _noun: ClassVar[str] = "audio"
    _formats: ClassVar[Mapping[str, str]] = _AUDIO_FORMATS

    if TYPE_CHECKING:  # pydantic reads the two by their aliases, which type checkers do not know

        def __init__(
            self,
            url: str,
            *,
            media_type: str | None = None,
            identifier: str | None = None,
            force_download: ForceDownloadMode = False,
            vendor_metadata: dict[str, Any] | None = None,
            kind: Literal["audio-url"] = "audio-url",
        ) -> None: ...


@pydantic_dataclass(repr=False, config=pydantic.ConfigDict(validate_by_name=True))
class VideoUrl(FileUrl):
    """A video by URL, on YouTube too."""

    _: KW_ONLY
    kind: Literal["video-url"] = "video-url"
    _noun: ClassVar[str] = "video"
    _formats: ClassVar[Mapping[str, str]] = _VIDEO_FORMATS

    if TYPE_CHECKING:  # pydantic reads the two by their aliases, which type checkers do not know

        def __init__(
            self,
            url: str,
            *,
            media_type: str | None = None,
            identifier: str | None = None,
            force_download: ForceDownloadMode = False,
            vendor_metadata: dict[str, Any] | None = None,
            kind: Literal["video-url"] = "video-url",
        ) -> None: ...

    @property
    def is_youtube(self) -> bool:
        """Whether the URL is one of YouTube's."""
        return urlparse(self.url).hostname in ("youtu.be", "youtube.com", "www.youtube.com")

    def _infer_media_type(self) -> str:
        return "video/mp4" if self.is_youtube else super()._infer_media_type()


@pydantic_dataclass(repr=False, config=pydantic.ConfigDict(validate_by_name=True))
class DocumentUrl(FileUrl):
    """A document by URL."""

    _: KW_ONLY
    kind: Literal["document-url"] = "document-url"
    _noun: ClassVar[str] = "document"

    if TYPE_CHECKING:  # pydantic reads the two by their aliases, which type checkers do not know

        def __init__(
            self,
            url: str,
            *,
            media_type: str | None = None,
            identifier: str | None = None,
            force_download: ForceDownloadMode = False,
            vendor_metadata: dict[str, Any] | None = None,
            kind: Literal["document-url"] = "document-url",
        ) -> None: ...

    @property
    def format(self) -> str:
        """The short name of the media type. `ValueError` where it is no document."""
        if self.media_type not in _DOCUMENT_FORMATS:
            raise ValueError(f"No short name is known for the document type {self.media_type!r}")
        return _DOCUMENT_FORMATS[self.media_type]


@pydantic_dataclass(repr=False)
class TextContent(Shown):
    """Text with `metadata` that the model is not shown."""

    content: str
    _: KW_ONLY
    metadata: Any = None
    kind: Literal["text-content"] = "text-content"


@pydantic_dataclass(
    repr=False,
    config=pydantic.ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", validate_by_name=True),
)
class BinaryContent(Shown):
    """A file by value."""

    data: bytes
    _: KW_ONLY
    media_type: AudioMediaType | ImageMediaType | DocumentMediaType | str
    vendor_metadata: dict[str, Any] | None = None
    _identifier: Annotated[str | None, pydantic.Field(alias="identifier", exclude=True)] = field(
        default=None, compare=False
    )
    kind: Literal["binary"] = "binary"

    if TYPE_CHECKING:  # pydantic reads the two by their aliases, which type checkers do not know

        def __init__(
            self,
            data: bytes,
            *,
            media_type: AudioMediaType | ImageMediaType | DocumentMediaType | str,
            identifier: str | None = None,
            vendor_metadata: dict[str, Any] | None = None,
            kind: Literal["binary"] = "binary",
        ) -> None: ...

    @staticmethod
    def narrow_type(content: BinaryContent) -> BinaryContent | BinaryImage:
        """A `BinaryImage` where the media type is a picture's, else `content` itself."""
        if not content.is_image or isinstance(content, BinaryImage):
            return content
        return BinaryImage(
            data=content.data,
            media_type=content.media_type,
            identifier=content.identifier,
            vendor_metadata=content.vendor_metadata,
        )

    @classmethod
    def from_data_uri(cls, data_uri: str) -> BinaryContent:
        """The content of a `data:` URI in base64. `ValueError` for any other."""
        if not data_uri.startswith("data:"):
            raise ValueError(f"Not a `data:` URI: {data_uri[:40]!r}")
        media_type, separator, data = data_uri[5:].partition(";base64,")
        if not separator:
            raise ValueError("A `data:` URI that is not in base64 cannot be read here")
        return cls.narrow_type(cls(data=base64.b64decode(data), media_type=media_type))

    @classmethod
    def from_path(cls, path: PathLike[str]) -> BinaryContent:
        """The content of a file. `FileNotFoundError` where there is none."""
        file = Path(path)
        if not file.exists():
            raise FileNotFoundError(f"There is no file {path}")
        media_type = _TYPES.guess_type(file.name)[0] or "application/octet-stream"
        return cls.narrow_type(cls(data=file.read_bytes(), media_type=media_type))

    @pydantic.computed_field
    @property
    def identifier(self) -> str:
        """The name a prompt can use for this file: as given, or made from its content."""
        return self._identifier or short_digest(self.data)

    @property
    def data_uri(self) -> str:
        """The content as a `data:` URI."""
        return f"data:{self.media_type};base64,{self.base64}"

    @property
    def base64(self) -> str:
        """The content in standard base64."""
        return to_base64(self.data)

    @property
    def is_audio(self) -> bool:
        return self.media_type.startswith("audio/")

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")

    @property
    def is_video(self) -> bool:
        return self.media_type.startswith("video/")

    @property
    def is_document(self) -> bool:
        return self.media_type in _DOCUMENT_FORMATS

    @property
    def format(self) -> str:
        """The short name of the media type. `ValueError` where it is unknown."""
        for table in (_AUDIO_FORMATS, _IMAGE_FORMATS, _VIDEO_FORMATS, _DOCUMENT_FORMATS):
            if self.media_type in table:
                return table[self.media_type]
        raise ValueError(f"No short name is known for the media type {self.media_type!r}")


@pydantic_dataclass(
    repr=False,
    config=pydantic.ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", validate_by_name=True),
)
class BinaryImage(BinaryContent):
    """A picture by value."""

    if TYPE_CHECKING:  # pydantic reads the two by their aliases, which type checkers do not know

        def __init__(
            self,
            data: bytes,
            *,
            media_type: AudioMediaType | ImageMediaType | DocumentMediaType | str,
            identifier: str | None = None,
            vendor_metadata: dict[str, Any] | None = None,
            kind: Literal["binary"] = "binary",
        ) -> None: ...

    def __post_init__(self) -> None:
        if not self.is_image:
            raise ValueError(f"A `BinaryImage` is of a type `image/...`, not {self.media_type!r}")


@pydantic_dataclass
class CachePoint:
    """Where a provider that caches prompts should end what it caches. `ttl` is how long."""

    kind: Literal["cache-point"] = "cache-point"
    ttl: Literal["5m", "1h"] = "5m"


@pydantic_dataclass(repr=False, config=pydantic.ConfigDict(validate_by_name=True))
class UploadedFile(Shown):
    """A file that the provider already has."""

    file_id: str
    provider_name: UploadedFileProviderName
    _: KW_ONLY
    vendor_metadata: dict[str, Any] | None = None
    _media_type: Annotated[str | None, pydantic.Field(alias="media_type", exclude=True)] = field(
        default=None, compare=False
    )
    _identifier: Annotated[str | None, pydantic.Field(alias="identifier", exclude=True)] = field(
        default=None, compare=False
    )
    kind: Literal["uploaded-file"] = "uploaded-file"

    if TYPE_CHECKING:  # pydantic reads the two by their aliases, which type checkers do not know

        def __init__(
            self,
            file_id: str,
            provider_name: UploadedFileProviderName,
            *,
            media_type: str | None = None,
            vendor_metadata: dict[str, Any] | None = None,
            identifier: str | None = None,
            kind: Literal["uploaded-file"] = "uploaded-file",
        ) -> None: ...

    @pydantic.computed_field
    @property
    def media_type(self) -> str:
        """The media type as given, or guessed from the file's name, or `application/octet-stream`."""
        return self._media_type or _TYPES.guess_type(self.file_id)[0] or "application/octet-stream"

    @pydantic.computed_field
    @property
    def identifier(self) -> str:
        """The name a prompt can use for this file: as given, or made from its id."""
        return self._identifier or short_digest(self.file_id.encode())

    @property
    def format(self) -> str:
        """The short name of the media type. `ValueError` where it is unknown."""
        for table in (_AUDIO_FORMATS, _IMAGE_FORMATS, _VIDEO_FORMATS, _DOCUMENT_FORMATS):
            if self.media_type in table:
                return table[self.media_type]
        raise ValueError(f"No short name is known for the media type {self.media_type!r}")


MultiModalContent = Annotated[
    ImageUrl | AudioUrl | DocumentUrl | VideoUrl | BinaryContent | UploadedFile, pydantic.Discriminator("kind")
]
MULTI_MODAL_CONTENT_TYPES = (ImageUrl, AudioUrl, DocumentUrl, VideoUrl, BinaryContent, UploadedFile)
UserContent: TypeAlias = str | TextContent | MultiModalContent | CachePoint


def is_multi_modal_content(obj: Any) -> TypeGuard[MultiModalContent]:
    """Whether `obj` is a file in one of its forms."""
    return isinstance(obj, MULTI_MODAL_CONTENT_TYPES)
