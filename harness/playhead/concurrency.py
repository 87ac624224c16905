"""How many runs of an agent, or requests of a model, go on at the same time."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from playhead.exceptions import ConcurrencyLimitExceeded

__all__ = ["AbstractConcurrencyLimiter", "AnyConcurrencyLimit", "ConcurrencyLimit", "ConcurrencyLimiter"]


class AbstractConcurrencyLimiter(ABC):
    """Lets runs begin, one `acquire` for each, and is told of their end."""

    @abstractmethod
    async def acquire(self, source: str) -> None:
        """Wait for a place. `ConcurrencyLimitExceeded` where too many wait already."""

    @abstractmethod
    def release(self) -> None:
        """Give the place back."""


@dataclass
class ConcurrencyLimit:
    """`max_running` runs at the same time; `max_queued` more may wait (None: any number)."""

    max_running: int
    max_queued: int | None = None


class ConcurrencyLimiter(AbstractConcurrencyLimiter):
    """A limit that may be shared by agents. Whoever waits longest goes first."""

    def __init__(self, max_running: int, *, max_queued: int | None = None, name: str | None = None) -> None:
        self._max_running = max_running
        self._max_queued = max_queued
        self._name = name
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @classmethod
    def from_limit(cls, limit: int | ConcurrencyLimit, *, name: str | None = None) -> ConcurrencyLimiter:
        """A limiter for a number, or a `ConcurrencyLimit`."""
        if isinstance(limit, int):
            return cls(limit, name=name)
        return cls(limit.max_running, max_queued=limit.max_queued, name=name)

    @property
    def name(self) -> str | None:
        """What the limiter is called in errors."""
        return self._name

    @property
    def waiting_count(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def running_count(self) -> int:
        """How many have a place."""
        return self._running

    @property
    def available_count(self) -> int:
        """How many places are free."""
        return self._max_running - self._running

    @property
    def max_running(self) -> int:
        """How many may have a place."""
        return self._max_running

    async def acquire(self, source: str) -> None:
        if self._running < self._max_running and not self._waiting:
            self._running += 1
            return
        depth = len(self._waiting) + 1
        if self._max_queued is not None and depth > self._max_queued:
            raise ConcurrencyLimitExceeded(
                f"{self._name or source}: {depth} would wait for a place, and no more than {self._max_queued} may (`max_queued`)"
            )
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                self.release()  # the place came together with the cancellation
            else:
                self._waiting.remove(place)
            raise

    def release(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)  # the place goes on, so that nobody comes in between
                return
        self._running -= 1


AnyConcurrencyLimit: TypeAlias = int | ConcurrencyLimit | AbstractConcurrencyLimiter | None
"""What `max_concurrency=` takes."""


def as_limiter(limit: AnyConcurrencyLimit) -> AbstractConcurrencyLimiter | None:
    """The limiter that `limit` stands for; None for no limit."""
    if limit is None or isinstance(limit, AbstractConcurrencyLimiter):
        return limit
    return ConcurrencyLimiter.from_limit(limit)


@asynccontextmanager
async def place_in(limiter: AbstractConcurrencyLimiter | None, source: str) -> AsyncGenerator[None]:
    """A place for the block."""
    if limiter is None:
        yield
        return
    await limiter.acquire(source)
    try:
        yield
    finally:
        limiter.release()
