"""States of a growing reply in, the events between them out: for streams that show states only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from playhead.messages import (
    PartDeltaEvent,
    PartStartEvent,
    TextPartDelta,
    ThinkingPartDelta,
    ToolCallPartDelta,
)
from playhead.transcript._values import get

__all__ = ["Growth"]


class Growth:
    """`feed` it each state of a reply; it gives what is new since the last one."""

    def __init__(self) -> None:
        self._parts: list[Any] = []

    def note(self, event: Any) -> None:
        """An event that was seen before the states: what it brought is known."""
        kind = get(event, "event_kind")
        if kind == "part_start":
            part = get(event, "part")
            known = SimpleNamespace(**{name: get(part, name) for name in ("part_kind", "content", "args", "signature")})
            self._parts[get(event, "index") :] = [known]
        elif kind == "part_delta":
            part, delta = self._parts[get(event, "index")], get(event, "delta")
            if more := get(delta, "content_delta"):
                part.content = (part.content or "") + more
            part.signature = get(delta, "signature_delta") or part.signature
            args = get(delta, "args_delta")
            if isinstance(args, str):
                part.args = (part.args or "") + args
            elif args:
                part.args = {**(part.args or {}), **args}

    def feed(self, response: Any) -> list[Any]:
        """The events that lead from the last state to this one."""
        events: list[Any] = []
        parts = list(get(response, "parts") or ())
        for index, part in enumerate(parts):
            if index >= len(self._parts):
                previous = get(parts[index - 1], "part_kind") if index else None
                events.append(PartStartEvent(index=index, part=part, previous_part_kind=previous))
            else:
                delta = _delta(self._parts[index], part)
                if delta is not None:
                    events.append(PartDeltaEvent(index=index, delta=delta))
        self._parts = parts
        return events


def _delta(old: Any, new: Any) -> Any:
    kind = get(new, "part_kind")
    if kind in ("text", "thinking"):
        before, after = get(old, "content") or "", get(new, "content") or ""
        more = after[len(before) :]
        if kind == "text":
            return TextPartDelta(more) if more else None
        signature = get(new, "signature")
        signature = signature if signature != get(old, "signature") else None
        return ThinkingPartDelta(content_delta=more or None, signature_delta=signature) if more or signature else None
    if kind in ("tool-call", "builtin-tool-call"):
        before, after = get(old, "args"), get(new, "args")
        if before == after:
            return None
        if isinstance(after, str):
            after = after[len(before) if isinstance(before, str) else 0 :]
        elif isinstance(before, dict):
            after = {name: value for name, value in after.items() if name not in before or before[name] != value}
        return ToolCallPartDelta(args_delta=after, tool_call_id=get(new, "tool_call_id"))
    return None
