"""Any Playhead model as a pydantic-ai model (1.85 and 2.x), for `agent.override(model=as_model(...))`.

Messages cross as JSON, whose form both share; definitions of tools and outputs cross by field. Events cross by slot, so
that pydantic-ai's own part manager builds the reply: what its agent sees is what it would see from a provider.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from importlib import import_module
from typing import Any, cast

from playhead import messages as ours
from playhead.exceptions import ModelAPIError, ModelHTTPError, UserError
from playhead.models import Model, ModelProfile, StreamedResponse

# Not `import pydantic_ai`: it is an extra, and the types of 1.85 and 2.x differ.
theirs: Any
try:
    theirs = import_module("pydantic_ai")
    for _name in ("exceptions", "messages", "models", "profiles", "usage"):
        import_module(f"pydantic_ai.{_name}")
except ImportError as _error:
    raise UserError(
        "playhead.integrations.pydantic_ai needs pydantic-ai, which is not installed. "
        "Install it: pip install 'playhead[pydantic-ai]'"
    ) from _error

__all__ = ["as_model"]


def as_model(model: Model) -> Any:
    """`model` as a `pydantic_ai.models.Model`.

    Errors arrive as pydantic-ai's own `ModelHTTPError` and `ModelAPIError`; Playhead's (a script that runs out, a
    request without a recording) as themselves.
    """
    return PlayheadModel(model)


class PlayheadModel(theirs.models.Model):
    """A Playhead model that a pydantic-ai agent can ask; `wrapped` is the model itself."""

    def __init__(self, wrapped: Model) -> None:
        super().__init__(settings=wrapped.settings, profile=_their_profile(wrapped.profile))  # pyright: ignore[reportUnknownMemberType] (theirs)
        self.wrapped = wrapped

    @classmethod
    def supported_builtin_tools(cls) -> Any:
        """All of them (in 1.x): whether there are any is the wrapped model's affair."""
        return _THEIR_TOOLS

    @classmethod
    def supported_native_tools(cls) -> Any:
        """All of them (in 2.x)."""
        return _THEIR_TOOLS

    @property
    def model_name(self) -> str:
        """The wrapped model's name."""
        return self.wrapped.model_name

    @property
    def system(self) -> str:
        """The wrapped model's provider."""
        return self.wrapped.system

    async def request(self, messages: Any, model_settings: Any, model_request_parameters: Any) -> Any:
        """The whole reply, as pydantic-ai's `ModelResponse`."""
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        try:
            reply = await self.wrapped.request(_our_messages(messages), settings, _our_parameters(parameters))
        except ModelAPIError as error:
            raise _their_error(error) from error
        return _their_response(reply)

    @asynccontextmanager
    async def request_stream(
        self, messages: Any, model_settings: Any, model_request_parameters: Any, run_context: Any = None
    ) -> AsyncGenerator[Any]:
        """The streamed reply, as pydantic-ai's `StreamedResponse`."""
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        request = self.wrapped.request_stream(_our_messages(messages), settings, _our_parameters(parameters))
        try:
            reply = await request.__aenter__()
        except ModelAPIError as error:
            raise _their_error(error) from error
        try:
            yield PlayheadStreamedResponse(model_request_parameters=parameters, reply=reply)
        finally:
            await request.__aexit__(None, None, None)


@dataclass
class PlayheadStreamedResponse(theirs.models.StreamedResponse):
    """A streamed reply of a Playhead model."""

    reply: StreamedResponse

    async def _get_event_iterator(self) -> AsyncIterator[Any]:
        manager: Any = self._parts_manager
        try:
            async for event in self.reply:
                if isinstance(event, ours.PartStartEvent):
                    part = _their_part(event.part)
                    if isinstance(event.part, ours.ToolCallPart):
                        yield manager.handle_tool_call_part(
                            vendor_part_id=event.index,
                            tool_name=part.tool_name,
                            args=part.args,
                            tool_call_id=part.tool_call_id,
                        )
                    else:
                        yield manager.handle_part(vendor_part_id=event.index, part=part)
                elif isinstance(event, ours.PartDeltaEvent):
                    for out in _their_deltas(manager, event.index, event.delta):
                        yield out
                elif isinstance(event, ours.ResponseMeta):
                    self._learn()
        except ModelAPIError as error:
            raise _their_error(error) from error
        self._learn()

    def _learn(self) -> None:
        fold = self.reply.fold
        self._usage = _their_usage(self.reply.usage())
        self.finish_reason = fold.finish_reason
        self.provider_response_id = fold.provider_response_id
        self.provider_details = fold.provider_details()

    @property
    def model_name(self) -> str:
        """The model's name, as the reply says it."""
        return self.reply.model_name

    @property
    def provider_name(self) -> str | None:
        """The provider's name."""
        return self.reply.provider_name

    @property
    def provider_url(self) -> str | None:
        """None: a Playhead model need not have one."""
        return None

    @property
    def timestamp(self) -> datetime:
        """When the reply was made."""
        return self.reply.timestamp


def _their_profile(profile: ModelProfile) -> Any:
    """What the wrapped model supports, in their words: a dataclass in 1.x, a dict in 2.x, both made alike."""
    kind: Any = theirs.profiles.ModelProfile
    known = set(kind.__annotations__) - {"supported_builtin_tools", "supported_native_tools"}
    return kind(**{item.name: getattr(profile, item.name) for item in fields(profile) if item.name in known}, **_ALL)


