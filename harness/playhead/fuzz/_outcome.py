"""What a consumer makes of pieces: run it, whatever kind of function it is, and compare what came out.

An outcome is what the consumer returned, what it yielded (as a list), or `Failed`.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from playhead.fuzz._loop import LoopRunner
from playhead.fuzz._stuck import Stuck, bounded

__all__ = ["Failed", "Outcomes", "Pieces", "brief", "outcomes", "same", "snapshot"]

_Item = TypeVar("_Item")

_PATIENCE = 5.0
"""Real seconds after which a consumer that does nothing else is taken for one that never returns."""


class Pieces(Generic[_Item]):
    """What a consumer gets: the pieces, once, by `for` or by `async for`.

    With `pause` each piece after the first comes that many seconds later (0: after a turn of the loop) for who iterates
    asynchronously. Like the stream of a client, it has ended when a wait for it was cancelled.
    """

    def __init__(self, pieces: Sequence[_Item], pause: float | None = None) -> None:
        self._left = deque(pieces)
        self._pause = pause
        self._begun = False
        self.is_awaited = False
        """Whether somebody iterated asynchronously."""

    def __iter__(self) -> Iterator[_Item]:
        return self

    def __next__(self) -> _Item:
        if not self._left:
            raise StopIteration
        return self._left.popleft()

    def __aiter__(self) -> AsyncIterator[_Item]:
        return self

    async def __anext__(self) -> _Item:
        self.is_awaited = True
        if self._pause is not None and self._begun and self._left:
            try:
                await asyncio.sleep(self._pause)
            except asyncio.CancelledError:
                self._left.clear()
                raise
        self._begun = True
        if not self._left:
            raise StopAsyncIteration
        return self._left.popleft()


@dataclass(slots=True, eq=False)
class Failed:
    """The consumer raised; compared by type and text."""

    error: BaseException

    def __repr__(self) -> str:
        return f"raised {self.error!r}"


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Failed) or isinstance(other, Failed):
        if not (isinstance(one, Failed) and isinstance(other, Failed)):
            return False
        return type(one.error) is type(other.error) and str(one.error) == str(other.error)
    try:
        return bool(one == other) or ("nan" in (text := repr(one)) and text == repr(other))
    except (ValueError, TypeError):  # arrays of numbers compare item by item
        return repr(one) == repr(other)


def snapshot(value: Any) -> Any:
    """A copy that stays as it is; the value itself where a copy is not equal to it, or cannot be made."""
    try:
        kept = copy.deepcopy(value)
        return kept if bool(kept == value) else value
    except Exception:
        return value


def brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 600 else f"{text[:597]}..."


class Outcomes:
    """A function from pieces (and a pause between them) to what a consumer makes of them."""

    def __init__(self, consumer: Callable[[Any], Any], loop: LoopRunner) -> None:
        self._consumer = consumer
        self._loop = loop
        self.awaits = False
        """Whether the consumer iterates asynchronously."""
        self.runs = 0

    def __call__(self, pieces: list[Any], pause: float | None = None) -> Any:
        given = Pieces(pieces, pause)
        self.runs += 1
        try:
            result = self._consumer(given)
            if inspect.isawaitable(result):
                result = self._loop.run(_finish(result), virtual=pause is not None)
            if hasattr(result, "__aiter__"):
                return self._loop.run(_collect(result), virtual=pause is not None)
            if hasattr(result, "__next__") or (hasattr(result, "__iter__") and type(result).__eq__ is object.__eq__):
                return list(result)
            return result
        except Stuck as stuck:
            return Failed(TimeoutError(str(stuck)))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # also what is no `Exception`: a cancellation, pytest's `fail`, a mismatch
            return Failed(error)
        finally:
            self.awaits = self.awaits or given.is_awaited


async def _finish(awaitable: Any) -> Any:
    return await awaitable


async def _collect(iterator: Any) -> list[Any]:
    return [item async for item in iterator]


@contextmanager
def outcomes(consumer: Callable[[Any], Any]) -> Generator[Outcomes]:
    """`Outcomes` of a consumer, on one event loop for all of them where it is async."""
    with LoopRunner() as loop:
        outcome = Outcomes(consumer, loop)
        with bounded(_PATIENCE, lambda: outcome.runs):
            yield outcome
