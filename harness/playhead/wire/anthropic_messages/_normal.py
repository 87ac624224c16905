"""What the format makes of a reply's events: how they come back when they were written and read again.

Carried as they are: the order of parts and of what is added to them, texts, reasoning and its signatures, arguments as
text, ids of calls. Changed: a text starts with its first letter; reasoning and calls start empty; arguments that are
objects arrive as text at the end of their part; calls of MCP servers arrive when they are complete; citations come with
the end of their text. What the reply says of itself comes in two places, the opening and the end; usage has the
provider's own counts beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
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
    ToolCallPartDelta,
)
from playhead.stream import Emitter, Fold
from playhead.usage import RequestUsage
from playhead.wire._json import as_dict, as_text, dump_text
from playhead.wire.anthropic_messages._blocks import FINISH, MCP, NAME, TOOL_SEARCH, call_part, mcp_result, result_part
from playhead.wire.anthropic_messages._decoder import read_error_object
from playhead.wire.anthropic_messages._encoder import citations_of, error_object, is_complete, native_input, stop_reason
from playhead.wire.anthropic_messages._messages import write_native_call, write_native_return
from playhead.wire.anthropic_messages._usage import read_usage, write_usage

__all__ = ["normal"]


def normal(events: Iterable[StreamEvent], *, streamed: bool) -> list[StreamEvent]:
    """`events` as this format carries them."""
    return (_Streamed() if streamed else _Whole()).run(events)


class _Normaliser:
    def __init__(self) -> None:
        self.given = Fold()
        self.emitter = Emitter()
        self.servers: dict[str, str] = {}
        self.failed = False

    def opening(self, known: dict[str, int]) -> ResponseMeta:
        """The reply's own fields, as far as they are known now."""
        details: dict[str, Any] = {}
        if container := as_text((self.given.details or {}).get("container_id")):
            details["container_id"] = container
        return ResponseMeta(
            usage=_usage(self.given.usage, known),
            provider_response_id=self.given.provider_response_id or None,
            model_name=self.given.model_name or None,
            provider_name=NAME,
            details=details or None,
        )

    def ending(self) -> dict[str, Any]:
        """Why it ended, as fields of `ResponseMeta`."""
        raw = stop_reason(self.given)
        if raw is None:
            return {}
        given = self.given.details or {}
        details: dict[str, Any] = {}
        if raw == "refusal" and (category := as_text(given.get("refusal_category"))):
            details["refusal_category"] = category
        if sequence := as_text(given.get("stop_sequence")):
            details["stop_sequence"] = sequence
        found: dict[str, Any] = {"raw_finish_reason": raw, "finish_reason": FINISH.get(raw), "details": details or None}
        if raw == "pause_turn":
            found["state"] = "suspended"
        if self.given.refusal:
            found["refusal"] = self.given.refusal
        return found

    def fail(self, error: dict[str, Any]) -> None:
        self.emitter.close()
        self.emitter.meta(ResponseMeta(error=read_error_object(error_object(error)), state="incomplete"))
        self.failed = True

    def native_return(self, part: BuiltinToolReturnPart) -> BuiltinToolReturnPart:
        block = write_native_return(part)
        if part.tool_name.startswith(MCP):
            return mcp_result(block, self.servers.get(part.tool_call_id))
        found = result_part(block)
        assert found is not None
        return found


class _Whole(_Normaliser):
    def run(self, events: Iterable[StreamEvent]) -> list[StreamEvent]:
        for event in events:
            self.given.feed(event)
        if self.given.error is not None:
            self.fail(self.given.error)
            return self.emitter.take()
        for part in self.given.parts():
            if (carried := self._carried(part)) is not None:
                self.emitter.whole(carried)
        opening, ending = self.opening({}), self.ending() or {"state": "incomplete"}
        details: dict[str, Any] = {**(opening.details or {}), **(ending.pop("details", None) or {})}
        self.emitter.meta(replace(opening, **ending, details=details or None))
        self.emitter.close()
        return self.emitter.take()

    def _carried(self, part: ModelResponsePart) -> ModelResponsePart | None:
        match part:
            case TextPart():
                citations = citations_of(part)
                if not citations:
                    return TextPart(part.content)
                return TextPart(part.content, provider_name=NAME, provider_details={"citations": citations})
            case ThinkingPart():
                kept = "redacted_thinking" if part.id == "redacted_thinking" else None
                content = "" if kept else part.content
                return ThinkingPart(content, id=kept, signature=part.signature or "", provider_name=NAME)
            case ToolCallPart():
                return ToolCallPart(part.tool_name, part.args_as_dict(), part.tool_call_id)
            case BuiltinToolCallPart() if part.tool_name.startswith(f"{MCP}:"):
                self.servers[part.tool_call_id] = part.tool_name
                return _mcp_start(part, {**_mcp_head(part), "tool_args": as_dict(native_input(part))})
            case BuiltinToolCallPart():
                return call_part(write_native_call(part))
            case BuiltinToolReturnPart():
                return self.native_return(part)
            case CompactionPart():
                return replace(part, id=None, provider_name=NAME, provider_details=_sealed(part))
            case _:
                return None


