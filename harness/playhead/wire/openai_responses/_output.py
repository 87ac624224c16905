"""The response object, and the items of OpenAI's own tools, as the wire has them."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from playhead.messages import BuiltinToolCallPart, BuiltinToolReturnPart
from playhead.stream import Fold
from playhead.usage import RequestUsage
from playhead.wire._json import as_dict, as_list

__all__ = ["builtin_item", "opening_of", "response_object", "wire_status", "write_error", "write_usage"]


def response_object(fold: Fold, model: str, status: str) -> dict[str, Any]:
    """A response without its output."""
    return {
        "id": fold.provider_response_id or "",
        "object": "response",
        "created_at": int(fold.timestamp.timestamp()) if fold.timestamp is not None else 0,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": fold.model_name or model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": write_usage(fold.usage) if status != "in_progress" and fold.usage.has_values() else None,
    }


def wire_status(fold: Fold) -> tuple[str, str | None]:
    """The status of a response that has ended, and why it is incomplete, where it is."""
    if fold.error is not None or (fold.finish_reason == "error" and fold.raw_finish_reason != "cancelled"):
        return "failed", None
    if fold.finish_reason == "error":
        return "cancelled", None
    if fold.finish_reason == "length":
        return "incomplete", "max_output_tokens"
    if fold.finish_reason == "content_filter" and fold.refusal is None:
        return "incomplete", "content_filter"
    return "completed", None


def write_usage(usage: RequestUsage) -> dict[str, Any]:
    """The counts in the shape of the wire."""
    details = dict(usage.details)
    wire: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": details.pop("reasoning_tokens", 0)},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    if usage.cache_write_tokens:
        wire["input_tokens_details"]["cache_write_tokens"] = usage.cache_write_tokens
    details.pop("web_search_requests", None)
    wire.update((name, count) for name, count in details.items() if name not in wire)
    return wire


def write_error(error: dict[str, Any]) -> dict[str, Any]:
    """An error as the event `error` and a failed response have it."""
    return {
        "code": error.get("code") or error.get("type"),
        "message": error.get("message"),
        "param": error.get("param"),
    }


def opening_of(part: BuiltinToolCallPart) -> dict[str, Any] | None:
    """The item that announces a call of one of OpenAI's own tools; None for tools that it does not have."""
    name = part.tool_name
    args = part.args_as_dict()
    if name == "web_search":
        return {"type": "web_search_call", "status": "in_progress"}
    if name == "file_search":
        return {"type": "file_search_call", "status": "in_progress", "queries": []}
    if name == "code_execution":
        container = args.get("container_id")
        return {
            "type": "code_interpreter_call",
            "status": "in_progress",
            "container_id": container,
            "code": "",
            "outputs": None,
        }
    if name == "image_generation":
        return {"type": "image_generation_call", "status": "in_progress", "result": None}
    if name == "tool_search":
        details = part.provider_details or {}
        call_id = details.get("call_id")
        return {"type": "tool_search_call", "execution": "server", "call_id": call_id, "arguments": {}}
    kind, _, server = name.partition(":")
    if kind != "mcp_server":
        return None
    if args.get("action") == "list_tools":
        return {"type": "mcp_list_tools", "server_label": server, "tools": []}
    tool = args.get("tool_name")
    return {"type": "mcp_call", "server_label": server, "name": tool, "arguments": "", "status": "in_progress"}


def builtin_item(call: BuiltinToolCallPart, returned: BuiltinToolReturnPart) -> dict[str, Any]:
    """What the finished item has beside its opening."""
    args = call.args_as_dict()
    content = as_dict(returned.content)
    status = content.get("status") or "completed"
    name = call.tool_name
    if name == "web_search":
        action = {**args, **({"sources": content["sources"]} if content.get("sources") else {})}
        return {"status": status, "action": action or None}
    if name == "file_search":
        return {"status": status, "queries": args.get("queries", []), "results": content.get("results")}
    if name == "code_execution":
        logs = [{"type": "logs", "logs": text} for text in as_list(content.get("logs"))]
        found: dict[str, Any] = {"status": status, "code": args.get("code", "")}
        return {**found, "outputs": logs} if logs else found
    if name == "image_generation":
        return {**content, "status": status}
    if name == "tool_search":
        return {"status": status, "arguments": {"paths": args.get("queries", [])}}
    if args.get("action") == "list_tools":
        return {"tools": content.get("tools", []), "error": content.get("error")}
    arguments = args.get("tool_args", {})
    text = arguments if isinstance(arguments, str) else to_json(arguments).decode()
    return {**{"output": None, "error": None}, **content, "arguments": text, "status": "completed"}
