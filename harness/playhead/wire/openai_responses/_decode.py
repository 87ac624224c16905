"""Replies of the Responses API, streamed and whole, to stream events.

A stream is a sequence of typed events about numbered output items: an item is added, its content comes in deltas, it is
done. Slots follow the items, found by `item_id` and, where a gateway changes or leaves out ids, by `output_index`.
What an event `...done` says again is not read twice, but where no delta came before it, it is the content.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from playhead.exceptions import DecodeError
from playhead.messages import (
    FilePart,
    ModelResponsePart,
    ResponseMeta,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
)
from playhead.wire._decoder import BaseDecoder
from playhead.wire._json import as_dict, as_list, as_text, as_whole, dump_text, load_object, the_object
from playhead.wire._sse import Frame
from playhead.wire.openai_chat import error_in
from playhead.wire.openai_responses._items import (
    all_parts_of,
    call_of,
    code_interpreter_files,
    function_call,
    image_of,
    parts_of,
    return_of,
    search_queries,
)
from playhead.wire.openai_responses._said import (
    FINISH_REASONS,
    RawContent,
    arguments_json,
    code_json,
    read_usage,
    refusal_in,
    searches_billed,
)

__all__ = ["ResponsesDecoder"]


class _Item:
    """An output item that is being streamed; it is its own slot."""

    __slots__ = ("args", "done", "id", "kind", "open_json", "phase", "texts")

    def __init__(self, item: dict[str, Any]) -> None:
        self.id = as_text(item.get("id"))
        self.kind = str(item.get("type"))
        self.phase = item.get("phase")
        self.texts = 0
        self.args: list[str] = []
        self.open_json = False
        self.done = False


class ResponsesDecoder(BaseDecoder):
    """Bytes of one response in, events out."""

    def __init__(self, *, streamed: bool, model: str | None = None, provider: str | None = None) -> None:
        super().__init__(streamed=streamed)
        self._provider = provider
        self._items: dict[Any, _Item] = {}
        self._order: list[_Item] = []
        self._searches: deque[str] = deque()
        self._listed: set[Any] = set()
        self._annotations: dict[Any, list[Any]] = {}
        self._refusal = ""
        self._refused = False
        self._terminal = False
        self._started = False
        self._background = False
        self._model: str | None = None
        self._id: str | None = None
        self._created = False
        self._sequence: Any = None

    # ---- entry
    def _frame(self, frame: Frame) -> None:
        if not frame.data or frame.data.startswith("[DONE]"):
            return
        event = load_object(frame.data, frame=frame.number)
        if "type" not in event and frame.event:
            event["type"] = frame.event
        self.chunk(event)

    def chunk(self, chunk: dict[str, Any]) -> None:
        """One event of the stream."""
        event = chunk
        kind = event.get("type")
        handler = _HANDLERS.get(kind) if type(kind) is str else None
        if "sequence_number" in event:
            self._sequence = event["sequence_number"]
        if handler is not None:
            self._started = True
            handler(self, event)
        elif event.get("error"):
            self._error(event)

    def _whole(self, body: Any) -> None:
        response = the_object(body)
        self._started = True
        if response.get("type") in _HANDLERS:
            _HANDLERS[str(response["type"])](self, response)
            return
        if (error := error_in(response)) is not None:
            self._identify(response)
            # A failed response that is fetched has no status that the request would have had.
            self._fail({name: value for name, value in error.items() if name != "status"})
            return
        if "output" not in response:
            raise DecodeError("The body has no output, so it holds no reply", "Is this reply of another dialect?")
        self._identify(response)
        output = [as_dict(item) for item in as_list(response.get("output"))]
        refusal = refusal_in(output)
        if refusal is None:
            for part in all_parts_of(output):
                self._alone(part)
        self._background = bool(response.get("background"))
        self._emitter.close()
        self._learn_usage(response)
        self._learn_details(response)
        status = as_text(response.get("status"))
        raw = as_text(as_dict(response.get("incomplete_details")).get("reason")) or status
        if refusal is not None:
            self._refused = True
            self._emitter.meta(ResponseMeta(refusal=refusal, finish_reason="content_filter"))
        elif raw:
            self._emitter.meta(ResponseMeta(finish_reason=FINISH_REASONS.get(raw), raw_finish_reason=raw))
        self._terminal = status not in ("queued", "in_progress")

    def _begin(self, slot: Any, part: ModelResponsePart) -> None:
        """Start a part, and say whose it is: what came from somebody else does not go back as an item."""
        if self._provider is not None and not isinstance(part, FilePart):
            part.provider_name = self._provider
        self._emitter.start(slot, part)

    def _alone(self, part: ModelResponsePart) -> None:
        self._begin(object(), part)

    # ---- items
    def _item(self, event: dict[str, Any], kind: str) -> _Item:
        """The item an event is about; a new one of `kind` where nobody announced it (a resumed stream)."""
        found = self._items.get(event.get("item_id"))
        if found is None:
            found = self._items.get(("at", event.get("output_index")))
            if found is None or found.done:
                found = self._register({"id": event.get("item_id"), "type": kind}, event)
        return found

    def _register(self, item: dict[str, Any], event: dict[str, Any]) -> _Item:
        known = _Item(item)
        if known.id is not None:
            self._items[known.id] = known
        index = event.get("output_index")
        if type(index) is int:
            self._items["at", index] = known
        self._order.append(known)
        return known

    def _item_added(self, event: dict[str, Any]) -> None:
        item = as_dict(event.get("item"))
        known = self._register(item, event)
        emitter = self._emitter
        kind = known.kind
        if kind in ("function_call", "custom_tool_call"):
            part = function_call(item)
            # Perplexity announces its own searches as calls that are over; only the end tells what they are.
            if part.tool_name and not (self._provider == "perplexity" and item.get("status") == "completed"):
                if type(part.args) is str:
                    known.args.append(part.args)
                self._begin(known, part)
        elif kind in ("web_search_call", "file_search_call", "tool_search_call"):
            part = call_of(item)
            if kind == "tool_search_call" and item.get("execution") != "client" and item.get("call_id") is None:
                self._searches.append(part.tool_call_id)
            part.args = None
            self._begin(known, part)
        elif kind in ("code_interpreter_call", "mcp_call"):
            part = call_of(item)
            # Arguments are JSON around a text (or JSON) that comes in deltas: everything before it first.
            opening = dump_text(part.args)[:-2] if kind == "code_interpreter_call" else dump_text(part.args)[:-3]
            part.args = None
            self._begin(known, part)
            emitter.call(known, args=opening)
            known.open_json = True
        elif kind in ("image_generation_call", "mcp_list_tools"):
            self._begin(known, call_of(item))

    def _item_done(self, event: dict[str, Any]) -> None:
        item = as_dict(event.get("item"))
        known = self._items.get(item.get("id")) or self._items.get(("at", event.get("output_index")))
        if known is None or known.done or known.kind != item.get("type"):
            known = self._register(item, event)
        emitter = self._emitter
        kind = known.kind
        started = emitter.has(known)
        if kind in ("function_call", "custom_tool_call"):
            if started:
                self._finish_args(known, item.get("arguments", item.get("input")))
            else:
                self._begin(known, function_call(item))
        elif kind == "reasoning":
            self._reasoning_done(known, item)
        elif kind == "message":
            self._message_done(known, item)
        elif kind in ("code_interpreter_call", "mcp_call"):
            if not started:
                self._begin(known, call_of(item))
            elif known.open_json:
                rest = code_json(item) if kind == "code_interpreter_call" else arguments_json(item)
                self._close_json(known, rest, '"}' if kind == "code_interpreter_call" else "}")
            if kind == "code_interpreter_call":
                for file in code_interpreter_files(item):
                    self._alone(file)
            self._returned(item)
        elif kind in ("web_search_call", "file_search_call"):
            call = call_of(item)
            if not started:
                self._begin(known, call)
            elif call.args is not None:
                emitter.call(known, args=call.args)
            self._returned(item)
        elif kind == "tool_search_call":
            self._tool_search_done(known, item, started)
        elif kind == "image_generation_call":
            if not started:
                self._begin(known, call_of(item))
            if (image := image_of(item)) is not None:
                self._alone(image)
            self._returned(item)
        elif kind == "mcp_list_tools":
            if not started:
                self._begin(known, call_of(item))
            self._returned(item)
            self._listed.add(item.get("id"))
        elif kind == "tool_search_output":
            if item.get("execution") != "client":
                call_id = as_text(item.get("call_id"))
                if call_id is None:
                    call_id = self._searches.popleft() if self._searches else None
                elif call_id in self._searches:
                    self._searches.remove(call_id)
                self._returned(item, call_id)
        else:
            for part in parts_of(item):
                self._alone(part)
        known.done = True

    def _returned(self, item: dict[str, Any], call_id: str | None = None) -> None:
        part = return_of(item, call_id)
        if part is not None:
            self._alone(part)

    def _tool_search_done(self, known: _Item, item: dict[str, Any], started: bool) -> None:
        call = call_of(item)
        if not started:
            self._begin(known, call)
        elif item.get("execution") == "client":
            # The id in the last event is the one that the next request has to name.
            self._emitter.call(
                known, args=dump_text(search_queries(item.get("arguments"))), tool_call_id=call.tool_call_id
            )
        else:
            self._emitter.call(known, args=call.args, provider_details=call.provider_details)

    # ---- text
    def _text_delta(self, event: dict[str, Any]) -> None:
        delta = event.get("delta")
        if type(delta) is not str or not delta:
            return
        known = self._items.get(event.get("item_id")) or self._item(event, "message")
        slot = (known, event.get("content_index"))
        if self._emitter.has(slot):
            self._emitter.text(slot, delta)
        else:
            self._start_text(known, slot, delta)

    def _start_text(self, known: _Item, slot: Any, text: str) -> None:
        known.texts += 1
        details = {"phase": known.phase} if known.phase is not None else None
        self._begin(slot, TextPart(text, id=known.id, provider_details=details))

    def _text_done(self, event: dict[str, Any]) -> None:
        known = self._item(event, "message")
        slot = (known, event.get("content_index"))
        text = as_text(event.get("text"))
        if text is None:
            return
        if not self._emitter.has(slot):
            self._start_text(known, slot, text)
        details: dict[str, Any] = {}
        if annotations := self._annotations.pop(slot, None):
            details["annotations"] = annotations
        if logprobs := event.get("logprobs"):
            details["logprobs"] = logprobs
        if details:
            self._emitter.delta(slot, TextPartDelta("", provider_details=details))

    def _annotation(self, event: dict[str, Any]) -> None:
        slot = (self._item(event, "message"), event.get("content_index"))
        self._annotations.setdefault(slot, []).append(event.get("annotation"))

    def _message_done(self, known: _Item, item: dict[str, Any]) -> None:
        if known.texts or self._refused:
            return
        for index, content in enumerate(as_list(item.get("content"))):
            content = as_dict(content)
            if content.get("type") == "refusal":
                self._refuse(as_text(content.get("refusal")) or "")
            elif text := as_text(content.get("text")):
                self._start_text(known, (known, index), text)

    def _refusal_delta(self, event: dict[str, Any]) -> None:
        self._refuse(self._refusal + str(event.get("delta") or ""))

    def _refusal_done(self, event: dict[str, Any]) -> None:
        self._refuse(as_text(event.get("refusal")) or self._refusal)

    def _refuse(self, whole: str) -> None:
        more = whole[len(self._refusal) :] if whole.startswith(self._refusal) else ""
        if self._refused and not more:
            return
        self._refused = True
        self._refusal += more
        self._emitter.meta(ResponseMeta(refusal=more, finish_reason="content_filter"))

    # ---- reasoning
    def _summary_slot(self, known: _Item, index: Any) -> Any:
        return known if not index else (known, "summary", index)

    def _summary_added(self, event: dict[str, Any]) -> None:
        known = self._item(event, "reasoning")
        slot = self._summary_slot(known, event.get("summary_index"))
        text = as_text(as_dict(event.get("part")).get("text")) or ""
        if not self._emitter.has(slot):
            self._begin(slot, ThinkingPart(text, id=known.id))
        elif text:
            self._emitter.thinking(slot, text)

    def _summary_delta(self, event: dict[str, Any]) -> None:
        known = self._item(event, "reasoning")
        delta = event.get("delta")
        if type(delta) is dict:
            delta = as_dict(delta).get("text")
        if type(delta) is str and delta:
            self._emitter.thinking(self._summary_slot(known, event.get("summary_index")), delta, id=known.id)

    def _raw_delta(self, event: dict[str, Any]) -> None:
        """The reasoning itself, which gpt-oss models show, is kept apart from a summary of it."""
        known = self._item(event, "reasoning")
        index, delta = as_whole(event.get("content_index")), as_text(event.get("delta"))
        if delta is None or index > 10_000:
            return
        update = RawContent(index, delta)
        if self._emitter.has(known):
            self._emitter.delta(known, ThinkingPartDelta(provider_details=update))
        else:
            self._begin(known, ThinkingPart("", id=known.id, provider_details=update(None)))

    def _reasoning_done(self, known: _Item, item: dict[str, Any]) -> None:
        signature = as_text(item.get("encrypted_content"))
        if not self._emitter.has(known):
            for index, part in enumerate(parts_of(item)):
                self._begin(self._summary_slot(known, index), part)
        elif signature is not None:
            self._emitter.thinking(known, signature=signature)

    # ---- calls
    def _args_delta(self, event: dict[str, Any]) -> None:
        known = self._item(event, "function_call")
        delta = as_text(event.get("delta"))
        if delta is None or known.done or not self._emitter.has(known):
            return
        known.args.append(delta)
        self._emitter.args(known, delta)

    def _args_done(self, event: dict[str, Any]) -> None:
        known = self._item(event, "function_call")
        if self._emitter.has(known):
            self._finish_args(known, event.get("arguments", event.get("input")))

    def _finish_args(self, known: _Item, final: Any) -> None:
        received = "".join(known.args)
        if known.done or type(final) is not str or not final.startswith(received):
            return  # What was streamed is what the run has seen.
        if rest := final[len(received) :]:
            known.args.append(rest)
            self._emitter.call(known, args=rest)

    def _code_delta(self, event: dict[str, Any]) -> None:
        known = self._item(event, "code_interpreter_call")
        delta = as_text(event.get("delta"))
        if known.open_json and delta is not None:
            text = dump_text(delta)[1:-1]
            known.args.append(text)
            self._emitter.args(known, text)

    def _code_done(self, event: dict[str, Any]) -> None:
        self._close_json(self._item(event, "code_interpreter_call"), code_json(event), '"}')

    def _mcp_args_delta(self, event: dict[str, Any]) -> None:
        known = self._item(event, "mcp_call")
        delta = as_text(event.get("delta"))
        if known.open_json and delta is not None:
            known.args.append(delta)
            self._emitter.args(known, delta)

    def _mcp_args_done(self, event: dict[str, Any]) -> None:
        self._close_json(self._item(event, "mcp_call"), arguments_json(event), "}")

    def _close_json(self, known: _Item, whole: str, closing: str) -> None:
        if known.open_json:
            known.open_json = False
            rest = whole if not known.args else ""
            self._emitter.call(known, args=rest + closing)

    # ---- the response itself
    def _opened(self, event: dict[str, Any]) -> None:
        response = as_dict(event.get("response"))
        self._background = self._background or bool(response.get("background"))
        self._identify(response)
        self._learn_usage(response)

    def _completed(self, event: dict[str, Any]) -> None:
        response = as_dict(event.get("response"))
        self._identify(response)
        output = [as_dict(item) for item in as_list(response.get("output"))]
        if not len(self.fold) and not self._refused:
            # Servers that stream nothing but the end.
            if (refusal := refusal_in(output)) is not None:
                self._refuse(refusal)
            else:
                for part in all_parts_of(output):
                    self._alone(part)
        else:
            for item in output:
                # Lists of tools are sometimes announced and then told only here.
                if item.get("type") == "mcp_list_tools" and item.get("id") not in self._listed:
                    self._returned(item)
        status = as_text(response.get("status"))
        self._end_with(response, as_text(as_dict(response.get("incomplete_details")).get("reason")) or status)

    def _incomplete(self, event: dict[str, Any]) -> None:
        response = as_dict(event.get("response"))
        self._identify(response)
        self._end_with(response, as_text(as_dict(response.get("incomplete_details")).get("reason")))

    def _failed(self, event: dict[str, Any]) -> None:
        response = as_dict(event.get("response"))
        self._identify(response)
        self._terminal = True
        if response.get("error"):
            self._learn_usage(response)
            self._fail(error_in(response) or {})
        else:
            self._end_with(response, "failed")

    def _error(self, event: dict[str, Any]) -> None:
        self._fail(error_in(event, named=True) or {})

    def _end_with(self, response: dict[str, Any], raw: str | None) -> None:
        self._terminal = True
        self._emitter.close()
        self._learn_usage(response)
        self._learn_details(response)
        if raw and not self._refused:
            self._emitter.meta(ResponseMeta(finish_reason=FINISH_REASONS.get(raw), raw_finish_reason=raw))

    def _end(self) -> None:
        if not self._started:
            raise DecodeError(
                "The stream ended without an event of a response",
                "The connection was closed before the reply began, or this is a stream of another dialect.",
            )
        self._emitter.close()
        if not self._terminal:
            details = {"last_sequence_number": self._sequence} if self._background and self._sequence else None
            state = "suspended" if self._background else "incomplete"
            self._emitter.meta(ResponseMeta(state=state, details=details))

    def _identify(self, response: dict[str, Any]) -> None:
        new_id, new_model = as_text(response.get("id")), as_text(response.get("model"))
        news = ResponseMeta()
        if new_id and new_id != self._id:
            news.provider_response_id = self._id = new_id
        if new_model and new_model != self._model:
            news.model_name = self._model = new_model
        created: Any = response.get("created_at")
        if not self._created and type(created) in (int, float) and 0 < created < 1e11:
            self._created = True
            news.timestamp = datetime.fromtimestamp(created, UTC)
        if news.provider_response_id or news.model_name or news.timestamp:
            self._emitter.meta(news)

    def _learn_usage(self, response: dict[str, Any]) -> None:
        searches = searches_billed(response)
        if (usage := response.get("usage")) or searches:
            self._emitter.meta(ResponseMeta(usage=read_usage(as_dict(usage), searches)))

    def _learn_details(self, response: dict[str, Any]) -> None:
        details = {name: value for name in ("service_tier", "moderation") if (value := response.get(name))}
        if conversation := as_dict(response.get("conversation")).get("id"):
            details["conversation_id"] = conversation
        if response.get("background"):
            details["background"] = True
        if details:
            self._emitter.meta(ResponseMeta(details=details))


_HANDLERS: dict[str, Callable[[ResponsesDecoder, dict[str, Any]], None]] = {
    "error": ResponsesDecoder._error,
    "response.code_interpreter_call_code.delta": ResponsesDecoder._code_delta,
    "response.code_interpreter_call_code.done": ResponsesDecoder._code_done,
    "response.completed": ResponsesDecoder._completed,
    "response.created": ResponsesDecoder._opened,
    "response.custom_tool_call_input.delta": ResponsesDecoder._args_delta,
    "response.custom_tool_call_input.done": ResponsesDecoder._args_done,
    "response.done": ResponsesDecoder._completed,
    "response.failed": ResponsesDecoder._failed,
    "response.function_call_arguments.delta": ResponsesDecoder._args_delta,
    "response.function_call_arguments.done": ResponsesDecoder._args_done,
    "response.in_progress": ResponsesDecoder._opened,
    "response.incomplete": ResponsesDecoder._incomplete,
    "response.mcp_call_arguments.delta": ResponsesDecoder._mcp_args_delta,
    "response.mcp_call_arguments.done": ResponsesDecoder._mcp_args_done,
    "response.output_item.added": ResponsesDecoder._item_added,
    "response.output_item.done": ResponsesDecoder._item_done,
    "response.output_text.annotation.added": ResponsesDecoder._annotation,
    "response.output_text.delta": ResponsesDecoder._text_delta,
    "response.output_text.done": ResponsesDecoder._text_done,
    "response.queued": ResponsesDecoder._opened,
    "response.reasoning_summary_part.added": ResponsesDecoder._summary_added,
    "response.reasoning_summary_text.delta": ResponsesDecoder._summary_delta,
    "response.reasoning_text.delta": ResponsesDecoder._raw_delta,
    "response.refusal.delta": ResponsesDecoder._refusal_delta,
    "response.refusal.done": ResponsesDecoder._refusal_done,
}
"""Events that say something; all others are signs of progress."""
