"""Replies read: bytes in, stream events out. No IO.

A stream is `message_start`, then blocks one after the other (`content_block_start`, deltas, `content_block_stop`), then
`message_delta` with the reason to stop, and `message_stop`; pings and kinds of events and blocks that are new may stand
anywhere and are passed over. State: a record for each block's index. A whole reply is one object with all blocks, and
goes through the same readers.
https://docs.claude.com/en/docs/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playhead.exceptions import DecodeError
from playhead.messages import (
    BuiltinToolCallPart,
    CompactionPart,
    ResponseMeta,
    TextPart,
    TextPartDelta,
    ThinkingPart,
)
from playhead.wire._decoder import BaseDecoder
from playhead.wire._json import as_dict, as_list, as_objects, as_text, dump_text, load
from playhead.wire._sse import Frame
from playhead.wire.anthropic_messages._blocks import (
    ERROR_STATUS,
    FINISH,
    MCP,
    NAME,
    TOOL_SEARCH,
    call_part,
    mcp_result,
    result_part,
    search_args,
)
from playhead.wire.anthropic_messages._usage import read_usage

__all__ = ["AnthropicDecoder", "read_error", "read_error_object"]


class _Block:
    """A content block on its way; it is the emitter's slot of its part."""

    __slots__ = ("citations", "kind", "name", "part", "pieces", "whole_args")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = ""
        self.part: Any = None
        self.pieces: list[str] = []
        self.citations: list[Any] = []
        self.whole_args = False


