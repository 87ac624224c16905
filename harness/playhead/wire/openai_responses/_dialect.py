"""The row of the Responses API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from playhead.messages import FileUrl, StreamEvent
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire.openai_chat import read_error, write_error
from playhead.wire.openai_responses._content import needs_download
from playhead.wire.openai_responses._decode import ResponsesDecoder
from playhead.wire.openai_responses._encode import ResponsesEncoder, WholeResponsesEncoder, chunks_of, whole_body
from playhead.wire.openai_responses._read import read_request
from playhead.wire.openai_responses._write import write_request

__all__ = ["OpenAIResponses"]


class OpenAIResponses:
    """https://platform.openai.com/docs/api-reference/responses"""

    name = "openai-responses"
    not_carried = frozenset(
        {
            *("id", "provider_name", "provider_details", "details", "state", "finish_reason", "raw_finish_reason"),
            *("builtin-tool-call", "builtin-tool-return", "compaction", "file"),
        }
    )

    def recognises(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """By the end of the path: `POST .../responses`."""
        return method.upper() == "POST" and urlsplit(url).path.rstrip("/").endswith("/responses")

    def needs_download(self, item: FileUrl, provider: str | None = None) -> bool:
        """Whether the content of a URL has to be sent in its place."""
        return needs_download(item)

    def write_request(self, call: ModelCall) -> WireRequest:
        """The request as the official SDK sends it. `UserError` for content that the format cannot have."""
        return write_request(call)

    def read_request(self, request: WireRequest) -> ModelCall:
        """What a request asks. `DecodeError` for what is not the format."""
        return read_request(request)

    def decoder(self, *, streamed: bool, model: str | None = None, provider: str | None = None) -> ResponsesDecoder:
        """A machine for one reply."""
        return ResponsesDecoder(streamed=streamed, model=model, provider=provider)

    def encoder(self, *, streamed: bool, call: ModelCall | None = None) -> ResponsesEncoder | WholeResponsesEncoder:
        """A machine that writes one reply."""
        return ResponsesEncoder(call=call) if streamed else WholeResponsesEncoder(call=call)

    def normal(self, events: Iterable[StreamEvent], *, streamed: bool = True) -> list[StreamEvent]:
        """`events` as this format carries them: what a decoder makes of the wire's events without the bytes.

        Every item has an id; text without content vanishes; arguments are text; a seal comes at the end of its reasoning,
        and counts once for all summaries of it; a reply that calls a tool stops.
        """
        decoder = ResponsesDecoder(streamed=streamed)
        return decoder.replay(chunks_of(list(events)) if streamed else whole_body(list(events), None))

    def write_error(self, status: int, message: str, *, type: str | None = None, code: str | None = None) -> bytes:
        """`{"error": {"message", "type", "param", "code"}}`."""
        return write_error(status, message, type=type, code=code)

    def read_error(self, body: bytes) -> dict[str, Any]:
        """What an error body says, for any bytes."""
        return read_error(body)
