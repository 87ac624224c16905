"""`assert_split_invariant`: what it takes, what it finds, and how it says so."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead import fuzz, use_cassette
from playhead.cassette import read_file
from playhead.chunks import cut
from playhead.exceptions import UserError
from playhead.models import Script, as_response

BODY = 'data: {"t":"café 😀"}\n\ndata: [DONE]\n\n'.encode()


def careless(chunks: Iterator[bytes]) -> str:
    return "".join(chunk.decode("utf-8", "replace") for chunk in chunks)


def test_the_cut_is_shown_with_its_surroundings_and_what_it_goes_through() -> None:
    with pytest.raises(fuzz.SplitDifference) as caught:
        fuzz.assert_split_invariant(careless, BODY)
    error = caught.value
    assert error.cuts == [16] and error.pieces == cut(BODY, [16])
    assert error.whole == BODY.decode() and error.cut == BODY.decode().replace("é", "\ufffd\ufffd")
    assert str(error).startswith("The result changes when the source is cut at byte 16:")
    assert r'data: {"t":"caf\xc3 | \xa9 \xf0' in str(error)
    assert "inside the character 'é': byte 1 of 2 in UTF-8" in str(error)
    assert "First difference, at result" in str(error)


async def as_coroutine(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk.strip() async for chunk in chunks])


async def as_async_generator(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk


def as_generator(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from chunks


@pytest.mark.parametrize("consumer", [as_coroutine, as_async_generator, as_generator, careless, list])
def test_any_kind_of_function_is_a_consumer(consumer: Any) -> None:
    with pytest.raises(fuzz.SplitDifference) as caught:
        fuzz.assert_split_invariant(consumer, BODY)
    assert len(caught.value.cuts) == 1


async def test_async_consumers_are_checked_inside_of_a_running_loop() -> None:
    with pytest.raises(fuzz.SplitDifference):
        fuzz.assert_split_invariant(as_coroutine, BODY)


def test_text_is_cut_between_characters() -> None:
    with pytest.raises(fuzz.SplitDifference) as caught:
        fuzz.assert_split_invariant(lambda chunks: [chunk.split(",") for chunk in chunks], "é,ü")
    assert all(isinstance(piece, str) for piece in caught.value.pieces)
    fuzz.assert_split_invariant("".join, "é,ü😀")


def test_an_exception_that_only_a_cut_provokes_is_a_difference() -> None:
    with pytest.raises(fuzz.SplitDifference, match="raised UnicodeDecodeError"):
        fuzz.assert_split_invariant(lambda chunks: [chunk.decode() for chunk in chunks] and None, BODY)


def test_what_is_no_exception_is_a_difference_too() -> None:
    class Strange(BaseException):
        pass

    def consume(chunks: Iterator[bytes]) -> None:
        if len(list(chunks)) > 1:
            raise Strange

    with pytest.raises(fuzz.SplitDifference, match="Strange"):
        fuzz.assert_split_invariant(consume, BODY)


def test_an_exception_on_the_uncut_source_is_the_consumers_own() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        fuzz.assert_split_invariant(lambda chunks: 1 / 0, BODY)
    assert "failed on the uncut source" in caught.value.__notes__[0]


def test_a_consumer_that_remembers_the_stream_before_is_found() -> None:
    kept: list[bytes] = []

    def consume(chunks: Iterator[bytes]) -> list[bytes]:
        kept.extend(chunks)
        return kept

    with pytest.raises(fuzz.SplitDifference, match="different results for the same pieces") as caught:
        fuzz.assert_split_invariant(consume, BODY)
    assert caught.value.cuts == []


def test_empty_pieces_are_tried_unless_they_are_excluded() -> None:
    def consume(chunks: Iterator[bytes]) -> bytes:
        return b"".join(iter(lambda: next(chunks, b""), b""))

    with pytest.raises(fuzz.SplitDifference, match="One of the pieces is empty"):
        fuzz.assert_split_invariant(consume, BODY)
    fuzz.assert_split_invariant(consume, BODY, empty_pieces=False)


@pytest.mark.parametrize("pieces", [2, 3])
def test_a_bug_that_takes_several_cuts_is_shrunk_to_as_many(pieces: int) -> None:
    def consume(chunks: Iterator[bytes]) -> bool:
        return sum(1 for chunk in chunks if chunk) > pieces

    with pytest.raises(fuzz.SplitDifference) as caught:
        fuzz.assert_split_invariant(consume, BODY)
    assert len(caught.value.cuts) == pieces


def test_the_same_check_finds_the_same_cuts() -> None:
    def consume(chunks: Iterator[bytes]) -> bool:
        return any(len(chunk) == 5 for chunk in chunks)

    found: list[list[int]] = []
    for _ in range(2):
        with pytest.raises(fuzz.SplitDifference) as caught:
            fuzz.assert_split_invariant(consume, BODY)
        found.append(caught.value.cuts)
    assert found[0] == found[1] != []


def test_a_long_source_is_cut_in_its_hostile_places_first() -> None:
    long = b"x" * 50_000 + "é".encode() + b"x" * 50_000
    with pytest.raises(fuzz.SplitDifference) as caught:
        fuzz.assert_split_invariant(careless, long)
    assert caught.value.cuts == [50_001]


def test_a_failure_is_kept_as_a_cassette_that_is_a_source_again(tmp_path: Path) -> None:
    with pytest.raises(fuzz.SplitDifference) as caught:
        fuzz.assert_split_invariant(careless, BODY)
    path = caught.value.save(tmp_path / "split.yaml")
    (kept,) = read_file(str(path)).interactions
    assert kept.response.body == BODY and kept.response.stream.chunks == [16, len(BODY) - 16]
    for source in (path, str(path)):
        with pytest.raises(fuzz.SplitDifference) as again:
            fuzz.assert_split_invariant(careless, source)
        assert again.value.cuts == [16] and "split.yaml, interaction 1" in str(again.value)
    with use_cassette(path, on_unplayed="ignore") as cassette, pytest.raises(fuzz.SplitDifference):
        fuzz.assert_split_invariant(careless, cassette)


def test_a_source_is_whatever_has_bytes(tmp_path: Path) -> None:
    raw = tmp_path / "stream.sse"
    raw.write_bytes(BODY)
    script = Script(responses=[as_response("café 😀")])
    reply = fuzz.WireReply("openai-chat", BODY, [])
    pieces = [BODY[:9], BODY[9:]]
    for source in (bytearray(BODY), raw, script, reply, pieces, iter(pieces), [b"{}", *pieces], [script, raw]):
        with pytest.raises(fuzz.SplitDifference):
            fuzz.assert_split_invariant(careless, source)
    with pytest.raises(fuzz.SplitDifference, match="when source 2 is cut"):
        fuzz.assert_split_invariant(careless, [reply.__class__("openai-chat", b"{}", []), reply])
    with pytest.raises(UserError, match="not int"):
        fuzz.assert_split_invariant(list, 3)


def test_a_cassette_that_is_not_there_is_no_text() -> None:
    with pytest.raises(UserError, match=r"There is no cassette 'cassettes/missing.yaml'"):
        fuzz.assert_split_invariant("".join, "cassettes/missing.yaml")
    fuzz.assert_split_invariant("".join, '{"path": "a.json')


def test_what_a_consumer_returns_is_read_if_it_can_be() -> None:
    class Lines:
        def __init__(self, chunks: Iterator[bytes]) -> None:
            self._chunks = chunks

        def __iter__(self) -> Iterator[bytes]:
            return (line for chunk in self._chunks for line in chunk.split(b"\n"))

    class LinesLater(Lines):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for line in self:
                yield line

    for consumer in (Lines, LinesLater):
        with pytest.raises(fuzz.SplitDifference) as caught:
            fuzz.assert_split_invariant(consumer, BODY)
        assert len(caught.value.cuts) == 1


def test_where_long_results_differ_is_shown() -> None:
    def careless_of_pairs(chunks: Iterator[bytes]) -> bytes:
        return b"".join(chunk.replace(b"ab", b"c") for chunk in chunks)

    with pytest.raises(fuzz.SplitDifference, match=r"First difference, at result, byte 101:\n    uncut: b'x{20}c'"):
        fuzz.assert_split_invariant(careless_of_pairs, b"x" * 101 + b"ab")


async def slow_reader(chunks: AsyncIterator[bytes]) -> bytes:
    """Gives the whole stream half a minute."""
    found = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            async for chunk in chunks:
                found += chunk
    return found


def test_a_stream_that_was_too_long_in_many_pieces_is_one_with_a_long_pause() -> None:
    with pytest.raises(fuzz.SplitDifference, match=r"each piece comes \d+ seconds after") as caught:
        fuzz.assert_split_invariant(slow_reader, b"data: " + b"x" * 100, pauses=[1])
    assert len(caught.value.cuts) == 1


@given(st.data(), st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
def test_chunkings_are_the_body_in_pieces(data: st.DataObject, body: bytes) -> None:
    pieces = data.draw(fuzz.chunkings(body))
    assert b"".join(pieces) == body
    assert all(pieces) or not body


@given(st.binary(max_size=60))
def test_a_sound_decoder_raises_no_alarm_on_any_bytes(body: bytes) -> None:
    def decode(chunks: Iterator[bytes]) -> str:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return "".join(decoder.decode(chunk) for chunk in chunks) + decoder.decode(b"", final=True)

    fuzz.assert_split_invariant(decode, body, max_examples=20)


async def test_an_async_consumer_is_given_pieces_that_come_late() -> None:
    times: list[float] = []

    async def consumer(chunks: Any) -> bytes:
        loop, last, found = asyncio.get_running_loop(), None, b""
        async for chunk in chunks:
            if last is not None:
                times.append(loop.time() - last)
            last, found = loop.time(), found + chunk
        return found

    fuzz.assert_split_invariant(consumer, b"data: {}\n\n", pauses=[30])
    assert any(abs(time - 30) < 0.01 for time in times)
    assert sum(times) > 300  # and it took no real time


def test_a_plain_consumer_is_not_run_again_for_pauses() -> None:
    runs: list[int] = []

    def consumer(chunks: Any) -> int:
        runs.append(1)
        return sum(len(chunk) for chunk in chunks)

    fuzz.assert_split_invariant(consumer, b"abc", max_examples=1, pauses=[0, 1, 2])
    once = len(runs)
    fuzz.assert_split_invariant(consumer, b"abc", max_examples=1, pauses=[])
    assert len(runs) == 2 * once
