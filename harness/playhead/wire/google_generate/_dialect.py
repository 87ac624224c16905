"""The row of this format in the table of dialects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from playhead.messages import FileUrl, StreamEvent
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire._json import dump
from playhead.wire.google_generate._decoder import GoogleDecoder, read_error
from playhead.wire.google_generate._encoder import ERROR_STATUS, StreamEncoder, WholeEncoder
from playhead.wire.google_generate._messages import needs_download
from playhead.wire.google_generate._normal import normal
from playhead.wire.google_generate._request import MODEL_IN_PATH, read_request, write_request

__all__ = ["GoogleGenerate"]


class GoogleGenerate:
    """`google-generate`."""

    name = "google-generate"
    not_carried = frozenset(
        {"args", "citations", "compaction", "details", "finish_reason", "id", "refusal", "signature", "timestamp"}
    )

    def recognises(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """By the end of the path: `POST .../models/{model}:generateContent`, or `:streamGenerateContent`."""
        return method.upper() == "POST" and MODEL_IN_PATH.search(urlsplit(url).path) is not None

    def write_request(self, call: ModelCall) -> WireRequest:
        """The request as the provider's SDK sends it. `UserError` for content that the format cannot have."""
        return write_request(call)

    def read_request(self, request: WireRequest) -> ModelCall:
        """What a request asks. `DecodeError` for what is not the format."""
        return read_request(request)

    def decoder(self, *, streamed: bool, model: str | None = None, provider: str | None = None) -> GoogleDecoder:
        """A machine for one reply. `provider` is `google-gla` or `google-vertex`, whose enums have other numbers."""
        return GoogleDecoder(streamed=streamed, provider=provider)

    def encoder(self, *, streamed: bool, call: ModelCall | None = None) -> StreamEncoder | WholeEncoder:
        """A machine that writes one reply."""
        return (StreamEncoder if streamed else WholeEncoder)(call)

    def normal(self, events: Iterable[StreamEvent], *, streamed: bool = True) -> list[StreamEvent]:
        """`events` as they come back when they were written and read again."""
        return normal(events, streamed=streamed)

    def needs_download(self, item: FileUrl, provider: str | None = None) -> bool:
        """Whether the content of a URL has to be sent in its place."""
        return needs_download(item, provider)

    def write_error(self, status: int, message: str, *, type: str | None = None, code: str | None = None) -> bytes:
        """`{"error": {"code", "message", "status"}}`."""
        kind = type or code or ERROR_STATUS.get(status, "UNKNOWN")
        return dump({"error": {"code": status, "message": message, "status": kind}})

    def read_error(self, body: bytes) -> dict[str, Any]:
        """`{"message", "type"?, "status"?, "code"?, "body"}` for any bytes at all."""
        return read_error(body)
