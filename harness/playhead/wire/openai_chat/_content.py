"""What users send beside text, in the words of chat completions: pictures, recordings, files."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Any

from playhead.exceptions import DecodeError, UserError
from playhead.messages import (
    BinaryContent,
    CachePoint,
    DocumentUrl,
    FileUrl,
    ImageUrl,
    TextContent,
    UploadedFile,
    UserContent,
)
from playhead.wire._json import as_dict, as_list, as_text

__all__ = ["data_of", "inlined_text", "is_text_like", "needs_download", "read_content", "write_content"]


def needs_download(item: FileUrl) -> bool:
    """Whether the content of a URL has to be sent in its place: only pictures can be named by URL."""
    return bool(item.force_download) or not isinstance(item, ImageUrl)


def write_content(content: str | Sequence[UserContent]) -> str | list[dict[str, Any]]:
    """A user's message. `UserError` for what the format cannot have."""
    if isinstance(content, str):
        return content
    return [part for item in content if (part := _write_item(item)) is not None]


def _write_item(item: UserContent) -> dict[str, Any] | None:
    if isinstance(item, str):
        return {"text": item, "type": "text"}
    if isinstance(item, TextContent):
        return {"text": item.content, "type": "text"}
    if isinstance(item, CachePoint):
        return None
    if isinstance(item, ImageUrl) and not item.force_download:
        return {"image_url": {"url": item.url, **_detail(item.vendor_metadata)}, "type": "image_url"}
    if isinstance(item, BinaryContent):
        return _write_binary(item)
    if isinstance(item, UploadedFile):
        return {"file": {"file_id": item.file_id}, "type": "file"}
    raise UserError(
        f"{type(item).__name__} cannot be sent as a URL in chat completions: {item.url}\n"
        "Send its content: BinaryContent(data, media_type=...). Models that go over HTTP download it by themselves."
    )


def _write_binary(item: BinaryContent) -> dict[str, Any]:
    if is_text_like(item.media_type):
        text = item.data.decode("utf-8", "replace")
        return {"text": inlined_text(text, item.media_type, item.identifier), "type": "text"}
    if item.is_image:
        return {"image_url": {"url": item.data_uri, **_detail(item.vendor_metadata)}, "type": "image_url"}
    if item.is_audio:
        audio_format = item.format if item.media_type in ("audio/wav", "audio/mpeg") else None
        if audio_format is None:
            raise UserError(f"Chat completions take audio as WAV or MP3, not as {item.media_type}")
        return {"input_audio": {"data": item.base64, "format": audio_format}, "type": "input_audio"}
    if item.is_document:
        filename = (item.vendor_metadata or {}).get("filename") or f"filename.{item.format}"
        return {"file": {"file_data": item.data_uri, "filename": filename}, "type": "file"}
    raise UserError(f"Chat completions have no place for {item.media_type}")


def _detail(metadata: dict[str, Any] | None) -> dict[str, Any]:
    return {"detail": metadata.get("detail", "auto")} if metadata else {}


def read_content(content: Any) -> str | list[UserContent]:
    """A user's message as it was written. Parts of unknown types are left out."""
    if content is None:
        return ""
    if type(content) is str:
        return content
    return [item for part in as_list(content) if (item := _read_part(part)) is not None]


def _read_part(part: Any) -> UserContent | None:
    if type(part) is str:
        return part
    part = as_dict(part)
    kind = part.get("type")
    if kind in ("text", "input_text", "output_text"):
        return as_text(part.get("text")) or ""
    if kind in ("image_url", "input_image"):
        image = part.get("image_url")
        url = image if type(image) is str else as_text(as_dict(image).get("url"))
        detail = as_dict(image).get("detail", part.get("detail"))
        if url is None:
            return _uploaded(part)
        metadata = {"detail": detail} if detail else None
        if not url.startswith("data:"):
            return ImageUrl(url, vendor_metadata=metadata)
        found = data_of(url)
        found.vendor_metadata = metadata
        return found
    if kind == "input_audio":
        audio = as_dict(part.get("input_audio"))
        data = as_text(audio.get("data")) or ""
        media_type = {"mp3": "audio/mpeg"}.get(str(audio.get("format")), f"audio/{audio.get('format')}")
        return data_of(data if data.startswith("data:") else f"data:{media_type};base64,{data}")
    if kind in ("file", "input_file"):
        return _read_file(as_dict(part["file"]) if kind == "file" else part)
    return None


def _read_file(file: dict[str, Any]) -> UserContent | None:
    data = as_text(file.get("file_data"))
    if data is None:
        url = as_text(file.get("file_url"))
        return DocumentUrl(url) if url is not None else _uploaded(file)
    if not data.startswith("data:"):
        return DocumentUrl(data)
    found = data_of(data)
    filename = file.get("filename")
    if filename and filename != _usual_name(found):
        found.vendor_metadata = {"filename": filename}
    return found


def _usual_name(content: BinaryContent) -> str | None:
    try:
        return f"filename.{content.format}"
    except ValueError:
        return None


def _uploaded(part: dict[str, Any]) -> UploadedFile | None:
    file_id = as_text(part.get("file_id"))
    return UploadedFile(file_id, "openai") if file_id is not None else None


def data_of(uri: str) -> BinaryContent:
    """The content of a data URI. `DecodeError` for what is none."""
    try:
        return BinaryContent.from_data_uri(uri)
    except (ValueError, binascii.Error) as error:
        raise DecodeError(f"A file in the request is not a data URI in base64: {error}", body=uri[:200]) from None


def is_text_like(media_type: str) -> bool:
    """Whether a file of this type is sent as text."""
    bare = media_type.split(";", 1)[0].strip()
    return bare.startswith("text/") or bare.endswith(("+json", "+xml")) or bare in _TEXT_TYPES


_TEXT_TYPES = frozenset(
    ("application/json", "application/xml", "application/x-yaml", "application/yaml", "application/toml")
)


def inlined_text(text: str, media_type: str, identifier: str) -> str:
    """A text file within a prompt."""
    opening = f'-----BEGIN FILE id="{identifier}" type="{media_type}"-----'
    return f'{opening}\n{text}\n-----END FILE id="{identifier}"-----'
