"""Writes our own format: YAML that a person reads in a diff and that VCR.py and cassetter replay.

An own emitter, because PyYAML refuses literal blocks for texts that YAML allows there (trailing spaces, characters
beyond the BMP) and would fold or quote the bodies that reviews are about. The layout is rigid, so that `_lines.py` can
read it back without a parser:

- bodies are literal blocks (`|`) where every YAML 1.1 reader gives back the same bytes, else double-quoted, one line of
  the body per line of the file, else `!!binary`;
- header values are JSON lists, one header per line; everything else is a fixed line.

The same input gives the same bytes, always.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from playhead.cassette._body import lay_out_json
from playhead.cassette._tape import Headers, Interaction, Stream

__all__ = ["FOOTER", "FORMAT", "emit_file", "emit_interaction", "emit_pieces", "header_line", "is_plain"]

FORMAT = 1
"""The version of our format. It changes when an older Playhead could not read, or would misread, a file."""

FOOTER = b"version: 1\n"
"""Always the last line: a file without it was cut off."""


def emit_file(match_on: Sequence[str], interactions: Iterable[Interaction], *, lay_out: bool = True) -> bytes:
    """A whole file. Interactions that still have their lines from a file of ours are copied as they are.

    `lay_out=False` keeps JSON request bodies as they were sent: for matchers that do not compare by meaning.
    """
    return b"".join(emit_pieces(match_on, interactions, lay_out=lay_out))


def emit_pieces(
    match_on: Sequence[str], interactions: Iterable[Interaction], *, lay_out: bool = True
) -> Iterator[bytes | memoryview]:
    """The same piece by piece, so that a long file need not be in memory as a whole."""
    head = header_line(match_on)
    for interaction in interactions:
        if head:
            yield head + b"interactions:\n"
            head = b""
        if interaction.text is not None:
            yield interaction.text
        else:
            yield from _interaction_pieces(interaction, lay_out)
    if head:
        yield head + b"interactions: []\n"
    yield FOOTER


def header_line(match_on: Sequence[str]) -> bytes:
    """The first line of a file of ours."""
    return f"playhead: {{format: {FORMAT}, match_on: [{', '.join(match_on)}]}}\n".encode()


def emit_interaction(interaction: Interaction, *, lay_out: bool = True) -> bytes:
    """One entry of the list `interactions`, with its line ends."""
    return b"".join(_interaction_pieces(interaction, lay_out))


def _interaction_pieces(interaction: Interaction, lay_out: bool) -> list[bytes]:
    request, response = interaction.request, interaction.response
    out: list[str] = [f"- request:\n    method: {_word(request.method)}\n    uri: {_uri(request.uri)}\n"]
    _emit_headers(out, request.headers)
    body = request.body
    if body is None:
        out.append("    body: null\n")
        parts = [_joined(out)]
    else:
        out.append("    body: ")
        # VCR.py, too, compares by meaning only what says that it is JSON.
        is_json = lay_out and "application/json" in (request.header("content-type") or "").lower()
        laid_out = lay_out_json(body) if is_json else None
        parts = [_joined(out), _scalar(body if laid_out is None else laid_out, b"      ")]
    out = [f"  response:\n    status: {{code: {response.status}, message: {_message(response.reason)}}}\n"]
    _emit_headers(out, response.headers)
    out.append("    body:\n      string: ")
    parts += (_joined(out), _scalar(response.body, b"        "))
    if response.stream is not None:
        out = []
        _emit_stream(out, response.stream)
        parts.append(_joined(out))
    return parts


def _joined(out: list[str]) -> bytes:
    return "".join(out).encode()


def _emit_headers(out: list[str], headers: Headers) -> None:
    headers = {
        name: values for name, values in headers.items() if values
    }  # VCR.py cannot read a header without a value
    if not headers:
        out.append("    headers: {}\n")
        return
    out.append("    headers:\n")
    for name, values in headers.items():
        out.append(_header(name, *values))


@lru_cache(maxsize=1024)  # the interactions of a file have most of their headers in common
def _header(name: str, *values: str) -> str:
    key = name if _PLAIN_KEY.fullmatch(name) and name.lower() not in _YAML_WORDS else _quoted(name)
    return f"      {key}: [{', '.join(map(_quoted, values))}]\n"


def _emit_stream(out: list[str], stream: Stream) -> None:
    out.append("    stream:\n")
    out.append(f"      chunks: {[*stream.chunks]}\n")  # a list of whole numbers is written by YAML as by Python
    out.append(f"      at_ms: {[*stream.at_ms]}\n")
    out.append(f"      end: {stream.end}\n")
    if stream.error is not None:
        out.append(f"      error: {{type: {_word(stream.error[0])}, message: {_quoted(stream.error[1])}}}\n")
    if stream.end_ms is not None:
        out.append(f"      end_ms: {stream.end_ms}\n")
    if stream.encoding is not None:
        out.append(f"      encoding: {_quoted(stream.encoding)}\n")
    if stream.header_encoding is not None:
        out.append(f"      header_encoding: {_quoted(stream.header_encoding)}\n")
    if stream.http_version is not None:
        out.append(f"      http_version: {_quoted(stream.http_version)}\n")
    if stream.recorded_at is not None:
        out.append(f"      recorded_at: {stream.recorded_at}\n")


def _scalar(value: bytes, margin: bytes) -> bytes:
    """A body as a YAML scalar with its line end; continuation lines begin with `margin`."""
    if not value:
        return b"''\n"
    content = value.rstrip(b"\n")
    # A text of line ends only, or one that begins with a space, is legal but some readers get it wrong.
    if not content or value[0] in b" \t" or not is_plain(value):
        try:
            return _double_quoted(value.decode(), margin.decode()).encode()
        except UnicodeDecodeError:
            return _binary(value, margin)
    ends = len(value) - len(content)
    # Empty lines stay empty: trailing spaces would not survive an editor.
    lines = b"\n".join([line and margin + line for line in content.split(b"\n")])
    start = b"|2-\n" if ends == 0 else b"|2\n" if ends == 1 else b"|2+\n"
    return b"".join((start, lines, b"\n" * max(ends, 1)))


def _double_quoted(text: str, margin: str) -> str:
    """One line, or one per line of the text; YAML drops an escaped line break and the spaces after it."""
    quoted = _quoted(text)
    if len(quoted) <= _ONE_LINE:
        return quoted + "\n"
    return _AFTER_LINE.sub(lambda match: f"{match[1]}\\\n{margin}{_SPACES.get(match[2], match[2])}", quoted) + "\n"


def _binary(value: bytes, margin: bytes) -> bytes:
    encoded = base64.b64encode(value)
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    return b"!!binary |\n" + b"".join(margin + line + b"\n" for line in lines)


def is_plain(data: bytes) -> bool:
    """No character that a YAML parser would refuse or take for a line end, and UTF-8."""
    if len(data.translate(None, _CONTROLS)) != len(data):
        return False
    if data.isascii():
        return True
    view, position, size = memoryview(data), 0, len(data)
    try:
        while position < size:  # in pieces that stay in the processor's cache: four times as fast as the whole
            end = position + _PIECE
            position += codecs.utf_8_decode(view[position:end], "strict", end >= size)[1]
    except UnicodeDecodeError:
        return False
    return not any(lead in data and pattern.search(data) for lead, pattern in _UNWANTED)


def _quoted(text: str) -> str:
    if _SIMPLE.fullmatch(text):
        return f'"{text}"'
    if _SURROGATE.search(text):
        text = text.encode("utf-8", "replace").decode()  # no YAML reader gives half a pair back
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _uri(uri: str) -> str:
    return uri if PLAIN_URI.fullmatch(uri) else _quoted(uri)


def _word(text: str) -> str:
    return text if PLAIN_WORD.fullmatch(text) and text.lower() not in _YAML_WORDS else _quoted(text)


def _message(reason: str | None) -> str:
    if reason is None:
        return "null"
    return reason if PLAIN_MESSAGE.fullmatch(reason) and reason.lower() not in _YAML_WORDS else _quoted(reason)


_ONE_LINE = 120
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
PLAIN_MESSAGE = re.compile(r"[A-Za-z][A-Za-z]*(?: [A-Za-z]+)*")
PLAIN_URI = re.compile(r"https?://[A-Za-z0-9._~:/?@!$&()*+;=%-]*[A-Za-z0-9._~/?@!$&()*+;=%-]")
# What YAML 1.1 takes for something else than a string.
_YAML_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# In double quotes, the first space of a continuation line would be dropped with its indentation.
_AFTER_LINE = re.compile(r"((?:\\r)?\\n(?:\\r\\n|\\n)*)(?!\")([ ]?)")
_SPACES = {" ": "\\u0020"}
_SIMPLE = re.compile(r"[ !#-\[\]-~]*")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PIECE = 1 << 16
# Not printable in YAML 1.1, a line break to it, or unsafe at the edge of a scalar. So no CR is ever in a literal block.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n") + b"\x7f"
# C1 controls with NEL; line and paragraph separators; U+FFFE, U+FFFF and the byte order mark.
_UNWANTED: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"\xc2", re.compile(rb"\xc2[\x80-\x9f]")),
    (b"\xe2", re.compile(rb"\xe2\x80[\xa8\xa9]")),
    (b"\xef", re.compile(rb"\xef(?:\xbf[\xbe\xbf]|\xbb\xbf)")),
)
