"""The same for programs without an event loop: each step runs in a loop of the calling thread."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from playhead.context import AgentDepsT
from playhead.loops import event_loop, finish
from playhead.messages import ModelMessage, ModelResponse
from playhead.output import OutputDataT
from playhead.runtime._result import StreamedRunResult
from playhead.usage import RunUsage

T = TypeVar("T")


def run_blocking(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. `RuntimeError` inside a running event loop."""
    loop = event_loop()
    try:
        return loop.run_until_complete(work)
    except RuntimeError as error:
        # Asked afterwards: loops that are patched to run inside each other are fine.
        if loop.is_running() and inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
            error.add_note(_AWAIT_INSTEAD)
        raise
    finally:
        work.close()  # where it could not even begin


_AWAIT_INSTEAD = "Blocking calls are for code without an event loop: here `await agent.run(...)` or `async with agent.run_stream(...)`."


def iterate_blocking(items: AsyncGenerator[T]) -> Iterator[T]:
    """`items`, one step of the loop for each."""
    loop = event_loop()
    try:
        while True:
            try:
                yield loop.run_until_complete(items.__anext__())
            except StopAsyncIteration:
                return
    finally:
        finish(loop, _close(items))


class StreamedRunResultSync(Generic[AgentDepsT, OutputDataT]):
    """A run whose output arrives, with plain iterators. See `StreamedRunResult`, whose methods these are.

    It may be used in a `with`: leaving that closes the model's stream. Without, the stream is closed when the output is
    complete, or when nobody holds the result any more.
    """

    _opened: AbstractAsyncContextManager[Any] | None = None
    _loop: asyncio.AbstractEventLoop

    def __init__(self, streamed_run_result: StreamedRunResult[AgentDepsT, OutputDataT]) -> None:
        self._streamed_run_result = streamed_run_result

    @classmethod
    def open(
        cls, opened: AbstractAsyncContextManager[StreamedRunResult[AgentDepsT, OutputDataT]]
    ) -> StreamedRunResultSync[AgentDepsT, OutputDataT]:
        """Take a run to the beginning of its output."""
        result = cls(run_blocking(_enter(opened)))
        result._opened, result._loop = opened, event_loop()
        return result

    def close(self) -> None:
        """Close the model's stream. Using the result afterwards works on what was read."""
        opened, self._opened = self._opened, None
        if opened is not None:
            run_blocking(_leave(opened))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            run_blocking(_leave(opened, kind, error, traceback))

    def __del__(self) -> None:
        opened, self._opened = self._opened, None
        if opened is None:
            return
        try:
            finish(self._loop, _leave(opened))
        except Exception:
            pass  # the interpreter ends, or the thread has no loop any more

    # ----------------------------------------------------------------- messages
    def all_messages(self, *, output_tool_return_content: str | None = None) -> list[ModelMessage]:
        """All messages; the reply that is arriving is among them once the run is complete."""
        return self._streamed_run_result.all_messages(output_tool_return_content=output_tool_return_content)

    def all_messages_json(self, *, output_tool_return_content: str | None = None) -> bytes:
        """`all_messages` as JSON."""
        return self._streamed_run_result.all_messages_json(output_tool_return_content=output_tool_return_content)

    def new_messages(self, *, output_tool_return_content: str | None = None) -> list[ModelMessage]:
        """The messages of this run."""
        return self._streamed_run_result.new_messages(output_tool_return_content=output_tool_return_content)

    def new_messages_json(self, *, output_tool_return_content: str | None = None) -> bytes:
        """`new_messages` as JSON."""
        return self._streamed_run_result.new_messages_json(output_tool_return_content=output_tool_return_content)

    # ----------------------------------------------------------------- views
    def stream_output(self, *, debounce_by: float | None = 0.1, progressive: bool = False) -> Iterator[OutputDataT]:
        """The output as it grows; at the end the complete one, validated."""
        return self._iterate(self._streamed_run_result.stream_output(debounce_by=debounce_by, progressive=progressive))

    def stream_text(self, *, delta: bool = False, debounce_by: float | None = 0.1) -> Iterator[str]:
        """The text: all of it so far each time, or only what is new (`delta`)."""
        return self._iterate(self._streamed_run_result.stream_text(delta=delta, debounce_by=debounce_by))

    def stream_responses(self, *, debounce_by: float | None = 0.1) -> Iterator[tuple[ModelResponse, bool]]:
        """The reply so far, and whether that was the last."""
        return self._iterate(self._streamed_run_result.stream_responses(debounce_by=debounce_by))

    def get_output(self) -> OutputDataT:
        """The complete output, validated. Reads the rest of the reply."""
        output = run_blocking(self._streamed_run_result.get_output())
        self.close()
        return output

    def validate_response_output(self, message: ModelResponse, *, allow_partial: bool = False) -> OutputDataT:
        """The output of `message`. Completes nothing."""
        return run_blocking(self._streamed_run_result.validate_response_output(message, allow_partial=allow_partial))

    def _iterate(self, items: AsyncGenerator[T]) -> Iterator[T]:
        yield from iterate_blocking(items)
        if self.is_complete:
            self.close()

    # ----------------------------------------------------------------- state
    @property
    def response(self) -> ModelResponse:
        """The reply so far."""
        return self._streamed_run_result.response

    def usage(self) -> RunUsage:
        """What the run has cost so far."""
        return self._streamed_run_result.usage()

    def timestamp(self) -> datetime:
        """When the reply was made."""
        return self._streamed_run_result.timestamp()

    @property
    def run_id(self) -> str:
        """The run's identifier."""
        return self._streamed_run_result.run_id

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The run's metadata."""
        return self._streamed_run_result.metadata

    @property
    def is_complete(self) -> bool:
        """Whether the output has arrived and the run is complete."""
        return self._streamed_run_result.is_complete


async def _enter(opened: AbstractAsyncContextManager[T]) -> T:
    return await opened.__aenter__()


async def _leave(opened: AbstractAsyncContextManager[Any], *error: Any) -> None:
    await opened.__aexit__(*(error or (None, None, None)))


async def _close(items: AsyncGenerator[Any]) -> None:
    await items.aclose()
