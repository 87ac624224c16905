"""Secrets in large, binary and hostile bodies: found in time that grows with the length, and no faster."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playhead.cassette import _scrub_fields as fields
from playhead.cassette import _scrub_views as views
from playhead.cassette._scrub import Rules, Scrubber
from tests._cpu import cpu_seconds

KEY = "sk-proj-abcdEFGH1234567890wxyz"


def cpu(body: bytes) -> float:
    return cpu_seconds(lambda: Scrubber().scrub_body(body, frames=True))


@pytest.mark.parametrize(
    "planted",
    [
        KEY,
        f'{{"api_key": "{KEY}"}}',
        '{"password": "pässwörd-geheim-42"}',
        f"Authorization: Bearer {KEY}\r\n",
        f"https://user:{KEY}@example.com/",
        f"the API key is {KEY}",
    ],
)
def test_a_secret_within_binary_data_is_masked_and_nothing_else(planted: str) -> None:
    noise = random.Random(planted).randbytes(50_000)
    body = noise + b"\0" + planted.encode() + b"\0" + noise
    clean = Scrubber().scrub_body(body)
    assert len(clean) == len(body)
    assert b"scrubbed" in clean
    assert b"wxyz" not in clean
    assert b"geheim" not in clean
    assert (clean[: len(noise)], clean[-len(noise) :]) == (noise, noise)


def test_known_credentials_and_own_patterns_are_found_in_binary_data_as_they_are() -> None:
    body = bytes(range(256)) * 40 + b"\x01\x02hush\x03\x04value-1234" + bytes(range(256)) * 40
    rules = Rules(patterns=(r"\x02hush\x03",), values=("value\x1f1234",))
    clean = Scrubber(rules).scrub_body(body.replace(b"value-1234", b"value\x1f1234"))
    assert b"hush" not in clean
    assert b"value" not in clean
    assert len(clean) == len(body)


def test_random_bytes_are_looked_through_quickly() -> None:
    body = random.Random(1).randbytes(1_000_000)
    assert cpu(body) < 3  # it takes a thirtieth of that; machines differ, and one may be busy


HOSTILE = {
    "letters": "a",
    "equals": "=",
    "quotes": '"',
    "backslashes": "\\",
    "braces": "{",
    "brackets": "[",
    "percent": "%",
    "escapes": "%41",
    "unicode": "\\u0041",
    "entities": "&#41;",
    "assigned": "key=",
    "names": '"key":',
    "nested names": '\\"key\\":\\"',
    "tags": "<key>",
    "urls": "://",
    "tokens": "eyJaaaaaaa.",
    "keys": "sk-",
    "PEM": "-----BEGIN ",
    "parts": "content-disposition: form-data; name=key\n",
    "flags": " --key ",
    "said": "secret key is ",
    "said of secrets": "private secret is",
    "logins": "login a password ",
    "pairs": "('x-a','",
    "events": "data: \n\n",
    "JSON lines": '{"a":"b"}\n',
    "folded": "A" * 60 + "\n",
    "gzip": "\x1f\x8b\x08",
    "zlib": "x\x9c",
    "Bearer": "Bearer ",
    "parameters": "?key=a&",
    "arguments": '"args": {',
    "Base64": "c2stcHJvai1hYmNk",
    "curl": "curl -u ",
    "words": "lorem ipsum dolor ",
}


@pytest.mark.parametrize("piece", [pytest.param(piece, id=name) for name, piece in HOSTILE.items()])
def test_time_grows_with_the_length_of_a_body_only(piece: str) -> None:
    short = (piece * (12_000 // len(piece))).encode("latin-1")
    once, eight_times = cpu(short), cpu(short * 8)
    assert eight_times < 24 * once + 0.1  # eight times as long; 64 if it grew with the square


PIECES = st.sampled_from(
    [
        "key", "API key", "private key", "Secret", "secret-token", "credentials", " ", " is", " was", " set to", ":", ": ", "`", KEY,
        "login", "x", "bob", "password", "\n", "\t", "-", "--", '"', "'", "(", ",", "Authorization", "abcdefgh12345678", "İ", "é",
    ]
)  # fmt: skip
SAID = re.compile(fields._SAID.pattern)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_what_is_said_in_words_is_found_from_the_middle_as_from_the_front(text: str) -> None:
    lowered = text.replace("\u0130", "i").lower()
    found = [match.span() for match in fields._said(text, lowered)]
    assert found == [match.span() for match in SAID.finditer(text)]


ESCAPES = st.sampled_from(
    ["\\", "\\\\", "u0041", "x41", "/", "%", "%41", "%4", "&", "#", "x", "&#x41;", "&#65;", "&amp;", ";", "A" * 60, "\n", "\r\n", "\\n",
     "\\r", "abcd", " ", "41", "{", '"']
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(ESCAPES, max_size=20).map("".join))
def test_what_is_read_with_its_escapes_undone_is_known_by_place(text: str) -> None:
    view = views.undone(text)
    if view is None:
        return
    assert view.text != text
    for position, character in enumerate(view.text):
        pieces = view.pieces(position, position + 1)
        assert len(pieces) == 1
        start, end = pieces[0]
        assert text[start:end] == character or end - start > 1


def test_a_key_in_pieces_is_found_also_where_a_server_forgets_the_empty_lines_between_frames() -> None:
    pieces = [KEY[:9], KEY[9:15], KEY[15:]]
    body = "".join(f'data: {{"delta": "{piece}"}}\n' for piece in pieces).encode()
    clean = Scrubber().scrub_body(body, frames=True)
    assert len(clean) == len(body)
    assert not any(piece.encode() in clean for piece in pieces)
