"""Which recording answers a request: an index by what the matchers compare, so it costs the same however long the tape.

A request becomes a key: a tuple with one part for each matcher, equal exactly where the matcher would say that two
requests match. Recordings are indexed when the first request comes, each under its key, in recorded order; each plays
once. Two further looks are taken only when that fails:

- secrets: a recording has masks where the request has keys, so both are compared with every mask made the same;
- identifiers: ids that the client or the provider made up anew may differ, if they differ consistently, at the same
  places, and a text that is not an id differs nowhere.

Custom matchers (functions of two requests) cannot be keyed: where there are any, recordings are tried one by one.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from playhead.cassette._body import NOT_JSON, json_value
from playhead.cassette._paths import JsonPaths
from playhead.cassette._tape import RecordedRequest

__all__ = ["DEFAULT_MATCH_ON", "KEYED", "IdMap", "Index", "Key", "KeyMaker", "Sent", "blind_key", "has_ids"]

DEFAULT_MATCH_ON = ("method", "origin", "path", "query", "body")
"""Our rule: the JSON body counts, by meaning. `origin` is scheme, host and port."""

Key = tuple[object, ...]
"""One part for each matcher."""


@dataclass(slots=True)
class Sent:
    """A request on its way, with what matching and recording need of it."""

    method: str
    uri: str
    headers: Any
    """Any mapping of names to values or lists of values, as the client has it."""
    body: bytes | None
    vcr: Any = None
    """The same as a request of VCR.py, for hooks and custom matchers; made when one of them asks."""
    keys: dict[str, Key] = field(default_factory=dict[str, Key])

    def __repr__(self) -> str:
        # Tracebacks show it: no header, no query, no body.
        return f"<Sent {self.method} {split_uri(self.uri).hostname}, {len(self.body or b'')} bytes>"

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        value: Any = self.headers.get(name)
        if value is None:
            for key in self.headers:
                if str(key).lower() == name:
                    value = self.headers[key]
                    break
        if isinstance(value, (list, tuple)):
            value = cast("list[Any]", value)[0] if value else None
        if value is None:
            return None
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)


AnyRequest = Sent | RecordedRequest


class KeyMaker:
    """Makes the keys of requests for a set of matchers.

    `ignored` are the JSON paths whose values do not count.
    """

    def __init__(self, match_on: Sequence[str], ignored: JsonPaths) -> None:
        self.match_on = tuple(match_on)
        self._makers = [(name, KEYED[name]) for name in match_on]
        self._by_address = [make for name, make in self._makers if name not in _BEYOND_ADDRESS]
        self._beyond = [make for name, make in self._makers if name in _BEYOND_ADDRESS]
        self._addresses: dict[tuple[str, str], Key] = {}
        self.ignored = ignored

    def key(self, request: AnyRequest) -> Key:
        """The key under which a request is found. Equal exactly where all `parts` are."""
        ignored, address = self.ignored, (request.method, request.uri)
        parts = self._addresses.get(address)
        if parts is None:
            if len(self._addresses) > 500:
                self._addresses.clear()
            parts = self._addresses[address] = tuple([make(request, ignored) for make in self._by_address])
        return (parts, *[make(request, ignored) for make in self._beyond])

    def parts(self, request: AnyRequest) -> dict[str, object]:
        """The key's parts by the matchers' names."""
        return {name: make(request, self.ignored) for name, make in self._makers}


@dataclass(slots=True)
class Index:
    """Positions of recordings by key, in recorded order."""

    positions: dict[Key, deque[int]] = field(default_factory=dict[Key, "deque[int]"])

    def add(self, key: Key, position: int) -> None:
        found = self.positions.get(key)
        if found is None:
            self.positions[key] = deque((position,))
        else:
            found.append(position)

    def first(self, key: Key, played: Callable[[int], bool]) -> int | None:
        """The first position under `key` that was not played; played ones are forgotten on the way."""
        found = self.positions.get(key)
        if found is None:
            return None
        while found:
            if not played(found[0]):
                return found[0]
            if len(found) == 1:
                return None
            found.popleft()
        return None

    def last(self, key: Key) -> int | None:
        """The last position under `key`, played or not: what a repeated request gets."""
        found = self.positions.get(key)
        return found[-1] if found else None


def _method(request: AnyRequest, _: JsonPaths) -> object:
    return request.method.upper()


_splits: dict[str, Any] = {}


def split_uri(uri: str) -> Any:
    """`urlsplit` with a small memory: a suite sends to a handful of addresses."""
    parts = _splits.get(uri)
    if parts is None:
        try:
            parts = urlsplit(uri)
        except ValueError:  # an address that nobody can take apart is compared as it is
            parts = urlsplit("")._replace(path=uri)
        if len(_splits) > 500:
            _splits.clear()
        _splits[uri] = parts
    return parts


def _scheme(request: AnyRequest, _: JsonPaths) -> object:
    return split_uri(request.uri).scheme


def _host(request: AnyRequest, _: JsonPaths) -> object:
    return split_uri(request.uri).hostname


def _port(request: AnyRequest, _: JsonPaths) -> object:
    parts = split_uri(request.uri)
    try:
        port = parts.port
    except ValueError:
        return parts.netloc
    return port if port is not None else _PORTS.get(parts.scheme)


def _origin(request: AnyRequest, ignored: JsonPaths) -> object:
    return (_scheme(request, ignored), _host(request, ignored), _port(request, ignored))


def _path(request: AnyRequest, _: JsonPaths) -> object:
    return split_uri(request.uri).path or "/"


def _query(request: AnyRequest, _: JsonPaths) -> object:
    query: str = split_uri(request.uri).query
    return tuple(sorted(parse_qsl(query, keep_blank_values=True))) if query else ()


def _uri(request: AnyRequest, _: JsonPaths) -> object:
    parts = split_uri(request.uri)
    return request.uri if parts.path else parts._replace(path="/").geturl()


def _raw_body(request: AnyRequest, _: JsonPaths) -> object:
    return request.body or b""


def _headers(request: AnyRequest, _: JsonPaths) -> object:
    pairs: list[tuple[str, str]] = []
    for name in request.headers:
        value = request.headers[name]
        if isinstance(value, (list, tuple)):
            value = cast("list[Any]", value)[0] if value else ""
        pairs.append((str(name).lower(), str(value)))
    return tuple(sorted(pairs))


def body_key(request: AnyRequest, ignored: JsonPaths) -> object:
    """A body by meaning: JSON without order and white space, forms and multipart without their accidents."""
    body = request.body
    if not body:
        return b""
    meaning = _short_json(body, ignored) if len(body) <= _SHORT else _json(body, ignored)
    if meaning is not None:
        return meaning
    content_type = request.header("content-type") or ""
    if "form-urlencoded" in content_type:
        try:
            return tuple(sorted(parse_qsl(body.decode("ascii"), keep_blank_values=True)))
        except ValueError:
            return body
    boundary = _BOUNDARY.search(content_type)
    if boundary is not None:
        # Clients draw a new boundary for every request.
        return body.replace((boundary[1] or boundary[2]).encode(), b"boundary")
    return body


def _json(body: bytes, ignored: JsonPaths) -> str | None:
    value = json_value(body)
    if value is NOT_JSON:
        return None
    return json.dumps(ignored.removed(value) if ignored else value, sort_keys=True, separators=(",", ":"))


_SHORT = 8192
_short_json = lru_cache(128)(_json)  # tests that share a cassette, or are parametrised, send the same

_PORTS = {"http": 80, "https": 443}
_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^\s;]+))')

KEYED: dict[str, Callable[[AnyRequest, JsonPaths], object]] = {
    "body": body_key,
    "headers": _headers,
    "host": _host,
    "method": _method,
    "origin": _origin,
    "path": _path,
    "port": _port,
    "query": _query,
    "raw_body": _raw_body,
    "scheme": _scheme,
    "uri": _uri,
    "url": _uri,
}
"""Every matcher that can be a part of a key, by name: ours and VCR.py's."""

