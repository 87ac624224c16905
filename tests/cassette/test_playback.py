"""When and in which pieces a recording is played."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, Stream, use_cassette, write_file
from playhead.virtual import virtual_time
from tests.cassette._clients import Kind, fetch

URL = "https://api.example.com/v1"
BODY = 'data: {"a": "é"}\r\n\r\ndata: [DONE]\r\n\r\n'.encode()


def write(tape: Path, body: bytes, chunks: list[int], at_ms: list[int], **more: Any) -> None:
    stream = Stream(chunks, at_ms, **more)
    write_file(str(tape), [Interaction(RecordedRequest("GET", URL), RecordedResponse(200, "OK", {}, body, stream))])


def play(kind: Kind, tape: Path, **options: Any) -> tuple[list[bytes], list[float], BaseException | None]:
    times: list[float] = []
    with use_cassette(tape, **options):
        started = time.monotonic()
        chunks, error = fetch(kind, URL, method="GET", seen=lambda _: times.append((time.monotonic() - started) * 1e3))
    return chunks, times, error


def test_recorded_times_are_kept_on_request(kind: Kind, tape: Path) -> None:
    write(tape, b"abcdef", [1, 2, 3], [40, 60, 120])
    chunks, times, _ = play(kind, tape, timing="recorded")
    assert chunks == [b"a", b"bc", b"def"]
    assert [round(late, -1) >= 0 for late in (times[0] - 40, times[1] - 60, times[2] - 120)] == [True] * 3


def test_recorded_times_may_pass_faster_or_at_once(kind: Kind, tape: Path) -> None:
    write(tape, b"abcdef", [1, 2, 3], [40, 60, 3_600_000])  # who waited for that would never end
    assert play(kind, tape, timing="recorded", speed=100_000)[0] == [b"a", b"bc", b"def"]
    assert play(kind, tape)[0] == [b"a", b"bc", b"def"]


def test_an_error_comes_when_it_came(kind: Kind, tape: Path) -> None:
    write(tape, b"a", [1], [10], end="timeout", error=("ReadTimeout", "too slow"), end_ms=150)
    started = time.monotonic()
    chunks, _, error = play(kind, tape, timing="recorded")
    assert chunks == [b"a"]
    assert type(error).__name__ == "ReadTimeout"
    assert time.monotonic() - started >= 0.14


@pytest.mark.parametrize("how", ["whole", "frames", "bytes", "random:7", "hostile"])
def test_rechunking_changes_the_pieces_and_not_the_bytes(kind: Kind, tape: Path, how: str) -> None:
    write(tape, BODY, [10, len(BODY) - 10], [5, 9])
    chunks, _, _ = play(kind, tape, rechunk=how)
    assert b"".join(chunks) == BODY
    expected = {"whole": 1, "frames": 2, "bytes": len(BODY)}.get(how)
    assert expected is None or len(chunks) == expected
    assert chunks != [BODY[:10], BODY[10:]]


@pytest.mark.parametrize("how", ["bytes", "hostile"])
def test_rechunking_keeps_the_end(kind: Kind, tape: Path, how: str) -> None:
    write(tape, BODY, [len(BODY)], [5], end="disconnected", error=("RemoteProtocolError", "gone"))
    chunks, _, error = play(kind, tape, rechunk=how)
    assert b"".join(chunks) == BODY
    assert (type(error).__name__, str(error)) == ("RemoteProtocolError", "gone")


def test_an_error_class_that_the_client_does_not_have_is_a_transport_error(tape: Path) -> None:
    write(tape, b"", [], [], end="failed", error=("WeirdError", "what"))
    _, _, error = play((httpx, False), tape)
    assert isinstance(error, httpx.TransportError)
    assert str(error) == "WeirdError: what"
    write(tape, b"", [], [], end="disconnected", error=("HTTPStatusError", "not from a transport"))
    _, _, error = play((httpx2, True), tape)
    assert isinstance(error, httpx2.TransportError)


def test_chunks_that_do_not_add_up_are_cut_as_far_as_they_go(tape: Path) -> None:
    write(tape, b"abcdef", [2, 2], [1, 2])
    assert play((httpx, False), tape)[0] == [b"ab", b"cdef"]
    write(tape, b"ab", [1, 4, 4], [1, 2, 3])
    assert b"".join(play((httpx, False), tape, timing="recorded")[0]) == b"ab"


def test_a_recorded_minute_passes_at_once_and_exactly_on_the_virtual_clock(tape: Path) -> None:
    write(tape, b"abc", [1, 1, 1], [412, 433, 60_461])

    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        started, times = loop.time(), []
        async with httpx.AsyncClient() as client, client.stream("GET", URL) as response:
            async for _ in response.aiter_raw():
                times.append(round((loop.time() - started) * 1000, 6))
        return times

    with use_cassette(tape, timing="recorded"):
        with virtual_time():
            times = asyncio.run(run())
    assert times == [412, 433, 60_461]


def test_the_protocols_version_survives(tape: Path) -> None:
    write(tape, b"a", [1], [1], http_version="HTTP/2")
    with use_cassette(tape):
        assert httpx.get(URL).http_version == "HTTP/2"


def test_without_a_phrase_in_an_old_file_a_client_has_its_own(kind: Kind, tape: Path) -> None:
    for written, seen in (("''", "Not Found"), ("null", "Not Found"), ("Gone fishing", "Gone fishing")):
        tape.write_text(
            f"interactions:\n- request: {{method: GET, uri: '{URL}', headers: {{}}, body: null}}\n"
            f"  response: {{status: {{code: 404, message: {written}}}, headers: {{}}, body: {{string: x}}}}\nversion: 1\n"
        )
        with use_cassette(tape), kind[0].Client() as client:
            assert client.get(URL).reason_phrase == seen
