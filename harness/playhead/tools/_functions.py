"""What the functions that a user hands in look like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, Literal, TypeAlias

from typing_extensions import ParamSpec

from playhead.builtin_tools import AbstractBuiltinTool
from playhead.context import AgentDepsT, RunContext
from playhead.messages import ToolDefinition

ToolParams = ParamSpec("ToolParams", default=...)
"""The parameters of a tool's function, without the context."""

SystemPromptFunc: TypeAlias = (
    Callable[[RunContext[AgentDepsT]], str | None]
    | Callable[[RunContext[AgentDepsT]], Awaitable[str | None]]
    | Callable[[], str | None]
    | Callable[[], Awaitable[str | None]]
)
"""Makes a system prompt or instructions, with the context or without, sync or async."""
ToolFuncContext: TypeAlias = Callable[Concatenate[RunContext[AgentDepsT], ToolParams], Any]
"""A tool's function whose first parameter is the context."""
ToolFuncPlain: TypeAlias = Callable[ToolParams, Any]
"""A tool's function without the context."""
ToolFuncEither: TypeAlias = ToolFuncContext[AgentDepsT, ToolParams] | ToolFuncPlain[ToolParams]
"""A tool's function of either kind."""
ArgsValidatorFunc: TypeAlias = (
    Callable[Concatenate[RunContext[AgentDepsT], ToolParams], Awaitable[None]]
    | Callable[Concatenate[RunContext[AgentDepsT], ToolParams], None]
)
"""Looks at validated arguments before the tool runs; raises `ModelRetry` to refuse them."""
ToolPrepareFunc: TypeAlias = Callable[
    [RunContext[AgentDepsT], ToolDefinition], Awaitable[ToolDefinition | None] | ToolDefinition | None
]
"""Changes a tool for a step of a run; None leaves it out."""
ToolsPrepareFunc: TypeAlias = Callable[
    [RunContext[AgentDepsT], list[ToolDefinition]], Awaitable[list[ToolDefinition] | None] | list[ToolDefinition] | None
]
"""Changes all tools for a step of a run; may leave out, must not add."""
ToolSelectorFunc: TypeAlias = Callable[[RunContext[AgentDepsT], ToolDefinition], bool | Awaitable[bool]]
"""Says whether a tool is meant."""
ToolSelector: TypeAlias = Literal["all"] | Sequence[str] | dict[str, Any] | ToolSelectorFunc[AgentDepsT]
"""Which tools are meant: all, by name, by metadata, or by a function."""
BuiltinToolFunc: TypeAlias = Callable[
    [RunContext[AgentDepsT]], Awaitable[AbstractBuiltinTool | None] | AbstractBuiltinTool | None
]
"""Makes a tool that the provider runs, for each step of a run; None is no tool."""
AgentBuiltinTool: TypeAlias = AbstractBuiltinTool | BuiltinToolFunc[AgentDepsT]
"""What `Agent(builtin_tools=)` takes."""
