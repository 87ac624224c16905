"""Header values beyond ASCII: the same bytes on replay as when they were recorded, whatever they were meant to be."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from playhead.cassette import read_file, use_cassette

URL = "https://api.example.com/v1"
VALUES = [
    b"plain",
    "naïve".encode(),
    "naïve".encode("latin-1"),
    "日本".encode(),
    "日本".encode("shift-jis"),
    b"\xe2\x82",
    b"\x80\xff and \xc3\xa9",
]


def values_of(response: httpx.Response) -> list[bytes]:
    return [value for name, value in response.headers.raw if name.lower() == b"x-name"]


@pytest.mark.parametrize("values", [[value] for value in VALUES] + [VALUES, VALUES[:2]])
def test_header_values_are_replayed_byte_for_byte(tmp_path: Path, values: list[bytes]) -> None:
    tape = tmp_path / "tape.yaml"
    answer = httpx.Response(200, headers=[(b"x-name", value) for value in values], content=b"yes")
    for mode in ("once", "none"):
        with use_cassette(tape, mode), httpx.Client(transport=httpx.MockTransport(lambda request: answer)) as client:
            got = client.get(URL)
        assert values_of(got) == values
        assert got.headers["x-name"] == answer.headers["x-name"]


def test_only_headers_that_are_no_utf8_are_marked_in_the_file(tmp_path: Path) -> None:
    for name, value in (("utf8", "naïve".encode()), ("latin", b"na\xefve")):
        tape = tmp_path / f"{name}.yaml"
        answer = httpx.Response(200, headers=[(b"x-name", value)], content=b"yes")
        transport = httpx.MockTransport(lambda request, answer=answer: answer)
        with use_cassette(tape, "once"), httpx.Client(transport=transport) as client:
            client.get(URL)
        assert 'x-name: ["naïve"]' in tape.read_text("utf-8")
        assert ("header_encoding" in tape.read_text("utf-8")) is (name == "latin")
        stream = read_file(str(tape)).interactions[0].response.stream
        assert stream is not None
        assert stream.header_encoding == ("latin-1" if name == "latin" else None)


def test_a_value_that_was_edited_into_such_a_file_is_sent_as_utf8(tmp_path: Path) -> None:
    tape = tmp_path / "tape.yaml"
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=[(b"x-name", b"na\xefve")]))
    with use_cassette(tape, "once"), httpx.Client(transport=transport) as client:
        client.get(URL)
    tape.write_text(tape.read_text("utf-8").replace("naïve", "日本"), "utf-8")
    with use_cassette(tape), httpx.Client(transport=transport) as client:
        assert values_of(client.get(URL)) == ["日本".encode()]
