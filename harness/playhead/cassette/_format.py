"""Reads any cassette: bytes of a file -> interactions, whoever wrote it.

Three dialects are told apart by what the file says, not by its name: ours (a header `playhead: {format: 1}` and
`version: 1` as the last line), VCR.py's with pydantic-ai's `parsed_body` (also as pytest-recording and older VCR.py
releases write it), and cassetter's own. Whatever is not as it should be is refused with file, interaction and line;
nothing is guessed, because what is read here may be written back.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from playhead.cassette._emit import FOOTER, FORMAT
from playhead.cassette._lines import read_lines
from playhead.cassette._lines_vcr import read_vcr_lines
from playhead.cassette._tape import (
    END_KINDS,
    End,
    Headers,
    Interaction,
    RecordedRequest,
    RecordedResponse,
    Single,
    Stream,
)
from playhead.cassette._yaml import line_of, parse_yaml
from playhead.exceptions import CassetteUnreadable, CassetteVersionError

__all__ = ["CassetteFile", "DialectName", "VCR_MATCH_ON", "read_cassette", "read_vcr_response"]

DialectName = Literal["playhead", "vcr", "cassetter"]

VCR_MATCH_ON = ("method", "scheme", "host", "port", "path", "query")
"""VCR.py's rule, which holds for every file that does not name its own."""


@dataclass(slots=True)
class CassetteFile:
    """What a file holds."""

    dialect: DialectName
    match_on: tuple[str, ...] | None
    """The matchers that the header names; None in a foreign file."""
    interactions: list[Interaction] = field(default_factory=list[Interaction])
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    """VCR.py's `metadata`, where a file has it."""


def read_cassette(data: bytes, path: str) -> CassetteFile:
    """The contents of a cassette file.

    Raises `CassetteUnreadable`, or `CassetteVersionError` for a format of ours that this version does not know.
    """
    plain = read_lines(data)
    if plain is not None:
        return CassetteFile("playhead", tuple(plain[0]), plain[1])
    theirs = read_vcr_lines(data, path)
    if theirs is not None:
        return CassetteFile("vcr", None, theirs)
    document = parse_yaml(data, path)
    text = data.decode("utf-8", "replace")
    if not isinstance(document, dict):
        found = "nothing" if document is None else "a list" if isinstance(document, list) else "a single value"
        hint = _OLD_VCR if isinstance(document, list) else _RESTORE
        raise CassetteUnreadable(
            f"{path} is not a cassette: expected a mapping with `interactions`, found {found}.", hint, path=path
        )
    mapping = cast("dict[str, Any]", document)
    reader = _Reader(path, text)
    if "playhead" in mapping:
        return reader.ours(mapping, data)
    reader.known_version(mapping)
    interactions = reader.items(mapping)
    if _is_cassetter(mapping, interactions):
        return CassetteFile("cassetter", None, reader.each(interactions, reader.cassetter))
    metadata = mapping.get("metadata")
    known = {"interactions", "version", "metadata"}
    if "http_interactions" in mapping and not known & set(mapping):
        raise reader.error(None, "was written by another tool (`http_interactions` is Ruby VCR's key)")
    reader.whole(mapping)
    return CassetteFile(
        "vcr",
        None,
        reader.each(interactions, reader.vcr),
        cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {},
    )


def read_vcr_response(response: dict[str, Any]) -> RecordedResponse:
    """A response as VCR.py's stubs and hooks have it. Raises `CassetteUnreadable` where it is not one."""
    return _Reader("the response of a hook", "").vcr_response(response)


def _is_cassetter(document: dict[str, Any], interactions: list[Any]) -> bool:
    for item in interactions:
        response = cast("dict[str, Any]", item).get("response") if isinstance(item, dict) else None
        if isinstance(response, dict):
            body = cast("dict[str, Any]", response).get("body")
            return (
                isinstance(cast("dict[str, Any]", response).get("status"), int)
                and isinstance(body, dict)
                and "type" in body
            )
    return any(key in document for key in ("grpc_interactions", "ws_interactions", "observed_requests"))


