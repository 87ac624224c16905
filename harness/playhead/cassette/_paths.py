"""JSON paths that name generated fields of a request: `metadata.trace_id`, `messages[*].id`, `**.created`.

A path is a list of names joined by dots. `[*]` (or `[0]`) steps into a list, `*` is any name, `**` any number of steps
down; a leading `$.` is allowed. A path names a whole value; it never reaches into a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, cast

__all__ = ["DEFAULT_IGNORED", "JsonPaths", "json_paths"]

DEFAULT_IGNORED: tuple[str, ...] = (
    "metadata.request_id",
    "metadata.run_id",
    "metadata.session_id",
    "metadata.span_id",
    "metadata.thread_id",
    "metadata.timestamp",
    "metadata.trace_id",
)
"""Fields that tracing tools fill anew in each run. `ignore_json_paths=` adds to them."""

Step = str | int


class JsonPaths:
    """A set of paths, and JSON values without what they name."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.texts = tuple(paths)
        self._paths = [_steps(path) for path in self.texts]
        self._first = {steps[0] for steps in self._paths}
        self._anywhere = any(step in ("*", "**", "[*]") or isinstance(step, int) for step in self._first)

    def __bool__(self) -> bool:
        return bool(self._paths)

    def removed(self, value: Any) -> Any:
        """`value` without the named fields; the same object where there are none. `value` itself is not changed."""
        if not self._anywhere and isinstance(value, dict):
            named = cast("dict[str, Any]", value)
            if not self._first & named.keys():
                return named
        left: Any = cast(Any, value)
        for steps in self._paths:
            left = _without(left, steps)
        return left


@cache
def json_paths(paths: tuple[str, ...]) -> JsonPaths:
    """`JsonPaths`, made once for each set: every cassette of a suite has the same."""
    return JsonPaths(paths)


def _steps(path: str) -> tuple[Step, ...]:
    text = path.removeprefix("$").removeprefix(".") if path.startswith("$") else path
    if path.startswith("$.."):
        text = "**." + path[3:]
    text = text.replace("..", ".**.")
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise ValueError(f"not a JSON path: {path!r}; write for example messages[*].id or metadata.trace_id")
        name = match[1] or match[2] or match[3]
        steps.append(int(name[1:-1]) if re.fullmatch(r"\[[0-9]+\]", name) else name)
        position = match.end()
    if not steps:
        raise ValueError(f"not a JSON path: {path!r}; write for example messages[*].id or metadata.trace_id")
    return tuple(steps)


def _without(value: Any, steps: tuple[Step, ...]) -> Any:
    same: Any = value
    step, rest = steps[0], steps[1:]
    if step == "**":
        return _without_anywhere(_without(value, rest), steps) if rest else value
    if isinstance(value, dict) and isinstance(step, str) and step != "[*]":
        named = cast("dict[str, Any]", value)
        keys = [step] if step != "*" else list(named)
        if not any(key in named for key in keys):
            return named
        if not rest:
            return {key: item for key, item in named.items() if key not in keys}
        return {key: _without(item, rest) if key in keys else item for key, item in named.items()}
    if isinstance(value, list) and (step == "[*]" or isinstance(step, int)):
        items = cast("list[Any]", value)
        if not rest:
            return [item for number, item in enumerate(items) if step != "[*]" and number != step]
        return [_without(item, rest) if step in ("[*]", number) else item for number, item in enumerate(items)]
    return same


def _without_anywhere(value: Any, steps: tuple[Step, ...]) -> Any:
    same: Any = value
    if isinstance(value, dict):
        return {key: _without(item, steps) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_without(item, steps) for item in cast("list[Any]", value)]
    return same


_STEP = re.compile(r"\.?(?:(\*\*|\*)|(\[(?:\*|[0-9]+)\])|([^.\[\]]+))")
