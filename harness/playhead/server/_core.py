"""The fake provider without a socket: a request in, a reply whose body streams out, in every dialect at once.

A request is recognised by its path; the dialect reads it, the model answers, the dialect writes the answer. So a script
in process and a script behind a socket are one script. Shells carry it: an ASGI app, a small server of its own, an
in-process transport for httpx.

A model's errors become the provider's: a `ModelHTTPError` before the first event is an HTTP error in the provider's
shape, later it is an error event inside the stream; `ScriptedDisconnect` cuts the connection (`ConnectionCut`).
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from playhead import clock
from playhead.exceptions import DecodeError, ModelHTTPError, PlayheadError
from playhead.messages import ResponseMeta, StreamEvent
from playhead.models import Model, ScriptedDisconnect, StreamedResponse
from playhead.stream import unfold
from playhead.wire import Dialect, ModelCall, WireRequest, recognise

__all__ = ["ConnectionCut", "Provider", "ProviderRequest", "ServerReply", "ServerRequest"]


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


@dataclass(slots=True)
class ProviderRequest:
    """A request as the provider got it, in the journal `Provider.requests`.

    `json` is the parsed body (None where it is none), `call` what the dialect made of it (None where it could not),
    `warnings` what a real provider would not have known, `status` what was answered.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    dialect: str | None = None
    call: ModelCall | None = None
    status: int = 0
    warnings: list[str] = field(default_factory=list[str])
    complete: bool = False

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __repr__(self) -> str:
        model = f" {self.call.model}" if self.call else ""
        return f"<{self.method} {self.path}{model} -> {self.status}>"


class Provider:
    """Serves `model` in every dialect.

    `models` are the names that lists of models show, `api_key` (if set) is the one key that is let in, `latency` the
    seconds before each reply. `requests` is the journal.
    """

    def __init__(
        self,
        model: Model,
        *,
        models: tuple[str, ...] = (),
        api_key: str | None = None,
        latency: float = 0.0,
    ) -> None:
        self.model = model
        self.models = models or (model.model_name,)
        self.api_key = api_key
        self.latency = latency
        self.requests: list[ProviderRequest] = []

    async def handle(self, request: ServerRequest) -> ServerReply:
        """The reply to one request. Never raises for what a client sent."""
        url = urlsplit(request.target)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        entry = ProviderRequest(request.method, url.path, query, dict(request.headers), request.body)
        dialect = recognise(request.method, request.target, request.headers, request.body)
        if dialect is None:
            return self._beside(entry)
        entry.dialect = dialect.name
        self.requests.append(entry)
        if self.latency:
            await clock.sleep(self.latency)
        if not self._let_in(entry):
            return _error(entry, dialect, 401, "Incorrect API key provided.", type="authentication_error")
        try:
            wire = WireRequest(request.target, request.body, dict(request.headers), request.method)
            call = entry.call = dialect.read_request(wire)
        except DecodeError as error:
            return _error(entry, dialect, 400, error.problem, type="invalid_request_error")
        entry.warnings += _unknown_fields(dialect, call)
        return await (self._stream if call.stream else self._whole)(entry, dialect, call)

    async def _whole(self, entry: ProviderRequest, dialect: Dialect, call: ModelCall) -> ServerReply:
        try:
            response = await self.model.request(call.messages, call.settings, call.parameters)
        except ModelHTTPError as error:
            return _provider_error(entry, dialect, error)
        except ScriptedDisconnect:
            return _cut(entry)
        except PlayheadError as error:
            return _error(entry, dialect, 500, str(error), type="playhead_error")
        response.model_name = call.model
        encoder = dialect.encoder(streamed=False, call=call)
        body = b"".join(encoder.feed(event) for event in unfold(response)) + encoder.close()
        return _reply(entry, 200, body, encoder.content_type)

    async def _stream(self, entry: ProviderRequest, dialect: Dialect, call: ModelCall) -> ServerReply:
        stack = AsyncExitStack()
        try:
            streamed = await stack.enter_async_context(
                self.model.request_stream(call.messages, call.settings, call.parameters)
            )
            events = aiter(streamed)
            # What fails before the first event is an HTTP error; the 200 goes out with the first event.
            first = await anext(events, None)
        except BaseException as error:
            await stack.aclose()
            if isinstance(error, ModelHTTPError):
                return _provider_error(entry, dialect, error)
            if isinstance(error, ScriptedDisconnect):
                return _cut(entry, 200, "text/event-stream")
            if isinstance(error, PlayheadError):
                return _error(entry, dialect, 500, str(error), type="playhead_error")
            raise
        encoder = dialect.encoder(streamed=True, call=call)
        entry.status = 200
        body = _body(entry, stack, encoder, first, events, cut_after_bytes(streamed))
        return ServerReply(200, {"content-type": encoder.content_type, "cache-control": "no-cache"}, body)

    def _let_in(self, entry: ProviderRequest) -> bool:
        if self.api_key is None:
            return True
        headers = entry.headers
        shown = (
            headers.get("authorization", "").removeprefix("Bearer "),
            headers.get("x-api-key"),
            headers.get("api-key"),
            headers.get("x-goog-api-key"),
            entry.query.get("key"),
        )
        return self.api_key in shown

    def _beside(self, entry: ProviderRequest) -> ServerReply:
        """What is no call of a model: lists of models, and paths that are not served."""
        path = unquote(entry.path).rstrip("/")
        for prefix, shape in (("/v1beta/models", "google"), ("/v1/models", "openai")):
            if entry.method == "GET" and (path == prefix or path.startswith(f"{prefix}/")):
                if shape == "openai" and "anthropic-version" in entry.headers:
                    shape = "anthropic"
                return self._models(entry, shape, path.removeprefix(prefix).lstrip("/"))
        served = "POST /v1/chat/completions, /v1/responses, /v1/messages, /v1beta/models/MODEL:generateContent"
        self.requests.append(entry)
        message = f"Nothing is served at {entry.method} {entry.path}. Served are {served} and GET /v1/models."
        return _reply(entry, 404, _json({"error": {"message": message, "type": "not_found_error"}}))

    def _models(self, entry: ProviderRequest, shape: str, name: str) -> ServerReply:
        rows = [_MODEL_ROWS[shape](model) for model in self.models]
        if name:
            found = [row for row, model in zip(rows, self.models, strict=True) if model == name]
            if not found:
                error = {"error": {"message": f"The model {name!r} does not exist", "type": "not_found_error"}}
                return _reply(entry, 404, _json(error))
            return _reply(entry, 200, _json(found[0]))
        lists: dict[str, Any] = {
            "openai": {"object": "list", "data": rows},
            "anthropic": {"data": rows, "has_more": False, "first_id": self.models[0], "last_id": self.models[-1]},
            "google": {"models": rows},
        }
        return _reply(entry, 200, _json(lists[shape]))


