"""From agent events to AG-UI's (https://docs.ag-ui.com/concepts/events)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from ag_ui import core
from ag_ui.core import BaseEvent, RunAgentInput
from ag_ui.encoder import EventEncoder

from playhead import clock, ids
from playhead.context import AgentDepsT
from playhead.messages import (
    BaseToolReturnPart,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FunctionToolResultEvent,
    RetryPromptPart,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from playhead.output import OutputDataT
from playhead.ui._stream import SSE_CONTENT_TYPE, NativeEvent, UIEventStream, describe_file
from playhead.ui.ag_ui._utils import (
    BUILTIN_TOOL_CALL_ID_PREFIX,
    DEFAULT_AG_UI_VERSION,
    MULTIMODAL_VERSION,
    REASONING_VERSION,
    parse_ag_ui_version,
    sealed,
)

__all__ = ["AGUIEventStream"]


@dataclass
class AGUIEventStream(UIEventStream[RunAgentInput, BaseEvent, AgentDepsT, OutputDataT]):
    """Writes one run as AG-UI events. `ag_ui_version` decides how reasoning is called."""

    ag_ui_version: str = DEFAULT_AG_UI_VERSION
    _builtin_ids: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _reasoning: _Reasoning | None = field(default=None, init=False)
    _failed: bool = field(default=False, init=False)

    @property
    def content_type(self) -> str:
        return self._encoder().get_content_type()

    def encode_event(self, event: BaseEvent) -> str:
        return self._encoder().encode(event)

    def _encoder(self) -> EventEncoder:
        return EventEncoder(accept=self.accept or SSE_CONTENT_TYPE)

    async def handle_event(self, event: NativeEvent) -> AsyncIterator[BaseEvent]:
        """As for all protocols; every AG-UI event gets the time at which it was made."""
        async for out in super().handle_event(event):
            if out.timestamp is None:
                out.timestamp = _now_ms()
            yield out

    async def before_stream(self) -> AsyncIterator[BaseEvent]:
        given = self.run_input
        yield core.RunStartedEvent(thread_id=given.thread_id, run_id=given.run_id, timestamp=_now_ms())

    async def before_response(self) -> AsyncIterator[BaseEvent]:
        # Calls name the message they belong to: a new reply must not point at the one before.
        self.new_message_id()
        for event in ():
            yield event

    async def after_stream(self) -> AsyncIterator[BaseEvent]:
        if not self._failed:
            given = self.run_input
            yield core.RunFinishedEvent(thread_id=given.thread_id, run_id=given.run_id, timestamp=_now_ms())

    async def on_error(self, error: Exception) -> AsyncIterator[BaseEvent]:
        self._failed = True
        yield core.RunErrorEvent(message=str(error), timestamp=_now_ms())

    async def handle_text_start(self, part: TextPart, follows_text: bool = False) -> AsyncIterator[BaseEvent]:
        if not follows_text:
            yield core.TextMessageStartEvent(message_id=self.new_message_id())
        if part.content:
            yield core.TextMessageContentEvent(message_id=self.message_id, delta=part.content)

    async def handle_text_delta(self, delta: TextPartDelta) -> AsyncIterator[BaseEvent]:
        if delta.content_delta:  # AG-UI refuses empty pieces
            yield core.TextMessageContentEvent(message_id=self.message_id, delta=delta.content_delta)

    async def handle_text_end(self, part: TextPart, followed_by_text: bool = False) -> AsyncIterator[BaseEvent]:
        if not followed_by_text:
            yield core.TextMessageEndEvent(message_id=self.message_id)

    async def handle_thinking_start(
        self, part: ThinkingPart, follows_thinking: bool = False
    ) -> AsyncIterator[BaseEvent]:
        # The package got the newer names at 0.1.13 and dropped the older ones at 1.0: it can write what it has.
        old = parse_ag_ui_version(self.ag_ui_version) < REASONING_VERSION or not hasattr(core, "ReasoningStartEvent")
        old = old and hasattr(core, "ThinkingStartEvent")
        self._reasoning = _Thinking() if old else _Reasoning()
        for event in self._reasoning.say(part.content):
            yield event

    async def handle_thinking_delta(self, delta: ThinkingPartDelta) -> AsyncIterator[BaseEvent]:
        assert self._reasoning is not None, "reasoning goes on that has not begun"
        for event in self._reasoning.say(delta.content_delta or ""):
            yield event

    async def handle_thinking_end(
        self, part: ThinkingPart, followed_by_thinking: bool = False
    ) -> AsyncIterator[BaseEvent]:
        assert self._reasoning is not None, "reasoning ends that has not begun"
        reasoning, self._reasoning = self._reasoning, None
        for event in reasoning.end(part):
            yield event

    def handle_tool_call_start(self, part: ToolCallPart) -> AsyncIterator[BaseEvent]:
        return self._call_start(part, part.tool_call_id)

    def handle_builtin_tool_call_start(self, part: BuiltinToolCallPart) -> AsyncIterator[BaseEvent]:
        marked = "|".join((BUILTIN_TOOL_CALL_ID_PREFIX, part.provider_name or "", part.tool_call_id))
        self._builtin_ids[part.tool_call_id] = marked
        return self._call_start(part, marked)

    async def _call_start(self, part: ToolCallPart | BuiltinToolCallPart, call_id: str) -> AsyncIterator[BaseEvent]:
        yield core.ToolCallStartEvent(
            tool_call_id=call_id, tool_call_name=part.tool_name, parent_message_id=self.message_id
        )
        if part.args:
            yield core.ToolCallArgsEvent(tool_call_id=call_id, delta=part.args_as_json_str())

    async def handle_tool_call_delta(self, delta: ToolCallPartDelta) -> AsyncIterator[BaseEvent]:
        assert delta.tool_call_id is not None, "a call's delta names its call"
        args = delta.args_delta if isinstance(delta.args_delta, str) else json.dumps(delta.args_delta)
        yield core.ToolCallArgsEvent(
            tool_call_id=self._builtin_ids.get(delta.tool_call_id, delta.tool_call_id), delta=args
        )

    async def handle_tool_call_end(self, part: ToolCallPart) -> AsyncIterator[BaseEvent]:
        yield core.ToolCallEndEvent(tool_call_id=part.tool_call_id)

    async def handle_builtin_tool_call_end(self, part: BuiltinToolCallPart) -> AsyncIterator[BaseEvent]:
        yield core.ToolCallEndEvent(tool_call_id=self._builtin_ids[part.tool_call_id])

    async def handle_builtin_tool_return(self, part: BuiltinToolReturnPart) -> AsyncIterator[BaseEvent]:
        # An id of its own, not a new message: later calls of this reply still belong to the message before.
        yield _result(ids.unique_id(), self._builtin_ids[part.tool_call_id], _returned_text(part))

    async def handle_function_tool_result(self, event: FunctionToolResultEvent) -> AsyncIterator[BaseEvent]:
        result = event.result
        text = result.model_response() if isinstance(result, RetryPromptPart) else _returned_text(result)
        yield _result(self.new_message_id(), result.tool_call_id, text)
        if not isinstance(result, RetryPromptPart):
            for own in _own_events(result.metadata or result.content):
                yield own


class _Reasoning:
    """Reasoning in the words of AG-UI 0.1.13 and later."""

    def __init__(self) -> None:
        self.id = ids.unique_id()
        self.begun = False

    def say(self, text: str) -> list[BaseEvent]:
        """More of it; the first words open it."""
        if not text:
            return []
        opening: list[BaseEvent] = []
        if not self.begun:
            self.begun = True
            new = parse_ag_ui_version(DEFAULT_AG_UI_VERSION) >= MULTIMODAL_VERSION
            role = cast(Any, "reasoning" if new else "assistant")
            opening = [
                core.ReasoningStartEvent(message_id=self.id),
                core.ReasoningMessageStartEvent(message_id=self.id, role=role),
            ]
        return [*opening, core.ReasoningMessageContentEvent(message_id=self.id, delta=text)]

    def end(self, part: ThinkingPart) -> list[BaseEvent]:
        """The end, with the provider's seal. Reasoning without words and without a seal is not shown at all."""
        seal = sealed(part)
        if not self.begun and not seal:
            return []
        events: list[BaseEvent] = []
        if self.begun:
            events.append(core.ReasoningMessageEndEvent(message_id=self.id))
        else:
            events.append(core.ReasoningStartEvent(message_id=self.id))
        if seal:
            events.append(
                core.ReasoningEncryptedValueEvent(
                    subtype="message", entity_id=self.id, encrypted_value=json.dumps(seal)
                )
            )
        return [*events, core.ReasoningEndEvent(message_id=self.id)]


