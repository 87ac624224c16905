"""The inverse of the fold: a whole reply in, the events of a stream of it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any, TypeAlias

from playhead.messages import (
    ModelResponse,
    ResponseMeta,
    StreamEvent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.stream._emitter import Emitter

__all__ = ["Slicer", "unfold", "whole", "words"]

Slicer: TypeAlias = Callable[[str], Iterable[str]]
"""Cuts a text into the pieces a stream should bring it in; joined they must be the text."""


def whole(text: str) -> list[str]:
    """One piece."""
    return [text]


def words(text: str) -> list[str]:
    """A piece for each word with the space before it."""
    pieces: list[str] = []
    start = 0
    for position in range(1, len(text)):
        if text[position] == " " and text[position - 1] != " ":
            pieces.append(text[start:position])
            start = position
    return [*pieces, text[start:]]


def unfold(response: ModelResponse, slicer: Slicer = whole) -> list[StreamEvent]:
    """The events of a stream that folds to `response`: text, reasoning and JSON arguments in the slicer's pieces."""
    emitter = Emitter()
    for slot, part in enumerate(response.parts):
        if isinstance(part, (TextPart, ThinkingPart)):
            first, *rest = slicer(part.content) or [""]
            start: Any = copy(part)
            start.content = first
            emitter.start(slot, start)
            for piece in rest:
                (emitter.text if isinstance(part, TextPart) else emitter.thinking)(slot, piece)
        elif isinstance(part, ToolCallPart) and isinstance(part.args, str) and part.args:
            first, *rest = slicer(part.args) or [""]
            start = copy(part)
            start.args = first
            emitter.start(slot, start)
            for piece in rest:
                emitter.call(slot, args=piece)
        else:
            emitter.start(slot, part)
    emitter.close()
    details = dict(response.provider_details) if response.provider_details else {}
    emitter.meta(
        ResponseMeta(
            usage=response.usage,
            finish_reason=response.finish_reason,
            raw_finish_reason=details.pop("finish_reason", None),
            refusal=details.pop("refusal", None),
            provider_response_id=response.provider_response_id,
            model_name=response.model_name,
            provider_name=response.provider_name,
            timestamp=response.timestamp,
            details=details or None,
        )
    )
    return emitter.take()
