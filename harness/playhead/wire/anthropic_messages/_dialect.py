"""The row of this format in the table of dialects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from playhead.messages import FileUrl, StreamEvent
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire._json import dump
from playhead.wire.anthropic_messages._blocks import ERROR_TYPE
from playhead.wire.anthropic_messages._decoder import AnthropicDecoder, read_error
from playhead.wire.anthropic_messages._encoder import StreamEncoder, WholeEncoder
from playhead.wire.anthropic_messages._messages import needs_download
from playhead.wire.anthropic_messages._normal import normal
from playhead.wire.anthropic_messages._request import MODEL_IN_PATH, read_request, write_request

__all__ = ["AnthropicMessages"]


class AnthropicMessages:
    """`anthropic-messages`."""

    name = "anthropic-messages"
    not_carried = frozenset({"id", "timestamp"})

    def recognises(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """`POST .../v1/messages`, but none of the paths below it (batches, counting tokens); on Google Cloud
        `POST .../publishers/anthropic/models/{model}:rawPredict`, or `:streamRawPredict`."""
        path = urlsplit(url).path
        return method.upper() == "POST" and (
            path.rstrip("/").endswith("/v1/messages") or MODEL_IN_PATH.search(path) is not None
        )

    def write_request(self, call: ModelCall) -> WireRequest:
        """The request as the provider's SDK sends it. `UserError` for content that the format cannot have."""
        return write_request(call)

    def read_request(self, request: WireRequest) -> ModelCall:
        """What a request asks. `DecodeError` for what is not the format."""
        return read_request(request)

    def decoder(
        self,
        *,
        streamed: bool,
        model: str | None = None,
        provider: str | None = None,
        native_tools: frozenset[str] | None = None,
    ) -> AnthropicDecoder:
        """A machine for one reply. Of server tools only those in `native_tools` are believed, where it is given."""
        return AnthropicDecoder(streamed=streamed, native_tools=native_tools)

    def encoder(self, *, streamed: bool, call: ModelCall | None = None) -> StreamEncoder | WholeEncoder:
        """A machine that writes one reply."""
        return (StreamEncoder if streamed else WholeEncoder)(call)

    def normal(self, events: Iterable[StreamEvent], *, streamed: bool = True) -> list[StreamEvent]:
        """`events` as they come back when they were written and read again."""
        return normal(events, streamed=streamed)

    def needs_download(self, item: FileUrl, provider: str | None = None) -> bool:
        """Whether the content of a URL has to be sent in its place."""
        return needs_download(item)

    def write_error(self, status: int, message: str, *, type: str | None = None, code: str | None = None) -> bytes:
        """`{"type": "error", "error": {"type", "message"}, "request_id"}`."""
        error: dict[str, Any] = {"type": type or ERROR_TYPE.get(status, "api_error"), "message": message}
        return dump({"type": "error", "error": error, "request_id": None})

    def read_error(self, body: bytes) -> dict[str, Any]:
        """`{"message", "type"?, "status"?, "code"?, "body"}` for any bytes at all."""
        return read_error(body)
