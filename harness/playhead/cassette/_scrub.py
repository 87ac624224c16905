"""Secrets: masked in requests and responses before anything touches the disk, and in every message that is shown.

    scrubber = Scrubber(Rules(fields=("session_ref",), allow=("bearer",)))
    request = scrubber.scrub_request(method, uri, headers, body)
    response = scrubber.scrub_response(status, headers, body, chunks)
    scrubber.report        # {"authorization": 1, "openai-key": 2}: how many masks, by the rule that asked for them

What is masked: the values of telling headers, query parameters, cookies and fields (JSON at any depth, forms, multipart,
XML); user and password in URLs; whatever is made like a key (`RULES`); and, wherever it turns up again, what was a
credential elsewhere (`learn`). Texts are also read with escapes undone, Base64 and compressed parts decoded, and
with the strings joined that the frames of a stream bring in pieces. Opaque fields (signatures, encrypted content, long
Base64 that is no text) stay as they are.

A body keeps its length, byte for byte, so chunk sizes stay true; masks are ASCII, and scrubbing twice changes nothing.
Nothing here raises on any input, and the time taken grows with its length only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy

from playhead.cassette._scrub_events import event_frames, is_event_stream, sealed, told_by, with_told
from playhead.cassette._scrub_fields import (
    ARGUMENT_NAMES,
    Found,
    find_fields,
    find_form,
    opaque_spans,
    outside,
    value_start,
)
from playhead.cassette._scrub_headers import (
    COOKIES,
    USERINFO,
    coding_of,
    content_type_of,
    cookie_hits,
    cookies_of,
    credentials_of,
    passwords_in,
    passwords_of,
    values_of,
)
from playhead.cassette._scrub_mask import (
    PLACEHOLDER,
    collapse,
    is_mask,
    is_placeholder,
    looks_secret,
    mask_number,
    may_be_secret,
)
from playhead.cassette._scrub_names import header_strength, is_account_header, normalised, query_strength
from playhead.cassette._scrub_packed import (
    begins_packed,
    compressed_members,
    encode_like,
    encoded_texts,
    opened,
    opened_unnamed,
)
from playhead.cassette._scrub_paint import Hit, hidden_by, mapped, packed_hit, painted, placeholder, same_length
from playhead.cassette._scrub_rules import (
    Headers,
    Rules,
    ScrubbedRequest,
    ScrubbedResponse,
    environment_secrets,
    names_pattern,
    own_fields,
)
from playhead.cassette._scrub_shapes import find_shapes
from playhead.cassette._scrub_views import joined_views, legible, narrowed, shortened, undone
from playhead.cassette._tape import Interaction, RecordedRequest, RecordedResponse

__all__ = ["Headers", "Rules", "ScrubbedRequest", "ScrubbedResponse", "Scrubber", "environment_secrets"]


class Scrubber:
    """Masks secrets, counts its masks, and remembers the credentials it has seen to find them again elsewhere."""

    def __init__(self, rules: Rules | None = None, *, learn: Iterable[str] = ()) -> None:
        """`learn`: credentials that are known beforehand, such as `environment_secrets(os.environ)`."""
        rules = rules or Rules()
        self._headers = frozenset(map(normalised, rules.headers))
        self._query = frozenset(map(normalised, rules.query_parameters))
        self._patterns = tuple(re.compile(pattern) for pattern in rules.patterns)
        self._own_names = names_pattern((*rules.fields, *rules.query_parameters))
        self._allowed_names = frozenset(normalised(item) for item in rules.allow if isinstance(item, str))
        self._allowed_values = frozenset(item for item in rules.allow if isinstance(item, str))
        self._allowed_patterns = tuple(item for item in rules.allow if not isinstance(item, str))
        self._known: dict[str, None] = dict.fromkeys(value for value in rules.values if value)
        self._counts: Counter[str] = Counter()
        self._unopened: Counter[str] = Counter()
        self.learn(learn)

    @property
    def report(self) -> dict[str, int]:
        """How many masks were set so far, by rule: the name of a header, parameter or field, or of a shape."""
        return dict(sorted(self._counts.items()))

    @property
    def unopened(self) -> dict[str, int]:
        """How many bodies could not be searched, by content-encoding: its package is missing, or they are damaged."""
        return dict(sorted(self._unopened.items()))

    @property
    def masks(self) -> int:
        """How many masks were set so far."""
        return self._counts.total()

    def learn(self, values: Iterable[str]) -> None:
        """Remember credentials, to mask them wherever they turn up; what is too short or plain to be one is left out."""
        for value in values:
            if looks_secret(value) and not self._is_allowed("", value):
                self._known.setdefault(value)

    def learn_request(self, uri: str, headers: Headers) -> None:
        """Remember the credentials of a request, to find them in its body and in the reply."""
        for name, values in headers.items():
            plain = normalised(name)
            if plain in self._headers or plain in COOKIES or header_strength(name) == "secret":
                for value in values_of(values):
                    self.learn(cookies_of(value) if plain in COOKIES else credentials_of(value))
                    self._known.update(dict.fromkeys(passwords_of(value)))
        if "?" in uri:
            self.learn(uri[start:end] for name, start, end in find_form(uri) if query_strength(name) == "secret")
        self.learn(match["value"] for match in _IN_PATH.finditer(uri))
        self._known.update(dict.fromkeys(passwords_in(uri)))

    def scrub_request(self, method: str, uri: str, headers: Headers, body: bytes | None) -> ScrubbedRequest:
        """The request with its secrets masked. Its credentials are remembered, and masked in what comes later."""
        self.learn_request(uri, headers)
        clean = None if body is None else self.scrub_body(body, content_type_of(headers), coding=coding_of(headers))
        return ScrubbedRequest(method, self.scrub_uri(uri), self.scrub_headers(headers), clean)

    def scrub_response(
        self, status: int, headers: Headers, body: bytes, chunks: Sequence[bytes] = ()
    ) -> ScrubbedResponse:
        """The response with its secrets masked, also those split over chunks or frames; no length changes.

        Where `chunks` are given, they must join to `body`.
        """
        self.learn_request("", {name: values for name, values in headers.items() if normalised(name) == "setcookie"})
        clean_body = self.scrub_body(body, content_type_of(headers), frames=True, coding=coding_of(headers))
        clean_chunks: list[bytes] = []
        position = 0
        for chunk in chunks:
            clean_chunks.append(clean_body[position : position + len(chunk)])
            position += len(chunk)
        return ScrubbedResponse(status, self.scrub_headers(headers), clean_body, clean_chunks)

    def scrub_interaction(self, interaction: Interaction) -> Interaction:
        """An interaction that may be written down or shown: request, response, and the text of its error.

        A compressed body that holds a secret cannot be masked in place: it comes back decoded, as recordings of ours are.
        """
        request, response, stream = interaction.request, interaction.response, interaction.response.stream
        clean = self.scrub_request(request.method, request.uri, request.headers, request.body)
        headers, body = response.headers, response.body
        if response.header("content-encoding") is not None:
            decoded = b"".join(response.decoded_chunks)
            if (
                decoded != body
                and self.scrub_body(decoded, response.header("content-type") or "", frames=True) != decoded
            ):
                headers = {name: values for name, values in headers.items() if name.lower() not in _OF_CODED_BODIES}
                body = decoded
        answer = self.scrub_response(response.status, headers, body)
        reason = None if response.reason is None else self.mask_text(response.reason)
        if stream is not None and stream.error is not None:
            name, text = stream.error
            stream = copy(stream)
            stream.error = (name, self.mask_text(text))
        return Interaction(
            RecordedRequest(clean.method, clean.uri, clean.headers, clean.body),
            RecordedResponse(response.status, reason, answer.headers, answer.body, stream),
        )

    def scrub_headers(self, headers: Headers) -> dict[str, list[str]]:
        """Headers with their secrets masked; every header stays, with as many values."""
        return {
            name: [self._header(name, value, self._count) for value in values_of(values)]
            for name, values in headers.items()
        }

    def scrub_uri(self, uri: str) -> str:
        """A URL with user, password, telling parameters and key-shaped parts of its path masked."""
        return painted(uri, self._uri_hits(uri), same_length, self._count)

    def scrub_body(self, body: bytes, content_type: str = "", *, frames: bool = False, coding: str = "") -> bytes:
        """A body with its secrets masked; as long as before.

        With `frames`, strings that come in pieces in successive frames (SSE, JSON lines) are looked at as a whole, too.
        `coding` is the content-encoding that it still has: a packed body that holds a secret is masked as a whole, and
        one that cannot be opened is counted in `unopened`.
        """
        if not body:
            return body
        if is_event_stream(content_type) and not coding:
            return self._scrub_events(body)
        text = body.decode("latin-1")  # one character a byte: positions are the same, and any bytes can be read
        hits = self._body_hits(text, content_type, frames=frames)
        if coding:
            inside = self._hits_inside(text, body, coding)
            if inside is None:
                self._unopened[coding] += 1
            else:
                hits += inside
        elif not hits and legible(text) is not None:
            hits = self._undeclared_hits(text)
        return painted(text, hits, same_length, self._count).encode("latin-1") if hits else body

    def _scrub_events(self, body: bytes) -> bytes:
        """What successive frames tell is read as any other stream is."""
        spans: list[tuple[int, int, bytes, bytes]] = []
        for frame in event_frames(body):
            spans += ((start, end, b":", body[start:end]) for start, end in frame.headers)
            told = told_by(body[frame.payload : frame.payload_end])
            spans.append((frame.payload, frame.payload_end, b"data: ", told))
        lines = b"".join(b"%b%b\n\n" % (head, told) for _, _, head, told in spans)
        clean = self.scrub_body(lines, "text/event-stream", frames=True)
        pieces: list[bytes] = []
        position = place = 0
        for start, end, head, told in spans:
            place += len(head)
            text = clean[place : place + len(told)]
            pieces += (body[position:start], with_told(body[start:end], text) if head == b"data: " else text)
            position, place = end, place + len(told) + len(b"\n\n")
        pieces.append(self.scrub_body(body[position:]) if position < len(body) else b"")  # no frame, or half of one
        return sealed(b"".join(pieces)) if clean != lines else b"".join(pieces)

    def mask_text(self, text: str) -> str:
        """A message or a log line that may be shown: its secrets masked. Not counted in the report."""
        return painted(text, self._text_hits(text, _DEPTH), same_length, _no_count)

    def comparable_request(self, method: str, uri: str, headers: Headers, body: bytes | None) -> ScrubbedRequest:
        """A request for matching: apply it to the recorded and to the present request, and compare the results.

        Secrets and masks of any length become one placeholder, so that a request with another key still matches.
        """
        self.learn_request(uri, headers)
        clean = (
            None if body is None else self.comparable_body(body, content_type_of(headers), coding=coding_of(headers))
        )
        return ScrubbedRequest(method, self.comparable_uri(uri), self.comparable_headers(headers), clean)

    def comparable_uri(self, uri: str) -> str:
        """The URL of `comparable_request`."""
        hits = self._uri_hits(uri)
        hits += [
            Hit(match["name"], [match.span("value")])
            for match in _PAIR.finditer(uri)
            if query_strength(match["name"]) == "secret" or normalised(match["name"]) in self._query
        ]
        return collapse(painted(uri, hits, placeholder, _no_count))

    def comparable_body(self, body: bytes, content_type: str = "", *, coding: str = "") -> bytes:
        """The body of `comparable_request`; its length may change."""
        if not body:
            return body
        text = body.decode("latin-1")
        hits = self._body_hits(text, content_type, frames=False)
        if coding:
            hits += self._hits_inside(text, body, coding) or []
        if hits:  # first as it is stored: a mask keeps the line ends of what it hides, and Base64 stays Base64
            text = painted(text, hits, same_length, _no_count)
            body = text.encode("latin-1")
            hits = self._body_hits(text, content_type, frames=False)
        # Masks that are too short for `collapse` to know them.
        hits += [Hit("", [match.span("mask")]) for match in _SHORT_MASK.finditer(text)]
        if not hits and PLACEHOLDER not in text:
            return body
        return collapse(painted(text, hits, placeholder, _no_count)).encode("latin-1")

    def comparable_headers(self, headers: Headers) -> dict[str, list[str]]:
        """The headers of `comparable_request`."""
        return {
            name: [collapse(self._header(name, value, _no_count)) for value in values_of(values)]
            for name, values in headers.items()
        }

    def _header(self, name: str, value: str, count: Callable[[str], None]) -> str:
        if not value or normalised(name) in self._allowed_names:
            return value
        hits = [
            hit
            for hit in self._header_hits(name, value)
            if not is_placeholder(hidden_by(value, hit)) and not self._is_allowed(hit.rule, hidden_by(value, hit))
        ]
        return painted(value, hits, same_length, count)

    def _header_hits(self, name: str, value: str) -> list[Hit]:
        plain, label, strength, start = normalised(name), name.lower(), header_strength(name), value_start(value)
        if plain in COOKIES:
            return cookie_hits(value, label, attributes=plain == "setcookie")
        if plain in self._headers or is_account_header(name) or strength == "secret":
            return [Hit(label, [(start, len(value))])]
        if strength == "maybe" and (may_be_secret(value[start:]) or (len(value) >= 16 and value.isalpha())):
            return [Hit(label, [(start, len(value))])]
        if len(value) < _SECRET_MIN:
            return []
        if "://" in value or value.startswith(("/", "?")):
            return self._uri_hits(value)
        emails = [Hit("email", [match.span()]) for match in _EMAIL.finditer(value)] if "@" in value else []
        return emails + self._text_hits(value, 2)

    def _uri_hits(self, uri: str) -> list[Hit]:
        userinfo = USERINFO.search(uri)
        spans = [userinfo.span("user"), userinfo.span("password")] if userinfo is not None else []
        hits = [
            Hit("url-password", [(start, end)]) for start, end in spans if start < end and not is_mask(uri[start:end])
        ]
        hits += [
            Hit(match["name"].lower(), [match.span("value")])
            for match in _IN_PATH.finditer(uri)
            if looks_secret(match["value"]) and not self._is_allowed(match["name"], match["value"])
        ]
        return hits + self._form_hits(uri) + self._text_hits(uri, 2)

    def _body_hits(self, text: str, content_type: str, *, frames: bool) -> list[Hit]:
        hits = self._hits_of_body(text, content_type, frames=frames)
        known = len(self._known)
        if hits and known < _KNOWN_MAX:
            self.learn(hidden_by(text, hit) for hit in hits if hit.text is None and hit.rule not in _NO_CREDENTIALS)
        # What was told by its name is looked for again: an error repeats what a field held.
        return hits if len(self._known) == known else self._hits_of_body(text, content_type, frames=frames)

    def _hits_of_body(self, text: str, content_type: str, *, frames: bool) -> list[Hit]:
        is_form = "form-urlencoded" in content_type.lower() or _FORM.match(text) is not None
        hits = self._form_hits(text) if is_form else []
        view = legible(text)
        if view is None:
            return hits + self._text_hits(text, _DEPTH, frames=frames)
        hits += self._hits_of(self._own_found(text), text) + self._member_hits(text, _DEPTH - 1)
        hits += mapped(view, self._text_hits(view.text, _DEPTH, frames=frames))
        return hits + self._wide_hits(text, _DEPTH, frames=frames)

    def _form_hits(self, text: str) -> list[Hit]:
        hits = [
            Hit(name.lower(), [(start, end)])
            for name, start, end in find_form(text)
            if not self._is_allowed(name, text[start:end])
        ]
        if self._query:
            hits += [
                Hit(match["name"].lower(), [match.span("value")])
                for match in _PAIR.finditer(text)
                if normalised(match["name"]) in self._query and not is_placeholder(match["value"])
            ]
        return hits

    def _text_hits(self, text: str, depth: int, *, frames: bool = False, arguments: bool = False) -> list[Hit]:
        """Everything to mask in `text`, found directly or in another way to read it, `depth` ways deep."""
        hits: list[Hit] = []
        # A text that defeats one way of reading is still read in all the others.
        with suppress(Exception):
            hits += self._direct_hits(text, arguments)
        if depth <= 0:
            return hits
        with suppress(Exception):
            hits += self._encoded_hits(text, depth - 1)
        with suppress(Exception):
            hits += self._wide_hits(text, depth - 1)
        with suppress(Exception):
            view = undone(text)
            if view is not None:
                hits += mapped(view, self._text_hits(view.text, depth - 1, arguments=arguments))
        if frames:
            with suppress(Exception):
                for view in joined_views(text):
                    arguments = view.name in ARGUMENT_NAMES
                    hits += mapped(view, self._text_hits(view.text, depth - 1, arguments=arguments))
        return hits

    def _direct_hits(self, text: str, arguments: bool) -> list[Hit]:
        short = shortened(text)
        return self._hits_in(text, arguments) if short is None else mapped(short, self._hits_in(short.text, arguments))

    def _hits_in(self, text: str, arguments: bool) -> list[Hit]:
        found: list[Found] = [*find_shapes(text), *self._own_found(text)]
        if found:
            found = outside(found, opaque_spans(text), text)
        # What a value is called by itself names the mask, before that it was seen elsewhere.
        known = [item for item in found if item[0] == _KNOWN]
        found = [item for item in found if item[0] != _KNOWN] if known else found
        found += find_fields(text, arguments=arguments)
        if self._own_names is not None:
            found += own_fields(text, self._own_names)
        return self._hits_of([*found, *known], text)

    def _own_found(self, text: str) -> list[Found]:
        """By the project's own patterns, and the credentials that are known."""
        found: list[Found] = []
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                start, end = match.span("secret" if "secret" in pattern.groupindex else 0)
                if start < end and not is_mask(text[start:end]):
                    found.append(("custom", start, end))
        for value in self._known:
            position = text.find(value)
            while position >= 0:
                found.append((_KNOWN, position, position + len(value)))
                position = text.find(value, position + len(value))
        return found

    def _hits_of(self, found: Iterable[Found], text: str) -> list[Hit]:
        return [
            Hit(name.lower(), [(start, end)], mask_number(text[start:end]) if _is_number(text, start, end) else None)
            for name, start, end in found
            if start < end and not self._is_allowed(name, text[start:end])
        ]

    def _encoded_hits(self, text: str, depth: int) -> list[Hit]:
        hits: list[Hit] = []
        for start, end, plain, packed in encoded_texts(text):
            inner = plain.decode("latin-1")
            found = self._text_hits(inner, depth)
            if found:
                clean = painted(inner, found, same_length, _no_count).encode("latin-1")
                hits.append(Hit(found[0].rule, [(start, end)], None if packed else encode_like(text[start:end], clean)))
        return hits + self._member_hits(text, depth)

    def _wide_hits(self, text: str, depth: int, *, frames: bool = False) -> list[Hit]:
        """What is written in two or four bytes a character."""
        view = narrowed(text)
        return [] if view is None else mapped(view, self._text_hits(view.text, depth, frames=frames))

    def _undeclared_hits(self, text: str) -> list[Hit]:
        """A packed body that nothing names: the whole of it, if it holds a secret."""
        inner = opened_unnamed(text)
        found = [] if inner is None else self._text_hits(inner, _DEPTH - 1, frames=True)
        return [packed_hit(found[0].rule, 0, len(text))] if found else []

    def _hits_inside(self, text: str, body: bytes, coding: str) -> list[Hit] | None:
        """The whole of a packed body if it holds a secret; None where nobody can tell."""
        if begins_packed(text) and "," not in coding:
            return []  # found as a part that is compressed
        inner = opened(body, coding)
        if inner is None:
            return None if legible(text) is not None else []  # what is text was looked at as it is
        found = self._text_hits(inner, _DEPTH - 1, frames=True)
        return [packed_hit(found[0].rule, 0, len(text))] if found else []

    def _member_hits(self, text: str, depth: int) -> list[Hit]:
        hits: list[Hit] = []
        for start, end, inner in compressed_members(text):
            found = self._text_hits(inner, depth)
            if found:
                hits.append(packed_hit(found[0].rule, start, end))
        return hits

    def _is_allowed(self, name: str, value: str) -> bool:
        return (
            value in self._allowed_values
            or normalised(name) in self._allowed_names
            or any(pattern.search(value) is not None for pattern in self._allowed_patterns)
        )

    def _count(self, rule: str) -> None:
        self._counts[rule] += 1


