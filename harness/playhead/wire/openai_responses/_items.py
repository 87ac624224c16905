"""Output items of the Responses API as parts: https://platform.openai.com/docs/api-reference/responses/object.

Every item is a JSON object with a `type`. What the provider ran itself becomes a `BuiltinToolCallPart` and a
`BuiltinToolReturnPart` under the names that PydanticAI gives its tools; what the client has to run becomes a
`ToolCallPart`; kinds that have neither (computer use, shells, approvals) become calls under their own name.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Callable
from typing import Any

from playhead import ids
from playhead.exceptions import DecodeError
from playhead.messages import (
    BinaryContent,
    BinaryImage,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
    FilePart,
    ModelResponsePart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.wire._json import as_dict, as_list, as_text, load

__all__ = [
    "PARTS_OF",
    "all_parts_of",
    "call_of",
    "code_interpreter_files",
    "function_call",
    "image_of",
    "parts_of",
    "return_of",
    "search_queries",
    "text_part",
]


def parts_of(item: dict[str, Any]) -> list[ModelResponsePart]:
    """The parts a finished item makes; none for kinds that say nothing by themselves."""
    kind = item.get("type")
    maker = PARTS_OF.get(kind) if type(kind) is str else None
    return maker(item) if maker is not None else []


def all_parts_of(output: list[dict[str, Any]]) -> list[ModelResponsePart]:
    """The parts of a whole response, the result of a tool search behind its call."""
    server = [item for item in output if item.get("execution") != "client"]
    calls = [item for item in server if item.get("type") == "tool_search_call" and item.get("call_id") is None]
    waiting = deque(str(item.get("id")) for item in calls)
    found: dict[str, dict[str, Any]] = {}
    for item in server:
        if item.get("type") == "tool_search_output":
            # Results without an id follow their calls in order.
            call_id = as_text(item.get("call_id")) or (waiting.popleft() if waiting else None)
            if call_id is not None:
                found[call_id] = item
                if call_id in waiting:
                    waiting.remove(call_id)
    told: list[dict[str, Any]] = []
    parts: list[ModelResponsePart] = []
    for item in output:
        if any(item is known for known in told):
            continue
        for part in parts_of(item):
            parts.append(part)
            if isinstance(part, BuiltinToolCallPart) and part.tool_name == "tool_search":
                result = found.get(part.tool_call_id)
                if result is not None and (returned := return_of(result, part.tool_call_id)) is not None:
                    told.append(result)
                    parts.append(returned)
    return parts


def _id(item: dict[str, Any]) -> str:
    return as_text(item.get("id")) or as_text(item.get("call_id")) or ids.tool_call_id()


def text_part(content: dict[str, Any], item: dict[str, Any]) -> TextPart | None:
    """The part of one `output_text`; None where it is empty, as after a generated picture."""
    text = as_text(content.get("text"))
    if text is None:
        return None
    details: dict[str, Any] = {}
    if annotations := content.get("annotations"):
        details["annotations"] = annotations
    if logprobs := content.get("logprobs"):
        details["logprobs"] = logprobs
    if phase := item.get("phase"):
        details["phase"] = phase
    return TextPart(text, id=as_text(item.get("id")), provider_details=details or None)


def _message(item: dict[str, Any]) -> list[ModelResponsePart]:
    found = (text_part(as_dict(content), item) for content in as_list(item.get("content")))
    return [part for part in found if part is not None]


def _reasoning(item: dict[str, Any]) -> list[ModelResponsePart]:
    signature = as_text(item.get("encrypted_content"))
    raw = [as_text(as_dict(content).get("text")) or "" for content in as_list(item.get("content"))]
    details: dict[str, Any] | None = {"raw_content": raw} if raw else None
    summaries = [as_text(as_dict(summary).get("text")) or "" for summary in as_list(item.get("summary"))]
    if not summaries and (signature or details):
        summaries = [""]
    parts: list[ModelResponsePart] = []
    for summary in summaries:
        # All summaries of an item have its id; the seal and the raw text belong to it once.
        part = ThinkingPart(summary, id=as_text(item.get("id")), signature=signature, provider_details=details)
        parts.append(part)
        signature = details = None
    return parts


def function_call(item: dict[str, Any]) -> ToolCallPart:
    """A call of a function or of a custom tool, whose input is any text."""
    details = {"namespace": item["namespace"]} if item.get("namespace") else None
    if item.get("type") == "custom_tool_call":
        details = {**(details or {}), "type": "custom_tool_call"}
    args = item.get("arguments", item.get("input"))
    return ToolCallPart(
        str(item.get("name") or ""),
        args if type(args) in (str, dict) else None,
        as_text(item.get("call_id")) or _id(item),
        id=as_text(item.get("id")),
        provider_details=details,
    )


def call_of(item: dict[str, Any]) -> BuiltinToolCallPart | ToolCallPart:
    """The call that an item of a built-in tool is."""
    kind = str(item.get("type"))
    name, args, details = _CALLS.get(kind, _other_call)(item)
    call_id = _id(item)
    shown_id = as_text(item.get("id")) if kind in _CALLS_WITH_ID else None
    if kind == "tool_search_call":
        call_id = as_text(item.get("call_id")) or call_id
        if item.get("execution") == "client":
            return ToolCallPart(name, args, call_id, id=shown_id)
    elif kind in _CLIENT_RUN:
        call_id = as_text(item.get("call_id")) or call_id
    return BuiltinToolCallPart(name, args, call_id, id=shown_id, provider_details=details)


def return_of(item: dict[str, Any], call_id: str | None = None) -> BuiltinToolReturnPart | None:
    """What the provider's tool returned, as the item says it; None where the client runs the tool."""
    kind = str(item.get("type"))
    maker = _RETURNS.get(kind)
    if maker is None:
        return None
    name = _CALLS.get(kind, _other_call)(item)[0]
    details = None
    if kind == "tool_search_output":
        name = "tool_search"
        call_id = call_id or as_text(item.get("call_id"))
        details = {key: item.get(key) for key in ("id", "call_id", "execution", "status")}
    return BuiltinToolReturnPart(name, maker(item), call_id or _id(item), provider_details=details)


