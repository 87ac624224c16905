"""`assert_split_invariant`: wherever a stream is cut, its consumer must come to the same result.

Strategy: the uncut source is the law. Then, cheapest first and always in the same order: every single cut (up to 4,096
positions, the hostile ones where there are more), all hostile places at once, piece by piece, pieces of equal sizes,
neighbouring cuts, draws from a fixed seed, empty pieces, and at the very end, for async consumers, pieces that come one
by one with a pause between them. The first difference is shrunk: cuts are dropped while the result still differs, and
those that remain are moved to where they read best. What is left is the smallest list of cuts, shown around each cut.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Generator, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from playhead.chunks import hostile_cuts
from playhead.fuzz._explain import describe_cut, first_difference, show_cut
from playhead.fuzz._keep import failures_folder, test_name
from playhead.fuzz._outcome import Failed, Outcomes, outcomes, same, snapshot
from playhead.fuzz._sources import Source, sources_of

__all__ = ["SplitDifference", "assert_split_invariant"]

SINGLE_CUTS_MAX = 4_096
_PAIRS_MAX = 400
_SHOWN_MAX = 4
_STEPS = (2, 3, 4, 7, 8, 16, 64, 256, 512, 1024, 4096)
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
    source: Any,
    *,
    max_examples: int = 200,
    seed: int = 0,
    empty_pieces: bool = True,
    pauses: Sequence[float] = (0,),
) -> None:
    """Check that `consumer` comes to the same result wherever `source` is cut.

    `consumer` takes the pieces: one object that is both iterable and async iterable. It may be a function, a coroutine
    function, a generator or an async generator; what it returns (or yields, as a list) is compared with `==`. `source`
    is bytes, text (then pieces are text), a cassette (each of its response bodies; open, or the path of its file), the
    path of any other file (its bytes), a `Script` (as a server would send it), or something with a `body` or `content`,
    such as a `WireReply`. A list of bytes, or of texts, is one stream as it came; any other list is several sources.
    `max_examples` is the number of random cuttings from `seed`, after all the systematic ones. Empty pieces, which
    decompressors, text decoders and cassettes hand on, are tried last; `empty_pieces=False` is for consumers that are
    promised none. Async consumers are also given pieces that come late, `pauses` seconds after each other (0: a turn of
    the loop later); longer ones, such as `pauses=[0, 1, 20]`, are for consumers with timers, and take no real time.

    Raises `SplitDifference` (an `AssertionError`) whose `.cuts` is the smallest list of cuts that changes the result; the
    list is empty where the same pieces do not give the same result twice. `pytest --playhead-save-failures=DIR` keeps
    the case as a cassette.
    An exception of `consumer` on the uncut source is raised as it is; one that only a cut provokes is a difference.
    """
    for one in sources_of(source):
        with outcomes(consumer) as outcome:
            try:
                _check(outcome, one, max_examples, seed, empty_pieces, pauses)
            except SplitDifference as difference:
                if (folder := failures_folder()) is not None and difference.cuts:
                    kept = difference.save(folder / f"{test_name()}.split.yaml")
                    difference.add_note(f"Kept as {kept}")
                raise


def _check(
    outcome: Outcomes, source: Source, max_examples: int, seed: int, empty: bool, pauses: Sequence[float]
) -> None:
    data: Any = source.data
    whole = outcome([data] if data else [])
    if isinstance(whole, Failed):
        whole.error.add_note(
            "The consumer failed on the uncut source; it must be able to read that before cuts matter."
        )
        raise whole.error
    # A consumer that keeps what it returns, and adds to it, would agree with itself for ever.
    whole = snapshot(whole)
    again = outcome([data] if data else [])
    if not same(whole, again):
        message = (
            "The consumer gives different results for the same pieces, so cuts cannot be judged.\n"
            f"{first_difference(whole, again, ('first ', 'second'))}\n"
            "It keeps something from one stream to the next, or returns what cannot be compared: let it begin anew each "
            "time, and return plain values (no ids, no times, no objects without `==`)."
        )
        result = again.error if isinstance(again, Failed) else again
        raise SplitDifference(message, cuts=[], pieces=[data], whole=whole, cut=result, source=source)

    def differs(cuts: Sequence[int], pause: float | None = None) -> bool:
        return not same(whole, outcome(cut_at(data, cuts), pause))

    for cuts in _cuttings(data, max_examples, seed, empty):
        if differs(cuts):
            smallest = _move(differs, _shrink(differs, list(cuts)), data)
            raise _difference(source, smallest, whole, outcome(cut_at(data, smallest)))
    if not outcome.awaits or len(data) < 2:
        return
    for pause in pauses:
        late = functools.partial(differs, pause=pause)
        for cuts in _paced(data):
            if late(cuts):
                smallest = _move(late, _shrink(late, list(cuts)), data)
                smallest, pause = _longer(differs, smallest, pause)
                raise _difference(source, smallest, whole, outcome(cut_at(data, smallest), pause), pause)


def _paced(data: bytes | str) -> Generator[Sequence[int]]:
    """Lists of cuts to try with pauses: a few single ones, a few pairs, all hostile ones, and piece by piece."""
    hostile = _hostile(data) or [len(data) // 2]
    yield from ([cut] for cut in _spread(hostile, 12))
    yield from (list(pair) for pair in pairwise(_spread(hostile, 12)))
    yield hostile
    yield list(range(1, len(data))) if len(data) <= _PAIRS_MAX else _spread(range(1, len(data)), _PAIRS_MAX)


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
    # What reads in blocks, counts them, or looks at a few at a time.
    yield from (list(range(step, size, step)) for step in _STEPS if step < size)
    yield from ([cut, cut + 1] for cut in _spread([c for c in singles if c + 1 < size], _PAIRS_MAX))
    yield from ([cut, cut + 2] for cut in _spread([c for c in hostile if c + 2 < size], _PAIRS_MAX))
    yield from (list(pair) for pair in pairwise(_spread(hostile, _PAIRS_MAX)))
    draws = random.Random(seed)
    for _ in range(max_examples if size > 1 else 0):
        yield _draw(draws, size, hostile)
    if empty:
        yield from ([cut] for cut in (0, size))
        yield from ([cut, cut] for cut in _spread(hostile or singles, _PAIRS_MAX))
        for _ in range(max_examples // 4 if size > 1 else 0):
            found = _draw(draws, size, hostile)
            yield sorted([*found, draws.choice(found)])


def _draw(draws: random.Random, size: int, hostile: Sequence[int]) -> list[int]:
    count = min(size - 1, draws.choice((2, 2, 3, 3, 4, 6, 10, 30, max(2, size // 8))))
    cuts = {
        draws.choice(hostile) if hostile and draws.random() < 0.5 else draws.randrange(1, size) for _ in range(count)
    }
    return sorted(cuts)


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


def _longer(differs: Callable[[Sequence[int], float], bool], cuts: list[int], pause: float) -> tuple[list[int], float]:
    """Where it took many pieces to make the stream long: one or two cuts, with pauses as long as all of those were."""
    together = pause * len(cuts)
    if len(cuts) > 2 and pause:
        for fewer in (cuts[:1], cuts[-1:], [cuts[0], cuts[-1]]):
            if differs(fewer, together):
                return fewer, together
    return cuts, pause


def _difference(source: Source, cuts: list[int], whole: Any, cut: Any, pause: float | None = None) -> SplitDifference:
    data: Any = source.data
    pieces = cut_at(data, cuts)
    unit = "byte" if isinstance(data, bytes) else "character"
    places = ", ".join(str(position) for position in cuts)
    lines = [f"The result changes when {source.name} is cut at {unit} {places}:", ""]
    if pause is not None:
        later = f"{pause:g} seconds" if pause else "a turn of the event loop"
        lines.insert(
            1, f"(and each piece comes {later} after the one before; all at once they are read as the whole is)"
        )
    for position in cuts[:_SHOWN_MAX]:
        lines += [f"    {show_cut(data, position)}", f"    {describe_cut(data, position)}", ""]
    if len(cuts) > _SHOWN_MAX:
        lines += [f"    and {len(cuts) - _SHOWN_MAX} more", ""]
    lines += [first_difference(whole, cut), ""]
    if sum(len(piece) for piece in pieces) <= 400:
        lines.append(f"The pieces, for a test of your own:\n    {pieces!r}")
    else:
        lines.append(f"The cuts, for a test of your own: cuts={cuts!r} ({len(data)} {unit}s)")
    if b"" in pieces or "" in pieces:
        lines.append(
            "One of the pieces is empty. A consumer that is never given such is checked with empty_pieces=False."
        )
    lines.append("Keep it as a cassette: pytest --playhead-save-failures=DIR, or error.save('cassettes/split.yaml')")
    result = cut.error if isinstance(cut, Failed) else cut
    return SplitDifference("\n".join(lines), cuts=cuts, pieces=pieces, whole=whole, cut=result, source=source)
