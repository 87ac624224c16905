"""System prompts and instructions: texts and functions, made for a run or for each request."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from playhead.context import AgentDepsT, RunContext
from playhead.messages import InstructionPart, ModelMessage, ModelRequest, SystemPromptPart
from playhead.schema import is_async_callable, run_in_thread
from playhead.tools import AbstractToolset, SystemPromptFunc

AgentInstructions: TypeAlias = str | SystemPromptFunc[AgentDepsT] | Sequence[str | SystemPromptFunc[AgentDepsT]] | None
"""Instructions: texts, functions that make them, or several of these."""


@dataclass
class PromptFunction:
    """A function that makes a prompt; `dynamic` ones make it anew in later runs, in its old place."""

    function: Callable[..., Any]
    dynamic: bool = False

    def __post_init__(self) -> None:
        self._takes_ctx = bool(inspect.signature(self.function).parameters)
        self._is_async = is_async_callable(self.function)

    async def run(self, ctx: RunContext[Any]) -> str | None:
        """What the function makes. Plain functions run in a thread."""
        args = (ctx,) if self._takes_ctx else ()
        if self._is_async:
            return await self.function(*args)
        return await run_in_thread(self.function, *args)

    @property
    def reference(self) -> str:
        """How a message refers to the function that made it."""
        return self.function.__qualname__


async def system_prompt_parts(
    texts: Sequence[str], functions: Sequence[PromptFunction], ctx: RunContext[Any]
) -> list[SystemPromptPart]:
    """The system prompts of a conversation that begins. A function that makes nothing leaves no part, unless dynamic."""
    parts = [SystemPromptPart(text) for text in texts]
    for function in functions:
        text = await function.run(ctx)
        if function.dynamic:
            parts.append(SystemPromptPart(text or "", dynamic_ref=function.reference))
        elif text:
            parts.append(SystemPromptPart(text))
    return parts


async def refresh_dynamic_prompts(
    messages: list[ModelMessage], functions: dict[str, PromptFunction], ctx: RunContext[Any]
) -> None:
    """Make dynamic system prompts anew, in their places. Messages are replaced, not changed."""
    from dataclasses import replace

    if not functions:
        return
    for number, message in enumerate(messages):
        if not isinstance(message, ModelRequest):
            continue
        parts = list(message.parts)
        changed = False
        for place, part in enumerate(parts):
            if isinstance(part, SystemPromptPart) and part.dynamic_ref in functions:
                text = await functions[part.dynamic_ref].run(ctx)
                parts[place] = SystemPromptPart(text or "", dynamic_ref=part.dynamic_ref)
                changed = True
        if changed:
            messages[number] = replace(message, parts=parts)


def split_instructions(instructions: AgentInstructions[Any]) -> tuple[list[str], list[PromptFunction]]:
    """Texts and functions, each in order."""
    if instructions is None:
        return [], []
    items: list[Any] = [instructions] if isinstance(instructions, str) or callable(instructions) else list(instructions)
    texts = [item for item in items if isinstance(item, str)]
    return texts, [PromptFunction(item) for item in items if not isinstance(item, str)]


async def instruction_parts(
    literal: str | None, functions: Sequence[PromptFunction], toolset: AbstractToolset[Any], ctx: RunContext[Any]
) -> list[InstructionPart] | None:
    """The blocks of a request's instructions: texts, then functions, then what toolsets say. None without any."""
    parts = [InstructionPart(literal)] if literal else []
    for function in functions:
        text = await function.run(ctx)
        if text:
            parts.append(InstructionPart(text, dynamic=True))
    said = await toolset.get_instructions(ctx)
    for item in [said] if isinstance(said, (str, InstructionPart)) else said or ():
        if isinstance(item, InstructionPart):
            parts.append(item)
        elif item and item.strip():
            parts.append(InstructionPart(item, dynamic=True))
    return parts or None
