"""Reads back what `_emit.py` writes, and nothing else: a fraction of the time that a YAML parser needs.

Everything here answers None where a line is not exactly what the emitter would have written; the caller then takes the
YAML parser, which decides whether the file is good, and says what is wrong when it is not. So this page has no error
messages and gives no second opinion: a property test holds both readers equal.

Where an interaction begins and its parts end can be found by searching for a line end and so many spaces, because every
line of a body is indented deeper or empty. Headers and bodies are checked but not taken apart until somebody asks.
"""

from __future__ import annotations

import base64
import binascii
import gc
import json
import re
from collections.abc import Callable
from typing import cast

from playhead.cassette._emit import FOOTER, FORMAT, is_plain
from playhead.cassette._tape import End, Headers, Interaction, RecordedRequest, RecordedResponse, Stream

__all__ = ["read_lines"]


def read_lines(data: bytes) -> tuple[list[str], list[Interaction]] | None:
    """Names of the matchers and the interactions of a file of ours, or None where only a YAML parser can tell."""
    header = _HEADER.match(data)
    if header is None or not data.endswith(b"\n" + FOOTER) or not is_plain(data):
        return None
    match_on = header[1].decode().split(", ") if header[1] else []
    start = header.end()
    if data[start:] == b"interactions: []\n" + FOOTER:
        return match_on, []
    if not data.startswith(b"interactions:\n- request:\n", start):
        return None
    collecting = gc.isenabled()
    # Thousands of small objects that all stay: the collector would go through the whole process, twice, to find nothing.
    gc.disable()
    try:
        interactions = _interactions(data, start + len(b"interactions:\n"), len(data) - len(FOOTER))
    finally:
        if collecting:
            gc.enable()
    return None if interactions is None else (match_on, interactions)


def _interactions(data: bytes, begin: int, end: int) -> list[Interaction] | None:
    interactions: list[Interaction] = []
    while begin < end:
        following = data.find(b"\n- request:\n", begin, end)
        stop = end if following < 0 else following + 1
        interaction = _interaction(data, begin, stop)
        if interaction is None:
            return None
        interactions.append(interaction)
        begin = stop
    return interactions


def _interaction(data: bytes, begin: int, stop: int) -> Interaction | None:
    """The interaction between two positions. Nothing is copied but what is small."""
    head = _REQUEST.match(data, begin, stop)
    if head is None:
        return None
    cut = data.find(b"\n  response:\n", head.end() - 1, stop)
    status = _RESPONSE.match(data, cut + 1, stop) if cut >= 0 else None
    if status is None:
        return None
    # From the end, where it is. Two of them are no layout of ours, and fit no pattern.
    stream_at = data.rfind(b"\n    stream:\n", status.end() - 1, stop)
    tail = stop if stream_at < 0 else stream_at + 1
    stream: Stream | None = None
    if stream_at >= 0:
        stream = _stream(data, tail, stop)
        if stream is None:
            return None
    request_body: Body | None = None
    if data[head.end() : head.end() + 5] != b"null\n" or head.end() + 5 != cut + 1:
        request_body = _body(data, head.end(), cut + 1, 6)
        if request_body is None:
            return None
    response_body = _body(data, status.end(), tail, 8)
    method, uri, request_lines = head.groups()
    code, message, response_lines = status.groups()
    if response_body is None:
        return None
    return Interaction(
        RecordedRequest(_text(method) or "", _text(uri) or "", lambda: _headers(request_lines), request_body),
        RecordedResponse(int(code), _text(message), lambda: _headers(response_lines), response_body, stream),
        memoryview(data)[begin:stop],
    )


def _headers(lines: bytes | None) -> Headers:
    if lines is None:
        return {}
    headers: Headers = {}
    for line in lines.splitlines():
        name, _, values = line.partition(b": ")
        headers[name[6:].decode()] = cast("list[str]", json.loads(values))
    return headers


def _text(raw: bytes) -> str | None:
    if raw.startswith(b'"'):
        return cast(str, json.loads(raw))
    return None if raw == b"null" else raw.decode()


Body = bytes | Callable[[], bytes]


def _body(data: bytes, begin: int, stop: int, indent: int) -> Body | None:
    """The scalar that begins there and ends with its line end at `stop`; literal blocks are cut out when wanted."""
    if data.startswith(b"|2", begin):
        return _literal(data, begin + 2, stop, indent)
    raw = data[begin:stop]
    if raw.startswith(b'"'):
        return _double_quoted(raw, indent)
    if raw == b"''\n":
        return b""
    if raw.startswith(b"!!binary |\n"):
        return _binary(raw, indent)
    return None


def _literal(data: bytes, begin: int, stop: int, indent: int) -> Body | None:
    chomping = data[begin : begin + 1]
    if chomping == b"\n":
        chomping = b""
    elif chomping not in (b"-", b"+"):
        return None
    line_end = begin + len(chomping)  # the line end before the first line
    start, margin = line_end + 1, b"\n" + b" " * indent
    if data[line_end:start] != b"\n" or start >= stop:
        return None
    # Each line begins with the margin or is empty: the first line end that neither follows is the last.
    stray = _STRAY[indent].search(data, line_end, stop)
    if stray is None or stray.start() != stop - 1:
        return None
    # YAML would read other line ends, or another first line, than were written: that is for its parser.
    ends = 1
    while data[stop - 1 - ends : stop - ends] == b"\n" and stop - ends > start:
        ends += 1
    if (ends < 2) if chomping == b"+" else (ends != 1):
        return None
    last = data.rfind(b"\n", line_end, stop - ends) + 1
    if not data[last : stop - ends].strip(b" ") or not data[start : start + indent + 1].strip(b" \t"):
        return None

    def cut_out() -> bytes:
        text = data[line_end:stop].replace(margin, b"\n")
        return text[1:-1] if chomping == b"-" else text[1:]

    return cut_out


