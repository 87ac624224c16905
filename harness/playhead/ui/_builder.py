"""Builds messages from parts in the order in which a conversation had them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playhead.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    RetryPromptPart,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)

__all__ = ["MessagesBuilder"]

_REQUEST_PARTS = (SystemPromptPart, UserPromptPart, ToolReturnPart, RetryPromptPart)


@dataclass
class MessagesBuilder:
    """`add` parts; a part of the other side begins a new message in `messages`."""

    messages: list[ModelMessage] = field(default_factory=list[ModelMessage])

    def add(self, part: ModelRequestPart | ModelResponsePart) -> None:
        """Add a part to the last message if it is of the part's side, else to a new one."""
        side: type[Any] = ModelRequest if isinstance(part, _REQUEST_PARTS) else ModelResponse
        if not self.messages or not isinstance(self.messages[-1], side):
            self.messages.append(side(parts=[]))
        message: Any = self.messages[-1]
        message.parts = [*message.parts, part]
