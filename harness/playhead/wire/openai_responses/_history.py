"""A reply of the model's as items of the next request's input.

Items go back with their ids, and reasoning with its seal, where the model reasons: OpenAI pairs them by id. What came
from another provider goes back as text.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
    FilePart,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.wire._dialect import ModelCall
from playhead.wire._json import as_dict
from playhead.wire._strict import strict_schema
from playhead.wire.openai_chat import REASONING_FIELDS

__all__ = ["write_response"]

_STATUS_FROM_RETURN = {
    "code_execution": "code_interpreter_call",
    "file_search": "file_search_call",
    "web_search": "web_search_call",
}
_OTHERS = frozenset(("anthropic", "bedrock", "cohere", "google", "google-gla", "google-vertex", "groq", "mistral"))


def write_response(
    message: ModelResponse, call: ModelCall, *, sends_ids: bool, custom: set[str]
) -> list[dict[str, Any]]:
    """The items of one reply. `custom` collects the ids of calls of custom tools, whose results are another item."""
    items: list[dict[str, Any]] = []
    latest: dict[str, dict[str, Any]] = {}
    for part in message.parts:
        if isinstance(part, FilePart):
            continue  # The item of the tool that made it stands for it.
        own = (part.provider_name or message.provider_name) not in _OTHERS
        with_id = sends_ids and own
        if isinstance(part, TextPart):
            _text(part, items, latest, with_id)
        elif isinstance(part, ThinkingPart):
            _thinking(part, items, latest, with_id, own)
        elif isinstance(part, ToolCallPart):
            items.append(_call(part, with_id, custom))
        elif isinstance(part, CompactionPart):
            details = part.provider_details or {}
            if own and "encrypted_content" in details:
                sealed = details["encrypted_content"]
                items.append({"id": part.id, "encrypted_content": sealed, "type": "compaction"})
        elif isinstance(part, BuiltinToolCallPart):
            if (with_id or (part.provider_details or {}).get("type")) and own:
                item = _builtin_call(part)
                if item is not None:
                    items.append(item)
                    latest[item["type"]] = item
        elif with_id:
            _builtin_return(part, items, latest, call)
    return items


def _text(part: TextPart, items: list[dict[str, Any]], latest: dict[str, dict[str, Any]], with_id: bool) -> None:
    if not part.id or not with_id:
        items.append({"role": "assistant", "content": part.content})
        return
    item: dict[str, Any] | None = latest.get("message")
    if item is None or item["id"] != part.id:
        content: list[Any] = []
        item = {"role": "assistant", "id": part.id, "content": content, "type": "message", "status": "completed"}
        if phase := (part.provider_details or {}).get("phase"):
            item["phase"] = phase
        items.append(item)
        latest["message"] = item
    item["content"].append({"text": part.content, "type": "output_text", "annotations": []})


def _thinking(
    part: ThinkingPart, items: list[dict[str, Any]], latest: dict[str, dict[str, Any]], with_id: bool, own: bool
) -> None:
    raw = (part.provider_details or {}).get("raw_content") if own else None
    if not part.id or part.id in (*REASONING_FIELDS, "content") or not (with_id or raw):
        items.append({"role": "assistant", "content": f"<think>\n{part.content}\n</think>"})
        return
    item: dict[str, Any] | None = latest.get("reasoning")
    if item is None or item["id"] != part.id:
        if not (part.signature or part.content or raw):
            return
        summary: list[Any] = []
        item = {"id": part.id, "summary": summary, "encrypted_content": part.signature, "type": "reasoning"}
        items.append(item)
        latest["reasoning"] = item
    if part.content:
        item["summary"].append({"text": part.content, "type": "summary_text"})
    if raw:
        item["content"] = [{"text": text, "type": "reasoning_text"} for text in raw]


def _call(part: ToolCallPart, with_id: bool, custom: set[str]) -> dict[str, Any]:
    # Older histories hold both ids in one.
    call_id, _, item_id = part.tool_call_id.partition("|")
    item_id = item_id or part.id
    details = part.provider_details or {}
    if details.get("type") == "custom_tool_call":
        custom.add(part.tool_call_id)
        text = part.args if isinstance(part.args, str) else part.args_as_json_str()
        item: dict[str, Any] = {"name": part.tool_name, "input": text, "call_id": call_id, "type": "custom_tool_call"}
    else:
        args = part.args_as_json_str()
        item = {"name": part.tool_name, "arguments": args, "call_id": call_id, "type": "function_call"}
    if details.get("namespace"):
        item["namespace"] = details["namespace"]
    if item_id and with_id:
        item["id"] = item_id
    return item


def _builtin_call(part: BuiltinToolCallPart) -> dict[str, Any] | None:
    args = part.args_as_dict()
    item_id = part.id or part.tool_call_id
    details = part.provider_details or {}
    if details.get("type"):
        return {**details, **args}
    if part.tool_name == "code_execution":
        if not args.get("container_id"):
            return None
        return {
            "id": part.tool_call_id,
            "code": args.get("code"),
            "container_id": args["container_id"],
            "outputs": None,  # The provider has them.
            "status": "completed",
            "type": "code_interpreter_call",
        }
    if part.tool_name == "web_search":
        action = {name: value for name, value in args.items() if value is not None}
        return {"id": item_id, "action": action, "status": "completed", "type": "web_search_call"} if args else None
    if part.tool_name == "file_search":
        queries = args.get("queries", [])
        return {"id": item_id, "queries": queries, "status": "completed", "type": "file_search_call"} if args else None
    if part.tool_name == "image_generation":
        return {"id": part.tool_call_id, "type": "image_generation_call"}
    if part.tool_name == "tool_search":
        return {
            "id": item_id,
            "call_id": details.get("call_id"),
            "execution": details.get("execution") or "server",
            "status": details.get("status") or "completed",
            "arguments": {"paths": args.get("queries", [])},
            "type": "tool_search_call",
        }
    return _mcp_call(part, args)


def _mcp_call(part: BuiltinToolCallPart, args: dict[str, Any]) -> dict[str, Any] | None:
    kind, _, server = part.tool_name.partition(":")
    if kind != "mcp_server" or not server:
        return None
    if args.get("action") == "list_tools":
        return {"id": part.tool_call_id, "type": "mcp_list_tools", "server_label": server, "tools": []}
    if args.get("action") != "call_tool" or not args.get("tool_name"):
        return None
    return {
        "id": part.tool_call_id,
        "server_label": server,
        "name": args["tool_name"],
        "arguments": to_json(args.get("tool_args") or {}).decode(),
        "error": None,  # The provider has both.
        "output": None,
        "type": "mcp_call",
    }


def _builtin_return(
    part: BuiltinToolReturnPart, items: list[dict[str, Any]], latest: dict[str, dict[str, Any]], call: ModelCall
) -> None:
    content = as_dict(part.content)
    item = latest.get(_STATUS_FROM_RETURN.get(part.tool_name, ""))
    if item is not None and content.get("status"):
        item["status"] = content["status"]
    elif part.tool_name == "tool_search":
        details = part.provider_details or {}
        found = [tool.get("name") for tool in content.get("discovered_tools", ())]
        known = {tool.name: tool for tool in call.parameters.function_tools}
        written: list[dict[str, Any]] = []
        for name in found:
            if (tool := known.get(name)) is not None:
                schema, strict = strict_schema(tool.parameters_json_schema, tool.strict)
                described = {"name": name, "description": tool.description, "parameters": schema}
                written.append({"type": "function", **described, "strict": strict})
        items.append(
            {
                "id": details.get("id"),
                "call_id": details.get("call_id"),
                "execution": details.get("execution") or "server",
                "status": details.get("status") or "completed",
                "tools": written,
                "type": "tool_search_output",
            }
        )
