"""Stream events as a chat completion: chunks of a stream, or one whole body.

Each event that says something makes one chunk, so the cuts of a reply are the author's. `chunks` gives them as JSON
values; what a decoder makes of those is what the format carries (`normal`). Calls are numbered in order; reasoning that
has no field of its own goes into `reasoning_details`, where a seal has a place, and as plain text beside it, as OpenRouter
sends it. Built-in tools, files and compactions have no place here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from playhead.messages import (
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
from playhead.wire._json import as_dict, dump, dump_text
from playhead.wire._sse import write_frame
from playhead.wire.openai_chat._tables import (
    FINISH_REASONS,
    REASONING_FIELDS,
    WIRE_FINISH_REASONS,
    family_of,
    is_counted,
    opening_tags,
    write_usage,
)

__all__ = ["ChatEncoder", "WholeChatEncoder", "chunks_of", "error_body", "whole_body"]


class _Call:
    """A tool call that is being written: its number, its id, and arguments that wait to be whole."""

    __slots__ = ("held", "id", "index")

    def __init__(self, index: int, call_id: str) -> None:
        self.index = index
        self.id = call_id
        self.held: dict[str, Any] | None = None


class ChatEncoder:
    """Events in, server-sent events out."""

    content_type = "text/event-stream"

    def __init__(self, *, call: ModelCall | None = None) -> None:
        self._shape = _Shape(call)

    def feed(self, event: StreamEvent) -> bytes:
        """The frames that an event makes; may be none."""
        return b"".join(write_frame(dump_text(chunk)) for chunk in self._shape.chunks(event))

    def close(self) -> bytes:
        """The finish reason, the usage, and `[DONE]`; nothing after an error."""
        if self._shape.failed:
            return b""
        frames = [write_frame(dump_text(chunk)) for chunk in self._shape.last_chunks()]
        return b"".join([*frames, write_frame("[DONE]")])


class WholeChatEncoder:
    """Events in, one JSON body out at the end."""

    content_type = "application/json"

    def __init__(self, *, call: ModelCall | None = None) -> None:
        self._call = call
        self._fold = Fold()

    def feed(self, event: StreamEvent) -> bytes:
        """Nothing yet."""
        self._fold.feed(event)
        return b""

    def close(self) -> bytes:
        """The body."""
        return dump(whole_body(self._fold, self._call))


def chunks_of(events: list[StreamEvent]) -> list[dict[str, Any]]:
    """All chunks of a stream, without the bytes around them."""
    shape = _Shape(None)
    chunks = [chunk for event in events for chunk in shape.chunks(event)]
    return chunks if shape.failed else [*chunks, *shape.last_chunks()]


class _Shape:
    """Which chunks an event makes."""

    def __init__(self, call: ModelCall | None) -> None:
        self.failed = False
        self._head: dict[str, Any] = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": call.model if call is not None else "",
        }
        self._sends_usage = _asked_for_usage(call)
        self._role: dict[str, Any] = {"role": "assistant"}
        self._kinds: dict[int, Any] = {}
        self._calls = 0
        self._meta = Fold()
        self._held: list[_Call] = []
        self._called = False
        self._details = 0
        self._in_tag = False

    def chunks(self, event: StreamEvent) -> list[dict[str, Any]]:
        if self.failed:
            return []
        if type(event) is PartDeltaEvent:
            return self._delta(event.index, event.delta)
        if type(event) is PartStartEvent:
            if not isinstance(event.part, (TextPart, ThinkingPart, ToolCallPart)):
                return []  # It is not carried, and ends nothing.
            return [*self._release(), *self._close_tag(), *self._start(event.index, event.part)]
        if type(event) is ResponseMeta:
            return self._learn(event)
        assert isinstance(event, PartEndEvent)
        return self._release()

    def last_chunks(self) -> list[dict[str, Any]]:
        chunks = self._release()
        finish, native = wire_finish(self._meta, called=self._called)
        chunks.append(self._chunk({}, finish=finish, native=native))
        if self._sends_usage and is_counted(self._meta.usage):
            chunks.append({**self._head, "choices": [], "usage": write_usage(self._meta.usage)})
        return chunks

    def _start(self, index: int, part: Any) -> list[dict[str, Any]]:
        if isinstance(part, TextPart):
            self._kinds[index] = "text"
            return self._text(part.content)
        if isinstance(part, ThinkingPart):
            return self._start_thinking(index, part)
        if not isinstance(part, ToolCallPart):
            return []
        self._called = True
        call = _Call(self._calls, part.tool_call_id)
        self._kinds[index] = call
        self._calls += 1
        args = part.args
        if isinstance(args, dict):
            call.held, args = args, ""
            self._held.append(call)
        function = {"name": part.tool_name, "arguments": args or ""}
        written = {"index": call.index, "id": part.tool_call_id, "type": "function", "function": function}
        if extra := (part.provider_details or {}).get("extra_content"):
            written["extra_content"] = extra
        return [self._chunk({"content": None, "tool_calls": [written]} if self._role else {"tool_calls": [written]})]

    def _start_thinking(self, index: int, part: ThinkingPart) -> list[dict[str, Any]]:
        if part.id == "content" and part.signature is None:
            # Reasoning that came between tags in the text.
            self._kinds[index] = "tagged"
            return self._tagged(part.content)
        if part.id in REASONING_FIELDS and part.signature is None:
            self._kinds[index] = part.id
            return [self._chunk({part.id: part.content})] if part.content else []
        detail = detail_of(part, self._details)
        self._details += 1
        self._kinds[index] = {name: detail[name] for name in ("type", "format", "index")}
        return [self._chunk({"reasoning": part.content or None, "reasoning_details": [detail]})]

    def _delta(self, index: int, delta: Any) -> list[dict[str, Any]]:
        kind = self._kinds.get(index)
        if isinstance(delta, TextPartDelta):
            return self._text(delta.content_delta) if kind == "text" else []
        if isinstance(delta, ThinkingPartDelta):
            return self._thinking(kind, delta)
        assert isinstance(delta, ToolCallPartDelta)
        if not isinstance(kind, _Call):
            return []
        args = delta.args_delta
        if isinstance(args, dict):
            if kind.held is None:
                self._held.append(kind)
            kind.held = {**(kind.held or {}), **args}
            args = None
        function: dict[str, Any] = {"arguments": args} if args else {}
        if delta.tool_name_delta:
            function["name"] = delta.tool_name_delta
        call: dict[str, Any] = {"index": kind.index, "function": function} if function else {"index": kind.index}
        if delta.tool_call_id is not None and delta.tool_call_id != kind.id:
            # Readers append what they are sent, so an id is sent once.
            call["id"] = kind.id = delta.tool_call_id
        if not function and "id" not in call:
            return []
        return [self._chunk({"tool_calls": [call]})]

    def _thinking(self, kind: Any, delta: ThinkingPartDelta) -> list[dict[str, Any]]:
        content, signature = delta.content_delta, delta.signature_delta
        if kind == "tagged":
            return self._tagged(content or "")
        if isinstance(kind, str):
            return [self._chunk({kind: content})] if content else []
        if not isinstance(kind, dict) or not (content or signature is not None):
            return []
        detail: dict[str, Any] = {**as_dict(kind)}
        written = content
        match str(detail["type"]):
            case "reasoning.text":
                detail |= {"text": content or "", "signature": signature}
            case "reasoning.summary":
                detail |= {"summary": content or ""}
            case _:
                detail |= {"data": signature or ""}
                written = None
        return [self._chunk({"reasoning": written or None, "reasoning_details": [detail]})]

    def _tagged(self, text: str) -> list[dict[str, Any]]:
        opening, closing = self._tags()
        chunks: list[dict[str, Any]] = []
        if not self._in_tag:
            self._in_tag = True
            chunks.append(self._chunk({"content": opening}))
        pieces = (text[:1], text[1:]) if text == closing else (text,)
        return chunks + [self._chunk({"content": piece}) for piece in pieces if piece]

    def _close_tag(self) -> list[dict[str, Any]]:
        if not self._in_tag:
            return []
        self._in_tag = False
        return [self._chunk({"content": self._tags()[1]})]

    def _tags(self) -> tuple[str, str]:
        return family_of(self._head["model"], None).tags

    def _text(self, text: str) -> list[dict[str, Any]]:
        closed = self._close_tag() if text else []
        if text in opening_tags():
            # A piece that is such a tag begins reasoning; in two pieces it is text.
            return [*closed, self._chunk({"content": text[:1]}), self._chunk({"content": text[1:]})]
        return [*closed, self._chunk({"content": text})] if text else []

    def _release(self) -> list[dict[str, Any]]:
        """Arguments that came as objects, when no more of them can be expected."""
        held, self._held = self._held, []
        chunks: list[dict[str, Any]] = []
        for call in held:
            function = {"arguments": dump_text(call.held)}
            chunks.append(self._chunk({"tool_calls": [{"index": call.index, "function": function}]}))
            call.held = None
        return chunks

    def _learn(self, meta: ResponseMeta) -> list[dict[str, Any]]:
        self._meta.feed(meta)
        if meta.provider_response_id is not None:
            self._head["id"] = meta.provider_response_id
        if meta.model_name is not None:
            self._head["model"] = meta.model_name
        if isinstance(meta.timestamp, datetime):
            self._head["created"] = int(meta.timestamp.timestamp())
        if meta.error is not None:
            self.failed = True
            return [error_body(meta.error)]
        return [self._chunk({"refusal": meta.refusal})] if meta.refusal else []

    def _chunk(self, delta: dict[str, Any], *, finish: str | None = None, native: str | None = None) -> dict[str, Any]:
        if self._role:
            delta = {**self._role, **delta}
            self._role = {}
        choice: dict[str, Any] = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        if native is not None:
            choice["native_finish_reason"] = native
        return {**self._head, "choices": [choice]}


def _asked_for_usage(call: ModelCall | None) -> bool:
    """Clients that have not asked for the last chunk, which has no choices, may fail on it."""
    if call is None or "stream_options" not in call.extra:
        return True
    options = call.extra["stream_options"]
    return bool(options and options.get("include_usage"))


def wire_finish(fold: Fold, *, called: bool) -> tuple[str, str | None]:
    """The finish reason in the words of the wire, and the provider's own where that is another."""
    finish, raw = fold.finish_reason, fold.raw_finish_reason
    if raw is not None and FINISH_REASONS.get(raw) == finish and finish is not None:
        return raw, None
    if finish is None:
        return raw or ("tool_calls" if called else "stop"), None
    return WIRE_FINISH_REASONS[finish], raw


