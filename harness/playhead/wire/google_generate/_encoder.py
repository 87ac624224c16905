"""Replies written: stream events in, bytes out. No IO.

Each piece of text or reasoning is a chunk. The format has calls only as a whole, so that a call is written when it is
complete: when its part has ended with arguments that are an object, or else at the end of the reply; and never before a
call that began earlier. The last chunk has the reason to stop and the usage.
"""

from __future__ import annotations

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
)
from playhead.stream import Fold
from playhead.wire._dialect import ModelCall
from playhead.wire._json import as_dict, as_text, dump, dump_text
from playhead.wire.google_generate._fields import FINISH, STOP
from playhead.wire.google_generate._messages import signature_of, write_part
from playhead.wire.google_generate._usage import write_usage

__all__ = ["UNFINISHED", "StreamEncoder", "WholeEncoder", "blocked", "error_object", "finish_reason", "is_complete"]

UNFINISHED = "FINISH_REASON_UNSPECIFIED"
"""The reason of a whole reply that did not come to its end: a stream shows that by having none."""
ERROR_STATUS: dict[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class WholeEncoder:
    """One JSON object, written when the reply is complete."""

    content_type = "application/json; charset=UTF-8"

    def __init__(self, call: ModelCall | None = None) -> None:
        self._call = call
        self._fold = Fold()

    def feed(self, event: StreamEvent) -> bytes:
        """Nothing yet."""
        self._fold.feed(event)
        return b""

    def close(self) -> bytes:
        """The whole reply, or the error in its place."""
        fold = self._fold
        if fold.error is not None:
            return dump(error_object(fold.error))
        parts = [written for part in fold.parts() if (written := _sealed_part(part)) is not None]
        return dump(_chunk(fold, self._call, parts, last=True, reason=finish_reason(fold) or UNFINISHED))


class StreamEncoder:
    """Frames, as the events come; their lines end with CR LF, as the provider's do."""

    content_type = "text/event-stream"

    def __init__(self, call: ModelCall | None = None) -> None:
        self._call = call
        self._fold = Fold()
        self._out: list[bytes] = []
        self._over = False
        self._calls: list[int] = []
        self._ended: set[int] = set()
        self._names: dict[int, tuple[str | None, str | None]] = {}

    def feed(self, event: StreamEvent) -> bytes:
        """The chunk of this event, if it makes one."""
        if not self._over:
            self._fold.feed(event)
            match event:
                case PartStartEvent():
                    self._start(event.index, event.part)
                case PartDeltaEvent():
                    self._delta(event)
                case PartEndEvent():
                    self._end(event.index)
                case ResponseMeta():
                    if event.error is not None:
                        self._frame(error_object(event.error))
                        self._over = True
        out, self._out = self._out, []
        return b"".join(out)

    def close(self) -> bytes:
        """The last chunk. A reply that is `incomplete` has none with a reason to stop."""
        if not self._over:
            self._write_calls(last=True)
            self._frame(_chunk(self._fold, self._call, [], last=True, reason=finish_reason(self._fold)))
            self._over = True
        out, self._out = self._out, []
        return b"".join(out)

    def _start(self, index: int, part: ModelResponsePart) -> None:
        if isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
            self._calls.append(index)
            self._names[index] = (self._fold.model_name, self._fold.provider_response_id)
        elif isinstance(part, (TextPart, ThinkingPart)):
            self._text(part.content, isinstance(part, ThinkingPart), signature_of(part))
        elif (written := _sealed_part(part)) is not None:
            self._parts([written])

    def _delta(self, event: PartDeltaEvent) -> None:
        delta = event.delta
        if isinstance(delta, TextPartDelta):
            self._text(delta.content_delta, False, _signature(delta.provider_details))
        elif isinstance(delta, ThinkingPartDelta):
            details = delta.provider_details
            self._text(delta.content_delta or "", True, None if callable(details) else _signature(details))

    def _text(self, text: str, thought: bool, signature: str | None) -> None:
        if text or signature:
            part: dict[str, Any] = {"text": text}
            if thought:
                part["thought"] = True
            if signature:
                part["thoughtSignature"] = signature
            self._parts([part])

    def _end(self, index: int) -> None:
        self._ended.add(index)
        self._write_calls()

    def _write_calls(self, *, last: bool = False) -> None:
        """The calls that are complete, in the order in which they began."""
        while self._calls and (last or is_complete(self._fold, self._calls[0], self._ended)):
            index = self._calls.pop(0)
            written = _sealed_part(self._fold.part(index))
            assert written is not None
            # A call says of the reply what was known when it began; what came since is for the next chunk.
            self._frame(_chunk(self._fold, self._call, [written], names=self._names[index]))

    def _parts(self, parts: list[dict[str, Any]]) -> None:
        self._frame(_chunk(self._fold, self._call, parts))

    def _frame(self, chunk: dict[str, Any]) -> None:
        self._out.append(b"data: " + dump_text(chunk).encode("utf-8", "replace") + b"\r\n\r\n")


def is_complete(fold: Fold, index: int, ended: set[int]) -> bool:
    """Whether nothing more can come for a call: streams of other formats go on with a call after the next has begun."""
    if index not in ended:
        return False
    part = fold.part(index)
    assert isinstance(part, (ToolCallPart, BuiltinToolCallPart))
    if not part.args or isinstance(part.args, dict):
        return isinstance(part.args, dict)
    try:
        part.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError):
        return False
    return True