class _Thinking(_Reasoning):
    """Reasoning in the words of AG-UI before 0.1.13; seals are not carried."""

    def say(self, text: str) -> list[BaseEvent]:
        if not text:
            return []
        events: list[BaseEvent] = []
        if not self.begun:
            self.begun = True
            events = [_old("ThinkingStartEvent"), _old("ThinkingTextMessageStartEvent")]
        return [*events, _old("ThinkingTextMessageContentEvent", delta=text)]

    def end(self, part: ThinkingPart) -> list[BaseEvent]:
        return [_old("ThinkingTextMessageEndEvent"), _old("ThinkingEndEvent")] if self.begun else []


def _old(name: str, **values: Any) -> BaseEvent:
    """An event of older packages."""
    return getattr(core, name)(**values)


def _result(message_id: str, call_id: str, text: str) -> BaseEvent:
    return core.ToolCallResultEvent(message_id=message_id, role="tool", tool_call_id=call_id, content=text)


def _returned_text(part: BaseToolReturnPart) -> str:
    lines = [part.model_response_str(), *(describe_file(file) for file in part.files)]
    return "\n".join(lines if lines[0] else lines[1:])


def _own_events(value: Any) -> list[BaseEvent]:
    """AG-UI events that a tool returned, or put into its metadata, for the browser."""
    if isinstance(value, BaseEvent):
        return [value]
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return []
    return [item for item in cast("Iterable[Any]", value) if isinstance(item, BaseEvent)]


def _now_ms() -> int:
    return int(clock.now().timestamp() * 1_000)
