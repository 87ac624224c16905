"""Streams that go wrong: what the client sees must be the same without a recorder, while recording, and on replay."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from pathlib import Path
from typing import Any

from _kit import CLOSE, CUT, SSE_HEAD, Server, Tool, View, always, case, chunk, look, stream, whole

FRAMES = [f'data: {{"n": {number}, "text": "tok\u00e9n {number}"}}\n\n'.encode() for number in range(8)]
HEAD_11 = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n"


def same(
    name: str,
    steps: list[Any],
    *,
    chunks: bool = True,
    counted: bool = True,
    variants: tuple[tuple[str, bool], ...] = (("httpx", False), ("httpx", True)),
    **options: Any,
) -> None:
    """A case that compares status, bytes, error and (on request) chunks of three views of one exchange."""

    for library, asynchronous in variants:
        title = (
            name
            if (library, asynchronous) == ("httpx", False)
            else f"{name} ({library}, {'async' if asynchronous else 'sync'})"
        )

        def run(tool: Tool, folder: Path, library: str = library, asynchronous: bool = asynchronous) -> None:
            file = folder / "one.yaml"
            with Server(always(steps)) as server:
                bare = look(server.url, library, asynchronous=asynchronous, json={"a": 1}, **options)
                with tool.record(file):
                    recorded = look(server.url, library, asynchronous=asynchronous, json={"a": 1}, **options)
                assert recorded.outcome == bare.outcome, (
                    f"recording changes what is seen: {brief(bare)} becomes {brief(recorded)}"
                )
                asked = len(server.received)
            with tool.replay(file):
                replayed = look(server.url, library, asynchronous=asynchronous, json={"a": 1}, **options)
            assert len(server.received) == asked
            assert replayed.outcome == bare.outcome, f"the replay differs: {brief(bare)} becomes {brief(replayed)}"
            if chunks:
                assert not counted or len(recorded.chunks) == len(bare.chunks), (
                    f"{len(bare.chunks)} chunks become {len(recorded.chunks)}"
                )
                assert replayed.chunks == recorded.chunks, (
                    f"chunks {recorded.chunks[:9]} replay as {replayed.chunks[:9]}"
                )

        case("streams", title)(run)


def brief(view: View) -> str:
    return f"({view.status}, {len(view.body)} bytes, {view.error})"


G = 0.01
same("a stream", stream(FRAMES, G), variants=(("httpx", False), ("httpx", True), ("httpx2", False), ("httpx2", True)))
same(
    "cut off within a chunk",
    [SSE_HEAD, chunk(FRAMES[0]), G, b'40\r\ndata: {"n"', G, CLOSE],
    variants=(("httpx", False), ("httpx", True), ("httpx2", True)),
)
same("cut off between chunks", [SSE_HEAD, chunk(FRAMES[0]), G, chunk(FRAMES[1]), G, CLOSE])
same(
    "reset in the middle",
    [SSE_HEAD, chunk(FRAMES[0]), 0.05, CUT],
    variants=(("httpx", False), ("httpx", True), ("httpx2", True)),
)
same("shorter than its content-length", [HEAD_11 + b"content-length: 500\r\n\r\n" + FRAMES[0], G, CLOSE])
same("invalid chunk size", [SSE_HEAD, chunk(FRAMES[0]), G, b"zz\r\nwhat\r\n"])
same(
    "a stall",
    [SSE_HEAD, chunk(FRAMES[0]), 3.0, chunk(FRAMES[1]), b"0\r\n\r\n"],
    timeout=1.0,
    variants=(("httpx", False), ("httpx", True), ("httpx2", True)),
)
same("a stall before the headers", [3.0, SSE_HEAD], timeout=1.0)
same("closed before the headers", [CLOSE], variants=(("httpx", False), ("httpx", True), ("httpx2", True)))
same("reset before the headers", [0.05, CUT])
same("no http at all", [b"SSH-2.0-OpenSSH_9.6\r\n", CLOSE])
same(
    "an error event",
    stream([FRAMES[0], b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'], G),
)
same("an error event, then closed", [SSE_HEAD, chunk(FRAMES[0]), chunk(b"event: error\ndata: {}\n\n"), CLOSE])
same("invalid UTF-8", stream([b"data: \xff\xfe\xc3\x28\n\n", FRAMES[0]], G))
same("UTF-8 split between chunks", stream([b"data: \xf0\x9f", b"\x98\x80 \xe2", b"\x82\xac\n\n"], G))
same("CR LF split between chunks", stream([b"data: 1\r", b"\n\r", b"\ndata: 2\r\n\r\n"], G))
same("lone CR", stream([b"data: 1\r\rdata: 2\r", b"\r"], G))
same("NUL and control characters", stream([bytes(range(32)) + b"\x7f\x85", b"\x00\n\n"], G))
same("line separators", stream(["data: a\u2028b\u2029c\u0085d\n\n".encode(), b"\xef\xbb\xbfdata: x\n\n"], G))
same("leading spaces and blank lines", stream([b"   \n\n  data: 1\n", b"\n\n\n\n   "], G))
same(
    "what looks like YAML",
    stream([b"- request:\n    method: GET\nversion: 1\n", b"--- !!python/object\n...\n%YAML 1.1\n"], G),
)
same("an empty body", whole(b""))
same("204 without a body", [b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"])
same("an empty stream", stream([]))
same("comments and keep-alives", stream([b": keep-alive\n\n", b": keep-alive\n\n", FRAMES[0]], G))
same("no final blank line", stream([FRAMES[0], b"data: [DONE]"], G))
# Without HTTP chunks it depends on the moment how many pieces a client reads.
same("a body until close", [HEAD_11 + b"\r\n", FRAMES[0], G, FRAMES[1], G, CLOSE], counted=False)
same("a frame of 5 MB", stream([b"data: " + b"x" * 5_000_000 + b"\n\n"]), timeout=10, chunks=False)
same(
    "100,000 tiny frames",
    [SSE_HEAD, b"".join(chunk(b"data: 1\n\n") for _ in range(100_000)), b"0\r\n\r\n"],
    timeout=20,
    chunks=False,
)
same("500 with a page", whole("<html>bad gateway</html>", "502 Bad Gateway", content_type="text/html"))
same("429 with retry-after", whole('{"error": {"message": "slow down"}}', "429 Too Many Requests", retry_after="0"))
same("a redirect that is not followed", whole(b"", "307 Temporary Redirect", location="/elsewhere"))
same("binary", whole(bytes(range(256)) * 20, content_type="image/png"))
same("gzip", whole(gzip.compress(b"".join(FRAMES), mtime=0), content_encoding="gzip", content_type="text/event-stream"))
same("deflate", whole(zlib.compress(b"".join(FRAMES)), content_encoding="deflate"))
same("gzip that is none", whole(b"this is not gzip", content_encoding="gzip"))
same("gzip cut off", whole(gzip.compress(b"".join(FRAMES) * 50, mtime=0)[:-12], content_encoding="gzip"))
same("an unknown content-encoding", whole(b"plain after all", content_encoding="x-unknown"))
same(
    "odd header values",
    whole(b"{}", x_latin="caf\xe9", x_empty="", x_quotes='a "b", c: d #e', x_yaml="!!python/name:os.system"),
)


same("chunk extensions and trailers", [SSE_HEAD, b"5;name=value\r\nhello\r\n", b"0\r\nx-trailer: 1\r\n\r\n"])
same("103 before the reply", [b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", G, *whole(b"after")])
same("a HEAD request", [b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\nconnection: close\r\n\r\n"], method="HEAD")
same("304", [b"HTTP/1.1 304 Not Modified\r\netag: x\r\nconnection: close\r\n\r\n"], method="GET")
same("a hundred headers", whole(b"{}", **{f"x_header_{number}": "v" * 50 for number in range(95)}))
same(
    "a body larger than said", [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok and more", CLOSE]
)
same("HTTP/1.0", [b"HTTP/1.0 200 OK\r\n\r\nold", CLOSE])
same("an empty status line", [b"\r\n\r\n", CLOSE])
same("two content-lengths", [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok", CLOSE])
same("a stream with empty lines only", stream([b"\n", b"\n\n", b"\r\n"], G))
same("one byte at a time", stream([bytes([byte]) for byte in "data: é😀\n\n".encode()], 0.002))
same(
    "a thousand chunks",
    stream([f"data: {number}\n\n".encode() for number in range(1000)], 0.0),
    chunks=False,
    timeout=5,
)


def gzip_stream() -> list[Any]:
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(frame) + packer.flush(zlib.Z_SYNC_FLUSH) for frame in FRAMES]
    return stream(
        [*pieces, packer.flush()], G, head=SSE_HEAD.replace(b"connection", b"content-encoding: gzip\r\nconnection")
    )


same("a gzipped stream", gzip_stream(), variants=(("httpx", False), ("httpx", True), ("httpx2", True)))


@case("streams", "the first chunk arrives when the server sent it")
def first_chunk(tool: Tool, folder: Path) -> None:
    with Server(always(stream(FRAMES[:6], 0.25))) as server, tool.record(folder / "one.yaml"):
        view = look(server.url, timeout=5)
    assert view.at_s[-1] - view.at_s[0] > 0.6, (
        f"it came {view.at_s[-1] - view.at_s[0]:.2f} s before the last, which was sent 1.25 s later"
    )


@case("streams", "the first chunk arrives when the server sent it (async)")
def first_chunk_async(tool: Tool, folder: Path) -> None:
    with Server(always(stream(FRAMES[:6], 0.25))) as server, tool.record(folder / "one.yaml"):
        view = look(server.url, timeout=5, asynchronous=True)
    assert view.at_s[-1] - view.at_s[0] > 0.6, (
        f"it came {view.at_s[-1] - view.at_s[0]:.2f} s before the last, which was sent 1.25 s later"
    )


def left_early(asynchronous: bool) -> Any:
    def run(tool: Tool, folder: Path) -> None:
        file = folder / "one.yaml"
        endless = [SSE_HEAD] + [step for number in range(400) for step in (chunk(b"data: %d\n\n" % number), 0.01)]
        with Server(always(endless)) as server:
            start = time.perf_counter()
            with tool.record(file):
                recorded = look(server.url, stop_after=3, timeout=10, asynchronous=asynchronous)
            assert time.perf_counter() - start < 2, "the endless stream was read to its end"
            time.sleep(0.2)
            assert server.hung_up, "the server's stream was not closed"
        with tool.replay(file):
            replayed = look(server.url, stop_after=3, asynchronous=asynchronous)
        assert replayed.body == recorded.body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"

    return run


case("streams", "a stream that is left early")(left_early(False))
case("streams", "a stream that is left early (async)")(left_early(True))


@case("streams", "a task cancelled within a stream")
def cancelled(tool: Tool, folder: Path) -> None:
    import httpx

    file = folder / "one.yaml"
    endless = [SSE_HEAD] + [step for number in range(400) for step in (chunk(b"data: %d\n\n" % number), 0.01)]

    async def read(url: str, seen: list[bytes]) -> None:
        async with httpx.AsyncClient(trust_env=False) as client, client.stream("POST", url) as response:
            async for piece in response.aiter_bytes():
                seen.append(piece)

    async def cancel(url: str) -> list[bytes]:
        seen: list[bytes] = []
        task = asyncio.create_task(read(url, seen))
        while len(seen) < 3:
            await asyncio.sleep(0.005)
            if task.done():
                raise AssertionError(f"the task ended: {task.exception()!r}")
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return seen
        raise AssertionError("the task was not cancelled")

    with Server(always(endless)) as server:
        with tool.record(file):
            recorded = asyncio.run(asyncio.wait_for(cancel(server.url), 3))
    with tool.replay(file):
        view = look(server.url, stop_after=len(recorded), timeout=1)
    assert view.body.startswith(b"".join(recorded[:3]))


@case("streams", "an exception of the consumer")
def consumer_fails(tool: Tool, folder: Path) -> None:
    import httpx

    file = folder / "one.yaml"
    with Server(always(stream(FRAMES, 0.01))) as server:
        try:
            with (
                tool.record(file),
                httpx.Client(trust_env=False) as client,
                client.stream("POST", server.url) as response,
            ):
                for _ in response.iter_bytes():
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        with tool.use(file, "once"):  # what was kept, or a new recording: but no mixture of both
            assert look(server.url, stop_after=1).body.startswith(FRAMES[0])


@case("streams", "headers come back as they were")
def headers(tool: Tool, folder: Path) -> None:
    import httpx

    file = folder / "one.yaml"
    steps = [
        b"HTTP/1.1 200 Fine\r\nX-Request-Id: r-1\r\nx-multi: a\r\nx-multi: b\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
    ]
    with Server(always(steps)) as server:
        with tool.record(file):
            httpx.get(server.url, trust_env=False)
    with tool.replay(file):
        response = httpx.get(server.url, trust_env=False)
    assert response.headers["x-request-id"] == "r-1"
    assert response.headers.get_list("x-multi") == ["a", "b"]
    assert (response.status_code, response.reason_phrase) == (200, "Fine")


@case("streams", "no network and no key are needed for a replay")
def refused_then_replayed(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(always(whole(json.dumps({"ok": 1})))) as server:
        with tool.record(file):
            look(server.url, json={"a": 1})
    with tool.replay(file):
        assert look(server.url, json={"a": 1}).status == 200


@case("streams", "a connection that is refused")
def refused(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(always(whole())) as server:
        pass
    bare = look(server.url, json={"a": 1})
    with tool.record(file):
        recorded = look(server.url, json={"a": 1})
    with Server(always(whole())) as elsewhere:
        with tool.replay(file):
            replayed = look(server.url, json={"a": 1})
        assert not elsewhere.received
    assert bare.error == recorded.error == replayed.error == "ConnectError"
