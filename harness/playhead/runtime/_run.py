"""A run in progress: the graph, one node after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic

from playhead.context import AgentDepsT
from playhead.exceptions import UserError
from playhead.messages import ModelMessage, ModelMessagesTypeAdapter
from playhead.output import OutputDataT
from playhead.runtime._final import End, FinalResult
from playhead.runtime._nodes import AgentNode, CallToolsNode, ModelRequestNode
from playhead.runtime._result import AgentRunResult
from playhead.runtime._state import EventStreamHandler, GraphRunContext
from playhead.usage import RunUsage


class AgentRun(Generic[AgentDepsT, OutputDataT]):
    """A run that is taken node by node: iterate it, or say with `next` which node runs.

    Iteration gives each node before it runs, then `End`. `result` is None until then.
    """

    def __init__(
        self,
        ctx: GraphRunContext[AgentDepsT, OutputDataT],
        first: AgentNode[AgentDepsT, OutputDataT],
        handler: EventStreamHandler[Any] | None = None,
    ) -> None:
        self._ctx = ctx
        self._handler = handler
        self._next: AgentNode[AgentDepsT, OutputDataT] | End[FinalResult[OutputDataT]] = first
        self._started = False

    @property
    def ctx(self) -> GraphRunContext[AgentDepsT, OutputDataT]:
        """What nodes are handed: `node.stream(run.ctx)`."""
        return self._ctx

    @property
    def next_node(self) -> AgentNode[AgentDepsT, OutputDataT] | End[FinalResult[OutputDataT]]:
        """The node that runs next; before the first, that one."""
        return self._next

    @property
    def result(self) -> AgentRunResult[OutputDataT] | None:
        """The run's result, once it has one."""
        if not isinstance(self._next, End):
            return None
        final = self._next.data
        return AgentRunResult(final.output, final.tool_name, self._ctx.state, self._ctx.deps.new_message_index)

    def all_messages(self) -> list[ModelMessage]:
        """All messages so far."""
        return self._ctx.state.message_history

    def all_messages_json(self, *, output_tool_return_content: str | None = None) -> bytes:
        """`all_messages` as JSON."""
        return ModelMessagesTypeAdapter.dump_json(self.all_messages())

    def new_messages(self) -> list[ModelMessage]:
        """The messages of this run so far."""
        return self.all_messages()[self._ctx.deps.new_message_index :]

    def new_messages_json(self) -> bytes:
        """`new_messages` as JSON."""
        return ModelMessagesTypeAdapter.dump_json(self.new_messages())

    def usage(self) -> RunUsage:
        """What the run has cost so far."""
        return self._ctx.state.usage

    @property
    def run_id(self) -> str:
        """The run's identifier."""
        return self._ctx.state.run_id

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The run's metadata."""
        return self._ctx.state.metadata

    def __aiter__(self) -> AsyncIterator[AgentNode[AgentDepsT, OutputDataT] | End[FinalResult[OutputDataT]]]:
        return self

    async def __anext__(self) -> AgentNode[AgentDepsT, OutputDataT] | End[FinalResult[OutputDataT]]:
        """The next node, before it runs; the one given out last is run first."""
        if not self._started:
            self._started = True
            return self._next
        if isinstance(self._next, End):
            raise StopAsyncIteration
        return await self._advance(self._next)

    async def next(
        self, node: AgentNode[AgentDepsT, OutputDataT]
    ) -> AgentNode[AgentDepsT, OutputDataT] | End[FinalResult[OutputDataT]]:
        """Run `node`: what comes after it. It may be another than `next_node`. `UserError` after the end of the run."""
        if isinstance(node, End):
            raise UserError(
                "The run is over: nothing comes after an `End`. Look for it with `Agent.is_end_node(node)`, or with "
                "`isinstance(node, End)` where `End` is `playhead.End`, not another library's."
            )
        self._started = True
        return await self._advance(node)

    async def _advance(
        self, node: AgentNode[AgentDepsT, OutputDataT]
    ) -> AgentNode[AgentDepsT, OutputDataT] | End[FinalResult[OutputDataT]]:
        if self._handler is not None and isinstance(node, (ModelRequestNode, CallToolsNode)):
            await node.show(self._ctx, self._handler)
        self._next = await node.run(self._ctx)
        return self._next

    def __repr__(self) -> str:
        result = "<run not finished>" if self.result is None else repr(self.result.output)
        return f"<AgentRun result={result} usage={self.usage()!r}>"


@dataclass
class _Captured:
    """The messages of the first run in a `capture_run_messages` block."""

    messages: list[ModelMessage]
    used: bool = field(default=False)


_captured: ContextVar[_Captured | None] = ContextVar("playhead_captured_messages", default=None)


@contextmanager
def capture_run_messages() -> Generator[list[ModelMessage]]:
    """The messages of the first run in the block, also when it fails. Blocks inside each other share their list."""
    captured = _captured.get()
    if captured is not None:
        yield captured.messages
        return
    captured = _Captured([])
    token = _captured.set(captured)
    try:
        yield captured.messages
    finally:
        _captured.reset(token)


def run_messages() -> list[ModelMessage]:
    """The list that a new run keeps its messages in: the one that is being captured, for the first run."""
    captured = _captured.get()
    if captured is None or captured.used:
        return []
    captured.used = True
    return captured.messages