def detail_of(part: ThinkingPart, index: int) -> dict[str, Any]:
    """A part as one of `reasoning_details`."""
    known = part.provider_details or {}
    kind = known.get("type")
    if kind not in ("reasoning.text", "reasoning.summary", "reasoning.encrypted"):
        kind = "reasoning.text"
    if part.signature is not None and kind == "reasoning.summary":
        kind = "reasoning.text"
    if part.content and kind == "reasoning.encrypted":
        kind = "reasoning.text"
    detail: dict[str, Any] = {"type": kind, "id": part.id, "format": known.get("format"), "index": index}
    match kind:
        case "reasoning.text":
            return {**detail, "text": part.content, "signature": part.signature}
        case "reasoning.summary":
            return {**detail, "summary": part.content}
        case _:
            return {**detail, "data": part.signature or ""}


def error_body(error: dict[str, Any]) -> dict[str, Any]:
    """An error as a chunk or a body."""
    known = {name: value for name, value in error.items() if name != "status"}
    return {"error": {"message": error.get("message"), "type": None, "param": None, "code": None, **known}}


def whole_body(fold: Fold, call: ModelCall | None) -> dict[str, Any]:
    """A whole chat completion."""
    if fold.error is not None:
        return error_body(fold.error)
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": fold.refusal}
    called = False
    if fold.refusal is None:
        called = _fill(message, fold)
    finish, native = wire_finish(fold, called=called)
    choice: dict[str, Any] = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    if native is not None:
        choice["native_finish_reason"] = native
    body: dict[str, Any] = {
        "id": fold.provider_response_id or "",
        "object": "chat.completion",
        "created": int(fold.timestamp.timestamp()) if fold.timestamp is not None else 0,
        "model": fold.model_name or (call.model if call is not None else ""),
        "choices": [choice],
    }
    if is_counted(fold.usage):
        body["usage"] = write_usage(fold.usage)
    return body


