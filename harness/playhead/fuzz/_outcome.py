"""What a consumer makes of pieces: run it, whatever kind of function it is, and compare what came out.

An outcome is what the consumer returned, what it yielded (as a list), or `Failed`.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from playhead.fuzz._loop import LoopRunner

__all__ = ["Failed", "Pieces", "brief", "outcomes", "same", "snapshot"]

_Item = TypeVar("_Item")


class Pieces(Generic[_Item]):
    """What a consumer gets: the pieces, once, by `for` or by `async for`."""

    def __init__(self, pieces: Sequence[_Item]) -> None:
        self._pieces = iter(pieces)

    def __iter__(self) -> Iterator[_Item]:
        return self

    def __next__(self) -> _Item:
        return next(self._pieces)

    def __aiter__(self) -> AsyncIterator[_Item]:
        return self

    async def __anext__(self) -> _Item:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


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


@contextmanager
def outcomes(consumer: Callable[[Any], Any]) -> Generator[Callable[[list[Any]], Any]]:
    """A function from pieces to an outcome, on one event loop for all of them where the consumer is async."""
    with LoopRunner() as loop:

        async def finish(awaitable: Any) -> Any:
            return await awaitable

        async def collect(iterator: Any) -> list[Any]:
            return [item async for item in iterator]

        def outcome(pieces: list[Any]) -> Any:
            try:
                result = consumer(Pieces(pieces))
                if inspect.isawaitable(result):
                    result = loop.run(finish(result))
                if inspect.isasyncgen(result) or (hasattr(result, "__anext__") and hasattr(result, "__aiter__")):
                    return loop.run(collect(result))
                if inspect.isgenerator(result) or (hasattr(result, "__next__") and hasattr(result, "__iter__")):
                    return list(result)
                return result
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # also what is no `Exception`: a cancellation, pytest's `fail`, a mismatch
                return Failed(error)

        yield outcome
