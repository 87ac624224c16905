"""What the format makes of a reply's events: how they come back when they were written and read again.

Carried as they are: texts and reasoning piece by piece, calls with their ids, files, the provider's own tools, seals
(`thought_signature`). Changed: texts that follow each other are one text, and so is reasoning (not so in a whole reply);
a call arrives when it is complete, not before one that began earlier, its arguments as an object; code that was run, and its result, have their id among
their fields; a finish by a call is a plain stop; usage comes with the
end. Empty texts without a seal are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from playhead.messages import (
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
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
)
from playhead.stream import Emitter, Fold
from playhead.usage import RequestUsage
from playhead.wire._json import as_dict, as_text
from playhead.wire.google_generate._decoder import read_error_object
from playhead.wire.google_generate._encoder import UNFINISHED, blocked, error_object, finish_reason, is_complete
from playhead.wire.google_generate._fields import FINISH, standard_base64
from playhead.wire.google_generate._messages import signature_of
from playhead.wire.google_generate._usage import read_usage, write_usage

__all__ = ["normal"]

NAME = "google-gla"


def normal(events: Iterable[StreamEvent], *, streamed: bool) -> list[StreamEvent]:
    """`events` as this format carries them."""
    return _Normaliser(streamed).run(events)


class _Normaliser:
    def __init__(self, streamed: bool) -> None:
        self.streamed = streamed
        self.given = Fold()
        self.emitter = Emitter()
        self.failed = False
        self.run_: tuple[str, object] | None = None
        self.calls: list[int] = []
        self.ended: set[int] = set()
        self.usage = RequestUsage()
        self.names: dict[int, tuple[str | None, str | None]] = {}
        self.told: set[str] = set()
        self.reply_id: str | None = None

    def run(self, events: Iterable[StreamEvent]) -> list[StreamEvent]:
        for event in events:
            if self.failed:
                break
            self.given.feed(event)
            if self.streamed:
                self._event(event)
            elif isinstance(event, ResponseMeta) and event.error is not None:
                self._fail(event.error)
        if not self.failed:
            self._close()
        return self.emitter.take()

    def _event(self, event: StreamEvent) -> None:
        match event:
            case PartStartEvent(part=ToolCallPart() | BuiltinToolCallPart()):
                self.calls.append(event.index)
                self.names[event.index] = (self.given.model_name, self.given.provider_response_id)
            case PartStartEvent(part=TextPart() | ThinkingPart() as part):
                self._text(part.content, part.part_kind, signature_of(part))
            case PartStartEvent():
                self._whole(event.part)
            case PartDeltaEvent(delta=TextPartDelta() as delta):
                self._text(delta.content_delta, "text", _signature(delta.provider_details))
            case PartDeltaEvent(delta=ThinkingPartDelta() as delta):
                details = delta.provider_details
                self._text(delta.content_delta or "", "thinking", None if callable(details) else _signature(details))
            case PartEndEvent():
                self._end(event.index)
            case ResponseMeta():
                if event.error is not None:
                    self._fail(event.error)
            case _:
                pass

    def _fail(self, error: dict[str, Any]) -> None:
        self.emitter.close()
        self.emitter.meta(ResponseMeta(error=read_error_object(error_object(error)), state="incomplete"))
        self.failed = True

    def _close(self) -> None:
        if self.streamed:
            self._take_calls(last=True)
            self._describe(last=True)
        else:
            self._describe(last=True)
            for part in self.given.parts():
                self._whole(part)
        self.emitter.close()
        if self.streamed and finish_reason(self.given) is None and blocked(self.given) is None:
            self.emitter.meta(ResponseMeta(state="incomplete"))

    # ------------------------------------------------------------------ what a chunk says of the reply
    def _describe(self, names: tuple[str | None, str | None] | None = None, *, last: bool = False) -> None:
        news: dict[str, Any] = {}
        model, reply_id = names or (self.given.model_name, self.given.provider_response_id)
        if not self.told:
            self.told.add("provider")
            news["provider_name"] = NAME
        if last:
            usage = read_usage(write_usage(self.given.usage), self.usage)
            if usage != self.usage:
                news["usage"] = self.usage = usage
        if model and "model" not in self.told:
            self.told.add("model")
            news["model_name"] = model
        if reply_id and reply_id != self.reply_id:
            news["provider_response_id"] = self.reply_id = reply_id
        if last:
            news |= self._ending()
        if news:
            self.emitter.meta(ResponseMeta(**news))

    def _ending(self) -> dict[str, Any]:
        if (reason := blocked(self.given)) is not None:
            details = {"block_reason": reason}
            if message := as_text((self.given.details or {}).get("block_reason_message")):
                details["block_reason_message"] = message
            return {"finish_reason": "content_filter", "details": details}
        raw = finish_reason(self.given) or (None if self.streamed else UNFINISHED)
        return {} if raw is None else {"raw_finish_reason": raw, "finish_reason": FINISH.get(raw)}

    # ------------------------------------------------------------------ parts
    def _text(self, text: str, kind: str, signature: str | None) -> None:
        if not text and not signature:
            return
        self._describe()
        sealed = _sealed(signature)
        if self.run_ is None or self.run_[0] != kind:
            self.run_ = (kind, object())
            (self.emitter.text if kind == "text" else self.emitter.thinking)(self.run_[1], text, **sealed)
        elif kind == "text":
            self.emitter.delta(self.run_[1], TextPartDelta(text, **sealed))
        else:
            self.emitter.delta(self.run_[1], ThinkingPartDelta(content_delta=text, **sealed))

    def _end(self, index: int) -> None:
        self.ended.add(index)
        self._take_calls()

    def _take_calls(self, *, last: bool = False) -> None:
        while self.calls and (last or is_complete(self.given, self.calls[0], self.ended)):
            index = self.calls.pop(0)
            self._whole(self.given.part(index), self.names[index])

    def _whole(self, part: ModelResponsePart, names: tuple[str | None, str | None] | None = None) -> None:
        carried = _carried(part)
        if carried is not None:
            if self.streamed:
                self._describe(names)
            self.run_ = None
            self.emitter.whole(carried)


def _carried(part: ModelResponsePart) -> ModelResponsePart | None:
    sealed = _sealed(signature_of(part))
    native: dict[str, Any] = {"provider_name": NAME, **sealed}
    match part:
        case TextPart() | ThinkingPart():
            if not part.content and not sealed:
                return None
            return type(part)(part.content, **sealed)
        case ToolCallPart():
            return ToolCallPart(part.tool_name, part.args_as_dict(), part.tool_call_id, **sealed)
        case BuiltinToolCallPart():
            args = part.args_as_dict()
            if part.tool_name == "code_execution":
                args = {**args, "id": part.tool_call_id}
            return BuiltinToolCallPart(part.tool_name, args, part.tool_call_id, **native)
        case BuiltinToolReturnPart():
            content: Any = part.content
            if part.tool_name == "code_execution" and isinstance(content, dict):
                content = {**as_dict(content), "id": part.tool_call_id}
            return BuiltinToolReturnPart(part.tool_name, content, part.tool_call_id, **native)
        case FilePart():
            content = BinaryContent(part.content.data, media_type=part.content.media_type)
            return FilePart(BinaryContent.narrow_type(content), **sealed)
        case _:
            return None


def _sealed(signature: str | None) -> dict[str, Any]:
    kept = standard_base64(signature)
    return {} if kept is None else {"provider_name": NAME, "provider_details": {"thought_signature": kept}}


def _signature(details: dict[str, Any] | None) -> str | None:
    return as_text((details or {}).get("thought_signature"))
