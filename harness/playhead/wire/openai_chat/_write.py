"""A call as the body of `POST /chat/completions`, as the official SDK sends it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

from playhead.exceptions import UserError
from playhead.messages import (
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolDefinition,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire._instructions import instruction_parts
from playhead.wire._json import as_dict, dump
from playhead.wire._strict import strict_schema
from playhead.wire.openai_chat._content import write_content
from playhead.wire.openai_chat._tables import EFFORTS, REASONING_FIELDS, SETTINGS, family_of

__all__ = ["SAMPLING", "chosen_tools", "drop_sampling", "effort_of", "reasons", "write_request"]

SAMPLING = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "openai_logprobs",
    "openai_top_logprobs",
)
"""Settings that OpenAI's models refuse while they reason."""


def write_request(call: ModelCall) -> WireRequest:
    """The request. `UserError` for content that the format cannot have."""
    settings: dict[str, Any] = {**call.settings}
    parameters = call.parameters
    drop_sampling(call.model, settings, parameters)
    body: dict[str, Any] = {"messages": _messages(call, settings), "model": call.model}
    tools = [_tool(tool) for tool in parameters.tool_defs.values()]
    tools += [tool for tool in parameters.builtin_tools if isinstance(tool, dict)]
    if tools:
        body["tools"] = tools
        body["tool_choice"] = _tool_choice(settings.get("tool_choice"), parameters)
    if (response_format := _response_format(parameters)) is not None:
        body["response_format"] = response_format
    if (effort := effort_of(settings, parameters)) is not None:
        settings["openai_reasoning_effort"] = effort
    for setting, name in SETTINGS.items():
        if setting in settings and (setting != "parallel_tool_calls" or tools):
            body[name] = settings[setting]
    if "max_tokens" in call.extra:
        # The older name of the field, which other servers know, was read from a request.
        body.pop("max_completion_tokens", None)
    if (search := _web_search_options(parameters)) is not None:
        body["web_search_options"] = search
    body["stream"] = call.stream
    if call.stream:
        body["stream_options"] = {"include_usage": True}
        if settings.get("openai_continuous_usage_stats"):
            body["stream_options"]["continuous_usage_stats"] = True
    body.update(call.extra)
    body = {name: value for name, value in body.items() if value is not None or name not in call.extra}
    if isinstance(extra := settings.get("extra_body"), dict):
        body.update(extra)  # pyright: ignore[reportUnknownArgumentType]
    ordered = {name: body.pop(name) for name in _ORDER if name in body}
    headers = {"accept": "application/json", "content-type": "application/json"}
    headers.update((name.lower(), str(value)) for name, value in as_dict(settings.get("extra_headers")).items())
    return WireRequest("/chat/completions", dump({**ordered, **body}), headers)


