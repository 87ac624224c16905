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
import json
import re
from collections.abc import Iterable, Sequence

from playhead.cassette._body import lay_out_json
from playhead.cassette._tape import Headers, Interaction, Stream

__all__ = ["FOOTER", "FORMAT", "emit_file", "emit_interaction", "header_line"]

FORMAT = 1
"""The version of our format. It changes when an older Playhead could not read, or would misread, a file."""

FOOTER = b"version: 1\n"
"""Always the last line: a file without it was cut off."""


def emit_file(match_on: Sequence[str], interactions: Iterable[Interaction]) -> bytes:
    """A whole file. Interactions that still have their lines from a file of ours are copied as they are."""
    parts = [header_line(match_on)]
    blocks = [
        interaction.text if interaction.text is not None else emit_interaction(interaction)
        for interaction in interactions
    ]
    parts.append(b"interactions:\n" if blocks else b"interactions: []\n")
    parts += blocks
    parts.append(FOOTER)
    return b"".join(parts)


def header_line(match_on: Sequence[str]) -> bytes:
    """The first line of a file of ours."""
    return f"playhead: {{format: {FORMAT}, match_on: [{', '.join(match_on)}]}}\n".encode()


def emit_interaction(interaction: Interaction) -> bytes:
    """One entry of the list `interactions`, with its line ends."""
    request, response = interaction.request, interaction.response
    out: list[str] = [
        "- request:\n",
        f"    method: {_word(request.method)}\n",
        f"    uri: {_uri(request.uri)}\n",
    ]
    _emit_headers(out, request.headers)
    out.append("    body: ")
    body = request.body
    if body is None:
        out.append("null\n")
    else:
        laid_out = lay_out_json(body)
        out.append(_scalar(body if laid_out is None else laid_out, 6))
    out.append(f"  response:\n    status: {{code: {response.status}, message: {_message(response.reason)}}}\n")
    _emit_headers(out, response.headers)
    out.append("    body:\n      string: ")
    out.append(_scalar(response.body, 8))
    if response.stream is not None:
        _emit_stream(out, response.stream)
    return "".join(out).encode()


def _emit_headers(out: list[str], headers: Headers) -> None:
    headers = {name: values for name, values in headers.items() if values}  # VCR.py cannot read a header without a value
    if not headers:
        out.append("    headers: {}\n")
        return
    out.append("    headers:\n")
    for name, values in headers.items():
        key = name if _PLAIN_KEY.fullmatch(name) and name.lower() not in _YAML_WORDS else _quoted(name)
        out.append(f"      {key}: [{', '.join(map(_quoted, values))}]\n")


def _emit_stream(out: list[str], stream: Stream) -> None:
    out.append("    stream:\n")
    out.append(f"      chunks: [{', '.join(map(str, stream.chunks))}]\n")
    out.append(f"      at_ms: [{', '.join(map(str, stream.at_ms))}]\n")
    out.append(f"      end: {stream.end}\n")
    if stream.error is not None:
        out.append(f"      error: {{type: {_word(stream.error[0])}, message: {_quoted(stream.error[1])}}}\n")
    if stream.end_ms is not None:
        out.append(f"      end_ms: {stream.end_ms}\n")
    if stream.encoding is not None:
        out.append(f"      encoding: {_quoted(stream.encoding)}\n")
    if stream.http_version is not None:
        out.append(f"      http_version: {_quoted(stream.http_version)}\n")
    if stream.recorded_at is not None:
        out.append(f"      recorded_at: {stream.recorded_at}\n")


def _scalar(value: bytes | str, indent: int) -> str:
    """A body as a YAML scalar with its line end; continuation lines get `indent` spaces."""
    if isinstance(value, bytes):
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return _binary(value, indent)
    else:
        text = value
    if not text:
        return "''\n"
    content = text.rstrip("\n")
    # A text of line ends only, or one that begins with a space, is legal but some readers get it wrong.
    if not content or text[0] in " \t" or _NOT_LITERAL.search(text):
        return _double_quoted(text, indent)
    ends = len(text) - len(content)
    chomping = "-" if ends == 0 else "" if ends == 1 else "+"
    margin = " " * indent
    # Empty lines stay empty: trailing spaces would not survive an editor.
    lines = _LINE_START.sub("\n" + margin, content)
    first = "" if lines.startswith("\n") else margin
    return f"|2{chomping}\n{first}{lines}{chr(10) * max(ends, 1)}"


def _double_quoted(text: str, indent: int) -> str:
    """One line, or one per line of the text; YAML drops an escaped line break and the spaces after it."""
    quoted = _quoted(text)
    if len(quoted) <= _ONE_LINE:
        return quoted + "\n"
    margin = " " * indent
    return _AFTER_LINE.sub(lambda match: f"{match[1]}\\\n{margin}{_SPACES.get(match[2], match[2])}", quoted) + "\n"


def _binary(value: bytes, indent: int) -> str:
    margin = " " * indent
    encoded = base64.b64encode(value).decode()
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    return "!!binary |\n" + "".join(f"{margin}{line}\n" for line in lines)


def _quoted(text: str) -> str:
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
_LINE_START = re.compile(r"\n(?!\n)")
# In double quotes, the first space of a continuation line would be dropped with its indentation.
_AFTER_LINE = re.compile(r"((?:\\r)?\\n(?:\\r\\n|\\n)*)(?!\")([ ]?)")
_SPACES = {" ": "\\u0020"}
# Not printable in YAML 1.1, a line break to it, or unsafe at the edge of a scalar. So no CR is ever in a literal block.
_NOT_LITERAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
