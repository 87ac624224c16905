"""Which calls belong together: a conversation goes on where a request repeats what was said, and adds to it.

Requests of several conversations may be interleaved in one recording. A call belongs to the conversation whose request
and reply its own messages begin with; else to the one whose tool calls it answers, or whose response it names as the one
before; else it begins a conversation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from playhead.messages import ModelMessage
from playhead.traffic._calls import Exchange

__all__ = ["Conversation", "Turn", "conversations"]


@dataclass(slots=True)
class Turn:
    """One exchange of a conversation; `new` are the parts of its request that no turn before had."""

    exchange: Exchange
    new: list[Any]


@dataclass(slots=True)
class Conversation:
    """Exchanges that follow each other."""

    turns: list[Turn] = field(default_factory=list[Turn])
    said: list[str] = field(default_factory=list[str])
    """The parts of the last request, and of its reply, as they compare."""
    asked: int = 0
    """How many of these are the request's."""
    calls: set[str] = field(default_factory=set[str])
    """Ids of the tool calls in the last reply."""
    response_ids: set[str] = field(default_factory=set[str])


def conversations(exchanges: list[Exchange]) -> list[Conversation]:
    """The conversations among the calls of `exchanges`, in the order in which they began."""
    found: list[Conversation] = []
    for exchange in exchanges:
        if exchange.call is None:
            continue
        parts = _parts(exchange.call.messages)
        keys = [_key(part) for part in parts]
        conversation, shared = _continued(found, exchange, parts, keys)
        if conversation is None:
            conversation = Conversation()
            found.append(conversation)
        conversation.turns.append(
            Turn(exchange, [part for part in parts[shared:] if not _is_reply(part)] if shared else parts)
        )
        reply = list(exchange.response.parts) if exchange.response is not None else []
        conversation.said = [*keys, *map(_key, reply)]
        conversation.asked = len(keys)
        conversation.calls = {part.tool_call_id for part in reply if part.part_kind == "tool-call"}
        if exchange.response is not None and exchange.response.provider_response_id:
            conversation.response_ids.add(exchange.response.provider_response_id)
    return found


def _continued(
    found: list[Conversation], exchange: Exchange, parts: list[Any], keys: list[str]
) -> tuple[Conversation | None, int]:
    """The conversation that a call continues, and how many of its parts were said there before."""
    assert exchange.call is not None
    best: tuple[int, int, int] | None = None
    for number, conversation in enumerate(found):
        shared = _shared(conversation.said, keys)
        if shared < conversation.asked:
            continue
        whole = shared == len(conversation.said)
        retried = shared == len(keys) == conversation.asked and _failed(conversation)
        goes_on = len(keys) > conversation.asked and _is_reply(parts[conversation.asked])
        if (whole and len(keys) > conversation.asked) or retried or goes_on:
            best = max(best or (-1, 0, 0), (shared, number, shared))
    if best is not None:
        return found[best[1]], best[2]
    before = exchange.call.extra.get("previous_response_id")
    answered = {part.tool_call_id for part in parts if part.part_kind in ("tool-return", "retry-prompt")}
    for conversation in reversed(found):
        if before is not None and before in conversation.response_ids:
            return conversation, 0
        if conversation.calls & answered:
            # The history was cut or written anew; what comes after the last reply is what is new.
            last = max((n for n, part in enumerate(parts) if _is_reply(part)), default=-1)
            return conversation, last + 1
    return None, 0


def _shared(said: list[str], keys: list[str]) -> int:
    count = 0
    for one, other in zip(said, keys, strict=False):
        if one != other:
            break
        count += 1
    return count


def _failed(conversation: Conversation) -> bool:
    """Whether the last exchange got no whole reply, so that the same request may have been sent again."""
    last = conversation.turns[-1].exchange
    return last.response is None or last.error is not None or last.interaction.response.end != "complete"


def _is_reply(part: Any) -> bool:
    return part.part_kind in (
        "text",
        "thinking",
        "tool-call",
        "builtin-tool-call",
        "builtin-tool-return",
        "file",
        "compaction",
    )


def _parts(messages: list[ModelMessage]) -> list[Any]:
    return [part for message in messages for part in message.parts]


def _key(part: Any) -> str:
    """A part as it compares: what it says, without what a provider or client may change on the way back."""
    kind = part.part_kind
    if kind == "tool-call":
        return f"{kind} {part.tool_name} {part.tool_call_id}"
    if kind in ("tool-return", "retry-prompt"):
        return f"tool-return {part.tool_call_id} {_text(part.content)}"
    if kind == "thinking":
        return kind  # often not sent back, or without its text
    if kind in ("builtin-tool-call", "builtin-tool-return"):
        return f"{kind} {part.tool_name}"
    return f"{kind} {_text(getattr(part, 'content', None)).strip()}"


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    try:
        return json.dumps(content, sort_keys=True, default=repr)
    except (TypeError, ValueError):
        return repr(content)
