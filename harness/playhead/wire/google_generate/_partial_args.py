"""Arguments of a call that arrive field by field, each with the place it belongs to.

Google Cloud sends them so where `streamFunctionCallArguments` is set: `{"jsonPath": "$.items[0].name", "stringValue":
"par", "willContinue": true}`. A string that continues is appended to what stands at its place.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from playhead.exceptions import DecodeError
from playhead.wire._json import as_text
from playhead.wire.google_generate._fields import get

__all__ = ["PartialArgs"]

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_ITEMS_MAX = 100_000


class PartialArgs:
    """`add` what came; `value` is what there is."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value: dict[str, Any] = dict(value)
        self._open: set[str] = set()

    def add(self, pieces: list[Any]) -> None:
        """Take in pieces. `DecodeError` for a place that cannot be."""
        for piece in pieces:
            if type(piece) is dict:
                self._add(piece)  # pyright: ignore[reportUnknownArgumentType]

    def _add(self, piece: dict[str, Any]) -> None:
        path = as_text(get(piece, "jsonPath")) or "$"
        steps = _steps(path)
        if not steps:
            return
        value = _value(piece)
        parent: Any = self.value
        for step, following in pairwise(steps):
            parent = _below(parent, step, [] if isinstance(following, int) else {}, path)
        if path in self._open and isinstance(value, str):
            before = _at(parent, steps[-1])
            value = (before if isinstance(before, str) else "") + value
        _put(parent, steps[-1], value, path)
        if get(piece, "willContinue") is True:
            self._open.add(path)
        else:
            self._open.discard(path)


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    position = 1 if path.startswith("$") else 0
    if position < len(path) and path[position] not in ".[":
        path, position = "." + path[position:], 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise DecodeError(f"{path!r} is no place among arguments", "This is no stream of this format.")
        name, index, *quoted = match.groups()
        steps.append(int(index) if index is not None else next(step for step in (name, *quoted) if step is not None))
        position = match.end()
    return steps


def _value(piece: dict[str, Any]) -> Any:
    for name in ("stringValue", "numberValue", "boolValue"):
        if (value := get(piece, name)) is not None:
            return int(value) if isinstance(value, float) and value.is_integer() else value
    return None


def _at(parent: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return parent[step] if isinstance(parent, list) and step < len(parent) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return parent.get(step) if isinstance(parent, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def _below(parent: Any, step: str | int, empty: Any, path: str) -> Any:
    found = _at(parent, step)
    if not isinstance(found, (dict, list)):
        found = empty
        _put(parent, step, found, path)
    return found  # pyright: ignore[reportUnknownVariableType]


def _put(parent: Any, step: str | int, value: Any, path: str) -> None:
    if isinstance(step, int) and isinstance(parent, list) and step < _ITEMS_MAX:
        parent.extend([None] * (step + 1 - len(parent)))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        parent[step] = value
    elif isinstance(step, str) and isinstance(parent, dict):
        parent[step] = value
    else:
        raise DecodeError(f"{path!r} is no place among these arguments", "This is no stream of this format.")
