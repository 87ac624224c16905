"""Where a body of bytes can be cut, and what cutting it elsewhere does to its chunks and their times.

Pure functions, no IO, everything linear in the length of the body. Three ways to say the same thing:

- *chunks*: the pieces as they arrive (`[b"da", b"ta: 1"]`);
- *cuts*: the positions between them (`[2]`; n chunks have n - 1 cuts, an empty chunk is a cut given twice);
- *sizes*: the lengths (`[2, 7]`), as a cassette stores them.

`rechunk` is what `--rechunk` and `use_cassette(rechunk=...)` do on replay; `hostile_cuts` lists the places where
stream parsers break, and is shared with `playhead.fuzz`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

__all__ = [
    "HOW",
    "check_how",
    "cut",
    "cuts_of",
    "frame_cuts",
    "hostile_cuts",
    "random_cuts",
    "rechunk",
    "split_sizes",
]

HOW = ("whole", "frames", "bytes", "random:SEED", "hostile")
"""The ways to cut that `rechunk` knows; SEED stands for a whole number, such as `random:7`."""


def rechunk(chunks: Sequence[bytes], at_ms: Sequence[float], how: str) -> tuple[list[bytes], list[float]]:
    """The same bytes in other pieces, with the times at which those pieces would have arrived.

    `chunks` are the recorded pieces and `at_ms` their arrival times in milliseconds; `at_ms` may be empty when no times
    are known, and stays so. `how` is one of `HOW`: everything in one piece; one piece for each frame (an SSE event, or a
    line where there are no blank lines); byte by byte; pieces drawn from a seed; or cut in all the places that hurt.
    A piece arrives when the recorded chunk that holds its last byte did. The joined bytes never change; empty chunks
    disappear, so an empty body has no chunks.

    Raises `ValueError` for an unknown `how`, and for times that do not belong to the chunks.
    """
    cuts_for = _cuts_for(how)
    if at_ms and len(at_ms) != len(chunks):
        raise ValueError(f"{len(chunks)} chunks cannot have {len(at_ms)} arrival times; give one for each, or none")
    body = b"".join(chunks)
    if not body:
        return [], []
    pieces = cut(body, cuts_for(body))
    return pieces, _arrivals(pieces, chunks, at_ms) if at_ms else []


def check_how(how: str) -> None:
    """Raises the `ValueError` of `rechunk` for an unknown `how`, without cutting anything."""
    _cuts_for(how)


def cut(body: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The pieces of `body` between `cuts`: ascending positions from 0 to its length; twice the same gives an empty piece.

    An empty body without cuts has no pieces. Raises `ValueError` when a cut lies outside or goes backwards.
    """
    positions = list(cuts)
    if not body and not positions:
        return []
    bounds = [0, *positions, len(body)]
    pieces: list[bytes] = []
    for start, end in pairwise(bounds):
        if start > end:
            raise ValueError(f"cuts must ascend within 0..{len(body)}, but {end} comes after {start}")
        pieces.append(body[start:end])
    return pieces


def cuts_of(chunks: Sequence[bytes]) -> list[int]:
    """The positions between `chunks`: the inverse of `cut`."""
    return list(accumulate(len(chunk) for chunk in chunks[:-1]))


