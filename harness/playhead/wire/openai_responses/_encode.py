"""Stream events as a reply of the Responses API: typed events of a stream, or one whole response.

Every part is an output item, or a piece of one (texts and summaries with the same id). An item is announced, gets its
deltas, and is done when another begins; calls stay open for arguments that come later, as parallel calls do. A call of
one of OpenAI's own tools is finished by its return.
"""

from __future__ import annotations

from typing import Any

from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
    FilePart,
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
from playhead.wire._json import as_dict, as_list, dump, dump_text
from playhead.wire._sse import write_frame
from playhead.wire.openai_responses._open_item import OpenItem, has_args, is_open_search, is_whole
from playhead.wire.openai_responses._output import builtin_item, opening_of, response_object, wire_status, write_error

__all__ = ["ResponsesEncoder", "WholeResponsesEncoder", "chunks_of", "whole_body"]


class ResponsesEncoder:
    """Events in, server-sent events out."""

    content_type = "text/event-stream"

    def __init__(self, *, call: ModelCall | None = None) -> None:
        self._shape = _Shape(call)

    def feed(self, event: StreamEvent) -> bytes:
        """The frames that an event makes; may be none."""
        return _frames(self._shape.chunks(event))

    def close(self) -> bytes:
        """What is open is done, and the response complete; nothing after an error."""
        return b"" if self._shape.failed else _frames(self._shape.last_chunks())


class WholeResponsesEncoder:
    """Events in, one JSON body out at the end."""

    content_type = "application/json"

    def __init__(self, *, call: ModelCall | None = None) -> None:
        self._call = call
        self._events: list[StreamEvent] = []

    def feed(self, event: StreamEvent) -> bytes:
        """Nothing yet."""
        self._events.append(event)
        return b""

    def close(self) -> bytes:
        """The body."""
        return dump(whole_body(self._events, self._call))


def chunks_of(events: list[StreamEvent]) -> list[dict[str, Any]]:
    """All events of a stream in the wire's words, without the bytes around them."""
    shape = _Shape(None)
    chunks = [chunk for event in events for chunk in shape.chunks(event)]
    return chunks if shape.failed else [*chunks, *shape.last_chunks()]


def whole_body(events: list[StreamEvent], call: ModelCall | None) -> dict[str, Any]:
    """A whole response: what the last event of a stream would hold."""
    shape = _Shape(call)
    for event in events:
        shape.chunks(event)
    if not shape.failed:
        shape.last_chunks()
    return shape.response()


def _frames(chunks: list[dict[str, Any]]) -> bytes:
    return b"".join(write_frame(dump_text(chunk), event=chunk["type"]) for chunk in chunks)


