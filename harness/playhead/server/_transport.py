"""The provider in process: a transport for clients of httpx or httpx2, sync and async, for suites that forbid sockets.

Chunks reach the client as they are made, on the client's own loop (so a virtual clock moves them). A sync client is
served by a thread with a loop of its own.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from functools import cache
from types import ModuleType
from typing import Any

import httpx

from playhead.server._core import ConnectionCut, Handler, ServerReply, ServerRequest

__all__ = ["provider_transport"]

_CUT = "peer closed connection without sending complete message body (incomplete chunked read)"


def provider_transport(provider: Handler, *, library: ModuleType = httpx) -> Any:
    """A transport for `Client(transport=...)` and `AsyncClient(transport=...)` of `library` (httpx or httpx2)."""
    return _transport_class(library)(provider)


@cache
def _transport_class(library: ModuleType) -> Any:
    """The class for one library: both have the same interface, but each wants its own base classes."""
    http: Any = library

    class _AsyncBody(http.AsyncByteStream):
        def __init__(self, body: AsyncGenerator[bytes]) -> None:
            self._body = body

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for data in self._body:
                    yield data
            except ConnectionCut:
                raise http.RemoteProtocolError(_CUT) from None

        async def aclose(self) -> None:
            await self._body.aclose()

    class _SyncBody(http.SyncByteStream):
        def __init__(self, body: AsyncGenerator[bytes], portal: Any) -> None:
            self._body = body
            self._portal = portal

        def __iter__(self) -> Iterator[bytes]:
            try:
                while (data := self._portal.call(anext, self._body, None)) is not None:
                    yield data
            except ConnectionCut:
                raise http.RemoteProtocolError(_CUT) from None

        def close(self) -> None:
            self._portal.call(self._body.aclose)

    class ProviderTransport(http.AsyncBaseTransport, http.BaseTransport):
        def __init__(self, provider: Handler) -> None:
            self._provider = provider
            self._portal: Any = None
            self._portal_context: Any = None
            self._lock = threading.Lock()

        async def handle_async_request(self, request: Any) -> Any:
            reply = await self._provider.handle(_server_request(request, await request.aread()))
            return _response(http, reply, _AsyncBody(reply.body), request)

        def handle_request(self, request: Any) -> Any:
            portal = self._open_portal()
            reply: ServerReply = portal.call(self._provider.handle, _server_request(request, request.read()))
            return _response(http, reply, _SyncBody(reply.body, portal), request)

        def _open_portal(self) -> Any:
            from anyio.from_thread import start_blocking_portal

            with self._lock:
                if self._portal is None:
                    self._portal_context = start_blocking_portal()
                    self._portal = self._portal_context.__enter__()
                return self._portal

        def close(self) -> None:
            with self._lock:
                if self._portal_context is not None:
                    context, self._portal_context, self._portal = self._portal_context, None, None
                    context.__exit__(None, None, None)

        async def aclose(self) -> None:
            self.close()

    return ProviderTransport


def _server_request(request: Any, body: bytes) -> ServerRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return ServerRequest(request.method, request.url.raw_path.decode("ascii"), headers, body)


def _response(http: Any, reply: ServerReply, stream: Any, request: Any) -> Any:
    return http.Response(reply.status, headers=reply.headers, stream=stream, request=request)
