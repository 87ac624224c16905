"""A reply that arrives: its events with the moment the output begins, and the views of it that a program streams.

Layers: the model's events, then `MarkedStream` (adds `FinalResultEvent`, keeps back what is not for the program), then
the view. No layer makes a task, a queue or a copy for an event; each closes the one below in its `finally`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic

from pydantic import ValidationError

from playhead.context import AgentDepsT
from playhead.exceptions import (
    ModelRetry,
    ToolRetryError,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
    UserError,
)
from playhead.messages import (
    BuiltinToolCallPart,
    DeferredToolRequests,
    FinalResultEvent,
    ModelRequestParameters,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
)
from playhead.models import StreamedResponse
from playhead.output import OutputDataT
from playhead.runtime._debounce import Collector
from playhead.runtime._marked import MarkedStream
from playhead.runtime._partials import Partials
from playhead.runtime._state import GraphRunContext
from playhead.stream import Fold
from playhead.tools import ToolManager
from playhead.usage import RunUsage

_STREAM_FAILED = "Output validation failed during streaming, and retries are not supported in `run_stream()`"


async def _nothing() -> None:
    """What is to be done at the end of a view that stands alone."""


class AgentStream(Generic[AgentDepsT, OutputDataT]):
    """One reply of the model while it arrives. Iterate it for events, or stream text, output or responses from it.

    Views share the one stream: a second one goes on where the first stopped, and begins with what has arrived.
    """

    def __init__(
        self,
        streamed: StreamedResponse,
        parameters: ModelRequestParameters,
        ctx: GraphRunContext[AgentDepsT, OutputDataT],
    ) -> None:
        self._streamed = streamed
        self._marked = MarkedStream(streamed, parameters)
        self._ctx = ctx
        self._usage_before = ctx.state.usage + RunUsage()
        self.limit_exceeded = False
        """Whether the reply was broken off because it went over a limit."""
        self._stays_open = False  # whether a view that ends leaves the stream to the next
        self._collector: Collector[ModelResponseStreamEvent] | None = None
        self._output: Any = None  # an output that is None is made anew each time, as in the reference

    # ----------------------------------------------------------------- events
    def __aiter__(self) -> AsyncIterator[ModelResponseStreamEvent]:
        """The events, each once. `UsageLimitExceeded` as soon as the reply goes over a limit on tokens."""
        if not self._ctx.deps.usage_limits.has_token_limits():
            return self._events()
        return self._checked()

    async def iterated(self) -> AsyncGenerator[ModelResponseStreamEvent]:
        """The events for a handler, who may leave early without ending the stream."""
        async for event in self:
            yield event

    def _events(self) -> AsyncGenerator[ModelResponseStreamEvent]:
        collector = self._collector
        if collector is not None and (collector.reading or collector.ended):
            return self._after_collector(collector)
        return self._marked.events()

    async def _checked(self) -> AsyncGenerator[ModelResponseStreamEvent]:
        if self.limit_exceeded:  # said once; what arrived until then can still be used
            return
        async for event in self._events():
            self._check_limits()
            yield event

    async def _after_collector(
        self, collector: Collector[ModelResponseStreamEvent]
    ) -> AsyncGenerator[ModelResponseStreamEvent]:
        """The event that a debounced view was waiting for when it was left comes first."""
        for event in await collector.settle():
            yield event
        async for event in self._marked.events():
            yield event

    @property
    def final_result_event(self) -> FinalResultEvent | None:
        """The event that said the output has begun; None before."""
        return self._marked.final

    async def until_final(self) -> bool:
        """Read as far as the output begins. False where the reply ends without one."""
        if self._marked.final is None:
            async for event in self:
                if isinstance(event, FinalResultEvent):
                    return True
        return self._marked.final is not None

    async def aclose(self) -> None:
        """Stop. The model's stream is closed, and no read is under way, when this returns."""
        try:
            if self._collector is not None:
                await self._collector.cancel()
        finally:
            await self._marked.aclose()

    def _groups(
        self, debounce_by: float, *, waiting: bool = False, check: Callable[[], None] | None = None
    ) -> AsyncGenerator[list[ModelResponseStreamEvent]]:
        if self._collector is None:
            self._collector = Collector(self._marked.events())
        return self._collector.groups(debounce_by, waiting=waiting, check=check)

    # ----------------------------------------------------------------- state
    @property
    def ctx(self) -> GraphRunContext[AgentDepsT, OutputDataT]:
        """The run's state and what was declared for it."""
        return self._ctx

    @property
    def fold(self) -> Fold:
        """The reply so far, as the reducer holds it."""
        return self._streamed.fold

    @property
    def touched(self) -> bool:
        """Whether anything was read of the stream."""
        return self._marked.begun

    @property
    def response(self) -> ModelResponse:
        """The reply so far."""
        return self._streamed.get()

    def get(self) -> ModelResponse:
        """The reply so far."""
        return self._streamed.get()

    def usage(self) -> RunUsage:
        """What the run has cost so far, with this reply as far as it has come."""
        return self._usage_before + self._streamed.usage()

    def timestamp(self) -> datetime:
        """When the reply was made."""
        return self._streamed.timestamp

    @property
    def run_id(self) -> str:
        """The run's identifier."""
        return self._ctx.state.run_id

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The run's metadata."""
        return self._ctx.state.metadata

    # ----------------------------------------------------------------- views
    def stream_text(self, *, delta: bool = False, debounce_by: float | None = 0.1) -> AsyncGenerator[str]:
        """The text: all of it so far each time, or only what is new (`delta`).

        Pieces that come within `debounce_by` seconds are joined; None hands out each. Output validators see the text
        (with `ctx.partial_output`), but not deltas. `UserError` where the output is not text alone.
        """
        return self.stream_text_then(_nothing, delta=delta, debounce_by=debounce_by)

    def stream_text_then(
        self, then: Callable[[], Awaitable[None]], *, delta: bool, debounce_by: float | None
    ) -> AsyncGenerator[str]:
        """`stream_text`, with something to do at its end: an item does not pass through one more generator for it."""
        if not self._ctx.deps.output_schema.text_only or isinstance(self._output, str):
            return self._known_text(then)
        if delta:
            return self._text_pieces(then) if debounce_by is None else self._grouped_text(debounce_by, then)
        pieces = self._text_pieces() if debounce_by is None else self._grouped_text(debounce_by)
        return self._whole_text(pieces, then)

    async def _known_text(self, then: Callable[[], Awaitable[None]]) -> AsyncGenerator[str]:
        if not self._ctx.deps.output_schema.text_only:
            raise UserError("stream_text() can only be used with text responses")
        yield self._output
        await then()

    async def _whole_text(
        self, pieces: AsyncGenerator[str], then: Callable[[], Awaitable[None]]
    ) -> AsyncGenerator[str]:
        """All text so far for each piece, as the validators make it."""
        validators = self._ctx.deps.output_validators
        text = ""
        try:
            async for piece in pieces:
                text += piece
                validated: Any = text
                if validators:
                    partial = replace(self._ctx.run_context(), partial_output=True)
                    try:
                        validated = await _validate_with(validators, text, partial)
                    except ModelRetry:
                        continue  # not good yet; whether it is at the end is asked at the end
                yield validated
        finally:
            await pieces.aclose()
        await then()

    async def _text_pieces(self, then: Callable[[], Awaitable[None]] = _nothing) -> AsyncGenerator[str]:
        """What has arrived, a piece for each part; then each piece as it comes."""
        for part in self._streamed.fold.parts():
            if isinstance(part, TextPart) and part.content:
                yield part.content
        separate = False
        # Closing this leaves the stream open: whoever comes next goes on with it.
        async for event in self._events():
            if type(event) is PartDeltaEvent:
                delta = event.delta
                if type(delta) is TextPartDelta and (piece := delta.content_delta):
                    separate = True
                    yield piece
            elif isinstance(event, PartStartEvent) and (piece := _piece_of(event.part, separate)):
                separate = isinstance(event.part, TextPart)
                yield piece
        await then()

    async def _grouped_text(
        self, debounce_by: float, then: Callable[[], Awaitable[None]] = _nothing
    ) -> AsyncGenerator[str]:
        waiting = [part.content for part in self._streamed.fold.parts() if isinstance(part, TextPart) and part.content]
        separate = False
        groups = self._groups(debounce_by, waiting=bool(waiting))
        try:
            async for events in groups:
                for event in events:
                    if isinstance(event, PartDeltaEvent):
                        if isinstance(event.delta, TextPartDelta) and event.delta.content_delta:
                            separate = True
                            waiting.append(event.delta.content_delta)
                    elif isinstance(event, PartStartEvent) and (piece := _piece_of(event.part, separate)):
                        waiting.append(piece)
                        separate = isinstance(event.part, TextPart)
                if waiting:
                    yield "".join(waiting)
                    waiting.clear()
            if waiting:
                yield "".join(waiting)
        finally:
            await groups.aclose()
        await then()

    async def stream_responses(self, *, debounce_by: float | None = 0.1) -> AsyncGenerator[ModelResponse]:
        """The reply so far: at once if there is anything, then after each event, or each group of events.

        Closing this early closes the model's stream.
        """
        states = self._states(debounce_by)
        try:
            async for _ in states:
                yield self.response
        finally:
            await states.aclose()

    async def _states(self, debounce_by: float | None) -> AsyncGenerator[None]:
        """One item for each state of the reply to look at."""
        try:
            if any(part.has_content() for part in self._streamed.fold.parts()):
                yield
            if debounce_by is None:
                async for _ in self:
                    yield
            elif not self.limit_exceeded:
                groups = self._groups(debounce_by, check=self._check_limits)
                try:
                    async for _ in groups:
                        yield
                finally:
                    await groups.aclose()
        except GeneratorExit:
            if not self._stays_open and not _is_collected():
                await self.aclose()
            raise

    def _check_limits(self) -> None:
        limits = self._ctx.deps.usage_limits
        if limits.has_token_limits():
            try:
                limits.check_tokens(self.usage())
            except UsageLimitExceeded:
                self.limit_exceeded = True
                raise

    async def stream_output(
        self, *, debounce_by: float | None = 0.1, progressive: bool = False
    ) -> AsyncGenerator[OutputDataT]:
        """The output as it grows, each time validated as far as it has come; at the end the complete one, validated.

        What does not validate yet is left out: a partial never raises. With `progressive`, models and dataclasses are
        filled field by field as they arrive, without validation (`model_fields_set` tells what has come). Closing this
        early closes the model's stream.
        """
        if self._output is not None:
            yield deepcopy(self._output)
            return
        partials = Partials(self, progressive=progressive)
        states = self._states(debounce_by)
        try:
            async for _ in states:
                if self._marked.final is None:
                    continue
                try:
                    value = await partials.look()
                except Exception:  # a validator's own error: whoever catches it may go on with the stream
                    self._stays_open = True
                    raise
                if value is not partials.NOTHING:
                    yield value
        finally:
            await states.aclose()
            self._stays_open = False
        if self._marked.final is not None:
            self._output = await self.validate_response_output(self.response)
            yield deepcopy(self._output)

    async def get_output(self) -> OutputDataT:
        """The complete output, validated. Reads the rest of the reply."""
        if self._output is None:
            async for _ in self:
                pass
            self._output = await self.validate_response_output(self.response)
        return deepcopy(self._output)

    async def validate_response_output(self, message: ModelResponse, *, allow_partial: bool = False) -> OutputDataT:
        """The output of `message`. Completes nothing, and asks nothing again.

        Raises `UnexpectedModelBehavior` for an output that is not valid; with `allow_partial` the `ValidationError` or
        `ModelRetry` itself.
        """
        if self._marked.final is None:
            raise UnexpectedModelBehavior("Invalid response, unable to find output")
        try:
            return await self._validated(message, self._marked.final.tool_name, allow_partial)
        except (ValidationError, ModelRetry) as error:
            if allow_partial:
                raise
            raise UnexpectedModelBehavior(_STREAM_FAILED) from error

    async def _validated(self, message: ModelResponse, tool_name: str | None, allow_partial: bool) -> Any:
        deps = self._ctx.deps
        try:
            if tool_name is not None:
                call = next((part for part in message.tool_calls if part.tool_name == tool_name), None)
                if call is None:
                    raise UnexpectedModelBehavior(f"Invalid response, unable to find tool call for {tool_name!r}")
                try:
                    return await deps.tool_manager.handle_call(
                        call, allow_partial=allow_partial, wrap_validation_errors=False
                    )
                except (ValidationError, ModelRetry) as error:
                    _check_retries(deps.tool_manager, call, error)
                    raise
            if requests := self._deferred(message):
                if not deps.output_schema.allows_deferred_tools:
                    from playhead.runtime._calls import DEFERRED_NOT_ALLOWED

                    raise UserError(DEFERRED_NOT_ALLOWED)
                return requests
            # A stream has no retries, so there is none to count.
            context = replace(self._ctx.run_context(), partial_output=allow_partial)
            if deps.output_schema.allows_image and message.images:
                return await _validate_with(deps.output_validators, message.images[0], context)
            output = await deps.output_schema.process_text(
                text_of(message), context, allow_partial=allow_partial, wrap_validation_errors=False
            )
            return await _validate_with(deps.output_validators, output, context)
        except ToolRetryError as error:  # a retry prompt is the runtime's own: the caller gets what asked for it
            cause = error.__cause__
            if isinstance(cause, (ValidationError, ModelRetry)):
                raise cause from None
            content = error.tool_retry.content
            raise ModelRetry(content if isinstance(content, str) else str(error)) from error

    def _deferred(self, message: ModelResponse) -> DeferredToolRequests | None:
        requests = DeferredToolRequests()
        for call in message.tool_calls:
            definition = self._ctx.deps.tool_manager.get_tool_def(call.tool_name)
            if definition is not None and definition.kind == "unapproved":
                requests.approvals.append(call)
            elif definition is not None and definition.kind == "external":
                requests.calls.append(call)
        return requests if requests.calls or requests.approvals else None


