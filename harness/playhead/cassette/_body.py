"""Bodies: undo compression chunk by chunk, compare JSON by meaning, lay it out for a diff.

Pure functions of bytes. Decoders are those of the standard library; Brotli and Zstandard where their packages are
installed, which is where a client would decode them, too.
"""

from __future__ import annotations

import importlib
import json
import re
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, cast

__all__ = ["DECODED_BYTES_MAX", "JSON_LAYOUT_BYTES_MAX", "decode_chunks", "json_value", "lay_out_json"]

DECODED_BYTES_MAX = 200_000_000
"""What unfolds to more is kept as it came: a few kilobytes may stand for gigabytes, which a client that reads raw never sees."""

JSON_LAYOUT_BYTES_MAX = 20_000_000
"""A larger body is stored as it is: nobody reads such a diff, and laying it out would take seconds."""


def decode_chunks(chunks: list[bytes], encoding: str, *, whole: bool) -> list[bytes] | None:
    """What a client's decoder gives for each of `chunks`, or None where it cannot decode them.

    `encoding` is the value of the header content-encoding; several codings are undone in reverse order. A piece of the
    result is empty where the decoder needed more input. With `whole`, the stream must also end properly; without, it
    was cut off, and what came out before counts.
    """
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    decoders: list[_Decoder] = []
    for name in reversed(names):
        if name == "identity":
            continue
        make = _DECODERS.get(name)
        decoder = make() if make is not None else None
        if decoder is None:
            return None
        decoders.append(decoder)
    try:
        pieces: list[bytes] = []
        size = 0
        for chunk in chunks:
            for decoder in decoders:
                chunk = decoder.decode(chunk) if chunk else b""
            pieces.append(chunk)
            size += len(chunk)
            if size > DECODED_BYTES_MAX:
                return None
        rest = b""
        for decoder in decoders:
            rest = (decoder.decode(rest) if rest else b"") + decoder.flush(whole and bool(chunks) and any(chunks))
    except _Undecodable:
        return None
    if rest:
        pieces = [*pieces[:-1], pieces[-1] + rest] if pieces else [rest]
    return pieces


class _Undecodable(Exception):
    pass


class _Decoder(Protocol):
    def decode(self, data: bytes) -> bytes: ...

    def flush(self, must_be_whole: bool) -> bytes: ...


class _Zlib:
    """gzip, and deflate with or without its zlib wrapper (servers send both under the same name)."""

    def __init__(self, *window_bits: int) -> None:
        self._choices = list(window_bits)
        self._inner = zlib.decompressobj(self._choices.pop(0))

    def decode(self, data: bytes) -> bytes:
        try:
            decoded = self._inner.decompress(data, DECODED_BYTES_MAX)
            if self._inner.unconsumed_tail:
                raise _Undecodable
            return decoded
        except zlib.error as error:
            if not self._choices:
                raise _Undecodable from error
            self._inner = zlib.decompressobj(self._choices.pop(0))
            return self.decode(data)

    def flush(self, must_be_whole: bool) -> bytes:
        if must_be_whole and not self._inner.eof:
            raise _Undecodable
        try:
            return self._inner.flush()
        except zlib.error as error:
            raise _Undecodable from error


class _Foreign:
    """Brotli: `step` is the package's incremental function."""

    def __init__(self, step: Callable[[bytes], bytes], errors: type[Exception]) -> None:
        self._step = step
        self._errors = errors

    def decode(self, data: bytes) -> bytes:
        try:
            return self._step(data)
        except self._errors as error:
            raise _Undecodable from error

    def flush(self, must_be_whole: bool) -> bytes:
        return b""


def _brotli() -> _Decoder | None:
    for name in ("brotli", "brotlicffi"):
        module = _package(name)
        if module is not None:
            inner = module.Decompressor()
            step = inner.process if hasattr(inner, "process") else inner.decompress
            return _Foreign(_bounded(inner) if hasattr(inner, "can_accept_more_data") else step, module.error)
    return None


def _bounded(inner: Any) -> Callable[[bytes], bytes]:
    """Brotli since 1.2 stops where it is told to."""

    def step(data: bytes) -> bytes:
        decoded: bytes = inner.process(data, output_buffer_limit=DECODED_BYTES_MAX)
        if not inner.can_accept_more_data():
            raise _Undecodable
        return decoded

    return step


