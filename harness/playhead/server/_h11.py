"""A small HTTP/1.1 server on 127.0.0.1: asyncio's sockets around h11 (which httpx brings along).

It exists so that the demo and the `fake_provider` fixture work without extras, and so that a connection can be cut at
an exact byte. Each piece of a body is one HTTP chunk, written at once. `playhead serve` takes uvicorn, where it is
installed.

While a reply is made, the connection is watched: a client that goes away cancels the model's stream at once. Nothing is
made faster than the client takes it: a piece is asked for when the one before is out of the way.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import h11

from playhead.server._core import ConnectionCut, Handler, ServerReply, ServerRequest

__all__ = ["SmallServer", "open_ports"]

_READ_BYTES = 65_536
_BODY_BYTES_MAX = 256_000_000
_WAITING_BYTES_MAX = 1_000_000
"""How much of further requests is kept while one is answered."""


_open_ports: set[int] = set()


def open_ports() -> frozenset[int]:
    """The ports on this machine at which providers of this process listen: network guards let them through."""
    return frozenset(_open_ports)


class SmallServer:
    """Serves `handler` on `host`, or at `sock`, from `start()` to `stop()`; `port` is the one it got."""

    def __init__(
        self, handler: Handler, host: str = "127.0.0.1", port: int = 0, *, sock: socket.socket | None = None
    ) -> None:
        self.handler = handler
        self._sock = sock
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. `OSError` where the port is taken."""
        if self._sock is not None:
            self._server = await asyncio.start_server(self._connected, sock=self._sock, backlog=1024)
        else:
            self._server = await asyncio.start_server(self._connected, self.host, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        _open_ports.add(self.port)

    async def stop(self) -> None:
        """Close the socket and every connection; the models' streams are closed when this returns."""
        assert self._server is not None
        self._server.close()
        _open_ports.discard(self.port)
        while self._connections:
            for task in self._connections:
                task.cancel()
            await asyncio.wait(self._connections, timeout=1)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await _Connection(self.handler, reader, writer).serve()
        except (ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


class _Connection:
    """One connection: requests one after the other, until either side closes."""

    def __init__(self, handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handler = handler
        self._reader = reader
        self._writer = writer
        self._h11 = h11.Connection(h11.SERVER)

    async def serve(self) -> None:
        while (request := await self._request()) is not None:
            if not await self._answer(request):
                return
            if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
                return
            self._h11.start_next_cycle()

    async def _request(self) -> ServerRequest | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                self._h11.receive_data(await self._reader.read(_READ_BYTES))
            elif isinstance(event, h11.Request):
                head = event
                if any(name == b"expect" for name, _ in event.headers):
                    await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _BODY_BYTES_MAX:
                    return None
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
                return ServerRequest(head.method.decode(), head.target.decode("latin-1"), headers, bytes(body))
            else:
                return None

    async def _answer(self, request: ServerRequest) -> bool:
        """Makes and sends the reply. False where the connection is over: cut, or given up by the client."""
        answering = asyncio.ensure_future(self._reply(request))
        gone = asyncio.ensure_future(self._until_gone())
        both = (answering, gone)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not answering.done():
                answering.cancel()
            # Not `await gone`: what cancels this connection must not be taken for what cancelled the watching.
            await asyncio.wait(both)
        try:
            return await answering
        except asyncio.CancelledError:
            if answering.cancelled():
                return False
            raise

    async def _reply(self, request: ServerRequest) -> bool:
        reply = await self._handler.handle(request)
        try:
            await self._send(reply, head=request.method == "HEAD")
        except ConnectionCut:
            # Everything up to the cut is delivered; closing in the middle of a body is the cut.
            with suppress(ConnectionError):
                await self._writer.drain()
            return False
        finally:
            await reply.body.aclose()
        return True

    async def _send(self, reply: ServerReply, *, head: bool) -> None:
        headers = list(reply.headers.items())
        chunked = "content-length" not in reply.headers and reply.status not in (204, 304)
        if chunked:
            headers.append(("transfer-encoding", "chunked"))
        await self._write(h11.Response(status_code=reply.status, headers=headers))
        if not head:
            async for data in reply.body:
                if data:
                    await self._write(h11.Data(data=data))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        data = self._h11.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()

    async def _until_gone(self) -> None:
        """Returns when the client has closed its side; what it sends meanwhile (pipelining) is kept for later."""
        waiting = 0
        while data := await self._reader.read(_READ_BYTES):
            self._h11.receive_data(data)
            waiting += len(data)
            if waiting > _WAITING_BYTES_MAX:
                return
        self._h11.receive_data(b"")
