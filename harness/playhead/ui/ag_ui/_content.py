"""What a user sends beside text, as AG-UI's input content and as ours."""

from __future__ import annotations

import base64
from typing import Any

from ag_ui import core

from playhead.messages import (
    AudioUrl,
    BinaryContent,
    CachePoint,
    DocumentUrl,
    FileUrl,
    ImageUrl,
    TextContent,
    UploadedFile,
    UserContent,
    VideoUrl,
)

__all__ = ["dump_content", "load_content"]

_URLS: dict[str, type[FileUrl]] = {"image": ImageUrl, "audio": AudioUrl, "video": VideoUrl, "document": DocumentUrl}


def load_content(part: Any) -> UserContent:
    """One piece of a user's message. `ValueError` for one without content."""
    if part.type == "text":
        return part.text
    if part.type != "binary":
        return _load_typed(part)
    if part.url:
        try:
            return BinaryContent.from_data_uri(part.url)
        except ValueError:
            kind = part.mime_type.partition("/")[0]
            return _URLS.get(kind, DocumentUrl)(url=part.url, media_type=part.mime_type)  # pyright: ignore
    if part.data:
        return BinaryContent(base64.b64decode(part.data), media_type=part.mime_type)
    raise ValueError("Binary input content needs a `url` or `data`.")


def _load_typed(part: Any) -> UserContent:
    source = part.source
    if source.type == "url":
        return _URLS.get(part.type, DocumentUrl)(url=source.value, media_type=source.mime_type or None)  # pyright: ignore
    return BinaryContent(base64.b64decode(source.value), media_type=source.mime_type)


def dump_content(item: UserContent, *, typed: bool) -> Any:
    """One piece of a user's message as AG-UI has it, files by kind (`typed`) or as `binary`; None for what it has not."""
    if isinstance(item, (str, TextContent)):
        return core.TextInputContent(type="text", text=item if isinstance(item, str) else item.content)
    if isinstance(item, (CachePoint, UploadedFile)):
        return None
    if isinstance(item, BinaryContent):
        if not typed:
            return core.BinaryInputContent(type="binary", data=item.base64, mime_type=item.media_type)
        source: Any = core.InputContentDataSource(type="data", value=item.base64, mime_type=item.media_type)
        return _typed_class(item.media_type.partition("/")[0])(source=source)
    if not typed:
        return core.BinaryInputContent(type="binary", url=item.url, mime_type=item.media_type)
    kind = next(kind for kind, url in _URLS.items() if isinstance(item, url))
    return _typed_class(kind)(source=core.InputContentUrlSource(type="url", value=item.url, mime_type=item.media_type))


def _typed_class(kind: str) -> Any:
    """The class for a kind of file; older packages have none, and are never asked."""
    name = {"image": "ImageInputContent", "audio": "AudioInputContent", "video": "VideoInputContent"}.get(kind)
    return getattr(core, name or "DocumentInputContent")
