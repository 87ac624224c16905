"""Toolsets: where a run's tools come from, and who runs them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, Self, TypeAlias

from playhead.context import AgentDepsT, RunContext
from playhead.messages import InstructionPart, ToolDefinition

if TYPE_CHECKING:
    from playhead.tools._functions import ToolsPrepareFunc
    from playhead.tools._wrappers import (
        ApprovalRequiredToolset,
        DeferredLoadingToolset,
        FilteredToolset,
        IncludeReturnSchemasToolset,
        PrefixedToolset,
        PreparedToolset,
        RenamedToolset,
        SetMetadataToolset,
    )


class ArgsValidator(Protocol):
    """What validates the arguments of a call: pydantic's `SchemaValidator`, or anything with these two methods."""

    def validate_json(
        self,
        input: str | bytes | bytearray,
        *,
        context: Any | None = ...,
        allow_partial: bool | Literal["off", "on", "trailing-strings"] = ...,
    ) -> Any: ...

    def validate_python(
        self,
        input: Any,
        *,
        context: Any | None = ...,
        allow_partial: bool | Literal["off", "on", "trailing-strings"] = ...,
    ) -> Any: ...


@dataclass(kw_only=True)
class ToolsetTool(Generic[AgentDepsT]):
    """A tool as its toolset offers it in one step of a run."""

    toolset: AbstractToolset[AgentDepsT]
    """The toolset that offers it."""
    tool_def: ToolDefinition
    """What the model is shown."""
    max_retries: int
    """How often the model may try again."""
    args_validator: ArgsValidator
    """Makes a dictionary of arguments from what the model sent."""
    args_validator_func: Callable[..., Any] | None = None
    """Called with the context and the validated arguments; raises `ModelRetry` to refuse them."""


