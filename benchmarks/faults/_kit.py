"""What the fault cases are made of: recorders behind one interface, a server that misbehaves as told, a client's view."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CASES: dict[str, dict[str, Callable[..., None]]] = {}
"""group -> case -> function of (tool, folder); it raises where the tool does not survive."""


def case(group: str, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a case."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        assert name not in CASES.setdefault(group, {}), name
        CASES[group][name] = function
        return function

    return register


# -- recorders


class Tool:
    """A recorder: context managers under which plain clients are recorded to a file, or replayed from it."""

    name = ""

    def use(self, path: Path, mode: str) -> Any:
        raise NotImplementedError

    def record(self, path: Path, mode: str = "once") -> Any:
        return self.use(path, mode)

    def replay(self, path: Path) -> Any:
        return self.use(path, "none")


class Playhead(Tool):
    name = "playhead"

    def __init__(self) -> None:
        import playhead

        self.module = playhead

    def use(self, path: Path, mode: str) -> Any:
        return self.module.use_cassette(str(path), record_mode=mode, on_unplayed="ignore")


class Vcrpy(Tool):
    name = "vcrpy"

    def __init__(self) -> None:
        import vcr

        self.module = vcr

    def use(self, path: Path, mode: str) -> Any:
        return self.module.VCR(record_mode=mode).use_cassette(str(path))


class Cassetter(Tool):
    name = "cassetter"

    def __init__(self) -> None:
        import cassetter

        self.module = cassetter

    def use(self, path: Path, mode: str) -> Any:
        return self.module.use_cassette(str(path), record_mode=mode)


TOOLS: dict[str, type[Tool]] = {tool.name: tool for tool in (Playhead, Vcrpy, Cassetter)}


# -- the server

CUT, CLOSE = object(), object()
"""Steps that end a reply: with a reset, or politely."""


@dataclasses.dataclass
class Received:
    head: str
    body: bytes

    @property
    def path(self) -> str:
        return self.head.split(" ", 2)[1]


class Server:
    """Answers every connection on 127.0.0.1 with the steps that `reply` gives: bytes, seconds, CUT or CLOSE."""

    def __init__(self, reply: Callable[[Received], list[Any]]) -> None:
        self.reply = reply
        self.received: list[Received] = []
        self.hung_up = 0

    def __enter__(self) -> Server:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        with contextlib.suppress(OSError):  # an accept that waits is not woken by close alone
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            data = b""
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            lowered = head.lower()
            size = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in lowered else 0
            while len(body) < size:
                body += connection.recv(65536)
            received = Received(head.decode("latin-1"), body)
            self.received.append(received)
            for step in self.reply(received):
                if step is CUT:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                if step is CLOSE:
                    return
                if isinstance(step, bytes):
                    try:
                        connection.sendall(step)
                    except OSError:
                        self.hung_up += 1
                        return
                else:
                    time.sleep(step)


def whole(body: bytes | str = b"ok", status: str = "200 OK", **headers: str) -> list[Any]:
    """A reply with a content-length."""
    data = body.encode() if isinstance(body, str) else body
    lines = {"content-type": "application/json", "content-length": str(len(data)), "connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return [head.encode("latin-1") + b"\r\n" + data]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
)


def stream(pieces: list[bytes], gap_s: float = 0.0, end: list[Any] | None = None, head: bytes = SSE_HEAD) -> list[Any]:
    """A chunked reply, one HTTP chunk for each piece."""
    steps: list[Any] = [head]
    for piece in pieces:
        steps += [chunk(piece), gap_s] if gap_s else [chunk(piece)]
    return steps + ([b"0\r\n\r\n"] if end is None else end)


def always(steps: list[Any]) -> Callable[[Received], list[Any]]:
    return lambda received: steps


# -- the client's view


@dataclasses.dataclass
class View:
    """What a client saw of one exchange."""

    status: int | None = None
    body: bytes = b""
    chunks: list[int] = dataclasses.field(default_factory=list)
    at_s: list[float] = dataclasses.field(default_factory=list)
    error: str | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def outcome(self) -> tuple[Any, ...]:
        return self.status, self.body, self.error


def look(
    url: str,
    library: str = "httpx",
    *,
    asynchronous: bool = False,
    stop_after: int | None = None,
    timeout: float = 10.0,
    raw: bool = False,
    **request: Any,
) -> View:
    """Sends one request with a plain client, reads the stream to its end, and says what was seen."""
    import importlib

    module = importlib.import_module(library)
    request.setdefault("method", "POST")
    view = View()
    if asynchronous:
        asyncio.run(_alook(module, view, url, stop_after, timeout, raw, request))
        return view
    start = time.perf_counter()
    try:
        with module.Client(timeout=timeout, trust_env=False) as client, client.stream(url=url, **request) as response:
            view.status, view.headers = response.status_code, dict(response.headers)
            for piece in response.iter_raw() if raw else response.iter_bytes():
                _note(view, piece, start)
                if stop_after is not None and len(view.chunks) >= stop_after:
                    break
    except module.HTTPError as error:
        view.error = type(error).__name__
    return view


async def _alook(
    module: Any, view: View, url: str, stop_after: int | None, timeout: float, raw: bool, request: Any
) -> None:
    start = time.perf_counter()
    try:
        async with module.AsyncClient(timeout=timeout, trust_env=False) as client:
            async with client.stream(url=url, **request) as response:
                view.status, view.headers = response.status_code, dict(response.headers)
                async for piece in response.aiter_raw() if raw else response.aiter_bytes():
                    _note(view, piece, start)
                    if stop_after is not None and len(view.chunks) >= stop_after:
                        break
    except module.HTTPError as error:
        view.error = type(error).__name__


def _note(view: View, piece: bytes, start: float) -> None:
    view.body += piece
    view.chunks.append(len(piece))
    view.at_s.append(time.perf_counter() - start)


@contextlib.contextmanager
def raises(what: str) -> Iterator[None]:
    """Something, anything, must be raised in the block, also a BaseException of the tool's own."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        if type(error).__name__ in ("ConnectError", "ConnectTimeout"):
            raise AssertionError(f"{what}: the network was asked") from error
        return
    raise AssertionError(f"{what}: nothing was raised")
