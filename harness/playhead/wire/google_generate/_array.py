"""A JSON array cut into its items while it arrives: what `streamGenerateContent` sends where no SSE was asked for. No IO.

Inputs: pieces of the array, cut anywhere. Outputs: the text of each item that a piece completes. State: how deep the
brackets are nested, whether a string is open, and the pieces of the open item.
"""

from __future__ import annotations

import re

from playhead.exceptions import DecodeError

__all__ = ["ArraySplitter"]

ITEM_BYTES_MAX = 64 * 1024 * 1024
_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')


class ArraySplitter:
    """`feed` gives the items that are complete."""

    def __init__(self) -> None:
        self.items = 0
        self.finished = False
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The items that `data` completes. `DecodeError` for one that is too long."""
        found: list[bytes] = []
        start = position = 0
        while True:
            if self._escaped and position < len(data):
                self._escaped = False
                position += 1
            match = (_INSIDE if self._in_string else _OUTSIDE).search(data, position)
            if match is None:
                break
            position = match.end()
            mark = match[0]
            if mark == b'"':
                self._in_string = not self._in_string
            elif mark == b"\\":
                self._escaped = True
            elif mark in (b"{", b"["):
                if self._depth == 1:
                    start = match.start()
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if self._depth == 1:
                    self._pieces.append(data[start:position])
                    found.append(b"".join(self._pieces))
                    self._pieces, self._size = [], 0
                    self.items += 1
                elif self._depth == 0:
                    self.finished = True
        if self._depth > 1 and start < len(data):
            self._pieces.append(data[start:])
            self._size += len(data) - start
            if self._size > ITEM_BYTES_MAX:
                raise DecodeError(
                    f"Item {self.items} of the stream is longer than {ITEM_BYTES_MAX:,} bytes",
                    "This is no stream of this format.",
                    frame=self.items,
                )
        return found