def _no_count(rule: str) -> None:
    pass


def _is_number(text: str, start: int, end: int) -> bool:
    """Whether this is a number in JSON, whose mask must be one, too."""
    return _NUMBER.fullmatch(text, start, end) is not None and text[max(0, start - 40) : start].rstrip()[-1:] in (
        ":",
        ",",
        "[",
    )


_OF_CODED_BODIES = frozenset(("content-encoding", "content-length"))
_NO_CREDENTIALS = frozenset(("account-id", "email"))
_KNOWN = "known-value"
_KNOWN_MAX = 500
_DEPTH = 3
_SECRET_MIN = 8
_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}")
# /token/..., /api-key/...: names of resources that are credentials themselves.
_IN_PATH = re.compile(
    r"(?i)/(?P<name>(?:api|access|auth|secret|private)?[-_]?(?:key|token|secret)|password)/(?P<value>[^/?#]{12,512})"
)
_PAIR = re.compile(r"(?:^|(?<=[?&;#]))(?P<name>[^=&?;#\s]{1,256})=(?P<value>[^&\s#]*)")
_FORM = re.compile(r"[\w.%+\[\]-]{1,128}=[^&\s{}\"<>]*(?:&[\w.%+\[\]-]{1,128}=[^&\s{}\"<>]*)*\Z")
_SHORT_MASK = re.compile(r"""["'=](?P<mask>s(?:c(?:r(?:u(?:b(?:b(?:e)?)?)?)?)?)?)(?=["'&\\]|$)""")