_BEYOND_ADDRESS = frozenset(("body", "headers", "raw_body"))
"""Those that look at more than method and address, of which a suite has a handful."""


# -- identifiers


def blind_key(value: Any) -> object:
    """The key of a JSON body in which every text that looks like an identifier counts as the same."""
    return json.dumps(_blind(value), sort_keys=True, separators=(",", ":"))


def _blind(value: Any) -> Any:
    if isinstance(value, str):
        return "\x00id" if looks_like_id(value) else value
    if isinstance(value, dict):
        return {key: _blind(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_blind(item) for item in cast("list[Any]", value)]
    return value


def has_ids(value: Any, place: str = "") -> bool:
    """Whether there is an identifier, in a field that is named like one, that could be made anew."""
    if isinstance(value, str):
        return _ID_NAME.search(place) is not None and looks_like_id(value)
    if isinstance(value, dict):
        return any(has_ids(item, key) for key, item in cast("dict[str, Any]", value).items())
    if isinstance(value, list):
        return any(has_ids(item, place) for item in cast("list[Any]", value))
    return False


def looks_like_id(text: str) -> bool:
    """Whether a text is made like an identifier: one word, with digits, not a number or a date."""
    return 6 <= len(text) <= 100_000 and _ID.fullmatch(text) is not None


_ID = re.compile(r"(?=[^0-9]*[0-9])(?!-?[0-9.,:TZ+-]+\Z)[A-Za-z0-9_.:|=~+/-]+")


class IdMap:
    """Which identifier of this run stands for which one of the recording; a one-to-one map that grows."""

    def __init__(self) -> None:
        self._recorded: dict[str, str] = {}
        self._sent: dict[str, str] = {}

    def differences(self, sent: Any, recorded: Any) -> list[tuple[str, str, tuple[object, ...]]] | None:
        """The pairs (sent, recorded, place) of texts in which two JSON values differ; None if they differ otherwise."""
        found: list[tuple[str, str, tuple[object, ...]]] = []
        stack: list[tuple[Any, Any, tuple[object, ...]]] = [(sent, recorded, ())]
        while stack:
            one, other, place = stack.pop()
            if type(one) is not type(other):
                return None
            if isinstance(one, dict):
                if one.keys() != other.keys():
                    return None
                stack += [(one[key], other[key], (*place, key)) for key in cast("dict[str, Any]", one)]
            elif isinstance(one, list):
                if len(cast("list[Any]", one)) != len(other):
                    return None
                pairs = zip(cast("list[Any]", one), cast("list[Any]", other), strict=True)
                stack += [(mine, theirs, (*place, number)) for number, (mine, theirs) in enumerate(pairs)]
            elif one != other:
                if not isinstance(one, str):
                    return None
                found.append((one, other, place))
        return found

    def accepts(
        self,
        differences: Iterable[tuple[str, str, tuple[object, ...]]],
        *,
        replayed: Callable[[str], bool],
        recorded: Callable[[str], bool],
    ) -> dict[str, str] | None:
        """The map that explains the differences, or None.

        Only a field that is named like an id can hold one, never a text. An id that a replayed response contained may
        stand for any recorded id. One that no response contained was made by the client: it may stand for a recorded
        one that no recorded response contains either.
        """
        new: dict[str, str] = {}
        taken: dict[str, str] = {}
        for sent, other, place in differences:
            if not looks_like_id(sent) or not looks_like_id(other) or not _is_id_place(place):
                return None
            known = self._recorded.get(sent, new.get(sent))
            back = self._sent.get(other, taken.get(other))
            if known is not None or back is not None:
                if known != other or back != sent:
                    return None
                continue
            if not replayed(sent) and recorded(other):
                return None
            new[sent], taken[other] = other, sent
        return new

    def learn(self, pairs: dict[str, str]) -> None:
        """Remembers what `accepts` found, for the turns that follow."""
        self._recorded |= pairs
        self._sent |= {other: sent for sent, other in pairs.items()}


def _is_id_place(place: tuple[object, ...]) -> bool:
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    return _ID_NAME.search(name) is not None


_ID_NAME = re.compile(
    r"(?:^|[_-])ids?$|[a-z]I[dD]s?$|^(?:container|signature|thought_?[sS]ignature|encrypted_content)$"
)
