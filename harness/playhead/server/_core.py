"""The fake provider without a socket: a request in, a reply whose body streams out, in every dialect at once.

A request is recognised by its path; the dialect reads it, the model answers, the dialect writes the answer. So a script
in process and a script behind a socket are one script. Shells carry it: an ASGI app, a small server of its own, an
in-process transport for httpx.

A model's errors become the provider's: a `ModelHTTPError` before the first event is an HTTP error in the provider's
shape, later it is an error event inside the stream; `ScriptedDisconnect` cuts the connection (`ConnectionCut`).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Protocol, cast
from urllib.parse import parse_qs, urlsplit

from playhead import clock
from playhead.exceptions import DecodeError, ModelAPIError, ModelHTTPError, PlayheadError, UserError
from playhead.messages import ModelResponse, ResponseMeta, StreamEvent
from playhead.models import Model, ScriptedDisconnect, ScriptedModel, StreamedResponse
from playhead.models.function import FunctionModel
from playhead.server._beside import answer_beside, family_of_request
from playhead.server._journal import Journal, ProviderRequest, warnings_of
from playhead.stream import unfold
from playhead.wire import DIALECTS, Dialect, Encoder, ModelCall, WireRequest, recognise, write_comment

__all__ = ["ConnectionCut", "Fault", "Handler", "Provider", "ServerReply", "ServerRequest"]

_CREATED = datetime(2026, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 (the name that everyone knows)


class ConnectionCut(Exception):
    """The connection ends here, without a proper end of the body."""


@dataclass(slots=True)
class ServerRequest:
    """An HTTP request as a shell hands it over: `target` is the path with its query, header names are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class ServerReply:
    """An HTTP reply. Iterating `body` may raise `ConnectionCut`; whoever stops early calls its `aclose`."""

    status: int
    headers: dict[str, str]
    body: AsyncGenerator[bytes]


