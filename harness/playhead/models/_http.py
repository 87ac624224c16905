"""A model behind HTTP: one thin shell around any dialect.

The dialect makes the request and reads the reply; what is left is an httpx loop. A streamed reply is handed on chunk by
chunk, so that memory does not grow with it, and its connection is closed when its context is left.

Connections are not kept alive between requests, unless the model is entered (`async with model:`) or was given a client:
so that nothing stays open on a loop that ends, and a test leaves nothing behind. The client itself is made once for each
event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

from playhead import clock
from playhead._version import __version__
from playhead.exceptions import DecodeError, ModelAPIError, ModelHTTPError, PlayheadError, UserError
from playhead.messages import (
    ModelMessage,
    ModelRequestParameters,
    ModelResponse,
    ModelSettings,
    StreamEvent,
    merge_model_settings,
)
from playhead.models._allow import check_allow_model_requests
from playhead.models._clients import CONNECT_TIMEOUT_S, DEFAULT_HTTP_TIMEOUT
from playhead.models._download import with_downloads
from playhead.models._model import Model, StreamedResponse
from playhead.models._profile import ModelProfile
from playhead.models._profiles import profile_of
from playhead.models._providers import Provider
from playhead.wire import DIALECTS, Decoder, Dialect, ModelCall

if TYPE_CHECKING:
    import httpx

__all__ = ["HttpModel", "HttpStreamedResponse"]

BODY_BYTES_MAX = 256 * 1024 * 1024
"""A whole reply, unpacked, may be this long. A few kilobytes can be packed so that they fill the memory."""


class HttpModel(Model):
    """A model asked over HTTP.

    `dialect` is one of `openai-chat`, `openai-responses`, `anthropic-messages`, `google-generate`, or a dialect of your
    own. Any server that speaks one is named by its `base_url`: `HttpModel("openai-chat", "llama3",
    base_url="http://localhost:8080/v1")`. `provider` is a name of the table of providers or a `Provider`, and brings URL
    and key; `api_key` and `base_url` given here win. `headers` go with every request. The key is read when a request is
    sent, from `api_key`, or from the environment (`api_key_env`, or the provider's usual variable).

    Requests raise `ModelHTTPError` for a status of 400 and above, and for an error inside of a stream whose kind has a
    status; `ModelAPIError` for connections that fail and for other errors in a stream; `DecodeError`, which names the
    frame, for what is not the format; `UserError` for what the format cannot carry. Nothing is tried twice.
    """

    def __init__(
        self,
        dialect: str | Dialect,
        model: str,
        *,
        provider: str | Provider | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        api_key_env: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        headers: dict[str, str] | None = None,
        settings: ModelSettings | None = None,
        profile: Any = None,
    ) -> None:
        super().__init__(settings=settings, profile=profile)
        if isinstance(dialect, str) and dialect not in DIALECTS:
            raise UserError(f"There is no dialect {dialect!r}. There are: {', '.join(sorted(DIALECTS))}.")
        self.dialect: Dialect = DIALECTS[dialect] if isinstance(dialect, str) else dialect
        if not isinstance(provider, Provider):
            name = provider or (_OWNERS.get(self.dialect.name, "custom") if base_url is None else "custom")
            auth = None if provider else _AUTH.get(self.dialect.name)
            provider = Provider(name, dialect=self.dialect.name, base_url=base_url, api_key=api_key, auth=auth)
        self.provider = provider
        self._model_name = model
        self._api_key_env = api_key_env
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._given_client = http_client or provider.http_client
        self._clients: WeakKeyDictionary[Any, httpx.AsyncClient] = WeakKeyDictionary()
        self._entered: list[httpx.AsyncClient] = []

    @property
    def model_name(self) -> str:
        return self._model_name

    @property
    def system(self) -> str:
        return self.provider.name

    @property
    def base_url(self) -> str:
        """Where the provider is asked."""
        return self.provider.base_url

    @property
    def profile(self) -> ModelProfile:
        """What the model supports: as given, else as the tables have it."""
        profile: Any = self._profile(self.model_name) if callable(self._profile) else self._profile
        return profile if profile is not None else profile_of(self.system, self.model_name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model_name!r}, provider={self.system!r})"

    async def __aenter__(self) -> Self:
        """Keeps connections alive until the block ends, for the loop it runs on."""
        client = _make_client(keep_alive=True)
        await client.__aenter__()
        self._entered.append(client)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._entered.pop().aclose()

    def prepare_request(
        self, model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        """Settings and parameters as this model takes them; `thinking` moves to the parameters if it can think."""
        from dataclasses import replace

        settings = merge_model_settings(self.settings, model_settings)
        parameters = model_request_parameters
        if settings and "thinking" in settings:
            rest: Any = dict(settings)
            level = rest.pop("thinking")
            profile = self.profile
            stays_on = level is False and profile.thinking_always_enabled
            if (profile.supports_thinking or profile.thinking_always_enabled) and not stays_on:
                parameters = replace(parameters, thinking=level)
            settings = rest or None
        _, parameters = super().prepare_request(None, parameters)
        return settings, parameters

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The whole reply."""
        check_allow_model_requests()
        call = await self._call(messages, model_settings, model_request_parameters, stream=False)
        async with self._send(call) as response:
            body = await self._read(response)
        decoder = self._decoder(streamed=False)
        decoder.feed(body)
        decoder.close()
        if decoder.fold.error is not None:
            raise self._provider_error(decoder.fold.error)
        return HttpStreamedResponse(self, decoder, model_request_parameters, None).get()

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[HttpStreamedResponse]:
        """A context in which the reply streams. Leaving it closes the connection at once."""
        check_allow_model_requests()
        call = await self._call(messages, model_settings, model_request_parameters, stream=True)
        async with self._send(call) as response:
            streamed = HttpStreamedResponse(self, self._decoder(streamed=True), call.parameters, response)
            try:
                yield streamed
            finally:
                await streamed.aclose()

    # ------------------------------------------------------------------ the request
    async def _call(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        *,
        stream: bool,
    ) -> ModelCall:
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        messages = await with_downloads(messages, self.dialect, self.system, self._client)
        return ModelCall(self.model_name, messages, settings or ModelSettings(), parameters, stream)

    @asynccontextmanager
    async def _send(self, call: ModelCall) -> AsyncGenerator[httpx.Response]:
        """The response, its body yet to be read. Closes it at the end of the block, whatever happens."""
        import httpx

        wire = self.dialect.write_request(call)
        headers = {
            "user-agent": f"playhead/{__version__}",
            **wire.headers,
            **await self._auth(),
            **self.provider.headers,
            **self._headers,
            **{name.lower(): value for name, value in (call.settings.get("extra_headers") or {}).items()},
            # What the dialect made of a header (as of the betas) holds against the setting it was made from.
            **{name: value for name, value in wire.headers.items() if name not in _PLAIN},
        }
        timeout: Any = call.settings.get("timeout")
        client = self._client()
        request = client.build_request(
            wire.method,
            self.provider.url(wire.path, self.model_name),
            content=wire.body,
            headers=headers,
            **({} if timeout is None else {"timeout": timeout}),
        )
        try:
            response = await client.send(request, stream=True)
        except httpx.TransportError as error:
            raise self._connection_error(error) from error
        try:
            if response.status_code >= 400:
                body = await self._read(response)
                if not self._is_reply(body):
                    raise self._status_error(response.status_code, body, response)
            yield response
        finally:
            await response.aclose()

    async def _auth(self) -> dict[str, str]:
        if self._api_key_env is None:
            return await self.provider.auth_headers()
        import os

        key = os.environ.get(self._api_key_env)
        if not key:
            raise UserError(
                f"No key for {self.system!r}: the `{self._api_key_env}` environment variable is not set. "
                "Inside of a cassette that is replayed, none is needed."
            )
        provider = Provider(self.system, dialect=self.dialect.name, api_key=key, auth=self.provider.auth)
        return await provider.auth_headers()

    def _client(self) -> httpx.AsyncClient:
        if self._given_client is not None:
            return self._given_client
        if self._entered:
            return self._entered[-1]
        loop = asyncio._get_running_loop()
        if loop is None:
            # Another framework's loop: a client of its own, which holds nothing when its response is closed.
            return _make_client(keep_alive=False)
        client = self._clients.get(loop)
        if client is None or client.is_closed:
            client = self._clients[loop] = _make_client(keep_alive=False)
        return client

    # ------------------------------------------------------------------ the reply
    def _decoder(self, *, streamed: bool) -> Decoder:
        return self.dialect.decoder(streamed=streamed, model=self.model_name, provider=self.system)

    def _is_reply(self, body: bytes) -> bool:
        """Whether the body of an error status is a reply in truth: a call made wrongly (Groq), a filter (Azure)."""
        decoder = self._decoder(streamed=False)
        try:
            decoder.feed(body)
            decoder.close()
        except PlayheadError:
            return False
        return decoder.fold.error is None and decoder.fold.finish_reason is not None

    async def _read(self, response: httpx.Response) -> bytes:
        import httpx

        pieces: list[bytes] = []
        size = 0
        try:
            async for piece in response.aiter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > BODY_BYTES_MAX:
                    packed = ", unpacked," if response.headers.get("content-encoding") else ""
                    raise DecodeError(
                        f"The body of the reply is{packed} longer than {BODY_BYTES_MAX:,} bytes; the rest was not read",
                        f"This is no model's reply. What answers at {self.base_url}?",
                    )
            return b"".join(pieces)
        except httpx.TransportError as error:
            raise self._connection_error(error) from error
        except httpx.DecodingError as error:
            raise DecodeError(
                f"The body cannot be decompressed: {error}",
                "The server or a proxy says it is compressed, and it is not.",
            ) from error

    # ------------------------------------------------------------------ errors
    def _connection_error(self, error: httpx.TransportError) -> ModelAPIError:
        import httpx

        what = str(error) or type(error).__name__
        if isinstance(error, httpx.TimeoutException):
            what = f"Request timed out. ({type(error).__name__})"
        return ModelAPIError(self.model_name, f"{what} (asked {self.base_url})")

    def _status_error(self, status: int, body: bytes, response: httpx.Response | None = None) -> ModelHTTPError:
        found = self.dialect.read_error(body)
        return ModelHTTPError(
            status,
            self.model_name,
            found.get("body"),
            code=_as_code(found),
            provider_message=found.get("message"),
            headers=dict(response.headers) if response is not None else None,
        )

    def _provider_error(self, error: dict[str, Any]) -> ModelAPIError:
        """An error that came in a reply whose status was 200."""
        status = error.get("status")
        body = error.get("body", error)
        if isinstance(status, int) and status >= 400:
            return ModelHTTPError(
                status, self.model_name, body, code=_as_code(error), provider_message=error.get("message")
            )
        return ModelAPIError(
            self.model_name, f"{error.get('message') or 'The provider reported an error'}, body: {body}"
        )


class HttpStreamedResponse(StreamedResponse):
    """A reply that arrives over HTTP."""

    def __init__(
        self,
        model: HttpModel,
        decoder: Decoder,
        model_request_parameters: ModelRequestParameters,
        response: httpx.Response | None,
    ) -> None:
        super().__init__(model_request_parameters)
        if response is None:  # a whole reply, read already
            self.fold = decoder.fold
        self._model = model
        self._decoder = decoder
        self._response = response
        self._provider_url = model.base_url
        self._timestamp = clock.now()

    async def events(self) -> AsyncGenerator[StreamEvent]:
        """The stream. Raises as `HttpModel` says, after the events that came before."""
        import httpx

        assert self._response is not None
        decoder, fold = self._decoder, self._decoder.fold
        chunks = self._response.aiter_bytes()
        try:
            async for chunk in chunks:
                # The decoder is as far as the chunk is; this reply is as far as the events that were taken, so that
                # what is seen of it between two events does not depend on where the network cut the stream.
                for event in decoder.feed(chunk):
                    self.fold.feed(event)
                    yield event
                if fold.error is not None:
                    break
            else:
                for event in decoder.close():
                    self.fold.feed(event)
                    yield event
        except httpx.TransportError as error:
            raise self._model._connection_error(error) from error
        except httpx.DecodingError as error:
            raise DecodeError(f"The stream cannot be decompressed: {error}", "Is the recording whole?") from error
        finally:
            # The body's iterators do not close each other.
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()
            await self._response.aclose()
        if fold.error is not None:
            raise self._model._provider_error(fold.error)

    @property
    def model_name(self) -> str:
        return self.fold.model_name or self._model.model_name

    @property
    def provider_name(self) -> str | None:
        return self._model.system

    @property
    def provider_url(self) -> str:
        """Where the provider was asked."""
        return self._provider_url

    @property
    def timestamp(self) -> datetime:
        return self.fold.timestamp or self._timestamp

    def get(self) -> ModelResponse:
        """The reply so far."""
        response = super().get()
        response.provider_name = self.provider_name
        response.provider_url = self._provider_url
        return response


def _as_code(error: dict[str, Any]) -> str | None:
    code = error.get("code") or error.get("type")
    return None if code is None else str(code)


def _make_client(*, keep_alive: bool) -> httpx.AsyncClient:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20 if keep_alive else 0)
    timeout = httpx.Timeout(DEFAULT_HTTP_TIMEOUT, connect=CONNECT_TIMEOUT_S)
    return httpx.AsyncClient(timeout=timeout, limits=limits, verify=_ssl_context(), follow_redirects=True)


_ssl_contexts: list[Any] = []


def _ssl_context() -> Any:
    """One context for all clients: reading the certificates takes longer than a test."""
    if not _ssl_contexts:
        import httpx

        _ssl_contexts.append(httpx.create_ssl_context())
    return _ssl_contexts[0]


_PLAIN = {"accept", "content-type", "user-agent"}
_OWNERS = {
    "anthropic-messages": "anthropic",
    "google-generate": "google-gla",
    "openai-chat": "openai",
    "openai-responses": "openai-responses",
}
_AUTH: dict[str, Any] = {"anthropic-messages": "x-api-key", "google-generate": "x-goog-api-key"}
