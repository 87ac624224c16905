"""JSON that arrives: an object whose long lists are taken out item by item, so that nothing is read twice.

Inputs: pieces of JSON text. Outputs: the `skeleton`, which is the text without what is inside the watched lists, and
for each of these lists its items as slices of text. Whoever validates partial objects validates each finished item
once, the skeleton only when it changes, and per piece no more than the item that is still open.

State: where in the object the text ends. "Not yet" looks like this: `{"title": "a", "items": [{"x": 1}, {"x"` has the
skeleton `{"title": "a", "items": [`, the finished item `{"x": 1}` and the open item `{"x"`.

The splitter knows only as much grammar as it needs to find the ends of items. Where the text is not what it expects
(a stray character, a second field of the same name, too deep a nesting), it is `lost`, and says so: what a parser of
incomplete JSON makes of a damaged text is that parser's business, and the whole text has to be given to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

__all__ = ["JsonSplitter", "SplitList"]

DEPTH_MAX = 100
"""Deeper items are left to the parser, which has limits of its own."""


class SplitList:
    """A list that is taken out of the text: its finished items, as JSON text, and the one that is open."""

    __slots__ = ("closed", "finished", "key", "open")

    def __init__(self, key: str) -> None:
        self.key = key
        self.finished: list[str] = []
        """Items that have ended and that nobody has taken yet."""
        self.open: list[str] = []
        """Pieces of the item that has not ended."""
        self.closed = False
        """Whether the list has ended."""


class JsonSplitter:
    """Takes the lists at `keys` out of the text of a JSON object, piece by piece."""

    def __init__(self, keys: Collection[str]) -> None:
        self.lost = False
        """Whether the text was not what was expected; from then on nothing here is true any more."""
        self.lists: dict[str, SplitList] = {}
        """The lists that have begun, by key, in order."""
        self.skeleton_version = 0
        """Grows when the skeleton changes."""
        self._keys = frozenset(keys)
        self._met: set[str] = set()
        self._skeleton: list[str] = []
        self._state = _BEFORE
        self._key: list[str] = []
        self._list: SplitList | None = None
        self._nesting: list[str] = []
        self._in_string = False
        self._escaped = False

    @property
    def skeleton(self) -> str:
        """The text so far, without what is inside the watched lists."""
        if len(self._skeleton) > 1:
            self._skeleton[:] = ["".join(self._skeleton)]
        return self._skeleton[0] if self._skeleton else ""

    def feed(self, text: str) -> None:
        """Take in more of the text."""
        at = 0
        length = len(text)
        while at < length and not self.lost:
            if self._state is _ITEM:
                at = self._feed_item(text, at)
            elif self._state in (_VALUE, _KEY):
                at = self._feed_value(text, at)
            else:
                at = self._step(text, at)

    def _keep(self, text: str) -> None:
        self._skeleton.append(text)
        self.skeleton_version += 1

    def _step(self, text: str, at: int) -> int:
        """One character between values."""
        char = text[at]
        state = self._state
        in_list = state in (_ITEM_OR_END, _NEXT_ITEM, _AFTER_ITEM)
        if char in " \t\n\r":
            if not in_list:
                self._keep(char)
            return at + 1
        if in_list:
            return self._step_in_list(char, at)
        if state is _FIELD:
            return self._begin_value(char, at)
        following = _STEPS.get((state, char))
        if following is None:
            self.lost = True
            return at
        if following is _KEY:
            self._key = ['"']
            self._in_string = True
        self._keep(char)
        self._state = following
        return at + 1

    def _step_in_list(self, char: str, at: int) -> int:
        assert self._list is not None
        if char == "]" and self._state is not _NEXT_ITEM:
            self._list.closed = True
            self._list = None
            self._keep("]")
            self._state = _AFTER_VALUE
            return at + 1
        if self._state is _AFTER_ITEM:
            if char == ",":
                self._state = _NEXT_ITEM
                return at + 1
        elif char not in ",]}:":
            self._state = _ITEM
            return at
        self.lost = True
        return at

    def _begin_value(self, char: str, at: int) -> int:
        key = _read_key("".join(self._key))
        if key is None or key in self._met:
            self.lost = True
            return at
        self._met.add(key)
        if key in self._keys and char == "[":
            self._list = self.lists[key] = SplitList(key)
            self._keep("[")
            self._state = _ITEM_OR_END
            return at + 1
        self._state = _VALUE
        return at

    def _feed_value(self, text: str, at: int) -> int:
        """A key, or a value that stays in the skeleton."""
        end, ended = self._scan(text, at)
        piece = text[at:end]
        if piece:
            self._keep(piece)
        if self._state is _KEY:
            self._key.append(piece)
        if ended:
            self._state = _COLON if self._state is _KEY else _AFTER_VALUE
        return end

    def _feed_item(self, text: str, at: int) -> int:
        assert self._list is not None
        end, ended = self._scan(text, at)
        if end > at:
            self._list.open.append(text[at:end])
        if ended:
            self._list.finished.append("".join(self._list.open))
            self._list.open.clear()
            self._state = _AFTER_ITEM
        return end

    def _scan(self, text: str, at: int) -> tuple[int, bool]:
        """How far the value goes in this text, and whether it ends there.

        A value ends after its last bracket or quote, or before what follows a number or a word.
        """
        nesting = self._nesting
        while True:
            if self._in_string:
                if self._escaped:
                    if at >= len(text):
                        return len(text), False
                    self._escaped = False
                    at += 1
                found = _IN_STRING.search(text, at)
                if found is None:
                    return len(text), False
                at = found.end()
                if found.group() == "\\":
                    self._escaped = True
                    continue
                self._in_string = False
                if not nesting:
                    return at, True
            found = (_IN_BRACKETS if nesting else _OUTSIDE).search(text, at)
            if found is None:
                return len(text), False
            char = found.group()
            at = found.end()
            if char == '"':
                self._in_string = True
            elif char in "{[":
                nesting.append("}" if char == "{" else "]")
                if len(nesting) > DEPTH_MAX:
                    self.lost = True
                    return len(text), False
            elif not nesting:
                return found.start(), True  # a number or a word ends before what follows it
            elif nesting.pop() != char:
                self.lost = True
                return len(text), False
            elif not nesting:
                return at, True


def _read_key(text: str) -> str | None:
    try:
        key = json.loads(text)
    except ValueError:
        return None
    return key if isinstance(key, str) else None


_IN_STRING = re.compile(r'["\\]')
_IN_BRACKETS = re.compile(r'["{}\[\]]')
_OUTSIDE = re.compile(r'["{\[\]},\s]')

# Where the text ends: before the object; before a key or the end; inside a key; before the colon; before a value; inside
# a value that stays; after a value; after the object; and in a watched list.
_BEFORE, _FIRST_KEY, _NEXT_KEY, _KEY, _COLON, _FIELD, _VALUE, _AFTER_VALUE, _AFTER = range(9)
_ITEM_OR_END, _NEXT_ITEM, _ITEM, _AFTER_ITEM = range(9, 13)

_STEPS = {
    (_BEFORE, "{"): _FIRST_KEY,
    (_FIRST_KEY, '"'): _KEY,
    (_FIRST_KEY, "}"): _AFTER,
    (_NEXT_KEY, '"'): _KEY,
    (_COLON, ":"): _FIELD,
    (_AFTER_VALUE, ","): _NEXT_KEY,
    (_AFTER_VALUE, "}"): _AFTER,
}
