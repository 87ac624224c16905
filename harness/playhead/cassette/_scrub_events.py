"""Amazon's event streams (`application/vnd.amazon.eventstream`), in which Bedrock sends its replies: binary frames around JSON.

A frame is 12 bytes of lengths and their checksum, headers, a payload, and a checksum of all that. Clients look at the
checksums, so what was masked within a frame needs a new one. The payload of `InvokeModelWithResponseStream` is the
model's own JSON, in Base64.
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html says how frames are laid out.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

__all__ = ["event_frames", "is_event_stream", "sealed", "told_by", "with_told"]


class EventFrame(NamedTuple):
    """Where a frame lies, where its payload is, and the texts among the values of its headers."""

    start: int
    headers: list[tuple[int, int]]
    payload: int
    payload_end: int
    end: int


def is_event_stream(content_type: str) -> bool:
    """Whether a content type is that of these streams."""
    return "vnd.amazon.eventstream" in content_type.lower()


def event_frames(body: bytes) -> list[EventFrame]:
    """The whole frames at the start of a body; a stream that was cut off ends with a part of one."""
    found: list[EventFrame] = []
    start = 0
    while start + 16 <= len(body):
        length, headers, checksum = _PRELUDE.unpack_from(body, start)
        end = start + length
        if crc32(body[start : start + 8]) != checksum or length < headers + 16 or end > len(body):
            break
        payload = start + 12 + headers
        found.append(EventFrame(start, list(_texts(body, start + 12, payload)), payload, end - 4, end))
        start = end
    return found


def _texts(body: bytes, position: int, end: int) -> Iterator[tuple[int, int]]:
    while position < end:
        position += 1 + body[position]
        kind = body[position] if position < end else -1
        position += 1
        length = _LENGTHS.get(kind)
        if length is None:
            if kind not in (6, 7):
                return
            length = int.from_bytes(body[position : position + 2], "big")
            position += 2
        if kind == 7 and position + length <= end:
            yield position, position + length
        position += length


def told_by(payload: bytes) -> bytes:
    """What a payload says: itself, or what it holds in Base64."""
    match = _BYTES.match(payload)
    if match is not None:
        try:
            return base64.b64decode(match["coded"], validate=True)
        except binascii.Error:
            pass
    return payload


def with_told(payload: bytes, told: bytes) -> bytes:
    """The payload with `told`, which is as long as what `told_by` gave, in its place."""
    match = _BYTES.match(payload)
    if match is None or told_by(payload) == payload:
        return told
    start, end = match.span("coded")
    return payload[:start] + base64.b64encode(told) + payload[end:]


def sealed(body: bytes) -> bytes:
    """A body whose frames were changed, with the checksums that they have now."""
    pieces: list[bytes] = []
    position = 0
    for frame in event_frames(body):
        content = body[frame.start : frame.payload_end]
        pieces += (content, crc32(content).to_bytes(4, "big"))
        position = frame.end
    return b"".join((*pieces, body[position:]))


_LENGTHS = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # of values by their type; bytes and texts tell theirs
_PRELUDE = struct.Struct(">III")
_BYTES = re.compile(rb'\s*\{\s*"bytes"\s*:\s*"(?P<coded>[A-Za-z0-9+/]+={0,2})"')
