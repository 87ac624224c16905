"""Runs that an application makes of its own accord, captured: nothing about how it runs its agents changes.

For the block, the agent's `iter` and `run_stream` are wrapped on the instance. Each run gets a copy of its model that
hands on every event and folds it; what tools did is read from the messages, and partial outputs are those that the
application itself asked for with `stream_output`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from copy import copy
from typing import Any, cast

from playhead import clock
from playhead.transcript._capture import usage_of
from playhead.transcript._fold import TranscriptFold
from playhead.transcript._transcript import Transcript

__all__ = ["capture_runs"]

# The watch that `run_stream` opened, for the `iter` that it calls.
_opened: ContextVar[_Watch | None] = ContextVar("playhead_opened_watch", default=None)


@contextmanager
def capture_runs(*agents: Any) -> Generator[list[Transcript]]:
    """Capture every run of `agents` inside the block, whoever starts it and in whichever way.

    The list has a transcript for each run, in the order in which they began; a transcript is complete when its run is.
    A run that fails has its `error`, and raises it as always. A streamed run that was left early has no output.
    """
    runs: list[Transcript] = []
    watches: list[_Watch] = []
    replaced: list[tuple[Any, str, Any]] = []
    try:
        for agent in agents:
            for name, wrap in _WRAPPERS.items():
                own = cast("dict[str, Any]", vars(agent))
                replaced.append((agent, name, own.get(name, _ABSENT)))
                setattr(agent, name, wrap(getattr(agent, name), runs, watches))
        yield runs
    finally:
        for watch in watches:
            _finish(watch)
        for agent, name, before in reversed(replaced):
            if before is _ABSENT:
                delattr(agent, name)
            else:
                setattr(agent, name, before)


_ABSENT = object()


class _Watch:
    """One run that is being captured."""

    def __init__(self, runs: list[Transcript], watches: list[_Watch], run_kwargs: dict[str, Any]) -> None:
        self.fold = TranscriptFold(history=len(run_kwargs.get("message_history") or ()))
        self.history = self.fold.transcript.history
        self.began = clock.monotonic()
        self.closed = False
        self.streamed: Any = None
        runs.append(self.fold.transcript)
        watches.append(self)

    def at(self) -> float:
        return (clock.monotonic() - self.began) * 1000

    def close(self, messages: Any, usage: Any, error: BaseException | None = None) -> None:
        if not self.closed:
            self.closed = True
            self.fold.close(messages=messages, usage=usage, error=error, at_ms=self.at())


def _watch_iter(original: Any, runs: list[Transcript], watches: list[_Watch]) -> Any:
    @asynccontextmanager
    async def iter(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
        outer = _opened.get()
        watch = outer or _Watch(runs, watches, kwargs)
        _opened.set(None)
        async with original(*args, **kwargs) as run:
            deps = run.ctx.deps
            deps.model = _watched(deps.model, watch)
            try:
                yield run
            except BaseException as error:
                watch.close(_new_messages(run, watch), usage_of(run), error)
                raise
            if outer is None:
                if run.result is not None:
                    watch.fold.output(run.result.output)
                elif watch.streamed is not None:
                    await _ended(watch, watch.streamed)
                watch.close(_new_messages(run, watch), usage_of(run))

    return iter


def _watch_run_stream(original: Any, runs: list[Transcript], watches: list[_Watch]) -> Any:
    @asynccontextmanager
    async def run_stream(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
        watch = _Watch(runs, watches, kwargs)
        _opened.set(watch)
        result: Any = None
        try:
            async with original(*args, **kwargs) as result:
                watch.streamed = result
                _watch_partials(result, watch)
                yield result
        except BaseException as error:
            watch.close(_messages_of(result), usage_of(result), error)
            raise
        finally:
            _opened.set(None)
        await _ended(watch, result)
        watch.close(_messages_of(result), usage_of(result))

    return run_stream


def _watch_run_stream_sync(original: Any, runs: list[Transcript], watches: list[_Watch]) -> Any:
    def run_stream_sync(*args: Any, **kwargs: Any) -> Any:
        before = len(watches)
        result = original(*args, **kwargs)
        # A blocking result stands around one that is not; where `run_stream` made that, it is watched already.
        inner = getattr(result, "_streamed_run_result", None)
        if inner is not None and len(watches) > before and "stream_output" not in vars(inner):
            watches[before].streamed = inner
            _watch_partials(inner, watches[before])
        return result

    return run_stream_sync


def _finish(watch: _Watch) -> None:
    """A run whose end was not seen: a blocking stream that nobody closes, which pydantic-ai's are."""
    result = watch.streamed
    if watch.closed or result is None:
        return
    if result.is_complete:
        stored = result.get_output()  # there already: it answers without waiting
        try:
            stored.send(None)
        except StopIteration as returned:
            watch.fold.output(returned.value)
        finally:
            stored.close()
    watch.close(_messages_of(result), usage_of(result))


async def _ended(watch: _Watch, result: Any) -> None:
    """The block around a streamed result was left."""
    if result.is_complete:
        watch.fold.output(await result.get_output())
    else:
        watch.fold.transcript.notes.append("left        before the reply was over")


def _watch_partials(result: Any, watch: _Watch) -> None:
    original = result.stream_output

    async def stream_output(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        partials = original(*args, **kwargs)
        try:
            async for value in partials:
                watch.fold.partial(value, watch.at())
                yield value
        finally:
            await partials.aclose()

    result.stream_output = stream_output


def _watched(model: Any, watch: _Watch) -> Any:
    """A copy of `model` that folds what it answers. The copy shares the model's client."""
    watched = copy(model)

    async def request(messages: list[Any], *args: Any, **kwargs: Any) -> Any:
        watch.fold.request(messages[-1], at_ms=watch.at(), streamed=False)
        response = await model.request(messages, *args, **kwargs)
        watch.fold.end_request(response, at_ms=watch.at())
        return response

    @asynccontextmanager
    async def request_stream(messages: list[Any], *args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
        watch.fold.request(messages[-1], at_ms=watch.at())
        async with model.request_stream(messages, *args, **kwargs) as streamed:
            _tee(streamed, watch)
            try:
                yield streamed
            finally:
                watch.fold.end_request(streamed.get(), at_ms=watch.at())

    watched.request = request
    watched.request_stream = request_stream
    return watched


def _tee(streamed: Any, watch: _Watch) -> None:
    """Fold what is iterated from `streamed`. Python looks `__aiter__` up on the class, so the object gets a class of its own."""
    base = cast("Any", type(streamed))

    def __aiter__(self: Any) -> AsyncIterator[Any]:
        tee: Any = getattr(self, "_playhead_tee", None)
        if tee is None:
            tee = self._playhead_tee = fold(base.__aiter__(self))
        return tee

    async def fold(events: Any) -> AsyncGenerator[Any]:
        try:
            async for event in events:
                watch.fold.feed(event, watch.at())
                yield event
        finally:  # nested generators do not close each other
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()

    streamed.__class__ = type(base.__name__, (base,), {"__aiter__": __aiter__, "__module__": base.__module__})


def _new_messages(run: Any, watch: _Watch) -> list[Any]:
    return list(run.all_messages()[watch.history :])


def _messages_of(result: Any) -> list[Any]:
    return list(result.new_messages()) if result is not None else []


_WRAPPERS: dict[str, Any] = {
    "iter": _watch_iter,
    "run_stream": _watch_run_stream,
    "run_stream_sync": _watch_run_stream_sync,
}
