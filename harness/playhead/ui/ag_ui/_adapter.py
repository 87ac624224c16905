"""AG-UI's requests (https://docs.ag-ui.com/sdk/python/core/types#runagentinput), run by an agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, cast

from ag_ui.core import BaseEvent, Message, RunAgentInput

from playhead.context import AgentDepsT
from playhead.messages import ModelMessage, ToolDefinition
from playhead.output import OutputDataT
from playhead.runtime import AbstractAgent
from playhead.tools import AbstractToolset, ExternalToolset
from playhead.ui._adapter import UIAdapter
from playhead.ui._stream import UIEventStream
from playhead.ui.ag_ui._events import AGUIEventStream
from playhead.ui.ag_ui._messages import dump_messages, load_messages
from playhead.ui.ag_ui._utils import DEFAULT_AG_UI_VERSION

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["AGUIAdapter"]


@dataclass
class AGUIAdapter(UIAdapter[RunAgentInput, Message, BaseEvent, AgentDepsT, OutputDataT]):
    """One AG-UI request, for one agent.

    `ag_ui_version` is what the browser speaks: before 0.1.13 reasoning is called thinking and is not sent back, before
    0.1.15 files are `binary`. `preserve_file_data` keeps files that models made or that were uploaded, as activities.
    """

    _: KW_ONLY
    ag_ui_version: str = DEFAULT_AG_UI_VERSION
    preserve_file_data: bool = False

    @classmethod
    def build_run_input(cls, body: bytes) -> RunAgentInput:
        return RunAgentInput.model_validate_json(body)

    @classmethod
    async def from_request(
        cls,
        request: Request,
        *,
        agent: AbstractAgent[AgentDepsT, OutputDataT],
        ag_ui_version: str = DEFAULT_AG_UI_VERSION,
        preserve_file_data: bool = False,
        **kwargs: Any,
    ) -> Self:
        """The adapter for a Starlette request. `pydantic.ValidationError` for a body that is not AG-UI's."""
        return await super().from_request(
            request, agent=agent, ag_ui_version=ag_ui_version, preserve_file_data=preserve_file_data, **kwargs
        )

    def build_event_stream(self) -> UIEventStream[RunAgentInput, BaseEvent, AgentDepsT, OutputDataT]:
        return AGUIEventStream(self.run_input, accept=self.accept, ag_ui_version=self.ag_ui_version)

    @classmethod
    def load_messages(cls, messages: Sequence[Message], *, preserve_file_data: bool = False) -> list[ModelMessage]:
        return load_messages(messages, preserve_file_data=preserve_file_data)

    @classmethod
    def dump_messages(
        cls,
        messages: Sequence[ModelMessage],
        *,
        ag_ui_version: str = DEFAULT_AG_UI_VERSION,
        preserve_file_data: bool = False,
    ) -> list[Message]:
        return dump_messages(messages, version=ag_ui_version, preserve_file_data=preserve_file_data)

    @cached_property
    def messages(self) -> list[ModelMessage]:
        return self.load_messages(self.run_input.messages, preserve_file_data=self.preserve_file_data)

    @cached_property
    def toolset(self) -> AbstractToolset[AgentDepsT] | None:
        shown = [
            ToolDefinition(
                name=given.name, parameters_json_schema=given.parameters or {}, description=given.description
            )
            for given in self.run_input.tools or ()
        ]
        return cast("AbstractToolset[AgentDepsT]", ExternalToolset(shown)) if shown else None

    @cached_property
    def state(self) -> dict[str, Any] | None:
        state: Any = self.run_input.state
        return None if state is None or state == {} else state
