"""What a run knows: what changes (`RunState`), what was declared (`RunDeps`), and both as nodes are handed them."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from playhead import ids
from playhead.context import RunContext
from playhead.exceptions import UnexpectedModelBehavior
from playhead.messages import (
    AgentStreamEvent,
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelSettings,
    ToolCallPart,
    ToolDefinition,
    UserContent,
)
from playhead.models import Model
from playhead.output import OutputDataT, OutputSchema, OutputValidator
from playhead.runtime._history import MergedHistory
from playhead.tools import ToolManager
from playhead.usage import RunUsage, UsageLimits

if TYPE_CHECKING:
    from playhead.runtime._agent import Agent

DepsT = TypeVar("DepsT", default=None, contravariant=True)
EndStrategy: TypeAlias = Literal["early", "graceful", "exhaustive"]
"""What happens to the other tool calls of a response that gives the final output."""


EventStreamHandler: TypeAlias = Callable[[RunContext[DepsT], AsyncIterable[AgentStreamEvent]], Awaitable[None]]
"""Is given the events of each reply, and of its tools, while they happen."""


def _no_tools() -> dict[int, tuple[ToolDefinition, ToolDefinition]]:
    return {}


def _no_messages() -> list[ModelMessage]:
    return []


@dataclass(kw_only=True)
class RunState:
    """What changes in a run. `retries` counts what was asked again of the output, `run_step` the requests."""

    message_history: list[ModelMessage] = field(default_factory=_no_messages)
    usage: RunUsage = field(default_factory=RunUsage)
    retries: int = 0
    run_step: int = 0
    run_id: str = field(default_factory=ids.unique_id)
    metadata: dict[str, Any] | None = None

    def use_output_retry(self, limit: int, error: BaseException | None = None, max_tokens: int | None = None) -> None:
        """Count one more try for the output. `UnexpectedModelBehavior` where there is none left."""
        self.retries += 1
        if self.retries > limit:
            if self.message_history and isinstance(last := self.message_history[-1], ModelResponse):
                check_incomplete_call(last, max_tokens)
            raise output_retries_exceeded(limit) from error


def output_retries_exceeded(limit: int) -> UnexpectedModelBehavior:
    """The output was asked for too often."""
    return UnexpectedModelBehavior(f"Exceeded maximum retries ({limit}) for output validation")


def check_incomplete_call(response: ModelResponse, max_tokens: int | None) -> None:
    """`IncompleteToolCall` where the token limit cut off the arguments of the reply's last call."""
    from playhead.exceptions import IncompleteToolCall

    if response.finish_reason != "length" or not response.parts or not isinstance(response.parts[-1], ToolCallPart):
        return
    try:
        response.parts[-1].args_as_dict(raise_if_invalid=True)
    except Exception:
        raise IncompleteToolCall(
            f"Model token limit ({max_tokens or 'provider default'}) exceeded in the middle of a tool call: its "
            "arguments are incomplete. Give the model more room (the setting `max_tokens`), or ask for less."
        ) from None


@dataclass(kw_only=True)
class RunDeps(Generic[DepsT, OutputDataT]):
    """What was declared for a run, by the agent or by the call."""

    user_deps: Any
    agent: Agent[Any, Any] | None
    model: Model
    model_settings: Callable[[RunContext[Any]], ModelSettings | None]
    usage_limits: UsageLimits
    end_strategy: EndStrategy
    max_result_retries: int
    output_schema: OutputSchema[Any]
    output_validators: list[OutputValidator[Any, Any]]
    history_processors: Sequence[Callable[..., Any]]
    get_instructions: Callable[[RunContext[Any]], Awaitable[list[InstructionPart] | None]]
    builtin_tools: list[Any]
    tool_manager: ToolManager[Any]
    prompt: str | Sequence[UserContent] | None = None
    new_message_index: int = 0
    resumed: ModelRequest | None = None
    validation_context: Any = None
    max_tokens: int | None = None
    merged: MergedHistory = field(default_factory=MergedHistory)
    shown_tools: dict[int, tuple[ToolDefinition, ToolDefinition]] = field(default_factory=_no_tools)
    """Definitions as the model is shown them, by the identity of those that the tools gave."""


@dataclass(kw_only=True)
class GraphRunContext(Generic[DepsT, OutputDataT]):
    """What nodes are handed: `run.ctx`."""

    state: RunState
    deps: RunDeps[DepsT, OutputDataT]
    unread: AsyncExitStack | None = field(default=None, repr=False)
    """What is still open of a model's stream that was opened, and left without a look into it."""
    _made: RunContext[Any] | None = field(default=None, repr=False)

    def take_unread(self) -> AsyncExitStack:
        """What is still open, to be closed by the caller."""
        unread, self.unread = self.unread, None
        return unread or AsyncExitStack()

    def run_context(self) -> RunContext[Any]:
        """What functions are told of the run at this moment: made once for each step."""
        state, deps = self.state, self.deps
        if self._made is None or self._made.run_step != state.run_step:
            context: RunContext[Any] = RunContext(
                deps=deps.user_deps,
                agent=deps.agent,
                model=deps.model,
                usage=state.usage,
                prompt=deps.prompt,
                messages=state.message_history,
                run_step=state.run_step,
                run_id=state.run_id,
                metadata=state.metadata,
            )
            context.validation_context = resolve_validation_context(deps.validation_context, context)
            self._made = context
        return self._made

    def output_context(self) -> RunContext[Any]:
        """What validators and functions of text output are told, with the count of output retries."""
        return replace(
            self.run_context(),
            retry=self.state.retries,
            max_retries=self.deps.max_result_retries,
        )


def resolve_validation_context(validation_context: Any, context: RunContext[Any]) -> Any:
    """pydantic's validation context: as it was given, or what a function of the run's context makes."""
    return validation_context(context) if callable(validation_context) else validation_context