class Handler(Protocol):
    """What a shell serves: a `Provider`, or a proxy that records."""

    async def handle(self, request: ServerRequest) -> ServerReply:
        """The reply to one request."""
        ...


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `times` calls: an HTTP error, or with `after_bytes` a cut in the body."""

    status: int = 500
    message: str = "The server had an error while processing your request"
    type: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    after_bytes: int | None = None
    times: int = 1


class Provider:
    """Serves `model` in every dialect.

    `models` are the names that lists of models show (calls may name any), `api_key`, if set, is the one key that is let in,
    `latency` the seconds before each reply, `pace` those between two of its chunks. `requests` is the journal; `problems`
    are the errors of Playhead's or of the model's own that clients were told as errors 500.
    """

    def __init__(
        self,
        model: Model,
        *,
        models: tuple[str, ...] = (),
        api_key: str | None = None,
        latency: float = 0.0,
        pace: float = 0.0,
    ) -> None:
        if not hasattr(model, "request_stream"):
            raise UserError(f"A Provider serves a model, not {model!r}. A script is played by `ScriptedModel(...)`.")
        self.model = model
        self.models = models or (model.model_name,)
        self.api_key = api_key
        self.latency = latency
        self.pace = pace
        self.requests = Journal()
        self.problems: list[Exception] = []
        self._faults: deque[Fault] = deque()
        self._replies = 0

    def fail(
        self,
        status: int = 500,
        message: str = "The server had an error while processing your request",
        *,
        type: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """The next `times` calls get this error, and do not reach the model."""
        self._faults.append(Fault(status, message, type, code, headers or {}, times=times))

    def cut(self, *, after_bytes: int = 0, times: int = 1) -> None:
        """The bodies of the next `times` replies end after so many bytes, without a proper end."""
        self._faults.append(Fault(after_bytes=after_bytes, times=times))

    def assert_served(self) -> None:
        """Raises the first of `problems`; `ScriptUnused` where the model is a script that is not used up."""
        if self.problems:
            raise self.problems[0]
        if isinstance(self.model, ScriptedModel):
            self.model.assert_used()

    async def handle(self, request: ServerRequest) -> ServerReply:
        """The reply to one request. Never raises for what a client sent, nor for what the model makes of it."""
        url = urlsplit(request.target)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        entry = ProviderRequest(request.method, url.path, query, dict(request.headers), request.body)
        dialect = recognise(request.method, request.target, request.headers, request.body)
        shape = dialect or DIALECTS[family_of_request(entry)]
        if not self._let_in(entry):
            self.requests.append(entry)
            return self._refuse(entry, shape)
        if dialect is None:
            status, body = answer_beside(entry, self.models)
            if status == 404:
                self.requests.append(entry)
            return self._reply(entry, status, body, retry=False)
        entry.dialect = dialect.name
        self.requests.append(entry)
        if self.latency:
            await clock.sleep(self.latency)
        try:
            wire = WireRequest(request.target, request.body, dict(request.headers), request.method)
            call = entry.call = dialect.read_request(wire)
        except DecodeError as error:
            return self._error(entry, dialect, 400, error.problem)
        entry.warnings += warnings_of(dialect.name, request.body)
        fault = self._next_fault()
        if fault is not None and fault.after_bytes is None:
            return self._error(
                entry, dialect, fault.status, fault.message, type=fault.type, code=fault.code, headers=fault.headers
            )
        limit = math.inf if fault is None or fault.after_bytes is None else fault.after_bytes
        return await (self._stream if call.stream else self._whole)(entry, dialect, call, limit)

    # ------------------------------------------------------------------ calls of models
    async def _whole(self, entry: ProviderRequest, dialect: Dialect, call: ModelCall, limit: float) -> ServerReply:
        try:
            response = await self._ask(call)
        except ScriptedDisconnect as error:
            response = error.partial or ModelResponse(parts=[])
            limit = min(limit, error.after_bytes or 0)
        except Exception as error:
            return self._failed(entry, dialect, error)
        opening = self._opening(dialect, call)
        response.model_name = call.model
        if response.provider_response_id is None:
            response.provider_response_id, response.timestamp = opening.provider_response_id, _CREATED
        encoder = dialect.encoder(streamed=False, call=call)
        body = b"".join(encoder.feed(event) for event in unfold(response)) + encoder.close()
        return self._reply(entry, 200, body, encoder.content_type, limit=limit)

    async def _stream(self, entry: ProviderRequest, dialect: Dialect, call: ModelCall, limit: float) -> ServerReply:
        if _answers_whole_only(self.model):
            return await self._stream_of_whole(entry, dialect, call, limit)
        stack = AsyncExitStack()
        encoder = dialect.encoder(streamed=True, call=call)
        try:
            asking = self.model.request_stream(call.messages, call.settings, call.parameters)
            streamed = await stack.enter_async_context(asking)
            events = aiter(streamed)
            # What fails before the first event is an HTTP error; the 200 goes out with the first event.
            first = await anext(events, None)
        except ScriptedDisconnect:
            await stack.aclose()
            return self._reply(entry, 200, b"", encoder.content_type, limit=0)
        except BaseException as error:
            await stack.aclose()
            if isinstance(error, Exception):
                return self._failed(entry, dialect, error)
            raise
        limit = min(limit, _cut_after_bytes(streamed))
        opening = self._opening(dialect, call)
        if isinstance(first, ResponseMeta) and first.provider_response_id is not None:
            opening = None
        return self._streaming(entry, encoder, self._body(entry, stack, encoder, (opening, first), events, limit))

    async def _stream_of_whole(
        self, entry: ProviderRequest, dialect: Dialect, call: ModelCall, limit: float
    ) -> ServerReply:
        """A model that can only answer in one piece, to a client that wants a stream."""
        try:
            response = await self._ask(call)
        except Exception as error:
            return self._failed(entry, dialect, error)
        events = unfold(response)
        encoder = dialect.encoder(streamed=True, call=call)
        first = (self._opening(dialect, call), None)
        body = self._body(entry, AsyncExitStack(), encoder, first, _each(events), limit)
        return self._streaming(entry, encoder, body)

    async def _ask(self, call: ModelCall) -> ModelResponse:
        model = self.model
        if isinstance(model, FunctionModel) and model.function is None:
            async with model.request_stream(call.messages, call.settings, call.parameters) as streamed:
                async for _ in streamed:
                    pass
                return streamed.get()
        return await model.request(call.messages, call.settings, call.parameters)

    def _opening(self, dialect: Dialect, call: ModelCall) -> ResponseMeta:
        """What a provider says first: an id, the model as it was asked for, and a date that is always the same."""
        self._replies += 1
        return ResponseMeta(
            provider_response_id=f"{_PREFIXES[dialect.name]}playhead{self._replies:06d}",
            model_name=call.model,
            timestamp=_CREATED,
        )

    def _streaming(self, entry: ProviderRequest, encoder: Encoder, body: AsyncGenerator[bytes]) -> ServerReply:
        entry.status = 200
        headers = {"content-type": encoder.content_type, "cache-control": "no-cache", **self._ids()}
        return ServerReply(200, headers, body)

    async def _body(
        self,
        entry: ProviderRequest,
        stack: AsyncExitStack,
        encoder: Encoder,
        first: tuple[StreamEvent | None, ...],
        events: AsyncIterator[StreamEvent],
        limit: float,
    ) -> AsyncGenerator[bytes]:
        """The reply's bytes, a piece for each event, and no more of the model's stream than the client has taken."""
        pace, sent, last = self.pace, False, False
        try:
            waiting = [event for event in first if event is not None]
            while not last:
                try:
                    event = waiting.pop(0) if waiting else await anext(events, None)
                except ScriptedDisconnect:
                    entry.end = "cut"
                    raise ConnectionCut from None
                except Exception as error:
                    event, last, entry.end = ResponseMeta(error=self._details(error)), True, "error"
                if event is None:
                    data, last, entry.end = encoder.close(), True, "complete"
                elif isinstance(event, ResponseMeta) and event.comment is not None:
                    data = write_comment(event.comment) if _has_comments(entry, encoder) else b""
                else:
                    data = encoder.feed(event)
                if entry.sent_bytes + len(data) >= limit:
                    entry.end = "cut"
                    yield data[: int(limit) - entry.sent_bytes]
                    raise ConnectionCut
                if data:
                    if pace and sent:
                        await clock.sleep(pace)
                    entry.sent_bytes += len(data)
                    sent = True
                    yield data
        finally:
            if entry.end == "open":
                entry.end = "closed_by_client"
            await stack.aclose()

    # ------------------------------------------------------------------ errors and keys
    def _failed(self, entry: ProviderRequest, dialect: Dialect, error: Exception) -> ServerReply:
        details = self._details(error)
        headers: Mapping[str, str] = getattr(error, "headers", None) or {}
        if not isinstance(error, ModelHTTPError):
            headers = {"x-should-retry": "false"}  # for SDKs that would ask again: nothing will change
        return self._error(
            entry,
            dialect,
            details["status"],
            details["message"],
            type=details.get("type"),
            code=details.get("code"),
            headers=headers,
        )

    def _details(self, error: Exception) -> dict[str, Any]:
        """An error as the provider's: the message, its type and code, and the status."""
        if isinstance(error, ModelHTTPError):
            details: dict[str, Any] = {"message": error.provider_message or error.message, "status": error.status_code}
            body: Any = error.body
            if isinstance(body, dict):
                known = cast("dict[str, Any]", body)
                details |= {name: known[name] for name in ("message", "type", "code") if known.get(name) is not None}
            return details
        if isinstance(error, ModelAPIError):
            return {"message": error.message, "status": 502}
        self.problems.append(error)
        text = str(error) if isinstance(error, PlayheadError) else f"The model raised {type(error).__name__}: {error}"
        return {"message": text, "status": 500}

    def _error(
        self,
        entry: ProviderRequest,
        dialect: Dialect,
        status: int,
        message: str,
        *,
        type: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ServerReply:
        reply = self._reply(entry, status, dialect.write_error(status, message, type=type, code=code))
        reply.headers.update({name.lower(): value for name, value in (headers or {}).items()})
        return reply

    def _reply(
        self,
        entry: ProviderRequest,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        *,
        limit: float = math.inf,
        retry: bool = True,
    ) -> ServerReply:
        entry.status = status
        headers = {"content-type": content_type, **self._ids()}
        if not retry and status >= 400:
            headers["x-should-retry"] = "false"
        if limit <= len(body):
            entry.end, entry.sent_bytes = "cut", int(limit)
            if not content_type.startswith("text/event-stream"):
                headers["content-length"] = str(max(len(body), 1))
            return ServerReply(status, headers, _then_cut(body[: int(limit)]))
        entry.end, entry.sent_bytes = "complete", len(body)
        return ServerReply(status, {**headers, "content-length": str(len(body))}, _once(body))

    def _ids(self) -> dict[str, str]:
        """The headers by which SDKs know a request: the same each time, in the order of the requests."""
        number = f"req_playhead{len(self.requests):06d}"
        return {"x-request-id": number, "request-id": number}

    def _refuse(self, entry: ProviderRequest, dialect: Dialect) -> ServerReply:
        if dialect.name == "google-generate":
            return self._error(entry, dialect, 400, "API key not valid. Please pass a valid API key.")
        if dialect.name == "anthropic-messages":
            return self._error(entry, dialect, 401, "invalid x-api-key")
        return self._error(entry, dialect, 401, "Incorrect API key provided.", code="invalid_api_key")

    def _let_in(self, entry: ProviderRequest) -> bool:
        if self.api_key is None:
            return True
        headers = entry.headers
        scheme, _, token = headers.get("authorization", "").partition(" ")
        shown = (
            token if scheme.lower() == "bearer" else None,
            headers.get("x-api-key"),
            headers.get("api-key"),
            headers.get("x-goog-api-key"),
            entry.query.get("key"),
        )
        return self.api_key in shown

    def _next_fault(self) -> Fault | None:
        if not self._faults:
            return None
        fault = self._faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self._faults.popleft()
        return fault


def _has_comments(entry: ProviderRequest, encoder: Encoder) -> bool:
    """Google sends none, and its SDK cannot read any."""
    return entry.dialect != "google-generate" and "event-stream" in encoder.content_type


def _answers_whole_only(model: Model) -> bool:
    return isinstance(model, FunctionModel) and model.stream_function is None


def _cut_after_bytes(streamed: StreamedResponse) -> float:
    """How many bytes of a body may be sent before the connection is cut; infinite for all of them."""
    limit: int | None = getattr(streamed, "cut_after_bytes", None)
    return math.inf if limit is None else limit


async def _each(events: list[StreamEvent]) -> AsyncGenerator[StreamEvent]:
    for event in events:
        yield event


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body


async def _then_cut(body: bytes) -> AsyncGenerator[bytes]:
    if body:
        yield body
    raise ConnectionCut


_PREFIXES = {
    "anthropic-messages": "msg_",
    "google-generate": "",
    "openai-chat": "chatcmpl-",
    "openai-responses": "resp_",
}