class AbstractToolset(ABC, Generic[AgentDepsT]):
    """A source of tools. It is entered (`async with`) for the time of a run, where the agent was not entered before."""

    @property
    @abstractmethod
    def id(self) -> str | None:
        """A name that is unique among the toolsets of an agent; None where none is needed."""

    @property
    def label(self) -> str:
        """What errors call this toolset."""
        label = type(self).__name__
        return f"{label} {self.id!r}" if self.id else label

    @property
    def tool_name_conflict_hint(self) -> str:
        """What an error about two tools of one name advises."""
        return "Rename one, or put a prefix before a toolset's names: `toolset.prefixed(...)`."

    async def for_run(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        """The toolset to use for one run: itself, or one that holds the run's own state."""
        return self

    async def for_run_step(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        """The toolset to use for one step of a run."""
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: Any) -> bool | None:
        return None

    async def get_instructions(
        self, ctx: RunContext[AgentDepsT]
    ) -> str | InstructionPart | Sequence[str | InstructionPart] | None:
        """Instructions for the model on how to use these tools."""
        return None

    @abstractmethod
    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        """The tools of one step of a run, by name."""

    @abstractmethod
    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        """Run a tool with validated arguments. Raises `ModelRetry`, `CallDeferred`, `ApprovalRequired`."""

    def apply(self, visitor: Callable[[AbstractToolset[AgentDepsT]], None]) -> None:
        """Call `visitor` with each toolset at the bottom of this one."""
        visitor(self)

    def visit_and_replace(
        self, visitor: Callable[[AbstractToolset[AgentDepsT]], AbstractToolset[AgentDepsT]]
    ) -> AbstractToolset[AgentDepsT]:
        """This toolset with each one at the bottom replaced by what `visitor` makes of it."""
        return visitor(self)

    def filtered(
        self, filter_func: Callable[[RunContext[AgentDepsT], ToolDefinition], bool | Awaitable[bool]]
    ) -> FilteredToolset[AgentDepsT]:
        """Only the tools for which `filter_func` is true."""
        from playhead.tools._wrappers import FilteredToolset

        return FilteredToolset(self, filter_func=filter_func)

    def prefixed(self, prefix: str) -> PrefixedToolset[AgentDepsT]:
        """The tools with `prefix` and an underscore before their names."""
        from playhead.tools._wrappers import PrefixedToolset

        return PrefixedToolset(self, prefix=prefix)

    def prepared(self, prepare_func: ToolsPrepareFunc[AgentDepsT]) -> PreparedToolset[AgentDepsT]:
        """The tools as `prepare_func` makes them for each step."""
        from playhead.tools._wrappers import PreparedToolset

        return PreparedToolset(self, prepare_func=prepare_func)

    def renamed(self, name_map: dict[str, str]) -> RenamedToolset[AgentDepsT]:
        """The tools under new names: `{new: old}`."""
        from playhead.tools._wrappers import RenamedToolset

        return RenamedToolset(self, name_map=name_map)

    def approval_required(
        self,
        approval_required_func: Callable[[RunContext[AgentDepsT], ToolDefinition, dict[str, Any]], bool] = (
            lambda ctx, tool_def, tool_args: True
        ),
    ) -> ApprovalRequiredToolset[AgentDepsT]:
        """The tools, with a person's approval for each call for which `approval_required_func` is true."""
        from playhead.tools._wrappers import ApprovalRequiredToolset

        return ApprovalRequiredToolset(self, approval_required_func=approval_required_func)

    def defer_loading(self, tool_names: Sequence[str] | None = None) -> DeferredLoadingToolset[AgentDepsT]:
        """The tools (or those named), marked to be found by a search before they are shown."""
        from playhead.tools._wrappers import DeferredLoadingToolset

        return DeferredLoadingToolset(self, tool_names=None if tool_names is None else frozenset(tool_names))

    def include_return_schemas(self) -> IncludeReturnSchemasToolset[AgentDepsT]:
        """The tools, with the schema of what they return shown to the model."""
        from playhead.tools._wrappers import IncludeReturnSchemasToolset

        return IncludeReturnSchemasToolset(self)

    def with_metadata(self, **metadata: Any) -> SetMetadataToolset[AgentDepsT]:
        """The tools, with `metadata` added to each definition's."""
        from playhead.tools._wrappers import SetMetadataToolset

        return SetMetadataToolset(self, metadata=metadata)


@dataclass
class WrapperToolset(AbstractToolset[AgentDepsT]):
    """Another toolset, passed through. Subclasses change what they need to."""

    wrapped: AbstractToolset[AgentDepsT]

    @property
    def id(self) -> str | None:
        return None

    @property
    def label(self) -> str:
        return f"{type(self).__name__}({self.wrapped.label})"

    async def for_run(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        return self._around(await self.wrapped.for_run(ctx))

    async def for_run_step(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        return self._around(await self.wrapped.for_run_step(ctx))

    def _around(self, wrapped: AbstractToolset[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        return self if wrapped is self.wrapped else replace(self, wrapped=wrapped)

    async def __aenter__(self) -> Self:
        await self.wrapped.__aenter__()
        return self

    async def __aexit__(self, *args: Any) -> bool | None:
        return await self.wrapped.__aexit__(*args)

    async def get_instructions(
        self, ctx: RunContext[AgentDepsT]
    ) -> str | InstructionPart | Sequence[str | InstructionPart] | None:
        return await self.wrapped.get_instructions(ctx)

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        return await self.wrapped.get_tools(ctx)

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        return await self.wrapped.call_tool(name, tool_args, ctx, tool)

    def apply(self, visitor: Callable[[AbstractToolset[AgentDepsT]], None]) -> None:
        self.wrapped.apply(visitor)

    def visit_and_replace(
        self, visitor: Callable[[AbstractToolset[AgentDepsT]], AbstractToolset[AgentDepsT]]
    ) -> AbstractToolset[AgentDepsT]:
        return replace(self, wrapped=self.wrapped.visit_and_replace(visitor))


ToolsetFunc: TypeAlias = Callable[
    [RunContext[AgentDepsT]],
    AbstractToolset[AgentDepsT] | Awaitable[AbstractToolset[AgentDepsT] | None] | None,
]
"""Makes a toolset for a run, or for each step of it."""
AgentToolset: TypeAlias = AbstractToolset[AgentDepsT] | ToolsetFunc[AgentDepsT]
"""What `Agent(toolsets=)` takes."""