def split_sizes(body: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The pieces of `body` that have these sizes, in bytes.

    Raises `ValueError` when a size is negative or they do not add up to the length of the body.
    """
    if sum(sizes) != len(body) or any(size < 0 for size in sizes):
        raise ValueError(f"sizes that add up to {sum(sizes)} do not cut a body of {len(body)} bytes")
    return cut(body, accumulate(sizes[:-1])) if sizes else []


def frame_cuts(body: bytes) -> list[int]:
    """The position after each frame but the last: after blank lines (SSE), or after each line where there are none."""
    ends = [match.end() for match in _BLANK_LINES.finditer(body)] or [match.end() for match in _LINE_END.finditer(body)]
    return _inside(body, ends)


def random_cuts(body: bytes, seed: int) -> list[int]:
    """Cuts drawn from `seed`: pieces of one byte up to some thousands, small ones being likely.

    The same body length and seed give the same cuts on every machine and Python version.
    """
    return list(_random_cuts(len(body), seed))


def hostile_cuts(body: bytes) -> list[int]:
    """Every position at which a cut is known to break careless parsers, ascending, none twice.

    Inside UTF-8 sequences; inside and around line and frame ends (between CR and LF above all); inside JSON escapes and
    between the halves of a surrogate pair; inside `data:` and the other SSE field names and `[DONE]`; inside numbers
    and literals; inside tags such as `<think>` and code fences; inside `HTTP/1.1`, boundaries and the like.
    """
    marks = bytearray(len(body) + 1)  # a set of positions would take a hundred times the body
    for pattern, places in _HOSTILE:
        for match in pattern.finditer(body):
            for position in places(match.start(), match.end()):
                marks[position] = 1
    return [position for position in range(1, len(body)) if marks[position]]


def _arrivals(pieces: Sequence[bytes], chunks: Sequence[bytes], at_ms: Sequence[float]) -> list[float]:
    times: list[float] = []
    index, recorded_end, piece_end = 0, len(chunks[0]), 0
    for piece in pieces:
        piece_end += len(piece)
        while recorded_end < piece_end:
            index += 1
            recorded_end += len(chunks[index])
        times.append(at_ms[index])
    return times


def _cuts_for(how: str) -> Callable[[bytes], Sequence[int]]:
    simple = _BY_NAME.get(how)
    if simple is not None:
        return simple
    name, _, seed = how.partition(":")
    if name == "random" and re.fullmatch(r"[+-]?[0-9]{1,18}", seed):
        number = int(seed)
        return lambda body: random_cuts(body, number)
    raise ValueError(
        f"unknown way to rechunk {how!r}; choose one of {', '.join(HOW)} (SEED is a whole number: random:7)"
    )


def _inside(body: bytes, ascending: Iterable[int]) -> list[int]:
    return [position for position in ascending if 0 < position < len(body)]


def _random_cuts(size_bytes: int, seed: int) -> Iterator[int]:
    # splitmix64 (Steele, Lea, Flood 2014): `random` promises the same draws only for some of its methods, and drags
    # in hashlib; eight lines of integer arithmetic are the same everywhere.
    exponents = min(size_bytes.bit_length(), 12)
    state, position = seed & _64_BITS, 0
    while True:
        state = (state + 0x9E3779B97F4A7C15) & _64_BITS
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _64_BITS
        mixed ^= mixed >> 31
        position += 1 + (mixed >> 8) % (1 << mixed % exponents)
        if position >= size_bytes:
            return
        yield position


def _within(start: int, end: int) -> range:
    return range(start + 1, end)


def _around(start: int, end: int) -> range:
    return range(start, end + 1)


def _ends(start: int, end: int) -> tuple[int, int]:
    return (start + 1, end - 1)


_64_BITS = (1 << 64) - 1
_BLANK_LINES = re.compile(rb"(?:\r\n|\r|\n)(?:\r\n|\r|\n)+")
_LINE_END = re.compile(rb"\r\n|\r|\n")

_BY_NAME: dict[str, Callable[[bytes], Sequence[int]]] = {
    "whole": lambda body: (),
    "frames": frame_cuts,
    "bytes": lambda body: range(1, len(body)),
    "hostile": hostile_cuts,
}

# (what it looks like, which positions of a match hurt). No pattern can look at a byte more than a few times.
_HOSTILE: tuple[tuple[re.Pattern[bytes], Callable[[int, int], Iterable[int]]], ...] = (
    # UTF-8 beyond ASCII, with the line separators that only `str.splitlines` takes for line ends (U+0085, U+2028, U+2029).
    (re.compile(rb"[\xc0-\xf7][\x80-\xbf]{1,3}"), _within),
    (re.compile(rb"[\x80-\xbf]{2}"), _within),
    (re.compile(rb"\xc2\x85|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf"), _around),
    # Line and frame ends.
    (re.compile(rb"[\r\n]{1,4}"), _around),
    # JSON escapes: after the backslash, after the u, between the digits, and between two of them (surrogate pairs).
    (re.compile(rb"\\u[0-9a-fA-F]{4}(?=\\)"), _around),
    (re.compile(rb"\\u[0-9a-fA-F]{4}"), _within),
    (re.compile(rb"\\++[^u\\]?"), _within),
    # SSE: field names with colon and space, comments, the sentinel.
    (re.compile(rb"(?m)^(?:data|event|id|retry): ?"), lambda start, end: range(start + 1, end + 1)),
    (re.compile(rb"(?<=\r)(?:data|event|id|retry): ?"), lambda start, end: range(start + 1, end + 1)),
    (re.compile(rb"(?m)^: ?"), _around),
    (re.compile(rb"\[DONE\]"), _within),
    # JSON numbers and literals, empty strings and containers: a prefix of each is valid, and means something else.
    (re.compile(rb"-?[0-9][0-9.eE+-]+"), _ends),
    (re.compile(rb"(?<=[0-9])[.eE][+-]?(?=[0-9])"), _around),
    (re.compile(rb"\b(?:true|false|null|NaN|Infinity)\b"), _ends),
    (re.compile(rb'""|\{\}|\[\]|":|",|"\}|\}\}'), _within),
    # What text-level parsers look for: thinking tags, code fences.
    (re.compile(rb"</?[A-Za-z|][\w|:-]{0,30}>"), _within),
    (re.compile(rb"```|~~~"), _within),
    # HTTP that travels inside a body: status lines, multipart boundaries, chunked bodies.
    (re.compile(rb"HTTP/[0-9.]{1,3}|(?i:content-(?:length|type)|transfer-encoding|chunked)"), _within),
    (re.compile(rb"(?m)^--[\w'()+,./:=?-]{1,70}"), _ends),
)
