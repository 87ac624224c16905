"""Tables of the format's words: server tools, their results, reasons to stop, and fields that default to null."""

from __future__ import annotations

from typing import Any

from playhead.messages import BuiltinToolCallPart, BuiltinToolReturnPart, FinishReason
from playhead.wire._json import as_dict, as_list, as_text

__all__ = [
    "ERROR_STATUS",
    "ERROR_TYPE",
    "FINISH",
    "MCP",
    "NAME",
    "STOP",
    "TOOL_SEARCH",
    "call_part",
    "caller",
    "mcp_result",
    "result_block_type",
    "result_part",
    "search_args",
    "server_tool_name",
    "with_nulls",
]

NAME = "anthropic"
"""The provider's name in parts: what carries it may be sent back as it came."""

FINISH: dict[str, FinishReason] = {
    "compaction": "stop",
    "end_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
    "stop_sequence": "stop",
    "tool_use": "tool_call",
}
"""`pause_turn` is missing on purpose: the turn goes on, so that nothing has finished."""

STOP: dict[FinishReason, str] = {
    "content_filter": "refusal",
    "error": "end_turn",
    "length": "max_tokens",
    "stop": "end_turn",
    "tool_call": "tool_use",
}

# https://docs.claude.com/en/api/errors
ERROR_STATUS: dict[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
ERROR_TYPE: dict[int, str] = {status: type_ for type_, status in ERROR_STATUS.items()}

MCP = "mcp_server"
TOOL_SEARCH = {"tool_search_tool_bm25": ("bm25", "query"), "tool_search_tool_regex": ("regex", "pattern")}
"""Names of the tool search's variants, with the name of the strategy and of the field that holds what is sought."""

# Code execution has two further tools, which share its name among the parts; this key remembers which one it was.
_TOOL_DETAIL = "anthropic_tool_name"
_CALLER_DETAIL = "anthropic_caller"
_CODE_TOOLS = ("bash_code_execution", "text_editor_code_execution")
_BLOCK_DETAIL = "anthropic_block"


def call_part(block: dict[str, Any]) -> BuiltinToolCallPart:
    """A `server_tool_use` block with the input it has so far."""
    name = as_text(block.get("name")) or "unknown"
    args: Any = as_dict(block.get("input")) or None
    details = _caller(block)
    tool_name = name
    if name in _CODE_TOOLS:
        tool_name = "code_execution"
        details = {_TOOL_DETAIL: name, **details}
    elif name in TOOL_SEARCH:
        tool_name = "tool_search"
        details = {"strategy": TOOL_SEARCH[name][0], **details}
        args = search_args(name, args)
    return BuiltinToolCallPart(
        tool_name, args, as_text(block.get("id")) or "", provider_name=NAME, provider_details=details or None
    )


def search_args(name: str, args: Any) -> dict[str, Any]:
    """The input of a tool search in the form that all providers share."""
    sought = as_dict(args).get(TOOL_SEARCH[name][1], "")
    return {"queries": [sought] if isinstance(sought, str) else []}


def server_tool_name(part: BuiltinToolCallPart | BuiltinToolReturnPart) -> str:
    """The format's own name of the tool of a part."""
    details = part.provider_details or {}
    if part.tool_name == "tool_search":
        return f"tool_search_tool_{details.get('strategy', 'bm25')}"
    if part.tool_name == "code_execution":
        name = details.get(_TOOL_DETAIL)
        if isinstance(name, str) and name in _CODE_TOOLS:
            return name
        if isinstance(part, BuiltinToolReturnPart):
            kind = str(as_dict(part.content).get("type", ""))
            return next((tool for tool in _CODE_TOOLS if kind.startswith(tool)), "code_execution")
    return part.tool_name


def result_part(block: dict[str, Any], *, as_they_are: bool = False) -> BuiltinToolReturnPart | None:
    """A block that is the result of a server tool; None for any other block.

    In a reply the fields that are null are filled in, as the provider's SDK does; in a request all stays `as_they_are`.
    """
    kind = block.get("type")
    if not isinstance(kind, str) or not kind.endswith("_tool_result") or kind == "mcp_tool_result":
        return None
    tool = kind.removesuffix("_tool_result")
    call_id = as_text(block.get("tool_use_id")) or ""
    content: Any = block.get("content") if as_they_are else with_nulls(block.get("content"))
    details = _caller(block)
    if tool == "tool_search":
        found = as_dict(content)
        if "error_code" in found:
            details |= {"error_code": found["error_code"], "error_message": found.get("error_message")}
        names = [as_dict(item).get("tool_name") for item in as_list(found.get("tool_references"))]
        content = {"discovered_tools": [{"name": name} for name in names]}
    elif tool in _CODE_TOOLS:
        details = {_TOOL_DETAIL: tool, **details}
        tool = "code_execution"
    elif tool not in _RESULTS:
        details = {_BLOCK_DETAIL: kind, **details}
    return BuiltinToolReturnPart(tool, content, call_id, provider_name=NAME, provider_details=details or None)


def mcp_result(block: dict[str, Any], tool_name: str | None, *, as_they_are: bool = False) -> BuiltinToolReturnPart:
    """The result of an MCP server's tool. `tool_name` is that of the call's part, where the call was seen."""
    found: Any = block.get("content")
    content = {"content": found if as_they_are else with_nulls(found), "is_error": bool(block.get("is_error"))}
    return BuiltinToolReturnPart(tool_name or MCP, content, as_text(block.get("tool_use_id")) or "", provider_name=NAME)


def result_block_type(part: BuiltinToolReturnPart) -> str:
    """The type of the block that a result is sent as."""
    kind = (part.provider_details or {}).get(_BLOCK_DETAIL)
    if isinstance(kind, str):
        return kind
    if part.tool_name == "tool_search":
        return "tool_search_tool_result"
    # Histories of old versions have the block's own type as the tool's name.
    return f"{server_tool_name(part).removesuffix('_tool_result')}_tool_result"


def caller(part: BuiltinToolCallPart | BuiltinToolReturnPart) -> dict[str, Any]:
    """The field that says which tool called this one, where it was not the model itself."""
    found = (part.provider_details or {}).get(_CALLER_DETAIL)
    return {"caller": found} if isinstance(found, dict) else {}


def _caller(block: dict[str, Any]) -> dict[str, Any]:
    found = as_dict(block.get("caller"))
    return {_CALLER_DETAIL: found} if found and found.get("type") != "direct" else {}


def with_nulls(value: Any, depth: int = 8) -> Any:
    """`value` with the fields that the provider leaves out where they are null, as its SDK has them."""
    if not depth:
        return value
    if isinstance(value, list):
        return [with_nulls(item, depth - 1) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        filled: dict[str, Any] = {key: with_nulls(item, depth - 1) for key, item in as_dict(value).items()}
        for name in _NULLS.get(str(filled.get("type")), ()):
            # A document's source may be of type `text`, too; a block of text has its text.
            if filled.get("type") != "text" or "text" in filled:
                filled.setdefault(name, None)
        return filled
    return value


_RESULTS = {"advisor", "code_execution", "web_fetch", "web_search"}
_NULLS: dict[str, tuple[str, ...]] = {
    "advisor_redacted_result": ("stop_reason",),
    "advisor_result": ("stop_reason",),
    "document": ("citations", "title"),
    "text": ("citations",),
    "text_editor_code_execution_str_replace_result": ("lines", "new_lines", "new_start", "old_lines", "old_start"),
    "text_editor_code_execution_tool_result_error": ("error_message",),
    "text_editor_code_execution_view_result": ("num_lines", "start_line", "total_lines"),
    "tool_search_tool_result_error": ("error_message",),
    "web_fetch_result": ("retrieved_at",),
    "web_search_result": ("page_age",),
}
