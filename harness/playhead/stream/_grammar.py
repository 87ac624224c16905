"""What may follow what in a stream of a reply.

stream  = { meta | start | delta | end }
start   : its index is the number of parts so far, and `previous_part_kind` the kind of the part started before;
          if that part is of a kind that ends, its end has just come
delta   : for a part that has started, of the part's kind; also after its end (interleaved calls)
end     : for the part started last, once; followed by the next start or by nothing but meta and deltas
"""

from __future__ import annotations

from playhead.messages import PartDeltaEvent, PartEndEvent, PartStartEvent, ResponseMeta, StreamEvent
from playhead.stream._emitter import ENDING_PARTS

__all__ = ["Grammar", "violations"]

_DELTA_OF = {"text": "text", "thinking": "thinking", "tool-call": "tool_call", "builtin-tool-call": "tool_call"}


class Grammar:
    """Checks a stream event by event: `feed` and `close` say what is wrong, or None."""

    def __init__(self) -> None:
        self._kinds: list[str] = []
        self._ends: list[bool] = []
        self._ended: int | None = None

    def feed(self, event: StreamEvent) -> str | None:
        """What is wrong with `event` at this place, in words."""
        if isinstance(event, PartStartEvent):
            return self._start(event)
        if isinstance(event, PartDeltaEvent):
            if not 0 <= event.index < len(self._kinds):
                return f"a delta for part {event.index}, but {len(self._kinds)} parts have started"
            kind = self._kinds[event.index]
            if _DELTA_OF.get(kind) != event.delta.part_delta_kind:
                return f"a {event.delta.part_delta_kind} delta for part {event.index}, a {kind} part"
            return None
        if isinstance(event, PartEndEvent):
            if event.index != len(self._kinds) - 1:
                return f"part {event.index} ends, but the part started last is {len(self._kinds) - 1}"
            if self._ended == event.index:
                return f"part {event.index} ends twice"
            self._ended = event.index
            return None
        assert isinstance(event, ResponseMeta)
        return None

    def close(self) -> str | None:
        """What is missing at the end, in words."""
        last = len(self._kinds) - 1
        if last >= 0 and self._ends[last] and self._ended != last:
            return f"part {last} did not end"
        return None

    def _start(self, event: PartStartEvent) -> str | None:
        last = len(self._kinds) - 1
        wrong = None
        if event.index != last + 1:
            wrong = f"part {event.index} starts, but the next part is {last + 1}"
        elif last >= 0 and self._ends[last] and self._ended != last:
            wrong = f"part {event.index} starts before part {last} has ended"
        elif event.previous_part_kind != (self._kinds[last] if last >= 0 else None):
            wrong = f"part {event.index} says that a {event.previous_part_kind} part came before it"
        self._kinds.append(event.part.part_kind)
        self._ends.append(isinstance(event.part, ENDING_PARTS))
        return wrong


def violations(events: list[StreamEvent]) -> list[str]:
    """Everything that is wrong with a whole stream, each with the number of its event."""
    grammar = Grammar()
    found = [f"event {n}: {wrong}" for n, event in enumerate(events) if (wrong := grammar.feed(event))]
    if wrong := grammar.close():
        found.append(f"end: {wrong}")
    return found
