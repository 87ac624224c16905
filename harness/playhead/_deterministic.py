"""The same run has the same ids and timestamps each time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from playhead.clock import FixedClock, use_clock
from playhead.ids import SeededIds, use_ids

__all__ = ["deterministic"]


@contextmanager
def deterministic(seed: int = 0) -> Generator[None]:
    """Take ids from `seed`, and timestamps from a clock that stands still unless a virtual loop moves it, for the block.

    It may be a decorator, too. Code that the block awaits or starts as a task is covered; a thread of its own is not.
    """
    with use_ids(SeededIds(seed)), use_clock(FixedClock()):
        yield
