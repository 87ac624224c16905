"""What users and tools send beside text, in the words of the Responses API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playhead.exceptions import UserError
from playhead.messages import (
    BinaryContent,
    CachePoint,
    FileUrl,
    ImageUrl,
    TextContent,
    ToolReturnPart,
    UploadedFile,
    UserContent,
    VideoUrl,
)
from playhead.wire.openai_chat import inlined_text, is_text_like

__all__ = ["needs_download", "tool_output", "write_content"]


def needs_download(item: FileUrl) -> bool:
    """Whether the content of a URL has to be sent in its place."""
    return bool(item.force_download)


def write_content(content: str | Sequence[UserContent]) -> str | list[dict[str, Any]]:
    """A user's message. `UserError` for what the format cannot have."""
    if isinstance(content, str):
        return content
    return [part for item in content if (part := _write_item(item)) is not None]


def tool_output(part: ToolReturnPart) -> str | list[dict[str, Any]]:
    """What a tool returned: text, or a list where there are files in it."""
    if not part.files:
        return part.model_response_str()
    return [written for item in part.content_items(mode="str") if (written := _write_item(item)) is not None]


def _write_item(item: UserContent) -> dict[str, Any] | None:
    if isinstance(item, str):
        return {"text": item, "type": "input_text"}
    if isinstance(item, TextContent):
        return {"text": item.content, "type": "input_text"}
    if isinstance(item, CachePoint):
        return None
    if isinstance(item, UploadedFile):
        return {"type": "input_file", "file_id": item.file_id}
    if isinstance(item, BinaryContent):
        return _write_binary(item)
    if item.force_download or isinstance(item, VideoUrl):
        raise UserError(
            f"{type(item).__name__} cannot be sent to the Responses API as a URL: {item.url}\n"
            "Send its content: BinaryContent(data, media_type=...). Models that go over HTTP download it by themselves."
        )
    if isinstance(item, ImageUrl):
        return {"image_url": item.url, "type": "input_image", "detail": _detail(item.vendor_metadata)}
    return {"type": "input_file", "file_url": item.url}


def _write_binary(item: BinaryContent) -> dict[str, Any]:
    if item.is_image:
        return {"image_url": item.data_uri, "type": "input_image", "detail": _detail(item.vendor_metadata)}
    if item.is_document:
        filename = (item.vendor_metadata or {}).get("filename") or f"filename.{item.format}"
        return {"type": "input_file", "file_data": item.data_uri, "filename": filename}
    if is_text_like(item.media_type):
        text = item.data.decode("utf-8", "replace")
        return {"text": inlined_text(text, item.media_type, item.identifier), "type": "input_text"}
    raise UserError(f"The Responses API has no place for {item.media_type} in a message")


def _detail(metadata: dict[str, Any] | None) -> str:
    return metadata.get("detail", "auto") if metadata else "auto"