class _Zstandard:
    """Zstandard: frame after frame. One that is cut off is an error to clients, unlike with Brotli."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._inner: Any = module.ZstdDecompressor().decompressobj()

    def decode(self, data: bytes) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            for start in range(0, len(data), _ZSTANDARD_STEP):
                part = data[start : start + _ZSTANDARD_STEP]
                while part:
                    if self._inner.eof:
                        self._inner = self._module.ZstdDecompressor().decompressobj()
                    pieces.append(self._inner.decompress(part))
                    part = self._inner.unused_data
                    size += len(pieces[-1])
                    if size > DECODED_BYTES_MAX:
                        raise _Undecodable
        except self._module.ZstdError as error:
            raise _Undecodable from error
        return b"".join(pieces)

    def flush(self, must_be_whole: bool) -> bytes:
        if must_be_whole and not self._inner.eof:
            raise _Undecodable
        return b""


def _zstandard() -> _Decoder | None:
    module = _package("zstandard")
    return None if module is None else _Zstandard(module)


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_DECODERS: dict[str, Callable[[], _Decoder | None]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS, -zlib.MAX_WBITS),
    "br": _brotli,
    "zstd": _zstandard,
}


def json_value(body: bytes | None) -> Any:
    """The JSON value of a body that is an object or an array, else `NOT_JSON`.

    Numbers that mean the same are the same (1 and 1.0).
    """
    if not body or body[:1] not in b"{[ \t\r\n":
        return NOT_JSON
    try:
        value = _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError):
        return NOT_JSON
    return cast(Any, value) if isinstance(value, (dict, list)) else NOT_JSON


NOT_JSON: Any = object()


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


_DECODER = json.JSONDecoder(parse_float=_number)  # json.loads, given an option, would make one for each body


def lay_out_json(body: bytes) -> bytes | None:
    """The same JSON with one field per line, or None for a body that is not an object or array.

    Works on tokens, not on values: numbers, escapes, the order of keys and even keys given twice stay as they were
    sent, so only white space differs.
    """
    if len(body) > JSON_LAYOUT_BYTES_MAX or body.lstrip(b" \t\r\n")[:1] not in (b"{", b"["):
        return None
    try:
        text = body.decode()
        _, end = _SCAN(text, len(text) - len(text.lstrip(_JSON_SPACE)))
    except (ValueError, RecursionError, StopIteration):  # also JSON in UTF-16, which stays as it is
        return None
    if text[end:].strip(_JSON_SPACE):
        return None
    pieces = _STRING.split(text)  # what is no string, a string, and so on in turns
    if not text.isascii() or "\x7f" in text:
        pieces[1::2] = [_BARE.sub(_escape, piece) for piece in pieces[1::2]]
    last = len(pieces) - 1
    line = "\n"
    for number in range(0, last, 2):
        piece = pieces[number]
        pieces[number], line = _between(piece, line) if len(piece) <= _COMMON else _laid_out(piece, line)
    pieces[last] = (_between if len(pieces[last]) <= _COMMON else _laid_out)(pieces[last], line, ends=True)[0]
    return "".join(pieces).encode()


def _laid_out(between: str, line: str, *, ends: bool = False) -> tuple[str, str]:
    """What stands between two strings (or behind the last one, if it `ends` there), with its lines, and the line end at
    the new depth."""
    parts: list[str] = []
    add = parts.append
    opened = False
    for token in _TOKEN.findall(between):
        kind = token[0]
        if kind == ",":
            add(",")
            add(line)
        elif kind == ":":
            add(": ")
        elif kind in "]}":
            line = line[:-2]
            if not opened:
                add(line)
            add(token)
            opened = False
        else:
            if opened:
                add(line)
            opened = kind in "[{"
            if opened:
                line += "  "
            add(token)
    if opened and not ends:
        add(line)
    return "".join(parts), line


_between = lru_cache(maxsize=4096)(_laid_out)  # mostly a colon, a comma, a bracket


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


_SCAN: Callable[[str, int], tuple[Any, int]] = cast(
    Any, json.JSONDecoder()
).scan_once  # what json.loads does, without what it does for bytes
_ZSTANDARD_STEP = 4096  # it cannot be told where to stop
_JSON_SPACE = " \t\r\n"
_COMMON = 64
_STRING = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")')
_TOKEN = re.compile(r"[][{}:,]|[^][{}:,\s]+")
# What no YAML literal block can hold; inside of JSON strings it may as well be escaped.
_BARE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
