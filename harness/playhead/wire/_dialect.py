"""The shape of a dialect: the only place that knows a provider. No IO, no clock.

A dialect reads and writes requests (`ModelCall` <-> `WireRequest`) and replies (stream events <-> bytes), both ways.
Machines have two verbs: `feed` gives outputs, `close` gives the last ones or says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from playhead.messages import FileUrl, ModelMessage, ModelRequestParameters, ModelSettings, StreamEvent
from playhead.stream import Fold

__all__ = ["Decoder", "Dialect", "Encoder", "ModelCall", "WireRequest"]


def _no_parameters() -> ModelRequestParameters:
    return ModelRequestParameters()


def _no_settings() -> ModelSettings:
    return ModelSettings()


def _nothing() -> dict[str, Any]:
    return {}


@dataclass(slots=True)
class ModelCall:
    """One request to a model, without a provider.

    `extra` holds fields of the provider's request that have no place elsewhere, by their own names.
    """

    model: str
    messages: list[ModelMessage]
    settings: ModelSettings = field(default_factory=_no_settings)
    parameters: ModelRequestParameters = field(default_factory=_no_parameters)
    stream: bool = False
    extra: dict[str, Any] = field(default_factory=_nothing)


@dataclass(slots=True)
class WireRequest:
    """One HTTP request: `path` is relative to the dialect's base URL, with its query; headers are lower-case."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=_nothing)
    method: str = "POST"


class Decoder(Protocol):
    """Bytes of one reply in, stream events out; `fold` is the reply so far.

    `feed` and `close` raise `DecodeError` (naming the frame) for what is not the format, and nothing else. An error of
    the provider's inside a stream is a `ResponseMeta(error=...)`, and the end of the stream's events.
    """

    fold: Fold

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that `data` completes."""
        ...

    def close(self) -> list[StreamEvent]:
        """The last events. Raises where the reply is not complete in a way that matters."""
        ...


class Encoder(Protocol):
    """Stream events of one reply in, bytes out."""

    content_type: str

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes this event makes; may be none."""
        ...

    def close(self) -> bytes:
        """The last bytes."""
        ...


class Dialect(Protocol):
    """A row of `DIALECTS`."""

    name: str
    not_carried: frozenset[str]
    """Fields of parts and responses, and kinds of parts (`file`, ...), that this format cannot carry."""

    def recognises(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether a request with this URL (path or whole) is a call of a model in this format."""
        ...

    def needs_download(self, item: FileUrl, provider: str | None = None) -> bool:
        """Whether the content of a URL has to be sent to `provider` in its place: a dialect itself has no network."""
        ...

    def write_request(self, call: ModelCall) -> WireRequest:
        """The request as the provider's own SDK would send it."""
        ...

    def read_request(self, request: WireRequest) -> ModelCall:
        """What a request asks. `DecodeError` for what is not the format."""
        ...

    def decoder(self, *, streamed: bool, model: str | None = None, provider: str | None = None) -> Decoder:
        """A machine for one reply.

        `model` is the requested model's name and `provider` the name of who answers (see `provider_of`): where they
        are known they settle what the bytes leave open.
        """
        ...

    def encoder(self, *, streamed: bool, call: ModelCall | None = None) -> Encoder:
        """A machine that writes one reply, to `call` where it is known."""
        ...

    def normal(self, events: Iterable[StreamEvent], *, streamed: bool = True) -> list[StreamEvent]:
        """`events` as they come back from `decode(encode(events))`: what the format carries, what it merges."""
        ...

    def write_error(self, status: int, message: str, *, type: str | None = None, code: str | None = None) -> bytes:
        """The body of an HTTP error as this provider shapes it."""
        ...

    def read_error(self, body: bytes) -> dict[str, Any]:
        """An error body as `{"message", "type"?, "code"?, "body"}`, for any bytes at all."""
        ...
