"""Messages as the format has them: turns of `user` and `assistant`, each a list of blocks. Both ways."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from playhead.exceptions import DecodeError, UserError
from playhead.messages import (
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CachePoint,
    CompactionPart,
    DocumentUrl,
    FileUrl,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    RetryPromptPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UploadedFile,
    UserContent,
    UserPromptPart,
    is_multi_modal_content,
)
from playhead.stream import Fold
from playhead.wire._json import as_dict, as_list, as_objects, as_text
from playhead.wire.anthropic_messages._blocks import (
    MCP,
    NAME,
    TOOL_SEARCH,
    caller,
    result_block_type,
    server_tool_name,
)
from playhead.wire.anthropic_messages._decoder import AnthropicDecoder
from playhead.wire.anthropic_messages._tools import cache_control

__all__ = [
    "limit_cache_points",
    "needs_download",
    "read_messages",
    "write_messages",
    "write_native_call",
    "write_native_return",
]

_CACHEABLE = {"document", "image", "server_tool_use", "text", "tool_result", "tool_use"}
_TAGS = ("<thinking>", "</thinking>")
_FIX = "\n\nFix the errors and try again."
"""How `RetryPromptPart.model_response` ends: by this a retry is told from a result that says it is an error."""


# --------------------------------------------------------------------------- written
def write_messages(messages: Sequence[ModelMessage]) -> tuple[list[str], list[dict[str, Any]]]:
    """The system prompts, and the turns. A turn without a block is left out."""
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ModelRequest):
            blocks = _write_request(message, system)
            role = "user"
        else:
            blocks = [block for part in message.parts if (block := _write_part(part)) is not None]
            role = "assistant"
        if blocks:
            turns.append({"role": role, "content": blocks})
    return system, turns


def _write_request(message: ModelRequest, system: list[str]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, SystemPromptPart):
            system.append(part.content)
        elif isinstance(part, UserPromptPart):
            items: Sequence[UserContent] = [part.content] if isinstance(part.content, str) else part.content
            for item in items:
                if isinstance(item, CachePoint):
                    _cache_until(blocks, item.ttl)
                elif (block := _write_content(item)) is not None:
                    blocks.append(block)
        elif isinstance(part, ToolReturnPart):
            blocks.append(_write_result(part))
        elif part.tool_name is None:
            blocks.append({"text": part.model_response(), "type": "text"})
        else:
            blocks.append(
                {
                    "tool_use_id": part.tool_call_id,
                    "type": "tool_result",
                    "content": part.model_response(),
                    "is_error": True,
                }
            )
    return blocks


def _write_result(part: ToolReturnPart) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for item in part.content_items(mode="str"):
        block = _write_file(item) if is_multi_modal_content(item) else {"text": item, "type": "text"}
        content.append(block)
    return {
        "tool_use_id": part.tool_call_id,
        "type": "tool_result",
        "content": content or "",
        "is_error": part.outcome == "failed",
    }


def _write_content(item: UserContent) -> dict[str, Any] | None:
    if isinstance(item, (str, TextContent)):
        text = item if isinstance(item, str) else item.content
        return {"text": text, "type": "text"} if text else None
    assert not isinstance(item, CachePoint)
    return _write_file(item)


def _write_file(item: Any) -> dict[str, Any]:
    if isinstance(item, UploadedFile):
        if item.provider_name != NAME:
            raise UserError(
                f"A file uploaded to {item.provider_name!r} cannot be sent to Anthropic: upload it there, and say "
                f"`provider_name={NAME!r}`."
            )
        kind = _block_type(item.media_type)
        return {"source": {"file_id": item.file_id, "type": "file"}, "type": kind}
    if isinstance(item, BinaryContent):
        return _write_bytes(item)
    if isinstance(item, ImageUrl) and not item.force_download:
        return {"source": {"type": "url", "url": item.url}, "type": "image"}
    if isinstance(item, DocumentUrl) and item.media_type == "application/pdf" and not item.force_download:
        return {"source": {"url": item.url, "type": "url"}, "type": "document"}
    if isinstance(item, (ImageUrl, DocumentUrl)):
        raise UserError(
            f"{item.url} has to be downloaded before it can be sent: Anthropic reads pictures and PDF files by URL, "
            "nothing else. `HttpModel` does this; otherwise hand in its content as `BinaryContent`."
        )
    raise UserError(f"Anthropic takes no `{type(item).__name__}`: only text, pictures, and PDF or text documents.")


def needs_download(item: FileUrl) -> bool:
    """Whether the content of a URL has to be sent in its place."""
    if isinstance(item, DocumentUrl):
        return bool(item.force_download) or item.media_type != "application/pdf"
    return isinstance(item, ImageUrl) and bool(item.force_download)


def _block_type(media_type: str) -> str:
    if media_type.startswith("image/"):
        return "image"
    if media_type.startswith(("text/", "application/")):
        return "document"
    raise UserError(f"Anthropic takes no uploaded file of type {media_type!r}, only pictures and documents.")


def _write_bytes(item: BinaryContent) -> dict[str, Any]:
    if item.is_image or item.media_type == "application/pdf":
        source = {"data": item.base64, "media_type": item.media_type, "type": "base64"}
        return {"source": source, "type": "image" if item.is_image else "document"}
    if item.media_type.startswith("text/") or item.media_type in _TEXTS:
        try:
            text = item.data.decode()
        except UnicodeDecodeError as error:
            raise UserError(f"A document of type {item.media_type!r} is not text in UTF-8: {error}") from error
        return {"source": {"data": text, "media_type": "text/plain", "type": "text"}, "type": "document"}
    raise UserError(f"Anthropic takes no content of type {item.media_type!r}: only pictures, PDF and text.")


_TEXTS = {"application/json", "application/toml", "application/xml", "application/x-yaml", "application/yaml"}


def _write_part(part: ModelResponsePart) -> dict[str, Any] | None:
    match part:
        case TextPart():
            if not part.content:
                return None
            block: dict[str, Any] = {"text": part.content, "type": "text"}
            citations = _citations(part)
            return {**block, "citations": citations} if citations else block
        case ThinkingPart():
            return _write_thinking(part)
        case ToolCallPart():
            return {
                "id": part.tool_call_id,
                "type": "tool_use",
                "name": part.tool_name,
                "input": part.args_as_dict(),
            }
        case BuiltinToolCallPart():
            return write_native_call(part) if part.provider_name == NAME else None
        case BuiltinToolReturnPart():
            sendable = part.tool_name.startswith(MCP) or isinstance(part.content, (dict, list))
            return write_native_return(part) if part.provider_name == NAME and sendable else None
        case CompactionPart():
            if part.provider_name != NAME:
                return None
            return {"content": part.content, "type": "compaction", **(part.provider_details or {})}
        case _:
            # Files that a model made are not sent back to models that make none.
            return None


def _citations(part: TextPart) -> list[Any]:
    """Only those of searches: others name a document by its place in the request, which may have changed."""
    found = as_list((part.provider_details or {}).get("citations")) if part.provider_name == NAME else []
    return [item for item in found if as_dict(item).get("type") == "web_search_result_location"]


def _write_thinking(part: ThinkingPart) -> dict[str, Any] | None:
    if part.provider_name == NAME and part.signature is not None:
        if part.id == "redacted_thinking":
            return {"data": part.signature, "type": "redacted_thinking"}
        return {"thinking": part.content, "signature": part.signature, "type": "thinking"}
    # Reasoning without the provider's seal would be refused as reasoning.
    return {"text": "\n".join([_TAGS[0], part.content, _TAGS[1]]), "type": "text"} if part.content else None


def write_native_call(part: BuiltinToolCallPart) -> dict[str, Any]:
    """The block of a server tool's call."""
    args = part.args_as_dict()
    if part.tool_name.startswith(f"{MCP}:"):
        return {
            "id": part.tool_call_id,
            "type": "mcp_tool_use",
            "server_name": part.tool_name.split(":", 1)[1],
            "name": as_text(args.get("tool_name")) or "",
            "input": as_dict(args.get("tool_args")),
        }
    name = server_tool_name(part)
    if name in TOOL_SEARCH:
        queries = as_list(args.get("queries"))
        args = {TOOL_SEARCH[name][1]: queries[0] if queries else ""}
    return {"id": part.tool_call_id, "type": "server_tool_use", "name": name, "input": args, **caller(part)}