class AnthropicDecoder(BaseDecoder):
    """One reply, streamed or whole.

    `native_tools` are the server tools that the request enabled, by the format's names. A call of any other is left
    out, because models make such calls up; None keeps all.
    """

    def __init__(self, *, streamed: bool, native_tools: frozenset[str] | None = None) -> None:
        super().__init__(streamed=streamed)
        self._native_tools = native_tools
        self._blocks: dict[int, _Block] = {}
        self._servers: dict[str, str] = {}
        self._details: dict[str, int] = {}
        self._begun = False
        self._finished = False

    def _frame(self, frame: Frame) -> None:
        event: Any = load(frame.data, frame=frame.number) if frame.data != "[DONE]" else {}
        kind = event.get("type")
        read = _EVENTS.get(kind)
        if read is not None:
            read(self, event)
        elif kind == "error" or (kind is None and "error" in event):
            self._fail(read_error_object(event))

    def _whole(self, body: Any) -> None:
        if type(body) is not dict:
            raise TypeError(f"a message is an object, not {body!r:.80}")
        message: dict[str, Any] = body  # pyright: ignore[reportUnknownVariableType]
        if message.get("type") == "error" or (message.get("type") is None and "error" in message):
            self._fail(read_error_object(message))
        else:
            self._read(message)

    def _end(self) -> None:
        """A stream that broke off between two events is told from a whole one by its missing end alone."""
        if not self._begun and not len(self.fold):
            raise DecodeError(
                "The stream ended without a message",
                "The connection was closed before the reply began, or this is a stream of another dialect.",
            )
        self._emitter.close()
        if not self._finished:
            self._emitter.meta(ResponseMeta(state="incomplete"))

    # ------------------------------------------------------------------ the message
    def _message(self, message: dict[str, Any], **more: Any) -> None:
        """The reply's own fields: of a whole message, or of a stream's opening one."""
        self._begun = True
        usage = read_usage(as_dict(message.get("usage")), self._details)
        self._details = usage.details
        details = _message_details(message)
        if as_dict(message.get("usage")).get("speed") == "fast":
            details["speed"] = "fast"
        self._emitter.meta(
            ResponseMeta(
                usage=usage,
                provider_response_id=as_text(message.get("id")),
                model_name=as_text(message.get("model")),
                provider_name=NAME,
                details=details or None,
                **_stop(message),
                **more,
            )
        )

    def _read(self, message: dict[str, Any]) -> None:
        """A whole message."""
        if type(message.get("content")) is not list:
            raise DecodeError(
                "The body is no message: it has no list `content`",
                f"Its fields are {sorted(message)}. Is this reply of another dialect?",
                body=dump_text(message)[:10_000],
            )
        self._finished = True
        self.read_blocks(as_objects(message["content"]))
        # What the provider sends whole has ended; without a reason to, it was put together from a stream that had not.
        unfinished = "stop_reason" in message and message["stop_reason"] is None
        self._message(message, **({"state": "incomplete"} if unfinished else {}))

    def read_blocks(self, blocks: list[dict[str, Any]], *, as_they_are: bool = False) -> None:
        """Blocks that are all there, as those of a whole message or of an earlier turn in a request."""
        answered = {as_text(block.get("tool_use_id")) for block in blocks if "tool_use_id" in block}
        for block in blocks:
            self._block(block, answered, as_they_are)

    def _block(self, block: dict[str, Any], answered: set[str | None], as_they_are: bool) -> None:
        emitter = self._emitter
        match block.get("type"):
            case "text":
                citations = as_list(block.get("citations"))
                described: Any = (
                    {"provider_name": NAME, "provider_details": {"citations": citations}} if citations else {}
                )
                emitter.whole(TextPart(_text(block.get("text")), **described))
            case "thinking":
                emitter.whole(_thinking(block))
            case "redacted_thinking":
                emitter.whole(_redacted(block))
            case "tool_use":
                emitter.call(
                    object(),
                    name=as_text(block.get("name")),
                    args=as_dict(block.get("input")),
                    tool_call_id=as_text(block.get("id")),
                )
            case "server_tool_use":
                known = self._native_tools is None or as_text(block.get("name")) in self._native_tools
                if known or as_text(block.get("id")) in answered:
                    emitter.whole(call_part(block))
            case "mcp_tool_use":
                part = _mcp_call(block)
                part.args = {**_mcp_head(block), "tool_args": as_dict(block.get("input"))}
                self._servers[part.tool_call_id] = part.tool_name
                emitter.whole(part)
            case "mcp_tool_result":
                server = self._servers.get(as_text(block.get("tool_use_id")) or "")
                emitter.whole(mcp_result(block, server, as_they_are=as_they_are))
            case "compaction":
                emitter.whole(_compaction(block))
            case _:
                if (result := result_part(block, as_they_are=as_they_are)) is not None:
                    emitter.whole(result)

    # ------------------------------------------------------------------ one method for each kind of event
    def _message_start(self, event: dict[str, Any]) -> None:
        # Some gateways send chunks of their own that look like an opening without a message.
        if message := as_dict(event.get("message")):
            self._message(message)

    def _block_start(self, event: dict[str, Any]) -> None:
        content = as_dict(event.get("content_block"))
        kind = as_text(content.get("type")) or ""
        block = self._blocks[_index(event)] = _Block(kind)
        start = _STARTS.get(kind)
        if start is not None:
            start(self, block, content)
        elif (result := result_part(content)) is not None:
            self._emitter.start(block, result)

    def _block_delta(self, event: dict[str, Any]) -> None:
        delta: dict[str, Any] = event["delta"]
        kind: str = delta["type"]
        block = self._blocks.get(event["index"])
        if block is not None:
            # Most of most streams: the short way.
            if kind == "text_delta" and block.kind == "text" and type(text := delta["text"]) is str:
                if text:
                    self._emitter.text(block, text)
                return
            if kind == "input_json_delta" and block.kind == "tool_use" and not block.whole_args:
                self._emitter.args(block, _text(delta.get("partial_json")))
                return
        if block is None:
            block = self._blocks[_index(event)] = _Block(_KIND_OF_DELTA.get(kind, ""))
        add = _DELTAS.get((block.kind, kind))
        if add is not None:
            add(self, block, delta)
        elif kind in _KIND_OF_DELTA and block.kind in _STARTS:
            raise DecodeError(
                f"A `{kind}` came for block {event.get('index')}, which is `{block.kind}`",
                "The server that made this stream numbers its blocks wrongly.",
            )

    def _block_stop(self, event: dict[str, Any]) -> None:
        block = self._blocks.get(_index(event))
        if block is None:
            return
        end = _STOPS.get(block.kind)
        if end is not None:
            end(self, block)

    def _message_delta(self, event: dict[str, Any]) -> None:
        delta = as_dict(event.get("delta"))
        usage = None
        if raw := as_dict(event.get("usage")):
            usage = read_usage(raw, self._details, final=True)
            self._details = usage.details
        details = _message_details({**delta, "input_transformations": event.get("input_transformations")})
        stop = _stop(delta)
        if "raw_finish_reason" in stop:
            self._finished = True
            self._emitter.close()
        self._emitter.meta(ResponseMeta(usage=usage, details=details or None, **stop))

    def _message_stop(self, event: dict[str, Any]) -> None:
        self._finished = True

    # ------------------------------------------------------------------ blocks begin
    def _text_start(self, block: _Block, content: dict[str, Any]) -> None:
        if text := _text(content.get("text")):
            self._emitter.text(block, text)
        block.citations += as_list(content.get("citations"))

    def _thinking_start(self, block: _Block, content: dict[str, Any]) -> None:
        self._emitter.start(block, _thinking(content))

    def _redacted_start(self, block: _Block, content: dict[str, Any]) -> None:
        self._emitter.start(block, _redacted(content))

    def _tool_start(self, block: _Block, content: dict[str, Any]) -> None:
        args = as_dict(content.get("input")) or None
        block.whole_args = args is not None
        name, call_id = as_text(content.get("name")), as_text(content.get("id"))
        self._emitter.call(block, name=name, args=args, tool_call_id=call_id)

    def _server_tool_start(self, block: _Block, content: dict[str, Any]) -> None:
        if self._native_tools is not None and as_text(content.get("name")) not in self._native_tools:
            block.kind = "left out"
            return
        block.name = as_text(content.get("name")) or ""
        part = call_part(content)
        if not as_dict(content.get("input")):
            part.args = None
            if block.name in TOOL_SEARCH:
                # Its arguments take another form, which is known when they are complete.
                block.kind, block.part = "tool search", part
                return
        block.whole_args = part.args is not None
        self._emitter.start(block, part)

    def _mcp_start(self, block: _Block, content: dict[str, Any]) -> None:
        part = block.part = _mcp_call(content)
        self._servers[part.tool_call_id] = part.tool_name
        if given := as_dict(content.get("input")):
            part.args = {**_mcp_head(content), "tool_args": given}
            block.kind = "mcp call, whole"
            block.whole_args = True
            self._emitter.start(block, part)
            return
        self._emitter.start(block, part)
        self._emitter.call(block, args=dump_text(_mcp_head(content))[:-1] + ',"tool_args":')

    def _mcp_result_start(self, block: _Block, content: dict[str, Any]) -> None:
        self._emitter.start(block, mcp_result(content, self._servers.get(as_text(content.get("tool_use_id")) or "")))

    def _compaction_start(self, block: _Block, content: dict[str, Any]) -> None:
        # The summary comes as one delta, so that the part waits for it.
        block.part = _compaction(content)

    # ------------------------------------------------------------------ blocks grow
    def _text_delta(self, block: _Block, delta: dict[str, Any]) -> None:
        if text := _text(delta.get("text")):
            self._emitter.text(block, text)

    def _citation(self, block: _Block, delta: dict[str, Any]) -> None:
        block.citations.append(delta.get("citation"))

    def _thinking_delta(self, block: _Block, delta: dict[str, Any]) -> None:
        if text := _text(delta.get("thinking")):
            if self._emitter.has(block):
                self._emitter.thinking(block, text)
            else:
                self._emitter.thinking(block, text, provider_name=NAME)

    def _signature(self, block: _Block, delta: dict[str, Any]) -> None:
        signature = _text(delta.get("signature"))
        self._emitter.thinking(
            block, signature=signature, **({} if self._emitter.has(block) else {"provider_name": NAME})
        )

    def _input(self, block: _Block, delta: dict[str, Any]) -> None:
        text = _text(delta.get("partial_json"))
        if block.whole_args:
            if text:
                raise DecodeError("A block's input came whole, and then more of it", "Its server repeats itself.")
            return
        if text and block.part is not None:
            block.pieces.append(text)
        self._emitter.args(block, text)

    def _search_input(self, block: _Block, delta: dict[str, Any]) -> None:
        block.pieces.append(_text(delta.get("partial_json")))

    def _compacted(self, block: _Block, delta: dict[str, Any]) -> None:
        if block.part is not None and type(delta.get("content")) is str:
            part = _compaction(delta)
            part.content = (block.part.content or "") + delta["content"]
            part.provider_details = {**(block.part.provider_details or {}), **(part.provider_details or {})} or None
            block.part = part

    # ------------------------------------------------------------------ blocks end
    def _text_stop(self, block: _Block) -> None:
        if block.citations and self._emitter.has(block):
            citations, block.citations = block.citations, []
            delta = TextPartDelta("", provider_name=NAME, provider_details={"citations": citations})
            self._emitter.delta(block, delta)

    def _mcp_stop(self, block: _Block) -> None:
        if self._emitter.has(block):
            self._emitter.call(block, args="}" if block.pieces else "{}}")
            block.kind = "mcp call, whole"
            block.whole_args = True

    def _search_stop(self, block: _Block) -> None:
        if block.part is not None:
            text = "".join(block.pieces)
            try:
                args = load(text) if text else None
            except DecodeError:
                args = None
            part, block.part = block.part, None
            part.args = search_args(block.name, args)
            self._emitter.start(block, part)

    def _compaction_stop(self, block: _Block) -> None:
        if block.part is not None:
            part, block.part = block.part, None
            self._emitter.start(block, part)