def _all_tools() -> tuple[str, Any]:
    """The tools that providers run themselves: `builtin` in 1.x, `native` in 2.x."""
    for module, name in (("native_tools", "SUPPORTED_NATIVE_TOOLS"), ("builtin_tools", "SUPPORTED_BUILTIN_TOOLS")):
        try:
            return f"supported_{module}", frozenset(getattr(import_module(f"pydantic_ai.{module}"), name))
        except (ImportError, AttributeError):
            continue
    return "supported_builtin_tools", frozenset[Any]()


_TOOLS_FIELD, _THEIR_TOOLS = _all_tools()
_ALL = {_TOOLS_FIELD: _THEIR_TOOLS}


def _their_deltas(manager: Any, index: int, delta: ours.ModelResponsePartDelta) -> list[Any]:
    if isinstance(delta, ours.TextPartDelta):
        events = manager.handle_text_delta(vendor_part_id=index, content=delta.content_delta)
    elif isinstance(delta, ours.ThinkingPartDelta):
        events = manager.handle_thinking_delta(
            vendor_part_id=index,
            content=delta.content_delta,
            signature=delta.signature_delta,
            provider_name=delta.provider_name,
        )
    else:
        events = manager.handle_tool_call_delta(
            vendor_part_id=index,
            tool_name=delta.tool_name_delta,
            args=delta.args_delta,
            tool_call_id=delta.tool_call_id,
        )
    # Some releases give one event, some an iterator of them.
    if events is None:
        return []
    return [events] if hasattr(events, "event_kind") else list(events)


def _our_messages(messages: Any) -> list[ours.ModelMessage]:
    data: list[dict[str, Any]] = theirs.messages.ModelMessagesTypeAdapter.dump_python(messages, mode="json")
    for message in data:
        message["parts"] = [
            _our_part(part, message["kind"]) for part in message["parts"] if part["part_kind"] not in _WITHOUT_WORDS
        ]
    return ours.ModelMessagesTypeAdapter.validate_json(json.dumps(data))


_WITHOUT_WORDS = frozenset(
    {
        "capability-load-delta",
        "instruction-baseline",
        "instruction-delta",
        "model-settings-delta",
        "tool-availability-delta",
    }
)
"""Parts of 2.x that say what changed for the model; what holds stands in the request's fields and parameters."""


def _our_part(part: dict[str, Any], kind: str) -> dict[str, Any]:
    """A part in the words of 1.x: there, asking again is a part of its own; in 2.x it may be an outcome of a tool."""
    match part:
        case {"part_kind": "tool-return", "outcome": "retried"}:
            kept = {name: part[name] for name in ("tool_name", "tool_call_id", "timestamp")}
            return {**kept, "content": _with_inputs(part["content"]), "part_kind": "retry-prompt"}
        case {"part_kind": "retry-feedback" | "retry-prompt"}:
            return {**part, "content": _with_inputs(part["content"]), "part_kind": "retry-prompt"}
        case {"part_kind": "speech"}:
            said = {"content": part["transcript"] or ""}
            return {**said, "part_kind": "text" if kind == "response" else "user-prompt"}
        case {"part_kind": "compaction"} if kind == "request":
            return {"content": part["content"] or "", "part_kind": "user-prompt"}
        case {"outcome": "interrupted"}:
            return {**part, "outcome": "failed"}
        case _:
            return part


def _with_inputs(content: Any) -> Any:
    """What was wrong, each with the input that it was found in: 2.x writes one that repeats only once."""
    if not isinstance(content, list):
        return content
    found: list[dict[str, Any]] = []
    value: Any = None
    for details in cast("list[dict[str, Any]]", content):
        value = details.get("input", value)
        found.append({**details, "input": value})
    return found


def _our_parameters(parameters: Any) -> ours.ModelRequestParameters:
    found = _common_fields(parameters, ours.ModelRequestParameters)
    for name in ("function_tools", "output_tools"):
        found[name] = [ours.ToolDefinition(**_common_fields(tool, ours.ToolDefinition)) for tool in found[name]]
    found["builtin_tools"] = list(getattr(parameters, "native_tools", None) or found.get("builtin_tools") or ())
    if found.get("output_object") is not None:
        output = _common_fields(found["output_object"], ours.OutputObjectDefinition)
        found["output_object"] = ours.OutputObjectDefinition(**output)
    if found.get("instruction_parts") is not None:
        found["instruction_parts"] = [
            ours.InstructionPart(part.content, dynamic=part.dynamic) for part in found["instruction_parts"]
        ]
    return ours.ModelRequestParameters(**found)


def _common_fields(value: Any, kind: Any) -> dict[str, Any]:
    return {item.name: getattr(value, item.name) for item in fields(kind) if hasattr(value, item.name)}


def _their_response(reply: ours.ModelResponse) -> Any:
    data = ours.ModelMessagesTypeAdapter.dump_json([reply])
    return theirs.messages.ModelMessagesTypeAdapter.validate_json(data)[0]


def _their_part(part: ours.ModelResponsePart) -> Any:
    return _their_response(ours.ModelResponse(parts=[part])).parts[0]


def _their_usage(usage: Any) -> Any:
    return theirs.usage.RequestUsage(**{item.name: getattr(usage, item.name) for item in fields(usage)})


def _their_error(error: ModelAPIError) -> Exception:
    if isinstance(error, ModelHTTPError):
        return theirs.exceptions.ModelHTTPError(error.status_code, error.model_name, error.body)
    return theirs.exceptions.ModelAPIError(error.model_name, error.message)
