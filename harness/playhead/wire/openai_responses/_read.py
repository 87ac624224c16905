"""The body of `POST /responses` as a call."""

from __future__ import annotations

from typing import Any, cast

from playhead.exceptions import DecodeError
from playhead.messages import (
    InstructionPart,
    ModelMessage,
    ModelRequestParameters,
    ModelSettings,
    OutputObjectDefinition,
    SystemPromptPart,
    TextPart,
    ToolDefinition,
    UserPromptPart,
)
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire._json import as_dict, as_list, as_text, load_object
from playhead.wire.openai_chat import Turns, read_content
from playhead.wire.openai_responses._items import PARTS_OF, parts_of
from playhead.wire.openai_responses._write import SETTINGS

__all__ = ["read_request"]

_READ = frozenset(
    ("input", "instructions", "model", "previous_response_id", "reasoning", "stream", "text", "tool_choice", "tools")
)
_MADE_BY_THE_MODEL = frozenset(PARTS_OF)


def read_request(request: WireRequest) -> ModelCall:
    """What a request asks. `DecodeError` for what is not the format."""
    body = load_object(request.body)
    if type(body.get("model")) is not str or type(body.get("input")) not in (str, list, type(None)):
        raise DecodeError(
            "The body of the request has no model, or an input that is neither a text nor a list",
            "See https://platform.openai.com/docs/api-reference/responses/create",
            body=request.body[:10_000].decode("utf-8", "replace"),
        )
    settings: dict[str, Any] = {setting: body[name] for setting, name in SETTINGS.items() if name in body}
    extra = {name: value for name, value in body.items() if name not in _READ and name not in SETTINGS.values()}
    if body.get("previous_response_id") is not None:
        settings["openai_previous_response_id"] = body["previous_response_id"]
    reasoning = as_dict(body.get("reasoning"))
    if reasoning.keys() <= {"effort", "summary"}:
        settings.update((f"openai_reasoning_{name}", value) for name, value in reasoning.items())
    else:
        extra["reasoning"] = reasoning
    try:
        messages = _messages(body.get("input"), settings)
        parameters = _parameters(body, settings, extra)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError(f"The request is not shaped as the Responses API has it: {error!r}") from error
    if instructions := as_text(body.get("instructions")):
        parameters.instruction_parts = [InstructionPart(instructions)]
    return ModelCall(
        model=body["model"],
        messages=messages,
        settings=ModelSettings(**settings),
        parameters=parameters,
        stream=bool(body.get("stream")),
        extra=extra,
    )


def _parameters(body: dict[str, Any], settings: dict[str, Any], extra: dict[str, Any]) -> ModelRequestParameters:
    parameters = ModelRequestParameters()
    for tool in as_list(body.get("tools")):
        tool = as_dict(tool)
        if tool.get("type") == "function" and as_text(tool.get("name")):
            parameters.function_tools.append(
                ToolDefinition(
                    name=tool["name"],
                    description=as_text(tool.get("description")),
                    parameters_json_schema=as_dict(tool.get("parameters")),
                    strict=bool(tool.get("strict")),
                )
            )
        else:
            parameters.builtin_tools.append(cast(Any, tool))  # as the provider has it
    choice = body.get("tool_choice")
    if choice == "required":
        parameters.allow_text_output = False
    elif choice == "none":
        settings["tool_choice"] = "none"
    elif as_dict(choice).get("type") == "function" and as_text(as_dict(choice).get("name")):
        settings["tool_choice"] = [as_dict(choice)["name"]]
    elif type(choice) is dict:
        settings["tool_choice"] = choice
    text = as_dict(body.get("text"))
    if text.get("verbosity"):
        settings["openai_text_verbosity"] = text["verbosity"]
    wanted = as_dict(text.get("format"))
    if wanted.get("type") == "json_schema":
        parameters.output_mode = "native"
        parameters.output_object = OutputObjectDefinition(
            json_schema=as_dict(wanted.get("schema")),
            name=as_text(wanted.get("name")),
            description=as_text(wanted.get("description")),
            strict=bool(wanted.get("strict")),
        )
    elif wanted.get("type") == "json_object":
        parameters.output_mode = "prompted"
    elif wanted:
        extra["text"] = text
    return parameters


def _messages(wire: Any, settings: dict[str, Any]) -> list[ModelMessage]:
    turns = Turns()
    if type(wire) is str:
        turns.ask(UserPromptPart(wire))
        return turns.messages
    last_id: Any = None
    for item in as_list(wire):
        item = as_dict(item)
        kind = item.get("type") or "message"
        role = item.get("role")
        if kind == "message" and role in ("system", "developer"):
            if role == "developer":
                settings.setdefault("openai_system_prompt_role", "developer")
            turns.ask(SystemPromptPart(_text_of(item.get("content"))))
        elif kind == "message" and role == "user":
            turns.ask(UserPromptPart(_user_content(item.get("content"))))
        elif kind == "message" and role == "assistant" and not item.get("id"):
            turns.answer([TextPart(_text_of(item.get("content")))], joined=True)
        elif str(kind).endswith("_output") and kind != "tool_search_output":
            call_id = as_text(item.get("call_id")) or as_text(item.get("id")) or ""
            output = item.get("output")
            content = _user_content(as_list(output)) if type(output) is list else output
            turns.returned(call_id, "" if content is None else content)
        elif kind in _MADE_BY_THE_MODEL:
            item_id = item.get("id")
            parts = parts_of(item)
            if item_id is not None:
                settings.setdefault("openai_send_reasoning_ids", True)
            turns.answer(parts, joined=item_id is None or item_id != last_id)
            last_id = item_id
        elif kind == "message":
            raise DecodeError(f"A message of the request has the role {role!r}", "Known are system, user, assistant.")
    return turns.messages


def _user_content(content: Any) -> Any:
    found = read_content(content)
    if isinstance(found, list):
        for item in found:
            # The API writes out what is the default.
            metadata = getattr(item, "vendor_metadata", None)
            if metadata == {"detail": "auto"}:
                item.vendor_metadata = None  # pyright: ignore[reportAttributeAccessIssue]
    return found


def _text_of(content: Any) -> str:
    found = read_content(content)
    return found if isinstance(found, str) else "".join(item for item in found if isinstance(item, str))