def read_error_object(raw: dict[str, Any]) -> dict[str, Any]:
    """`{"message", "type"?, "status"?, "request_id"?, "body"}` of an error as this provider writes it."""
    inner = raw.get("error")
    fields = as_dict(inner) or raw
    error: dict[str, Any] = {"message": _error_message(fields, inner, raw)}
    kind = as_text(fields.get("type"))
    if kind is not None and kind != "error":
        error["type"] = kind
        if kind in ERROR_STATUS:
            error["status"] = ERROR_STATUS[kind]
    if (code := fields.get("code")) is not None:
        error["code"] = str(code)
    error["body"] = raw
    return error


def read_error(body: bytes) -> dict[str, Any]:
    """An error's body, whatever it is."""
    try:
        raw = load(body)
    except DecodeError:
        raw = None
    if type(raw) is dict:
        return read_error_object(raw)  # pyright: ignore[reportUnknownArgumentType]
    text = body.decode("utf-8", "replace")
    return {"message": text[:2_000].strip(), "body": text if raw is None else raw}


def _error_message(fields: dict[str, Any], inner: Any, raw: dict[str, Any]) -> str:
    for found in (fields.get("message"), inner, raw.get("message"), fields.get("detail")):
        if isinstance(found, str) and found:
            return found
    return dump_text(raw)[:2_000]


