"""An agent around another one. Subclasses change what they need to."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Self

from playhead.context import AgentDepsT
from playhead.output import OutputDataT, OutputSpec
from playhead.runtime._agent import Agent
from playhead.runtime._run import AgentRun
from playhead.runtime._state import EventStreamHandler
from playhead.runtime._ways import AbstractAgent
from playhead.tools import AbstractToolset


class WrapperAgent(AbstractAgent[AgentDepsT, OutputDataT]):
    """Passes everything on to `wrapped`. Every way to run goes through `iter`."""

    def __init__(self, wrapped: Agent[AgentDepsT, OutputDataT] | WrapperAgent[AgentDepsT, OutputDataT]) -> None:
        self.wrapped = wrapped

    @property
    def model(self) -> Any:
        """The wrapped agent's model."""
        return self.wrapped.model

    @property
    def name(self) -> str | None:
        """The wrapped agent's name."""
        return self.wrapped.name

    @name.setter
    def name(self, value: str | None) -> None:
        self.wrapped.name = value

    @property
    def description(self) -> str | None:
        """What the wrapped agent is for."""
        return self.wrapped.description

    @property
    def deps_type(self) -> type:
        """The type of `deps`."""
        return self.wrapped.deps_type

    @property
    def output_type(self) -> OutputSpec[OutputDataT]:
        """What a run returns."""
        return self.wrapped.output_type

    @property
    def event_stream_handler(self) -> EventStreamHandler[AgentDepsT] | None:
        """Is given the events of runs that name no handler of their own."""
        return self.wrapped.event_stream_handler

    @property
    def toolsets(self) -> Sequence[AbstractToolset[AgentDepsT]]:
        """Where the wrapped agent's tools come from."""
        return self.wrapped.toolsets

    def output_json_schema(self, output_type: OutputSpec[Any] | None = None) -> dict[str, Any]:
        """The JSON schema of what a run returns."""
        return self.wrapped.output_json_schema(output_type)

    @contextmanager
    def override(self, **replaced: Any) -> Generator[None]:
        """Replace what the wrapped agent declared, for the block."""
        with self.wrapped.override(**replaced):
            yield

    async def __aenter__(self) -> Self:
        """Open the wrapped agent's toolsets."""
        await self.wrapped.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> bool | None:
        return await self.wrapped.__aexit__(*error)

    def _open(self, user_prompt: Any, options: dict[str, Any]) -> AbstractAsyncContextManager[AgentRun[Any, Any]]:
        return self.wrapped.iter(user_prompt, infer_name=False, **options)

    def _infer_name(self) -> None:
        return None
