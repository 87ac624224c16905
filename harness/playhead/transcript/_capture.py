"""One run, captured: `capture_run` drives an agent and folds what it emits into a transcript.

Structural, like the fold: an agent is what has `iter`, `run_stream` and `run` with PydanticAI's meaning, so Playhead's
agents and pydantic-ai's (1.x and 2.x) are driven alike, and neither is imported here.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import Any, Literal, TypeAlias, TypeVar, cast

from pydantic import ValidationError

from playhead import clock
from playhead.exceptions import AgentRunError, PlayheadError
from playhead.loops import event_loop
from playhead.transcript._fold import TranscriptFold
from playhead.transcript._growth import Growth
from playhead.transcript._transcript import Entry, Transcript
from playhead.transcript._values import get

__all__ = ["How", "blocking", "capture_run", "capture_run_sync", "usage_of"]

How: TypeAlias = Literal["events", "stream", "run"]
_T = TypeVar("_T")


async def capture_run(
    agent: Any, prompt: Any = None, *, how: How = "events", partials: bool = True, **run_kwargs: Any
) -> Transcript:
    """Run `agent` once and return everything it did, in one pass.

    `how` is the way to run: `events` goes through the whole graph by `iter` and streams each reply; `stream` is
    `run_stream`, which ends with the first reply that can be the output; `run` does not stream. With `partials`, each
    change of a reply is validated as a partial output, as `stream_output(debounce_by=None)` does; validators are called for
    them. `run_kwargs` go to the agent's method.

    What makes the run fail is the transcript's `error`. Raised are what a test must not overlook: a request without a
    recording, a script that does not fit, a failed assertion, an API used wrongly.
    """
    try:
        drive = _WAYS[how]
    except KeyError:
        raise ValueError(f'how={how!r} is no way to run an agent; there are "events", "stream" and "run"') from None
    capture = _Capture(agent, partials)
    return await drive(capture, prompt, run_kwargs)


def capture_run_sync(
    agent: Any, prompt: Any = None, *, how: How = "events", partials: bool = True, **run_kwargs: Any
) -> Transcript:
    """`capture_run` for tests that are not async. `RuntimeError` inside a running event loop."""
    return blocking(lambda: capture_run(agent, prompt, how=how, partials=partials, **run_kwargs), "capture_run")


class _Capture:
    """What the ways to run share: the fold, its times, and the handling of errors."""

    def __init__(self, agent: Any, partials: bool) -> None:
        self.agent = agent
        self.partials = partials
        self.fold = TranscriptFold(together_ms=None if _is_ours(agent) else _TOGETHER_MS)
        self.began = clock.monotonic()
        self.last_parts: list[Any] | None = None
        self.final = False

    def at(self) -> float:
        return (clock.monotonic() - self.began) * 1000

    async def partial(self, source: Any, response: Any) -> None:
        """Validate `response` as far as it is there, if its parts have changed."""
        parts = list(get(response, "parts") or ())
        if not self.partials or not self.final or parts == self.last_parts:
            return
        self.last_parts = parts
        try:
            value = await source.validate_response_output(response, allow_partial=True)
        except ValidationError:
            return
        except Exception as error:
            if _is(error, "ModelRetry", "ToolRetryError", "UnexpectedModelBehavior"):
                return
            raise
        self.fold.partial(value, self.at())

    def output(self, value: Any) -> None:
        """The output; where partial outputs came before it, it is the last of them."""
        self.fold.output(value)
        requests = self.fold.transcript.requests
        if self.partials and self.final and requests:
            requests[-1].entries.append(Entry("partial", value, self.at()))

    def close(self, *, messages: Any, usage: Any, error: BaseException | None = None) -> Transcript:
        return self.fold.close(messages=messages, usage=usage, error=error, at_ms=self.at())

    def failed(self, error: Exception, messages: Any, usage: Any) -> Transcript:
        if not _belongs_to_run(error):
            raise error
        return self.close(messages=messages, usage=usage, error=error)


# --------------------------------------------------------------------------- the ways to run
async def _events(capture: _Capture, prompt: Any, run_kwargs: dict[str, Any]) -> Transcript:
    opened = capture.agent.iter(prompt, **run_kwargs)
    capture.fold.transcript.history = len(run_kwargs.get("message_history") or ())
    run: Any = None
    with _captured_messages(capture.agent) as captured:
        try:
            async with opened as run:
                async for node in run:
                    if not hasattr(node, "stream"):
                        continue
                    if hasattr(node, "model_response"):
                        async with node.stream(run.ctx) as events:
                            async for event in events:
                                capture.fold.feed(event, capture.at())
                    elif hasattr(node, "request"):
                        await _reply(capture, run, node)
        except Exception as error:
            return capture.failed(error, _new(captured, run_kwargs), usage_of(run))
        if run.result is not None:
            capture.output(run.result.output)
        messages = run.new_messages()
        return capture.close(messages=messages, usage=usage_of(run))


async def _reply(capture: _Capture, run: Any, node: Any) -> None:
    capture.fold.request(node.request, at_ms=capture.at())
    capture.final, capture.last_parts = False, None
    async with node.stream(run.ctx) as stream:
        try:
            async for event in stream:
                capture.fold.feed(event, capture.at())
                if get(event, "event_kind") == "final_result":
                    capture.final = True
                elif capture.final:
                    await capture.partial(stream, _response_of(stream))
                if get(event, "event_kind") == "final_result":
                    await capture.partial(stream, _response_of(stream))
        finally:
            capture.fold.end_request(_response_of(stream), at_ms=capture.at())


async def _stream(capture: _Capture, prompt: Any, run_kwargs: dict[str, Any]) -> Transcript:
    handler = run_kwargs.pop("event_stream_handler", None) or getattr(capture.agent, "event_stream_handler", None)
    observer = _Observer(capture, handler)
    opened = capture.agent.run_stream(prompt, event_stream_handler=observer, **run_kwargs)
    capture.fold.transcript.history = len(run_kwargs.get("message_history") or ())
    with _captured_messages(capture.agent) as captured:
        result: Any = None
        try:
            async with opened as result:
                if capture.final:
                    await _rest(capture, result, observer.growth)
                capture.output(await result.get_output())
        except Exception as error:
            return capture.failed(error, _new(captured, run_kwargs), usage_of(result))
        return capture.close(messages=result.new_messages(), usage=usage_of(result))


async def _rest(capture: _Capture, result: Any, growth: Growth) -> None:
    """What comes after the final result: `run_stream` shows states only, so the events are what changed between them."""
    states = getattr(result, "stream_response", None) or result.stream_responses
    async with aclosing(states(debounce_by=None)) as found:
        async for state in found:
            response: Any = cast("Any", state)[0] if isinstance(state, tuple) else state
            for event in growth.feed(response):
                capture.fold.feed(event, capture.at())
            await capture.partial(result, response)
    capture.fold.end_request(_response_of(result), at_ms=capture.at())


async def _run(capture: _Capture, prompt: Any, run_kwargs: dict[str, Any]) -> Transcript:
    started = capture.agent.run(prompt, **run_kwargs)
    capture.fold.transcript.history = len(run_kwargs.get("message_history") or ())
    with _captured_messages(capture.agent) as captured:
        try:
            result = await started
        except Exception as error:
            new = _new(captured, run_kwargs)
            capture.fold.read(new)
            return capture.failed(error, new, None)
        capture.fold.read(result.new_messages())
        capture.fold.output(result.output)
        return capture.close(messages=result.new_messages(), usage=usage_of(result))


_Way: TypeAlias = Callable[[_Capture, Any, dict[str, Any]], Coroutine[Any, Any, Transcript]]
_WAYS: dict[str, _Way] = {"events": _events, "stream": _stream, "run": _run}


class _Observer:
    """An event stream handler that folds what it sees, and hands it on to the handler that was there before."""

    def __init__(self, capture: _Capture, handler: Callable[[Any, AsyncIterable[Any]], Awaitable[None]] | None) -> None:
        self._capture = capture
        self._handler = handler
        self.growth = Growth()

    async def __call__(self, context: Any, stream: Any) -> None:
        messages = list(get(context, "messages") or ())
        asks = bool(messages) and get(messages[-1], "kind") == "request"
        if asks:
            self._capture.fold.request(messages[-1], at_ms=self._capture.at())
            self._capture.final = False
            self.growth = Growth()
        seen = self._seen(stream)
        try:
            if self._handler is not None:
                await self._handler(context, seen)
            async for _ in seen:  # a handler may stop early; the run goes on
                pass
        finally:
            if asks and not self._capture.final:
                self._capture.fold.end_request(_response_of(stream), at_ms=self._capture.at())

    async def _seen(self, stream: Any) -> AsyncIterator[Any]:
        async for event in stream:
            self._capture.fold.feed(event, self._capture.at())
            self.growth.note(event)
            if get(event, "event_kind") == "final_result":
                self._capture.final = True
            yield event


# --------------------------------------------------------------------------- what agents have in common
def usage_of(thing: Any) -> Any:
    """The usage of a run or a result: a method in 1.x, an attribute elsewhere."""
    usage = getattr(thing, "usage", None)
    if usage is None or hasattr(usage, "input_tokens"):
        return usage
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return usage() if callable(usage) else usage


def blocking(start: Callable[[], Coroutine[Any, Any, _T]], name: str) -> _T:
    """Run a coroutine to its end on the thread's event loop, which `run_sync` of agents uses too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise RuntimeError(f"{name}_sync was called inside a running event loop; `await {name}(...)` there instead")
    return event_loop().run_until_complete(start())