class _Shape:
    """Which events of the wire an event makes."""

    def __init__(self, call: ModelCall | None) -> None:
        self.failed = False
        self._model = call.model if call is not None else ""
        self._fold = Fold()
        self._out: list[dict[str, Any]] = []
        self._sequence = 0
        self._items: list[OpenItem] = []
        self._of_part: dict[int, OpenItem] = {}
        self._ids: set[str] = set()
        self._made_up: set[str] = set()
        self._unannounced: list[int] = []
        """Calls of built-in tools whose arguments are still coming."""
        self._current: OpenItem | None = None
        self._opened = False
        self._refusal: OpenItem | None = None

    def chunks(self, event: StreamEvent) -> list[dict[str, Any]]:
        if self.failed:
            return []
        self._fold.feed(event)
        if type(event) is ResponseMeta:
            self._learn(event)
        elif type(event) is PartDeltaEvent:
            self._delta(event.index, event.delta)
        elif type(event) is PartStartEvent:
            self._start(event.index, event.part)
        else:
            assert isinstance(event, PartEndEvent)
            self._release(event.index)
            item = self._of_part.get(event.index)
            if item is None and isinstance(part := self._fold.part(event.index), BuiltinToolCallPart):
                self._announce(event.index, part)
                item = self._of_part.get(event.index)
            if item is not None and item.kind == "builtin":
                self._code(item)
            if item is not None and item.kind in _ALIKE and event.next_part_kind != _ALIKE[item.kind]:
                self._finish(item)
        out, self._out = self._out, []
        return out

    def last_chunks(self) -> list[dict[str, Any]]:
        self._open()
        # Searches that found nothing come last: what else has no answer gets a part that says so, as if it came now.
        for item in sorted(self._items, key=is_open_search):
            self._finish(item)
        response = self.response()
        kind = {"incomplete": "response.incomplete", "failed": "response.failed"}.get(response["status"])
        self._emit(kind or "response.completed", response=response)
        out, self._out = self._out, []
        return out

    def response(self) -> dict[str, Any]:
        """The whole response as far as it is known."""
        fold = self._fold
        output = [item.item for item in self._items if item.done]
        status, incomplete = wire_status(fold)
        response = response_object(fold, self._model, status)
        response["output"] = output
        if incomplete is not None:
            response["incomplete_details"] = {"reason": incomplete}
        if fold.error is not None:
            response["error"] = write_error(fold.error)
        return response

    # ---- events in
    def _learn(self, meta: ResponseMeta) -> None:
        if meta.refusal:
            self._open()
            # Calls that are complete stand before the refusal, whether their part has ended yet or not.
            for index in [index for index in self._unannounced if has_args(self._fold.part(index))]:
                self._announce(index, self._fold.part(index))
            for item in self._items:
                if item.kind == "builtin" and has_args(self._fold.part(item.indexes[0])):
                    self._code(item)
            if self._refusal is None:
                self._refusal = self._add("refusal", {"type": "message", "role": "assistant", "content": []}, "msg")
                self._refusal.pieces.append([])
            self._refusal.pieces[0].append(meta.refusal)
            self._emit("response.refusal.delta", self._refusal, content_index=0, delta=meta.refusal)
        if meta.error is not None:
            self._open()
            self._emit("error", **write_error(meta.error))
            self.failed = True

    def _open(self) -> None:
        if not self._opened:
            self._opened = True
            response = response_object(self._fold, self._model, "in_progress")
            self._emit("response.created", response=response)
            self._emit("response.in_progress", response=response)

    def _start(self, index: int, part: Any) -> None:
        if isinstance(part, TextPart):
            if part.content:
                self._start_text(index, part)
        elif isinstance(part, ThinkingPart):
            if part.content or part.signature is not None or part.provider_details:
                self._start_thinking(index, part)
        elif isinstance(part, ToolCallPart):
            self._start_call(index, part)
        elif isinstance(part, BuiltinToolCallPart):
            if isinstance(part.args, dict) or not part.tool_name.startswith(_OPENED_WITH_ARGS):
                self._announce(index, part)
            else:
                self._unannounced.append(index)
        elif isinstance(part, BuiltinToolReturnPart):
            self._returned(part)
        elif isinstance(part, FilePart):
            self._of_file(part)
        elif isinstance(part, CompactionPart):
            item = {**(part.provider_details or {}), "type": "compaction"}
            self._done(self._add("compaction", item, "cmp", item_id=part.id))

    def _announce(self, index: int, part: Any) -> None:
        """The item of a call of a built-in tool."""
        if index in self._unannounced:
            self._unannounced.remove(index)
        opening = opening_of(part)
        if opening is not None:
            self._of_part[index] = self._add("builtin", opening, "bt", item_id=part.id or part.tool_call_id)
            self._of_part[index].indexes.append(index)

    def _delta(self, index: int, delta: Any) -> None:
        item = self._of_part.get(index)
        current = self._current
        if current is not item and current is not None and current.kind in _ALIKE:
            begins = item is None and index < len(self._fold)
            if not (begins and self._goes_on(_ALIKE[current.kind], getattr(self._fold.peek(index), "id", None))):
                # What is said of another item ends this one, as its successor would.
                self._finish(current)
        if isinstance(delta, TextPartDelta):
            if delta.content_delta:
                if item is None:  # A part that began without content.
                    known: Any = self._fold.peek(index)
                    item = self._start_text(index, TextPart("", id=known.id, provider_details=known.provider_details))
                elif item.done:
                    item = self._start_text(index, TextPart(""))
                self._text(item, item.indexes.index(index), delta.content_delta)
        elif isinstance(delta, ThinkingPartDelta):
            if item is None or item.done:
                known_id = None if item is not None else getattr(self._fold.peek(index), "id", None)
                item = self._start_thinking(index, ThinkingPart("", id=known_id))
            self._thinking(item, index, delta.content_delta, delta.signature_delta)
        elif item is not None and item.kind == "call":
            assert isinstance(delta, ToolCallPartDelta)
            if isinstance(delta.args_delta, dict):
                item.held = {**(item.held or {}), **delta.args_delta}
            elif delta.args_delta:
                self._args(item, delta.args_delta)

    def _goes_on(self, kind: str, item_id: str | None) -> bool:
        """Whether a part of this kind and with this id is a further one of the item that is being written."""
        current = self._current
        if current is None or current.done or not item_id:
            return False
        if _ALIKE.get(current.kind) != kind or current.item["id"] != item_id:
            return False
        return kind == "text" or bool(current.pieces[0])  # Summaries follow a summary.

    # ---- text
    def _start_text(self, index: int, part: TextPart) -> OpenItem:
        current = self._current
        if current is None or not self._goes_on("text", part.id):
            item: dict[str, Any] = {"type": "message", "status": "in_progress", "content": [], "role": "assistant"}
            if phase := (part.provider_details or {}).get("phase"):
                item["phase"] = phase
            current = self._add("message", item, "msg", item_id=part.id)
        self._of_part[index] = current
        place = len(current.indexes)
        current.indexes.append(index)
        current.pieces.append([])
        piece: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
        self._emit("response.content_part.added", current, content_index=place, part=piece)
        if part.content:
            self._text(current, place, part.content)
        return current

    def _text(self, item: OpenItem, place: int, text: str) -> None:
        item.pieces[place].append(text)
        self._emit("response.output_text.delta", item, content_index=place, delta=text, logprobs=[])

    # ---- reasoning
    def _start_thinking(self, index: int, part: ThinkingPart) -> OpenItem:
        current = self._current
        alone = part.signature is not None or bool((part.provider_details or {}).get("raw_content"))
        if alone or not self._goes_on("thinking", part.id):
            # What has a seal of its own is an item of its own: under an id that the reasoning before it has, both would
            # be read as one.
            follows = bool(self._items) and self._items[-1].kind == "reasoning"
            item: dict[str, Any] = {"type": "reasoning", "summary": []}
            current = self._add("reasoning", item, "rs", item_id=part.id, apart=follows)
        assert current is not None
        self._of_part[index] = current
        current.indexes.append(index)
        current.pieces.append([])
        if len(current.indexes) > 1:
            self._announce_summary(current, len(current.indexes) - 1)
        self._thinking(current, index, part.content, part.signature)
        return current

    def _announce_summary(self, item: OpenItem, place: int) -> None:
        part = {"type": "summary_text", "text": ""}
        self._emit("response.reasoning_summary_part.added", item, summary_index=place, part=part)

    def _thinking(self, item: OpenItem, index: int, content: str | None, signature: str | None) -> None:
        place = item.indexes.index(index)
        if content:
            if place == 0 and not item.pieces[0]:
                self._announce_summary(item, 0)
            item.pieces[place].append(content)
            self._emit("response.reasoning_summary_text.delta", item, summary_index=place, delta=content)
        if signature is not None and place == 0:
            item.signature = signature
        if place == 0 and index < len(self._fold):
            self._raw(item, index)

    def _raw(self, item: OpenItem, index: int) -> None:
        """What is new of the reasoning itself."""
        part: Any = self._fold.peek(index)
        raw = as_list(as_dict(part.provider_details).get("raw_content"))
        for place, text in enumerate(raw):
            known = item.raw[place] if place < len(item.raw) else ""
            if place >= len(item.raw):
                item.raw.append("")
            if isinstance(text, str) and len(text) > len(known) and text.startswith(known):
                item.raw[place] = text
                self._emit("response.reasoning_text.delta", item, content_index=place, delta=text[len(known) :])

    # ---- calls
    def _start_call(self, index: int, part: ToolCallPart) -> None:
        details = part.provider_details or {}
        custom = details.get("type") == "custom_tool_call"
        item: dict[str, Any] = {"type": "custom_tool_call" if custom else "function_call", "status": "in_progress"}
        item |= {"input" if custom else "arguments": "", "call_id": part.tool_call_id, "name": part.tool_name}
        if details.get("namespace"):
            item["namespace"] = details["namespace"]
        added = self._add("call", item, "fc", item_id=part.id)
        added.pieces.append([])
        added.indexes.append(index)
        self._of_part[index] = added
        if isinstance(part.args, dict):
            added.held = part.args
        elif part.args:
            self._args(added, part.args)

    def _args(self, item: OpenItem, args: str) -> None:
        item.pieces[0].append(args)
        custom = item.item["type"] == "custom_tool_call"
        kind = "response.custom_tool_call_input.delta" if custom else "response.function_call_arguments.delta"
        self._emit(kind, item, delta=args)

    def _release(self, index: int) -> None:
        """Arguments that came as an object, when no more of it can be expected."""
        item = self._of_part.get(index)
        if item is not None and item.held is not None and not item.done:
            held, item.held = item.held, None
            self._args(item, dump_text(held))

    # ---- built-in tools
    def _returned(self, part: BuiltinToolReturnPart) -> None:
        call_id = None
        for item in self._items:
            if item.kind == "builtin" and not item.done:
                call: Any = self._fold.part(item.indexes[0])
                if call.tool_call_id == part.tool_call_id:
                    item.item = {**item.item, **builtin_item(call, part)}
                    self._code(item)
                    self._done(item)
                    if part.tool_name != "tool_search":  # whose result is an item of its own
                        return
                    if any(is_open_search(other) for other in self._items[: item.index]):
                        # Results without an id are taken for those of the searches in order, and this is not the next.
                        call_id = item.item["id"]
                    break
        if part.tool_name == "tool_search":
            details = {"execution": "server", "status": "completed", **(part.provider_details or {})}
            tools = [{"type": "function", **tool} for tool in as_list(as_dict(part.content).get("discovered_tools"))]
            item_id = details.pop("id", None)
            details["call_id"] = details.get("call_id") or call_id
            self._done(
                self._add("return", {"type": "tool_search_output", **details, "tools": tools}, "tso", item_id=item_id)
            )

    def _code(self, item: OpenItem) -> None:
        """What was said of a call while it was made: once, when its arguments are complete."""
        if item.told or item.done or item.item["type"] not in ("code_interpreter_call", "mcp_call"):
            return
        item.told = True
        call: Any = self._fold.part(item.indexes[0])
        known = builtin_item(call, BuiltinToolReturnPart(call.tool_name, None, call.tool_call_id))
        if item.item["type"] == "code_interpreter_call":
            code = known.get("code") or ""
            if code:
                self._emit("response.code_interpreter_call_code.delta", item, delta=code)
            self._emit("response.code_interpreter_call_code.done", item, code=code)
        else:
            arguments = known.get("arguments") or "{}"
            self._emit("response.mcp_call_arguments.delta", item, delta=arguments)
            self._emit("response.mcp_call_arguments.done", item, arguments=arguments)

    def _of_file(self, part: FilePart) -> None:
        for item in reversed(self._items):
            if item.kind == "builtin" and not item.done:
                if item.item["type"] == "image_generation_call":
                    item.item["result"] = part.content.base64
                    item.item["output_format"] = part.content.media_type.partition("/")[2]
                elif item.item["type"] == "code_interpreter_call":
                    outputs: list[Any] = item.item.setdefault("outputs", None) or []
                    item.item["outputs"] = [*outputs, {"type": "image", "url": part.content.data_uri}]
                return

    # ---- items
    def _add(
        self, kind: str, item: dict[str, Any], prefix: str, *, item_id: str | None = None, apart: bool = False
    ) -> OpenItem:
        """A new item. Its id is the given one, but for one that was made up, or that any has (`apart`)."""
        self._open()
        if (self._current is not None and self._current.kind in ("message", "reasoning")) or (
            self._current is not None and self._current.kind == "call" and is_whole(self._current)
        ):
            self._finish(self._current)
        index = len(self._items)
        if made_up := not item_id:
            item_id = f"{prefix}_{index}"
        while item_id in (self._ids if made_up or apart else self._made_up):
            item_id += "_"
        self._ids.add(item_id)
        if made_up:
            self._made_up.add(item_id)
        added = OpenItem(kind, index, {"id": item_id, **item})
        self._items.append(added)
        self._current = added
        self._emit("response.output_item.added", output_index=index, item=added.item)
        return added

    def _finish(self, item: OpenItem) -> None:
        """The item with everything that came for it."""
        if item.done:
            return
        if item.kind == "message":
            content = [self._text_done(item, place) for place in range(len(item.pieces))]
            self._done(item, content=content, status="completed")
        elif item.kind == "refusal":
            text = "".join(item.pieces[0])
            self._emit("response.refusal.done", item, content_index=0, refusal=text)
            self._done(item, content=[{"type": "refusal", "refusal": text}], status="completed")
        elif item.kind == "reasoning":
            self._reasoning_done(item)
        elif item.kind == "call":
            self._release(item.indexes[0])
            name = "input" if item.item["type"] == "custom_tool_call" else "arguments"
            text = "".join(item.pieces[0])
            kind = "custom_tool_call_input" if name == "input" else "function_call_arguments"
            self._emit(f"response.{kind}.done", item, **{name: text})
            self._done(item, **{name: text}, status="completed")
        elif item.kind == "builtin":
            # The reply is over, and the tool has not answered.
            call: Any = self._fold.part(item.indexes[0])
            nothing = BuiltinToolReturnPart(call.tool_name, {"status": "incomplete"}, call.tool_call_id)
            item.item = {**item.item, **builtin_item(call, nothing)}
            self._code(item)
            self._done(item)

    def _text_done(self, item: OpenItem, place: int) -> dict[str, Any]:
        text = "".join(item.pieces[place])
        part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
        self._emit("response.output_text.done", item, content_index=place, text=text, logprobs=[])
        self._emit("response.content_part.done", item, content_index=place, part=part)
        return part

    def _reasoning_done(self, item: OpenItem) -> None:
        summaries = ["".join(pieces) for pieces in item.pieces]
        if summaries == [""]:
            summaries = []
        for place, text in enumerate(summaries):
            self._emit("response.reasoning_summary_text.done", item, summary_index=place, text=text)
            part = {"type": "summary_text", "text": text}
            self._emit("response.reasoning_summary_part.done", item, summary_index=place, part=part)
        more: dict[str, Any] = {"summary": [{"type": "summary_text", "text": text} for text in summaries]}
        if item.raw:
            more["content"] = [{"type": "reasoning_text", "text": text} for text in item.raw]
        self._done(item, **more, encrypted_content=item.signature)

    def _done(self, item: OpenItem, **more: Any) -> None:
        item.done = True
        item.item = {**item.item, **more}
        self._emit("response.output_item.done", output_index=item.index, item=item.item)

    def _emit(self, kind: str, of: OpenItem | None = None, /, **fields: Any) -> None:
        event: dict[str, Any] = {"type": kind, "sequence_number": self._sequence}
        if of is not None:
            event |= {"item_id": of.item["id"], "output_index": of.index}
        self._sequence += 1
        self._out.append({**event, **fields})


# Tools whose item says some of the arguments when it is announced: that waits until they have come.
_OPENED_WITH_ARGS = ("code_execution", "mcp_server:")
# Kinds of items that may hold several parts, which have to follow each other.
_ALIKE = {"message": "text", "reasoning": "thinking"}
