"""Cuts of bytes: whatever is done to chunks, the bytes stay, and the times stay true."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.chunks import (
    HOW,
    check_how,
    cut,
    cuts_of,
    frame_cuts,
    hostile_cuts,
    random_cuts,
    rechunk,
    split_sizes,
)
from tests._cpu import cpu_seconds

WAYS = ["whole", "frames", "bytes", "random:0", "random:-17", "hostile"]

sse_like = st.lists(
    st.sampled_from(
        [
            b"data: ",
            b"event: x",
            b"\r\n",
            b"\n",
            b"\n\n",
            b'{"a": ',
            b"-12.5e3",
            b"\\ud83d\\ude00",
            "🎈é".encode(),
            b"\\",
            b"",
            b"<think>",
        ]
    )
    | st.binary(max_size=5),
    max_size=40,
)


@given(sse_like, st.sampled_from(WAYS))
def test_the_joined_bytes_never_change(chunks: list[bytes], how: str) -> None:
    pieces, at_ms = rechunk(chunks, list(range(len(chunks))), how)
    assert b"".join(pieces) == b"".join(chunks)
    assert all(pieces)
    assert len(at_ms) == len(pieces)


@given(sse_like, st.sampled_from(WAYS))
def test_a_piece_arrives_when_the_recorded_chunk_with_its_last_byte_did(chunks: list[bytes], how: str) -> None:
    times = [float(10 * index) for index in range(len(chunks))]
    owner = [time_ms for chunk, time_ms in zip(chunks, times, strict=True) for _ in chunk]
    pieces, at_ms = rechunk(chunks, times, how)
    last_bytes = [end - 1 for end in accumulate(map(len, pieces))]
    assert at_ms == [owner[position] for position in last_bytes]


@given(st.lists(st.binary(max_size=4), min_size=1))
def test_cutting_at_the_cuts_of_chunks_gives_the_chunks_back(chunks: list[bytes]) -> None:
    expected = [] if chunks == [b""] else chunks
    assert cut(b"".join(chunks), cuts_of(chunks)) == expected
    assert split_sizes(b"".join(chunks), [len(chunk) for chunk in chunks]) in (chunks, expected)


@given(st.binary(max_size=300))
def test_hostile_cuts_ascend_within_the_body_and_are_unique(body: bytes) -> None:
    cuts = hostile_cuts(body)
    assert cuts == sorted(set(cuts))
    assert all(0 < position < len(body) for position in cuts)


@given(st.text(max_size=60))
def test_hostile_cuts_include_every_position_inside_a_utf8_sequence(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    inside = {position for position, byte in enumerate(body) if position and 0x80 <= byte < 0xC0}
    assert inside <= set(hostile_cuts(body))


@pytest.mark.parametrize(
    ("body", "positions"),
    [
        pytest.param(b"a\r\nb", {1, 2, 3}, id="before, between and after CR LF"),
        pytest.param(b"a\n\nb", {1, 2, 3}, id="a frame end of two LF"),
        pytest.param(b"a\r\n\r\nb", {1, 2, 3, 4, 5}, id="a frame end of two CR LF"),
        pytest.param(b"data: x", {1, 2, 3, 4, 5, 6}, id="inside the data prefix and after it"),
        pytest.param(b"x\rdata: y", {3, 4, 5, 6, 7}, id="a data prefix after a lone CR"),
        pytest.param(b'"\\u00e9"', {2, 3, 4, 5, 6}, id="inside a unicode escape"),
        pytest.param(b'"\\ud83d\\ude00"', {2, 6, 7, 8, 12}, id="between the halves of a surrogate pair"),
        pytest.param(b'"a\\nb"', {3}, id="inside a short escape"),
        pytest.param(b'"a\\\\\\"b"', {3, 4, 5}, id="between backslashes"),
        pytest.param(b'{"a": -12.5e+3}', {7, 9, 10, 13}, id="inside a number, at its sign, point and exponent"),
        pytest.param(b'{"a": false}', {7, 10}, id="inside a literal"),
        pytest.param(b"data: [DONE]\n\n", {7, 8, 11}, id="inside the sentinel"),
        pytest.param(b"<think>a</think>", {1, 6, 9, 10}, id="inside a thinking tag"),
        pytest.param(b"```json", {1, 2}, id="inside a code fence"),
        pytest.param(b"HTTP/1.1 200 OK", {1, 4, 5}, id="inside a status line"),
    ],
)
def test_hostile_cuts_know_the_places_that_hurt(body: bytes, positions: set[int]) -> None:
    assert positions <= set(hostile_cuts(body))


@pytest.mark.parametrize(
    ("body", "frames"),
    [
        (b"data: 1\n\ndata: 2\n\n", [b"data: 1\n\n", b"data: 2\n\n"]),
        (b"data: 1\r\n\r\ndata: 2", [b"data: 1\r\n\r\n", b"data: 2"]),
        (b"data: 1\r\rdata: 2\r\r", [b"data: 1\r\r", b"data: 2\r\r"]),
        (b'{"a": 1}\n{"a": 2}\n', [b'{"a": 1}\n', b'{"a": 2}\n']),
        (b"one piece", [b"one piece"]),
        (b"data: 1\n\n\n\ndata: 2\n\n", [b"data: 1\n\n\n\n", b"data: 2\n\n"]),
    ],
)
def test_frames_end_after_blank_lines_or_after_lines_where_there_are_none(body: bytes, frames: list[bytes]) -> None:
    assert cut(body, frame_cuts(body)) == frames
    assert rechunk([body[:3], body[3:]], [1, 2], "frames")[0] == frames


def test_one_crlf_is_one_line_end_and_no_blank_line() -> None:
    assert frame_cuts(b"a\r\nb\r\nc") == [3, 6]


def test_a_piece_over_many_chunks_waits_for_the_last_of_them() -> None:
    assert rechunk([b"ab", b"", b"c", b"de"], [5, 6, 7, 9], "whole") == ([b"abcde"], [9])
    assert rechunk([b"ab", b"", b"c"], [5, 6, 7], "bytes") == ([b"a", b"b", b"c"], [5, 5, 7])


def test_unknown_times_stay_unknown() -> None:
    assert rechunk([b"ab", b"c"], [], "bytes") == ([b"a", b"b", b"c"], [])


@pytest.mark.parametrize("how", WAYS)
def test_a_body_without_bytes_has_no_chunks(how: str) -> None:
    assert rechunk([], [], how) == ([], [])
    assert rechunk([b"", b""], [1, 2], how) == ([], [])


@pytest.mark.parametrize("how", ["", "Whole", "random", "random:", "random:x", "random:1.5", "byte", "hostile:1"])
def test_an_unknown_way_to_rechunk_names_the_known_ones(how: str) -> None:
    with pytest.raises(ValueError, match="unknown way to rechunk") as caught:
        check_how(how)
    assert all(name in str(caught.value) for name in HOW)
    with pytest.raises(ValueError, match="unknown way to rechunk"):
        rechunk([], [], how)


def test_times_that_do_not_belong_to_the_chunks_are_refused() -> None:
    with pytest.raises(ValueError, match="2 chunks cannot have 1 arrival times"):
        rechunk([b"a", b"b"], [1], "whole")


@pytest.mark.parametrize("cuts", [[2, 1], [-1], [4]])
def test_cuts_that_go_backwards_or_outside_are_refused(cuts: list[int]) -> None:
    with pytest.raises(ValueError, match="cuts must ascend"):
        cut(b"abc", cuts)


@pytest.mark.parametrize("sizes", [[1], [1, 3], [4, -1], []])
def test_sizes_that_do_not_add_up_are_refused(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="do not cut a body of 3 bytes"):
        split_sizes(b"abc", sizes)


def test_random_cuts_depend_on_the_seed_alone() -> None:
    body = b"x" * 1000
    assert random_cuts(body, 7) == random_cuts(bytes(1000), 7)
    assert random_cuts(body, 7) != random_cuts(body, 8)
    assert random_cuts(body, 7)[:8] == [14, 21, 64, 66, 68, 79, 288, 291]


@pytest.mark.parametrize(
    "unit", [b"\\", b"\r", b"\n", b"1", b"\xe2\x80\xa8", b"-", b"a\n", b"<think", b"\\u00e9", b"--b\n"]
)
def test_five_megabytes_of_the_worst_are_cut_in_linear_time(unit: bytes) -> None:
    def seconds(size: int, tries: int) -> float:
        body = unit * (size // len(unit))
        return cpu_seconds(lambda: (hostile_cuts(body), frame_cuts(body)), tries=tries)

    small, large = seconds(50_000, 2), seconds(800_000, 1)
    assert large < 16 * 4 * small + 0.5
