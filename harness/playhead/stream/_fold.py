"""The one reducer: stream events in, a reply out. Nothing else in Playhead joins deltas.

Inputs: `PartStartEvent`, `PartDeltaEvent`, `PartEndEvent`, `ResponseMeta`, in the order of the grammar. State: a slot
for each part, with the pieces that have come since it was last looked at. Outputs: parts and responses, made anew each
time they are asked for, so that what was handed out never changes. A piece costs one append, however long the part is;
pieces are joined when somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from datetime import datetime
from typing import Any, Literal

from playhead.exceptions import DecodeError
from playhead.messages import (
    BuiltinToolCallPart,
    FinishReason,
    ModelResponse,
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
    merge_details,
)
from playhead.usage import RequestUsage

__all__ = ["Fold", "Follower", "fold"]


class _Slot:
    """A part and the pieces of text that wait to be joined to it."""

    __slots__ = ("part", "pieces")

    def __init__(self, part: ModelResponsePart) -> None:
        self.part = part
        self.pieces: list[str] = []

    def joined(self) -> ModelResponsePart:
        """The part as it is now. It is not changed any more once it was handed out."""
        if self.pieces:
            part: Any = _copied(self.part)
            text = "".join(self.pieces)
            if isinstance(part, (TextPart, ThinkingPart)):
                part.content += text
            else:
                part.args = (part.args or "") + text
            self.part = part
            self.pieces.clear()
        return self.part

    def replace(self, part: ModelResponsePart) -> None:
        """Something else than the text has changed."""
        self.part = part
        if type(self.pieces) is _Followed:
            self.pieces.changed()


class _Followed(list[str]):
    """Pieces that a follower is told of as well. A slot that nobody follows pays nothing for it."""

    __slots__ = ("news", "number")

    def __init__(self, pieces: Iterable[str], number: int, news: list[list[tuple[int, str | None]]]) -> None:
        super().__init__(pieces)
        self.number = number
        self.news = news

    def append(self, piece: str) -> None:
        super().append(piece)
        for news in self.news:
            news.append((self.number, piece))

    def changed(self) -> None:
        """The part itself was replaced."""
        for news in self.news:
            news.append((self.number, None))


class Follower:
    """Says what is new in a fold since it was last asked, without joining anything."""

    def __init__(self, fold: Fold, slots: list[_Slot]) -> None:
        self._fold = fold
        self._slots = slots
        self._seen = 0
        self._news: list[tuple[int, str | None]] = []

    def take(self) -> list[tuple[int, str | None]]:
        """Pairs of a part's index and its new text, in order; without text where the part began or was replaced."""
        taken, self._news[:] = self._news.copy(), []
        for index in range(self._seen, len(self._slots)):
            slot = self._slots[index]
            if type(slot.pieces) is not _Followed:
                slot.pieces = _Followed(slot.pieces, index, [])
            slot.pieces.news.append(self._news)
            taken.append((index, None))
        self._seen = len(self._slots)
        return taken


