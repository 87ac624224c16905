"""Replies that are odd or go wrong: a client sees the same without a recorder, while recording, and on replay."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cassette._server import CUT, Received, Server, Steps, chunked, json_reply, reply
from tests.faults._looks import KINDS, Kind, look, spread, three_times

FRAMES = [f'data: {{"n": {number}, "text": "tokén {number}"}}\n\n'.encode() for number in range(4)]
WORDS = b"".join(FRAMES)
SHORT = 0.01
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n"
LAST = b"0\r\n\r\n"


@dataclass
class Case:
    """What the server sends, and how the client asks."""

    steps: Steps | Callable[[Received], Steps]
    ask: dict[str, Any] = field(default_factory=dict[str, Any])
    counts: bool = True
    """Whether the number of pieces is the same each time: without HTTP chunks it depends on the moment."""


def head(*lines: str | bytes, status: str = "200 OK") -> bytes:
    coded = [line if isinstance(line, bytes) else line.encode() for line in lines]
    return b"\r\n".join([f"HTTP/1.1 {status}".encode(), *coded, b"connection: close"]) + b"\r\n\r\n"


def one(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def packed(coding: str, data: bytes) -> Steps:
    return [head(f"content-encoding: {coding}", f"content-length: {len(data)}") + data]


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def in_pieces(data: list[bytes]) -> list[bytes]:
    packer = zlib.compressobj(wbits=31)
    return [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in data] + [packer.flush()]


GZIPPED = STREAM + b"content-encoding: gzip\r\n\r\n"
OK2 = "content-length: 2"

CASES: dict[str, Case] = {
    "read as raw bytes": Case(chunked(FRAMES, gap=SHORT), {"how": "raw"}),
    "read as text": Case(chunked(FRAMES, gap=SHORT), {"how": "text"}),
    "read as lines": Case(chunked(FRAMES, gap=SHORT), {"how": "lines"}),
    "left after the first piece": Case(chunked(FRAMES, gap=SHORT), {"stop_after": 1}),
    "left after the last piece": Case(chunked(FRAMES, gap=SHORT), {"stop_after": 4}),
    # cut
    "a stall within the headers": Case([b"HTTP/1.1 200 OK\r\ncontent-", 10.0], {"client": {"timeout": 1.0}}),
    "a stall within a chunk's size": Case([STREAM + b"\r\n", one(FRAMES[0]), b"4", 10.0], {"client": {"timeout": 1.0}}),
    "closed within the headers": Case([b"HTTP/1.1 200 OK\r\ncontent-"]),
    "closed after the headers": Case([STREAM + b"\r\n"]),
    "closed within a chunk's size": Case([STREAM + b"\r\n", one(FRAMES[0]), SHORT, b"4"]),
    "closed within the last line": Case([STREAM + b"\r\n", one(FRAMES[0]), SHORT, b"0\r\n"]),
    "reset within a compressed stream": Case([GZIPPED, one(in_pieces(FRAMES)[0]), 0.05, CUT]),
    "closed within a compressed stream": Case([GZIPPED, one(in_pieces(FRAMES)[0]), SHORT]),
    # bad framing
    "a negative chunk size": Case([STREAM + b"\r\n", one(FRAMES[0]), SHORT, b"-5\r\nhello\r\n"]),
    "a huge chunk size": Case([STREAM + b"\r\n", b"FFFFFFFFFFFFFFFFFFFFFF\r\nhello\r\n"]),
    "a chunk longer than it says": Case([STREAM + b"\r\n", b"3\r\nhello\r\n" + LAST]),
    "a chunk without its line end": Case([STREAM + b"\r\n", b"5\r\nhelloXX5\r\nworld\r\n" + LAST]),
    "a negative length": Case([head("content-length: -5") + b"hello"]),
    "a length that is none": Case([head("content-length: abc") + b"hello"]),
    "the same length twice": Case([head(OK2, OK2) + b"ok"]),
    "length and chunks": Case([head("content-length: 5", "transfer-encoding: chunked") + b"2\r\nok\r\n" + LAST]),
    "no length and a body": Case([head("content-length: 0") + b"hello"]),
    # status lines
    "no reason": Case([b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok"]),
    "an empty reason": Case([b"HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok"]),
    "a reason in Latin-1": Case([b"HTTP/1.1 200 Caf\xe9\r\ncontent-length: 2\r\n\r\nok"]),
    "a reason in UTF-8": Case(["HTTP/1.1 200 日本\r\ncontent-length: 2\r\n\r\nok".encode()]),
    "599": Case([head("content-length: 0", status="599 no response")]),
    "999": Case([head(OK2, status="999 Request denied") + b"ok"]),
    "status 099": Case([head(OK2, status="099 Low") + b"ok"]),
    "status 1000": Case([head(OK2, status="1000 High") + b"ok"]),
    "status abc": Case([head(OK2, status="abc What") + b"ok"]),
    "101": Case([b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"]),
    "100 before": Case([b"HTTP/1.1 100 Continue\r\n\r\n", *reply(b"after")]),
    "three times 102 before": Case([b"HTTP/1.1 102 Processing\r\n\r\n" * 3, *reply(b"after")]),
    "HTTP/1.0 in chunks": Case(
        [b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + one(b"ok") + LAST], counts=False
    ),
    "HTTP/0.9": Case([b"just a body"]),
    "HTTP/2.0 in letters": Case([b"HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok"]),
    # headers
    "line feeds only": Case([b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok"]),
    "a folded header": Case([head("x-a: one\r\n  two", OK2) + b"ok"]),
    "a header with a space in its name": Case([head("x a: one", OK2) + b"ok"]),
    "a header without a colon": Case([head("nonsense", OK2) + b"ok"]),
    "a header with NUL": Case([head("x-a: o\0ne", OK2) + b"ok"]),
    "a header of 60 KB": Case([head("x-a: " + "v" * 60_000, OK2) + b"ok"]),
    "a header of 200 KB": Case([head("x-a: " + "v" * 200_000, OK2) + b"ok"]),
    "headers in two codings": Case([head("x-a: 日本", b"x-b: caf\xe9", OK2) + b"ok"]),
    "a header three times in three cases": Case([head("X-One: a", "x-one: b", "X-ONE: c", OK2) + b"ok"]),
    "headers sent twice, interleaved": Case([head("A: 1", "B: 2", "A: 3", OK2) + b"ok"]),
    # character sets
    "Latin-1 read as text": Case(
        [head("content-type: text/plain; charset=iso-8859-1", OK2) + b"\xe9\xe8"], {"how": "text"}
    ),
    "UTF-16 read as lines": Case(
        [head("content-type: text/plain; charset=utf-16", "content-length: 8") + "abc".encode("utf-16")],
        {"how": "lines"},
    ),
    "no character set": Case([head("content-type: text/plain", OK2) + b"\xe9\xe8"], {"how": "text"}),
    # without a body
    "204 with a body": Case([head("content-length: 5", status="204 No Content") + b"hello"]),
    "204 in gzip": Case([head("content-encoding: gzip", status="204 No Content")]),
    "HEAD in gzip": Case([head("content-length: 500", "content-encoding: gzip")], {"method": "HEAD"}),
    "nothing in gzip": Case(packed("gzip", b""), counts=False),
    # compression
    "raw deflate": Case(packed("deflate", deflated(WORDS))),
    "gzip in gzip": Case(packed("gzip, gzip", gzip.compress(gzip.compress(WORDS, mtime=0), mtime=0))),
    "deflate in gzip": Case(packed("deflate, gzip", gzip.compress(zlib.compress(WORDS), mtime=0))),
    "GZip": Case(packed("GZip", gzip.compress(WORDS, mtime=0))),
    "x-gzip": Case(packed("x-gzip", gzip.compress(WORDS, mtime=0))),
    "identity": Case(packed("identity", WORDS)),
    "compress": Case(packed("compress", WORDS)),
    "two gzip members": Case(packed("gzip", gzip.compress(FRAMES[0], mtime=0) + gzip.compress(FRAMES[1], mtime=0))),
    "gzip and rubbish": Case(packed("gzip", gzip.compress(FRAMES[0], mtime=0) + b"rubbish")),
    "gzip that breaks off": Case(packed("gzip", gzip.compress(WORDS * 50, mtime=0)[:-12])),
    "a compressed stream that breaks later": Case([GZIPPED, one(in_pieces(FRAMES)[0]), SHORT, one(b"\xff" * 9), LAST]),
    "a compressed stream byte by byte": Case(
        [GZIPPED, *(one(bytes([byte])) for byte in b"".join(in_pieces(FRAMES))), LAST], counts=False
    ),
    "a compressed stream left early": Case(
        [GZIPPED, *map(one, in_pieces(FRAMES)), LAST], {"stop_after": 1}, counts=False
    ),
}


# What waits for a while depends on how busy the machine is.
STALLS = [title for title in CASES if title.startswith("a stall")]


@pytest.mark.parametrize(("case", "kind"), spread(CASES, slow=STALLS))
def test_an_odd_reply_is_the_same_three_times(case: Case, kind: Kind, server: Server, tape: Path) -> None:
    server.replies["*"] = case.steps
    ask: dict[str, Any] = {"method": "POST", **case.ask}
    if ask["method"] == "POST":
        ask["json"] = {"a": 1}
    bare, recorded, replayed = three_times(tape, server, lambda: look(kind, f"{server.url}/x", **ask))
    if not case.counts:
        for seen in (bare, recorded, replayed):
            del seen["pieces"]
    assert recorded == bare
    assert replayed == bare


@pytest.mark.parametrize("name", ["br", "zstd"])
@pytest.mark.parametrize("damage", ["none", "cut off", "replaced", "two frames"])
def test_newer_codings_are_the_same_three_times(name: str, damage: str, server: Server, tape: Path) -> None:
    module = pytest.importorskip({"br": "brotli", "zstd": "zstandard"}[name])
    data = module.compress(WORDS * 50)
    server.replies["*"] = packed(
        name,
        {
            "none": data,
            "cut off": data[:-9],
            "replaced": b"nonsense" * 5,
            "two frames": data + module.compress(b"more"),
        }[damage],
    )
    bare, recorded, replayed = three_times(
        tape, server, lambda: look(KINDS["httpx-sync"], f"{server.url}/x", json={"a": 1})
    )
    assert recorded == bare
    assert replayed == bare


@pytest.mark.parametrize(("_", "kind"), spread({"": 0}))
def test_the_length_that_a_head_request_asks_for_is_kept(_: int, kind: Kind, server: Server, tape: Path) -> None:
    server.replies["*"] = [head("content-length: 500")]
    module, is_async = kind

    def once() -> str:
        async def waiting() -> Any:
            async with module.AsyncClient(trust_env=False, verify=False) as client:
                return await client.head(server.url)

        with module.Client(trust_env=False, verify=False) as client:
            return (asyncio.run(waiting()) if is_async else client.head(server.url)).headers["content-length"]

    assert three_times(tape, server, once) == ("500", "500", "500")


# -- what is sent


def parts() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


async def parts_async() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"two"


def broken_parts() -> Iterator[bytes]:
    yield b"one"
    raise KeyError("broken upload")


async def broken_parts_async() -> AsyncIterator[bytes]:
    yield b"one"
    raise KeyError("broken upload")


def echo(received: Received) -> Steps:
    return json_reply([received.method, received.path, received.body.decode("latin-1")])


def moving(received: Received) -> Steps:
    if received.path == "/x":
        return reply(b"", status="302 Found", headers={"location": "/y?k=1"})
    if received.path.startswith("/y"):
        return reply(b"", status="307 Temporary Redirect", headers={"location": "/z"})
    return echo(received)


def moving_on(received: Received) -> Steps:
    return (
        reply(b"", status="307 Temporary Redirect", headers={"location": "/y"})
        if received.path == "/x"
        else echo(received)
    )


def moved(location: str) -> Steps:
    return reply(b"", status="302 Found", headers={"location": location})


SIX = {"headers": {"content-length": "6"}}
FOLLOW = {"follow_redirects": True, "json": {"a": 1}}
SENT: dict[str, Case] = {
    "text": Case(echo, {"content": "héllo"}),
    "a form": Case(echo, {"data": {"a": "1", "b": ["x", "y"]}}),
    "JSON beyond ASCII": Case(echo, {"json": {"t": "héllo 日本 😀"}}),
    "files": Case(
        lambda received: json_reply(len(received.body)),
        {"files": {"f": ("a.bin", b"\0\1\2" * 100)}, "data": {"k": "v"}},
    ),
    "parameters": Case(echo, {"method": "GET", "params": {"a": ["1", "2"], "b": "ü x"}}),
    "a method of one's own": Case(echo, {"method": "QUERY", "content": b"x"}),
    "a method in small letters": Case(echo, {"method": "post", "content": b"x"}),
    "DELETE": Case(echo, {"method": "DELETE"}),
    "redirects that are followed": Case(moving, FOLLOW),
    "redirects that are not followed": Case(moving, {"json": {"a": 1}}),
    "a redirect to itself": Case(moved("/x"), FOLLOW),
    "a redirect to nobody": Case(moved("http://127.0.0.1:9/"), FOLLOW),
    "a redirect to an invalid address": Case(moved("http://[::1"), FOLLOW),
    "a redirect to another scheme": Case(moved("ftp://x/y"), FOLLOW),
}
STREAMED: dict[str, tuple[Case, Case]] = {
    "pieces": (Case(echo, {"content": parts, **SIX}), Case(echo, {"content": parts_async, **SIX})),
    "pieces that are redirected": (
        Case(moving_on, {"content": parts, "follow_redirects": True, **SIX}),
        Case(moving_on, {"content": parts_async, "follow_redirects": True, **SIX}),
    ),
    "pieces that break": (
        Case(echo, {"content": broken_parts, **SIX}),
        Case(echo, {"content": broken_parts_async, **SIX}),
    ),
    "pieces of the other colour": (
        Case(echo, {"content": parts_async, **SIX}),
        Case(echo, {"content": parts, **SIX}),
    ),
}


@pytest.mark.parametrize(("case", "kind"), spread(SENT))
def test_what_is_sent_arrives_the_same_three_times(case: Case, kind: Kind, server: Server, tape: Path) -> None:
    server.replies["*"] = case.steps
    bare, recorded, replayed = three_times(tape, server, lambda: look(kind, f"{server.url}/x", **case.ask))
    assert recorded == bare
    assert replayed == bare


@pytest.mark.parametrize(("pair", "kind"), spread(STREAMED))
def test_a_streamed_upload_is_spent_when_it_would_be(
    pair: tuple[Case, Case], kind: Kind, server: Server, tape: Path
) -> None:
    case = pair[kind[1]]
    server.replies["*"] = case.steps
    bare, recorded, replayed = three_times(tape, server, lambda: look(kind, f"{server.url}/x", **case.ask))
    assert recorded == bare
    assert replayed == bare
