"""Clients that are set up in unusual ways see the same without a recorder, while recording, and on replay."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

import playhead
from tests.cassette._server import Received, Server, Steps, chunked, json_reply, reply
from tests.faults._looks import Kind, look, spread, three_times

FRAMES = [f'data: {{"n": {number}}}\n\n'.encode() for number in range(3)]
PLAIN = "q7Rr2mT9xW4zK8vB1nC6"

Setup = Callable[[Any, bool, str], dict[str, Any]]
"""Of the module, whether it is async, and the server's address: what to hand to `look`."""


def by_proxy(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    return {"url": "http://api.example.com/x", "client": {"proxy": url}}


def by_proxy_with_password(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    return {"url": "http://api.example.com/x", "client": {"proxy": url.replace("://", "://user:pw@")}}


def by_tunnel(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    return {"url": "https://api.example.com/x", "client": {"proxy": url}}


def by_proxy_that_is_down(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    return {"url": "http://api.example.com/x", "client": {"proxy": "http://127.0.0.1:9"}}


def mounted(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    transport = module.AsyncHTTPTransport() if is_async else module.HTTPTransport()
    return {"url": f"{url}/x", "client": {"mounts": {"all://127.0.0.1": transport}}}


def with_settings(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    settings = {"base_url": f"{url}/v1/", "params": {"k": "1"}, "headers": {"x-z": "1"}, "cookies": {"a": "b"}}
    return {"url": "/y", "client": settings}


def with_hooks(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    def check(response: Any) -> None:
        if response.status_code != 200 or not response.request.headers["x-hooked"]:
            raise LookupError("the hook did not see what it should")

    def mark(request: Any) -> None:
        request.headers["x-hooked"] = "1"

    async def check_async(response: Any) -> None:
        await response.aread()
        check(response)

    async def mark_async(request: Any) -> None:
        mark(request)

    hooks: dict[str, list[Any]] = {"request": [mark], "response": [check]}
    if is_async:
        hooks = {"request": [mark_async], "response": [check_async]}
    return {"url": f"{url}/x", "client": {"event_hooks": hooks}}


def with_digest(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    return {"url": f"{url}/digest", "auth": module.DigestAuth("user", "secret-pw-1234")}


def with_tokens(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    class Tokens(module.Auth):
        requires_response_body = True

        def auth_flow(self, request: Any) -> Generator[Any, Any]:
            asked: Any = yield module.Request("POST", f"{url}/token", data={"client_secret": "s3cr3t-abcdef"})
            request.headers["authorization"] = f"Bearer {asked.json()['access_token']}"
            yield request

    return {"url": f"{url}/x", "auth": Tokens()}


def refused(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    transport = module.AsyncHTTPTransport(retries=1) if is_async else module.HTTPTransport(retries=1)
    return {"url": "http://127.0.0.1:9/x", "client": {"transport": transport}}


def unknown_scheme(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    return {"url": "ftp://127.0.0.1/x"}


def bad_header(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    return {"url": f"{url}/x", "headers": {"x": "a\nb"}}


def encrypted_for_a_plain_server(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    return {"url": url.replace("http:", "https:"), "client": {"timeout": 1.0}}


def application(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    def of_wsgi(environment: Any, start: Any) -> Iterator[bytes]:
        start("201 Created", [("x-a", "1"), ("x-a", "2")])
        return iter(FRAMES)

    async def of_asgi(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"1"), (b"x-a", b"2")]})
        for frame in FRAMES:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    transport = module.ASGITransport(of_asgi) if is_async else module.WSGITransport(of_wsgi)
    return {"url": "http://app/x", "client": {"transport": transport}}


def application_that_raises(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    def of_wsgi(environment: Any, start: Any) -> Iterator[bytes]:
        raise KeyError("inside")

    async def of_asgi(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("inside")

    transport = module.ASGITransport(of_asgi) if is_async else module.WSGITransport(of_wsgi)
    return {"url": "http://app/x", "client": {"transport": transport}}


def answers_that_break(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    def pieces() -> Iterator[bytes]:
        yield FRAMES[0]
        raise ZeroDivisionError("odd")

    async def pieces_async() -> AsyncIterator[bytes]:
        yield FRAMES[0]
        raise ZeroDivisionError("odd")

    def answer(request: Any) -> Any:
        return module.Response(200, content=pieces_async() if is_async else pieces())

    return {"url": "http://mock/x", "client": {"transport": module.MockTransport(answer)}}


def tries_again(module: Any, is_async: bool, url: str) -> dict[str, Any]:
    class Again(module.BaseTransport):
        def __init__(self) -> None:
            self.inner = module.HTTPTransport()

        def handle_request(self, request: Any) -> Any:
            response = self.inner.handle_request(request)
            while response.status_code == 429:
                response.read()
                response = self.inner.handle_request(request)
            return response

    class AgainAsync(module.AsyncBaseTransport):
        def __init__(self) -> None:
            self.inner = module.AsyncHTTPTransport()

        async def handle_async_request(self, request: Any) -> Any:
            response = await self.inner.handle_async_request(request)
            while response.status_code == 429:
                await response.aread()
                response = await self.inner.handle_async_request(request)
            return response

    return {"url": f"{url}/busy", "client": {"transport": AgainAsync() if is_async else Again()}}


SETUPS: dict[str, Setup] = {
    function.__name__.replace("_", " "): function
    for function in (
        by_proxy, by_proxy_with_password, by_tunnel, by_proxy_that_is_down, mounted, with_settings, with_hooks, with_digest,
        with_tokens, refused, unknown_scheme, bad_header, encrypted_for_a_plain_server, application, application_that_raises,
        answers_that_break, tries_again,
    )
}  # fmt: skip


def answer(received: Received) -> Steps:
    if received.method == "CONNECT":
        return reply(b"no", status="403 Forbidden")
    if received.path == "/token":
        return json_reply({"access_token": PLAIN})
    if received.path == "/digest" and "authorization" not in received.headers:
        challenge = 'Digest realm="r", nonce="abcdef0123456789abcdef0123456789", qop="auth", algorithm=MD5'
        return reply(b"who?", status="401 Unauthorized", headers={"www-authenticate": challenge})
    return chunked(FRAMES, gap=0.01)


@pytest.mark.parametrize(("setup", "kind"), spread(SETUPS, slow=["encrypted for a plain server"]))
def test_an_unusual_client_sees_the_same_three_times(setup: Setup, kind: Kind, server: Server, tape: Path) -> None:
    attempts = iter(range(1, 100))

    def answered(received: Received) -> Steps:
        if received.path == "/busy" and next(attempts) % 3:
            return reply(b"slow down", status="429 Too Many Requests")
        return answer(received)

    server.replies["*"] = answered

    def once() -> dict[str, Any]:
        asked: dict[str, Any] = {"json": {"a": 1}, **setup(*kind, server.url)}
        return look(kind, **asked)

    bare, recorded, replayed = three_times(tape, server, once)
    assert recorded == bare
    assert replayed == bare
    assert PLAIN not in tape.read_text() if tape.exists() else True


# -- HTTP/2


@contextlib.contextmanager
def http2(act: Callable[[Any, int, Callable[[], None], socket.socket], None]) -> Generator[str]:
    """A server that speaks HTTP/2 at once, and lets `act` answer each request."""
    h2 = pytest.importorskip("h2")
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import StreamEnded

    assert h2

    def serve(connection: socket.socket) -> None:
        spoken = H2Connection(H2Configuration(client_side=False))
        with contextlib.suppress(Exception), connection:
            spoken.initiate_connection()
            connection.sendall(spoken.data_to_send())
            while data := connection.recv(65536):
                for event in spoken.receive_data(data):
                    if isinstance(event, StreamEnded):
                        act(spoken, event.stream_id, lambda: connection.sendall(spoken.data_to_send()), connection)
                connection.sendall(spoken.data_to_send())

    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def h2_whole(spoken: Any, stream: int, send: Callable[[], None], connection: socket.socket) -> None:
    spoken.send_headers(stream, [(":status", "200"), ("content-type", "text/event-stream"), ("x-a", "b")])
    for frame in FRAMES:
        spoken.send_data(stream, frame)
        send()
        time.sleep(0.01)
    spoken.end_stream(stream)


def h2_reset(spoken: Any, stream: int, send: Callable[[], None], connection: socket.socket) -> None:
    spoken.send_headers(stream, [(":status", "200")])
    spoken.send_data(stream, FRAMES[0])
    send()
    time.sleep(0.05)
    spoken.reset_stream(stream, error_code=2)


def h2_refused(spoken: Any, stream: int, send: Callable[[], None], connection: socket.socket) -> None:
    spoken.reset_stream(stream, error_code=7)


def h2_cut(spoken: Any, stream: int, send: Callable[[], None], connection: socket.socket) -> None:
    spoken.send_headers(stream, [(":status", "200")])
    spoken.send_data(stream, FRAMES[0])
    send()
    time.sleep(0.05)
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("act", "kind"), spread({act.__name__: act for act in (h2_whole, h2_reset, h2_refused, h2_cut)})
)
def test_http2_is_the_same_three_times(act: Any, kind: Kind, server: Server, tape: Path) -> None:
    with http2(act) as url:
        client: dict[str, Any] = {"http1": False, "http2": True}
        bare, recorded, replayed = three_times(tape, server, lambda: look(kind, url, client=client, json={"a": 1}))
    for seen in (bare, recorded, replayed):
        del seen["pieces"]
    assert recorded == bare
    assert replayed == bare


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")
@pytest.mark.parametrize(("_", "kind"), spread({"": 0}))
def test_a_unix_socket_is_the_same_three_times(_: int, kind: Kind, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "s"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")

    threading.Thread(target=serve, daemon=True).start()
    module, is_async = kind

    def once() -> dict[str, Any]:
        transport = (module.AsyncHTTPTransport if is_async else module.HTTPTransport)(uds=str(path))
        return look(kind, "http://local/x", method="GET", client={"transport": transport})

    bare, recorded, replayed = three_times(tmp_path / "tape.yaml", server, once)
    listener.close()
    assert recorded == bare
    assert replayed == bare


@pytest.mark.parametrize(("_", "kind"), spread({"": 0}))
def test_a_connection_that_is_kept_survives_streams_left_early_and_failures(
    _: int, kind: Kind, server: Server, tape: Path
) -> None:
    module, is_async = kind
    server.replies |= {"/early": chunked(FRAMES, gap=0.01), "/fails": [], "/plain": reply(b"p")}
    order = ["/plain", "/early", "/fails", "/plain", "/early", "/fails", "/plain"]

    def blocking() -> list[Any]:
        seen: list[Any] = []
        with module.Client(trust_env=False, verify=False) as client:
            for path in order:
                try:
                    with client.stream("POST", server.url + path) as response:
                        seen.append(next(response.iter_bytes()))
                except module.HTTPError as error:
                    seen.append(repr(error))
        return seen

    async def waiting() -> list[Any]:
        seen: list[Any] = []
        async with module.AsyncClient(trust_env=False, verify=False) as client:
            for path in order:
                try:
                    async with client.stream("POST", server.url + path) as response:
                        async for piece in response.aiter_bytes():
                            seen.append(piece)
                            break
                except module.HTTPError as error:
                    seen.append(repr(error))
        return seen

    bare, recorded, replayed = three_times(tape, server, lambda: asyncio.run(waiting()) if is_async else blocking())
    assert recorded == bare == replayed


def test_cookies_and_their_masks_travel_on(server: Server, tape: Path) -> None:
    import httpx

    def answered(received: Received) -> Steps:
        if received.path == "/login":
            return reply(b"", headers={"set-cookie": f"sid={PLAIN}; Path=/; HttpOnly"})
        return reply(b"known" if "sid=" in received.headers.get("cookie", "") else b"unknown")

    server.replies["*"] = answered

    def once() -> tuple[list[str], bytes]:
        with httpx.Client(trust_env=False, verify=False) as client:
            client.get(f"{server.url}/login")
            return list(client.cookies), client.get(f"{server.url}/me").content

    bare, recorded, replayed = three_times(tape, server, once)
    assert recorded == bare == replayed == (["sid"], b"known")
    assert PLAIN not in tape.read_text()
    assert playhead.cassette.read_file(str(tape)).interactions[1].request.headers["cookie"] != []
