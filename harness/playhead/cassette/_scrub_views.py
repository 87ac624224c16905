"""Other ways to read a text: with its escapes undone, or as the strings that successive frames put together.

A `View` is the text as read that way, and knows where each of its characters came from. So what is found in it can be
masked in the original, byte for byte. Views are made cheaply (`text`), and their maps only when something was found.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from playhead.cassette._scrub_names import OPAQUE, normalised

__all__ = ["Piece", "View", "joined_views", "legible", "narrowed", "shortened", "undone"]

Piece = tuple[int, int]
"""(start, end) in the original text."""


class View:
    """A text read in another way: `text`, and `pieces(start, end)`, where that part of it came from."""

    def __init__(self, text: str, runs: Callable[[], Iterator[tuple[int, int, int]]], name: str = "") -> None:
        """`runs` gives (length here, start there, length there) for stretches that are alike, or for one escape."""
        self.text = text
        self.name = name
        """The name of the field that held it, for a string from frames."""
        self._runs = runs
        self._starts: list[int] = []
        self._origins: list[tuple[int, int, int]] = []

    def pieces(self, start: int, end: int) -> list[Piece]:
        """The parts of the original that text[start:end] was read from, ascending, those that touch joined."""
        if not self._starts:
            position = 0
            for length, origin, origin_length in self._runs():
                self._starts.append(position)
                self._origins.append((length, origin, origin_length))
                position += length
        pieces: list[Piece] = []
        index = max(0, bisect_right(self._starts, start) - 1)
        while index < len(self._starts) and self._starts[index] < end:
            length, origin, origin_length = self._origins[index]
            offset = self._starts[index]
            index += 1
            if length == 0:  # left out here: a line break
                continue
            if length == origin_length:
                piece = (origin + max(start - offset, 0), origin + min(end - offset, length))
            else:
                piece = (origin, origin + origin_length)
            if pieces and pieces[-1][1] == piece[0]:
                pieces[-1] = (pieces[-1][0], piece[1])
            elif piece[0] < piece[1]:
                pieces.append(piece)
        return pieces


class _Shortened(View):
    """A text without the middles of its long words. What is found across such a gap has the gap within."""

    def __init__(self, text: str, kept: list[Piece]) -> None:
        super().__init__("".join([text[start:end] for start, end in kept]), lambda: iter(()))
        self._kept = kept
        self._places: list[int] = []
        position = 0
        for start, end in kept:
            self._places.append(position)
            position += end - start

    def pieces(self, start: int, end: int) -> list[Piece]:
        """One stretch."""
        return [(self._original(start), self._original(end - 1) + 1)]

    def _original(self, position: int) -> int:
        index = bisect_right(self._places, position) - 1
        return self._kept[index][0] + position - self._places[index]


def shortened(text: str) -> View | None:
    """A large text without the middles of its Base64, in which no shape counts: reading them takes seconds.

    None for a text that is not large, or has no such words.
    """
    if len(text) < _LARGE:
        return None
    kept: list[Piece] = []
    position = 0
    for match in _LONG_WORD.finditer(text):
        kept.append((position, match.start() + _WORD_END))
        position = match.end() - _WORD_END
    return _Shortened(text, [*kept, (position, len(text))]) if kept else None


def undone(text: str) -> View | None:
    r"""`text` with one level of escaping undone; None where there is none.

    That is `\u002d`, `\x2d` and `\/` at whatever depth, `%2d`, `&#45;` and `&quot;`, and the line breaks in folded Base64.
    All at once, so that a text mixed of them is read as often as it is nested, and not once for each mixture.
    """
    pieces: list[str] = []
    position = 0
    for match in _escapes(text):
        pieces += (text[position : match.start()], _undo(match))
        position = match.end()
    if not pieces:
        return None

    def runs() -> Iterator[tuple[int, int, int]]:
        position = 0
        for match in _escapes(text):
            if match.start() > position:
                yield match.start() - position, position, match.start() - position
            yield len(_undo(match)), match.start(), match.end() - match.start()
            position = match.end()
        yield len(text) - position, position, len(text) - position

    return View("".join((*pieces, text[position:])), runs)


def _escapes(text: str) -> Iterator[re.Match[str]]:
    """What is to be undone, from left to right. A pattern for each first character: one for all of them would be tried
    at every character."""
    found: list[re.Match[str]] = []
    for first, pattern in _ESCAPED.items():
        match = pattern.search(text) if first in text else None
        if match is not None:
            found.append(match)
    while found:
        match = min(found, key=lambda match: match.start())
        yield match
        left: list[re.Match[str]] = []
        for other in found:
            following = other if other.start() >= match.end() else other.re.search(text, match.end())
            if following is not None:
                left.append(following)
        found = left


def legible(text: str) -> View | None:
    """What can be read of a body that is not text (a picture, a protocol's frames): its stretches of characters. None for text.

    Random bytes hold everything that the finders begin with, so that each would be looked at for nothing.
    """
    data = text.encode("latin-1", "replace")
    if (len(data) - len(data.translate(None, _CONTROLS))) * _BINARY_SHARE < len(data):
        return None
    spans = [match.span() for match in _LEGIBLE.finditer(text)]

    def runs() -> Iterator[tuple[int, int, int]]:
        for start, end in spans:
            yield end - start, start, end - start
            yield 1, end, 0

    return View("".join([f"{text[start:end]}\0" for start, end in spans]), runs)


def narrowed(text: str) -> View | None:
    """The stretches of `text` that are UTF-16 or UTF-32, read as such; None where there are none.

    Only the byte that tells a character of ASCII belongs to it here, so that a mask is written as widely.
    """
    if "\0" not in text or _WIDE_WITHIN.search(text) is None:
        return None
    spans = [match.span() for match in _WIDE.finditer(text)]
    if not spans:
        return None

    def letters() -> Iterator[tuple[str, int]]:
        for start, end in spans:
            for position in range(start, end):
                if text[position] != "\0":
                    yield text[position], position
            yield "\0", end

    def runs() -> Iterator[tuple[int, int, int]]:
        for letter, position in letters():
            yield 1, position, letter != "\0"

    return View("".join(letter for letter, _ in letters()), runs)


def joined_views(text: str) -> Iterator[View]:
    """One view for each string that frames (SSE, lines of JSON, items of a JSON list) may put together piece by piece.

    Which strings belong together is told by their path in the frame's JSON, list positions left out, and once more with
    the numbers called `index` on the way, for pieces that are sent interleaved. Data that is no JSON belongs together.
    """
    yield from _joined(text)
    if _ON_A_LINE.search(text) is not None and _LINES_OF_ONE_FRAME.search(text) is not None:
        # Several lines of data are one frame. Servers that forget the empty line between frames mean several.
        yield from _joined(_ONE_FRAME.sub(_on_one_line, text))


def _joined(text: str) -> Iterator[View]:
    payloads = _payloads(text)
    if len(payloads) < 2:
        return
    groups = _grouped(_documents(text, payloads))
    for key, leaves in groups.items():
        path, indexes = key
        if len(leaves) < 2 or (indexes is not None and len(leaves) == len(groups[path, None])):
            continue
        if _may_hold(leaves) and not any(normalised(name) in OPAQUE for name in path):
            yield View("".join(leaves), _runs_of(text, payloads, key), path[-1] if path else "")


_Key = tuple[tuple[str, ...], tuple[int, ...] | None]


def _may_hold(leaves: Sequence[str]) -> bool:
    first = leaves[0]
    return any(leaf != first for leaf in leaves) and sum(map(len, leaves)) >= 8


def _undo(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "hex":
        return chr(int(match["hex"], 16))
    if kind == "decimal":
        return chr(int(match["decimal"]))
    if kind == "entity":
        return _ENTITIES[match["entity"]]
    return "/" if kind == "slash" else ""


def _payloads(text: str) -> list[Piece]:
    """Where the data of each frame lies."""
    found = [match.span(1) for match in _DATA.finditer(text)]
    if found:
        return found
    if _ADJACENT.search(text) is not None or ("\n{" in text and text.startswith("--")):
        return list(_objects(text))
    head = _FIRST.match(text)
    if head is None:
        return [match.span(1) for match in _PREFIXED.finditer(text)] if _PREFIXED.match(text) is not None else []
    if head[0].endswith("["):  # a list of frames, as Google streams without SSE: read as one document
        return [(head.end() - 1, len(text)), (len(text), len(text))]
    return [match.span() for match in _JSON_LINE.finditer(text)]


def _objects(text: str) -> Iterator[Piece]:
    """Objects of JSON one behind the other, with lengths, separators or the heads of parts between them."""
    failures = 0
    position = text.find("{")
    while position >= 0 and failures < 50:
        try:
            _, end = _DECODER.raw_decode(text, position)
            yield position, end
        except (ValueError, RecursionError):
            failures, end = failures + 1, position + 1
        position = text.find("{", end)


def _documents(text: str, payloads: Sequence[Piece]) -> list[Any]:
    texts = [text[start:end] for start, end in payloads if start < end]
    try:
        whole = cast("list[Any]", json.loads("[" + ",".join(item for item in texts if item != "[DONE]") + "]"))
    except (ValueError, RecursionError):
        return [_document(item) for item in texts]
    return cast("list[Any]", whole[0]) if len(whole) == 1 and isinstance(whole[0], list) else whole


def _document(text: str) -> Any:
    if not _is_like_json(text):
        return text  # data that is no JSON: a piece of plain text, and be it a number
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_like_json(data: str) -> bool:
    return data[:20].lstrip()[:1] in ("{", "[", '"')


def _on_one_line(frame: re.Match[str]) -> str:
    """The lines of data of one frame as one, with spaces in place of what separates them: every character keeps its place."""
    return _NEXT_LINE.sub(lambda match: " " * len(match[0]), frame[0])


def _grouped(documents: list[Any]) -> dict[_Key, list[str]]:
    """The strings of all frames by where they stand, in the order of the text."""
    groups: dict[_Key, list[str]] = {}
    for document in documents:
        stack: list[tuple[tuple[str, ...], tuple[int, ...], Any]] = [((), (), document)]
        while stack:
            path, indexes, value = stack.pop()
            kind: object = type(value)  # type: ignore[reportUnknownVariableType]
            if kind is str:
                for key in ((path, None), (path, indexes)) if indexes else ((path, None),):
                    leaves = groups.get(key)
                    if leaves is None:
                        groups[key] = [value]
                    else:
                        leaves.append(value)
            elif kind is dict:
                index: Any = value.get("index", value.get("output_index"))
                if type(index) is int:
                    indexes = (*indexes, index)
                # Pushed last to first, so that leaves come in the order of the text.
                for name in reversed(value):
                    member: Any = value[name]
                    if type(member) in _HOLDERS:
                        stack.append(((*path, name), indexes, member))
            elif kind is list:
                stack.extend([(path, indexes, item) for item in reversed(value)])
    return groups


def _runs_of(text: str, payloads: Sequence[Piece], wanted: _Key) -> Callable[[], Iterator[tuple[int, int, int]]]:
    def runs() -> Iterator[tuple[int, int, int]]:
        for start, end in payloads:
            try:
                if not _is_like_json(text[start:end]):
                    raise ValueError
                json.loads(text[start:end])
            except (ValueError, RecursionError):
                if wanted[0] == () and start < end and text[start:end] != "[DONE]":
                    yield end - start, start, end - start
                continue
            for first, last in _located(text, start, end, wanted):
                yield from _string_runs(text, first, last)

    return runs


def _located(text: str, start: int, end: int, wanted: _Key) -> Iterator[Piece]:
    """Where the strings of this path lie in the JSON text[start:end], which is valid; the quotes left out."""
    path, indexes = wanted
    found: list[tuple[Piece, _Open | None]] = []
    top: _Open | None = None
    name = ""
    expects_name = False
    for match in _TOKEN.finditer(text, start, end):
        token = match[0]
        first = token[0]
        if first == '"':
            if expects_name:
                name, expects_name = cast(str, json.loads(token)), False
            elif (top.path if top is not None else ()) + ((name,) if top is not None and top.named else ()) == path:
                found.append(((match.start() + 1, match.end() - 1), top))
        elif first in "{[":
            inner = () if top is None else (*top.path, name) if top.named else top.path
            top = _Open(top, inner, first == "{")
            expects_name = first == "{"
        elif first in "}]":
            top = top.parent if top is not None else None
            expects_name = False
        elif first == ",":
            expects_name = top is not None and top.named
        elif top is not None and top.named and name in ("index", "output_index") and _INTEGER.fullmatch(token):
            top.numbers[name] = int(token)
    for piece, holder in found:
        if indexes is None or _indexes(holder) == indexes:
            yield piece


class _Open:
    """A JSON object or list that is being read; `path` is its own, `numbers` are its members that tell pieces apart."""

    __slots__ = ("named", "numbers", "parent", "path")

    def __init__(self, parent: _Open | None, path: tuple[str, ...], named: bool) -> None:
        self.parent, self.path, self.named = parent, path, named
        self.numbers: dict[str, int] = {}


def _indexes(holder: _Open | None) -> tuple[int, ...]:
    found: list[int] = []
    while holder is not None:
        number = holder.numbers.get("index", holder.numbers.get("output_index"))
        if number is not None:
            found.append(number)
        holder = holder.parent
    return tuple(reversed(found))


def _string_runs(text: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    position = start
    for match in _JSON_ESCAPE.finditer(text, start, end):
        if match.start() > position:
            yield match.start() - position, position, match.start() - position
        yield 1, match.start(), match.end() - match.start()
        position = match.end()
    if end > position:
        yield end - position, position, end - position


_LARGE = 100_000
_WORD_END = 1_000
_LONG_WORD = re.compile(r"[A-Za-z0-9+/_-]{4000,}")
_HOLDERS = frozenset((str, dict, list))
_ENTITIES = {"quot": '"', "amp": "&", "apos": "'", "lt": "<", "gt": ">"}
_FOLDED = r"[A-Za-z0-9+/]{60}"
_FOLD_END = r"[ \t]{0,8})(?=[A-Za-z0-9+/=]{4})"
_ESCAPED = {
    "\\": re.compile(
        r"\\(?<!\\\\)\\*+(?:u00|x)(?P<hex>[0-7][0-9a-fA-F])|\\(?<!\\\\)\\*+(?P<slash>/)"
        rf"|(?P<fold>(?:\\n(?<={_FOLDED}\\n)|\\r\\n(?<={_FOLDED}\\r\\n)){_FOLD_END}"
    ),
    "%": re.compile(r"%(?P<hex>[0-7][0-9a-fA-F])"),
    "&": re.compile(
        r"&#[xX](?P<hex>[0-7][0-9a-fA-F])(?:(?<=&#[xX]..);)?|&#(?P<decimal>[0-9]{2,3});|&(?P<entity>quot|amp|apos|lt|gt);"
    ),
    "\n": re.compile(rf"(?P<fold>\n(?<={_FOLDED}\n){_FOLD_END}"),
    "\r": re.compile(rf"(?P<fold>\r\n(?<={_FOLDED}\r\n){_FOLD_END}"),
}
"""By the character that each begins with."""
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")
_BINARY_SHARE = 50  # one control character in so many: text has none
# Letters beyond ASCII belong to it where plain ones stand beside them.
_LEGIBLE = re.compile(r"[\t\n\r\x20-\x7e]{6,}(?:[\x80-\xf4]{1,400}[\t\n\r\x20-\x7e]+)*")
_WIDE_WITHIN = re.compile(r"\0(?:\0\0)?[\t\n\r\x20-\x7e]\0(?:\0\0)?[\t\n\r\x20-\x7e]\0")  # looked for first
# Letters beyond ASCII between them have two bytes that are both no zeros.
_WIDE = re.compile(
    r"(?:[\t\n\r\x20-\x7e]\0{1,3}(?:[^\0]{2}){0,200}){6,}[\t\n\r\x20-\x7e]?|(?:\0{1,3}[\t\n\r\x20-\x7e](?:[^\0]{2}){0,200}){6,}"
)
_DATA = re.compile(r"data:(?<![^\r\n]data:) ?([^\r\n]*)")
_ON_A_LINE = re.compile(r"\ndata:(?<!\n\ndata:)(?<!\n\r\ndata:)")  # behind a line that is not empty: looked for first
_LINES_OF_ONE_FRAME = re.compile(r"\ndata:[^\n]*\ndata:|\Adata:[^\n]*\ndata:")
_ONE_FRAME = re.compile(r"(?m)^data:[^\n]*\n(?:data:[^\n]*(?:\n|\Z))+")
_NEXT_LINE = re.compile(r"\r?\ndata: ?")
_FIRST = re.compile(r"[ \t\r\n\ufeff]*[{\[]")
_DECODER = json.JSONDecoder()
# What separates objects that are no members of a list: little, or a few bytes that are no text.
_ADJACENT = re.compile(r"\}(?:[^\"{}\[\],:]{0,9}|\s?[\x00-\x08\x0e-\x1f].{0,6})\{(?<!\}\n\{)(?<!\}\r\n\{)", re.DOTALL)
# Lines that begin with a mark of their kind, as Vercel's first data streams do: `0:"It is"`.
_PREFIXED = re.compile(r"(?m)^[0-9a-z]{1,2}:([\"{\[].*)$")
_JSON_LINE = re.compile(r"(?:^|(?<=[\r\n]))[ \t]*[{\[][^\r\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]|[^\s{}\[\],:"]+')
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_JSON_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")
