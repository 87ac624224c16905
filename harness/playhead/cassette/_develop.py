"""From what was collected while a client read to what is kept: decoded, without what only the wire needed.

Done when the stream is over, so that nothing of it delays the stream.
"""

from __future__ import annotations

from playhead.cassette._body import decode_chunks
from playhead.cassette._recording import Taking
from playhead.cassette._tape import NO_RESPONSE_STATUS, Headers, RecordedResponse, Stream, first_header

__all__ = ["develop"]

_OF_THE_WIRE = ("content-length", "transfer-encoding")


def develop(taking: Taking) -> RecordedResponse:
    """The response as it is kept, secrets included."""
    chunks = taking.chunks
    dropped: set[str] = set(_OF_THE_WIRE)
    encoding = first_header(taking.headers, "content-encoding")
    if encoding is not None:
        decoded = None
        if taking.codings is None or taking.codings >= set(encoding.lower().replace(",", " ").split()):
            decoded = decode_chunks(chunks, encoding, whole=taking.end == "complete")
        if decoded is not None:
            chunks = decoded
            dropped.add("content-encoding")
        elif taking.whole_body:  # a client that hands over what it has decoded already
            dropped.add("content-encoding")
    stream = Stream(
        [len(chunk) for chunk in chunks],
        [_ms(taking, at) for at in taking.at],
        taking.end or "complete",
        taking.error,
        encoding=encoding.strip() if encoding is not None and "content-encoding" in dropped else None,
        http_version=taking.http_version,
        recorded_at=taking.recorded_at,
        header_encoding=taking.header_encoding,
    )
    if stream.end != "complete" and taking.ended is not None:
        end_ms = _ms(taking, taking.ended)
        stream.end_ms = end_ms if end_ms > max(stream.at_ms, default=0) else None
    if taking.sent.method == "HEAD":
        dropped.discard("content-length")  # there is no body to tell it
    headers: Headers = {name: values for name, values in taking.headers.items() if name.lower() not in dropped}
    if taking.status is None:
        return RecordedResponse(NO_RESPONSE_STATUS, "no response", headers, b"", stream)
    return RecordedResponse(taking.status, taking.reason, headers, b"".join(chunks), stream)


def _ms(taking: Taking, at: float) -> int:
    return max(round((at - taking.started) * 1000), 0)
