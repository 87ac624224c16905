"""The producer's side of the grammar: "this slot has more" in, well-formed stream events out.

Decoders, scripts and function models know their parts by slots of their own (a content block, a tool call's index).
The emitter numbers parts in order of appearance, ends the part before when the next one starts, holds back a call
until it has a name, and keeps the fold of all it has emitted, so that nobody folds twice.

Outputs are collected in `out`; `take()` hands them over.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from playhead.messages import (
    BuiltinToolCallPart,
    ModelResponsePart,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    ResponseMeta,
    StreamEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    join_args,
)
from playhead.stream._fold import Fold

__all__ = ["ENDING_PARTS", "Emitter"]

ENDING_PARTS = (TextPart, ThinkingPart, ToolCallPart, BuiltinToolCallPart)
"""Parts that get a `PartEndEvent`; the others arrive whole."""

_NO_SLOT = object()


class Emitter:
    """Turns additions to slots into events, in `out`."""

    _last: int | None = None

    def __init__(self, fold: Fold | None = None) -> None:
        self.fold = fold if fold is not None else Fold()  # an empty fold is false
        self.out: list[StreamEvent] = []
        self._index: dict[Hashable, int] = {}
        self._nameless: dict[Hashable, ToolCallPartDelta] = {}

    def take(self) -> list[StreamEvent]:
        """The events since the last call."""
        out, self.out = self.out, []
        return out

    def has(self, slot: Hashable) -> bool:
        """Whether the slot's part has started."""
        return slot in self._index

    def index(self, slot: Hashable) -> int:
        """The number of the part of a slot that has started."""
        return self._index[slot]

    def part(self, slot: Hashable) -> ModelResponsePart:
        """The part of a slot that has started, as it is now."""
        return self.fold.part(self._index[slot])

    def text(self, slot: Hashable, content: str, **start: Any) -> None:
        """More text. `start` are further fields of the part, where this starts it."""
        index = self._index.get(slot)
        if index is None:
            self.start(slot, TextPart(content, **start))
        else:
            # As `_emit` does, without a call: this is most of what streams are made of.
            event = PartDeltaEvent(index=index, delta=TextPartDelta(content))
            self.fold.feed(event)
            self.out.append(event)

    def thinking(
        self, slot: Hashable, content: str | None = None, *, signature: str | None = None, **rest: Any
    ) -> None:
        """More reasoning, or its signature. `rest`: `id`, `provider_name`, `provider_details`."""
        index = self._index.get(slot)
        if index is None:
            self.start(slot, ThinkingPart(content or "", signature=signature, **rest))
        elif not rest:
            event = PartDeltaEvent(
                index=index, delta=ThinkingPartDelta(content_delta=content, signature_delta=signature)
            )
            self.fold.feed(event)
            self.out.append(event)
        else:
            rest.pop("id", None)
            delta = ThinkingPartDelta(content_delta=content, signature_delta=signature, **rest)
            self._emit(PartDeltaEvent(index=index, delta=delta))

    def args(self, slot: Hashable, text: str) -> None:
        """More of a call's arguments, which are text: `call` without all that a call can be told besides."""
        index = self._index.get(slot)
        part: Any = None if index is None else self.fold.peek(index)
        if index is None or type(part.args) is dict:
            self.call(slot, args=text)
            return
        event = PartDeltaEvent(index=index, delta=ToolCallPartDelta(args_delta=text, tool_call_id=part.tool_call_id))
        self.fold.feed(event)
        self.out.append(event)

    def call(
        self,
        slot: Hashable,
        *,
        name: str | None = None,
        args: str | dict[str, Any] | None = None,
        tool_call_id: str | None = None,
        **rest: Any,
    ) -> None:
        """More of a tool call. Without a name so far it is kept back. `rest`: `provider_name`, `provider_details`."""
        index = self._index.get(slot)
        delta = ToolCallPartDelta(tool_name_delta=name, args_delta=args, tool_call_id=tool_call_id, **rest)
        if index is not None:
            part: Any = self.fold.peek(index)
            if args is not None and isinstance(args, dict) is not isinstance(part.args, dict):
                # Raises where text meets an object, and tells of the delta as the producer wrote it.
                whole_part: Any = self.fold.part(index)
                join_args(whole_part.args, args, part=whole_part, delta=delta)
            if tool_call_id is None:
                delta.tool_call_id = part.tool_call_id
            self._emit(PartDeltaEvent(index=index, delta=delta))
            return
        known = self._nameless.pop(slot, None)
        whole = delta.apply(known) if known is not None else delta
        part = whole.as_part() if isinstance(whole, ToolCallPartDelta) else whole
        if part is None:
            assert isinstance(whole, ToolCallPartDelta)
            self._nameless[slot] = whole
        else:
            self.start(slot, part)

    def start(self, slot: Hashable, part: ModelResponsePart) -> None:
        """Start a part of any kind in a new slot."""
        fold, last = self.fold, self._last
        previous = None
        if last is not None:
            before = fold.part(last)
            previous = before.part_kind
            if isinstance(before, ENDING_PARTS):
                # Folds pass over ends: what is said is known.
                self.out.append(PartEndEvent(index=last, part=before, next_part_kind=part.part_kind))
        index = len(fold)
        if slot is not _NO_SLOT:
            self._index[slot] = index
        self._last = index
        event = PartStartEvent(index=index, part=part, previous_part_kind=previous)
        fold.feed(event)
        self.out.append(event)

    def whole(self, part: ModelResponsePart) -> None:
        """A part that arrives whole and gets no more."""
        self.start(_NO_SLOT, part)

    def delta(self, slot: Hashable, delta: TextPartDelta | ThinkingPartDelta | ToolCallPartDelta) -> None:
        """A delta as it is, for a slot that has started."""
        self._emit(PartDeltaEvent(index=self._index[slot], delta=delta))

    def meta(self, meta: ResponseMeta) -> None:
        """What the reply says of itself."""
        self.fold.feed(meta)
        self.out.append(meta)

    def close(self) -> None:
        """The reply is over: ends the last part. Calls that never got a name are not part of it."""
        if self._last is not None:
            last = self.fold.part(self._last)
            if isinstance(last, ENDING_PARTS):
                self.out.append(PartEndEvent(index=self._last, part=last))
            self._last = None

    def _emit(self, event: StreamEvent) -> None:
        self.fold.feed(event)
        self.out.append(event)
