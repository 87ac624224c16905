"""From agent events to the events of a protocol: the order of things, which all protocols share.

Inputs: the events of a run, the run's result last. Outputs: protocol events, from hooks that a protocol overrides; in
which order they are called is `_course`'s. A stream that is closed early closes the run.
"""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, cast

from typing_extensions import TypeVar

from playhead import ids
from playhead.context import AgentDepsT
from playhead.exceptions import UserError
from playhead.messages import (
    AgentStreamEvent,
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
    FilePart,
    FileUrl,
    FinalResultEvent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    MultiModalContent,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from playhead.output import OutputDataT
from playhead.runtime import AgentRunResult, AgentRunResultEvent
from playhead.ui._course import ON_COMPLETE, Course, Step

if TYPE_CHECKING:
    from starlette.responses import StreamingResponse

__all__ = ["SSE_CONTENT_TYPE", "NativeEvent", "OnCompleteFunc", "UIEventStream", "close_stream", "describe_file"]

SSE_CONTENT_TYPE = "text/event-stream"
"""The content type of server-sent events."""

EventT = TypeVar("EventT")
RunInputT = TypeVar("RunInputT")

NativeEvent: TypeAlias = AgentStreamEvent | AgentRunResultEvent[Any]
"""What an agent's event stream consists of; the result comes last."""
OnCompleteFunc: TypeAlias = (
    Callable[[AgentRunResult[Any]], None]
    | Callable[[AgentRunResult[Any]], Awaitable[None]]
    | Callable[[AgentRunResult[Any]], AsyncIterator[EventT]]
)
"""Is given the result of a run that ended well; an async generator may add events of the protocol."""


@dataclass
class UIEventStream(ABC, Generic[RunInputT, EventT, AgentDepsT, OutputDataT]):
    """Turns the events of one run into events of a protocol. Subclasses override the `handle_…`, `before_…` and
    `after_…` hooks, each an async iterator of protocol events."""

    run_input: RunInputT
    accept: str | None = None
    """The request's `Accept` header."""
    message_id: str = field(default_factory=ids.unique_id)
    """The id of the message that is being written."""

    def new_message_id(self) -> str:
        """Begin a new message: a new id, which stays `message_id` until the next."""
        self.message_id = ids.unique_id()
        return self.message_id

    @property
    def response_headers(self) -> Mapping[str, str] | None:
        """Headers that the HTTP response needs beside its content type."""
        return None

    @property
    def content_type(self) -> str:
        """The content type of what `encode_event` writes."""
        return SSE_CONTENT_TYPE

    @abstractmethod
    def encode_event(self, event: EventT) -> str:
        """One event as the protocol writes it."""

    async def encode_stream(self, stream: AsyncIterator[EventT]) -> AsyncGenerator[str]:
        """Events as the protocol writes them. Closing it closes `stream`."""
        try:
            async for event in stream:
                yield self.encode_event(event)
        finally:
            await close_stream(stream)

    def streaming_response(self, stream: AsyncIterator[EventT]) -> StreamingResponse:
        """A Starlette response that streams `stream`. A client that goes away closes it, which cancels the run."""
        return starlette_response(self.encode_stream(stream), self.content_type, self.response_headers)

    async def transform_stream(
        self, stream: AsyncIterator[NativeEvent], on_complete: OnCompleteFunc[EventT] | None = None
    ) -> AsyncGenerator[EventT]:
        """The protocol's events for a run's. An error of the run becomes the protocol's error, after all open tool
        calls have been closed; it is not raised."""
        course = Course()
        left_early = False
        async for out in self._play(course.open(), on_complete):
            yield out
        try:
            async for event in stream:
                async for out in self._play(course.take(event), on_complete):
                    yield out
        except (GeneratorExit, asyncio.CancelledError):
            # Nobody reads any more: there is nothing to add, and the run has to go.
            left_early = True
            raise
        except Exception as error:
            async for out in self._play(course.fail(error), on_complete):
                yield out
        finally:
            await close_stream(stream)
            if not left_early:
                async for out in self._play(course.close(), on_complete):
                    yield out

    async def _play(self, steps: Iterable[Step], on_complete: OnCompleteFunc[EventT] | None) -> AsyncIterator[EventT]:
        for hook, arguments in steps:
            events = _told(on_complete, *arguments) if hook == ON_COMPLETE else getattr(self, hook)(*arguments)
            async for out in events:
                yield out

    # ----------------------------------------------------------------- from an event to its hook
    async def handle_event(self, event: NativeEvent) -> AsyncIterator[EventT]:
        """Calls the hook for the event's class."""
        if hook := _EVENT_HOOKS.get(type(event)):
            async for out in getattr(self, hook)(event):
                yield out

    async def handle_part_start(self, event: PartStartEvent) -> AsyncIterator[EventT]:
        """Calls the hook for the class of the part that starts."""
        more = _same_kind(event.part, event.previous_part_kind, "follows")
        async for out in getattr(self, _START_HOOKS[type(event.part)])(event.part, **more):
            yield out

    async def handle_part_delta(self, event: PartDeltaEvent) -> AsyncIterator[EventT]:
        """Calls the hook for the delta's class."""
        async for out in getattr(self, _DELTA_HOOKS[type(event.delta)])(event.delta):
            yield out

    async def handle_part_end(self, event: PartEndEvent) -> AsyncIterator[EventT]:
        """Calls the hook for the class of the part that ends."""
        if hook := _END_HOOKS.get(type(event.part)):
            more = _same_kind(event.part, event.next_part_kind, "followed_by")
            async for out in getattr(self, hook)(event.part, **more):
                yield out

    # ----------------------------------------------------------------- hooks, which do nothing unless overridden
    def before_stream(self) -> AsyncIterator[EventT]:
        """Before anything else."""
        return _nothing()

    def after_stream(self) -> AsyncIterator[EventT]:
        """After everything else, also after an error."""
        return _nothing()

    def on_error(self, error: Exception) -> AsyncIterator[EventT]:
        """The run has failed with `error`."""
        return _nothing()

    def before_request(self) -> AsyncIterator[EventT]:
        """Tools begin to answer a reply."""
        return _nothing()

    def after_request(self) -> AsyncIterator[EventT]:
        """All tools have answered."""
        return _nothing()

    def before_response(self) -> AsyncIterator[EventT]:
        """A reply of the model begins."""
        return _nothing()

    def after_response(self) -> AsyncIterator[EventT]:
        """A reply of the model is over."""
        return _nothing()

    def handle_text_start(self, part: TextPart, follows_text: bool = False) -> AsyncIterator[EventT]:
        """A text begins; `follows_text` if the part before was a text, too."""
        return _nothing()

    def handle_text_delta(self, delta: TextPartDelta) -> AsyncIterator[EventT]:
        """More text."""
        return _nothing()

    def handle_text_end(self, part: TextPart, followed_by_text: bool = False) -> AsyncIterator[EventT]:
        """A text is over; `followed_by_text` if the next part is a text, too."""
        return _nothing()

    def handle_thinking_start(self, part: ThinkingPart, follows_thinking: bool = False) -> AsyncIterator[EventT]:
        """Reasoning begins."""
        return _nothing()

    def handle_thinking_delta(self, delta: ThinkingPartDelta) -> AsyncIterator[EventT]:
        """More reasoning, or its signature."""
        return _nothing()

    def handle_thinking_end(self, part: ThinkingPart, followed_by_thinking: bool = False) -> AsyncIterator[EventT]:
        """Reasoning is over."""
        return _nothing()

    def handle_tool_call_start(self, part: ToolCallPart) -> AsyncIterator[EventT]:
        """The model begins to call a tool."""
        return _nothing()

    def handle_tool_call_delta(self, delta: ToolCallPartDelta) -> AsyncIterator[EventT]:
        """More of a call's arguments."""
        return _nothing()

    def handle_tool_call_end(self, part: ToolCallPart) -> AsyncIterator[EventT]:
        """A call is written."""
        return _nothing()

    def handle_builtin_tool_call_start(self, part: BuiltinToolCallPart) -> AsyncIterator[EventT]:
        """The provider begins to call a tool of its own."""
        return _nothing()

    def handle_builtin_tool_call_end(self, part: BuiltinToolCallPart) -> AsyncIterator[EventT]:
        """The provider's call is written."""
        return _nothing()

    def handle_builtin_tool_return(self, part: BuiltinToolReturnPart) -> AsyncIterator[EventT]:
        """A tool of the provider's returned."""
        return _nothing()

    def handle_file(self, part: FilePart) -> AsyncIterator[EventT]:
        """The model made a file."""
        return _nothing()

    def handle_compaction(self, part: CompactionPart) -> AsyncIterator[EventT]:
        """The provider summed up earlier messages."""
        return _nothing()

    def handle_final_result(self, event: FinalResultEvent) -> AsyncIterator[EventT]:
        """The reply may be the run's output from here on."""
        return _nothing()

    def handle_function_tool_call(self, event: FunctionToolCallEvent) -> AsyncIterator[EventT]:
        """A function tool is about to run."""
        return _nothing()

    def handle_function_tool_result(self, event: FunctionToolResultEvent) -> AsyncIterator[EventT]:
        """A function tool has answered."""
        return _nothing()

    def handle_run_result(self, event: AgentRunResultEvent[Any]) -> AsyncIterator[EventT]:
        """The run ended well."""
        return _nothing()


async def _nothing() -> AsyncIterator[Any]:
    """No events."""
    for event in ():
        yield event


async def _told(on_complete: OnCompleteFunc[Any] | None, result: AgentRunResult[Any]) -> AsyncIterator[Any]:
    """Gives the application the result; a function that blocks runs beside the loop."""
    if inspect.isasyncgenfunction(on_complete):
        async for event in on_complete(result):
            yield event
    elif inspect.iscoroutinefunction(on_complete):
        await on_complete(result)
    elif on_complete is not None:
        await asyncio.to_thread(cast("Callable[[Any], None]", on_complete), result)


def _same_kind(part: object, neighbour: str | None, relation: str) -> dict[str, bool]:
    """`follows_text=True` and the like: whether a part continues, or is continued by, one of its own kind."""
    kind = _JOINED.get(type(part))
    return {f"{relation}_{kind}": neighbour == kind} if kind else {}


_JOINED: dict[type, str] = {TextPart: "text", ThinkingPart: "thinking"}
_EVENT_HOOKS: dict[type, str] = {
    PartStartEvent: "handle_part_start",
    PartDeltaEvent: "handle_part_delta",
    PartEndEvent: "handle_part_end",
    FinalResultEvent: "handle_final_result",
    FunctionToolCallEvent: "handle_function_tool_call",
    FunctionToolResultEvent: "handle_function_tool_result",
    AgentRunResultEvent: "handle_run_result",
}
_START_HOOKS: dict[type, str] = {
    TextPart: "handle_text_start",
    ThinkingPart: "handle_thinking_start",
    ToolCallPart: "handle_tool_call_start",
    BuiltinToolCallPart: "handle_builtin_tool_call_start",
    BuiltinToolReturnPart: "handle_builtin_tool_return",
    FilePart: "handle_file",
    CompactionPart: "handle_compaction",
}
_DELTA_HOOKS: dict[type, str] = {
    TextPartDelta: "handle_text_delta",
    ThinkingPartDelta: "handle_thinking_delta",
    ToolCallPartDelta: "handle_tool_call_delta",
}
_END_HOOKS: dict[type, str] = {
    TextPart: "handle_text_end",
    ThinkingPart: "handle_thinking_end",
    ToolCallPart: "handle_tool_call_end",
    BuiltinToolCallPart: "handle_builtin_tool_call_end",
}


async def close_stream(stream: Any) -> None:
    """Close an iterator that can be closed."""
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()


def starlette_response(
    body: AsyncIterator[str], content_type: str, headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    """A Starlette response that streams `body`, and closes it when the client goes away. `UserError` where Starlette is not installed."""
    try:
        from playhead.ui._response import OwningResponse
    except ImportError as error:
        raise UserError("Streaming responses need Starlette. Install it: pip install 'playhead[server]'") from error
    return OwningResponse(body, headers=headers, media_type=content_type)


def describe_file(file: MultiModalContent) -> str:
    """What stands for a file where a protocol carries only text."""
    if isinstance(file, FileUrl):
        return f"[File: {file.url}]"
    return f"[File: {file.media_type if isinstance(file, BinaryContent) else file.file_id}]"
