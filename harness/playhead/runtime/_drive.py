"""Takes a run to its end, or to the beginning of its output, or event by event."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from playhead import clock
from playhead.messages import ModelMessage, ModelRequest
from playhead.runtime._calls import Handled, handle_calls
from playhead.runtime._final import End, FinalResult
from playhead.runtime._nodes import CallToolsNode, ModelRequestNode
from playhead.runtime._result import AgentRunResult, AgentRunResultEvent, StreamedRunResult
from playhead.runtime._run import AgentRun
from playhead.runtime._state import EventStreamHandler
from playhead.runtime._stream import AgentStream


async def drive(run: AgentRun[Any, Any], handler: EventStreamHandler[Any] | None) -> AgentRunResult[Any]:
    """To the end. The handler may return early: the node goes on without it."""
    node = run.next_node
    while not isinstance(node, End):
        if handler is not None and isinstance(node, (ModelRequestNode, CallToolsNode)):
            await node.show(run.ctx, handler)
        node = await run.next(node)
    assert run.result is not None
    return run.result


@asynccontextmanager
async def drive_stream(
    run: AgentRun[Any, Any], handler: EventStreamHandler[Any] | None
) -> AsyncGenerator[StreamedRunResult[Any, Any]]:
    """To the beginning of the output. Replies before are handled whole; after it nothing is read but what is asked for."""
    node = run.next_node
    while not isinstance(node, End):
        if isinstance(node, ModelRequestNode):
            async with node.stream(run.ctx) as stream:
                if handler is None:
                    found = await stream.until_final()
                else:
                    shown = _UntilFinal(stream)
                    await handler(run.ctx.run_context(), shown.events())
                    found = shown.exhausted
                if found:
                    yield _streamed(run, stream)
                    return
                async for _ in stream:  # the handler has seen enough: this reply is handled whole
                    pass
        elif handler is not None and isinstance(node, CallToolsNode):
            await node.show(run.ctx, handler)
        node = await run.next(node)
    deps = run.ctx.deps
    yield StreamedRunResult(list(run.all_messages()), deps.new_message_index, run_result=run.result)


def _streamed(run: AgentRun[Any, Any], stream: AgentStream[Any, Any]) -> StreamedRunResult[Any, Any]:
    async def complete(messages: list[ModelMessage]) -> None:
        """The output is there: handle what the reply asks for beside it."""
        output = await stream.get_output()
        final = stream.final_result_event
        assert final is not None
        calls = stream.response.tool_calls
        handled = Handled(final=FinalResult(output, final.tool_name, final.tool_call_id))
        if calls:
            events = handle_calls(run.ctx, calls, handled)
            try:
                async for _ in events:
                    pass
            finally:
                await events.aclose()
        if parts := handled.all_parts():
            messages.append(ModelRequest(parts=parts, run_id=run.run_id, timestamp=clock.now()))

    history = list(run.all_messages())
    return StreamedRunResult(history, run.ctx.deps.new_message_index, stream, complete)


async def event_stream(opened: AbstractAsyncContextManager[AgentRun[Any, Any]]) -> AsyncGenerator[Any]:
    """Every event of a run, then its result. Closing this ends the run where it is."""
    async with opened as run:
        node = run.next_node
        while not isinstance(node, End):
            if isinstance(node, (ModelRequestNode, CallToolsNode)):
                async with node.stream(run.ctx) as events:
                    async for event in events:
                        yield event
            node = await run.next(node)
        result: Any = run.result
    yield AgentRunResultEvent(result)


class _UntilFinal:
    """The events up to the one that says the output has begun. `exhausted`: the handler has asked for more."""

    def __init__(self, stream: AgentStream[Any, Any]) -> None:
        self._stream = stream
        self.exhausted = False

    async def events(self) -> AsyncGenerator[Any]:
        async for event in self._stream:
            yield event
            if self._stream.final_result_event is event:
                self.exhausted = True
                return
