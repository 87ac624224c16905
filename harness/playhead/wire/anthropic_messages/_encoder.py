"""Replies written: stream events in, bytes out. No IO.

Streamed, each event becomes frames at once, but for parts that the format can only write whole: calls of MCP servers
and tool searches, and arguments that are objects, wait for their end. A block ends when its part does; what comes for
it later is written all the same, and every reader takes it.
"""

from __future__ import annotations

from typing import Any

from playhead.exceptions import DecodeError
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
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
)
from playhead.stream import Fold
from playhead.wire._dialect import ModelCall
from playhead.wire._json import as_dict, as_list, dump, dump_text, load
from playhead.wire._sse import write_frame
from playhead.wire.anthropic_messages._blocks import ERROR_TYPE, FINISH, MCP, STOP, caller
from playhead.wire.anthropic_messages._messages import write_native_call, write_native_return
from playhead.wire.anthropic_messages._usage import write_usage

__all__ = [
    "StreamEncoder",
    "WholeEncoder",
    "citations_of",
    "error_object",
    "is_complete",
    "native_input",
    "stop_reason",
]


class WholeEncoder:
    """One JSON object, written when the reply is complete."""

    content_type = "application/json"

    def __init__(self, call: ModelCall | None = None) -> None:
        self._call = call
        self._fold = Fold()

    def feed(self, event: StreamEvent) -> bytes:
        """Nothing yet."""
        self._fold.feed(event)
        return b""

    def close(self) -> bytes:
        """The whole message, or the error in its place."""
        fold = self._fold
        if fold.error is not None:
            return dump(error_object(fold.error))
        content = [block for part in fold.parts() if (block := _whole_block(part)) is not None]
        stop = stop_reason(fold)
        message = _opening(fold, self._call) | {"content": content, **_ending(fold, stop)}
        return dump(message | {"usage": write_usage(fold.usage)})


class StreamEncoder:
    """Frames, as the events come."""

    content_type = "text/event-stream; charset=utf-8"

    def __init__(self, call: ModelCall | None = None) -> None:
        self._call = call
        self._fold = Fold()
        self._out: list[bytes] = []
        self._opened = False
        self._over = False
        self._blocks: dict[int, _OpenBlock] = {}
        self._native: list[int] = []
        self._next = 0

    def feed(self, event: StreamEvent) -> bytes:
        """The frames of this event; an opening one before the first block."""
        if not self._over:
            self._fold.feed(event)
            match event:
                case PartStartEvent():
                    self._blocks[event.index] = _OpenBlock()
                    self._start(event.index, event.part)
                case PartDeltaEvent():
                    self._delta(event)
                case PartEndEvent():
                    self._end(event.index)
                case ResponseMeta():
                    if event.error is not None:
                        self._frame("error", error_object(event.error))
                        self._over = True
        return self._take()

    def close(self) -> bytes:
        """The end of the message. One that is `incomplete` has none."""
        if not self._over:
            self._open()
            for index in list(self._blocks):
                self._end(index)
            stop = stop_reason(self._fold)
            if stop is not None:
                usage = write_usage(self._fold.usage)
                self._frame("message_delta", {"delta": _ending(self._fold, stop), "usage": usage})
                self._frame("message_stop", {})
            self._over = True
        return self._take()

    # ------------------------------------------------------------------ frames
    def _open(self) -> None:
        if not self._opened:
            self._opened = True
            message = _opening(self._fold, self._call)
            message |= {"content": [], "stop_reason": None, "stop_sequence": None}
            self._frame("message_start", {"message": message | {"usage": write_usage(self._fold.usage)}})

    def _block(self, index: int, content: dict[str, Any]) -> None:
        """The start of a block; before the first, that of the message."""
        self._open()
        block = self._blocks[index]
        block.index = self._next
        self._next += 1
        self._frame("content_block_start", {"index": block.index, "content_block": content})

    def _more(self, index: int, kind: str, **fields: Any) -> None:
        self._frame("content_block_delta", {"index": self._blocks[index].index, "delta": {"type": kind, **fields}})

    def _frame(self, kind: str, fields: dict[str, Any]) -> None:
        self._out.append(write_frame(dump_text({"type": kind, **fields}), event=kind))

    def _take(self) -> bytes:
        out, self._out = self._out, []
        return b"".join(out)

    # ------------------------------------------------------------------ parts
    def _start(self, index: int, part: ModelResponsePart) -> None:
        block = self._blocks[index]
        match part:
            case TextPart():
                self._text(index, part.content)
            case ThinkingPart() if part.id == "redacted_thinking":
                self._block(index, {"type": "redacted_thinking", "data": part.signature or ""})
            case ThinkingPart():
                self._block(index, {"type": "thinking", "thinking": "", "signature": ""})
                self._thinking(index, part.content, part.signature)
            case ToolCallPart():
                self._block(index, {"type": "tool_use", "id": part.tool_call_id, "name": part.tool_name, "input": {}})
                self._input(index, part.args)
            case BuiltinToolCallPart():
                if native_input(part) is None:
                    self._block(index, {**write_native_call(part), "input": {}})
                    self._input(index, part.args)
                else:
                    block.waits = True
                    self._native.append(index)
            case BuiltinToolReturnPart():
                self._block(index, write_native_return(part))
                self._end(index)
            case CompactionPart():
                self._block(index, {"type": "compaction", "content": None})
                sealed = part.provider_details or {}
                self._more(index, "compaction_delta", content=part.content, **sealed)
                self._end(index)
            case _:
                pass

    def _delta(self, event: PartDeltaEvent) -> None:
        for index in [index for index in self._native if index != event.index and is_complete(self._fold.part(index))]:
            self._end(index)  # What waits for its end alone stands where it was complete.
        match event.delta:
            case TextPartDelta():
                self._text(event.index, event.delta.content_delta)
            case ThinkingPartDelta():
                part = self._fold.peek(event.index)
                if not (isinstance(part, ThinkingPart) and part.id == "redacted_thinking"):
                    self._thinking(event.index, event.delta.content_delta, event.delta.signature_delta)
            case ToolCallPartDelta():
                self._input(event.index, event.delta.args_delta)

    def _text(self, index: int, text: str) -> None:
        if text:
            if self._blocks[index].index is None:
                self._block(index, {"type": "text", "text": ""})
            self._more(index, "text_delta", text=text)

    def _thinking(self, index: int, text: str | None, signature: str | None) -> None:
        if text:
            self._more(index, "thinking_delta", thinking=text)
        if signature:
            self._more(index, "signature_delta", signature=signature)

    def _input(self, index: int, args: str | dict[str, Any] | None) -> None:
        block = self._blocks[index]
        if isinstance(args, dict):
            block.waits = True
        elif args and not block.waits:
            self._more(index, "input_json_delta", partial_json=args)

    def _end(self, index: int) -> None:
        block = self._blocks[index]
        if block.ended:
            return
        block.ended = True
        if index in self._native:
            self._native.remove(index)
        part = self._fold.part(index)
        if isinstance(part, TextPart) and block.index is not None:
            for citation in citations_of(part):
                self._more(index, "citations_delta", citation=citation)
        elif block.waits and isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
            text = dump_text(part.args) if isinstance(part.args, dict) else part.args or ""
            if isinstance(part, BuiltinToolCallPart) and (given := native_input(part)) is not None:
                self._block(index, {**write_native_call(part), "input": {}})
                text = dump_text(given)
            self._more(index, "input_json_delta", partial_json=text)
        if block.index is not None:
            self._frame("content_block_stop", {"index": block.index})