def _double_quoted(raw: bytes, indent: int) -> bytes | None:
    text = raw[:-1]
    if b"\n" in text:
        lines = text.split(b"\n")
        margin = b" " * indent
        for line in lines[1:]:
            if not line.startswith(margin) or line[indent : indent + 1] in (b" ", b"\t", b""):
                return None
        if not all(_CONTINUED.search(line) for line in lines[:-1]):
            return None
        text = b"".join([line[:-1] for line in [lines[0], *(line[indent:] for line in lines[1:-1])]])
        text += lines[-1][indent:]
    if _STRING.fullmatch(text) is None:
        return None
    return cast(str, json.loads(text)).encode()


def _binary(raw: bytes, indent: int) -> bytes | None:
    margin = b" " * indent
    lines = raw.split(b"\n")[1:-1]
    if not all(line.startswith(margin) and _BASE64.fullmatch(line, indent) for line in lines):
        return None
    try:
        return base64.b64decode(b"".join(line[indent:] for line in lines), validate=True)
    except binascii.Error:
        return None


def _stream(data: bytes, begin: int, stop: int) -> Stream | None:
    match = _STREAM.fullmatch(data, begin, stop)
    if match is None:
        return None
    chunks, at_ms = match[1], match[2]
    if not (_are_numbers(chunks) and _are_numbers(at_ms)):
        return None
    error = (_text(match[4]), _text(match[5])) if match[4] is not None else None
    return Stream(
        chunks=lambda: cast("list[int]", json.loads(b"[%b]" % chunks)),
        at_ms=lambda: cast("list[int]", json.loads(b"[%b]" % at_ms)),
        end=cast(End, match[3].decode()),
        error=cast("tuple[str, str] | None", error),
        end_ms=int(match[6]) if match[6] is not None else None,
        encoding=_text(match[7]) if match[7] is not None else None,
        header_encoding=_text(match[8]) if match[8] is not None else None,
        http_version=_text(match[9]) if match[9] is not None else None,
        recorded_at=match[10].decode() if match[10] is not None else None,
    )


def _are_numbers(raw: bytes) -> bool:
    """Whether this, in brackets, is a list of whole numbers as JSON writes them, of which YAML has the same idea."""
    if 64 < len(raw) < 4000 and b", 0" not in raw:
        # Ten times as fast as the pattern: only commas with a space between digits. (A number of more digits than
        # Python reads does not fit in.)
        separators = raw.translate(None, _DIGITS)
        return (
            separators == b", " * (len(separators) // 2)
            and b", ," not in raw
            and raw[:1] in b"123456789"
            and raw[-1:] != b" "
        )
    return not raw or _NUMBERS.fullmatch(raw) is not None


def _pattern(text: str) -> re.Pattern[bytes]:
    words = {
        "STRING": r'"(?:[^"\\\n\t]|\\(?:["\\bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}))*"',
        "WORD": r"(?!(?i:y|n|yes|no|on|off|true|false|null)\b(?![_-]))[A-Za-z][A-Za-z0-9_]*",
    }
    words["KEY"] = r"(?!(?i:y|n|yes|no|on|off|true|false|null):)[A-Za-z][A-Za-z0-9_-]*"
    words["HEADERS"] = rf"(?: \{{\}}\n|\n((?:      {words['KEY']}: \[(?:{words['STRING']}(?:, (?=\"))?)*\]\n)+))"
    words["NUMBERS"] = r"(?:0|[1-9][0-9]{0,14})(?:, (?:0|[1-9][0-9]{0,14}))*"
    words["NUMBER"] = r"(?:0|[1-9][0-9]{0,14})"
    for name, pattern in words.items():
        text = text.replace(f"<{name}>", pattern)
    return re.compile(text.encode())


_HEADER = _pattern(rf"playhead: \{{format: {FORMAT}, match_on: \[((?:<WORD>(?:, (?=[A-Za-z]))?)*)\]\}}\n")
_REQUEST = _pattern(
    r"- request:\n    method: (<WORD>|<STRING>)\n"
    r"    uri: (https?://[A-Za-z0-9._~:/?@!$&()*+;=%-]*[A-Za-z0-9._~/?@!$&()*+;=%-]|<STRING>)\n"
    r"    headers:<HEADERS>    body: "
)
_RESPONSE = _pattern(
    r"  response:\n    status: \{code: ([1-9][0-9]{2}), "
    r"message: (null|(?!(?i:y|n|yes|no|on|off|true|false|null)\})[A-Za-z]+(?: [A-Za-z]+)*|<STRING>)\}\n"
    r"    headers:<HEADERS>    body:\n      string: "
)
_STREAM = _pattern(
    r"    stream:\n      chunks: \[([0-9, ]*)\]\n      at_ms: \[([0-9, ]*)\]\n"
    r"      end: (complete|closed_by_client|cancelled|disconnected|timeout|failed)\n"
    r"(?:      error: \{type: (<WORD>|<STRING>), message: (<STRING>)\}\n)?"
    r"(?:      end_ms: (<NUMBER>)\n)?(?:      encoding: (<STRING>)\n)?(?:      header_encoding: (<STRING>)\n)?(?:      http_version: (<STRING>)\n)?"
    r"(?:      recorded_at: ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)\n)?"
)
_STRING = _pattern("<STRING>")
_CONTINUED = re.compile(rb"(?<!\\)(?:\\\\)*\\$")
_NUMBERS = _pattern("<NUMBERS>")
_DIGITS = b"0123456789"
_STRAY = {indent: re.compile(rb"\n(?!%b|\n)" % (b" " * indent)) for indent in (6, 8)}
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{1,76}={0,2}")
