"""What is VCR.py's: its requests and dictionaries, its configuration, its stubs for other clients.

The bridge between our plain values and VCR.py's, the merged configuration of a `vcr.VCR`, and one router that stands
where VCR.py's stubs expect a cassette and asks for the open one.
"""

# VCR.py has no types, and some of what this page needs of it is private.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportPrivateUsage=false

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import vcr
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.matchers import requests_match
from vcr.persisters.filesystem import CassetteDecodeError, CassetteNotFoundError, FilesystemPersister
from vcr.request import Request as VcrRequest
from vcr.serializers import yamlserializer
from vcr.stubs import httpx_stubs

from playhead.cassette._format import VCR_MATCH_ON, read_vcr_response
from playhead.cassette._match import KEYED, Sent
from playhead.cassette._options import PASSED_ON, Options
from playhead.cassette._paths import JsonPaths
from playhead.cassette._scrub import Scrubber
from playhead.cassette._tape import Headers, Interaction, RecordedRequest, RecordedResponse, Single
from playhead.exceptions import CassetteUnreadable

__all__ = [
    "CannotOverwriteExistingCassetteException",
    "FilesystemPersister",
    "VcrRequest",
    "as_loaded",
    "config_for",
    "from_vcr",
    "is_pristine",
    "load_by",
    "named_matcher",
    "requests_match",
    "sent_from_httpx",
    "sent_from_vcr",
    "to_vcr_request",
    "to_vcr_response",
    "yamlserializer",
]

_make_vcr_request = httpx_stubs._make_vcr_request


def sent_from_httpx(request: Any, body: bytes) -> Sent:
    """A request of httpx or httpx2."""
    if httpx_stubs._make_vcr_request is not _make_vcr_request:
        # Suites replace this function of VCR.py's to see or change what is recorded; it is looked up at each call.
        return sent_from_vcr(httpx_stubs._make_vcr_request(request, body))
    return Sent(request.method, str(request.url), request.headers, body)


def sent_from_vcr(request: Any) -> Sent:
    """A request of VCR.py, as its stubs make it."""
    return Sent(request.method, request.uri, request.headers, body_bytes(request), request)


