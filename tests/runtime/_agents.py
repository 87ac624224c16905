"""Agents whose model says what a test tells it to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from playhead import Agent
from playhead.messages import ModelMessage, ModelResponse, TextPart, ThinkingPart, ToolCallPart
from playhead.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall, FunctionModel

Part = TextPart | ThinkingPart | ToolCallPart


class Told:
    """A model that gives these replies in turn, whole or streamed, and keeps what it was asked."""

    def __init__(self, *replies: Sequence[Part | str] | str) -> None:
        self.replies = [[reply] if isinstance(reply, str) else list(reply) for reply in replies]
        self.asked: list[tuple[list[ModelMessage], AgentInfo]] = []
        self.model = FunctionModel(self._whole, stream_function=self._streamed, model_name="told")

    def _next(self, messages: list[ModelMessage], info: AgentInfo) -> list[Part]:
        self.asked.append((list(messages), info))
        reply = self.replies[len(self.asked) - 1]
        return [TextPart(part) if isinstance(part, str) else part for part in reply]

    async def _whole(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=self._next(messages, info))

    async def _streamed(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        parts = self._next(messages, info)
        if not parts:
            yield {}
        for index, part in enumerate(parts):
            if isinstance(part, TextPart):
                for piece in pieces(part.content):
                    yield piece
            elif isinstance(part, ThinkingPart):
                yield {index: DeltaThinkingPart(content=part.content)}
            else:
                yield {index: DeltaToolCall(part.tool_name, tool_call_id=part.tool_call_id)}
                for piece in pieces(part.args_as_json_str()):
                    yield {index: DeltaToolCall(json_args=piece)}


def pieces(text: str) -> list[str]:
    """`text` in pieces of eight characters, at least one."""
    return [text[start : start + 8] for start in range(0, len(text), 8)] or [""]


def told(*replies: Sequence[Part | str] | str, **options: Any) -> tuple[Agent[Any, Any], Told]:
    """An agent with a model that gives `replies`, and that model."""
    model = Told(*replies)
    return Agent(model.model, **options), model


def call(tool_name: str, call_id: str = "c1", /, **args: Any) -> ToolCallPart:
    """A call of a tool."""
    return ToolCallPart(tool_name, args, tool_call_id=call_id)
