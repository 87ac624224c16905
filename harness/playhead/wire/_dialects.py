"""The table of dialects: a new provider's format is one folder and one row here."""

from __future__ import annotations

from collections.abc import Mapping

from playhead.wire._dialect import Dialect
from playhead.wire.anthropic_messages import AnthropicMessages
from playhead.wire.google_generate import GoogleGenerate
from playhead.wire.openai_chat import OpenAIChat
from playhead.wire.openai_responses import OpenAIResponses

__all__ = ["DIALECTS", "recognise"]


def recognise(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Dialect | None:
    """The dialect of a request, by its URL (path or whole) first; None for what is no call of a model."""
    for dialect in DIALECTS.values():
        if dialect.recognises(method, url, headers, body):
            return dialect
    return None


# No two rows recognise the same request, so that their order means nothing.
_ROWS: tuple[Dialect, ...] = (AnthropicMessages(), GoogleGenerate(), OpenAIChat(), OpenAIResponses())

DIALECTS: dict[str, Dialect] = {row.name: row for row in _ROWS}
