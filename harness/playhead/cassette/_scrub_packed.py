"""What a text holds in another coding: Base64, and gzip, zlib or Zstandard streams within a body.

Only what decodes to text is of interest: pictures, signatures and encrypted content do not.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import importlib
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

__all__ = ["Encoded", "compressed_members", "encode_like", "encoded_texts"]


class Encoded(NamedTuple):
    """A part of a text that is something else in Base64 or in hexadecimal digits."""

    start: int
    end: int
    plain: bytes
    packed: bool
    """Whether it was compressed, too: then masking within it is not possible."""


def encoded_texts(text: str) -> Iterator[Encoded]:
    """The parts of `text` that are text in Base64 or in hexadecimal digits, plain or compressed."""
    for match in _BASE64.finditer(text):
        token = match[0]
        if len(token) % 2 == 0 and _HEX.fullmatch(token) is not None:
            plain = bytes.fromhex(token)
            if _is_text(plain):
                yield Encoded(match.start(), match.end(), plain, packed=False)
            continue
        # What stands before it in the same alphabet (a path, a prefix) shifts the groups of four.
        for skipped in range(4):
            if _BEGINS_LIKE_TEXT.match(token, skipped) is None and (skipped or len(token) < 48):
                continue
            head = _decoded(token[skipped : skipped + 24])
            if head is None or not (_is_text(head) or head.startswith(_MAGIC)):
                continue
            plain = _decoded(token[skipped:])
            if plain is not None:
                unpacked = _unpacked(plain)
                start = match.start() + skipped
                yield Encoded(start, match.end(), plain if unpacked is None else unpacked, unpacked is not None)
            break


def encode_like(encoded: str, plain: bytes) -> str | None:
    """`plain` coded as `encoded` is: same alphabet, same length; None where that cannot be."""
    if _HEX.fullmatch(encoded) is not None and len(encoded) == 2 * len(plain):
        return plain.hex()
    text = base64.b64encode(plain).decode("ascii")
    if "-" in encoded or "_" in encoded:
        text = text.replace("+", "-").replace("/", "_")
    if not encoded.endswith("="):
        text = text.rstrip("=")
    rest = encoded[len(text) :]
    return text + rest if len(rest) <= 1 and len(text) + len(rest) == len(encoded) else None


def compressed_members(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, plain text) of compressed streams within a body, such as a file in a multipart form."""
    if _STREAM_START.search(text) is None:
        return
    packed = memoryview(text.encode("latin-1", "replace"))
    spent = 0
    budget = _UNPACKED_MAX
    for attempt, match in enumerate(_STREAM_START.finditer(text)):
        if attempt >= _ATTEMPTS_MAX or budget <= 0:
            return
        if match.start() < spent:
            continue
        plain, used = _unpack(packed[match.start() :], budget)
        budget -= len(plain)
        if len(plain) >= 8:
            spent = match.start() + used
            yield match.start(), spent, plain.decode("latin-1")


def _unpack(packed: memoryview, most: int) -> tuple[bytes, int]:
    """What a stream at the start of `packed` holds, as far as it can be read, and how long the stream is."""
    unpacker: Any = zlib.decompressobj(47)
    if bytes(packed[:4]) == _ZSTD:
        with suppress(Exception):  # an optional package, whose errors are its own
            unpacker = importlib.import_module("zstandard").ZstdDecompressor().decompressobj()
            plain = unpacker.decompress(bytes(packed))[:most]
            return plain, len(packed) - len(unpacker.unused_data)
        return b"", 0
    plain, used = b"", 0
    with suppress(zlib.error):
        # In steps: what only begins like a stream is found out early, without a look at the rest of the body.
        while used < len(packed) and not unpacker.eof and len(plain) < most:
            plain += unpacker.decompress(bytes(packed[used : used + 65_536]), most - len(plain))
            used += 65_536 - len(unpacker.unused_data)
    return plain, min(used, len(packed))


def _unpacked(packed: bytes) -> bytes | None:
    if not packed.startswith(_MAGIC):
        return None
    plain, _ = _unpack(memoryview(packed), _UNPACKED_MAX)
    return plain or None


def _decoded(token: str) -> bytes | None:
    standard = token.translate(_URLSAFE_TO_STANDARD).rstrip("=")
    if len(standard) % 4 == 1:
        standard = standard[:-1]
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4))
    except (binascii.Error, ValueError):
        return None


def _is_text(head: bytes) -> bool:
    """Whether these first bytes are the beginning of text in UTF-8."""
    try:
        text, _ = codecs.utf_8_decode(head, "strict", False)
    except UnicodeDecodeError:
        return False
    return len(text) >= 6 and text.translate(_BREAKS).isprintable()


_UNPACKED_MAX = 4_000_000
_ATTEMPTS_MAX = 2_000
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAGIC = (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", _ZSTD)
_STREAM_START = re.compile("\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|\\x28\xb5\x2f\xfd")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
# Text in ASCII has a zero first bit: of each group of four, the first character is one of half the alphabet.
_BEGINS_LIKE_TEXT = re.compile(r"(?:[CDIJKLMNOPQRSTUVWXYZabcdef][A-Za-z0-9+/_-]{3}){3}|H4sI|e[AFJN]|KLUv")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_URLSAFE_TO_STANDARD = str.maketrans("-_", "+/")
_BREAKS = str.maketrans("\t\r\n", "   ")
