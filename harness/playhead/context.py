"""What a tool, a validator, an output function or a prompt function is told of the run it works in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

from playhead.messages import ModelMessage, ModelSettings, UserContent
from playhead.usage import RunUsage

__all__ = ["AgentDepsT", "RunContext", "RunContextAgentDepsT", "changed"]

RunContextAgentDepsT = TypeVar("RunContextAgentDepsT", default=None, covariant=True)
AgentDepsT = TypeVar("AgentDepsT", default=None, contravariant=True)


def _no_messages() -> list[ModelMessage]:
    return []


def _no_retries() -> dict[str, int]:
    return {}


@dataclass(repr=False, kw_only=True)
class RunContext(Generic[RunContextAgentDepsT]):
    """The run as it is at this moment.

    `retry` counts how often this tool or output was tried again, `max_retries` is its limit. `partial_output` is true
    while an output is not complete. `model` and `agent` are those of the run (typed loosely here: this room lies below
    theirs).
    """

    deps: RunContextAgentDepsT
    model: Any
    usage: RunUsage
    agent: Any = None
    prompt: str | Sequence[UserContent] | None = None
    messages: list[ModelMessage] = field(default_factory=_no_messages)
    validation_context: Any = None
    tracer: Any = None
    trace_include_content: bool = False
    instrumentation_version: int = 2
    retries: dict[str, int] = field(default_factory=_no_retries)
    tool_call_id: str | None = None
    tool_name: str | None = None
    retry: int = 0
    max_retries: int = 0
    run_step: int = 0
    tool_call_approved: bool = False
    tool_call_metadata: Any = None
    partial_output: bool = False
    run_id: str | None = None
    metadata: dict[str, Any] | None = None
    model_settings: ModelSettings | None = None
    tool_manager: Any = None

    @property
    def last_attempt(self) -> bool:
        """Whether there is no retry left after this one."""
        return self.retry == self.max_retries

    def __repr__(self) -> str:
        return f"RunContext(tool_name={self.tool_name!r}, run_step={self.run_step}, retry={self.retry})"


def changed(ctx: RunContext[RunContextAgentDepsT], **fields: Any) -> RunContext[RunContextAgentDepsT]:
    """A copy of `ctx` with other `fields`: `dataclasses.replace`, at a tenth of its price. Each call of a tool has one."""
    made: RunContext[RunContextAgentDepsT] = object.__new__(type(ctx))
    made.__dict__.update(ctx.__dict__)
    made.__dict__.update(fields)
    return made
