"""What is on a tape: recorded requests, recorded responses, and how the bytes arrived.

Plain values, no IO and no knowledge of files, clients or providers. A response's body is kept as one piece of bytes
beside the sizes of its chunks, because that is how it is stored, matched and edited; `chunks` cuts it when it is played.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from playhead.cassette._body import decode_chunks
from playhead.chunks import cut

__all__ = ["END_KINDS", "End", "Headers", "Interaction", "RecordedRequest", "RecordedResponse", "Single", "Stream"]

Headers = dict[str, list[str]]
"""Header names, as they were sent, each with all its values."""


class Single(list[str]):
    """The values of a header for which a file has a text, not a list: a hook wrote it, and will want it back so."""

    __slots__ = ()


End = Literal["complete", "closed_by_client", "cancelled", "disconnected", "timeout", "failed"]
"""How a stream ended. The last three carry the error that the client saw."""

END_KINDS: frozenset[str] = frozenset(
    ("complete", "closed_by_client", "cancelled", "disconnected", "timeout", "failed")
)

NO_RESPONSE_STATUS = 599
"""The status under which a request is kept that failed before any headers arrived; its reason is `no response`."""


class Stream:
    """How a response arrived. `chunks` are sizes in bytes, `at_ms` milliseconds after the request was sent.

    Both may be given as thunks, as headers and bodies may.
    """

    __slots__ = (
        "_at_ms",
        "_chunks",
        "encoding",
        "end",
        "end_ms",
        "error",
        "header_encoding",
        "http_version",
        "recorded_at",
    )

    def __init__(
        self,
        chunks: list[int] | Callable[[], list[int]] | None = None,
        at_ms: list[int] | Callable[[], list[int]] | None = None,
        end: End = "complete",
        error: tuple[str, str] | None = None,
        end_ms: int | None = None,
        encoding: str | None = None,
        http_version: str | None = None,
        recorded_at: str | None = None,
        header_encoding: str | None = None,
    ) -> None:
        self._chunks: list[int] | Callable[[], list[int]] = [] if chunks is None else chunks
        self._at_ms: list[int] | Callable[[], list[int]] = [] if at_ms is None else at_ms
        self.end: End = end
        self.error = error
        """Class name and text of the error, for a stream that did not end well."""
        self.end_ms = end_ms
        """When it ended, where that is not the moment of the last chunk: a timeout, for example, ends later."""
        self.encoding = encoding
        """The content-encoding the body had on the wire; it is stored decoded."""
        self.http_version = http_version
        """Kept where it is not HTTP/1.1."""
        self.recorded_at = recorded_at
        """UTC, ISO 8601, to the second."""
        self.header_encoding = header_encoding
        """`latin-1` where the bytes of the headers were not UTF-8, so that they are sent again as they were."""

    @property
    def chunks(self) -> list[int]:
        """The sizes of the chunks, in bytes of the decoded body."""
        if callable(self._chunks):
            self._chunks = self._chunks()
        return self._chunks

    @chunks.setter
    def chunks(self, value: list[int]) -> None:
        self._chunks = value

    @property
    def at_ms(self) -> list[int]:
        """When each chunk arrived."""
        if callable(self._at_ms):
            self._at_ms = self._at_ms()
        return self._at_ms

    @at_ms.setter
    def at_ms(self, value: list[int]) -> None:
        self._at_ms = value

    def copy(self) -> Stream:
        """Another one, with lists of its own."""
        chunks, at_ms = self._chunks, self._at_ms
        return Stream(
            chunks if callable(chunks) else list(chunks),
            at_ms if callable(at_ms) else list(at_ms),
            self.end,
            self.error,
            self.end_ms,
            self.encoding,
            self.http_version,
            self.recorded_at,
        )

    def _values(self) -> tuple[object, ...]:
        more = (self.end, self.error, self.end_ms, self.encoding, self.http_version, self.recorded_at)
        return (self.chunks, self.at_ms, *more, self.header_encoding)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Stream) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        names = ("chunks", "at_ms", "end", "error", "end_ms", "encoding", "http_version", "recorded_at")
        names = (*names, "header_encoding")
        return f"Stream({', '.join(f'{name}={value!r}' for name, value in zip(names, self._values(), strict=True))})"


class _WithHeaders:
    """Headers and body may be thunks: a test that plays one of a hundred recordings should pay for one."""

    __slots__ = ("_headers",)

    def __init__(self, headers: Headers | Callable[[], Headers] | None) -> None:
        self._headers: Headers | Callable[[], Headers] = {} if headers is None else headers

    @property
    def headers(self) -> Headers:
        """Header names, each with all its values."""
        if callable(self._headers):
            self._headers = self._headers()
        return self._headers

    @headers.setter
    def headers(self, value: Headers) -> None:
        self._headers = value

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return first_header(self.headers, name)

    def _headers_again(self) -> Callable[[], Headers]:
        """A thunk that gives a new mapping each time."""
        headers = self._headers
        return headers if callable(headers) else lambda: {name: list(values) for name, values in headers.items()}


class RecordedRequest(_WithHeaders):
    """A request as it was sent (secrets masked)."""

    __slots__ = ("_body", "method", "uri")

    def __init__(
        self,
        method: str,
        uri: str,
        headers: Headers | Callable[[], Headers] | None = None,
        body: bytes | Callable[[], bytes] | None = None,
    ) -> None:
        super().__init__(headers)
        self.method = method
        self.uri = uri
        self._body: bytes | Callable[[], bytes] | None = body

    @property
    def body(self) -> bytes | None:
        """The body; None where there was none."""
        if callable(self._body):
            self._body = self._body()
        return self._body

    @body.setter
    def body(self, value: bytes | None) -> None:
        self._body = value

    def copy(self) -> RecordedRequest:
        """Another one with the same contents."""
        return RecordedRequest(self.method, self.uri, self._headers_again(), self._body)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RecordedRequest):
            return NotImplemented
        mine, theirs = (self.method, self.uri, self.headers), (other.method, other.uri, other.headers)
        return mine == theirs and self.body == other.body

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RecordedRequest({self.method!r}, {self.uri!r}, body={self.body!r})"


class RecordedResponse(_WithHeaders):
    """A response as the client received it: status, headers, the exact body, and how it arrived.

    `stream` is None where nothing is known about that, as in files of other recorders.
    """

    __slots__ = ("_body", "reason", "status", "stream")

    def __init__(
        self,
        status: int,
        reason: str | None = None,
        headers: Headers | Callable[[], Headers] | None = None,
        body: bytes | Callable[[], bytes] = b"",
        stream: Stream | None = None,
    ) -> None:
        super().__init__(headers)
        self.status = status
        self.reason = reason
        self._body: bytes | Callable[[], bytes] = body
        self.stream = stream

    @property
    def body(self) -> bytes:
        """The body, decoded, byte for byte."""
        if not isinstance(self._body, bytes):
            self._body = self._body()
        return self._body

    @body.setter
    def body(self, value: bytes) -> None:
        self._body = value

    def copy(self) -> RecordedResponse:
        """Another one with the same contents."""
        stream = None if self.stream is None else self.stream.copy()
        return RecordedResponse(self.status, self.reason, self._headers_again(), self._body, stream)

    @property
    def chunks(self) -> list[bytes]:
        """The body in the pieces in which it arrived; one piece where that is not known."""
        return cut_like(self.body, self.stream.chunks if self.stream is not None else None)

    @property
    def decoded_chunks(self) -> list[bytes]:
        """`chunks` with a content-encoding undone that the file still has, as in recordings of VCR.py.

        What Playhead records is stored decoded; then, and where nothing can be decoded, these are `chunks`.
        """
        encoding = self.header("content-encoding")
        if encoding is None:
            return self.chunks
        decoded = decode_chunks(self.chunks, encoding, whole=False)
        return self.chunks if decoded is None else decoded

    @property
    def at_ms(self) -> list[int]:
        """When each of `chunks` arrived, in milliseconds after the request was sent; empty where that is not known."""
        stream = self.stream
        if stream is None or len(stream.at_ms) != len(stream.chunks) or sum(stream.chunks) != len(self.body):
            return []
        return stream.at_ms

    @property
    def end(self) -> End:
        """How the response ended; `complete` where nothing is known."""
        return "complete" if self.stream is None else self.stream.end

    @property
    def is_failure(self) -> bool:
        """Whether nothing came back at all: the client saw an error before any header."""
        return self.status == NO_RESPONSE_STATUS and self.end not in ("complete", "closed_by_client")

    @property
    def error(self) -> tuple[str, str] | None:
        """Class name and text of the error that ended it, if one did."""
        return None if self.stream is None else self.stream.error

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RecordedResponse):
            return NotImplemented
        return (self.status, self.reason, self.headers, self.body, self.stream) == (
            (other.status, other.reason, other.headers, other.body, other.stream)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RecordedResponse(status={self.status}, {len(self.body)} bytes, end={self.end!r})"


class Interaction:
    """One request and what came back."""

    __slots__ = ("_source", "request", "response", "text")

    def __init__(
        self,
        request: RecordedRequest,
        response: RecordedResponse,
        text: bytes | memoryview | None = None,
        source: dict[str, Any] | Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self.request = request
        self.response = response
        self.text = text
        """Its lines in the file it was read from, if that file is of our format: saving it again copies them."""
        self._source = source

    @property
    def source(self) -> dict[str, Any] | None:
        """What a foreign file said, so that it can be written back as it was."""
        if callable(self._source):
            self._source = self._source()
        return self._source

    def copy(self) -> Interaction:
        """Another one with the same contents: what is changed in one does not change in the other (but for `source`)."""
        return Interaction(self.request.copy(), self.response.copy(), self.text, self._source)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Interaction):
            return NotImplemented
        return self.request == other.request and self.response == other.response

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Interaction(request={self.request!r}, response={self.response!r})"


def first_header(headers: Headers, name: str) -> str | None:
    """The first value of a header, whatever the case of its name."""
    name = name.lower()
    for key, values in headers.items():
        if key.lower() == name and values:
            return values[0]
    return None


def cut_like(body: bytes, sizes: list[int] | None) -> list[bytes]:
    """`body` in pieces of these sizes. A body that was edited by hand keeps its cuts as far as they go."""
    if not sizes:
        return [body] if body else []
    positions: list[int] = []
    position, end = 0, len(body)
    for size in sizes[:-1]:
        position = min(position + size, end)
        positions.append(position)
    return cut(body, positions)