def _response_of(stream: Any) -> Any:
    return get(stream, "response")


def _new(captured: list[Any], run_kwargs: dict[str, Any]) -> list[Any]:
    return list(captured[len(run_kwargs.get("message_history") or ()) :])


def _captured_messages(agent: Any) -> AbstractContextManager[list[Any]]:
    """`capture_run_messages` of the library the agent is of: a failed run has no other way to say what it did."""
    for base in type(agent).__mro__:
        library = sys.modules.get(base.__module__.partition(".")[0])
        capture = getattr(library, "capture_run_messages", None)
        if capture is not None:
            return cast("AbstractContextManager[list[Any]]", capture())
    return nullcontext([])


_TOGETHER_MS = 50.0
"""Playhead's runtime tells results of tools in a fixed order; pydantic-ai's takes those that are done from a set."""


def _is_ours(agent: Any) -> bool:
    return any(base.__module__.partition(".")[0] == "playhead" for base in type(agent).__mro__)


def _is(error: BaseException, *names: str) -> bool:
    return any(base.__name__ in names for base in type(error).__mro__)


def _belongs_to_run(error: Exception) -> bool:
    """Whether an error is the run's, rather than one of the test's or of its tools."""
    if isinstance(error, PlayheadError) and not isinstance(error, AgentRunError):
        return False
    return not isinstance(error, AssertionError) and not _is(error, "UserError")
