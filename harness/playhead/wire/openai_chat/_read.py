"""The body of `POST /chat/completions` as a call."""

from __future__ import annotations

from typing import Any, cast

from playhead.exceptions import DecodeError
from playhead.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    ModelSettings,
    OutputObjectDefinition,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolDefinition,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire._json import as_dict, as_list, as_text, load_object
from playhead.wire.openai_chat._content import read_content
from playhead.wire.openai_chat._tables import REASONING_FIELDS, SETTINGS

__all__ = ["Turns", "read_request"]

_OPTIONS = frozenset(("include_usage", "continuous_usage_stats"))
_READ = frozenset(("messages", "model", "stream", "stream_options", "tools", "tool_choice", "response_format"))


def read_request(request: WireRequest) -> ModelCall:
    """What a request asks. `DecodeError` for what is not the format."""
    body = load_object(request.body)
    if type(body.get("messages")) is not list or type(body.get("model")) is not str:
        raise DecodeError(
            "The body of the request has no list of messages, or no model",
            "Chat completions need both: https://platform.openai.com/docs/api-reference/chat/create",
            body=request.body[:10_000].decode("utf-8", "replace"),
        )
    settings: dict[str, Any] = {setting: body[name] for setting, name in SETTINGS.items() if name in body}
    extra = {name: value for name, value in body.items() if name not in _READ and name not in SETTINGS.values()}
    if "max_tokens" in extra:
        settings.setdefault("max_tokens", extra["max_tokens"])
    options = as_dict(body.get("stream_options"))
    if options.get("continuous_usage_stats"):
        settings["openai_continuous_usage_stats"] = True
    if body.get("stream") and (not options.get("include_usage") or options.keys() - _OPTIONS):
        # None stands for a field that is not sent; whoever answers must not send what was not asked for.
        extra["stream_options"] = body.get("stream_options")
    try:
        messages = _messages(as_list(body["messages"]), settings)
        parameters = _parameters(body, settings)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError(f"The request is not shaped as chat completions are: {error!r}") from error
    return ModelCall(
        model=body["model"],
        messages=messages,
        settings=ModelSettings(**settings),
        parameters=parameters,
        stream=bool(body.get("stream")),
        extra=extra,
    )


def _parameters(body: dict[str, Any], settings: dict[str, Any]) -> ModelRequestParameters:
    parameters = ModelRequestParameters()
    for tool in as_list(body.get("tools")):
        tool = as_dict(tool)
        function = as_dict(tool.get("function"))
        if tool.get("type") == "function" and as_text(function.get("name")):
            parameters.function_tools.append(
                ToolDefinition(
                    name=function["name"],
                    description=as_text(function.get("description")),
                    parameters_json_schema=as_dict(function.get("parameters")),
                    strict=bool(function.get("strict")),
                )
            )
        else:
            parameters.builtin_tools.append(cast(Any, tool))  # as the provider has it
    choice = body.get("tool_choice")
    if choice == "required":
        parameters.allow_text_output = False
    elif choice == "none":
        settings["tool_choice"] = "none"
    elif named := as_text(as_dict(as_dict(choice).get("function")).get("name")):
        settings["tool_choice"] = [named]
    elif type(choice) is dict:
        settings["tool_choice"] = choice
    wanted = as_dict(body.get("response_format"))
    if wanted.get("type") == "json_schema":
        described = as_dict(wanted.get("json_schema"))
        parameters.output_mode = "native"
        parameters.output_object = OutputObjectDefinition(
            json_schema=as_dict(described.get("schema")),
            name=as_text(described.get("name")),
            description=as_text(described.get("description")),
            strict=bool(described.get("strict")),
        )
    elif wanted.get("type") == "json_object":
        parameters.output_mode = "prompted"
    return parameters


class Turns:
    """Messages in turns: what is not the model's goes into one request until the model has spoken."""

    def __init__(self) -> None:
        self.messages: list[ModelMessage] = []
        self.tools: dict[str, str] = {}

    def ask(self, part: ModelRequestPart) -> None:
        """More of what is sent to the model."""
        if not self.messages or not isinstance(self.messages[-1], ModelRequest):
            self.messages.append(ModelRequest(parts=[]))
        parts: Any = self.messages[-1].parts
        parts.append(part)

    def answer(self, parts: list[ModelResponsePart], *, joined: bool = False) -> None:
        """What the model said; `joined` to its message before, if it was the last to speak."""
        if joined and self.messages and isinstance(self.messages[-1], ModelResponse):
            known: Any = self.messages[-1].parts
            known.extend(parts)
        else:
            self.messages.append(ModelResponse(parts=parts))
        for part in parts:
            if isinstance(part, ToolCallPart):
                self.tools[part.tool_call_id] = part.tool_name

    def returned(self, call_id: str, content: Any) -> None:
        """What a tool returned, under the name it was called by."""
        self.ask(ToolReturnPart(self.tools.get(call_id, ""), content, call_id))


def _messages(wire: list[Any], settings: dict[str, Any]) -> list[ModelMessage]:
    turns = Turns()
    for message in wire:
        message = as_dict(message)
        role = message.get("role")
        if role in ("system", "developer"):
            if role == "developer":
                settings.setdefault("openai_system_prompt_role", "developer")
            turns.ask(SystemPromptPart(_text_of(message.get("content"))))
        elif role == "user":
            turns.ask(UserPromptPart(read_content(message.get("content"))))
        elif role in ("tool", "function"):
            call_id = as_text(message.get("tool_call_id")) or as_text(message.get("name")) or ""
            turns.returned(call_id, _text_of(message.get("content")))
        elif role == "assistant":
            turns.answer(_assistant(message))
        else:
            raise DecodeError(
                f"A message of the request has the role {role!r}", "Known are system, user, assistant, tool."
            )
    return turns.messages


def _assistant(message: dict[str, Any]) -> list[ModelResponsePart]:
    parts: list[ModelResponsePart] = []
    for name in (*REASONING_FIELDS,):
        if (text := as_text(message.get(name))) is not None:
            parts.append(ThinkingPart(text, id=name))
    for detail in as_list(message.get("reasoning_details")):
        detail = as_dict(detail)
        known = {key: detail.get(key) for key in ("format", "index", "type")}
        text = as_text(detail.get("text")) or as_text(detail.get("summary")) or ""
        signature = detail.get("signature", detail.get("data"))
        parts.append(ThinkingPart(text, id=detail.get("id"), signature=signature, provider_details=known))
    content = message.get("content")
    if type(content) is str:
        parts.append(TextPart(content))
    else:
        parts += [TextPart(text) for item in as_list(content) if (text := as_dict(item).get("text")) is not None]
    for call in as_list(message.get("tool_calls")):
        call = as_dict(call)
        function = as_dict(call.get("function") or call.get("custom"))
        details = {"extra_content": call["extra_content"]} if call.get("extra_content") else None
        args = function.get("arguments", function.get("input"))
        parts.append(ToolCallPart(function["name"], args, str(call.get("id") or ""), provider_details=details))
    if function := as_dict(message.get("function_call")):
        parts.append(ToolCallPart(function["name"], function.get("arguments"), function["name"]))
    return parts


def _text_of(content: Any) -> str:
    found = read_content(content)
    return found if isinstance(found, str) else "".join(item for item in found if isinstance(item, str))
