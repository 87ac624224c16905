"""A call as the body of `POST /responses`, as the official SDK sends it."""

from __future__ import annotations

from typing import Any

from playhead.messages import (
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    ToolDefinition,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire._instructions import instruction_parts
from playhead.wire._json import as_dict, dump
from playhead.wire._strict import strict_schema
from playhead.wire.openai_chat import chosen_tools, drop_sampling, effort_of, reasons
from playhead.wire.openai_responses._content import tool_output, write_content
from playhead.wire.openai_responses._history import write_response
from playhead.wire.openai_responses._native import native_tool

__all__ = ["SETTINGS", "write_request"]

SETTINGS: dict[str, str] = {
    "max_tokens": "max_output_tokens",
    "openai_context_management": "context_management",
    "openai_prompt_cache_key": "prompt_cache_key",
    "openai_prompt_cache_retention": "prompt_cache_retention",
    "openai_service_tier": "service_tier",
    "openai_store": "store",
    "openai_top_logprobs": "top_logprobs",
    "openai_truncation": "truncation",
    "openai_user": "user",
    "parallel_tool_calls": "parallel_tool_calls",
    "temperature": "temperature",
    "top_p": "top_p",
}
"""Settings and the fields of the body that they are."""

_INCLUDES = {
    "openai_include_code_execution_outputs": "code_interpreter_call.outputs",
    "openai_include_web_search_sources": "web_search_call.action.sources",
    "openai_include_file_search_results": "file_search_call.results",
    "openai_logprobs": "message.output_text.logprobs",
}
_ORDER = (
    *("background", "context_management", "conversation", "include", "input", "instructions", "max_output_tokens"),
    *("max_tool_calls", "metadata", "model", "parallel_tool_calls", "previous_response_id", "prompt"),
    *("prompt_cache_key", "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store"),
    *("stream", "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p"),
    *("truncation", "user"),
)


def write_request(call: ModelCall) -> WireRequest:
    """The request. `UserError` for content that the format cannot have."""
    settings: dict[str, Any] = {**call.settings}
    parameters = call.parameters
    body: dict[str, Any] = {"model": call.model, "stream": call.stream}
    tools = [*_native_tools(parameters), *settings.get("openai_builtin_tools", ())]
    tools += [_tool(tool) for tool in parameters.tool_defs.values()]
    if tools:
        body["tools"] = tools
        body["tool_choice"] = _tool_choice(settings.get("tool_choice"), parameters)
    previous_id, messages = _since_stored(settings.get("openai_previous_response_id"), call.messages)
    if previous_id is not None:
        body["previous_response_id"] = previous_id
    items = _items(call, messages, settings)
    instructions = InstructionPart.join(instruction_parts(call))
    text = _text(parameters)
    if text is not None and text["format"]["type"] == "json_object" and instructions:
        # The API looks for the word "JSON" in the messages, and not in the instructions.
        place = next((n for n, item in enumerate(items) if item.get("role") != "system"), len(items))
        items.insert(place, {"role": "system", "content": instructions})
        instructions = None
    if verbosity := settings.get("openai_text_verbosity"):
        text = {**(text or {}), "verbosity": verbosity}
    if text is not None:
        body["text"] = text
    if instructions is not None:
        body["instructions"] = instructions
    if reasoning := _reasoning(settings, parameters):
        body["reasoning"] = reasoning
    drop_sampling(call.model, settings, parameters)
    if include := _include(call.model, settings):
        body["include"] = include
    for setting, name in SETTINGS.items():
        if setting in settings and (setting != "parallel_tool_calls" or tools):
            body[name] = settings[setting]
    if not items and previous_id is None:
        # The API refuses a request without any input.
        items.append({"role": "user", "content": ""})
    body["input"] = items
    body.update(call.extra)
    if isinstance(extra := settings.get("extra_body"), dict):
        body.update(extra)  # pyright: ignore[reportUnknownArgumentType]
    ordered = {name: body.pop(name) for name in _ORDER if name in body}
    headers = {"accept": "application/json", "content-type": "application/json"}
    headers.update((name.lower(), str(value)) for name, value in as_dict(settings.get("extra_headers")).items())
    return WireRequest("/responses", dump({**ordered, **body}), headers)


# ---- settings
def _reasoning(settings: dict[str, Any], parameters: ModelRequestParameters) -> dict[str, Any]:
    summary = settings.get("openai_reasoning_summary") or settings.get("openai_reasoning_generate_summary")
    found = {"effort": effort_of(settings, parameters), "summary": summary}
    return {name: value for name, value in found.items() if value}


def _include(model: str, settings: dict[str, Any]) -> list[str]:
    include = ["reasoning.encrypted_content"] if reasons(model) else []
    return include + [name for setting, name in _INCLUDES.items() if settings.get(setting)]


def _text(parameters: ModelRequestParameters) -> dict[str, Any] | None:
    if parameters.output_mode == "prompted":
        return {"format": {"type": "json_object"}}
    output = parameters.output_object
    if parameters.output_mode != "native" or output is None:
        return None
    schema, strict = strict_schema(output.json_schema, output.strict)
    described: dict[str, Any] = {"type": "json_schema", "name": output.name or "final_result", "schema": schema}
    if output.description:
        described["description"] = output.description
    described["strict"] = strict
    return {"format": described}


# ---- tools
def _native_tools(parameters: ModelRequestParameters) -> list[dict[str, Any]]:
    tools = [native_tool(tool) for tool in parameters.builtin_tools]
    makes_pictures = any(tool.get("type") in ("image_generation", "code_interpreter") for tool in tools)
    if parameters.allow_image_output and not makes_pictures:
        tools.append({"type": "image_generation"})
    return tools


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    schema, strict = strict_schema(tool.parameters_json_schema, tool.strict)
    return {
        "name": tool.name,
        "parameters": schema,
        "type": "function",
        "description": tool.description,
        "strict": bool(strict),
    }


def _tool_choice(choice: Any, parameters: ModelRequestParameters) -> Any:
    if isinstance(choice, dict):
        return choice  # pyright: ignore[reportUnknownVariableType]
    mode, names = chosen_tools(choice, parameters)
    if names is None:
        return mode
    if mode == "required" and len(names) == 1:
        return {"type": "function", "name": names[0]}
    return {"type": "allowed_tools", "mode": mode, "tools": [{"type": "function", "name": name} for name in names]}


# ---- messages
def _since_stored(setting: str | None, messages: list[ModelMessage]) -> tuple[str | None, list[ModelMessage]]:
    """The response to go on from, and the messages the provider does not have yet."""
    if setting is None:
        return None, messages
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if isinstance(message, ModelResponse):
            if message.provider_response_id and place + 1 < len(messages):
                return message.provider_response_id, messages[place + 1 :]
            if setting == "auto":
                break
    return (None if setting == "auto" else setting), messages


def _items(call: ModelCall, messages: list[ModelMessage], settings: dict[str, Any]) -> list[dict[str, Any]]:
    role = settings.get("openai_system_prompt_role") or "system"
    sends_ids = bool(settings.get("openai_send_reasoning_ids", reasons(call.model)))
    custom: set[str] = set()
    items: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ModelRequest):
            items += _request(message, role, custom)
        else:
            items += write_response(message, call, sends_ids=sends_ids, custom=custom)
    return items


def _request(message: ModelRequest, role: str, custom: set[str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, SystemPromptPart):
            items.append({"role": role, "content": part.content})
        elif isinstance(part, UserPromptPart):
            items.append({"role": "user", "content": write_content(part.content)})
        elif isinstance(part, ToolReturnPart):
            items.append(_output(part.tool_call_id, tool_output(part), custom))
        else:
            assert isinstance(part, RetryPromptPart)
            text = part.model_response()
            if part.tool_name is None:
                items.append({"role": "user", "content": [{"text": text, "type": "input_text"}]})
            else:
                items.append(_output(part.tool_call_id, text, custom))
    return items


def _output(call_id: str, output: Any, custom: set[str]) -> dict[str, Any]:
    kind = "custom_tool_call_output" if call_id in custom else "function_call_output"
    return {"type": kind, "call_id": call_id.partition("|")[0], "output": output}
