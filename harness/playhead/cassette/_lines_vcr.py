"""Reads what VCR.py writes by itself, and nothing else: a fraction of the time that a YAML parser needs.

The same bargain as in `_lines.py`: everything here answers None where a file is not exactly what VCR.py's serializer would
have written (ASCII, sorted keys, a list of values for each header, PyYAML's own way to break lines), and the YAML
parser decides. A property test holds both readers equal.

A scalar is plain, in single or in double quotes, or `!!binary`; a line of it that is broken goes on two columns deeper than
its parent. Plain ones are taken only where YAML cannot see anything but a text in them. Headers and bodies are checked,
but not taken apart until somebody asks.
"""

from __future__ import annotations

import base64
import binascii
import gc
import json
import re
from collections.abc import Callable
from typing import Any, cast

from playhead.cassette._emit import FOOTER
from playhead.cassette._tape import Headers, Interaction, RecordedRequest, RecordedResponse
from playhead.cassette._yaml import YAML_BYTES_MAX, parse_yaml

__all__ = ["read_vcr_lines"]


def read_vcr_lines(data: bytes, path: str) -> list[Interaction] | None:
    """The interactions of a file of VCR.py's own layout, or None where only a YAML parser can tell."""
    if not (data.startswith(_START) and data.endswith(FOOTER) and len(data) <= YAML_BYTES_MAX and data.isascii()):
        return None
    if len(data.translate(None, _CONTROLS)) != len(data):
        return None
    collecting = gc.isenabled()
    gc.disable()  # as in `_lines.py`
    try:
        return _interactions(data, path)
    finally:
        if collecting:
            gc.enable()


def _interactions(data: bytes, path: str) -> list[Interaction] | None:
    interactions: list[Interaction] = []
    begin, end = len(_START) - len(_ITEM), len(data) - len(FOOTER)
    while begin < end:
        found: list[bytes] = []
        position = begin
        for key, pattern in _PARTS:
            match = pattern.match(data, position + len(key), end) if data.startswith(key, position) else None
            if match is None:
                return None
            found.append(match[1])
            position = match.end()
        sent, sent_headers, method, uri, body, headers, code, message = found
        if body == b"null" or uri == b"null" or uri[:1] == b"!" or message[:1] == b"!":
            return None
        try:
            request_body, response_body = _body(sent, b"      "), _body(body, b"        ")
        except binascii.Error:
            return None
        interactions.append(
            Interaction(
                RecordedRequest(method.decode(), _text(uri, b"      ") or "", _headers(sent_headers), request_body),
                RecordedResponse(int(code), _text(message, b"        "), _headers(headers), response_body or b""),
                source=_source(data, begin, position, path),
            )
        )
        begin = position
    return interactions


def _source(data: bytes, begin: int, end: int, path: str) -> Callable[[], dict[str, Any]]:
    """What the file says, for those who write it back: then a YAML parser reads it after all."""
    return lambda: cast("list[dict[str, Any]]", parse_yaml(data[begin:end], path))[0]


def _headers(lines: bytes | None) -> Callable[[], Headers] | None:
    if lines is None:
        return None

    def taken_apart() -> Headers:
        headers: Headers = {}
        values: list[str] = []
        for entry in _ENTRIES.split(lines[6:-1]):
            if entry.startswith(b"- "):
                values.append(_text(entry[2:], b"        ") or "")
            else:
                values = headers[entry[:-1].decode()] = []
        return headers

    return taken_apart


def _body(raw: bytes, margin: bytes) -> bytes | Callable[[], bytes] | None:
    first = raw[:1]
    if first == b"'":
        return b"" if raw == b"''" else lambda: _single_quoted(raw, margin)
    if first == b'"':
        return lambda: _double_quoted(raw, margin).encode()
    if first == b"!":
        return base64.b64decode(raw[len(_BINARY) :].translate(None, b" \n"), validate=True)
    return None if raw == b"null" else _unfolded(raw, margin)


def _text(raw: bytes, margin: bytes) -> str | None:
    first = raw[:1]
    if first == b"'":
        return _single_quoted(raw, margin).decode()
    if first == b'"':
        return _double_quoted(raw, margin)
    return None if raw == b"null" else _unfolded(raw, margin).decode()


def _single_quoted(raw: bytes, margin: bytes) -> bytes:
    return _unfolded(raw[1:-1], margin).replace(b"''", b"'")


def _double_quoted(raw: bytes, margin: bytes) -> str:
    if b"\n" in raw:
        # A break that is escaped is none; the others are as ever, but JSON wants them escaped.
        raw = _unfolded(_BROKEN.sub(_kept, raw), margin).replace(b"\n", b"\\n")
    if _FOREIGN_ESCAPE.search(raw):
        raw = _ESCAPE.sub(_as_json, raw)
    return cast(str, json.loads(raw))


def _kept(match: re.Match[bytes]) -> bytes:
    return match[1] or b""