class _Reader:
    """Turns parsed values into interactions, and knows where in the file it is."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.number: int | None = None

    def error(self, number: int | None, problem: str) -> CassetteUnreadable:
        where = "" if number is None else f", line {line_of(self.text, number)} (interaction {number + 1})"
        return CassetteUnreadable(f"{self.path}{where} {problem}.", _RESTORE, path=self.path)

    def wrong(self, what: str, expected: str, found: object) -> CassetteUnreadable:
        from playhead.cassette._scrub import Scrubber  # only for a file that is broken

        shown = Scrubber().mask_text(repr(found)[:10_000])
        return self.error(self.number, f"is not a recording: {what} must be {expected}, found {shown[:60]}")

    def items(self, document: dict[str, Any]) -> list[Any]:
        items = document.get("interactions")
        if items is None and (
            "interactions" in document or any(key.endswith("_interactions") for key in map(str, document))
        ):
            return []
        if not isinstance(items, list):
            raise self.error(None, "is not a cassette: it has no list `interactions`")
        return cast("list[Any]", items)

    def whole(self, document: dict[str, Any]) -> None:
        """Refuses a file of VCR.py's that was cut off where YAML does not notice.

        `version: 1` is the last line that VCR.py writes. A file that somebody wrote by hand may do without; what is cut off
        ends in the middle of a line, or with half an interaction.
        """
        if "version" in document or self.text.lstrip("\ufeff \t\r\n").startswith("{"):
            return
        items = document.get("interactions")
        last: Any = cast("list[Any]", items)[-1] if isinstance(items, list) and items else None
        response: Any = cast("dict[str, Any]", last).get("response") if isinstance(last, dict) else None
        status: Any = cast("dict[str, Any]", response).get("status") if isinstance(response, dict) else None
        message: Any = cast("dict[str, Any]", status).get("message") if isinstance(status, dict) else ""
        if items is None or (self.text and not self.text.endswith(("\n", "]", "}"))) or message is None:
            raise CassetteUnreadable(
                f"{self.path} was cut off: it ends in the middle, and VCR.py's last line, `version: 1`, is missing.",
                f"{_RESTORE} If it is whole, add that line.",
                path=self.path,
            )

    def each(self, items: list[Any], read: Callable[[dict[str, Any]], Interaction]) -> list[Interaction]:
        interactions: list[Interaction] = []
        for number, item in enumerate(items):
            self.number = number
            if not isinstance(item, dict):
                raise self.wrong("an interaction", "a mapping with `request` and `response`", item)
            try:
                interactions.append(read(cast("dict[str, Any]", item)))
            except (KeyError, AttributeError, TypeError, UnicodeError, OverflowError, RecursionError) as error:
                raise self.error(number, f"is not a recording: {type(error).__name__}: {error}") from error
        return interactions

    # -- ours

    def ours(self, document: dict[str, Any], data: bytes) -> CassetteFile:
        header = document["playhead"]
        version = cast("dict[str, Any]", header).get("format") if isinstance(header, dict) else None
        if not isinstance(version, int) or isinstance(version, bool):
            raise self.error(None, f"has no format number in its header: {str(cast(object, header))[:60]!r}")
        if version != FORMAT:
            raise CassetteVersionError(
                f"{self.path} is of format {version}; this Playhead reads format {FORMAT}.",
                "Update Playhead, or record the file again with this version.",
                path=self.path,
            )
        names = cast("dict[str, Any]", header).get("match_on", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in cast("list[Any]", names)):
            raise self.error(
                None, f"has a header whose match_on is no list of names: {str(cast(object, names))[:60]!r}"
            )
        if "version" not in document or not data.rstrip().endswith(FOOTER.strip()):
            raise CassetteUnreadable(
                f"{self.path} was cut off: its last line must be `{FOOTER.decode().strip()}`.", _RESTORE, path=self.path
            )
        self.known_version(document)
        interactions = self.each(self.items(document), self.vcr)
        return CassetteFile("playhead", tuple(cast("list[str]", names)), interactions)

    # -- VCR.py and its relatives

    def known_version(self, document: dict[str, Any]) -> None:
        """VCR.py and cassetter write `version: 1`; some write none. What another number means, nobody here knows."""
        version = document.get("version", 1)
        if version not in (1, "1", None):
            raise CassetteVersionError(
                f"{self.path} says `version: {version}`; version 1 is known, VCR.py's and cassetter's.",
                "Update Playhead, or record the file again with this version. Playhead never replaces a file it cannot read.",
                path=self.path,
            )

    def vcr(self, item: dict[str, Any]) -> Interaction:
        request, response = self.mapping(item, "request"), self.mapping(item, "response")
        recorded = RecordedRequest(
            self.string(request, "method", "request.method"),
            self.string(request, "uri" if "uri" in request else "url", "request.uri"),
            self.headers(request.get("headers"), "request.headers"),
            self.request_body(request),
        )
        return Interaction(recorded, self.vcr_response(response), source=item)

    def vcr_response(self, response: dict[str, Any]) -> RecordedResponse:
        if "status_code" in response:  # VCR.py's httpx stubs before 6.0
            code, reason, body = response["status_code"], None, response.get("content")
        else:
            status = response.get("status")
            if isinstance(status, int) and not isinstance(status, bool):
                code, reason = status, None
            else:
                status = self.mapping(response, "status", "response.status")
                code, reason = status.get("code"), status.get("message")
            body = response.get("body")
        if "parsed_body" in response:
            content = json.dumps(response["parsed_body"]).encode()
        else:
            content = self.body(body, "response.body") or b""
        headers = self.headers(response.get("headers"), "response.headers")
        stream = response.get("stream")
        return RecordedResponse(
            self.status_code(code),
            None if reason is None else str(reason),
            headers,
            content,
            None if stream is None else self.stream(stream),
        )

    def request_body(self, request: dict[str, Any]) -> bytes | None:
        if "parsed_body" in request:
            return json.dumps(request["parsed_body"]).encode()
        return self.body(request.get("body"), "request.body")

    def body(self, body: object, what: str) -> bytes | None:
        if body is None or isinstance(body, bytes):
            return body
        if isinstance(body, str):
            return body.encode()
        if isinstance(body, dict):
            values = cast("dict[str, Any]", body)
            if not values:  # VCR.py's aiohttp stubs write an empty body so
                return b""
            if "string" in values:
                return self.body(values["string"], f"{what}.string")
            if "base64_string" in values:
                try:
                    return base64.b64decode(str(values["base64_string"]), validate=False)
                except binascii.Error as error:
                    raise self.wrong(f"{what}.base64_string", "base64", values["base64_string"]) from error
            return json.dumps(values).encode() if what.startswith("request") else self._no_body(what, values)
        if isinstance(body, (list, tuple)):
            pieces = [self.body(piece, what) or b"" for piece in cast("list[Any]", body)]
            return b"".join(pieces)
        if isinstance(body, (int, float)) and what.startswith("request"):
            return str(body).encode()
        raise self.wrong(what, "text or bytes", body)

    def _no_body(self, what: str, values: object) -> bytes:
        raise self.wrong(what, "a mapping with `string`", values)

    def stream(self, value: object) -> Stream:
        if not isinstance(value, dict):
            raise self.wrong("response.stream", "a mapping", value)
        stream = cast("dict[str, Any]", value)
        end = stream.get("end", "complete")
        if end not in END_KINDS:
            raise self.wrong("stream.end", " or ".join(sorted(END_KINDS)), end)
        error = stream.get("error")
        pair: tuple[str, str] | None = None
        if error is not None:
            if not isinstance(error, dict) or not isinstance(cast("dict[str, Any]", error).get("type"), str):
                raise self.wrong("stream.error", "a mapping with `type` and `message`", cast(object, error))
            named = cast("dict[str, Any]", error)
            pair = (str(named["type"]), str(named.get("message", "")))
        return Stream(
            chunks=self.numbers(stream.get("chunks", []), "stream.chunks"),
            at_ms=self.numbers(stream.get("at_ms", []), "stream.at_ms"),
            end=cast(End, end),
            error=pair,
            end_ms=None if stream.get("end_ms") is None else self.numbers([stream["end_ms"]], "stream.end_ms")[0],
            encoding=self.optional_text(stream, "encoding"),
            http_version=self.optional_text(stream, "http_version"),
            recorded_at=self.optional_text(stream, "recorded_at"),
            header_encoding=self.optional_text(stream, "header_encoding"),
        )

    # -- cassetter

    def cassetter(self, item: dict[str, Any]) -> Interaction:
        request, response = self.mapping(item, "request"), self.mapping(item, "response")
        recorded = RecordedRequest(
            self.string(request, "method", "request.method"),
            self.string(request, "uri", "request.uri"),
            self.headers(request.get("headers"), "request.headers"),
            self.typed_body(request.get("body"), "request.body"),
        )
        body = self.typed_body(response.get("body"), "response.body") or b""
        headers = self.headers(response.get("headers"), "response.headers")
        answer = RecordedResponse(self.status_code(response.get("status")), None, headers, body)
        return Interaction(recorded, answer, source=item)

    def typed_body(self, body: object, what: str) -> bytes | None:
        if body is None:
            return None
        if not isinstance(body, dict):
            raise self.wrong(what, "a mapping with `type` and `content`", body)
        typed = cast("dict[str, Any]", body)
        kind, content = typed.get("type"), typed.get("content")
        if kind == "json":
            return json.dumps(content).encode()
        if kind in ("none", "empty") or content is None:
            return b""
        if kind == "text" and isinstance(content, str):
            return content.encode()
        if kind == "binary" and isinstance(content, (bytes, str)):
            return content if isinstance(content, bytes) else base64.b64decode(content)
        raise self.wrong(f"{what}.type", "json, text, binary or none", kind)

    # -- values

    def mapping(self, values: dict[str, Any], key: str, what: str | None = None) -> dict[str, Any]:
        value = values.get(key)
        if not isinstance(value, dict):
            raise self.wrong(what or key, "a mapping", value)
        return cast("dict[str, Any]", value)

    def string(self, values: dict[str, Any], key: str, what: str) -> str:
        value = values.get(key)
        if not isinstance(value, str):
            raise self.wrong(what, "a text", value)
        return value

    def optional_text(self, values: dict[str, Any], key: str) -> str | None:
        value = values.get(key)
        if value is None:
            return None
        if isinstance(value, (dict, list)):
            raise self.wrong(f"stream.{key}", "a text", cast(object, value))
        text = str(value)
        # VCR.py reads our timestamps as dates and writes them back so.
        return text.replace(" ", "T").replace("+00:00", "Z") if key == "recorded_at" else text

    def numbers(self, value: object, what: str) -> list[int]:
        if not isinstance(value, list):
            raise self.wrong(what, "a list of whole numbers", value)
        for number in cast("list[Any]", value):
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                if isinstance(number, float) and number >= 0 and "at_ms" in what:
                    continue
                raise self.wrong(what, "whole numbers from 0", number)
        return [int(number) for number in cast("list[Any]", value)]

    def status_code(self, code: object) -> int:
        if isinstance(code, str) and re.fullmatch("[1-9][0-9]{2}", code):
            return int(code)
        if not isinstance(code, int) or isinstance(code, bool) or not 100 <= code <= 999:
            raise self.wrong("response.status.code", "a number from 100 to 999", code)
        return code

    def headers(self, value: object, what: str) -> Headers:
        if value is None:
            return {}
        if isinstance(value, list):  # pairs, as some old stubs wrote them
            pairs = cast("list[Any]", value)
            if not all(isinstance(pair, list) and len(cast("list[Any]", pair)) == 2 for pair in pairs):
                raise self.wrong(what, "a mapping of names to lists of values", pairs)
            collected: Headers = {}
            for name, single in pairs:
                collected.setdefault(str(name), []).append(str(single))
            return collected
        if not isinstance(value, dict):
            raise self.wrong(what, "a mapping of names to lists of values", value)
        headers: Headers = {}
        for name, values in cast("dict[Any, Any]", value).items():
            listed = list(cast("list[Any]", values)) if isinstance(values, (list, tuple)) else [values]
            texts = [self.header_value(single, what) for single in listed]
            headers[str(name)] = Single(texts) if isinstance(values, str) else texts
        return headers

    def header_value(self, value: object, what: str) -> str:
        if isinstance(value, bytes):
            return value.decode("latin-1")
        if isinstance(value, (dict, list)):
            raise self.wrong(what, "texts", cast(object, value))
        return value if isinstance(value, str) else "" if value is None else str(value)


_RESTORE = "Restore the file from version control, or delete it and record again. Playhead never replaces a file it cannot read."
_OLD_VCR = "A list at the top is the format of VCR.py before 1.0: convert it with `python -m vcr.migration PATH`."
