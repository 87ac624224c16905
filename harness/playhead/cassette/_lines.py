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
import json
import re
from collections.abc import Callable
from typing import cast

from playhead.cassette._emit import FOOTER, FORMAT
from playhead.cassette._tape import End, Headers, Interaction, RecordedRequest, RecordedResponse, Stream

__all__ = ["read_lines"]


def read_lines(data: bytes) -> tuple[list[str], list[Interaction]] | None:
    """Names of the matchers and the interactions of a file of ours, or None where only a YAML parser can tell."""
    header = _HEADER.match(data)
    if header is None or not data.endswith(b"\n" + FOOTER) or not _is_plain(data):
        return None
    match_on = header[1].decode().split(", ") if header[1] else []
    start = header.end()
    if data[start:] == b"interactions: []\n" + FOOTER:
        return match_on, []
    if not data.startswith(b"interactions:\n- request:\n", start):
        return None
    begin, end = start + len(b"interactions:\n"), len(data) - len(FOOTER)
    interactions: list[Interaction] = []
    while begin < end:
        following = data.find(b"\n- request:\n", begin, end)
        stop = end if following < 0 else following + 1
        interaction = _interaction(data[begin:stop])
        if interaction is None:
            return None
        interactions.append(interaction)
        begin = stop
    return match_on, interactions


def _is_plain(data: bytes) -> bool:
    """No character that a YAML parser would refuse or take for a line end; it may think differently of the rest then."""
    if len(data.translate(None, _CONTROLS)) != len(data):
        return False
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return not any(lead in data and pattern.search(data) for lead, pattern in _UNWANTED)


def _interaction(block: bytes) -> Interaction | None:
    head = _REQUEST.match(block)
    if head is None:
        return None
    cut = block.find(b"\n  response:\n", head.end() - 1)
    if cut < 0:
        return None
    status = _RESPONSE.match(block, cut + 1)
    if status is None:
        return None
    stream_at = block.find(b"\n    stream:\n", status.end() - 1)
    tail = len(block) if stream_at < 0 else stream_at + 1
    request_body = b"null" if block[head.end() : cut + 1] == b"null\n" else _body(block[head.end() : cut + 1], 6)
    response_body = _body(block[status.end() : tail], 8)
    uri, message = _text(head[2]), _text(status[2])
    if request_body is None or response_body is None or uri is None:
        return None
    stream: Stream | None = None
    if stream_at >= 0:
        stream = _stream(block[tail:])
        if stream is None:
            return None
    method = _text(head[1])
    if method is None or (message is None and status[2] != b"null"):
        return None
    body = None if request_body == b"null" else request_body if isinstance(request_body, bytes) else request_body()
    request = RecordedRequest(method, uri, _headers(head[3]), body)
    lines = status[3]
    response = RecordedResponse(int(status[1]), message, lambda: _headers(lines), response_body, stream)
    return Interaction(request, response, block)


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


def _body(raw: bytes, indent: int) -> bytes | Callable[[], bytes] | None:
    """The scalar at the start of `raw`, which ends with its line end; large ones are cut out when they are wanted."""
    if raw.startswith(b"|2"):
        return _literal(raw, indent)
    if raw.startswith(b'"'):
        return _double_quoted(raw, indent)
    if raw == b"''\n":
        return b""
    if raw.startswith(b"!!binary |\n"):
        return _binary(raw, indent)
    return None


def _literal(raw: bytes, indent: int) -> Callable[[], bytes] | None:
    chomping = raw[2:4].split(b"\n", 1)[0]
    start = 3 + len(chomping)
    if raw[start - 1 : start] != b"\n" or chomping not in (b"", b"-", b"+"):
        return None
    content = raw[start:]
    margin = b"\n" + b" " * indent
    lines = b"\n" + content
    # Each line begins with the margin or is empty; and none ends the block before its end.
    empty = lines.count(b"\n\n") if b"\n\n\n" not in lines else len(_EMPTY_LINE.findall(lines))
    if lines.count(b"\n") - 1 != lines.count(margin) + empty or not content.startswith((margin[1:], b"\n")):
        return None
    ends = len(content) - len(content.rstrip(b"\n"))
    if content.rstrip(b"\n") == b"" or content[: indent + 1].strip(b" \t") == b"":
        return None
    if (ends != 1) if chomping != b"+" else (ends < 2):
        return None
    last = content[content.rfind(b"\n", 0, len(content) - ends) + 1 :]
    if last.strip() == b"":
        return None

    def cut_out() -> bytes:
        text = lines.replace(margin, b"\n")[1:]
        return text[:-1] if chomping == b"-" else text

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


def _stream(raw: bytes) -> Stream | None:
    match = _STREAM.fullmatch(raw)
    if match is None:
        return None
    chunks, at_ms = match[1], match[2]
    error = (_text(match[4]), _text(match[5])) if match[4] is not None else None
    return Stream(
        chunks=[int(size) for size in chunks.split(b", ")] if chunks else [],
        at_ms=[int(time) for time in at_ms.split(b", ")] if at_ms else [],
        end=cast(End, match[3].decode()),
        error=cast("tuple[str, str] | None", error),
        end_ms=int(match[6]) if match[6] is not None else None,
        encoding=_text(match[7]) if match[7] is not None else None,
        http_version=_text(match[8]) if match[8] is not None else None,
        recorded_at=match[9].decode() if match[9] is not None else None,
    )


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
    r"    stream:\n      chunks: \[(<NUMBERS>)?\]\n      at_ms: \[(<NUMBERS>)?\]\n"
    r"      end: (complete|closed_by_client|cancelled|disconnected|timeout|failed)\n"
    r"(?:      error: \{type: (<WORD>|<STRING>), message: (<STRING>)\}\n)?"
    r"(?:      end_ms: (<NUMBER>)\n)?(?:      encoding: (<STRING>)\n)?(?:      http_version: (<STRING>)\n)?"
    r"(?:      recorded_at: ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)\n)?"
)
_STRING = _pattern("<STRING>")
_CONTINUED = re.compile(rb"(?<!\\)(?:\\\\)*\\$")
_EMPTY_LINE = re.compile(rb"\n(?=\n)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{1,76}={0,2}")
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n") + b"\x7f"
# C1 controls with NEL; line and paragraph separators; U+FFFE and U+FFFF; the byte order mark.
_UNWANTED: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"\xc2", re.compile(rb"\xc2[\x80-\x9f]")),
    (b"\xe2\x80", re.compile(rb"\xe2\x80[\xa8\xa9]")),
    (b"\xef\xbf", re.compile(rb"\xef\xbf[\xbe\xbf]")),
    (b"\xef\xbb\xbf", re.compile(rb"\xef\xbb\xbf")),
)