class _Streamed(_Normaliser):
    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, int] | None = None
        self.waits: set[int] = set()
        self.native: list[int] = []
        self.ended: set[int] = set()

    def run(self, events: Iterable[StreamEvent]) -> list[StreamEvent]:
        for event in events:
            if self.failed:
                break
            self.given.feed(event)
            match event:
                case PartStartEvent():
                    self._start(event.index, event.part)
                case PartDeltaEvent():
                    self._delta(event.index, event.delta)
                case PartEndEvent():
                    self._end(event.index)
                case ResponseMeta():
                    if event.error is not None:
                        self.fail(event.error)
        if not self.failed:
            self._close()
        return self.emitter.take()

    def _open(self) -> None:
        if self.known is None:
            meta = self.opening({})
            assert meta.usage is not None
            self.known = meta.usage.details
            self.emitter.meta(meta)

    def _close(self) -> None:
        self._open()
        for index in range(len(self.given)):
            self._end(index)
        ending = self.ending()
        self.emitter.close()
        if ending:
            usage = _usage(self.given.usage, self.known or {}, final=True)
            self.emitter.meta(ResponseMeta(usage=usage, **ending))
        else:
            self.emitter.meta(ResponseMeta(state="incomplete"))

    def _start(self, index: int, part: ModelResponsePart) -> None:
        emitter = self.emitter
        if not isinstance(part, (TextPart, FilePart)) and not (
            isinstance(part, BuiltinToolCallPart) and native_input(part) is not None
        ):
            self._open()
        match part:
            case TextPart():
                self._text(index, part.content)
            case ThinkingPart() if part.id == "redacted_thinking":
                emitter.start(index, ThinkingPart("", id=part.id, signature=part.signature or "", provider_name=NAME))
            case ThinkingPart():
                emitter.start(index, ThinkingPart("", signature="", provider_name=NAME))
                self._thinking(index, part.content, part.signature)
            case ToolCallPart():
                emitter.call(index, name=part.tool_name or None, tool_call_id=part.tool_call_id)
                self._input(index, part.args)
            case BuiltinToolCallPart() if native_input(part) is None:
                start = call_part(write_native_call(part))
                start.args = None
                emitter.start(index, start)
                self._input(index, part.args)
            case BuiltinToolCallPart():
                self.waits.add(index)
                self.native.append(index)
            case BuiltinToolReturnPart():
                emitter.start(index, self.native_return(part))
            case CompactionPart():
                start = CompactionPart(part.content, provider_name=NAME, provider_details=_sealed(part))
                emitter.start(index, start)
            case _:
                pass

    def _delta(self, index: int, delta: TextPartDelta | ThinkingPartDelta | ToolCallPartDelta) -> None:
        for other in [other for other in self.native if other != index and is_complete(self.given.part(other))]:
            self._end(other)
        match delta:
            case TextPartDelta():
                self._text(index, delta.content_delta)
            case ThinkingPartDelta():
                part = self.given.peek(index)
                if isinstance(part, ThinkingPart) and part.id != "redacted_thinking":
                    self._thinking(index, delta.content_delta, delta.signature_delta)
            case ToolCallPartDelta():
                self._input(index, delta.args_delta)

    def _text(self, index: int, text: str) -> None:
        if text:
            self._open()
            self.emitter.text(index, text)

    def _thinking(self, index: int, text: str | None, signature: str | None) -> None:
        if text:
            self.emitter.thinking(index, text)
        if signature:
            self.emitter.thinking(index, signature=signature)

    def _input(self, index: int, args: str | dict[str, Any] | None) -> None:
        if isinstance(args, dict):
            self.waits.add(index)
        elif args and index not in self.waits:
            self.emitter.call(index, args=args)

    def _end(self, index: int) -> None:
        if index in self.ended:
            return
        self.ended.add(index)
        if index in self.native:
            self.native.remove(index)
        part = self.given.part(index)
        if isinstance(part, TextPart) and self.emitter.has(index) and (citations := citations_of(part)):
            delta = TextPartDelta("", provider_name=NAME, provider_details={"citations": citations})
            self.emitter.delta(index, delta)
        elif index in self.waits and isinstance(part, BuiltinToolCallPart) and native_input(part) is not None:
            self._native(index, part)
        elif index in self.waits and isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
            self.emitter.call(index, args=dump_text(part.args) if isinstance(part.args, dict) else part.args or "")

    def _native(self, index: int, part: BuiltinToolCallPart) -> None:
        """A call whose arguments have another form on the wire."""
        self._open()
        block = write_native_call(part)
        if block.get("name") in TOOL_SEARCH:
            self.emitter.start(index, call_part(block))
            return
        self.servers[part.tool_call_id] = part.tool_name
        self.emitter.start(index, _mcp_start(part, None))
        self.emitter.call(index, args=dump_text(_mcp_head(part))[:-1] + ',"tool_args":')
        self.emitter.call(index, args=dump_text(block["input"]))
        self.emitter.call(index, args="}")


def _usage(usage: RequestUsage, known: dict[str, int], *, final: bool = False) -> RequestUsage:
    return read_usage(write_usage(usage), known, final=final)


def _mcp_start(part: BuiltinToolCallPart, args: dict[str, Any] | None) -> BuiltinToolCallPart:
    return BuiltinToolCallPart(part.tool_name, args, part.tool_call_id, provider_name=NAME)


def _mcp_head(part: BuiltinToolCallPart) -> dict[str, Any]:
    return {"action": "call_tool", "tool_name": as_text(part.args_as_dict().get("tool_name")) or ""}


def _sealed(part: CompactionPart) -> dict[str, Any] | None:
    details = part.provider_details or {}
    return {key: details[key] for key in ("encrypted_content", "signature") if details.get(key) is not None} or None
