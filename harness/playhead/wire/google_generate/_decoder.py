"""Replies read: bytes in, stream events out. No IO.

A stream is a sequence of chunks, each a whole `GenerateContentResponse` with the next parts of its candidate: as server-
sent events, or as a JSON array. Text goes on in the part before as long as nothing else came between; every other part
is one of its own. What the provider searched stands in metadata that comes last; it becomes a call and a return after
the text. A whole reply is one such object.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# (Each chunk is asked its types without calls: `type(...) is` narrows JSON to containers of unknown items.)

from __future__ import annotations

from collections.abc import Callable, KeysView, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic_core import from_json

from playhead import ids
from playhead.exceptions import DecodeError
from playhead.messages import (
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    ResponseMeta,
    StreamEvent,
    TextPartDelta,
    ThinkingPartDelta,
    ToolCallPart,
)
from playhead.usage import RequestUsage
from playhead.wire._decoder import WRONG, BaseDecoder
from playhead.wire._json import as_dict, as_list, as_objects, as_text, load
from playhead.wire._sse import Frame
from playhead.wire.google_generate._array import ArraySplitter
from playhead.wire.google_generate._errors import read_error, read_error_object
from playhead.wire.google_generate._fields import (
    CAMEL_FIELDS,
    FINISH,
    TOOL_TYPES,
    as_bytes,
    camel_keys,
    enum_name,
    finish_name,
    is_snake,
    snake_keys,
    standard_base64,
)
from playhead.wire.google_generate._grounding import contexts, queries, web_sources
from playhead.wire.google_generate._partial_args import PartialArgs
from playhead.wire.google_generate._usage import read_usage

__all__ = ["GoogleDecoder", "read_error", "read_error_object"]


class GoogleDecoder(BaseDecoder):
    """One reply, streamed or whole. `provider` is the name its parts get."""

    # What a decoder begins with is mostly read and never changed: most replies of this provider are a frame or two.
    _array: ArraySplitter | None = None
    _counts: dict[str, Any] | None = None
    _fields: KeysView[str] | None = None
    _described = False
    _begun = False
    _finished = False
    _blocked = False
    _invoked = False
    _grounding: Mapping[str, Any] = MappingProxyType({})
    _run: tuple[str, object] | None = None
    _said: object = None
    _code_id: str | None = None
    _media_id: str | None = None
    _partial: tuple[object, PartialArgs] | None = None
    _model: str | None = None
    _id: str | None = None
    _raw: str | None = None
    _created: str | None = None
    _traffic: str | None = None

    def __init__(self, *, streamed: bool, provider: str | None = None) -> None:
        super().__init__(streamed=streamed)
        self._provider = provider or "google-gla"
        self._cloud = self._provider == "google-vertex"
        self._sniffed = not streamed
        self._usage = self.fold.usage

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that `data` completes."""
        if not self._sniffed and (first := data.lstrip()[:1]):
            self._sniffed = True
            if first == b"[":
                self._array = ArraySplitter()
        if self._array is None:
            return BaseDecoder.feed(self, data)
        self._raise_failure()
        try:
            for item in self._array.feed(data):
                if self._over:
                    break
                self._number += 1
                self._chunk(load(item))
        except WRONG as error:
            self._went_wrong(error)
        return self._take()

    def _close_stream(self) -> None:
        if self._array is None:
            super()._close_stream()
        elif not self._array.finished and not self._over:
            raise DecodeError(
                f"The array of chunks ends in the middle, after item {self._array.items}",
                "The connection was closed before the reply was complete.",
                frame=self._array.items,
            )

    def _frame(self, frame: Frame) -> None:
        data = frame.data
        if data[:1] == "{" or (data != "[DONE]" and data.strip()):
            try:
                chunk = from_json(data)
            except ValueError:
                chunk = load(data, frame=frame.number)
            self._chunk(chunk)

    def _whole(self, body: Any) -> None:
        for chunk in as_list(body) if type(body) is list else [body]:
            self._chunk(chunk)

    def _end(self) -> None:
        if not self._begun:
            raise DecodeError(
                "The reply has no candidate and says nothing of the prompt",
                "The connection was closed before the reply began, or this is a reply of another dialect.",
            )
        if self._partial is not None:
            self._end_partial()
        if self._grounding:
            self._after_text()
        self._emitter.close()
        if self._streamed and not self._finished:
            self._emitter.meta(ResponseMeta(state="incomplete"))

    # ------------------------------------------------------------------ chunks
    def _chunk(self, chunk: Any) -> None:
        if type(chunk) is not dict:
            raise TypeError(f"a chunk is an object, not {chunk!r:.80}")
        fields: dict[str, Any] = chunk
        if self._run is not None and self._more_text(fields, self._run):
            return
        candidates: Any = fields.get("candidates")
        candidate: Any
        if (
            type(candidates) is list
            and len(candidates) == 1
            and type(candidate := candidates[0]) is dict
            and not candidate.get("index")
            and CAMEL_FIELDS.issuperset(fields)
            and CAMEL_FIELDS.issuperset(candidate)
        ):
            self._begun = True
        else:
            if is_snake(fields):
                fields = camel_keys(fields)
                if self._run is not None and self._more_text(fields, self._run):
                    return
            if "error" in fields and not fields.get("candidates"):
                self._fail(read_error_object(fields))
                return
            candidate = self._candidate(fields)
        self._describe(fields, candidate)
        if "groundingMetadata" in candidate and (grounding := as_dict(candidate["groundingMetadata"])):
            self._grounding = {**self._grounding, **grounding}
        content: Any = candidate.get("content")
        parts: Any = content.get("parts") if type(content) is dict else None
        if type(parts) is not list:
            parts = []
        # A whole reply shows beforehand whether it has the provider's calls as parts; a stream has the metadata first.
        if not self._streamed:
            self._invoked = self._invoked or any(map(_is_invocation, as_objects(parts)))
        if "urlContextMetadata" in candidate and not self._invoked:
            if self._run is not None:
                # The text that is being told goes on before what it rests on: mostly with its seal, as the last chunk.
                self.read_parts(parts)
                parts = []
            self._fetched(as_dict(candidate["urlContextMetadata"]))
        for part in parts:
            if type(part) is dict:
                self._part(part)

    def _candidate(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """The candidate that is the reply; an empty one where a chunk has none."""
        if candidates := as_objects(chunk.get("candidates")):
            self._begun = True
            for candidate in candidates:
                if not candidate.get("index"):
                    return candidate
        elif not self._begun:
            self._begun = any(map(chunk.__contains__, _SIGNS))
        return {}

    def _more_text(self, chunk: dict[str, Any], run: tuple[str, object]) -> bool:
        """The short way for most chunks of most streams: a further piece of the text, or thought, that is being told,
        and nothing else but its usage and what is known. Whether it was one; if not, nothing has happened."""
        if chunk.keys() != self._fields or not self._streamed:
            return False
        candidates: Any = chunk.get("candidates")
        if type(candidates) is not list or len(candidates) != 1 or type(candidate := candidates[0]) is not dict:
            return False
        content: Any = candidate.get("content")
        parts: Any = content.get("parts") if type(content) is dict else None
        if type(parts) is not list or len(parts) != 1 or type(part := parts[0]) is not dict:
            return False
        text: Any = part.get("text")
        is_text = run[0] == "text"
        if not text or type(text) is not str or (len(part) != 1 and (is_text or len(part) > 2)):
            return False
        if not is_text and part.get("thought") is not True:
            return False
        count = len(candidate)
        if count != 1 and count != 1 + (
            ("finishReason" in candidate)
            + ("index" in candidate and candidate["index"] == 0)
            + ("groundingMetadata" in candidate and candidate["groundingMetadata"] == {})
        ):
            return False
        if chunk.get("responseId", self._id) != self._id or chunk.get("createTime", self._created) != self._created:
            return False
        meta: ResponseMeta | None = None
        counts = chunk.get("usageMetadata")
        if type(counts) is dict:
            if counts.get("trafficType") != self._traffic:
                return False
            if (usage := self._counted(counts)) is not None:
                meta = ResponseMeta(usage=usage)
        if "finishReason" in candidate:
            meta = self._finish(candidate["finishReason"], meta)
        if meta is not None:
            self._emitter.meta(meta)
        if is_text:
            self._emitter.text(run[1], text)
        else:
            self._emitter.thinking(run[1], text)
        return True

    def _counted(self, counts: dict[str, Any]) -> RequestUsage | None:
        """The usage that `usageMetadata` says, where it is news."""
        if counts == self._counts:
            return None
        before = self._usage
        usage = read_usage(counts, before, self._counts)
        self._counts = counts
        if usage.output_tokens == before.output_tokens and usage == before:
            return None
        self._usage = usage
        return usage

    def read_parts(self, parts: list[Any]) -> None:
        """The next parts of the candidate's content, or those of an earlier turn in a request."""
        for part in as_objects(parts):
            self._part(part)

    def _describe(self, chunk: dict[str, Any], candidate: dict[str, Any]) -> None:
        """What a chunk says of the reply, where it is news."""
        meta: ResponseMeta | None = None
        if not self._described:
            self._described = True
            meta = ResponseMeta(provider_name=self._provider)
        counts = chunk.get("usageMetadata")
        if type(counts) is dict and (usage := self._counted(counts)) is not None:
            meta = meta or ResponseMeta()
            meta.usage = usage
        if self._model is None and (model := as_text(chunk.get("modelVersion"))):
            meta = meta or ResponseMeta()
            meta.model_name = self._model = model
        if (reply_id := chunk.get("responseId")) != self._id and (reply_id := as_text(reply_id)):
            meta = meta or ResponseMeta()
            meta.provider_response_id = self._id = reply_id
        self._fields = fields = chunk.keys()
        if (
            not _USUAL.issuperset(candidate)
            or (type(counts) is dict and "trafficType" in counts)
            or not _USUAL.issuperset(fields)
        ):
            meta = self._describe_rest(chunk, candidate, meta)
            if not _REPEATED.issuperset(fields):
                self._fields = None
        if self._model is None and "modelVersion" in fields:
            self._fields = None  # A later chunk may know it.
        if "finishReason" in candidate:
            meta = self._finish(candidate["finishReason"], meta)
        if meta is not None:
            self._emitter.meta(meta)

    def _finish(self, reason: Any, meta: ResponseMeta | None) -> ResponseMeta | None:
        """`meta`, or a new one, with why the reply ends, where that is news."""
        raw = finish_name(reason, cloud=self._cloud)
        if raw is None or raw == self._raw or self._blocked:
            return meta
        self._finished, self._raw = True, raw
        meta = meta or ResponseMeta()
        meta.raw_finish_reason, meta.finish_reason = raw, FINISH.get(raw)
        return meta

    def _describe_rest(
        self, chunk: dict[str, Any], candidate: dict[str, Any], meta: ResponseMeta | None
    ) -> ResponseMeta | None:
        """What only some chunks say, above all the last one; with it `meta`, or a new one."""
        details: dict[str, Any] = {}
        traffic = as_text(as_dict(chunk.get("usageMetadata")).get("trafficType"))
        if traffic and traffic != self._traffic:
            details["traffic_type"] = self._traffic = traffic
        if "groundingMetadata" in candidate and (searched := queries(as_dict(candidate["groundingMetadata"]))):
            counted = {**self._usage.details, "web_search_requests": len(searched)}
            meta = meta or ResponseMeta()
            meta.usage = self._usage = replace(self._usage, details=counted)
        details |= _details(candidate)
        if (created := as_text(chunk.get("createTime"))) and created != self._created:
            self._created = created
            details["timestamp"] = _instant(created)
        feedback = as_dict(chunk.get("promptFeedback"))
        if not candidate and (reason := enum_name("blockReason", feedback.get("blockReason"))):
            self._blocked = self._finished = True
            meta = meta or ResponseMeta()
            meta.finish_reason = "content_filter"
            details["block_reason"] = reason
            if message := as_text(feedback.get("blockReasonMessage")):
                details["block_reason_message"] = message
            if ratings := as_list(feedback.get("safetyRatings")):
                details["safety_ratings"] = ratings
        if details:
            meta = meta or ResponseMeta()
            meta.details = details
        return meta

    # ------------------------------------------------------------------ parts
    def _part(self, part: dict[str, Any]) -> None:
        """One part of a candidate."""
        if not CAMEL_FIELDS.issuperset(part) and is_snake(part):
            part = camel_keys(part)
        sealed: dict[str, Any] = {}
        if "thoughtSignature" in part and (signature := standard_base64(part["thoughtSignature"])) is not None:
            sealed = {"provider_name": self._provider, "provider_details": {"thought_signature": signature}}
        call = part.get("functionCall")
        if type(call) is dict and len(part) == 1 + ("thoughtSignature" in part):
            self._function_call(call, part, sealed)
            return
        if type(text := part.get("text")) is str:
            if text or sealed:
                self._text(text, "thinking" if part.get("thought") is True else "text", sealed)
            return
        for name, value in part.items():
            if type(value) is dict and (read := _PARTS.get(name)) is not None:
                read(self, value, part, sealed)
                return

    def _text(self, text: str, kind: str, sealed: dict[str, Any]) -> None:
        emitter = self._emitter
        if self._run is None or self._run[0] != kind or not self._streamed:
            # In a whole reply each part is one of its own: signatures belong to their place.
            self._run = (kind, object())
            slot = self._run[1]
            if kind == "text":
                self._said = slot
            (emitter.text if kind == "text" else emitter.thinking)(slot, text, **sealed)
            return
        slot = self._run[1]
        if not sealed:
            (emitter.text if kind == "text" else emitter.thinking)(slot, text)
        elif kind == "text":
            emitter.delta(slot, TextPartDelta(text, **sealed))
        else:
            emitter.delta(slot, ThinkingPartDelta(content_delta=text, **sealed))

    def _function_call(self, call: dict[str, Any], part: dict[str, Any], sealed: dict[str, Any]) -> None:
        name, call_id, args = call.get("name"), as_text(call.get("id")), call.get("args")
        if self._partial is None and type(args) is dict and type(name) is str and name and _WHOLE_CALL.issuperset(call):
            # Nearly every call, and a reply may have hundreds.
            self._run = None
            start = ToolCallPart(name, args, call_id or ids.tool_call_id(), **sealed)
            self._emitter.whole(start)
            return
        name = as_text(name)
        pieces, goes_on = as_list(call.get("partialArgs")), call.get("willContinue") is True
        if self._partial is not None and (name is None or pieces) and not (name and goes_on and not pieces):
            self._partial[1].add(pieces)
            if not goes_on:
                self._end_partial()
            return
        self._end_partial()
        self._run = None
        if name is None:
            return
        start = ToolCallPart(
            name, as_dict(args) if type(args) is dict else None, call_id or ids.tool_call_id(), **sealed
        )
        slot = object()
        if pieces or goes_on:
            start.args = None
            self._emitter.start(slot, start)
            self._partial = (slot, PartialArgs(as_dict(args)))
            self._partial[1].add(pieces)
            if not goes_on:
                self._end_partial()
        else:
            self._emitter.start(slot, start)

    def _end_partial(self) -> None:
        """Arguments that came field by field are complete."""
        if self._partial is not None:
            (slot, args), self._partial = self._partial, None
            self._emitter.call(slot, args=args.value)

    def _inline_data(self, data: dict[str, Any], part: dict[str, Any], sealed: dict[str, Any]) -> None:
        # Pictures that the model drew while it thought are drafts of the one that follows; a stream does without them.
        if part.get("thought") is not True or not self._streamed:
            media_type = as_text(data.get("mimeType")) or "application/octet-stream"
            content = BinaryContent(as_bytes(data.get("data")), media_type=media_type)
            self._alone(FilePart(BinaryContent.narrow_type(content), **sealed))

    def _code(self, code: dict[str, Any], part: dict[str, Any], sealed: dict[str, Any]) -> None:
        self._code_id = as_text(code.get("id")) or ids.tool_call_id()
        args = dict(code)
        if "language" in args:
            args["language"] = enum_name("language", args["language"])
        sealed = {"provider_name": self._provider, **sealed}
        self._alone(BuiltinToolCallPart("code_execution", args, self._code_id, **sealed))

    def _code_result(self, result: dict[str, Any], part: dict[str, Any], sealed: dict[str, Any]) -> None:
        content = dict(result)
        if "outcome" in content:
            content["outcome"] = enum_name("outcome", content["outcome"])
        call_id = as_text(result.get("id")) or self._code_id or ids.tool_call_id()
        sealed = {"provider_name": self._provider, **sealed}
        self._alone(BuiltinToolReturnPart("code_execution", content, call_id, **sealed))

    def _tool_call(self, call: dict[str, Any], part: dict[str, Any], sealed: dict[str, Any]) -> None:
        name = _tool_name(call, "args")
        call_id = as_text(call.get("id")) or ids.tool_call_id()
        if name == "media_processing":
            self._media_id = call_id
        else:
            self._invoked = True
        args = call.get("args")
        sealed = {"provider_name": self._provider, **sealed}
        self._alone(BuiltinToolCallPart(name, as_dict(args) if type(args) is dict else None, call_id, **sealed))

    def _tool_response(self, response: dict[str, Any], part: dict[str, Any], sealed: dict[str, Any]) -> None:
        name = _tool_name(response, "response")
        call_id = as_text(response.get("id"))
        self._invoked = self._invoked or name != "media_processing"
        if call_id is None:
            call_id = (self._media_id if name == "media_processing" else None) or ids.tool_call_id()
        content: Any = response.get("response")
        if self._grounding and not self._streamed:
            content = self._with_sources(name, content)
        sealed = {"provider_name": self._provider, **sealed}
        self._alone(BuiltinToolReturnPart(name, content, call_id, **sealed))

    def _nothing(self, found: dict[str, Any], part: dict[str, Any], sealed: dict[str, Any]) -> None:
        """A part that belongs into requests."""

    def _alone(self, part: Any) -> None:
        self._end_partial()
        self._run = None
        self._emitter.whole(part)

    # ------------------------------------------------------------------ what the provider looked up
    def _with_sources(self, name: str, content: Any) -> Any:
        """The result of a search with what the metadata knows of it."""
        if name == "web_search" and (sources := web_sources(self._grounding)):
            return {**as_dict(content), "sources": sources}
        if name == "file_search" and content is None:
            return contexts(self._grounding) or None
        return content

    def _fetched(self, metadata: dict[str, Any]) -> None:
        pages = as_objects(metadata.get("urlMetadata"))
        if not pages:
            return
        content = [
            {
                "retrieved_url": page.get("retrievedUrl"),
                "url_retrieval_status": page.get("urlRetrievalStatus"),
            }
            for page in pages
        ]
        urls = [page["retrieved_url"] for page in content if page["retrieved_url"]]
        self._looked_up("web_fetch", {"urls": urls} if urls else None, content)

    def _after_text(self) -> None:
        """Searches that are told of in metadata alone; it comes with the last chunk."""
        supports = as_list(self._grounding.get("groundingSupports"))
        if supports and self._grounding.get("groundingChunks") and self._said is not None:
            # Which words rest on which sources; what the sources are stands in the result of the search.
            delta = TextPartDelta("", provider_name=self._provider, provider_details={"grounding_supports": supports})
            self._emitter.delta(self._said, delta)
        if self._invoked:
            # The search's result was handed out before its sources were known.
            if self._streamed and (sources := web_sources(self._grounding)):
                self._emitter.meta(ResponseMeta(details={"web_search_sources": sources}))
            return
        if files := contexts(self._grounding):
            self._looked_up("file_search", {}, files)
        searched = as_list(self._grounding.get("webSearchQueries"))
        if searched:
            chunks = as_list(self._grounding.get("groundingChunks"))
            self._looked_up("web_search", {"queries": searched}, web_sources(self._grounding) if chunks else None)

    def _looked_up(self, tool: str, args: Any, content: Any) -> None:
        call_id = ids.tool_call_id()
        self._alone(BuiltinToolCallPart(tool, args, call_id, provider_name=self._provider))
        self._alone(BuiltinToolReturnPart(tool, content, call_id, provider_name=self._provider))


def _details(candidate: dict[str, Any]) -> dict[str, Any]:
    """What of a candidate has no field of its own in a reply."""
    details: dict[str, Any] = {}
    if candidate.get("finishReason") and (ratings := as_list(candidate.get("safetyRatings"))):
        details["safety_ratings"] = ratings
    if message := as_text(candidate.get("finishMessage")):
        details["finish_message"] = message
    if logprobs := as_dict(candidate.get("logprobsResult")):
        details["logprobs"] = snake_keys(logprobs)
        details["avg_logprobs"] = candidate.get("avgLogprobs")
    return details


def _instant(created: str) -> datetime | str:
    try:
        return datetime.fromisoformat(created)
    except ValueError:
        return created


def _is_invocation(part: dict[str, Any]) -> bool:
    """Whether a part is a call of the provider's own tool, or its result; steps of reading media do not count."""
    if "text" in part:
        return False
    for name, payload in (("toolCall", "args"), ("toolResponse", "response")):
        found = part.get(name)
        if type(found) is dict:
            return _tool_name(found, payload) != "media_processing"
    return False


def _tool_name(tool: dict[str, Any], payload: str) -> str:
    kind = as_text(tool.get("toolType"))
    if kind is None:
        return "media_processing" if not tool.get(payload) else "unknown"
    return TOOL_TYPES.get(kind) or (kind.lower() if kind.isupper() else kind)


_WHOLE_CALL = frozenset(("args", "id", "name"))
_USUAL = frozenset(("candidates", "content", "finishReason", "index", "modelVersion", "responseId", "usageMetadata"))
"""Fields of chunks and candidates beside which there is nothing more to tell."""
_REPEATED = frozenset(("candidates", "createTime", "modelVersion", "responseId", "usageMetadata"))
"""Fields of chunks that each chunk has."""
_SIGNS = ("usageMetadata", "modelVersion", "responseId", "promptFeedback")
_PARTS: dict[str, Callable[[GoogleDecoder, dict[str, Any], dict[str, Any], dict[str, Any]], None]] = {
    "codeExecutionResult": GoogleDecoder._code_result,
    "executableCode": GoogleDecoder._code,
    "functionCall": GoogleDecoder._function_call,
    "functionResponse": GoogleDecoder._nothing,
    "inlineData": GoogleDecoder._inline_data,
    "toolCall": GoogleDecoder._tool_call,
    "toolResponse": GoogleDecoder._tool_response,
}