# ---- calls: tool name, arguments, details
def _web_search_call(item: dict[str, Any]) -> tuple[str, Any, None]:
    action = item.get("action")
    args = _without_null(as_dict(action)) if action else None
    if args and args.get("sources"):
        del args["sources"]
    return "web_search", args, None


def _code_interpreter_call(item: dict[str, Any]) -> tuple[str, Any, None]:
    return "code_execution", {"container_id": item.get("container_id"), "code": item.get("code") or ""}, None


def _mcp_call(item: dict[str, Any]) -> tuple[str, Any, None]:
    arguments = item.get("arguments")
    args: Any
    try:
        args = load(arguments) if type(arguments) is str and arguments else arguments or {}
    except DecodeError:
        args = arguments
    return (
        f"mcp_server:{item.get('server_label')}",
        {"action": "call_tool", "tool_name": item.get("name"), "tool_args": args},
        None,
    )


def search_queries(arguments: Any) -> dict[str, Any]:
    """What a tool search looked for: OpenAI calls it `paths` where it searches itself. A client that searches may ask
    for anything."""
    arguments = as_dict(arguments)
    for name in ("queries", "paths"):
        if type(arguments.get(name)) is list:
            return {"queries": [query for query in arguments[name] if type(query) is str]}
    return arguments or {"queries": []}


def _search_results(item: dict[str, Any]) -> tuple[str, Any, None]:
    return "web_search", {"queries": as_list(item.get("queries"))}, None


def _fetch_url_results(item: dict[str, Any]) -> tuple[str, Any, None]:
    pages = [as_dict(page) for page in as_list(item.get("contents"))]
    return "web_fetch", {"urls": [url for page in pages if (url := as_text(page.get("url")))]}, None


def _tool_search_call(item: dict[str, Any]) -> tuple[str, Any, dict[str, Any]]:
    name = "search_tools" if item.get("execution") == "client" else "tool_search"
    details = {key: item.get(key) for key in ("call_id", "execution", "status")}
    return name, search_queries(item.get("arguments")), details


def _other_call(item: dict[str, Any]) -> tuple[str, Any, dict[str, Any]]:
    """A tool that has no name of its own here: its kind without `_call`, and everything that was sent."""
    kind = str(item.get("type"))
    names = ("type", "id", "call_id", "status")
    args = {key: value for key, value in item.items() if key not in names}
    return kind.removesuffix("_call"), args, {key: item[key] for key in names if key in item}


_CALLS: dict[str, Callable[[dict[str, Any]], tuple[str, Any, Any]]] = {
    "code_interpreter_call": _code_interpreter_call,
    "fetch_url_results": _fetch_url_results,
    "file_search_call": lambda item: ("file_search", {"queries": item.get("queries")}, None),
    "image_generation_call": lambda item: ("image_generation", None, None),
    "mcp_call": _mcp_call,
    "mcp_list_tools": lambda item: (f"mcp_server:{item.get('server_label')}", {"action": "list_tools"}, None),
    "search_results": _search_results,
    "tool_search_call": _tool_search_call,
    "web_search_call": _web_search_call,
}
_CALLS_WITH_ID = frozenset(("web_search_call", "file_search_call", "tool_search_call"))
_CLIENT_RUN = frozenset(
    ("apply_patch_call", "computer_call", "local_shell_call", "mcp_approval_request", "program", "shell_call")
)
"""Kinds that the client has to answer, but not by a function of its own."""


# ---- returns
def _web_search_return(item: dict[str, Any]) -> dict[str, Any]:
    result = {"status": item.get("status")}
    if sources := as_dict(item.get("action")).get("sources"):
        result["sources"] = sources
    return result