def finish_reason(fold: Fold) -> str | None:
    """The provider's word for why a reply ended; None for one that did not."""
    raw = fold.raw_finish_reason
    if raw is not None and raw in FINISH and (fold.finish_reason is None or FINISH[raw] == fold.finish_reason):
        return raw
    if fold.finish_reason is not None:
        return STOP[fold.finish_reason]
    return None if fold.state == "incomplete" else "STOP"


def blocked(fold: Fold) -> str | None:
    """Why the prompt was not answered at all, in the provider's word."""
    return None if len(fold) else as_text((fold.details or {}).get("block_reason"))


def error_object(error: dict[str, Any]) -> dict[str, Any]:
    """An error as the provider writes it."""
    body = as_dict(error.get("body"))
    if isinstance(body.get("error"), dict) and "message" in body["error"]:
        return body
    status: Any = error.get("status", 500)
    kind = error.get("type") or ERROR_STATUS.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": str(error.get("message", "")), "status": kind}}


def _chunk(
    fold: Fold,
    call: ModelCall | None,
    parts: list[dict[str, Any]],
    *,
    last: bool = False,
    reason: str | None = None,
    names: tuple[str | None, str | None] | None = None,
) -> dict[str, Any]:
    chunk: dict[str, Any] = {}
    model, reply_id = names or (fold.model_name, fold.provider_response_id)
    if last and (block := blocked(fold)) is not None:
        message = (fold.details or {}).get("block_reason_message")
        chunk["promptFeedback"] = {"blockReason": block} | ({"blockReasonMessage": message} if message else {})
    else:
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}}
        if reason is not None:
            candidate["finishReason"] = reason
        chunk["candidates"] = [candidate | {"index": 0}]
    if last:
        chunk["usageMetadata"] = write_usage(fold.usage)
    if model := model or (call.model if call is not None else None):
        chunk["modelVersion"] = model
    if reply_id:
        chunk["responseId"] = reply_id
    return chunk


def _sealed_part(part: ModelResponsePart) -> dict[str, Any] | None:
    written = write_part(part, reply=True)
    if written is not None and (signature := signature_of(part)):
        written["thoughtSignature"] = signature
    return written


def _signature(details: dict[str, Any] | None) -> str | None:
    return as_text((details or {}).get("thought_signature"))
