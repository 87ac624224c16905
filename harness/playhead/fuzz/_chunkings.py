"""Strategies for cuts: all of them possible, the ones that hurt likely, and the uncut body the simplest."""

from __future__ import annotations

from hypothesis import strategies as st

from playhead.chunks import cut, hostile_cuts

__all__ = ["chunkings", "cuts"]

_LIKELY_MAX = 2_000


def cuts(body: bytes, *, max_cuts: int | None = None) -> st.SearchStrategy[list[int]]:
    """Ascending cut positions of `body`. Shrinks towards fewer cuts, then towards its beginning."""
    size = len(body)
    if size < 2:
        return st.just([])
    limit = min(size - 1, 20 if max_cuts is None else max_cuts)
    hostile = hostile_cuts(body)[:_LIKELY_MAX]
    anywhere = st.integers(1, size - 1)
    place = st.sampled_from(hostile) | anywhere if hostile else anywhere
    drawn = st.lists(place, max_size=limit, unique=True).map(sorted)
    if max_cuts is not None:
        return drawn
    return drawn | st.sampled_from([[], hostile, list(range(1, size)) if size <= 20_000 else hostile])


def chunkings(body: bytes, *, max_cuts: int | None = None) -> st.SearchStrategy[list[bytes]]:
    """The pieces of `body`, cut anywhere, most often inside UTF-8 sequences, CRLF, JSON escapes, field names and frame
    ends; also whole, byte by byte, and in all the hostile places at once. Joined they are always `body`."""
    return cuts(body, max_cuts=max_cuts).map(lambda places: cut(body, places) if body else [])
