"""Output tools: the tools by which a model gives its final answer, as a toolset for the `ToolManager`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from typing import Any, Self

from playhead.context import AgentDepsT, RunContext, changed
from playhead.messages import ToolDefinition
from playhead.output._markers import ToolOutput
from playhead.output._processors import ObjectProcessor, unique_name
from playhead.output._validators import OutputValidator
from playhead.tools import AbstractToolset, ToolsetTool

DEFAULT_TOOL_NAME = "final_result"
DEFAULT_TOOL_DESCRIPTION = "The final response which ends this conversation"


class OutputToolset(AbstractToolset[AgentDepsT]):
    """The output tools of a run.

    A call gives the output: unwrapped, made by an output function where there is one, and seen by `output_validators`.
    These are told the run's counter of output retries (`retry` of the step's context) and `max_retries`, whichever
    tool gave the output.
    """

    tool_defs: list[ToolDefinition]
    processors: dict[str, ObjectProcessor]
    max_retries: int | None
    """The run's limit of output retries; None takes that of the step's context."""
    max_retries_overrides: dict[str, int]
    """The limits of tools that have their own (`ToolOutput(max_retries=...)`)."""
    output_validators: list[OutputValidator[Any, Any]]

    def __init__(
        self,
        tool_defs: list[ToolDefinition],
        processors: dict[str, ObjectProcessor],
        max_retries: int | None = None,
        max_retries_overrides: dict[str, int] | None = None,
        output_validators: list[OutputValidator[Any, Any]] | None = None,
    ) -> None:
        self.tool_defs = tool_defs
        self.processors = processors
        self.max_retries = max_retries
        self.max_retries_overrides = max_retries_overrides or {}
        self.output_validators = output_validators or []
        self._retry = 0

    @classmethod
    def build(
        cls,
        outputs: Sequence[Any],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
    ) -> Self | None:
        """The tools for types, output functions and `ToolOutput`s; None for none of them."""
        if not outputs:
            return None
        several = len(outputs) > 1
        tool_defs: list[ToolDefinition] = []
        processors: dict[str, ObjectProcessor] = {}
        limits: dict[str, int] = {}
        for output in outputs:
            own = output if isinstance(output, ToolOutput) else ToolOutput(output)  # pyright: ignore[reportUnknownVariableType]
            processor = ObjectProcessor(
                own.output,  # pyright: ignore[reportUnknownMemberType]
                description=own.description or description,
                strict=strict if own.strict is None else own.strict,
            )
            known = processor.object_def
            tool_name = own.name
            if tool_name is None:
                tool_name = name or DEFAULT_TOOL_NAME
                if several:
                    tool_name += f"_{_as_tool_name(known.name or '')}"
            tool_name = unique_name(tool_name, processors)
            text = known.description
            if not text:
                text = DEFAULT_TOOL_DESCRIPTION
                if several:
                    text = f"{known.name}: {text}"
            processors[tool_name] = processor
            if own.max_retries is not None:
                limits[tool_name] = own.max_retries
            tool_defs.append(
                ToolDefinition(
                    name=tool_name,
                    description=text,
                    parameters_json_schema=known.json_schema,
                    strict=known.strict,
                    outer_typed_dict_key=processor.outer_key,
                    kind="output",
                )
            )
        return cls(tool_defs, processors, max_retries_overrides=limits)

    @property
    def id(self) -> str | None:
        return "<output>"

    @property
    def label(self) -> str:
        return "the agent's output tools"

    def with_validators(self, validators: list[OutputValidator[Any, Any]], max_retries: int | None = None) -> Self:
        """The same tools with these validators, for one run."""
        toolset = copy(self)
        toolset.output_validators = validators
        toolset.max_retries = self.max_retries if max_retries is None else max_retries
        return toolset

    async def for_run_step(self, ctx: RunContext[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        toolset = copy(self)
        toolset._retry = ctx.retry
        if toolset.max_retries is None:
            toolset.max_retries = ctx.max_retries
        return toolset

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        limit = ctx.max_retries if self.max_retries is None else self.max_retries
        return {
            tool_def.name: ToolsetTool(
                toolset=self,
                tool_def=tool_def,
                max_retries=self.max_retries_overrides.get(tool_def.name, limit),
                args_validator=self.processors[tool_def.name].validator,
            )
            for tool_def in self.tool_defs
        }

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        output = await self.processors[name].call(tool_args, ctx)
        if self.output_validators:
            limit = ctx.max_retries if self.max_retries is None else self.max_retries
            own = changed(ctx, retry=self._retry, max_retries=limit)
            for validator in self.output_validators:
                output = await validator.validate(output, own, wrap_validation_errors=False)
        return output


def _as_tool_name(name: str) -> str:
    """Providers allow letters, digits, underscores and hyphens."""
    return re.sub(r"[^a-zA-Z0-9_-]", "", name)
