"""`assert_split_invariant`: wherever a stream is cut, its consumer must come to the same result.

Strategy: the uncut source is the law. Then, cheapest first and always in the same order: every single cut (up to 4,096
positions, the hostile ones where there are more), all hostile places at once, piece by piece, and draws from a fixed
seed. The first difference is shrunk: cuts are dropped while the result still differs, and those that remain are moved
to where they read best. What is left is the smallest list of cuts, shown around each cut.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, Generic, TypeVar

from playhead.chunks import hostile_cuts
from playhead.fuzz._explain import describe_cut, first_difference, show_cut
from playhead.fuzz._loop import LoopRunner
from playhead.fuzz._sources import Source, sources_of

__all__ = ["SplitDifference", "assert_split_invariant"]

SINGLE_CUTS_MAX = 4_096
_PAIRS_MAX = 400
_Data = TypeVar("_Data", bytes, str)


class SplitDifference(AssertionError):
    """A consumer's result depends on where its source is cut.

    `cuts` is the smallest list of cut positions that shows it (bytes, or characters of a text source), `pieces` the
    source cut there, `whole` and `cut` the two results. `save(path)` keeps the case as a cassette.
    """

    def __init__(
        self, message: str, *, cuts: list[int], pieces: list[Any], whole: Any, cut: Any, source: Source
    ) -> None:
        super().__init__(message)
        self.cuts = cuts
        self.pieces = pieces
        self.whole = whole
        self.cut = cut
        self._source = source

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the case as a cassette whose chunks are these pieces, to be replayed as a regression test."""
        return self._source.save(path, self.pieces)


def assert_split_invariant(
    consumer: Callable[[Any], Any],
    source: bytes | str | PathLike[str] | Any,
    *,
    max_examples: int = 200,
    seed: int = 0,
    empty_pieces: bool = False,
) -> None:
    """Check that `consumer` comes to the same result wherever `source` is cut.

    `consumer` takes the pieces: one object that is both iterable and async iterable. It may be a function, a coroutine
    function, a generator or an async generator; what it returns (or yields, as a list) is compared with `==`. `source`
    is bytes, text (then pieces are text), or a cassette (each of its response bodies, or the path to its file).
    `max_examples` is the number of random cuttings from `seed`, after all the systematic ones; with `empty_pieces`
    some of the pieces are empty.

    Raises `SplitDifference` (an `AssertionError`) whose `.cuts` is the smallest list of cuts that changes the result.
    An exception of `consumer` on the uncut source is raised as it is; one that only a cut provokes is a difference.
    """
    for one in sources_of(source):
        with _outcomes(consumer) as outcome:
            _check(outcome, one, max_examples, seed, empty_pieces)


class Pieces(Generic[_Data]):
    """What a consumer gets: the pieces, once, by `for` or by `async for`."""

    def __init__(self, pieces: Sequence[_Data]) -> None:
        self._pieces = iter(pieces)

    def __iter__(self) -> Iterator[_Data]:
        return self

    def __next__(self) -> _Data:
        return next(self._pieces)

    def __aiter__(self) -> AsyncIterator[_Data]:
        return self

    async def __anext__(self) -> _Data:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


def _check(outcome: Callable[[list[Any]], Any], source: Source, max_examples: int, seed: int, empty: bool) -> None:
    data: Any = source.data
    whole = outcome([data] if data else [])
    if isinstance(whole, _Failed):
        whole.error.add_note(
            "The consumer failed on the uncut source; it must be able to read that before cuts matter."
        )
        raise whole.error
    again = outcome([data] if data else [])
    if not _same(whole, again):
        raise AssertionError(
            "The consumer gives different results for the same pieces, so cuts cannot be judged.\n"
            f"first:  {whole!r}\nsecond: {again!r}\n"
            "Let it return something that does not change from run to run (no ids, no times)."
        )

    def differs(cuts: Sequence[int]) -> bool:
        return not _same(whole, outcome(cut_at(data, cuts)))

    for cuts in _cuttings(data, max_examples, seed, empty):
        if differs(cuts):
            smallest = _move(differs, _shrink(differs, list(cuts)), data)
            raise _difference(source, smallest, whole, outcome(cut_at(data, smallest)))