class _OpenBlock:
    __slots__ = ("ended", "index", "waits")

    def __init__(self) -> None:
        self.index: int | None = None
        self.ended = False
        self.waits = False


def native_input(part: BuiltinToolCallPart) -> dict[str, Any] | None:
    """The input of a call whose arguments the format has in another form; None for those it has as they are."""
    if part.tool_name.startswith(f"{MCP}:") or part.tool_name == "tool_search":
        return as_dict(write_native_call(part)["input"])
    return None


def is_complete(part: ModelResponsePart) -> bool:
    """Whether a call that is written as a whole has all its arguments, as far as one can tell before its end."""
    args = part.args if isinstance(part, BuiltinToolCallPart) else None
    if not isinstance(args, str):
        return isinstance(part, BuiltinToolCallPart) and part.tool_name == "tool_search" and bool(args)
    try:
        return type(load(args)) is dict
    except DecodeError:
        return False


def citations_of(part: TextPart) -> list[Any]:
    """The provider's citations of a text."""
    return as_list((part.provider_details or {}).get("citations"))


def stop_reason(fold: Fold) -> str | None:
    """The provider's word for why a reply ended; None for one that did not."""
    if fold.refusal is not None:
        return "refusal"
    if fold.state == "suspended":
        return "pause_turn"
    raw = fold.raw_finish_reason
    if raw is not None and raw in FINISH and (fold.finish_reason is None or FINISH[raw] == fold.finish_reason):
        return raw
    if fold.finish_reason is not None:
        return STOP[fold.finish_reason]
    if fold.state == "incomplete":
        return None
    calls = any(isinstance(part, ToolCallPart) for part in fold.parts())
    return "tool_use" if calls else "end_turn"


def error_object(error: dict[str, Any]) -> dict[str, Any]:
    """An error as the provider writes it."""
    body = as_dict(error.get("body"))
    if body.get("type") == "error" and "error" in body:
        return body
    status: Any = error.get("status")
    kind = error.get("type") or ERROR_TYPE.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": str(error.get("message", ""))}}


def _opening(fold: Fold, call: ModelCall | None) -> dict[str, Any]:
    default_id, model = ("msg_playhead", call.model) if call is not None else ("", "")
    message: dict[str, Any] = {
        "id": fold.provider_response_id or default_id,
        "type": "message",
        "role": "assistant",
        "model": fold.model_name or model,
    }
    if container := (fold.details or {}).get("container_id"):
        message["container"] = {"id": container, "expires_at": "2100-01-01T00:00:00Z"}
    return message


def _ending(fold: Fold, stop: str | None) -> dict[str, Any]:
    details = fold.details or {}
    ending: dict[str, Any] = {"stop_reason": stop, "stop_sequence": details.get("stop_sequence") if stop else None}
    category = details.get("refusal_category")
    if fold.refusal is not None or (stop == "refusal" and category):
        ending["stop_details"] = {"type": "refusal", "category": category, "explanation": fold.refusal}
    return ending


def _whole_block(part: ModelResponsePart) -> dict[str, Any] | None:
    match part:
        case TextPart():
            citations = citations_of(part)
            return {"type": "text", "text": part.content, **({"citations": citations} if citations else {})}
        case ThinkingPart() if part.id == "redacted_thinking":
            return {"type": "redacted_thinking", "data": part.signature or ""}
        case ThinkingPart():
            return {"type": "thinking", "thinking": part.content, "signature": part.signature or ""}
        case ToolCallPart():
            return {"type": "tool_use", "id": part.tool_call_id, "name": part.tool_name, "input": part.args_as_dict()}
        case BuiltinToolCallPart():
            return {**write_native_call(part), **caller(part)}
        case BuiltinToolReturnPart():
            return write_native_return(part)
        case CompactionPart():
            return {"type": "compaction", "content": part.content, **(part.provider_details or {})}
        case _:
            return None