def _index(event: dict[str, Any]) -> int:
    index = event.get("index", 0)
    if type(index) is not int:
        raise DecodeError(f"The index of a block is {index!r}, which is no number", "This is no stream of this format.")
    return index


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _thinking(content: dict[str, Any]) -> ThinkingPart:
    signature = content.get("signature")
    return ThinkingPart(
        _text(content.get("thinking")),
        signature=signature if type(signature) is str else None,
        provider_name=NAME,
    )


def _redacted(content: dict[str, Any]) -> ThinkingPart:
    return ThinkingPart("", id="redacted_thinking", signature=_text(content.get("data")), provider_name=NAME)


def _compaction(content: dict[str, Any]) -> CompactionPart:
    sealed = {key: content[key] for key in ("encrypted_content", "signature") if content.get(key) is not None}
    text = content.get("content")
    return CompactionPart(text if type(text) is str else None, provider_name=NAME, provider_details=sealed or None)


def _mcp_call(content: dict[str, Any]) -> BuiltinToolCallPart:
    server = as_text(content.get("server_name")) or ""
    return BuiltinToolCallPart(f"{MCP}:{server}", None, as_text(content.get("id")) or "", provider_name=NAME)


def _mcp_head(content: dict[str, Any]) -> dict[str, Any]:
    return {"action": "call_tool", "tool_name": as_text(content.get("name")) or ""}