def write_native_return(part: BuiltinToolReturnPart) -> dict[str, Any]:
    """The block of a server tool's result."""
    if part.tool_name.startswith(MCP):
        content = as_dict(part.content) or {"content": part.content, "is_error": False}
        return {"tool_use_id": part.tool_call_id, "type": "mcp_tool_result", **content}
    content: Any = part.content
    kind = result_block_type(part)
    if kind == "tool_search_tool_result":
        details = part.provider_details or {}
        if "error_code" in details:
            content = {"type": "tool_search_tool_result_error", "error_code": details["error_code"]}
        else:
            names = [as_dict(item).get("name") for item in as_list(as_dict(content).get("discovered_tools"))]
            references = [{"type": "tool_reference", "tool_name": name} for name in names]
            content = {"type": "tool_search_tool_search_result", "tool_references": references}
    return {"tool_use_id": part.tool_call_id, "type": kind, "content": content, **caller(part)}


def _cache_until(blocks: list[dict[str, Any]], ttl: str) -> None:
    if not blocks:
        raise UserError(
            "A CachePoint ends what is cached, so it cannot come first in a request. To cache instructions or tools, "
            "use the settings `anthropic_cache_instructions` and `anthropic_cache_tool_definitions`."
        )
    if blocks[-1]["type"] not in _CACHEABLE:
        raise UserError(f"Anthropic cannot end what it caches with a block of type {blocks[-1]['type']!r}.")
    blocks[-1]["cache_control"] = cache_control(ttl)