def _file_search_return(item: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"status": item.get("status")}
    if item.get("results") is not None:
        result["results"] = [{**_FILE_RESULT, **as_dict(found)} for found in as_list(item["results"])]
    return result


def _code_interpreter_return(item: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"status": item.get("status")}
    outputs = [as_dict(output) for output in as_list(item.get("outputs"))]
    logs = [output.get("logs") for output in outputs if output.get("type") == "logs"]
    if logs:
        result["logs"] = logs
    return result


def _image_generation_return(item: dict[str, Any]) -> dict[str, Any]:
    # The stream says "generating" although the picture is there.
    result = {"status": "completed" if item.get("result") else item.get("status")}
    for name in ("background", "quality", "size", "revised_prompt"):
        if value := item.get(name):
            result[name] = value
    return result


def _mcp_list_tools_return(item: dict[str, Any]) -> dict[str, Any]:
    tools = [{**_MCP_TOOL, **as_dict(tool)} for tool in as_list(item.get("tools"))]
    return {"tools": tools, "error": item.get("error")}


def _tool_search_return(item: dict[str, Any]) -> dict[str, Any]:
    tools = [as_dict(tool) for tool in as_list(item.get("tools"))]
    return {"discovered_tools": [{"name": tool.get("name")} for tool in tools if tool.get("type") == "function"]}


_FILE_RESULT = dict.fromkeys(("attributes", "file_id", "filename", "score", "text"))
_MCP_TOOL = dict.fromkeys(("annotations", "description"))
_RETURNS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "code_interpreter_call": _code_interpreter_return,
    "fetch_url_results": lambda item: {"contents": as_list(item.get("contents"))},
    "file_search_call": _file_search_return,
    "image_generation_call": _image_generation_return,
    "mcp_call": lambda item: {"output": item.get("output"), "error": item.get("error")},
    "mcp_list_tools": _mcp_list_tools_return,
    "search_results": lambda item: {"results": as_list(item.get("results"))},
    "tool_search_output": _tool_search_return,
    "web_search_call": _web_search_return,
}


# ---- files
def code_interpreter_files(item: dict[str, Any]) -> list[FilePart]:
    """The pictures that code has made."""
    files: list[FilePart] = []
    for output in as_list(item.get("outputs")):
        url = as_text(as_dict(output).get("url"))
        if url is None or not url.startswith("data:"):
            continue
        try:
            files.append(FilePart(BinaryContent.from_data_uri(url), id=as_text(item.get("id"))))
        except (ValueError, binascii.Error) as error:
            raise DecodeError(f"A picture of item {item.get('id')!r} is no data URI: {error}") from None
    return files


def image_of(item: dict[str, Any]) -> FilePart | None:
    """The picture that was generated."""
    result = as_text(item.get("result"))
    if result is None:
        return None
    try:
        data = base64.b64decode(result)
    except (ValueError, binascii.Error) as error:
        raise DecodeError(f"The picture of item {item.get('id')!r} is not base64: {error}") from None
    media_type = f"image/{item.get('output_format') or 'png'}"
    return FilePart(BinaryImage(data=data, media_type=media_type), id=as_text(item.get("id")))


def _builtin(item: dict[str, Any]) -> list[ModelResponsePart]:
    parts: list[ModelResponsePart] = [call_of(item)]
    if item.get("type") == "code_interpreter_call":
        parts += code_interpreter_files(item)
    elif item.get("type") == "image_generation_call" and (image := image_of(item)) is not None:
        parts.append(image)
    if (returned := return_of(item)) is not None:
        parts.append(returned)
    return parts


def _tool_search_output(item: dict[str, Any]) -> list[ModelResponsePart]:
    returned = return_of(item) if item.get("execution") != "client" else None
    return [] if returned is None else [returned]


def _compaction(item: dict[str, Any]) -> list[ModelResponsePart]:
    return [CompactionPart(id=as_text(item.get("id")), provider_details=item)]


def _without_null(value: Any) -> Any:
    if type(value) is dict:
        return {key: _without_null(item) for key, item in as_dict(value).items() if item is not None}
    return [_without_null(item) for item in as_list(value)] if type(value) is list else value


PARTS_OF: dict[str, Callable[[dict[str, Any]], list[ModelResponsePart]]] = {
    "apply_patch_call": _builtin,
    "code_interpreter_call": _builtin,
    "compaction": _compaction,
    "computer_call": _builtin,
    "custom_tool_call": lambda item: [function_call(item)],
    "fetch_url_results": _builtin,
    "file_search_call": _builtin,
    "function_call": lambda item: [function_call(item)],
    "image_generation_call": _builtin,
    "local_shell_call": _builtin,
    "mcp_approval_request": _builtin,
    "mcp_call": _builtin,
    "mcp_list_tools": _builtin,
    "message": _message,
    "program": _builtin,
    "reasoning": _reasoning,
    "search_results": _builtin,
    "shell_call": _builtin,
    "tool_search_call": _builtin,
    "tool_search_output": _tool_search_output,
    "web_search_call": _builtin,
}
