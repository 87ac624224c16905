"""Interactions as calls: the request as its dialect reads it, the reply as stream events with the time of their chunk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from playhead.cassette import Interaction, read_file
from playhead.exceptions import PlayheadError
from playhead.messages import ModelResponse, StreamEvent
from playhead.wire import Dialect, ModelCall, WireRequest, recognise

__all__ = ["Exchange", "Source", "interactions_of", "read_exchanges"]

Source: TypeAlias = "str | os.PathLike[str] | Iterable[Interaction] | Any"
"""An open cassette, the path of one, or interactions."""


def _no_events() -> list[tuple[StreamEvent, float | None]]:
    return []


@dataclass(slots=True)
class Exchange:
    """One interaction. `call` is None for what is no call of a model, or could not be read (`problem` says why)."""

    interaction: Interaction
    dialect: Dialect | None = None
    call: ModelCall | None = None
    streamed: bool = False
    events: list[tuple[StreamEvent, float | None]] = field(default_factory=_no_events)
    """Events with the milliseconds after the request at which their chunk came."""
    response: ModelResponse | None = None
    refusal: str | None = None
    error: dict[str, Any] | None = None
    problem: str | None = None


def read_exchanges(source: Source) -> list[Exchange]:
    """Every interaction of `source`, in recorded order. Raises what reading the file raises, and nothing else."""
    return [_read(interaction) for interaction in interactions_of(source)]


def interactions_of(source: Source) -> Sequence[Interaction]:
    """The interactions of an open cassette, of a file, or as they are."""
    if isinstance(source, (str, os.PathLike)):
        return read_file(os.fspath(cast("str | os.PathLike[str]", source))).interactions
    return list(cast("Iterable[Interaction]", getattr(source, "interactions", source)))


def _read(interaction: Interaction) -> Exchange:
    exchange = Exchange(interaction)
    request, response = interaction.request, interaction.response
    headers = {name.lower(): values[0] for name, values in request.headers.items() if values}
    body = request.body or b""
    dialect = exchange.dialect = recognise(request.method, request.uri, headers, body)
    if dialect is None:
        return exchange
    try:
        exchange.call = dialect.read_request(WireRequest(request.uri, body, headers, request.method))
    except PlayheadError as error:
        exchange.problem = error.problem
        return exchange
    content_type = response.header("content-type") or ""
    exchange.streamed = "event-stream" in content_type or (exchange.call.stream and "json" not in content_type)
    if response.status >= 400:
        read = dialect.read_error(response.body) if response.body else {"message": response.reason or ""}
        exchange.error = {"status": response.status, **{k: v for k, v in read.items() if k != "body" and v is not None}}
        return exchange
    _decode(exchange, dialect)
    return exchange


def _decode(exchange: Exchange, dialect: Dialect) -> None:
    response = exchange.interaction.response
    assert exchange.call is not None
    decoder = dialect.decoder(streamed=exchange.streamed, model=exchange.call.model)
    times = response.at_ms
    at_ms: float | None = None
    try:
        for number, chunk in enumerate(response.chunks):
            at_ms = times[number] if number < len(times) else None
            exchange.events.extend((event, at_ms) for event in decoder.feed(chunk))
        exchange.events.extend((event, at_ms) for event in decoder.close())
    except PlayheadError as error:
        # A stream that was cut cannot be complete; how it ended is known without the decoder.
        if response.end == "complete":
            exchange.problem = error.problem
    fold = decoder.fold
    exchange.response = fold.response()
    exchange.response.model_name = fold.model_name or exchange.call.model
    exchange.refusal = fold.refusal
    exchange.error = fold.error
