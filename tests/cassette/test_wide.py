"""Secrets in codings of characters and frames that are no plain text: UTF-16, Amazon's event streams, packings without a name."""

from __future__ import annotations

import base64
import importlib.util
import json
import random
import struct
import zlib
from collections.abc import Callable

import pytest

from playhead.cassette import Scrubber

KEY = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789-AbCdEfGhIj"
EVENTS = "application/vnd.amazon.eventstream"
WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("coding", WIDE)
@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (json.dumps({"messages": [{"content": f"my key: {KEY}!"}]}), KEY),
        ('{"password": "hunter2x!"}', "hunter2x!"),
        (f"naïve ünï 日本語 {KEY} 日本", KEY),
        ("a=1&api_key=q7Rr2mT9xW4zK8vB1nC6&b=2", "q7Rr2mT9xW4zK8vB1nC6"),
    ],
)
def test_wide_characters_are_read_and_masked_as_wide(coding: str, text: str, secret: str) -> None:
    body = text.encode(coding)
    clean = Scrubber().scrub_body(body, "application/json")
    assert len(clean) == len(body)
    assert clean.decode(coding) == text.replace(secret, "scrubbed".ljust(len(secret), "-")[: len(secret)])
    assert Scrubber().scrub_body(clean, "application/json") == clean


@pytest.mark.parametrize("coding", WIDE)
def test_wide_characters_within_binary_data_and_base64_are_found(coding: str) -> None:
    text = f"the key is {KEY}, use it".encode(coding)
    noise = random.Random(coding).randbytes(2_000)
    clean = Scrubber().scrub_body(noise + b"\1" + text + b"\1" + noise)
    assert KEY.encode(coding)[12:-8] not in clean
    assert (clean[:2_000], clean[-2_000:]) == (noise, noise)
    coded = json.loads(Scrubber().scrub_body(json.dumps({"data": base64.b64encode(text).decode()}).encode()))["data"]
    assert KEY not in base64.b64decode(coded).decode(coding, "replace")


def frame(payload: bytes, **headers: str) -> bytes:
    heads = b""
    for name, value in headers.items():
        label = f":{name}".replace("_", "-").encode()
        heads += bytes([len(label)]) + label + b"\7" + struct.pack(">H", len(value)) + value.encode()
    start = struct.pack(">II", len(payload) + len(heads) + 16, len(heads))
    content = start + struct.pack(">I", zlib.crc32(start)) + heads + payload
    return content + struct.pack(">I", zlib.crc32(content))


def told(piece: str) -> bytes:
    payload = {"contentBlockIndex": 0, "delta": {"text": piece}, "p": "abcdef"}
    return frame(json.dumps(payload).encode(), event_type="contentBlockDelta", message_type="event")


def wrapped(piece: str) -> bytes:
    inner = json.dumps({"type": "content_block_delta", "index": 0, "delta": {"text": piece}}).encode()
    return frame(json.dumps({"bytes": base64.b64encode(inner).decode(), "p": "abc"}).encode(), event_type="chunk")


def read(body: bytes) -> tuple[str, list[bytes]]:
    """The text of a stream, and what was not a whole frame or had a wrong checksum."""
    text, start = "", 0
    wrong: list[bytes] = []
    while start < len(body):
        length, heads = struct.unpack_from(">II", body, start)
        whole = body[start : start + length]
        if len(whole) < length or zlib.crc32(whole[:-4]) != int.from_bytes(whole[-4:], "big"):
            wrong.append(whole)
            break
        payload = json.loads(whole[12 + heads : -4])
        if "bytes" in payload:
            payload = json.loads(base64.b64decode(payload["bytes"]))
        text += str(payload["delta"]["text"])
        start += length
    return text, wrong


@pytest.mark.parametrize("make", [told, wrapped])
def test_a_key_split_over_the_frames_of_an_event_stream_is_masked_and_the_checksums_are_right(
    make: Callable[[str], bytes],
) -> None:
    pieces = ["the key is ", *(KEY[start : start + 6] for start in range(0, len(KEY), 6)), ", ok"]
    body = b"".join(map(make, pieces))
    scrubber = Scrubber()
    clean = scrubber.scrub_body(body, EVENTS, frames=True)
    assert len(clean) == len(body)
    assert read(clean) == ("the key is " + "scrubbed".ljust(len(KEY), "-") + ", ok", [])
    assert scrubber.report == {"openai-key": 1}
    cut = scrubber.scrub_body(body[:-9], EVENTS, frames=True)
    assert read(cut)[0] == "the key is " + "scrubbed".ljust(len(KEY), "-")


def test_the_headers_of_an_event_stream_are_looked_at_too_and_what_holds_nothing_stays() -> None:
    harmless = told("nothing to hide")
    assert Scrubber().scrub_body(harmless * 3, EVENTS, frames=True) == harmless * 3
    broken = b"\0\0\0\1" + harmless
    assert Scrubber().scrub_body(broken, EVENTS, frames=True) == broken
    clean = Scrubber().scrub_body(frame(b"{}", error_message=f"wrong key {KEY}", x=KEY) + harmless, EVENTS)
    assert KEY[8:20].encode() not in clean
    assert clean.endswith(harmless)
    assert zlib.crc32(clean[: -len(harmless) - 4]) == int.from_bytes(clean[-len(harmless) - 4 : -len(harmless)], "big")


def deflated(plain: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(plain) + packer.flush()


def test_packed_bodies_that_nothing_names_are_opened() -> None:
    packers: list[Callable[[bytes], bytes]] = [deflated]
    if importlib.util.find_spec("brotli"):
        packers.append(importlib.import_module("brotli").compress)
    for pack in packers:
        for more in ("", " and so on" * 2_000):
            body = pack(json.dumps({"text": f"the key is {KEY}{more}"}).encode())
            assert Scrubber().scrub_body(body, "application/json") == b"scrubbed".ljust(len(body), b"-")
            harmless = pack(json.dumps({"text": f"there is no key{more}"}).encode())
            assert Scrubber().scrub_body(harmless, "application/json") == harmless


PIECES = ["the key is ", *(KEY[start : start + 6] for start in range(0, len(KEY), 6)), ", ok"]
OBJECTS = [json.dumps({"delta": piece}).encode() for piece in PIECES]
STREAMS: dict[str, bytes] = {
    "marked lines": b'f:{"id":"m"}\n'
    + b"".join(b"0:%s\n" % json.dumps(piece).encode() for piece in PIECES)
    + b"e:{}\n",
    "objects without anything between them": b"".join(OBJECTS),
    "record separators": b"".join(b"\x1e%s\n" % item for item in OBJECTS),
    "lengths before each": b"".join(b"\0" + struct.pack(">I", len(item)) + item for item in OBJECTS),
    "parts": b"".join(b"---\r\nContent-Type: application/json\r\n\r\n%s\r\n" % item for item in OBJECTS) + b"-----\r\n",
}


@pytest.mark.parametrize("kind", STREAMS)
def test_a_key_split_over_the_frames_of_other_streams_is_masked(kind: str) -> None:
    body = STREAMS[kind]
    clean = Scrubber().scrub_body(body, "text/plain", frames=True)
    assert len(clean) == len(body)
    assert not [piece for piece in PIECES[2:-2] if piece.encode() in clean]
    assert clean.startswith(body[: body.find(b"sk-pro")])
    harmless = body.replace(b"sk-pro", b"so-pro").replace(b"the key", b"the bee")
    assert Scrubber().scrub_body(harmless, "text/plain", frames=True) == harmless