def body_bytes(request: Any) -> bytes | None:
    """The body of a VCR.py request as bytes, whatever it was given as."""
    body = request._body if hasattr(request, "_body") else request.body
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, bytearray):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return cast(bytes, body.read())
    if isinstance(body, dict):  # aiohttp's json= and data= arrive unencoded
        return _dumps(cast("dict[str, Any]", body))
    if isinstance(body, list) and all(isinstance(piece, (bytes, str, int)) for piece in cast("list[Any]", body)):
        pieces = cast("list[Any]", body)
        if pieces and isinstance(pieces[0], int):
            try:
                return bytes(pieces)
            except ValueError:
                return _dumps(pieces)
        return b"".join(piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    return _dumps(body)


def _dumps(value: Any) -> bytes:
    import json

    try:
        return json.dumps(value).encode()
    except (TypeError, ValueError):
        return str(value).encode()


def vcr_request_of(sent: Sent) -> Any:
    """The request as VCR.py's hooks and matchers want it; made once."""
    if sent.vcr is None:
        sent.vcr = VcrRequest(sent.method, sent.uri, sent.body, sent.headers)
    return sent.vcr


def to_vcr_request(request: RecordedRequest) -> Any:
    """A recorded request as VCR.py's object."""
    headers = {name: values for name, values in request.headers.items() if values}
    return VcrRequest(request.method, request.uri, request.body, headers)


def to_vcr_response(response: RecordedResponse) -> dict[str, Any]:
    """A recorded response as VCR.py's dictionary; a new one each time, because its stubs change it."""
    return {
        "status": {"code": response.status, "message": response.reason},
        "headers": {name: list(values) for name, values in response.headers.items()},
        "body": {"string": response.body},
    }


def as_loaded(interaction: Interaction) -> tuple[Any, dict[str, Any]]:
    """The pair as VCR.py reads it from the file, for hooks: a header that is no list there is none here."""
    response = to_vcr_response(interaction.response)
    for name, values in interaction.response.headers.items():
        if type(values) is Single:
            response["headers"][name] = values[0]
    return to_vcr_request(interaction.request), response


def from_vcr(request: Any, response: dict[str, Any], original: RecordedResponse | None = None) -> Interaction:
    """An interaction from VCR.py's pair; chunks and times are those of `original` where the body is still the same."""
    recorded = RecordedRequest(request.method, request.uri, headers_of(request.headers), body_bytes(request))
    answer = read_vcr_response(response)
    if original is not None and answer.stream is None and original.stream is not None:
        stream = original.stream
        if answer.body != original.body:
            # A hook changed the body: its cuts are nobody's any more, its end still is.
            stream = type(stream)(
                [len(answer.body)] if answer.body else [],
                stream.at_ms[-1:] if answer.body else [],
                stream.end,
                stream.error,
                stream.end_ms,
                stream.encoding,
                stream.http_version,
                stream.recorded_at,
                stream.header_encoding,
            )
        answer.stream = stream
    return Interaction(recorded, answer)


def load_by(persister: Any, path: str, serializer: Any) -> tuple[list[Interaction], dict[str, Any]] | None:
    """What VCR.py's persister reads, or a suite's own, and the file's metadata; None where there is no file.

    Raises `CassetteUnreadable`.
    """
    try:
        requests, responses, *metadata = persister.load_cassette(path, serializer=serializer)
    except CassetteNotFoundError:
        return None
    except CassetteDecodeError as error:
        raise CassetteUnreadable(
            f"{path} cannot be read: {error}.", "Restore it, or delete it and record again.", path=path
        ) from error
    return [from_vcr(*pair) for pair in zip(requests, responses, strict=False)], metadata[0] if metadata else {}


def headers_of(headers: Any) -> Headers:
    """Any client's headers as names to lists of values."""
    if hasattr(headers, "multi_items"):
        collected: Headers = {}
        for name, value in headers.multi_items():
            collected.setdefault(name, []).append(value)
        return collected
    return {str(name): _values(value) for name, value in (headers or {}).items()}


def _values(value: Any) -> list[str]:
    listed: list[Any] = list(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else [value]
    return [item.decode("latin-1") if isinstance(item, bytes) else str(item) for item in listed]


def config_for(owner: vcr.VCR, path: str, given: dict[str, Any]) -> dict[str, Any]:
    """VCR.py's merged configuration for one cassette, with the path as its rules transform it."""
    config: dict[str, Any] = dict(owner.get_merged_config(path=path, **given))
    transform = config.pop("path_transformer", None)
    config.pop("func_path_generator", None)
    config.pop("record_on_exception", None)
    if transform is not None:
        config["path"] = transform(config["path"])
    return config


def vcr_arguments(options: Options) -> dict[str, Any]:
    """The options that VCR.py knows, where they were set."""
    if options.is_plain:
        return {}
    found = {name: getattr(options, name) for name in PASSED_ON}
    return {name: value for name, value in found.items() if value not in (None, (), False)}


_REQUEST_HOOKS = (
    "filter_headers",
    "filter_query_parameters",
    "filter_post_data_parameters",
    "before_record_request",
    "before_record",
    "ignore_hosts",
    "ignore_localhost",
)


def replacements(owner: vcr.VCR, given: dict[str, Any]) -> tuple[str, ...]:
    """What filters put in place of secrets: it is none, and is not masked again."""
    found: list[str] = []
    for name in ("filter_headers", "filter_query_parameters", "filter_post_data_parameters"):
        for item in given.get(name) or getattr(owner, name, ()):
            if isinstance(item, tuple) and len(cast("tuple[Any, ...]", item)) == 2 and isinstance(item[1], str):
                found.append(item[1])
    return tuple(found)


def is_pristine(owner: vcr.VCR, given: dict[str, Any], kind: str) -> bool:
    """Whether no hook or filter looks at requests (or responses), so that VCR.py's copies need not be made."""
    names = _REQUEST_HOOKS if kind == "request" else ("before_record_response", "decode_compressed_response")
    return not any(given.get(name, getattr(owner, name, None)) for name in names)


class _Discreet(logging.Filter):
    """VCR.py writes addresses and headers to its logs; keys in them are nobody's business."""

    def filter(self, record: logging.LogRecord) -> bool:
        shown = record.getMessage()
        masked = _log_scrubber.mask_text(shown)
        if masked != shown:
            record.msg, record.args = masked, None
        return True


_log_scrubber = Scrubber()
for _name in ("cassette", "matchers", "patch", "request", "stubs", "stubs.aiohttp_stubs", "stubs.httpx_stubs"):
    logging.getLogger(f"vcr.{_name}").addFilter(_Discreet())


def plain_vcr() -> vcr.VCR:
    """A configuration with VCR.py's defaults, for cassettes that nobody configured by VCR.py."""
    return vcr.VCR()


def with_owners_matchers(options: Options, owner: vcr.VCR, given: dict[str, Any], config: dict[str, Any]) -> Options:
    """The options with what a `vcr.VCR` and its call ask for: matchers, None where both leave them at the default.

    VCR.py's own are given by name, so that they can be indexed; everything registered or passed is a function.
    """
    from dataclasses import replace

    from vcr import matchers

    builtin = {getattr(matchers, name): name for name in _VCR_MATCHERS}
    chosen = tuple(builtin.get(function, function) for function in config["match_on"])
    defaulted = (
        "match_on" not in given and tuple(owner.match_on) == VCR_MATCH_ON and not given.get("additional_matchers")
    )
    keeps = bool(given.get("record_on_exception", owner.record_on_exception))
    return replace(
        options, match_on=None if defaulted and chosen == VCR_MATCH_ON else chosen, record_on_exception=keeps
    )


_VCR_MATCHERS = ("method", "uri", "scheme", "host", "port", "path", "query", "headers", "raw_body", "body")


@cache
def named_matcher(name: str) -> Callable[[Any, Any], None]:
    """One of our matchers as VCR.py wants them: a function that asserts."""
    from vcr import matchers

    theirs = getattr(matchers, name, None)
    if theirs is not None and name != "body":
        return cast("Callable[[Any, Any], None]", theirs)
    make, none = KEYED[name], JsonPaths()

    def matcher(one: Any, other: Any) -> None:
        first, second = make(sent_from_vcr(one), none), make(sent_from_vcr(other), none)
        assert first == second, f"{first!r} != {second!r}"

    matcher.__name__ = name
    return matcher
