"""What a client sees while it is recorded, and again when it is replayed: the same chunks, the same end."""

from __future__ import annotations

import asyncio
import functools
import gzip
import threading
import zlib
from pathlib import Path

import brotli
import httpx
import httpx2
import pytest
import vcr
import zstandard

from playhead.cassette import read_file, use_cassette
from tests.cassette._clients import Kind, fetch
from tests.cassette._server import CUT, Server, chunked, reply

FRAMES = [f'data: {{"n": {number}, "delta": " token"}}\n\n'.encode() for number in range(20)]


def test_the_first_chunk_is_seen_before_the_second_is_sent_and_the_replay_has_the_same_twenty(
    kind: Kind, server: Server, tape: Path
) -> None:
    seen, was_seen = threading.Event(), list[bool]()
    server.replies["/stream"] = chunked([FRAMES[0], lambda: was_seen.append(seen.wait(20)), *FRAMES[1:]])
    with use_cassette(tape, "once"):
        live, error = fetch(kind, server.url + "/stream", seen=lambda chunk: seen.set(), timeout=50)
    assert error is None
    assert live == FRAMES
    assert was_seen == [True]

    with use_cassette(tape) as cassette:
        replayed, error = fetch(kind, server.url + "/stream")
    assert error is None
    assert replayed == FRAMES
    assert cassette.all_played
    assert len(server.requests) == 1


def test_a_recorded_stream_replays_under_plain_vcr(kind: Kind, server: Server, tape: Path) -> None:
    server.replies["/stream"] = chunked(FRAMES)
    with use_cassette(tape, "once"):
        fetch(kind, server.url + "/stream")
    with vcr.use_cassette(str(tape), record_mode="none"):
        replayed, error = fetch(kind, server.url + "/stream")
    assert error is None
    assert b"".join(replayed) == b"".join(FRAMES)
    assert len(server.requests) == 1


def test_a_file_that_one_library_recorded_replays_in_the_other(server: Server, tape: Path) -> None:
    server.replies["/stream"] = chunked(FRAMES)
    with use_cassette(tape, "once"):
        fetch((httpx, False), server.url + "/stream")
    with use_cassette(tape):
        replayed, _ = fetch((httpx2, True), server.url + "/stream")
    assert replayed == FRAMES


@pytest.mark.parametrize("ending", ["cut", "garbage", "too-few", "stall"])
def test_a_broken_stream_replays_the_same_error_at_the_same_byte(
    kind: Kind, server: Server, tape: Path, ending: str
) -> None:
    server.replies["/stream"] = {
        "cut": chunked([*FRAMES[:7], CUT], end=False),
        "garbage": [*chunked(FRAMES[:7], end=False), b"this is no chunk size\r\n"],
        "too-few": reply(b"".join(FRAMES[:7]), headers={"content-length": "5000"}),
        "stall": chunked([*FRAMES[:7], 10.0, FRAMES[7]]),
    }[ending]
    timeout = 0.5 if ending == "stall" else 50.0
    plain, plain_error = fetch(kind, server.url + "/stream", timeout=timeout)
    with use_cassette(tape, "once"):
        live, error = fetch(kind, server.url + "/stream", timeout=timeout)
    assert type(error) is type(plain_error) is not type(None)
    assert b"".join(live) == b"".join(plain) == b"".join(FRAMES[:7])
    with use_cassette(tape):
        replayed, replayed_error = fetch(kind, server.url + "/stream", timeout=timeout)
    assert replayed == live
    assert type(replayed_error) is type(error)
    assert str(replayed_error) == str(error)
    end = "timeout" if ending == "stall" else "disconnected"
    assert read_file(str(tape)).interactions[0].response.end == end


def test_a_request_that_failed_before_any_headers_is_kept_as_599_and_fails_again(
    kind: Kind, server: Server, tape: Path
) -> None:
    server.replies["/gone"] = [CUT]
    with use_cassette(tape, "once"):
        _, error = fetch(kind, server.url + "/gone")
    assert error is not None
    with use_cassette(tape):
        _, replayed = fetch(kind, server.url + "/gone")
    assert type(replayed) is type(error)
    assert str(replayed) == str(error)
    response = read_file(str(tape)).interactions[0].response
    assert (response.status, response.reason, response.body, response.end) == (599, "no response", b"", "failed")
    with vcr.use_cassette(str(tape), record_mode="none"):
        assert httpx.post(server.url + "/gone", json={"stream": True}).status_code == 599