def cut_at(data: _Data, cuts: Sequence[int]) -> list[_Data]:
    """The pieces of bytes or text between ascending positions."""
    edges = [0, *cuts, len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    return pieces if cuts else [piece for piece in pieces if piece]


def _cuttings(data: bytes | str, max_examples: int, seed: int, empty: bool) -> Generator[Sequence[int]]:
    """Every list of cuts to try, the simplest first."""
    size = len(data)
    hostile = _hostile(data)
    if size - 1 <= SINGLE_CUTS_MAX:
        singles = list(range(1, size))
    else:
        drawn = random.Random(seed).sample(range(1, size), SINGLE_CUTS_MAX // 2)
        singles = sorted({*_spread(hostile, SINGLE_CUTS_MAX // 2), *drawn})
    # The likely places first: a bug is found after a few runs, and what is found does not change.
    likely = set(hostile)
    yield from ([cut] for cut in singles if cut in likely)
    yield from ([cut] for cut in singles if cut not in likely)
    if len(hostile) > 1:
        yield hostile
    if size > 1:
        yield list(range(1, size))
    yield from ([cut, cut + 1] for cut in _spread([c for c in hostile if c + 1 < size], _PAIRS_MAX))
    if empty:
        yield from ([cut, cut] for cut in _spread([0, *hostile, size], _PAIRS_MAX))
    draws = random.Random(seed)
    for _ in range(max_examples if size > 1 else 0):
        yield _draw(draws, size, hostile, empty)


def _draw(draws: random.Random, size: int, hostile: Sequence[int], empty: bool) -> list[int]:
    count = min(size - 1, draws.choice((2, 2, 3, 3, 4, 6, 10, 30, max(2, size // 8))))
    cuts = {
        draws.choice(hostile) if hostile and draws.random() < 0.5 else draws.randrange(1, size) for _ in range(count)
    }
    found = sorted(cuts)
    if empty and draws.random() < 0.3:
        found = sorted([*found, draws.choice(found)])
    return found


def _hostile(data: bytes | str) -> list[int]:
    if isinstance(data, bytes):
        return hostile_cuts(data)
    # Positions in text: where a byte position lies inside a character, the cut is after it.
    encoded = data.encode("utf-8", "surrogatepass")
    if len(encoded) == len(data):
        return hostile_cuts(encoded)
    starts: list[int] = []
    for number, character in enumerate(data):
        starts += [number] * len(character.encode("utf-8", "surrogatepass"))
    return sorted({starts[cut] for cut in hostile_cuts(encoded)} - {0})


def _spread(values: Sequence[int], most: int) -> list[int]:
    if len(values) <= most:
        return list(values)
    step = len(values) / most
    return [values[int(n * step)] for n in range(most)]


def _shrink(differs: Callable[[Sequence[int]], bool], cuts: list[int]) -> list[int]:
    """Drop cuts, in halves, quarters and so on, while the result still differs (delta debugging)."""
    share = max(1, len(cuts) // 2)
    while True:
        start = 0
        while start < len(cuts):
            fewer = cuts[:start] + cuts[start + share :]
            if fewer and differs(fewer):
                cuts = fewer
            else:
                start += share
        if share == 1:
            return cuts
        share = max(1, share // 2)


def _move(differs: Callable[[Sequence[int]], bool], cuts: list[int], data: Any) -> list[int]:
    """Of several cuts, bring each as near to its neighbour as the difference allows: fewer places to look at."""
    if len(cuts) < 2:
        return cuts
    for number in range(1, len(cuts)):
        for place in range(cuts[number - 1] + 1, min(cuts[number], cuts[number - 1] + 9)):
            moved = [*cuts[:number], place, *cuts[number + 1 :]]
            if differs(moved):
                cuts = moved
                break
    return cuts


def _difference(source: Source, cuts: list[int], whole: Any, cut: Any) -> SplitDifference:
    data: Any = source.data
    pieces = cut_at(data, cuts)
    unit = "byte" if isinstance(data, bytes) else "character"
    places = ", ".join(str(position) for position in cuts)
    lines = [f"The result changes when {source.name} is cut at {unit} {places}:", ""]
    for position in cuts:
        lines += [f"    {show_cut(data, position)}", f"    {describe_cut(data, position)}", ""]
    lines += [first_difference(whole, cut), ""]
    if sum(len(piece) for piece in pieces) <= 400:
        lines.append(f"The pieces, for a test of your own:\n    {pieces!r}")
    else:
        lines.append(f"The cuts, for a test of your own: cuts={cuts!r} ({len(data)} {unit}s)")
    lines.append("Keep it as a cassette: `except AssertionError as error: error.save('cassettes/split.yaml')`")
    result = cut.error if isinstance(cut, _Failed) else cut
    return SplitDifference("\n".join(lines), cuts=cuts, pieces=pieces, whole=whole, cut=result, source=source)


# --------------------------------------------------------------------------- running a consumer
@dataclass(slots=True, eq=False)
class _Failed:
    """The consumer raised; compared by type and text."""

    error: Exception

    def __repr__(self) -> str:
        return f"raised {self.error!r}"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, _Failed) or isinstance(other, _Failed):
        if not (isinstance(one, _Failed) and isinstance(other, _Failed)):
            return False
        return type(one.error) is type(other.error) and str(one.error) == str(other.error)
    try:
        return bool(one == other) or repr(one) == repr(other) == "nan"
    except (ValueError, TypeError):  # arrays of numbers compare item by item
        return repr(one) == repr(other)


@contextmanager
def _outcomes(consumer: Callable[[Any], Any]) -> Generator[Callable[[list[Any]], Any]]:
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
            except Exception as error:
                return _Failed(error)

        yield outcome
