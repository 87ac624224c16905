"""What a text holds in another coding: Base64, streams of gzip and its kin and files of archives within a body, and bodies
that were sent with a content-encoding.

Only what decodes to text is of interest: pictures, signatures and encrypted content do not.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import importlib
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

__all__ = ["Encoded", "begins_packed", "compressed_members", "encode_like", "encoded_texts", "opened", "opened_unnamed"]

Step = Callable[[bytes], bytes]
"""From some more of what is packed to what it holds."""


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
            if head is None or not (
                _is_text(head) or head.startswith(_MAGIC) or _is_wide(_decoded(token[skipped : skipped + 48]))
            ):
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


def opened(packed: bytes, coding: str) -> str | None:
    """What a body holds that was sent with this content-encoding, as far as it can be read, up to some megabytes.

    None where it cannot be read: an unknown coding, a package that is not installed, or not coded like that at all.
    """
    for name in reversed([name.strip().lower() for name in coding.split(",")]):
        if name in ("", "identity"):
            continue
        plain = next((plain for step in _STEPS.get(name, ()) if (plain := _steps(step, packed))), None)
        if plain is None:
            return None
        packed = plain
    return packed.decode("latin-1")


def opened_unnamed(text: str) -> str | None:
    """What a body holds that does not tell how it is packed: Brotli and raw deflate have no mark at their start.

    None for anything that is not such a stream from its first byte to its last, and text.
    """
    if len(text) > _UNPACKED_MAX:
        return None
    packed = text.encode("latin-1")
    for ended in (_inflated, _brotli_whole):
        with suppress(Exception):  # each package has errors of its own
            plain = ended(packed)
            if plain is not None and len(plain) > 8 and _is_text(plain[:4_000]):
                return plain.decode("latin-1")
    return None


def _inflated(packed: bytes) -> bytes | None:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = unpacker.decompress(packed, _UNPACKED_MAX)
    return plain if unpacker.eof and not unpacker.unused_data else None


def _brotli_whole(packed: bytes) -> bytes | None:
    for name in ("brotli", "brotlicffi"):
        with suppress(ImportError):
            unpacker: Any = importlib.import_module(name).Decompressor()
            if not hasattr(unpacker, "can_accept_more_data"):
                return None  # an old one, which cannot be told where to stop
            plain = _fed(partial(_brotli_bounded, unpacker), packed)
            return plain if unpacker.is_finished() or len(plain) >= _UNPACKED_MAX else None
    return None


def begins_packed(text: str) -> bool:
    """Whether this is a stream that tells by its first bytes what it is, so that `compressed_members` finds it."""
    return _STREAM_START.match(text) is not None


def _steps(make: Callable[[], Step | None], packed: bytes) -> bytes:
    with suppress(Exception):
        step = make()
        return b"" if step is None else _fed(step, packed)
    return b""


def _fed(step: Step, packed: bytes) -> bytes:
    """Bounded: a few bytes of a hostile stream may stand for gigabytes, so it is fed in small steps."""
    pieces: list[bytes] = []
    size = position = 0
    with suppress(Exception):  # errors are each package's own; what came out before counts
        while position < len(packed) and size < _UNPACKED_MAX:
            piece = step(packed[position : position + _STEP])
            position += _STEP
            size += len(piece)
            pieces.append(piece)
    return b"".join(pieces)[:_UNPACKED_MAX]


def _zlib_step(bits: int) -> Step:
    return zlib.decompressobj(bits).decompress


def _brotli_step() -> Step | None:
    for name in ("brotli", "brotlicffi"):
        with suppress(ImportError):
            inner: Any = importlib.import_module(name).Decompressor()
            if hasattr(inner, "can_accept_more_data"):
                return partial(_brotli_bounded, inner)
            return inner.process if hasattr(inner, "process") else inner.decompress
    return None


def _brotli_bounded(inner: Any, data: bytes) -> bytes:
    """Since 1.2, Brotli stops where it is told to; before, a few bytes may become some ten megabytes."""
    pieces: list[bytes] = [inner.process(data, output_buffer_limit=_PIECE)]
    while not inner.can_accept_more_data() and len(pieces) * _PIECE < _UNPACKED_MAX:
        pieces.append(inner.process(b"", output_buffer_limit=_PIECE))
    return b"".join(pieces)


def _zstandard_step() -> Step | None:
    with suppress(ImportError):
        return importlib.import_module("zstandard").ZstdDecompressor().decompressobj().decompress
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ImportError):
            return importlib.import_module(name).ZstdDecompressor().decompress
    return None


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
    head = bytes(packed[:30])
    if head.startswith(_ZSTD):
        return _unpack_zstandard(packed, most)
    if head.startswith(_ZIP):
        # A file behind its local header, of a given length. One that is not compressed is read as it stands.
        if len(head) < 30 or head[8:10] != b"\x08\x00":
            return b"", 0
        start = 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        plain, used = _unpack_by(zlib.decompressobj(-zlib.MAX_WBITS), packed[start:], most)
        return plain, start + used
    if head.startswith(_BZIP2):
        return _unpack_by(bz2.BZ2Decompressor(), packed, most)
    if head.startswith(_XZ):
        return _unpack_by(lzma.LZMADecompressor(memlimit=_MEMORY_MAX), packed, most)
    return _unpack_by(zlib.decompressobj(47), packed, most)


def _unpack_by(unpacker: Any, packed: memoryview, most: int) -> tuple[bytes, int]:
    """What a decompressor of the standard library makes of a stream."""
    pieces: list[bytes] = []
    size = used = 0
    with suppress(zlib.error, OSError, EOFError, ValueError, lzma.LZMAError):
        # In steps: what only begins like a stream is found out early, without a look at the rest of the body.
        while used < len(packed) and not unpacker.eof and size < most:
            step = bytes(packed[used : used + 65_536])
            pieces.append(unpacker.decompress(step, most - size))
            size += len(pieces[-1])
            used += len(step) - len(unpacker.unused_data)
    return b"".join(pieces), used


def _unpack_zstandard(packed: memoryview, most: int) -> tuple[bytes, int]:
    pieces: list[bytes] = []
    size = used = 0
    with suppress(Exception):  # an optional package, whose errors are its own
        unpacker: Any = importlib.import_module("zstandard").ZstdDecompressor().decompressobj()
        while used < len(packed) and not unpacker.eof and size < most:
            step = bytes(packed[used : used + _STEP])
            pieces.append(unpacker.decompress(step))
            size += len(pieces[-1])
            used += len(step) - len(unpacker.unused_data)
    return b"".join(pieces)[:most], used


def _unpacked(packed: bytes) -> bytes | None:
    if not packed.startswith(_MAGIC):
        return None
    if packed.startswith(_ZIP):  # all files of it
        return (
            "\n".join(plain for _, _, plain in compressed_members(packed.decode("latin-1"))).encode("latin-1") or None
        )
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


def _is_wide(head: bytes | None) -> bool:
    """Whether they are that of text in UTF-16 or UTF-32, most of it plain letters."""
    return (
        head is not None
        and head.count(0) * 3 >= len(head)
        and _is_text(head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b""))
    )


_UNPACKED_MAX = 4_000_000
_ATTEMPTS_MAX = 2_000
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZIP = b"PK\x03\x04"
_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\x00"
_STEP = 64
_PIECE = 1 << 18
_MEMORY_MAX = 200_000_000
_STEPS: dict[str, tuple[Callable[[], Step | None], ...]] = {
    "gzip": (lambda: _zlib_step(zlib.MAX_WBITS | 16),),
    "x-gzip": (lambda: _zlib_step(zlib.MAX_WBITS | 16),),
    "deflate": (lambda: _zlib_step(zlib.MAX_WBITS), lambda: _zlib_step(-zlib.MAX_WBITS)),
    "br": (_brotli_step,),
    "zstd": (_zstandard_step,),
}
_MAGIC = (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", _ZSTD, _ZIP, _BZIP2, _XZ)
_STREAM_START = re.compile(
    "\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|\\x28\xb5\x2f\xfd|PK\x03\x04|BZh[1-9]1AY&SY|\xfd7zXZ\x00"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
# Text in ASCII has a zero first bit: of each group of four, the first character is one of half the alphabet.
_BEGINS_LIKE_TEXT = re.compile(
    r"(?:[CDIJKLMNOPQRSTUVWXYZabcdef][A-Za-z0-9+/_-]{3}){3}|H4sI|e[AFJN]|KLUv|UEsDB|Qlpo|/Td6"
)
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_URLSAFE_TO_STANDARD = str.maketrans("-_", "+/")
_BREAKS = str.maketrans("\t\r\n", "   ")