def test_a_refused_connection_is_refused_again(kind: Kind, tape: Path) -> None:
    url = "http://127.0.0.1:9/never"
    with use_cassette(tape, "once"):
        _, error = fetch(kind, url)
    with use_cassette(tape):
        _, replayed = fetch(kind, url)
    assert type(replayed) is type(error)
    assert type(error).__name__ == "ConnectError"


def test_a_client_that_stops_early_keeps_what_it_read(kind: Kind, server: Server, tape: Path) -> None:
    server.replies["/stream"] = chunked(FRAMES, gap=0.005)
    with use_cassette(tape, "once"):
        live, _ = fetch(kind, server.url + "/stream", stop_after=5)
    response = read_file(str(tape)).interactions[0].response
    assert response.end == "closed_by_client"
    assert response.chunks == live == FRAMES[:5]
    with use_cassette(tape):
        replayed, error = fetch(kind, server.url + "/stream", stop_after=5)
    assert (replayed, error) == (FRAMES[:5], None)


@pytest.mark.parametrize("module", [httpx, httpx2])
def test_a_cancelled_task_is_kept_as_cancelled_and_the_replay_waits_for_the_next_cancelling(
    module: object, server: Server, tape: Path
) -> None:
    server.replies["/stream"] = chunked([*FRAMES[:3], 5.0, FRAMES[3]])

    async def run() -> tuple[list[bytes], bool]:
        chunks: list[bytes] = []

        async def read(limit: asyncio.Timeout) -> None:
            async with module.AsyncClient() as client, client.stream("POST", server.url + "/stream") as response:
                async for chunk in response.aiter_raw():
                    chunks.append(chunk)
                    if len(chunks) == 3:
                        limit.reschedule(asyncio.get_running_loop().time() + 0.05)

        try:
            async with asyncio.timeout(None) as limit:
                await read(limit)
        except TimeoutError:
            return chunks, True
        return chunks, False

    with use_cassette(tape, "once"):
        live = asyncio.run(run())
    assert live == (FRAMES[:3], True)
    assert read_file(str(tape)).interactions[0].response.end == "cancelled"
    with use_cassette(tape):
        assert asyncio.run(run()) == live


