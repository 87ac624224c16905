"""What a model is shown of a history: requests that follow each other are one, the first tool returns, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from playhead.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    RetryPromptPart,
    ToolCallPart,
    ToolReturnPart,
)


def merged(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """`messages` with neighbours of a kind made one. Messages are not changed; merged ones are new."""
    found: list[ModelMessage] = []
    for message in messages:
        _add(found, message)
    return found


class MergedHistory:
    """`merged` for a history that grows: what was merged of its beginning is not looked at again."""

    def __init__(self) -> None:
        self._seen: list[ModelMessage] = []
        self._merged: list[ModelMessage] = []

    def of(self, messages: Sequence[ModelMessage]) -> list[ModelMessage]:
        """A new list with `messages` merged."""
        known = len(self._seen)
        # The same objects: the comparison of lists looks at identity first, so it costs next to nothing.
        if not (known and known <= len(messages) and list(messages[:known]) == self._seen):
            self._seen, self._merged, known = [], [], 0
        for message in messages[known:]:
            _add(self._merged, message)
        self._seen.extend(messages[known:])
        return list(self._merged)


def open_calls(message: ModelMessage | None) -> bool:
    """Whether `message` has tool calls that nothing has answered, being the last one."""
    return isinstance(message, ModelResponse) and any(isinstance(part, ToolCallPart) for part in message.parts)


def _add(found: list[ModelMessage], message: ModelMessage) -> None:
    last = found[-1] if found else None
    if isinstance(last, ModelRequest) and isinstance(message, ModelRequest):
        # Instructions are the program's to merge; those of different requests stay apart.
        if last.instructions and message.instructions and last.instructions != message.instructions:
            found.append(message)
            return
        parts = [*last.parts, *message.parts]
        parts.sort(key=_answers_first)
        found[-1] = replace(
            last,
            parts=parts,
            instructions=last.instructions or message.instructions,
            timestamp=message.timestamp or last.timestamp,
            run_id=None,
        )
    elif isinstance(last, ModelResponse) and isinstance(message, ModelResponse) and _same_author(last, message):
        found[-1] = replace(
            last, parts=[*last.parts, *message.parts], usage=last.usage + message.usage, timestamp=message.timestamp
        )
    else:
        found.append(message)


def _answers_first(part: ModelRequestPart) -> int:
    return 0 if isinstance(part, (ToolReturnPart, RetryPromptPart)) else 1


def _same_author(last: ModelResponse, message: ModelResponse) -> bool:
    """Replies that a program made have no author and may be one; those of a model stay as they came."""
    return not (
        last.model_name
        or message.model_name
        or last.provider_response_id
        or message.provider_response_id
        or last.provider_name
        or message.provider_name
    )
