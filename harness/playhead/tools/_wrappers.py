"""Toolsets around another: filtered, renamed, changed, or behind a person's approval."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from playhead.context import AgentDepsT, RunContext, changed
from playhead.exceptions import ApprovalRequired, UserError
from playhead.messages import ToolDefinition
from playhead.tools._functions import ToolsPrepareFunc
from playhead.tools._toolset import AbstractToolset, ToolsetTool, WrapperToolset


@dataclass
class FilteredToolset(WrapperToolset[AgentDepsT]):
    """Only the tools for which `filter_func` is true in a step."""

    filter_func: Callable[[RunContext[AgentDepsT], ToolDefinition], bool | Awaitable[bool]]

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        tools = await super().get_tools(ctx)
        return {name: tool for name, tool in tools.items() if await self._keeps(ctx, tool.tool_def)}

    async def _keeps(self, ctx: RunContext[AgentDepsT], tool_def: ToolDefinition) -> bool:
        answer = self.filter_func(ctx, tool_def)
        return await answer if inspect.isawaitable(answer) else answer


@dataclass
class PrefixedToolset(WrapperToolset[AgentDepsT]):
    """The tools with `prefix` and an underscore before their names."""

    prefix: str

    @property
    def tool_name_conflict_hint(self) -> str:
        return "Choose another `prefix`."

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        tools = await super().get_tools(ctx)
        return {new: _renamed(self, tool, new) for name, tool in tools.items() for new in (f"{self.prefix}_{name}",)}

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        inner = name.removeprefix(f"{self.prefix}_")
        return await super().call_tool(inner, tool_args, changed(ctx, tool_name=inner), tool)


def _renamed(toolset: AbstractToolset[AgentDepsT], tool: ToolsetTool[AgentDepsT], name: str) -> ToolsetTool[AgentDepsT]:
    return replace(tool, toolset=toolset, tool_def=replace(tool.tool_def, name=name))


@dataclass
class RenamedToolset(WrapperToolset[AgentDepsT]):
    """The tools under new names: `name_map` is `{new: old}`."""

    name_map: dict[str, str]

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        new_names = {old: new for new, old in self.name_map.items()}
        tools = await super().get_tools(ctx)
        return {new: _renamed(self, tool, new) for name, tool in tools.items() for new in (new_names.get(name, name),)}

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        inner = self.name_map.get(name, name)
        return await super().call_tool(inner, tool_args, changed(ctx, tool_name=inner), tool)


@dataclass
class PreparedToolset(WrapperToolset[AgentDepsT]):
    """The tools as `prepare_func` makes them for each step: it may change and leave out, but neither add nor rename."""

    prepare_func: ToolsPrepareFunc[AgentDepsT]

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        tools = await super().get_tools(ctx)
        prepared = self.prepare_func(ctx, [tool.tool_def for tool in tools.values()])
        if inspect.isawaitable(prepared):
            prepared = await prepared
        by_name = {tool_def.name: tool_def for tool_def in prepared or ()}
        if by_name.keys() - tools.keys():
            raise UserError(
                f"A prepare function changes tools and leaves some out, but these are new: "
                f"{sorted(by_name.keys() - tools.keys())}. To add tools use `FunctionToolset.add_function()`, to rename "
                "them a `RenamedToolset`."
            )
        return {name: replace(tools[name], tool_def=tool_def) for name, tool_def in by_name.items()}


@dataclass
class ApprovalRequiredToolset(WrapperToolset[AgentDepsT]):
    """The tools, with a person's approval for each call for which `approval_required_func` is true."""

    approval_required_func: Callable[[RunContext[AgentDepsT], ToolDefinition, dict[str, Any]], bool] = (
        lambda ctx, tool_def, tool_args: True
    )

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        if ctx.tool_call_approved or not self.approval_required_func(ctx, tool.tool_def, tool_args):
            return await super().call_tool(name, tool_args, ctx, tool)
        raise ApprovalRequired


@dataclass
class _ChangedToolset(WrapperToolset[AgentDepsT]):
    """The tools, each definition as `_change` makes it."""

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        tools = await super().get_tools(ctx)
        return {name: replace(tool, tool_def=self._change(tool.tool_def)) for name, tool in tools.items()}

    def _change(self, tool_def: ToolDefinition) -> ToolDefinition:
        raise NotImplementedError


@dataclass
class SetMetadataToolset(_ChangedToolset[AgentDepsT]):
    """The tools, with `metadata` added to each definition's."""

    metadata: dict[str, Any]

    def _change(self, tool_def: ToolDefinition) -> ToolDefinition:
        return replace(tool_def, metadata={**(tool_def.metadata or {}), **self.metadata})


@dataclass
class IncludeReturnSchemasToolset(_ChangedToolset[AgentDepsT]):
    """The tools, with the schema of what they return shown to the model, unless a tool says otherwise."""

    def _change(self, tool_def: ToolDefinition) -> ToolDefinition:
        return tool_def if tool_def.include_return_schema is not None else replace(tool_def, include_return_schema=True)


@dataclass
class DeferredLoadingToolset(_ChangedToolset[AgentDepsT]):
    """The tools (or those of `tool_names`), marked to be found by a search before they are shown."""

    tool_names: frozenset[str] | None = field(default=None, kw_only=True)

    def _change(self, tool_def: ToolDefinition) -> ToolDefinition:
        named = self.tool_names is None or tool_def.name in self.tool_names
        return replace(tool_def, defer_loading=True) if named else tool_def