_ORDER = (
    *("messages", "model", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs"),
    *("max_completion_tokens", "max_tokens", "metadata", "modalities", "n", "parallel_tool_calls", "prediction"),
    *("presence_penalty", "prompt_cache_key", "prompt_cache_retention", "reasoning_effort", "response_format"),
    *("safety_identifier", "seed", "service_tier", "stop", "store", "stream", "stream_options", "temperature"),
    *("tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options"),
)


# ---- settings
_REASONS = re.compile(r"^(o\d|gpt-5(?!\.[1-4]|.*-chat))")
_MAY_REASON = re.compile(r"^gpt-5\.[1-4](?!-chat)")


def reasons(model: str) -> bool:
    """Whether OpenAI's model of this name can reason."""
    return bool(_REASONS.match(model) or _MAY_REASON.match(model))


def drop_sampling(model: str, settings: dict[str, Any], parameters: ModelRequestParameters) -> None:
    """Take out the settings that OpenAI refuses for a model that reasons, with a warning."""
    if _MAY_REASON.match(model):
        effort = effort_of(settings, parameters)
        if effort in (None, "none"):
            return
    elif not _REASONS.match(model):
        return
    dropped = [name for name in SAMPLING if settings.pop(name, None) is not None]
    if dropped:
        warnings.warn(
            f"A model that reasons takes none of these settings, they are not sent: {dropped}",
            UserWarning,
            stacklevel=4,
        )


def effort_of(settings: dict[str, Any], parameters: ModelRequestParameters) -> str | None:
    """How much the model is asked to reason."""
    if effort := settings.get("openai_reasoning_effort"):
        return effort
    thinking = parameters.thinking
    if thinking is None:
        thinking = settings.get("thinking")
    return None if thinking is None else EFFORTS[thinking]


# ---- tools and output
def _tool(tool: ToolDefinition) -> dict[str, Any]:
    schema, strict = strict_schema(tool.parameters_json_schema, tool.strict)
    function: dict[str, Any] = {"name": tool.name, "description": tool.description or "", "parameters": schema}
    if strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def chosen_tools(choice: Any, parameters: ModelRequestParameters) -> tuple[str, list[str] | None]:
    """A setting `tool_choice` as a mode (`auto`, `required`, `none`) and the tools that may be called (None: all)."""
    direct = parameters.allow_text_output or parameters.allow_image_output
    free = "auto" if direct else "required"
    functions = [tool.name for tool in parameters.function_tools]
    outputs = [tool.name for tool in parameters.output_tools]
    if choice is None or choice == "auto":
        return free, None
    if choice == "none" or choice == []:
        if not outputs:
            return "none", None
        return (free, outputs) if functions or direct else (free, None)
    if choice == "required":
        return ("required", functions) if outputs else ("required", None)
    if isinstance(choice, (list, tuple, set, frozenset)):
        names: list[Any] = list(choice)  # pyright: ignore[reportUnknownArgumentType]
        known = [name for name in parameters.tool_defs if name in names]
        if not known:
            raise UserError(
                f"`tool_choice` names no tool of this request: {names}. There are: {[*functions, *outputs]}"
            )
        return "required", known
    chosen: Iterable[str] = getattr(choice, "function_tools", ())
    return free, [name for name in functions if name in chosen] + outputs


def _tool_choice(choice: Any, parameters: ModelRequestParameters) -> Any:
    if isinstance(choice, dict):
        return choice  # pyright: ignore[reportUnknownVariableType]
    mode, names = chosen_tools(choice, parameters)
    if names is None:
        return mode
    if mode == "required" and len(names) == 1:
        return {"type": "function", "function": {"name": names[0]}}
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def _response_format(parameters: ModelRequestParameters) -> dict[str, Any] | None:
    if parameters.output_mode == "prompted":
        return {"type": "json_object"}
    output = parameters.output_object
    if parameters.output_mode != "native" or output is None:
        return None
    schema, strict = strict_schema(output.json_schema, output.strict)
    described: dict[str, Any] = {"name": output.name or "final_result", "schema": schema}
    if output.description:
        described["description"] = output.description
    described["strict"] = strict
    return {"type": "json_schema", "json_schema": described}


def _web_search_options(parameters: ModelRequestParameters) -> dict[str, Any] | None:
    for tool in parameters.builtin_tools:
        if getattr(tool, "kind", None) == "web_search":
            options: dict[str, Any] = {"search_context_size": getattr(tool, "search_context_size", "medium")}
            if location := getattr(tool, "user_location", None):
                options["user_location"] = {"type": "approximate", "approximate": dict(location)}
            return options
    return None


# ---- messages
def _messages(call: ModelCall, settings: dict[str, Any]) -> list[dict[str, Any]]:
    role = settings.get("openai_system_prompt_role") or ("user" if call.model.startswith("o1-mini") else "system")
    messages: list[dict[str, Any]] = []
    for message in call.messages:
        if isinstance(message, ModelRequest):
            messages += _request(message, role)
        else:
            messages.append(_response(message, call.model))
    instructions = [{"role": role, "content": part.content} for part in instruction_parts(call)]
    place = next((n for n, message in enumerate(messages) if message["role"] != role), len(messages))
    messages[place:place] = instructions
    return messages


def _request(message: ModelRequest, role: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    files: list[UserContent] = []
    for part in message.parts:
        if isinstance(part, SystemPromptPart):
            messages.append({"role": role, "content": part.content})
        elif isinstance(part, UserPromptPart):
            messages.append({"role": "user", "content": write_content(part.content)})
        elif isinstance(part, ToolReturnPart):
            # A tool's message is text; the files it returned follow as the user's.
            text, more = part.model_response_str_and_user_content()
            files += more
            messages.append({"role": "tool", "tool_call_id": part.tool_call_id, "content": text})
        else:
            assert isinstance(part, RetryPromptPart)
            if part.tool_name is None:
                messages.append({"role": "user", "content": part.model_response()})
            else:
                messages.append({"role": "tool", "tool_call_id": part.tool_call_id, "content": part.model_response()})
    if files:
        messages.append({"role": "user", "content": write_content(files)})
    return messages


def _response(message: ModelResponse, model: str) -> dict[str, Any]:
    texts: list[str] = []
    fields: dict[str, list[str]] = {}
    details: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            texts.append(part.content)
        elif isinstance(part, ThinkingPart):
            if detail := _reasoning_detail(part):
                details.append(detail)
            elif part.id in REASONING_FIELDS:
                fields.setdefault(part.id, []).append(part.content)
            elif part.content:
                opening, closing = family_of(model, None).tags
                texts.append(f"{opening}\n{part.content}\n{closing}")
        elif isinstance(part, ToolCallPart):
            calls.append(_call(part))
    written: dict[str, Any] = {"role": "assistant"}
    written.update((name, "\n\n".join(contents)) for name, contents in fields.items())
    if details:
        written["reasoning_details"] = details
    written["content"] = "\n\n".join(texts) if texts else None
    if calls:
        written["tool_calls"] = calls
    return written


def _call(part: ToolCallPart) -> dict[str, Any]:
    function = {"name": part.tool_name, "arguments": part.args_as_json_str()}
    call: dict[str, Any] = {"id": part.tool_call_id, "type": "function", "function": function}
    if extra := (part.provider_details or {}).get("extra_content"):
        call["extra_content"] = extra
    return call


def _reasoning_detail(part: ThinkingPart) -> dict[str, Any] | None:
    """A part that came in `reasoning_details`, in the form it came in."""
    details = part.provider_details or {}
    kind = details.get("type")
    detail: dict[str, Any] = {
        "id": part.id,
        "format": details.get("format"),
        "index": details.get("index"),
        "type": kind,
    }
    match kind:
        case "reasoning.text":
            return {**detail, "text": part.content, "signature": part.signature}
        case "reasoning.summary":
            return {**detail, "summary": part.content}
        case "reasoning.encrypted":
            return {**detail, "data": part.signature}
        case _:
            return None
