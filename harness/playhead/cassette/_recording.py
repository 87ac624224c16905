"""Records while the client reads: hands each chunk on at once and keeps a copy, and notes how the stream ended.

`Taking` is one request in flight. It only collects; decoding, masking and laying out happen when the cassette closes,
so that nothing of it delays the stream.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from types import ModuleType
from typing import Any

from playhead import clock
from playhead.cassette._tape import End
from playhead.virtual import real_wait

__all__ = ["Taking", "async_tee", "end_of", "http_version_of", "sync_tee"]


class Taking:
    """A request in flight, and what came back so far."""

    __slots__ = (
        "at",
        "chunks",
        "codings",
        "end",
        "ended",
        "error",
        "header_encoding",
        "headers",
        "http_version",
        "interrupted",
        "number",
        "on_end",
        "reason",
        "recorded_at",
        "sent",
        "started",
        "status",
        "whole_body",
    )

    def __init__(self, sent: Any, number: int, on_end: Callable[[Taking], None]) -> None:
        self.sent = sent
        self.number = number
        """Its place in the order in which requests were sent, which is the order of the file."""
        self.on_end = on_end
        self.started = clock.monotonic()
        self.status: int | None = None
        self.reason: str | None = None
        self.headers: dict[str, list[str]] = {}
        self.header_encoding: str | None = None
        self.http_version: str | None = None
        self.chunks: list[bytes] = []
        self.at: list[float] = []
        self.end: End | None = None
        self.error: tuple[str, str] | None = None
        self.ended: float | None = None
        self.recorded_at = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.codings: frozenset[str] | None = None
        """The content-encodings that the client undoes; None where that is not known."""
        self.whole_body = False
        """Whether the client hands over the body as a whole, perhaps decoded already."""
        self.interrupted = False
        """Whether the program was stopped in the middle (Ctrl-C): such a recording is nobody's."""

    def finish(self, end: End, error: BaseException | None = None) -> None:
        """The first end counts: closing after an error is not another one."""
        if self.end is not None:
            return
        self.end = end
        self.ended = clock.monotonic()
        self.interrupted = self.interrupted or isinstance(error, (KeyboardInterrupt, SystemExit))
        if error is not None and end not in ("cancelled", "closed_by_client"):
            self.error = (type(error).__name__, str(error))
        self.on_end(self)


def end_of(module: ModuleType | None, error: BaseException) -> End:
    """What kind of end an exception is."""
    if isinstance(error, GeneratorExit):
        return "closed_by_client"
    if not isinstance(error, Exception):
        return "cancelled"  # CancelledError, trio's Cancelled, KeyboardInterrupt
    if isinstance(error, TimeoutError) or (module is not None and isinstance(error, module.TimeoutException)):
        return "timeout"
    return "disconnected"


def http_version_of(response: Any) -> str | None:
    """The protocol's name, where it is not HTTP/1.1."""
    raw: Any = response.extensions.get("http_version", b"HTTP/1.1")
    version = raw.decode("ascii", "replace") if isinstance(raw, bytes) else str(raw)
    return None if version == "HTTP/1.1" else version


def sync_tee(module: ModuleType, stream: Any, taking: Taking) -> Any:
    """`stream`, copied into `taking` on the way."""
    return _classes(module)[0](module, stream, taking)


def async_tee(module: ModuleType, stream: Any, taking: Taking) -> Any:
    """The same for an async stream."""
    return _classes(module)[1](module, stream, taking)


_made: dict[str, tuple[Any, Any]] = {}


def _classes(module: ModuleType) -> tuple[Any, Any]:
    found = _made.get(module.__name__)
    if found is None:
        found = _made[module.__name__] = (
            type("RecordedStream", (_SyncTee, module.SyncByteStream), {}),
            type("RecordedAsyncStream", (_AsyncTee, module.AsyncByteStream), {}),
        )
    return found


class _Tee:
    def __init__(self, module: ModuleType, stream: Any, taking: Taking) -> None:
        self._module = module
        self._stream = stream
        self._taking = taking


class _SyncTee(_Tee):
    def __iter__(self) -> Iterator[bytes]:
        taking = self._taking
        chunks, at, now = taking.chunks.append, taking.at.append, clock.monotonic
        try:
            for chunk in self._stream:
                at(now())
                chunks(chunk)
                yield chunk
        except BaseException as error:
            taking.finish(end_of(self._module, error), error)
            raise
        taking.finish("complete")

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._taking.finish(*_end_by_closing())


class _AsyncTee(_Tee):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        taking = self._taking
        chunks, at, now = taking.chunks.append, taking.at.append, clock.monotonic
        try:
            stream = aiter(self._stream)
            while True:
                with real_wait():
                    chunk = await anext(stream, None)
                if chunk is None:
                    break
                at(now())
                chunks(chunk)
                yield chunk
        except BaseException as error:
            end = end_of(self._module, error)
            taking.finish("cancelled" if end == "closed_by_client" and _is_cancelling() else end, error)
            raise
        taking.finish("complete")

    async def aclose(self) -> None:
        # A task that is cancelled while its consumer waits elsewhere reaches the stream only as this call.
        end = _end_by_closing()
        try:
            await self._stream.aclose()
        finally:
            self._taking.finish(*end)


def _is_cancelling() -> bool:
    if asyncio._get_running_loop() is None:
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _end_by_closing() -> tuple[End, BaseException | None]:
    """What it means that the client closes now: why does it?"""
    error = sys.exc_info()[1]
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return "cancelled", error
    stopped = isinstance(error, BaseException) and not isinstance(error, (Exception, GeneratorExit))
    if stopped or _is_cancelling():  # asyncio's CancelledError, trio's Cancelled
        return "cancelled", None
    return "closed_by_client", None
