"""Replies of chat completions, streamed and whole, to stream events.

A chunk brings more of one choice: reasoning (in one of several fields), text, tool calls by index, and at some point a
finish reason; usage, id and model come wherever the provider puts them. A whole body is read as one chunk whose message
is its delta. What servers leave out is not missed: ids, indexes, choices, finish reasons, `[DONE]`.

Which part a piece belongs to is a question of slots. Text and reasoning alternate: reasoning or a call that starts after
text ends it, and further text is a new part. Calls go by `index`; a call without one by its id; without both it is more
of the call before. A new id under an index that is taken is a new call, because some servers number all calls 0.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from playhead import ids
from playhead.exceptions import DecodeError
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    ResponseMeta,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.wire._decoder import BaseDecoder
from playhead.wire._json import as_dict, as_list, as_text, dump_text, load, load_object, the_object
from playhead.wire._sse import Frame
from playhead.wire.openai_chat._errors import error_in
from playhead.wire.openai_chat._tables import FINISH_REASONS, REASONING_FIELDS, family_of, read_usage

__all__ = ["ChatDecoder"]


class ChatDecoder(BaseDecoder):
    """Bytes of one chat completion in, events out."""

    def __init__(self, *, streamed: bool, model: str | None = None, provider: str | None = None) -> None:
        super().__init__(streamed=streamed)
        self._family = family_of(model, provider)
        self._provider = provider
        self._model_known = model is not None
        self._id: str | None = None
        self._model: str | None = None
        self._created: Any = None
        # Groq's replies have no names for their reasoning, and its own fields for built-in tools and usage.
        self._groq = provider == "groq"
        # Text that goes on after reasoning or a call is the same text there.
        self._one_text = provider in ("groq", "mistral")
        self._choice: Any = None
        self._replied = False
        # Slots of text and reasoning: the number goes up when something else starts in between.
        self._text_slot = 0
        self._reasoning_slot = 0
        self._in_tag = False
        self._held_space = ""
        self._after_reasoning = False
        # Calls: the slot of each index and id, and of the call that came last.
        self._calls: dict[Any, object] = {}
        self._call_ids: dict[object, str | None] = {}
        self._last_call: object = None
        self._search_id: str | None = None
        self._refused = False
        self._finish_seen = False
        self._finish_empty = False
        self._logprobs: list[Any] = []
        self._annotations: list[Any] = []
        # What each chunk says again.
        self._kept: dict[str, Any] = {}
        self._usage: Any = None

    # ---- streamed
    def _frame(self, frame: Frame) -> None:
        data = frame.data
        if data.startswith("[DONE]"):
            self._over = True
            self._end()
            return
        if not data.strip():
            return
        self.chunk(load_object(data, frame=frame.number), named_error=frame.event == "error")

    def chunk(self, chunk: dict[str, Any], *, named_error: bool = False) -> None:
        """One chunk of the stream. `named_error`: its frame is called `error`."""
        error = error_in(chunk, named=named_error)
        if error is not None:
            self._error(error)
            return
        if chunk.get("id") != self._id or chunk.get("model") != self._model:
            self._identify(chunk)
        if "x_groq" in chunk:
            self._groq = self._one_text = True
        choices = chunk.get("choices")
        usage = chunk.get("usage")
        if choices:
            for choice in choices:
                index = choice.get("index")
                if self._choice is None:
                    self._choice = index or 0
                if (index or 0) == self._choice:
                    usage = self._stream_choice(choice) or usage
                    if self._over:
                        return
        if self._groq:
            usage = as_dict(chunk.get("x_groq")).get("usage") or usage
        if usage and usage != self._usage:
            self._usage = usage
            self._emitter.meta(ResponseMeta(usage=read_usage(as_dict(usage))))
        if len(chunk) > 6:
            self._extras(chunk)

    def _stream_choice(self, choice: dict[str, Any]) -> Any:
        """One choice of a chunk; its usage, where it is the one that has it (Moonshot)."""
        self._replied = True
        delta = choice.get("delta")
        if delta is None and not len(self.fold):
            # Servers that stream whole messages.
            delta = choice.get("message")
        if self._groq and as_dict(delta).get("reasoning") is None:
            self._reasoning_slot += 1  # There, reasoning ends with the first chunk that has none.
        if delta:
            # The commonest chunk by far: a piece of text in a part that is open.
            content = delta.get("content")
            if refusal := delta.get("refusal"):
                self._refuse(refusal)
            else:
                if (len(delta) > 1 or content is None) and (len(delta) > 1 or "tool_calls" not in delta):
                    self._reasoning(delta)
                    if executed := delta.get("executed_tools"):
                        self._executed(as_list(executed), streamed=True)
                if content:
                    self._content(content)
                if len(delta) > 1 or content is None:
                    self._rest_of(delta)
        if (reason := choice.get("finish_reason")) is not None:
            self._finish(reason, choice.get("native_finish_reason"))
        if logprobs := choice.get("logprobs"):
            self._logprobs.extend(as_list(as_dict(logprobs).get("content")))
        if error := choice.get("error"):
            self._error(error_in({"error": error}) or {})
        return choice.get("usage")

    # ---- whole
    def _whole(self, body: Any) -> None:
        body = the_object(as_list(body)[0] if len(as_list(body)) == 1 else body)
        if not as_list(body.get("choices")) and as_dict(body.get("provider")).get("choices"):
            # OpenRouter now and then wraps the downstream provider's body.
            body = {**body, **as_dict(body["provider"])}
        error = error_in(body)
        if error is not None:
            self._error(error)
            return
        self._groq = self._groq or "x_groq" in body
        self._identify(body)
        choices = as_list(body.get("choices"))
        if not choices:
            raise DecodeError("The body has no choices, so it holds no reply", "The provider failed without an error.")
        choice = as_dict(next((item for item in choices if as_dict(item).get("index") in (0, None)), choices[0]))
        self._replied = True
        message = as_dict(choice.get("message") or choice.get("delta"))
        if refusal := message.get("refusal"):
            self._refuse(refusal)
        else:
            self._reasoning(message, whole=True)
            self._executed(as_list(message.get("executed_tools")), streamed=False)
            self._whole_content(message.get("content"))
            self._rest_of(message)
            if audio := as_dict(message.get("audio")):
                self._emitter.meta(ResponseMeta(details={"audio": audio}))
        if (reason := choice.get("finish_reason")) is not None:
            self._finish(reason, choice.get("native_finish_reason"))
        self._logprobs.extend(as_list(as_dict(choice.get("logprobs")).get("content")))
        usage = body.get("usage") or choice.get("usage") or as_dict(body.get("x_groq")).get("usage")
        if usage:
            self._emitter.meta(ResponseMeta(usage=read_usage(as_dict(usage))))
        self._extras(body)
        if error := choice.get("error"):
            self._error(error_in({"error": error}) or {})

    # ---- what a choice holds
    def _reasoning(self, delta: dict[str, Any], *, whole: bool = False) -> None:
        details = delta.get("reasoning_details")
        if details and type(details) is list and self._reasoning_details(as_list(details), whole=whole):
            return
        for name in REASONING_FIELDS:
            text = delta.get(name)
            if type(text) is str and (text or (whole and self._groq and name == "reasoning")):
                slot = ("reasoning", name, self._reasoning_slot)
                if self._emitter.has(slot):
                    self._emitter.thinking(slot, text)
                else:
                    # Groq's own format has no name to send it back by.
                    self._begin_reasoning()
                    self._emitter.start(slot, ThinkingPart(text, **self._named(name)))
                return

    def _named(self, name: str) -> dict[str, Any]:
        """By what reasoning can be sent back: where it stood, and whose it is. Groq's has no such place."""
        return {} if self._groq else {"id": name, "provider_name": self._provider}

    def _begin_reasoning(self) -> None:
        if self._emitter.has(("text", self._text_slot)) and not self._in_tag and not self._one_text:
            self._text_slot += 1
            self._after_reasoning = True

    def _reasoning_details(self, details: list[Any], *, whole: bool) -> bool:
        """https://openrouter.ai/docs/guides/best-practices/reasoning-tokens; whether there was any that is known."""
        found = False
        for position, detail in enumerate(details):
            detail = as_dict(detail)
            kind = detail.get("type")
            fields = _REASONING_DETAILS.get(kind) if type(kind) is str else None
            if fields is None:
                continue
            found = True
            content = as_text(detail.get(fields[0])) or "" if fields[0] else ""
            signature = as_text(detail.get(fields[1])) if fields[1] else None
            if kind == "reasoning.encrypted":
                signature = detail.get("data") or ""
            index = detail.get("index")
            slot = ("detail", kind, position if whole or type(index) is not int else index, whole)
            more = {"format": detail.get("format"), "index": index, "type": kind}
            if self._emitter.has(slot):
                self._emitter.thinking(slot, content, signature=signature)
            else:
                part = ThinkingPart(
                    content,
                    id=as_text(detail.get("id")),
                    signature=signature,
                    provider_name=self._provider,
                    provider_details=more,
                )
                self._emitter.start(slot, part)
        return found

    def _content(self, content: Any) -> None:
        if type(content) is not str:
            self._content_list(content)
            return
        slot = ("text", self._text_slot)
        tags = self._family.tags
        if self._in_tag:
            if content == tags[1]:
                self._in_tag = False
                self._text_slot += 1
            else:
                self._emitter.thinking(slot, content)
        elif content == tags[0]:
            self._text_slot += 1
            self._in_tag = True
            self._begin_answer()
            self._emitter.start(("text", self._text_slot), ThinkingPart("", **self._named("content")))
        elif self._emitter.has(slot):
            self._emitter.text(slot, content)
        elif self._family.drops_leading_space and content.isspace():
            if self._after_reasoning:
                self._held_space += content
        else:
            self._begin_answer()
            self._emitter.start(slot, TextPart(self._held_space + content))
            self._held_space = ""

    def _begin_answer(self) -> None:
        if not self._groq:
            self._reasoning_slot += 1
        self._after_reasoning = False

    def _content_list(self, content: Any) -> None:
        """Content in pieces with types: Mistral's reasoning models, and servers that answer with references."""
        text = ""
        for item in as_list(content):
            if type(item) is str:
                text += item
                continue
            item = as_dict(item)
            if item.get("type") == "text":
                text += as_text(item.get("text")) or ""
            elif item.get("type") == "thinking":
                self._thoughts(item.get("thinking"))
        if text:
            self._content(text)

    def _thoughts(self, thinking: Any) -> None:
        for thought in [thinking] if type(thinking) is str else as_list(thinking):
            text = thought if type(thought) is str else as_dict(thought).get("text")
            if type(text) is not str:
                continue
            slot = "thinking" if self._streamed else object()
            if self._emitter.has(slot):
                self._emitter.thinking(slot, text)
            else:
                self._emitter.start(slot, ThinkingPart(text))

    def _whole_content(self, content: Any) -> None:
        if type(content) is list:
            self._content_list(as_list(content))
            return
        if type(content) is dict:
            # Cloudflare reads what was to be JSON; text is what everybody else makes of it.
            content = dump_text(content)
        if type(content) is not str or not content:
            return
        opening, closing = self._family.tags
        if not opening:
            self._emitter.start(object(), TextPart(content))
            return
        text = ""
        rest = content
        while rest:
            before, tag, after = rest.partition(opening)
            text += before
            if not tag:
                break
            left = len(tag) + len(after)
            thought, found, rest = after.partition(closing)
            if not found:
                # A tag that never ends begins no reasoning. At the very start it is one that was cut off by a limit, and
                # is left out, as the reference does.
                text += thought if thought and not text and opening not in thought else content[len(content) - left :]
                break
            if text:
                self._emitter.start(object(), TextPart(text))
                text = ""
            self._emitter.start(object(), ThinkingPart(thought, **self._named("content")))
        if text:
            self._emitter.start(object(), TextPart(text))

    def _rest_of(self, delta: dict[str, Any]) -> None:
        if calls := delta.get("tool_calls"):
            for call in as_list(calls):
                self._call(as_dict(call))
        if function := as_dict(delta.get("function_call")):
            # The API before tools: one call, without an id.
            self._call({"index": "function_call", "function": function})
        if type(annotations := delta.get("annotations")) is list:
            self._annotations.extend(as_list(annotations))

    def _call(self, call: dict[str, Any]) -> None:
        function = as_dict(call.get("function") or call.get("custom"))
        if len(call) == 2 and len(function) == 1 and self._more_args(call.get("index"), function.get("arguments")):
            return
        name = as_text(function.get("name"))
        args = _args_of(function)
        call_id = as_text(call.get("id"))
        if call_id == "null":
            call_id = None  # Mistral's SDK and some proxies write the absence of an id so.
        slot = self._call_slot(call.get("index"), call_id, name)
        self._last_call = slot
        emitter = self._emitter
        started = emitter.has(slot)
        if started:
            part = emitter.fold.peek(emitter.index(slot))
            assert isinstance(part, ToolCallPart)
            if name == part.tool_name:
                name = None  # repeated in each chunk by some servers
            if isinstance(args, dict) and not isinstance(part.args, dict):
                args = dump_text(args)
            elif isinstance(args, str) and isinstance(part.args, dict):
                if args:
                    raise DecodeError("Tool arguments that began as an object go on as text")
                args = None
            if call_id == part.tool_call_id:
                call_id = None
            if not name and args is None and call_id is None:
                return
        rest: dict[str, Any] = {}
        if extra := call.get("extra_content"):
            # Gemini's thought signatures, to be sent back as they are.
            rest = {"provider_name": self._provider, "provider_details": {"extra_content": extra}}
        emitter.call(slot, name=name, args=args, tool_call_id=call_id, **rest)
        if not started and emitter.has(slot):
            self._begin_answer()
            if emitter.has(("text", self._text_slot)) and not self._in_tag and not self._one_text:
                self._text_slot += 1

    def _more_args(self, index: Any, args: Any) -> bool:
        """The short way for most of what a call is streamed in. Whether it was; if not, nothing has happened."""
        if type(index) is not int or type(args) is not str:
            return False
        slot = self._calls.get(index)
        if slot is None or not self._emitter.has(slot):
            return False
        part = self._emitter.fold.peek(self._emitter.index(slot))
        if type(part) is not ToolCallPart or type(part.args) is dict:
            return False
        self._last_call = slot
        self._emitter.args(slot, args)
        return True

    def _call_slot(self, index: Any, call_id: str | None, name: str | None) -> object:
        if not self._streamed:
            return object()
        calls = self._calls
        if type(index) in (int, str, float):
            slot = calls.get(index)
            if slot is not None and call_id and name:
                # Servers that give every call the same index.
                known = self._call_ids.get(slot)
                if known and known != call_id:
                    slot = calls.get(("id", call_id))
        elif call_id is not None:
            slot = calls.get(("id", call_id))
        elif name is not None:
            slot = None
        else:
            slot = self._last_call
        if slot is None:
            slot = object()
        if type(index) in (int, str, float):
            calls[index] = slot
        if call_id is not None:
            calls["id", call_id] = slot
            self._call_ids.setdefault(slot, call_id)
        return slot

    def _executed(self, tools: list[Any], *, streamed: bool) -> None:
        """Groq's built-in tools: https://console.groq.com/docs/compound. Only searches have a result of their own."""
        for tool in tools:
            tool = as_dict(tool)
            if tool.get("type") != "search":
                continue
            results = as_dict(tool.get("search_results"))
            found = results.get("results") or results.get("images")
            # Groq's SDK shows both lists, also the one that was not sent.
            content: Any = {"images": None, **results} if found else tool.get("output")
            if self._search_id is None:
                self._search_id = ids.tool_call_id()
            call_id = self._search_id
            if not streamed or not content:
                arguments = tool.get("arguments")
                args = load(arguments) if type(arguments) is str and arguments else arguments
                self._emitter.whole(BuiltinToolCallPart("web_search", args, call_id, provider_name=self._provider))
            if not streamed or content:
                self._emitter.whole(BuiltinToolReturnPart("web_search", content, call_id, provider_name=self._provider))
                self._search_id = None
            if self._emitter.has(("text", self._text_slot)) and not self._one_text:
                self._text_slot += 1
            self._begin_answer()

    # ---- what a reply says of itself
    def _identify(self, chunk: dict[str, Any]) -> None:
        new_id, new_model = as_text(chunk.get("id")), as_text(chunk.get("model"))
        news = ResponseMeta()
        if new_id and new_id != self._id:
            news.provider_response_id = self._id = new_id
        if new_model is None and not self._streamed and chunk.get("model") == "":
            news.model_name = ""
        if new_model and new_model != self._model:
            news.model_name = self._model = new_model
            if not self._model_known:
                self._family = family_of(new_model, self._provider)
        if self._created is None and (created := chunk.get("created")):
            self._created = created
            news.timestamp = _instant(created)
        if news.provider_response_id or news.model_name is not None or news.timestamp:
            self._emitter.meta(news)

    def _finish(self, reason: Any, native: Any) -> None:
        if type(reason) is not str or not reason:
            self._finish_empty = True
            return
        self._finish_seen = True
        if self._refused:
            return
        raw = native if type(native) is str and native else reason
        self._emitter.meta(ResponseMeta(finish_reason=FINISH_REASONS.get(reason), raw_finish_reason=raw))

    def _refuse(self, refusal: Any) -> None:
        self._refused = True
        self._emitter.meta(ResponseMeta(refusal=str(refusal), finish_reason="content_filter"))

    def _extras(self, chunk: dict[str, Any]) -> None:
        kept = self._kept
        details = {name: value for name in _KEPT if (value := chunk.get(name)) and value != kept.get(name)}
        if details:
            kept.update(details)
            self._emitter.meta(ResponseMeta(details=details))

    def _error(self, error: dict[str, Any]) -> None:
        if error.get("code") == "content_filter" and as_dict(error.get("innererror")).get("content_filter_result"):
            # Azure refuses a prompt with an error that is in truth a finish reason.
            self._emitter.close()
            meta = ResponseMeta(finish_reason="content_filter", raw_finish_reason="content_filter")
            meta.details = {"content_filter_result": error["innererror"]["content_filter_result"]}
            self._emitter.meta(meta)
            self._over = True
            return
        call = failed_generation(error)
        if call is None:
            self._fail(error)
            return
        # Groq refuses a call that its model made wrongly; the runtime can tell the model so.
        name, args = call
        if name:
            self._emitter.call(object(), name=name, args=args)
        elif args and self._streamed:
            self._content(args)
        elif args:
            self._emitter.start(object(), TextPart(args))
        self._emitter.close()
        # A stream had a reason to end before; a whole reply is nothing but this error.
        finish = None if self._streamed else "error"
        self._emitter.meta(ResponseMeta(details={"error": error}, finish_reason=finish))
        self._over = True

    def _end(self) -> None:
        if self._streamed and not self._replied and not len(self.fold) and not self._id:
            raise DecodeError(
                "The stream ended without a chunk of a reply",
                "The connection was closed before the reply began, or this is a stream of another dialect.",
            )
        self._emitter.close()
        details: dict[str, Any] = {}
        if self._logprobs:
            details["logprobs"] = self._logprobs
        if self._annotations:
            details["annotations"] = self._annotations
        if details:
            self._emitter.meta(ResponseMeta(details=details))
        if not self._finish_seen and not self._refused:
            # Local servers send none; Snowflake sends an empty one, also for calls.
            called = self._finish_empty and bool(self.fold.response().tool_calls)
            self._emitter.meta(ResponseMeta(finish_reason="tool_call" if called else "stop"))


