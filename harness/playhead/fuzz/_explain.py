"""Words for a cut: what it looks like, what it cuts through, and where two results differ first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, TypeGuard

__all__ = ["describe_cut", "first_difference", "show_cut"]

_AROUND = 30


def show_cut(data: bytes | str, position: int) -> str:
    """The source around a cut, with the cut as `|`; bytes that are no text are shown as escapes."""
    before, after = data[max(0, position - _AROUND) : position], data[position : position + _AROUND]
    left = "..." if position > _AROUND else ""
    right = "..." if position + _AROUND < len(data) else ""
    return f"{left}{_readable(before)} | {_readable(after)}{right}"


def describe_cut(data: bytes | str, position: int) -> str:
    """What a cut goes through, in words."""
    if isinstance(data, str):
        data, position = _encoded(data, position)
    before, after = data[:position], data[position:]
    if after and after[0] & 0xC0 == 0x80:
        start = position
        while start > 0 and data[start] & 0xC0 == 0x80:
            start -= 1
        end = position
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1
        character = data[start:end].decode("utf-8", "replace")
        return f"inside the character {character!r}: byte {position - start} of {end - start} in UTF-8"
    tail = before[-12:]
    for pattern, words in _PLACES:
        found = re.search(pattern[0], tail)
        if found and re.match(pattern[1], after[:12]):
            return words
    return "between two bytes of the same line"


_PLACES: tuple[tuple[tuple[bytes, bytes], str], ...] = (
    ((rb"\r\n\r\Z", rb"\n"), "between CR and LF, at the end of a frame"),
    ((rb"\r\Z", rb"\n"), "between CR and LF"),
    ((rb"\\u[dD][89abAB][0-9a-fA-F]{2}\Z", rb"\\u[dD]"), "between the halves of a surrogate pair"),
    ((rb"\\(u[0-9a-fA-F]{0,3})?\Z", rb"[\"\\/bfnrtu0-9a-fA-F]"), "inside a JSON escape"),
    ((rb"(\n\n|\r\n\r\n|\r\r)\Z", rb""), "between two frames"),
    ((rb"\n\Z", rb"\r?\n"), "inside the end of a frame"),
    ((rb"(?:^|[\r\n])(d|da|dat|data|data:)\Z", rb"[ata:\s]|."), "inside the field name `data:`"),
    ((rb"(?:^|[\r\n])(e|ev|eve|even|event|event:)\Z", rb"."), "inside the field name `event:`"),
    ((rb"[\r\n]\Z", rb""), "at the beginning of a line"),
    ((rb"[0-9.eE+-]\Z", rb"[0-9.eE+-]"), "inside a number"),
    ((rb"(t|tr|tru|f|fa|fal|fals|n|nu|nul)\Z", rb"[a-z]"), "inside a word"),
    ((rb"", rb"[\r\n]"), "at the end of a line"),
    ((rb"\A\Z", rb""), "before the first byte"),
    ((rb"", rb"\Z"), "after the last byte"),
)


def first_difference(whole: Any, cut: Any, names: tuple[str, str] = ("uncut", "cut  ")) -> str:
    """Where two results differ first, and how; `names` are what the two are called."""
    path, one, other = _difference("result", whole, cut)
    return f"First difference, at {path}:\n    {names[0]}: {_brief(one)}\n    {names[1]}: {_brief(other)}"


def _difference(path: str, one: Any, other: Any) -> tuple[str, Any, Any]:
    if _is_mapping(one) and _is_mapping(other):
        for key in dict.fromkeys([*one, *other]):
            first, second = one.get(key, _MISSING), other.get(key, _MISSING)
            if first != second:
                return _difference(f"{path}[{key!r}]", first, second)
    elif _is_list(one) and _is_list(other):
        for index, (first, second) in enumerate(zip_longest(one, other, fillvalue=_MISSING)):
            if first != second:
                return _difference(f"{path}[{index}]", first, second)
    elif isinstance(one, (str, bytes)) and type(one) is type(other) and max(len(one), len(other)) > 80:
        at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        start = max(0, at - 20)
        unit = "character" if isinstance(one, str) else "byte"
        return f"{path}, {unit} {at}", one[start : at + 60], other[start : at + 60]
    return path, one, other


class _Missing:
    def __repr__(self) -> str:
        return "(nothing)"


_MISSING = _Missing()


def _is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:297]}..."


def _readable(data: bytes | str) -> str:
    text = repr(data)
    return text[2:-1] if isinstance(data, bytes) else text[1:-1]


def _encoded(text: str, position: int) -> tuple[bytes, int]:
    return text.encode("utf-8", "surrogatepass"), len(text[:position].encode("utf-8", "surrogatepass"))
