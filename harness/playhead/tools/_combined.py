"""Several toolsets as one, toolsets whose tools somebody else runs, and toolsets that a function makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from pydantic_core import SchemaValidator, core_schema
from typing_extensions import deprecated

from playhead.context import AgentDepsT, RunContext
from playhead.exceptions import UserError
from playhead.messages import InstructionPart, ToolDefinition
from playhead.tools._toolset import AbstractToolset, ToolsetFunc, ToolsetTool

_ANYTHING = SchemaValidator(core_schema.any_schema())


@dataclass(kw_only=True)
class _CombinedTool(ToolsetTool[AgentDepsT]):
    source: AbstractToolset[AgentDepsT]
    source_tool: ToolsetTool[AgentDepsT]


_SHARED = [item.name for item in fields(ToolsetTool) if item.name != "toolset"]


@dataclass
class CombinedToolset(AbstractToolset[AgentDepsT]):
    """Several toolsets as one. Two tools of one name are a `UserError`."""

    toolsets: Sequence[AbstractToolset[AgentDepsT]]
    _stack: AsyncExitStack | None = field(init=False, default=None, repr=False, compare=False)
    _entered: int = field(init=False, default=0, repr=False, compare=False)

    @property
    def id(self) -> str | None:
        return None

    @property
    def label(self) -> str:
        return f"{type(self).__name__}({', '.join(toolset.label for toolset in self.toolsets)})"

    async def for_run(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        return replace(self, toolsets=[await toolset.for_run(ctx) for toolset in self.toolsets])

    async def for_run_step(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        toolsets = [await toolset.for_run_step(ctx) for toolset in self.toolsets]
        if all(new is old for new, old in zip(toolsets, self.toolsets, strict=True)):
            return self
        return replace(self, toolsets=toolsets)

    async def __aenter__(self) -> Self:
        # Runs that share the toolset share what it opened; the last one closes it.
        if self._entered == 0:
            async with AsyncExitStack() as stack:
                for toolset in self.toolsets:
                    await stack.enter_async_context(toolset)
                self._stack = stack.pop_all()
        self._entered += 1
        return self

    async def __aexit__(self, *args: Any) -> bool | None:
        self._entered -= 1
        if self._entered == 0 and self._stack is not None:
            stack, self._stack = self._stack, None
            await stack.aclose()
        return None

    async def get_instructions(self, ctx: RunContext[AgentDepsT]) -> list[str | InstructionPart] | None:
        parts: list[str | InstructionPart] = []
        for toolset in self.toolsets:
            found = await toolset.get_instructions(ctx)
            if isinstance(found, (str, InstructionPart)):
                parts.append(found)
            elif found:
                parts.extend(found)
        return parts or None

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        tools: dict[str, ToolsetTool[AgentDepsT]] = {}
        for toolset in self.toolsets:
            for name, tool in (await toolset.get_tools(ctx)).items():
                taken = tools.get(name)
                if taken is not None:
                    assert isinstance(taken, _CombinedTool)
                    raise UserError(
                        f"Two tools are called {name!r}: one of {taken.source.label}, and one of {toolset.label}. "
                        f"{toolset.tool_name_conflict_hint}"
                    )
                of_tool: dict[str, Any] = {key: getattr(tool, key) for key in _SHARED}
                tools[name] = _CombinedTool(toolset=self, source=toolset, source_tool=tool, **of_tool)
        return tools

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        assert isinstance(tool, _CombinedTool)
        return await tool.source.call_tool(name, tool_args, ctx, tool.source_tool)

    def apply(self, visitor: Callable[[AbstractToolset[AgentDepsT]], None]) -> None:
        for toolset in self.toolsets:
            toolset.apply(visitor)

    def visit_and_replace(
        self, visitor: Callable[[AbstractToolset[AgentDepsT]], AbstractToolset[AgentDepsT]]
    ) -> AbstractToolset[AgentDepsT]:
        return replace(self, toolsets=[toolset.visit_and_replace(visitor) for toolset in self.toolsets])


class ExternalToolset(AbstractToolset[AgentDepsT]):
    """Tools that somebody else runs: a run that calls one ends with `DeferredToolRequests`."""

    tool_defs: list[ToolDefinition]

    def __init__(self, tool_defs: list[ToolDefinition], *, id: str | None = None) -> None:
        self.tool_defs = tool_defs
        self._id = id

    @property
    def id(self) -> str | None:
        return self._id

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        shown = [replace(tool_def, kind="external") for tool_def in self.tool_defs]
        return {
            item.name: ToolsetTool(toolset=self, tool_def=item, args_validator=_ANYTHING, max_retries=0)
            for item in shown
        }

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        raise NotImplementedError(f"{name!r} is an external tool: somebody outside of the run has to call it")


@deprecated("`DeferredToolset` is deprecated: its name is `ExternalToolset` now")
class DeferredToolset(ExternalToolset[AgentDepsT]):
    """The older name of `ExternalToolset`."""


class DynamicToolset(AbstractToolset[AgentDepsT]):
    """A toolset that a function makes for each run, or with `per_run_step` for each step of it; None is no tools."""

    def __init__(
        self, toolset_func: ToolsetFunc[AgentDepsT], *, per_run_step: bool = True, id: str | None = None
    ) -> None:
        self.toolset_func = toolset_func
        self.per_run_step = per_run_step
        self._id = id
        self._toolset: AbstractToolset[AgentDepsT] | None = None
        self._step: int | None = None
        self._entered = False

    @property
    def id(self) -> str | None:
        return self._id

    async def for_run(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        # Each run has its own, so that runs at the same time do not close each other's.
        own = DynamicToolset(self.toolset_func, per_run_step=self.per_run_step, id=self._id)
        if not self.per_run_step:
            own._toolset = await own._make(ctx)
        return own

    async def for_run_step(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        if self._toolset is None or (self.per_run_step and self._step != ctx.run_step):
            made = await self._make(ctx)
            await self._leave()
            if self._entered and made is not None:
                await made.__aenter__()
            self._toolset = made
        if self._toolset is not None:
            self._toolset = await self._toolset.for_run_step(ctx)
        return self

    async def _make(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT] | None:
        made = self.toolset_func(ctx)
        toolset = await made if inspect.isawaitable(made) else made
        self._step = ctx.run_step
        return None if toolset is None else await toolset.for_run(ctx)

    async def _leave(self, *args: Any) -> None:
        toolset, self._toolset = self._toolset, None
        if toolset is not None and self._entered:
            await toolset.__aexit__(*(args or (None, None, None)))

    async def __aenter__(self) -> Self:
        if self._toolset is not None and not self._entered:
            await self._toolset.__aenter__()
        self._entered = True
        return self

    async def __aexit__(self, *args: Any) -> bool | None:
        await self._leave(*args)
        self._entered = False
        return None

    async def get_instructions(
        self, ctx: RunContext[AgentDepsT]
    ) -> str | InstructionPart | Sequence[str | InstructionPart] | None:
        return None if self._toolset is None else await self._toolset.get_instructions(ctx)

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        return {} if self._toolset is None else await self._toolset.get_tools(ctx)

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        assert self._toolset is not None
        return await self._toolset.call_tool(name, tool_args, ctx, tool)

    def apply(self, visitor: Callable[[AbstractToolset[AgentDepsT]], None]) -> None:
        if self._toolset is None:
            visitor(self)
        else:
            self._toolset.apply(visitor)

    def visit_and_replace(
        self, visitor: Callable[[AbstractToolset[AgentDepsT]], AbstractToolset[AgentDepsT]]
    ) -> AbstractToolset[AgentDepsT]:
        if self._toolset is None:
            return visitor(self)
        self._toolset = self._toolset.visit_and_replace(visitor)
        return self
