"""Hits, and how they are painted over: several pieces of a text as one secret, overlapping secrets as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from playhead.cassette._scrub_mask import PLACEHOLDER, is_mask, mask
from playhead.cassette._scrub_views import Piece, View

__all__ = ["Hit", "Paint", "hidden_by", "mapped", "packed_hit", "placeholder", "same_length", "painted"]


class Hit(NamedTuple):
    """Something to mask: the rule that says so, where, and by what, if not by a plain mask."""

    rule: str
    pieces: list[Piece]
    text: str | None = None


def packed_hit(rule: str, start: int, end: int) -> Hit:
    """Packed bytes in one piece, without the line ends that other masks keep: there, a 10 is a byte like any other."""
    return Hit(rule, [(start, end)], PLACEHOLDER.ljust(end - start, "-")[: end - start])


Paint = Callable[[str, "str | None"], str]
"""From what is hidden, and the text of the hit, to what is written in its place."""


def same_length(hidden: str, text: str | None) -> str:
    """The paint for what is stored: as long as what it hides."""
    return text if text is not None and len(text) == len(hidden) else mask(hidden)


def placeholder(hidden: str, text: str | None) -> str:
    """The paint for what is compared: always the same, however long the secret was."""
    return PLACEHOLDER if text is None else "0" if text.isdigit() else text


def hidden_by(text: str, hit: Hit) -> str:
    """What a hit hides, its pieces joined."""
    return "".join(text[start:end] for start, end in hit.pieces)


def mapped(view: View, hits: Iterable[Hit]) -> list[Hit]:
    """Hits in a view as hits in what it was read from."""
    originals: list[Hit] = []
    for hit in hits:
        pieces = [origin for start, end in hit.pieces for origin in view.pieces(start, end)]
        if pieces:
            originals.append(Hit(hit.rule, sorted(pieces), hit.text))
    return originals


def painted(text: str, hits: list[Hit], paint: Paint, count: Callable[[str], None]) -> str:
    """`text` with its hits painted over; `count` is told the rule of each that changed something."""
    if not hits:
        return text
    parts: list[tuple[int, int, str]] = []
    for hit in _merged(hits):
        hidden = hidden_by(text, hit)
        paint_text = paint(hidden, hit.text)
        if paint_text == hidden:
            continue
        count(hit.rule)
        last = len(hit.pieces) - 1
        for index, (start, end) in enumerate(hit.pieces):
            taken = paint_text if index == last else paint_text[: end - start]
            paint_text = paint_text[len(taken) :]
            parts.append((start, end, taken))
    result: list[str] = []
    position = 0
    for start, end, part in sorted(parts):
        result += (text[position:start], part)
        position = end
    result.append(text[position:])
    return "".join(result)


def _merged(hits: list[Hit]) -> list[Hit]:
    """Hits that overlap as one, which hides all that any of them does; the first of them names the rule."""
    if len(hits) == 1:
        return hits
    groups: dict[int, list[int]] = {}
    for index, root in enumerate(_overlapping(hits)):
        groups.setdefault(root, []).append(index)
    return [
        hits[first] if len(members) == 1 else _union([hits[index] for index in members])
        for first, members in groups.items()
    ]


def _overlapping(hits: list[Hit]) -> list[int]:
    """For each hit the first one it is connected with by overlaps."""
    parents = list(range(len(hits)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    reach, holder = -1, 0
    for start, end, index in sorted(
        (start, end, index) for index, hit in enumerate(hits) for start, end in hit.pieces if start < end
    ):
        if start < reach:
            first, second = sorted((root(index), root(holder)))
            parents[second] = first
        if end > reach:
            reach, holder = end, index
    return [root(index) for index in range(len(hits))]


def _union(hits: list[Hit]) -> Hit:
    pieces: list[Piece] = []
    for start, end in sorted(piece for hit in hits for piece in hit.pieces if piece[0] < piece[1]):
        if pieces and start < pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(end, pieces[-1][1]))
        else:
            pieces.append((start, end))
    for hit in hits:  # one mask for all of it, whatever else was found within
        if hit.text is not None and len(pieces) == 1 and hit.pieces == pieces and is_mask(hit.text):
            return Hit(hits[0].rule, pieces, hit.text)
    texts = {hit.text for hit in hits}
    same = all(hit.pieces == hits[0].pieces for hit in hits) and len(texts) == 1
    return Hit(hits[0].rule, pieces, texts.pop() if same else None)