def _fill(message: dict[str, Any], fold: Fold) -> bool:
    parts = fold.parts()
    opening, closing = family_of(fold.model_name, None).tags
    content = ""
    thoughts: list[ThinkingPart] = []
    for part in parts:
        if isinstance(part, TextPart):
            content += part.content
        elif isinstance(part, ThinkingPart):
            if part.id == "content" and part.signature is None and closing not in part.content:
                content += f"{opening}{part.content}{closing}"
            else:
                thoughts.append(part)
    if thoughts:
        field = thoughts[0].id
        if field in REASONING_FIELDS and all(part.id == field and part.signature is None for part in thoughts):
            message[field] = "".join(part.content for part in thoughts)
        else:
            message["reasoning"] = "".join(part.content for part in thoughts) or None
            message["reasoning_details"] = [detail_of(part, n) for n, part in enumerate(thoughts)]
    if content:
        message["content"] = content
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    if calls:
        message["tool_calls"] = [_whole_call(part) for part in calls]
    return bool(calls)


def _whole_call(part: ToolCallPart) -> dict[str, Any]:
    args = dump_text(part.args) if isinstance(part.args, dict) else part.args or ""
    written: dict[str, Any] = {"id": part.tool_call_id, "type": "function"}
    written["function"] = {"name": part.tool_name, "arguments": args}
    if extra := (part.provider_details or {}).get("extra_content"):
        written["extra_content"] = extra
    return written
