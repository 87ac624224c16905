"""The provider as an ASGI 3 application (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from playhead.server._core import ConnectionCut, Handler, ServerRequest

__all__ = ["asgi_app"]

_BODY_BYTES_MAX = 256_000_000

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]


def asgi_app(handler: Handler) -> Callable[[_Message, _Receive, _Send], Awaitable[None]]:
    """An ASGI application that serves `handler` (a `Provider`, a `Proxy`).

    A client that goes away cancels the model's stream at once. Where the connection is to be cut, the application returns
    without ending the body, and the server closes the connection.
    """

    async def app(scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1003, "reason": "only HTTP is served"})
            return
        request = await _read(scope, receive)
        if request is None:
            return
        answer = asyncio.ensure_future(_answer(handler, request, send))
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not answer.done():
                answer.cancel()
            await asyncio.wait((answer, gone))
        try:
            await answer
        except asyncio.CancelledError:
            if not answer.cancelled():
                raise

    return app


async def _answer(handler: Handler, request: ServerRequest, send: _Send) -> None:
    reply = await handler.handle(request)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    try:
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        async for data in reply.body:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except ConnectionCut:
        pass
    finally:
        await reply.body.aclose()


async def _until_gone(receive: _Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(scope: _Message, receive: _Receive) -> ServerRequest | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or len(body) > _BODY_BYTES_MAX:
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query: bytes = scope.get("query_string", b"")
    target = scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or scope["path"]
    return ServerRequest(
        scope["method"], f"{target}?{query.decode('latin-1')}" if query else target, headers, bytes(body)
    )


async def _lifespan(receive: _Receive, send: _Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