def _is_collected() -> bool:
    """Whether a view is closed because nobody holds it any more: the loop does that in a task made for it.

    After a `break` the program may go on with another view, which must find the stream open.
    """
    task = asyncio.current_task()
    return task is None or type(task.get_coro()).__name__ == "async_generator_athrow"


def text_of(message: ModelResponse) -> str:
    """The text that may be an output: what came before a call of a native tool was thinking aloud."""
    text = ""
    for part in message.parts:
        if isinstance(part, TextPart):
            text += part.content
        elif isinstance(part, BuiltinToolCallPart):
            text = ""
    return text


def _check_retries(manager: ToolManager[Any], call: ToolCallPart, error: Exception) -> None:
    """A stream has no retries; where the output tool has none left either, that is what the error says."""
    tool = (manager.tools or {}).get(call.tool_name)
    retry = manager.ctx.retries.get(call.tool_name, 0) if manager.ctx is not None else 0
    if tool is not None and retry >= tool.max_retries:
        raise UnexpectedModelBehavior(
            f"Tool {call.tool_name!r} exceeded max retries count of {tool.max_retries}"
        ) from error


async def _validate_with(validators: list[Any], output: Any, context: Any) -> Any:
    for validator in validators:
        output = await validator.validate(output, context, wrap_validation_errors=False)
    return output


def _piece_of(part: Any, after_text: bool) -> str | None:
    """The text that a part begins with; an empty line where a call of a native tool interrupts text."""
    if isinstance(part, TextPart):
        return part.content
    return "\n\n" if after_text and isinstance(part, BuiltinToolCallPart) else None