def failed_generation(error: dict[str, Any]) -> tuple[str | None, Any] | None:
    """The call, or the text, of a model on Groq whose call was refused; None for any other error."""
    if error.get("code") != "tool_use_failed" or type(error.get("failed_generation")) is not str:
        return None
    text = error["failed_generation"]
    try:
        call = as_dict(load(text)) if text else {}
    except DecodeError:
        call = {}
    name, args = as_text(call.get("name")), call.get("arguments")
    if name is not None and isinstance(args, dict):
        return name, as_dict(args)
    return None, text


def _args_of(function: dict[str, Any]) -> str | dict[str, Any] | None:
    """Arguments as text, as an object (Mistral, Ollama), or none; the input of a custom tool."""
    args = function.get("arguments", function.get("input"))
    if args is None or isinstance(args, str):
        return args
    return as_dict(args) if type(args) is dict else dump_text(args)


def _instant(created: Any) -> datetime | None:
    if type(created) not in (int, float):
        return None
    try:
        return datetime.fromtimestamp(created, UTC)
    except (ValueError, OverflowError, OSError):
        return None


_REASONING_DETAILS: dict[str, tuple[str | None, str | None]] = {
    "reasoning.text": ("text", "signature"),
    "reasoning.summary": ("summary", None),
    "reasoning.encrypted": (None, "data"),
}
_KEPT = ("service_tier", "moderation", "prompt_filter_results", "provider", "citations", "search_results")