def _as_json(match: re.Match[bytes]) -> bytes:
    """An escape of YAML as one of JSON."""
    escaped = match[1]
    if escaped[:1] == b"x":
        return b"\\u00" + escaped[1:]
    if escaped[:1] == b"U":
        code = int(escaped[1:], 16)
        return chr(code).encode() if code > 0xFFFF else b"\\u%04x" % code
    return _ESCAPES.get(escaped, match[0])


def _unfolded(raw: bytes, margin: bytes) -> bytes:
    """A break between two lines is a space; empty lines are as many breaks."""
    if b"\n" not in raw:
        return raw
    if b"\n\n" not in raw:
        return raw.replace(b"\n" + margin, b" ")
    return _FOLD.sub(_breaks, raw)


def _breaks(match: re.Match[bytes]) -> bytes:
    return match[1] or b" "


def _pattern(text: str, indent: int = 0) -> re.Pattern[bytes]:
    words = {
        "SCALAR": r"(?:<SINGLE>|<PLAIN>|<DOUBLE>)(?=\n)",
        # In quotes: no space at the end of a line, where YAML would drop it.
        "SINGLE": r"'(?:[^'\n]++|''|(?<! )\n++<MARGIN>(?=[^ \n]))*+'",
        "DOUBLE": r'"(?:[^"\\\n]++|\\(?:["\\abefnrtv0N_LP ]|x[0-9A-Fa-f]{2}|u(?![dD][89a-fA-F])[0-9A-Fa-f]{4}|U<CODE>'
        r'|\n<MARGIN>(?=[^ \n]))|(?<![ \\])\n++<MARGIN>(?=[^ \n]))*+"',
        "CODE": r"(?:000(?!0[dD][89a-fA-F])[0-9A-Fa-f]{5}|0010[0-9A-Fa-f]{4})",
        "PLAIN": r"(?!<WORD>\n)(?:[A-Za-z/_(]|<(?!<)|<DIGIT>)"
        r"(?:[^\n :#]++| ++(?=[^ #\n])|:(?=[^ \n])|#|\n<MARGIN>(?=[A-Za-z0-9/_(]))*+",
        # What begins with a digit is no number, where it has two dots, or a dash and no dot, or what no number has.
        "DIGIT": r"(?:[0-9](?=[^\n.]*\.[^\n.]*\.|[^\n.]*-[^\n.]*\n|[^\n]*[^\n0-9a-fA-FxX_.:+-])"
        r"|[1-9](?=[0-9_:]*[^\n0-9_:.][^\n.]*\n))",
        "BINARY": r"!!binary \|(?:\n<MARGIN>[A-Za-z0-9+/]{1,76}={0,2})+(?=\n)",
        "WORD": r"(?i:y|n|yes|no|on|off|true|false|null)",
        "KEY": r"(?!<WORD>:)[A-Za-z][A-Za-z0-9_-]*",
        "MARGIN": f" {{{indent}}}",
    }
    while found := _WORD_NAME.search(text):
        text = text.replace(found[0], words[found[0][1:-1]])
    return re.compile(text.encode())


_WORD_NAME = re.compile("<[A-Z]+>")
_ITEM = b"- request:\n"
_START = b"interactions:\n" + _ITEM
_BINARY = b"!!binary |\n"
_CONTROLS = bytes(code for code in range(32) if code != 10) + b"\x7f"
_HIGH, _DEEP = (_pattern(r"(null(?=\n)|<SCALAR>|<BINARY>)\n", indent) for indent in (6, 8))
_HEADERS = _pattern(r"(?: \{\}\n|\n((?:      <KEY>:\n(?:      - <SCALAR>\n)+)+))", 8)
_PARTS = (
    (_ITEM + b"    body: ", _HIGH),
    (b"    headers:", _HEADERS),
    (b"    method: ", _pattern(r"((?!<WORD>\n)[A-Z]++)\n")),
    (b"    uri: ", _HIGH),
    (b"  response:\n    body:\n      string: ", _DEEP),
    (b"    headers:", _HEADERS),
    (b"    status:\n      code: ", re.compile(rb"([1-9][0-9]{2})\n")),
    (b"      message: ", _DEEP),
)
_ENTRIES = re.compile(rb"\n      (?! )")
_FOLD = re.compile(rb"\n(\n*) +")
_BROKEN = re.compile(rb"(\\[^\n])|\\\n +")
_FOREIGN_ESCAPE = re.compile(rb"\\[^\"\\bfnrtu]")
_ESCAPE = re.compile(rb"\\(x..|U.{8}|.)")
_ESCAPES = {
    b"0": b"\\u0000",
    b"a": b"\\u0007",
    b"v": b"\\u000b",
    b"e": b"\\u001b",
    b" ": b" ",
    b"N": b"\\u0085",
    b"_": b"\\u00a0",
    b"L": b"\\u2028",
    b"P": b"\\u2029",
}