class Fold:
    """A reply that grows: `feed` it events, ask it for `response()` at any time.

    Beside the parts it keeps what the reply said of itself: `usage`, `finish_reason`, `refusal`, `error` and so on.
    """

    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    provider_response_id: str | None = None
    model_name: str | None = None
    provider_name: str | None = None
    timestamp: datetime | None = None
    refusal: str | None = None
    error: dict[str, Any] | None = None
    state: Literal["incomplete", "suspended"] | None = None
    details: dict[str, Any] | None = None

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self.usage = RequestUsage()

    def __len__(self) -> int:
        return len(self._slots)

    def feed(self, event: StreamEvent) -> None:
        """Take in one event. `DecodeError` if it belongs to no part, or to one of another kind."""
        if type(event) is PartDeltaEvent:
            delta = event.delta
            try:
                slot = self._slots[event.index]
            except IndexError:
                raise _no_such_part(event, len(self._slots)) from None
            if type(delta) is TextPartDelta and type(slot.part) is TextPart:
                slot.pieces.append(delta.content_delta)
                if delta.provider_name is not None or delta.provider_details is not None:
                    _describe(slot, delta.provider_name, delta.provider_details)
            elif type(delta) is ToolCallPartDelta and type(slot.part) in (ToolCallPart, BuiltinToolCallPart):
                self._add_call(slot, delta)
            elif type(delta) is ThinkingPartDelta and type(slot.part) is ThinkingPart:
                if delta.content_delta:
                    slot.pieces.append(delta.content_delta)
                if delta.signature_delta is not None:
                    part = _copied(slot.joined())
                    assert isinstance(part, ThinkingPart)
                    part.signature = delta.signature_delta
                    slot.replace(part)
                if delta.provider_name is not None or delta.provider_details is not None:
                    _describe(slot, delta.provider_name, delta.provider_details)
            else:
                raise DecodeError(
                    f"A {delta.part_delta_kind} delta came for part {event.index}, "
                    f"which is a {slot.part.part_kind} part",
                    "The producer of this stream numbers its parts wrongly.",
                )
        elif type(event) is PartStartEvent:
            if event.index != len(self._slots):
                raise DecodeError(
                    f"Part {event.index} starts, but the next part is number {len(self._slots)}",
                    "The producer of this stream numbers its parts wrongly.",
                )
            self._slots.append(_Slot(event.part))
        elif type(event) is ResponseMeta:
            self._learn(event)
        else:
            assert isinstance(event, PartEndEvent)

    def follow(self) -> Follower:
        """A reader of what is new; the first time it is asked, all parts are."""
        return Follower(self, self._slots)

    def text_sink(self, index: int) -> Callable[[str], None]:
        """Takes text for part number `index`, as `feed` takes it from a delta: for a producer's hot path."""
        slot = self._slots[index]

        def take(piece: str) -> None:
            slot.pieces.append(piece)

        return take

    def part(self, index: int) -> ModelResponsePart:
        """Part number `index` as it is now."""
        return self._slots[index].joined()

    def peek(self, index: int) -> ModelResponsePart:
        """Part number `index` without the text that waits to be joined: cheap, for its kind, name and ids."""
        return self._slots[index].part

    def parts(self) -> list[ModelResponsePart]:
        """All parts as they are now."""
        return [slot.joined() for slot in self._slots]

    def response(self) -> ModelResponse:
        """The reply as it is now."""
        response = ModelResponse(
            parts=self.parts(),
            usage=self.usage,
            model_name=self.model_name,
            provider_name=self.provider_name,
            provider_details=self.provider_details(),
            provider_response_id=self.provider_response_id,
            finish_reason=self.finish_reason,
        )
        if self.timestamp is not None:
            response.timestamp = self.timestamp
        return response

    def provider_details(self) -> dict[str, Any] | None:
        """What has no field of its own: the provider's word for the finish reason, a refusal, further details."""
        details = dict(self.details) if self.details else {}
        if self.raw_finish_reason is not None:
            details["finish_reason"] = self.raw_finish_reason
        if self.refusal is not None:
            details["refusal"] = self.refusal
        return details or None

    def _add_call(self, slot: _Slot, delta: ToolCallPartDelta) -> None:
        args = delta.args_delta
        part: Any = slot.part
        held: str | dict[str, Any] | None = part.args
        if isinstance(args, str) and not isinstance(held, dict):
            if args or held is None:
                slot.pieces.append(args)
        elif args is not None:
            grown: Any = _copied(slot.joined())
            grown.args = join_args(held, args, part=part, delta=delta)
            slot.replace(grown)
        name, call_id = delta.tool_name_delta, delta.tool_call_id
        if name or (call_id is not None and call_id != part.tool_call_id):
            part = _copied(slot.joined())
            part.tool_name += name or ""
            part.tool_call_id = call_id or part.tool_call_id
            slot.replace(part)
        if delta.provider_name is not None or delta.provider_details is not None:
            _describe(slot, delta.provider_name, delta.provider_details)

    def _learn(self, meta: ResponseMeta) -> None:
        if meta.usage is not None:
            self.usage = meta.usage
        if meta.finish_reason is not None:
            self.finish_reason = meta.finish_reason
        if meta.raw_finish_reason is not None:
            self.raw_finish_reason = meta.raw_finish_reason
        if meta.provider_response_id is not None:
            self.provider_response_id = meta.provider_response_id
        if meta.model_name is not None:
            self.model_name = meta.model_name
        if meta.provider_name is not None:
            self.provider_name = meta.provider_name
        if isinstance(meta.timestamp, datetime):
            self.timestamp = meta.timestamp
        if meta.refusal is not None:
            self.refusal = (self.refusal or "") + meta.refusal
        if meta.error is not None:
            self.error = meta.error
        if meta.state is not None:
            self.state = meta.state
        if meta.details is not None:
            self.details = {**(self.details or {}), **meta.details}


def fold(events: Iterable[StreamEvent]) -> Fold:
    """All `events` folded."""
    result = Fold()
    for event in events:
        result.feed(event)
    return result


def _copied(part: ModelResponsePart) -> ModelResponsePart:
    """The part once more. The commonest kinds by hand: `copy` takes several times as long."""
    if type(part) is TextPart:
        return TextPart(
            part.content, id=part.id, provider_name=part.provider_name, provider_details=part.provider_details
        )
    if type(part) is ThinkingPart:
        return ThinkingPart(
            part.content,
            id=part.id,
            signature=part.signature,
            provider_name=part.provider_name,
            provider_details=part.provider_details,
        )
    if type(part) is ToolCallPart:
        return ToolCallPart(
            part.tool_name,
            part.args,
            part.tool_call_id,
            id=part.id,
            provider_name=part.provider_name,
            provider_details=part.provider_details,
        )
    return copy(part)


def _describe(slot: _Slot, provider_name: str | None, details: Any) -> None:
    part: Any = _copied(slot.joined())
    part.provider_name = provider_name or part.provider_name
    part.provider_details = merge_details(part.provider_details, details)
    slot.replace(part)


def _no_such_part(event: PartDeltaEvent, count: int) -> DecodeError:
    return DecodeError(
        f"A {event.delta.part_delta_kind} delta came for part {event.index}, but only {count} parts have started",
        "The producer of this stream must start a part before it adds to it.",
    )
