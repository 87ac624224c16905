"""A small HTTP server on 127.0.0.1 that does exactly what a test says, well-formed or not.

A reply is a list of steps: bytes to send, seconds to wait, a function to call, or `CUT` to break the connection. `replies`
maps a path to one, or to a function of the request; every request is kept in `requests`.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

CUT = object()
"""Breaks the connection at once, with a reset."""

Steps = list[Any]


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    port: int = 0
    replies: dict[str, Steps | Callable[[Received], Steps]] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)
    sent: int = 0
    """How many pieces of the present reply were sent."""
    hung_up: int = 0
    """How many clients went away before the end."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def reply(body: bytes | str = b"", *, status: str = "200 OK", headers: dict[str, str] | None = None) -> Steps:
    """A whole reply with a content-length."""
    data = body.encode() if isinstance(body, str) else body
    lines = {"content-type": "text/plain", "content-length": str(len(data)), **(headers or {})}
    return [_head(status, lines) + data]


def json_reply(value: Any, **more: Any) -> Steps:
    return reply(json.dumps(value).encode(), headers={"content-type": "application/json"}, **more)


def chunked(pieces: list[Any], *, headers: dict[str, str] | None = None, gap: float = 0.0, end: bool = True) -> Steps:
    """A chunked reply: one HTTP chunk for each piece; numbers among them are waits, `CUT` cuts."""
    steps: Steps = [
        _head("200 OK", {"content-type": "text/event-stream", "transfer-encoding": "chunked", **(headers or {})})
    ]
    for number, piece in enumerate(pieces):
        if isinstance(piece, bytes):
            if gap and number:
                steps.append(gap)
            steps.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        else:
            steps.append(piece)
    return [*steps, b"0\r\n\r\n"] if end else steps


def _head(status: str, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "connection: close"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@contextmanager
def serving(replies: dict[str, Any] | None = None) -> Iterator[Server]:
    """The server, running in threads for the block."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    server = Server(port=listener.getsockname()[1], replies=dict(replies or {}))
    stopping = threading.Event()

    def accept() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_serve, args=(server, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        stopping.set()
        listener.close()


def _serve(server: Server, connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        try:
            request = _read(connection)
            if request is None:
                return
            server.requests.append(request)
            found = server.replies.get(request.path.split("?")[0], server.replies.get("*", reply(b"hello")))
            steps = found(request) if callable(found) else found
            server.sent = 0
            for step in steps:
                if step is CUT:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                if isinstance(step, bytes):
                    connection.sendall(step)
                    server.sent += 1
                elif callable(step):
                    step()
                else:
                    time.sleep(step)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            server.hung_up += 1


def _read(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, path, _ = lines[0].split(" ", 2)
    return Received(method, path, headers, body)
