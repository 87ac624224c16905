"""From a cassette to a transcript: the traffic of any framework, read as what an agent did."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from playhead.messages import InstructionPart
from playhead.traffic._calls import Exchange, Source, read_exchanges
from playhead.traffic._conversations import Conversation, Turn, conversations
from playhead.transcript import Transcript, TranscriptFold, joined

__all__ = ["read_transcript"]


def read_transcript(source: Source) -> Transcript:
    """The transcript of a cassette's traffic: of an open cassette, a file, or interactions.

    Replies are decoded with the cuts and times of their chunks; results of tools are read from the requests that follow.
    `runs` has a transcript for each conversation in it, told apart where their requests are interleaved. Requests that call
    no model, and replies that cannot be decoded, are `notes`. Raises what reading a file raises: `CassetteUnreadable`, ...
    """
    exchanges = read_exchanges(source)
    found = conversations(exchanges)
    runs: list[Transcript] = []
    number = {id(exchange): n for n, exchange in enumerate(exchanges)}
    for conversation in found:
        run = _run(conversation)
        for turn, request in zip(conversation.turns, run.requests, strict=True):
            request.index = number[id(turn.exchange)]
        runs.append(run)
    whole = joined(runs)
    if len(runs) == 1:
        whole.labels = runs[0].labels
    whole.notes = [_note(exchange) for exchange in exchanges if exchange.call is None]
    return whole


def _run(conversation: Conversation) -> Transcript:
    fold = TranscriptFold()
    offset = 0.0
    for turn in conversation.turns:
        offset = _turn(fold, turn, offset)
    last = conversation.turns[-1].exchange
    messages: list[Any] = list(last.call.messages) if last.call is not None else []
    if last.response is not None:
        messages.append(last.response)
    return fold.close(messages=messages, all_calls=True, at_ms=offset or None)


def _turn(fold: TranscriptFold, turn: Turn, offset: float) -> float:
    """Folds one exchange; returns when it ended, counted from the beginning of the conversation."""
    exchange = turn.exchange
    assert exchange.call is not None
    told = _instructions(exchange)
    request = fold.request(SimpleNamespace(parts=turn.new, instructions=told), at_ms=offset, streamed=exchange.streamed)
    request.model_name = exchange.call.model
    response = exchange.interaction.response
    if exchange.streamed:
        for event, at_ms in exchange.events:
            fold.feed(event, None if at_ms is None else offset + at_ms)
    stream = response.stream
    ended = max([*response.at_ms, (stream.end_ms or 0) if stream else 0], default=0) + offset
    fold.end_request(exchange.response, at_ms=ended)
    request.refusal, request.error = exchange.refusal, exchange.error or exchange.problem
    if not exchange.streamed and exchange.response is None:
        request.streamed = False
    if stream is not None:
        request.chunks = list(stream.chunks)
        if stream.end not in ("complete", "closed_by_client"):
            request.end = stream.end + (f" ({stream.error[0]}: {stream.error[1]})" if stream.error else "")
        elif stream.end == "closed_by_client" and exchange.response is not None and not exchange.response.finish_reason:
            request.end = stream.end
    return ended


def _instructions(exchange: Exchange) -> str | None:
    """What the system was told, where the format keeps that apart from the messages."""
    assert exchange.call is not None
    parts = exchange.call.parameters.instruction_parts
    told = InstructionPart.join(parts) if parts else None
    if told is None:
        for message in reversed(exchange.call.messages):
            if message.kind == "request" and message.instructions:
                return message.instructions
    return told


def _note(exchange: Exchange) -> str:
    request, response = exchange.interaction.request, exchange.interaction.response
    url = urlsplit(request.uri)
    shown = f"http        {request.method} {url.scheme}://{url.netloc}{url.path} -> {response.status}"
    if exchange.problem:
        return f"{shown}  ({exchange.dialect.name if exchange.dialect else ''}: {exchange.problem})"
    return f"{shown}, {len(response.body):,} bytes"
