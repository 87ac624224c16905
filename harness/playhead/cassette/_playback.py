"""Plays a recorded response: the same chunks, or others, at once or when they came, and the same end.

One pair of streams (sync and async) per httpx module, made on demand, because a client insists on streams that are
instances of its own module's classes.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from playhead import clock
from playhead.cassette._tape import RecordedResponse
from playhead.chunks import rechunk

__all__ = ["Playback", "async_response", "error_like", "sync_response"]


@dataclass(frozen=True, slots=True)
class Playback:
    """How recordings are played. `speed` divides recorded times; `rechunk` is one of `playhead.chunks.HOW` or None."""

    timing: str = "instant"
    speed: float = 1.0
    rechunk: str | None = None

    def seconds(self, at_ms: float) -> float:
        """When something happens that was recorded `at_ms` milliseconds after the request."""
        return at_ms / 1000 / self.speed if self.timing == "recorded" else 0.0


INSTANT = Playback()


class _Plan:
    """What will happen: pieces with the seconds at which they come, and how it ends."""

    __slots__ = ("chunks", "end", "end_s", "error", "times")

    def __init__(self, response: RecordedResponse, playback: Playback) -> None:
        stream = response.stream
        chunks = response.chunks
        if playback is INSTANT or (playback.rechunk is None and playback.timing != "recorded"):
            self.chunks, self.times = chunks, []
        else:
            at_ms: list[float] = list(response.at_ms)
            if playback.rechunk is not None:
                chunks, at_ms = rechunk(chunks, at_ms, playback.rechunk)
            self.chunks = chunks
            self.times = [playback.seconds(time) for time in at_ms] if playback.timing == "recorded" else []
        self.end = "complete" if stream is None else stream.end
        self.error = None if stream is None else stream.error
        end_ms = 0 if stream is None else stream.end_ms if stream.end_ms is not None else max(stream.at_ms, default=0)
        self.end_s = end_ms / 1000 / playback.speed if self.end == "cancelled" else playback.seconds(end_ms)


def sync_response(module: ModuleType, response: RecordedResponse, playback: Playback = INSTANT) -> Any:
    """The response as an object of `module` (httpx or httpx2); raises what the transport raised when it got none."""
    plan, started = _Plan(response, playback), clock.monotonic()
    if response.is_failure:
        _wait_sync(started + plan.end_s)
        raise error_like(module, plan.error)
    return _response(module, response, _classes(module)[0](module, plan, started))


async def async_response(module: ModuleType, response: RecordedResponse, playback: Playback = INSTANT) -> Any:
    """The same for an async client."""
    plan, started = _Plan(response, playback), clock.monotonic()
    if response.is_failure:
        if plan.end == "cancelled":
            await _outlast(started + plan.end_s)
        await _wait_async(started + plan.end_s)
        raise error_like(module, plan.error)
    return _response(module, response, _classes(module)[1](module, plan, started))


def error_like(module: ModuleType, error: tuple[str, str] | None) -> BaseException:
    """The exception that `module` would have raised, else Python's of that name, else a `TransportError` that names it."""
    name, text = error or ("ReadError", "when this was recorded, the client gave up before an answer came")
    cls: Any = getattr(module, name, None)
    if isinstance(cls, type) and issubclass(cls, module.TransportError):
        return cls(text)
    return _built_in(name, text) or module.TransportError(f"{name}: {text}")


def _built_in(name: str, text: str) -> Exception | None:
    """One of Python's own exceptions: an application or a transport of one's own may let it through."""
    cls: Any = getattr(builtins, name, None)
    if not (isinstance(cls, type) and issubclass(cls, Exception)):
        return None
    if cls is KeyError:  # its text is the key as it is written in code
        with suppress(ValueError, SyntaxError):
            return KeyError(ast.literal_eval(text))
    with suppress(TypeError):  # a few cannot be made from a text
        return cls(text)
    return None


def _response(module: ModuleType, response: RecordedResponse, stream: Any) -> Any:
    recorded = response.stream
    version = recorded.http_version if recorded is not None and recorded.http_version is not None else "HTTP/1.1"
    extensions: dict[str, Any] = {"http_version": version.encode("ascii", "replace")}
    # An empty phrase in a file of VCR.py's: its recorder for this client knew none. In ours it is what the server sent.
    if response.reason or (response.reason is not None and recorded is not None):
        extensions["reason_phrase"] = response.reason.encode("ascii", "ignore")
    raw = _latin if recorded is not None and recorded.header_encoding == "latin-1" else _raw
    headers = [(raw(name), raw(value)) for name, values in response.headers.items() for value in values]
    return module.Response(response.status, headers=headers, stream=stream, extensions=extensions)


def _raw(text: str) -> bytes:
    """A header's name or value as bytes; given text, a client takes ASCII only, and it tries UTF-8 first to read it."""
    return text.encode("utf-8", "surrogateescape")


def _latin(text: str) -> bytes:
    """The same where the bytes were not UTF-8; what somebody wrote into the file since is, if need be."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return _raw(text)


_made: dict[str, tuple[Any, Any]] = {}


def _classes(module: ModuleType) -> tuple[Any, Any]:
    found = _made.get(module.__name__)
    if found is None:
        found = _made[module.__name__] = (
            type("PlayedStream", (_SyncPlay, module.SyncByteStream), {}),
            type("PlayedAsyncStream", (_AsyncPlay, module.AsyncByteStream), {}),
        )
    return found


class _Play:
    def __init__(self, module: ModuleType, plan: _Plan, started: float) -> None:
        self._module = module
        self._plan = plan
        self._started = started


class _SyncPlay(_Play):
    def __iter__(self) -> Iterator[bytes]:
        plan = self._plan
        if not plan.times:
            yield from plan.chunks
        else:
            for chunk, at in zip(plan.chunks, plan.times, strict=True):
                _wait_sync(self._started + at)
                yield chunk
        if plan.error is not None:
            _wait_sync(self._started + plan.end_s)
            raise error_like(self._module, plan.error)

    def close(self) -> None:
        pass


class _AsyncPlay(_Play):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        plan = self._plan
        if not plan.times:
            for chunk in plan.chunks:
                yield chunk
        else:
            for chunk, at in zip(plan.chunks, plan.times, strict=True):
                await _wait_async(self._started + at)
                yield chunk
        if plan.error is not None:
            await _wait_async(self._started + plan.end_s)
            raise error_like(self._module, plan.error)
        if plan.end == "cancelled":
            await _outlast(self._started + plan.end_s)

    async def aclose(self) -> None:
        pass


async def _outlast(until: float) -> None:
    """Nothing more comes, as when it was recorded, until the client cancels again; it has a little longer than then."""
    await _wait_async(until + _GRACE_S)


def _wait_sync(until: float) -> None:
    left = until - clock.monotonic()
    if left > 0:
        threading.Event().wait(left)


async def _wait_async(until: float) -> None:
    left = until - clock.monotonic()
    if left > 0:
        if asyncio._get_running_loop() is None:
            import anyio  # trio, which httpx runs on through anyio

            await anyio.sleep(left)
        else:
            await clock.sleep(left)


_GRACE_S = 0.25