def _stop(fields: dict[str, Any]) -> dict[str, Any]:
    """Why the reply ended, as fields of `ResponseMeta`."""
    raw = as_text(fields.get("stop_reason"))
    found: dict[str, Any] = {}
    if raw is not None:
        found = {"raw_finish_reason": raw, "finish_reason": FINISH.get(raw)}
        if raw == "pause_turn":
            found["state"] = "suspended"
    if explanation := as_text(as_dict(fields.get("stop_details")).get("explanation")):
        found["refusal"] = explanation
    return found


def _message_details(fields: dict[str, Any]) -> dict[str, Any]:
    """What of a message has no field of its own in a reply."""
    details: dict[str, Any] = {}
    if category := as_text(as_dict(fields.get("stop_details")).get("category")):
        details["refusal_category"] = category
    if container := as_text(as_dict(fields.get("container")).get("id")):
        details["container_id"] = container
    if changed := as_list(fields.get("input_transformations")):
        details["input_transformations"] = changed
    if diagnostics := as_dict(fields.get("diagnostics")):
        details["cache_diagnostics"] = diagnostics
    if sequence := as_text(fields.get("stop_sequence")):
        details["stop_sequence"] = sequence
    return details


_EVENTS: dict[str, Callable[[AnthropicDecoder, dict[str, Any]], None]] = {
    "content_block_delta": AnthropicDecoder._block_delta,
    "content_block_start": AnthropicDecoder._block_start,
    "content_block_stop": AnthropicDecoder._block_stop,
    "message_delta": AnthropicDecoder._message_delta,
    "message_start": AnthropicDecoder._message_start,
    "message_stop": AnthropicDecoder._message_stop,
}
_STARTS: dict[str, Callable[[AnthropicDecoder, _Block, dict[str, Any]], None]] = {
    "compaction": AnthropicDecoder._compaction_start,
    "mcp_tool_result": AnthropicDecoder._mcp_result_start,
    "mcp_tool_use": AnthropicDecoder._mcp_start,
    "redacted_thinking": AnthropicDecoder._redacted_start,
    "server_tool_use": AnthropicDecoder._server_tool_start,
    "text": AnthropicDecoder._text_start,
    "thinking": AnthropicDecoder._thinking_start,
    "tool_use": AnthropicDecoder._tool_start,
}
_DELTAS: dict[tuple[str, str], Callable[[AnthropicDecoder, _Block, dict[str, Any]], None]] = {
    ("compaction", "compaction_delta"): AnthropicDecoder._compacted,
    ("mcp_tool_use", "input_json_delta"): AnthropicDecoder._input,
    ("mcp call, whole", "input_json_delta"): AnthropicDecoder._input,
    ("server_tool_use", "input_json_delta"): AnthropicDecoder._input,
    ("text", "citations_delta"): AnthropicDecoder._citation,
    ("text", "text_delta"): AnthropicDecoder._text_delta,
    ("thinking", "signature_delta"): AnthropicDecoder._signature,
    ("thinking", "thinking_delta"): AnthropicDecoder._thinking_delta,
    ("tool search", "input_json_delta"): AnthropicDecoder._search_input,
    ("tool_use", "input_json_delta"): AnthropicDecoder._input,
}
_STOPS: dict[str, Callable[[AnthropicDecoder, _Block], None]] = {
    "compaction": AnthropicDecoder._compaction_stop,
    "mcp_tool_use": AnthropicDecoder._mcp_stop,
    "text": AnthropicDecoder._text_stop,
    "tool search": AnthropicDecoder._search_stop,
}
_KIND_OF_DELTA: dict[str, str] = {
    "input_json_delta": "tool_use",
    "signature_delta": "thinking",
    "text_delta": "text",
    "thinking_delta": "thinking",
}