def cut_after_bytes(streamed: StreamedResponse) -> float:
    """How many bytes of a body may be sent before the connection is cut; infinite for all of them."""
    limit = getattr(streamed, "cut_after_bytes", None)
    return math.inf if limit is None else limit


async def _body(
    entry: ProviderRequest,
    stack: AsyncExitStack,
    encoder: Any,
    first: StreamEvent | None,
    events: AsyncIterator[StreamEvent],
    limit: float,
) -> AsyncGenerator[bytes]:
    sent = 0
    try:
        event = first
        while event is not None:
            data = _encode(encoder, event)
            if sent + len(data) >= limit:
                yield data[: int(limit) - sent]
                raise ConnectionCut
            if data:
                yield data
            sent += len(data)
            try:
                event = await anext(events, None)
            except ModelHTTPError as error:
                yield encoder.feed(ResponseMeta(error=_error_details(error)))
                entry.complete = True
                return
            except ScriptedDisconnect:
                raise ConnectionCut from None
            except PlayheadError as error:
                yield encoder.feed(ResponseMeta(error={"message": str(error), "type": "playhead_error", "status": 500}))
                return
        last = encoder.close()
        if sent + len(last) >= limit:
            yield last[: int(limit) - sent]
            raise ConnectionCut
        if last:
            yield last
        entry.complete = True
    finally:
        await stack.aclose()


def _encode(encoder: Any, event: StreamEvent) -> bytes:
    if isinstance(event, ResponseMeta) and event.comment is not None:
        sse = encoder.content_type.startswith("text/event-stream")
        return f": {event.comment}\n\n".encode() if sse else b""
    return encoder.feed(event)


def _error_details(error: ModelHTTPError) -> dict[str, Any]:
    body: Any = error.body
    details: dict[str, Any] = {"message": error.message, "status": error.status_code}
    if isinstance(body, dict):
        details.update({key: value for key, value in body.items() if key in ("message", "type", "code")})  # pyright: ignore[reportUnknownVariableType]
    return details


def _provider_error(entry: ProviderRequest, dialect: Dialect, error: ModelHTTPError) -> ServerReply:
    details = _error_details(error)
    reply = _error(
        entry, dialect, error.status_code, details["message"], type=details.get("type"), code=details.get("code")
    )
    headers: Mapping[str, str] = getattr(error, "headers", {})
    reply.headers.update({name.lower(): value for name, value in headers.items()})
    return reply


def _error(
    entry: ProviderRequest,
    dialect: Dialect,
    status: int,
    message: str,
    *,
    type: str | None = None,
    code: str | None = None,
) -> ServerReply:
    return _reply(entry, status, dialect.write_error(status, message, type=type, code=code))


def _reply(entry: ProviderRequest, status: int, body: bytes, content_type: str = "application/json") -> ServerReply:
    entry.status = status
    entry.complete = True
    return ServerReply(status, {"content-type": content_type, "content-length": str(len(body))}, _once(body))


def _cut(entry: ProviderRequest, status: int = 200, content_type: str = "application/json") -> ServerReply:
    entry.status = status
    return ServerReply(status, {"content-type": content_type}, _nothing_then_cut())


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body


async def _nothing_then_cut() -> AsyncGenerator[bytes]:
    raise ConnectionCut
    yield b""


def _unknown_fields(dialect: Dialect, call: ModelCall) -> list[str]:
    known: frozenset[str] | None = getattr(dialect, "request_fields", None)
    if known is None:
        return []
    return [f"{dialect.name} has no field {name!r}" for name in call.extra if name not in known]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "playhead"}


def _anthropic_model(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}


def _google_model(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "displayName": name,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent"],
    }


_MODEL_ROWS = {"openai": _openai_model, "anthropic": _anthropic_model, "google": _google_model}