ENCODERS = {
    "gzip": functools.partial(gzip.compress, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_compressed_stream_is_stored_readable_and_gives_the_same_bytes(
    kind: Kind, server: Server, tape: Path, encoding: str
) -> None:
    body = b"".join(FRAMES)
    packed = ENCODERS[encoding](body)
    pieces = [packed[start : start + 10] for start in range(0, len(packed), 10)]
    server.replies["/stream"] = chunked(pieces, headers={"content-encoding": encoding})
    with use_cassette(tape, "once"):
        live, error = fetch(kind, server.url + "/stream", raw=False)
    assert error is None
    if encoding not in kind[0]._decoders.SUPPORTED_DECODERS:
        pytest.skip(f"{kind[0].__name__} does not decode {encoding} here")
    assert b"".join(live) == body
    response = read_file(str(tape)).interactions[0].response
    assert response.body == body
    assert response.header("content-encoding") is None
    assert response.stream is not None
    assert response.stream.encoding == encoding
    assert len(response.stream.chunks) == len(pieces)
    assert b"token" in tape.read_bytes()
    with use_cassette(tape):
        replayed, error = fetch(kind, server.url + "/stream", raw=False)
    assert (b"".join(replayed), error) == (body, None)


def test_a_body_that_is_not_what_its_encoding_says_stays_raw_and_fails_again(
    kind: Kind, server: Server, tape: Path
) -> None:
    server.replies["/stream"] = chunked([b"this is ", b"no gzip"], headers={"content-encoding": "gzip"})
    with use_cassette(tape, "once"):
        _, error = fetch(kind, server.url + "/stream", raw=False)
    assert type(error).__name__ == "DecodingError"
    with use_cassette(tape):
        _, replayed = fetch(kind, server.url + "/stream", raw=False)
    assert type(replayed) is type(error)
    assert read_file(str(tape)).interactions[0].response.header("content-encoding") == "gzip"


def test_a_response_that_is_never_read_is_kept_when_the_cassette_closes(server: Server, tape: Path) -> None:
    server.replies["/stream"] = chunked(FRAMES)
    client = httpx.Client()
    with use_cassette(tape, "once"):
        response = client.send(client.build_request("GET", server.url + "/stream"), stream=True)
        iterator = response.iter_raw()
        first = next(iterator)
    response.close()
    client.close()
    kept = read_file(str(tape)).interactions[0].response
    assert (kept.end, kept.chunks) == ("closed_by_client", [first])


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"data: tok\n\n"] * 2_000, id="2,000 tiny"),
        pytest.param([b"data: tok\n\n"] * 100_000, id="100,000 tiny", marks=pytest.mark.slow),
        pytest.param([b"data: " + b"x" * 5_000_000 + b"\n\n"], id="5 MB frame"),
    ],
)
def test_many_tiny_or_one_huge_chunk_arrive_as_they_were(server: Server, tape: Path, pieces: list[bytes]) -> None:
    server.replies["/stream"] = chunked(pieces)
    with use_cassette(tape, "once"):
        live, _ = fetch((httpx, True), server.url + "/stream")
    with use_cassette(tape):
        replayed, _ = fetch((httpx, True), server.url + "/stream")
    assert replayed == live
    assert b"".join(live) == b"".join(pieces)


