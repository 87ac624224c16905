"""Strategies for what producers send: streams of one reply, bodies in a provider's format, histories of messages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from playhead.exceptions import UserError
from playhead.fuzz._json import json_values
from playhead.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ResponseMeta,
    RetryPromptPart,
    StreamEvent,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.stream import Emitter
from playhead.usage import RequestUsage
from playhead.wire import DIALECTS

__all__ = ["WireReply", "histories", "streams", "wire"]

_texts = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    [
        "It is sunny.",
        "naïve",
        "👩‍👩‍👧",
        "\n\n",
        "\r\n",
        "data: [DONE]\n\n",
        "[DONE]",
        "<think>",
        "</think>",
        "```",
        '"',
        "\\",
        "\u2028",
        "﻿",
        " ",
    ]
)
_names = st.sampled_from(["get_weather", "add", "final_result"])
_objects = st.dictionaries(st.sampled_from(["city", "a", "é"]), json_values, max_size=2)
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WireReply:
    """A streamed reply in one provider's format: its body, and the events that decoding it must give."""

    dialect: str
    body: bytes
    events: list[StreamEvent]


def wire(dialect: str) -> st.SearchStrategy[WireReply]:
    """Bodies of streamed replies in `dialect` (a name of `playhead.wire.DIALECTS`), each with its events.

    They hold what that provider can send: text, thinking with signatures, parallel calls (interleaved where the format
    allows it), usage and finish reasons, and texts that look like the format itself. `UserError` for an unknown dialect.
    """
    if dialect not in DIALECTS:
        raise UserError(f"There is no dialect {dialect!r}; there are {', '.join(sorted(DIALECTS))}.")
    row = DIALECTS[dialect]

    def write(events: list[StreamEvent]) -> WireReply:
        encoder = row.encoder(streamed=True)
        body = b"".join(encoder.feed(event) for event in events) + encoder.close()
        return WireReply(dialect, body, row.normal(events))

    return streams().map(write)


@st.composite
def streams(draw: st.DrawFn, max_steps: int = 8) -> list[StreamEvent]:
    """The events of one reply: parts in any order, pieces of calls interleaved, and what the reply says of itself.

    Well-formed by the grammar of `playhead.stream`. Shrinks towards the empty reply.
    """
    emitter = Emitter()
    kinds: list[str] = []
    pending: dict[int, list[str]] = {}
    if draw(st.booleans()):
        emitter.meta(ResponseMeta(provider_response_id="resp_1", model_name="some-model", timestamp=_WHEN))
    for _ in range(draw(st.integers(0, max_steps))):
        kind = draw(st.sampled_from(["text", "more", "call", "thinking", "more", "call", "more"]))
        slot = len(kinds)
        if kind == "text":
            emitter.start(slot, TextPart(draw(_texts)))
        elif kind == "thinking":
            signature = draw(st.none() | st.just("c2ln"))
            emitter.start(slot, ThinkingPart(draw(_texts), signature=signature))
        elif kind == "call":
            whole = json.dumps(draw(_objects), ensure_ascii=draw(st.booleans()))
            cuts = sorted(draw(st.lists(st.integers(0, len(whole)), min_size=1, max_size=3)))
            emitter.start(slot, ToolCallPart(draw(_names), whole[: cuts[0]], f"call_{slot}"))
            ends = [*cuts[1:], len(whole)]
            pending[slot] = [whole[start:end] for start, end in zip(cuts, ends, strict=True)]
        if kind != "more":
            kinds.append(kind)
        elif pending and draw(st.booleans()):
            waiting = draw(st.sampled_from(sorted(pending)))
            emitter.call(waiting, args=pending[waiting].pop(0))
            if not pending[waiting]:
                del pending[waiting]
        elif kinds and kinds[-1] == "text":
            emitter.text(len(kinds) - 1, draw(_texts))
        elif kinds and kinds[-1] == "thinking":
            emitter.thinking(len(kinds) - 1, draw(_texts))
    for slot, rest in pending.items():
        for piece in rest:
            emitter.call(slot, args=piece)
    emitter.close()
    counts = st.integers(0, 99)
    if draw(st.booleans()):
        usage = RequestUsage(input_tokens=draw(counts), output_tokens=draw(counts))
        emitter.meta(ResponseMeta(usage=usage, finish_reason=draw(st.sampled_from(["stop", "length", "tool_call"]))))
    return emitter.take()


@st.composite
def histories(draw: st.DrawFn, max_turns: int = 3) -> list[ModelMessage]:
    """Histories of messages as a run may begin with (`message_history=`): each call is answered in the next request, by
    a result or a retry prompt, and the last message is a reply without calls. Shrinks towards the empty history."""
    messages: list[ModelMessage] = []
    open_calls: list[ToolCallPart] = []
    turns = draw(st.integers(0, max_turns))
    for turn in range(turns):
        parts: list[Any] = [SystemPromptPart("Be brief.", timestamp=_WHEN)] if turn == 0 and draw(st.booleans()) else []
        for call in open_calls:
            if draw(st.integers(0, 3)):
                parts.append(
                    ToolReturnPart(call.tool_name, draw(_texts | _objects), call.tool_call_id, timestamp=_WHEN)
                )
            else:
                parts.append(
                    RetryPromptPart("No.", tool_name=call.tool_name, tool_call_id=call.tool_call_id, timestamp=_WHEN)
                )
        if not open_calls or draw(st.booleans()):
            parts.append(UserPromptPart(draw(_texts), timestamp=_WHEN))
        messages.append(ModelRequest(parts=parts))
        last = turn == turns - 1
        count = 0 if last else draw(st.integers(0, 2))
        open_calls = [ToolCallPart(draw(_names), draw(_objects), f"c{turn}_{number}") for number in range(count)]
        said: list[Any] = [ThinkingPart(draw(_texts), signature="c2ln")] if draw(st.booleans()) else []
        if draw(st.booleans()) or not open_calls:
            said.append(TextPart(draw(_texts)))
        messages.append(ModelResponse(parts=[*said, *open_calls], timestamp=_WHEN))
    return messages
