"""The agent's own functions as a toolset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playhead.context import AgentDepsT
from playhead.exceptions import UserError
from playhead.output import OutputSchema
from playhead.tools import FunctionToolset, Tool


class OwnToolset(FunctionToolset[AgentDepsT]):
    """The functions of an agent. Those that need a person's approval need an output that can ask for it."""

    def __init__(
        self, tools: Sequence[Any], output_schema: OutputSchema[Any], *, max_retries: int, timeout: float | None
    ) -> None:
        self._output_schema = output_schema
        super().__init__(tools, max_retries=max_retries, timeout=timeout, id="<agent>")

    @property
    def id(self) -> str:
        return "<agent>"

    @property
    def label(self) -> str:
        return "the agent"

    def add_tool(self, tool: Tool[AgentDepsT]) -> None:
        """Take in a tool. `UserError` for one that needs approval where nobody could be asked."""
        if tool.requires_approval and not self._output_schema.allows_deferred_tools:
            raise UserError(
                "To use tools that require approval, add `DeferredToolRequests` to the list of output types for this "
                "agent."
            )
        super().add_tool(tool)