BODIES = {
    "crlf": b"data: a\r\n\r\ndata: b\r\n\r\n",
    "bare-cr": b"data: a\r\rdata: b\r",
    "leading-space": b"  data: a\n\n",
    "trailing-spaces": b"data: a  \n\t\n\n\n",
    "nul": b"data: \x00\n\n",
    "nel": "data: a\u0085b\u2028c\u2029d\n".encode(),
    "bom": "\ufeffdata: a\n\n".encode(),
    "invalid-utf8": b"data: \xff\xfe\x80\n\n",
    "emoji": "data: 😀 é 漢字\n\n".encode(),
    "yaml": b"version: 1\n- request:\n---\n...\n&a *b !!c #d\n",
    "empty": b"",
    "newlines": b"\n\n\n",
    "no-final-newline": b"data: a",
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_byte_exact_here_and_under_plain_vcr(server: Server, tape: Path, name: str) -> None:
    body = BODIES[name]
    server.replies["/body"] = reply(body)
    with use_cassette(tape, "once"):
        assert httpx.get(server.url + "/body").content == body
    with use_cassette(tape):
        assert httpx.get(server.url + "/body").content == body
    with vcr.use_cassette(str(tape), record_mode="none"):
        assert httpx.get(server.url + "/body").content == body
    assert len(server.requests) == 1


def test_a_character_cut_in_two_stays_cut_in_two(server: Server, tape: Path) -> None:
    pieces = [b"data: \xe2", b"\x82", b"\xac\n\n"]
    server.replies["/stream"] = chunked(pieces, gap=0.01)
    with use_cassette(tape, "once"):
        fetch((httpx, False), server.url + "/stream")
    with use_cassette(tape):
        assert fetch((httpx, False), server.url + "/stream")[0] == pieces


STREAMS = {
    "error event": [
        b"data: {}\n\n",
        b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error"}}\n\n',
    ],
    "invalid utf-8": [b"data: \xff\xfe", b"\x80\xc3\n\n"],
    "split utf-8": [b"data: \xf0\x9f", b"\x98\x80\n\n"],
    "crlf split": [b"data: a\r", b"\n\r", b"\ndata: b\r\n\r\n"],
    "comments and pings": [b": ping\n\n", b"event: ping\ndata: {}\n\n", b"data: [DONE]\n\n"],
    "nothing": [],
}


@pytest.mark.parametrize("name", STREAMS)
def test_odd_streams_reach_the_client_as_without_a_recorder(kind: Kind, server: Server, tape: Path, name: str) -> None:
    server.replies["/stream"] = chunked(STREAMS[name], gap=0.01)
    plain = fetch(kind, server.url + "/stream")
    with use_cassette(tape, "once"):
        assert fetch(kind, server.url + "/stream") == plain
    with use_cassette(tape):
        assert fetch(kind, server.url + "/stream") == plain
    assert plain == (STREAMS[name], None)


def test_the_version_of_the_protocol_and_the_reason_are_kept(tape: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        extensions = {"http_version": b"HTTP/2", "reason_phrase": b"Fine"}
        return httpx.Response(200, stream=httpx.ByteStream(b"hello"), extensions=extensions)

    for mode in ("once", "none"):
        with use_cassette(tape, mode), httpx.Client(transport=httpx.MockTransport(handler)) as client:
            response = client.get("http://app/")
            assert (response.http_version, response.reason_phrase, response.text) == ("HTTP/2", "Fine", "hello")


def test_a_retry_after_a_failure_replays_both(server: Server, tape: Path) -> None:
    server.replies["/v1"] = lambda request: [CUT] if len(server.requests) == 1 else reply(b"second")

    def twice() -> tuple[str, str]:
        with httpx.Client() as client:
            try:
                client.get(server.url + "/v1")
            except httpx.TransportError as error:
                return type(error).__name__, client.get(server.url + "/v1").text
        raise AssertionError("the first one is cut")

    with use_cassette(tape, "once"):
        live = twice()
    with use_cassette(tape) as cassette:
        assert twice() == live
    assert cassette.all_played
    assert live[1] == "second"


def test_under_trio_a_stream_is_recorded_replayed_and_cancelled_as_under_asyncio(server: Server, tape: Path) -> None:
    trio = pytest.importorskip("trio")
    server.replies["/stream"] = chunked([*FRAMES[:3], 5.0])

    async def run() -> list[bytes]:
        chunks: list[bytes] = []
        with trio.CancelScope() as scope:
            async with httpx.AsyncClient() as client, client.stream("GET", server.url + "/stream") as response:
                async for chunk in response.aiter_raw():
                    chunks.append(chunk)
                    if len(chunks) == 3:
                        scope.deadline = trio.current_time() + 0.05
        return chunks

    with use_cassette(tape, "once"):
        assert trio.run(run) == FRAMES[:3]
    assert read_file(str(tape)).interactions[0].response.end == "cancelled"
    with use_cassette(tape):
        assert trio.run(run) == FRAMES[:3]


def test_headers_beyond_ascii_and_headers_sent_twice_survive(kind: Kind, server: Server, tape: Path) -> None:
    server.replies["/v1"] = [
        b"HTTP/1.1 200 OK\r\nx-name: caf\xc3\xa9\r\nset-cookie: a=b\r\nset-cookie: c=d\r\ncontent-length: 2\r\n\r\nhi"
    ]
    seen: list[tuple[str, list[str]]] = []
    for mode in ("once", "none"):
        with use_cassette(tape, mode), kind[0].Client() as client:
            headers = client.get(server.url + "/v1").headers
            seen.append((headers["x-name"], [value.split("=")[0] for value in headers.get_list("set-cookie")]))
    assert seen == [("café", ["a", "c"])] * 2


def test_a_streamed_upload_is_recorded_and_reaches_the_server(kind: Kind, server: Server, tape: Path) -> None:
    server.replies["/v1"] = lambda request: reply(str(len(request.body)))

    async def pieces() -> object:
        yield b"hello "
        yield b"world"

    def content() -> object:
        return pieces() if kind[1] else iter([b"hello ", b"world"])

    with use_cassette(tape, "once"):
        live = fetch(kind, server.url + "/v1", content=content())
    with use_cassette(tape):
        assert fetch(kind, server.url + "/v1", content=content()) == live
    assert read_file(str(tape)).interactions[0].request.body == b"hello world"
