"""The only source of time: a context variable that holds the clock of the running test or program.

`now()` is for timestamps, `monotonic()` for measuring, `sleep()` for waiting. `sleep` and the debouncing of streams
go through the running event loop, so a virtual loop (`playhead.virtual`) is the only fake time. A `FixedClock`, which
`playhead.deterministic()` sets, makes timestamps the same in each run: they start at a fixed instant and move only with
a virtual loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "EPOCH", "FixedClock", "SystemClock", "monotonic", "now", "sleep", "use_clock"]

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Where the time of `playhead.deterministic()` begins."""


class Clock(Protocol):
    """Where timestamps come from."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock; while a virtual loop runs, that loop's time."""

    def now(self) -> datetime:
        loop = _virtual_loop()
        if loop is None:
            return datetime.now(UTC)
        return loop.started_at + timedelta(seconds=loop.time() - loop.started_time)


class FixedClock:
    """A clock that stands still at `start`, unless a virtual loop moves it."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self.start = start

    def now(self) -> datetime:
        loop = _virtual_loop()
        return self.start if loop is None else self.start + timedelta(seconds=loop.time() - loop.started_time)


class _VirtualTime(Protocol):
    """What `now` needs of a virtual loop: its time, and what both times were when it started."""

    started_at: datetime
    started_time: float

    def time(self) -> float: ...


_clock: ContextVar[Clock] = ContextVar("playhead_clock")
_system: Clock = SystemClock()


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _clock.get(_system).now()


def monotonic() -> float:
    """Seconds since some fixed point: the running loop's time, or the machine's outside of a loop."""
    loop = asyncio._get_running_loop()
    return time.monotonic() if loop is None else loop.time()


async def sleep(seconds: float) -> None:
    """Wait `seconds` on the running loop; zero lets others run once."""
    await asyncio.sleep(seconds)


@contextmanager
def use_clock(clock: Clock) -> Generator[Clock]:
    """Make `clock` the source of timestamps for the block."""
    token = _clock.set(clock)
    try:
        yield clock
    finally:
        _clock.reset(token)


def _virtual_loop() -> _VirtualTime | None:
    loop = asyncio._get_running_loop()
    return loop if loop is not None and hasattr(loop, "started_time") else None  # type: ignore[return-value]
