"""The lines of a reply: parts, with a bar between their chunks.

A line ends where a chunk ends a sentence or the line is full, so that a change moves few of the lines after it.
"""

from __future__ import annotations

import re
from typing import Any

from playhead.transcript._values import Values, get, quoted, ticked

__all__ = ["Pieces", "line"]

_WIDTH = 100
_SENTENCE_WIDTH = 40
_SENTENCE_END = re.compile(r"(?:\n|[.!?。！？][\"')\]]*\s*)$")


def line(key: str, rest: str) -> str:
    """A line below a heading: what it is about, and what is to be said of it."""
    return f"  {key:<9} {rest}".rstrip()


class Pieces:
    """Events of a reply in, lines out."""

    def __init__(self, values: Values, *, times: bool = False) -> None:
        self._values = values
        self._times = times
        self._lines: list[str] = []
        self._open: list[str] = []
        self._head = ""
        self._index: int | None = None
        self._keys: dict[int, str] = {}
        self._kinds: dict[int, str] = {}
        self._text: list[str] = []

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._text)

    def feed(self, event: Any, at_ms: float | None = None) -> None:
        """One event of a reply; ends and final results are not shown."""
        kind = get(event, "event_kind")
        if kind == "part_start":
            self._start(get(event, "index"), get(event, "part"), at_ms)
        elif kind == "part_delta":
            self._delta(get(event, "index"), get(event, "delta"), at_ms)

    def effect(self, shown: str) -> None:
        """What the last piece did to the partial output; it ends the line."""
        if not self._open and self._lines:
            self._lines.append(f"  {'':<9} => {shown}")
        else:
            self._flush(f"  => {shown}")

    def close(self) -> list[str]:
        """All lines."""
        self._flush()
        return self._lines

    def _start(self, index: int, part: Any, at_ms: float | None) -> None:
        self._flush()
        kind = self._kinds[index] = get(part, "part_kind")
        content = get(part, "content")
        if kind in ("text", "thinking"):
            self._begin(index, kind)
            if kind == "text":
                self._text.append(content)
            self._add(quoted(content), content, at_ms)
            if get(part, "signature"):
                self._add("(signed)", "", None)
        elif kind in ("tool-call", "builtin-tool-call"):
            self._begin(index, self._values.labels.label("call", get(part, "tool_call_id")))
            built_in = " (of the provider)" if kind == "builtin-tool-call" else ""
            self._head += f"{get(part, 'tool_name')}{built_in}  "
            args = get(part, "args")
            if args is not None and args != "":
                self._add(self._args(args), "", at_ms)
        elif kind == "builtin-tool-return":
            self._begin(index, self._values.labels.label("call", get(part, "tool_call_id")))
            self._add(f"returned {self._values.line(content)}", "", at_ms)
        else:
            self._begin(index, "file" if kind == "file" else str(kind))
            self._add(self._values.line(content), "", at_ms)

    def _delta(self, index: int, delta: Any, at_ms: float | None) -> None:
        if index != self._index:  # an earlier part goes on
            self._flush()
            self._begin(index, self._keys.get(index, f"part {index}"))
            self._head += "… "
        kind = get(delta, "part_delta_kind")
        if kind == "tool_call":
            if name := get(delta, "tool_name_delta"):
                self._add(f"name += {quoted(name)}", "", at_ms)
            args = get(delta, "args_delta")
            if args is not None:
                self._add(self._args(args), "", at_ms)
            return
        content = get(delta, "content_delta")
        if content is not None and (content or kind == "text"):
            if kind == "text":
                self._text.append(content)
            self._add(quoted(content), content, at_ms)
        if get(delta, "signature_delta"):
            self._add("(signed)", "", at_ms)

    def _args(self, args: Any) -> str:
        return ticked(self._values.labels.inside(args)) if isinstance(args, str) else self._values.line(args)

    def _begin(self, index: int, key: str) -> None:
        self._index = index
        self._keys[index] = key
        self._head = f"  {key:<9} "

    def _add(self, shown: str, raw: str, at_ms: float | None) -> None:
        if self._times and at_ms is not None:
            shown = f"{shown} @{at_ms:.0f}"
        width = len(self._head) + sum(len(piece) + 3 for piece in self._open)
        if self._open and width + len(shown) > _WIDTH:
            self._flush()
        self._open.append(shown)
        if raw and width + len(shown) > _SENTENCE_WIDTH and _SENTENCE_END.search(raw):
            self._flush()

    def _flush(self, after: str = "") -> None:
        if self._open or self._head.strip():
            self._lines.append((self._head + " | ".join(self._open) + after).rstrip())
        self._open = []
        self._head = f"  {'':<9} " if self._index is not None else ""
        if not self._head.strip():
            self._head = "" if self._index is None else self._head