def limit_cache_points(count_max: int, *fixed: Any, turns: list[dict[str, Any]]) -> None:
    """Takes cache points off the oldest blocks, so that there are no more than the provider allows.

    Those in `fixed` (the system prompt, the tools) always stay.
    """
    used = sum("cache_control" in block for blocks in fixed if isinstance(blocks, list) for block in as_list(blocks))
    left = count_max - used
    if left < 0:
        raise UserError(
            f"The system prompt and the tools have {used} cache points, and {count_max} are allowed. "
            "Take some of them away."
        )
    for turn in reversed(turns):
        for block in reversed(turn["content"]):
            if "cache_control" in block:
                if left:
                    left -= 1
                else:
                    del block["cache_control"]


# --------------------------------------------------------------------------- read
def read_messages(turns: list[Any]) -> list[ModelMessage]:
    """Turns as messages, one for each. Names of tools are those of the calls that results answer."""
    names: dict[str, str] = {}
    messages: list[ModelMessage] = []
    for turn in map(as_dict, turns):
        content = turn.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else as_objects(content)
        if turn.get("role") == "assistant":
            messages.append(_read_reply(blocks, names))
        elif turn.get("role") in ("user", "system"):
            messages.append(ModelRequest(_read_blocks(blocks, names, system=turn.get("role") == "system")))
        else:
            raise DecodeError(
                f"A turn has the role {turn.get('role')!r}",
                "This format has the roles `user` and `assistant`. Is this a request of another dialect?",
            )
    return messages


def _read_reply(blocks: list[dict[str, Any]], names: dict[str, str]) -> ModelResponse:
    decoder = AnthropicDecoder(streamed=False)
    decoder.read_blocks(blocks, as_they_are=True)
    fold: Fold = decoder.fold
    parts = fold.parts()
    names.update((part.tool_call_id, part.tool_name) for part in parts if isinstance(part, ToolCallPart))
    return ModelResponse(parts, provider_name=NAME)


def _read_blocks(blocks: list[dict[str, Any]], names: dict[str, str], *, system: bool) -> list[ModelRequestPart]:
    parts: list[ModelRequestPart] = []
    content: list[UserContent] = []
    for block in blocks:
        if system and block.get("type") == "text":
            parts.append(SystemPromptPart(as_text(block.get("text")) or ""))
        elif block.get("type") == "tool_result":
            _end_prompt(parts, content)
            parts.append(_read_result(block, names))
            if "cache_control" in block:
                content.append(_read_cache(block))
        else:
            content.append(_read_content(block))
            if "cache_control" in block:
                content.append(_read_cache(block))
    _end_prompt(parts, content)
    return parts


def _end_prompt(parts: list[ModelRequestPart], content: list[UserContent]) -> None:
    if content:
        plain = content[0] if len(content) == 1 and isinstance(content[0], str) else list(content)
        parts.append(UserPromptPart(plain))
        content.clear()


def _read_cache(block: dict[str, Any]) -> CachePoint:
    return CachePoint(ttl="1h" if as_dict(block["cache_control"]).get("ttl") == "1h" else "5m")


def _read_result(block: dict[str, Any], names: dict[str, str]) -> ToolReturnPart | RetryPromptPart:
    call_id = as_text(block.get("tool_use_id")) or ""
    name = names.get(call_id, "unknown")
    content = block.get("content")
    if block.get("is_error") and isinstance(content, str) and content.endswith(_FIX):
        return RetryPromptPart(content.removesuffix(_FIX), tool_name=name, tool_call_id=call_id)
    value: Any = content
    if isinstance(content, list):
        items = [_read_content(item) for item in map(as_dict, as_list(content))]
        value = items[0] if len(items) == 1 and isinstance(items[0], str) else items
    elif not content:
        value = []
    return ToolReturnPart(name, value, call_id, outcome="failed" if block.get("is_error") else "success")


def _read_content(block: dict[str, Any]) -> UserContent:
    kind = block.get("type")
    if kind == "text":
        text = block.get("text")
        return text if isinstance(text, str) else ""
    source = as_dict(block.get("source"))
    if kind in ("image", "document"):
        match source.get("type"):
            case "url":
                url = as_text(source.get("url")) or ""
                return ImageUrl(url) if kind == "image" else DocumentUrl(url, media_type="application/pdf")
            case "base64":
                return _read_base64(source)
            case "text":
                data = source.get("data")
                return BinaryContent((data if isinstance(data, str) else "").encode(), media_type="text/plain")
            case "file":
                media_type = "image/png" if kind == "image" else "application/pdf"
                return UploadedFile(as_text(source.get("file_id")) or "", "anthropic", media_type=media_type)
            case _:
                pass
    # What this format may have beside these (search results, uploads to a container) is kept for the eye.
    return TextContent("", metadata=block)


def _read_base64(source: dict[str, Any]) -> BinaryContent:
    data = source.get("data")
    try:
        content = base64.b64decode(data if isinstance(data, str) else "", validate=True)
    except ValueError as error:
        raise DecodeError(
            f"The base64 of a file cannot be read: {error}", "The request was cut off or changed."
        ) from None
    media_type = as_text(source.get("media_type")) or "application/octet-stream"
    return BinaryContent.narrow_type(BinaryContent(content, media_type=media_type))
