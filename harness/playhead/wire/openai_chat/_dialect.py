"""The row of chat completions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from playhead.messages import FileUrl, StreamEvent
from playhead.stream import fold
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire.openai_chat._content import needs_download
from playhead.wire.openai_chat._decode import ChatDecoder
from playhead.wire.openai_chat._encode import ChatEncoder, WholeChatEncoder, chunks_of, whole_body
from playhead.wire.openai_chat._errors import read_error, write_error
from playhead.wire.openai_chat._read import read_request
from playhead.wire.openai_chat._write import write_request

__all__ = ["OpenAIChat"]


class OpenAIChat:
    """https://platform.openai.com/docs/api-reference/chat, with what other providers add to it."""

    name = "openai-chat"
    not_carried = frozenset(
        {
            *("id", "provider_name", "provider_details", "signature", "details", "state"),
            *("builtin-tool-call", "builtin-tool-return", "compaction", "file"),
        }
    )

    def recognises(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """By the end of the path: `POST .../chat/completions` (and Hugging Face's and Azure's forms of it)."""
        return method.upper() == "POST" and urlsplit(url).path.rstrip("/").endswith("/chat/completions")

    def needs_download(self, item: FileUrl, provider: str | None = None) -> bool:
        """Whether the content of a URL has to be sent in its place."""
        return needs_download(item)

    def write_request(self, call: ModelCall) -> WireRequest:
        """The request as the official SDK sends it. `UserError` for content that the format cannot have."""
        return write_request(call)

    def read_request(self, request: WireRequest) -> ModelCall:
        """What a request asks. `DecodeError` for what is not the format."""
        return read_request(request)

    def decoder(self, *, streamed: bool, model: str | None = None, provider: str | None = None) -> ChatDecoder:
        """A machine for one reply."""
        return ChatDecoder(streamed=streamed, model=model, provider=provider)

    def encoder(self, *, streamed: bool, call: ModelCall | None = None) -> ChatEncoder | WholeChatEncoder:
        """A machine that writes one reply."""
        return ChatEncoder(call=call) if streamed else WholeChatEncoder(call=call)

    def normal(self, events: Iterable[StreamEvent], *, streamed: bool = True) -> list[StreamEvent]:
        """`events` as this format carries them: what a decoder makes of the chunks without the bytes.

        Adjacent texts become one, as does adjacent reasoning in the same field; pieces without content vanish; arguments
        are text; a reply without a finish reason stops. A whole reply has its reasoning first and its calls last.
        """
        decoder = ChatDecoder(streamed=streamed)
        return decoder.replay(chunks_of(list(events)) if streamed else whole_body(fold(events), None))

    def write_error(self, status: int, message: str, *, type: str | None = None, code: str | None = None) -> bytes:
        """`{"error": {"message", "type", "param", "code"}}`."""
        return write_error(status, message, type=type, code=code)

    def read_error(self, body: bytes) -> dict[str, Any]:
        """What an error body says, for any bytes."""
        return read_error(body)
