"""Frames of server-sent events, as the standard says and as servers send them."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from playhead.exceptions import DecodeError
from playhead.wire import Frame, FrameSplitter, write_comment, write_frame
from tests._cpu import cpu_seconds

CASES: list[tuple[str, bytes, list[Frame]]] = [
    ("nothing", b"", []),
    ("one frame", b"data: a\n\n", [Frame("a")]),
    ("no space after the colon", b"data:a\n\n", [Frame("a")]),
    ("only the first space goes", b"data:  a\n\n", [Frame(" a")]),
    ("CRLF", b"data: a\r\n\r\ndata: b\r\n\r\n", [Frame("a"), Frame("b", number=1)]),
    ("CR", b"data: a\r\rdata: b\r\r", [Frame("a"), Frame("b", number=1)]),
    (
        "mixed line ends",
        b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\n",
        [Frame("a"), Frame("b", number=1), Frame("c", number=2)],
    ),
    ("BOM", b"\xef\xbb\xbfdata: a\n\n", [Frame("a")]),
    ("BOM only at the start", b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [Frame("a")]),
    ("several lines of data", b"data: a\ndata\ndata:b\n\n", [Frame("a\n\nb")]),
    ("comments", b": ping\n\n:\ndata: a\n: in between\ndata: b\n\n", [Frame("a\nb")]),
    ("event names last for one frame", b"event: x\ndata: a\n\ndata: b\n\n", [Frame("a", "x"), Frame("b", number=1)]),
    ("an event without data is none", b"event: ping\n\ndata: a\n\n", [Frame("a")]),
    ("ids stay", b"id: 1\ndata: a\n\ndata: b\n\n", [Frame("a", id="1"), Frame("b", number=1, id="1")]),
    ("an id with a NUL is ignored", b"id: 1\0\ndata: a\n\n", [Frame("a")]),
    ("retry", b"retry: 1500\ndata: a\n\n", [Frame("a", retry_ms=1500)]),
    ("retry that is no number", b"retry: 1.5\ndata: a\n\n", [Frame("a")]),
    ("unknown fields", b"foo: bar\nbaz\ndata: a\n\n", [Frame("a")]),
    ("empty data is a frame", b"data\n\n", [Frame("")]),
    ("no blank line at the end", b"data: a\n\ndata: b\n", [Frame("a"), Frame("b", number=1)]),
    ("no line end at the end", b"data: a\n\ndata: b", [Frame("a"), Frame("b", number=1)]),
    ("ends with a CR", b"data: a\r", [Frame("a")]),
    ("U+2028 and U+0085 end no line", "data: a\u2028b\u0085c\n\n".encode(), [Frame("a\u2028b\u0085c")]),
    ("what is not UTF-8 is replaced", b"data: \xff\xe4\n\n", [Frame("\ufffd\ufffd")]),
    ("many blank lines", b"\n\n\ndata: a\n\n\n\n", [Frame("a")]),
]


def split(*pieces: bytes) -> list[Frame]:
    splitter = FrameSplitter()
    frames = [frame for piece in pieces for frame in splitter.feed(piece)]
    return frames + splitter.close()


@pytest.mark.parametrize(("body", "frames"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_stream_splits_as_the_standard_says_at_any_cut(body: bytes, frames: list[Frame]):
    assert split(body) == frames
    assert split(*(body[n : n + 1] for n in range(len(body)))) == frames
    for cut in range(len(body)):
        assert split(body[:cut], body[cut:]) == frames
        assert split(body[:cut], b"", body[cut:]) == frames


ALPHABET = [
    b"\r",
    b"\n",
    b"data",
    b":",
    b" ",
    b"event",
    b"id",
    b"x",
    "é".encode(),
    b"\xef\xbb\xbf",
    b"\0",
    b"7",
    b"retry",
]


@given(st.lists(st.sampled_from(ALPHABET)).map(b"".join), st.lists(st.integers(0, 60)))
@example(b"data:\r\n\r", [6, 7, 8])
def test_cuts_never_change_frames(body: bytes, cuts: list[int]):
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    assert split(*(body[a:b] for a, b in itertools.pairwise(places))) == split(body)


@given(st.lists(st.tuples(st.text(), st.text(st.characters(codec="utf-8", exclude_characters="\r\n")))))
def test_what_is_written_is_read(frames: list[tuple[str, str]]):
    body = b"".join(write_comment("still here") + write_frame(data, event=event) for data, event in frames)
    read = split(body)
    assert [(frame.data, frame.event) for frame in read] == [
        (data.replace("\r\n", "\n").replace("\r", "\n"), event) for data, event in frames
    ]


def test_an_event_name_cannot_smuggle_in_a_line():
    with pytest.raises(ValueError, match="event cannot hold a line end"):
        write_frame("a", event="x\ndata: b")


def test_a_frame_without_an_end_is_refused_at_the_limit():
    splitter = FrameSplitter(frame_bytes_max=1000)
    splitter.feed(b"data: first\n\n")
    with pytest.raises(DecodeError, match="Frame 1 of the stream is longer than 1,000 bytes") as caught:
        for _ in range(2000):
            splitter.feed(b"x")
    assert caught.value.frame == 1


def test_lines_of_data_without_a_blank_line_are_refused_at_the_limit():
    splitter = FrameSplitter(frame_bytes_max=1000)
    with pytest.raises(DecodeError, match="longer than 1,000 bytes"):
        for _ in range(2000):
            splitter.feed(b"data: x\n")


def test_many_frames_in_one_piece_are_no_long_frame():
    assert len(FrameSplitter(frame_bytes_max=1000).feed(b"data: x\n\n" * 2000)) == 2000


def test_bare_json_before_any_frame_is_kept_as_stray():
    splitter = FrameSplitter()
    assert splitter.feed(b'{\n  "error": {"code": 429}\n}') == []
    assert splitter.close() == []
    assert splitter.stray == '{\n  "error": {"code": 429}\n}'


@pytest.mark.parametrize(
    ("body", "step"),
    [
        (b"data: " + b"x" * 5_000_000 + b"\n\n", 64),
        (b"data: x\n\n" * 100_000, 3),
        (b"data: x\n" * 100_000 + b"\n", 8),
        (b"{}\n" * 100_000, 3),
        (b": ping\n\n" * 100_000, 4),
    ],
    ids=["one long frame", "tiny frames", "lines of data", "stray lines", "comments"],
)
def test_time_is_linear(body: bytes, step: int):
    def split() -> None:
        splitter = FrameSplitter()
        for n in range(0, len(body), step):
            splitter.feed(body[n : n + step])
        splitter.close()

    assert cpu_seconds(split, tries=1) < 30, "a quadratic splitter takes minutes"
