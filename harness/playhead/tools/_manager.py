"""The tools of one step of a run: which there are, whether a call is valid, what it returns, and who counts failures.

How a step goes (the runtime is the caller):

    manager = await ToolManager(toolset, default_max_retries=1).for_run_step(ctx)   # ctx.run_step tells steps apart
    manager.tool_defs                                   # for the request: function tools, output tools, external ones
    validated = await manager.validate_tool_call(call)  # never runs the tool; counts a failure
    validated.args_valid                                # for FunctionToolCallEvent
    result = await manager.execute_tool_call(validated) # raises ToolRetryError with the prompt, CallDeferred, ...

`for_run_step` for the next step gives a manager whose counters went up by one for each tool that failed in this one,
and forgot the others.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeAlias

from pydantic import ValidationError

from playhead.context import AgentDepsT, RunContext, changed
from playhead.exceptions import ModelRetry, ToolRetryError, UnexpectedModelBehavior
from playhead.messages import RetryPromptPart, ToolCallPart, ToolDefinition
from playhead.tools._toolset import AbstractToolset, ToolsetTool

ParallelExecutionMode: TypeAlias = Literal["parallel", "sequential", "parallel_ordered_events"]
"""How the calls of one response run: at the same time, one after the other, or at the same time with events in order."""

_execution_mode: ContextVar[ParallelExecutionMode] = ContextVar("playhead_parallel_execution_mode", default="parallel")


@dataclass
class ValidatedToolCall(Generic[AgentDepsT]):
    """A call whose arguments were looked at. `validation_error` is the retry prompt, where they are not valid."""

    call: ToolCallPart
    tool: ToolsetTool[AgentDepsT] | None
    ctx: RunContext[AgentDepsT]
    args_valid: bool
    validated_args: dict[str, Any] | None = None
    validation_error: ToolRetryError | None = None


def _no_failures() -> set[str]:
    return set()


@dataclass
class ToolManager(Generic[AgentDepsT]):
    """Validates and runs the calls of one step, and counts what failed."""

    toolset: AbstractToolset[AgentDepsT]
    """All tools of the run, combined, output tools among them."""
    ctx: RunContext[AgentDepsT] | None = None
    """The context of the step; None before the first."""
    tools: dict[str, ToolsetTool[AgentDepsT]] | None = None
    """The tools of the step, by name."""
    failed_tools: set[str] = field(default_factory=_no_failures)
    """The names of tools that failed in this step."""
    default_max_retries: int = 1
    """The limit for tools that do not exist."""

    @classmethod
    @contextmanager
    def parallel_execution_mode(cls, mode: ParallelExecutionMode = "parallel") -> Generator[None]:
        """Run the calls of each response in this way, for the block."""
        token = _execution_mode.set(mode)
        try:
            yield
        finally:
            _execution_mode.reset(token)

    @classmethod
    @contextmanager
    def sequential_tool_calls(cls) -> Generator[None]:
        """Run calls one after the other, for the block."""
        with cls.parallel_execution_mode("sequential"):
            yield

    async def for_run_step(self, ctx: RunContext[AgentDepsT]) -> ToolManager[AgentDepsT]:
        """The manager for the step of `ctx` (itself, where that is its own). Raises `UserError` on a clash of names."""
        if self.ctx is not None:
            if ctx.run_step == self.ctx.run_step:
                return self
            ctx = changed(ctx, retries={name: self.ctx.retries.get(name, 0) + 1 for name in self.failed_tools})
        toolset = await self.toolset.for_run_step(ctx)
        return replace(self, toolset=toolset, ctx=ctx, tools=await toolset.get_tools(ctx), failed_tools=set())

    @property
    def tool_defs(self) -> list[ToolDefinition]:
        """What the model may be shown in this step. `ValueError` before the first step."""
        return [tool.tool_def for tool in self._tools().values()]

    def _tools(self) -> dict[str, ToolsetTool[AgentDepsT]]:
        if self.tools is None or self.ctx is None:
            raise ValueError("A ToolManager has tools in a step of a run only: use what `for_run_step()` returns")
        return self.tools

    def get_tool_def(self, name: str) -> ToolDefinition | None:
        """The definition of a tool of this step; None for an unknown one. `ValueError` before the first step."""
        tool = self._tools().get(name)
        return tool.tool_def if tool is not None else None

    def get_parallel_execution_mode(self, calls: Sequence[ToolCallPart]) -> ParallelExecutionMode:
        """How these calls of one response are to run: one `sequential` tool makes all of them wait for each other."""
        tools = self._tools()
        if any((tool := tools.get(call.tool_name)) is not None and tool.tool_def.sequential for call in calls):
            return "sequential"
        return _execution_mode.get()

    async def validate_tool_call(
        self,
        call: ToolCallPart,
        *,
        allow_partial: bool = False,
        wrap_validation_errors: bool = True,
        approved: bool = False,
        metadata: Any = None,
    ) -> ValidatedToolCall[AgentDepsT]:
        """The call with its arguments validated, or with the prompt that says what is wrong with them.

        A failure counts against the tool; where the tool has no retry left, it is `UnexpectedModelBehavior`.
        Without `wrap_validation_errors` nothing is counted, and `ValidationError` or `ModelRetry` is raised as it is.
        `allow_partial` is for arguments that are still arriving. `approved` and `metadata` are what the context tells
        the tool of an approval.
        """
        tools = self._tools()
        tool = tools.get(call.tool_name)
        if tool is None:
            assert self.ctx is not None
            ctx = self.context_for(call, self.default_max_retries, allow_partial=allow_partial)
            error: ModelRetry | ValidationError = ModelRetry(_unknown_tool(call.tool_name, tools))
            return self._invalid(call, None, ctx, error, wrap_validation_errors)
        ctx = self.context_for(
            call, tool.max_retries, allow_partial=allow_partial, approved=approved, metadata=metadata
        )
        try:
            args = await _validate(call, tool, ctx, allow_partial)
        except (ModelRetry, ValidationError) as failure:
            return self._invalid(call, tool, ctx, failure, wrap_validation_errors)
        return ValidatedToolCall(call, tool, ctx, args_valid=True, validated_args=args)

    def context_for(
        self,
        call: ToolCallPart,
        max_retries: int,
        *,
        allow_partial: bool = False,
        approved: bool = False,
        metadata: Any = None,
    ) -> RunContext[AgentDepsT]:
        """The step's context as the tool of `call` sees it."""
        assert self.ctx is not None
        return changed(
            self.ctx,
            tool_name=call.tool_name,
            tool_call_id=call.tool_call_id,
            retry=self.ctx.retries.get(call.tool_name, 0),
            max_retries=max_retries,
            tool_call_approved=approved,
            tool_call_metadata=metadata,
            partial_output=allow_partial,
        )

    def _invalid(
        self,
        call: ToolCallPart,
        tool: ToolsetTool[AgentDepsT] | None,
        ctx: RunContext[AgentDepsT],
        error: ModelRetry | ValidationError,
        wrap: bool,
    ) -> ValidatedToolCall[AgentDepsT]:
        if not wrap:
            raise error
        retry = self._count(call, ctx, error)
        return ValidatedToolCall(call, tool, ctx, args_valid=False, validation_error=retry)

    def _count(
        self, call: ToolCallPart, ctx: RunContext[AgentDepsT], error: ModelRetry | ValidationError | ToolRetryError
    ) -> ToolRetryError:
        """The prompt that tells the model of `error`. Raises where the tool has no retry left."""
        if ctx.retry >= ctx.max_retries:
            raise UnexpectedModelBehavior(
                f"Tool {call.tool_name!r} exceeded max retries count of {ctx.max_retries}"
            ) from error
        self.failed_tools.add(call.tool_name)
        if isinstance(error, ToolRetryError):
            return error
        retry = ToolRetryError(retry_prompt(error, call))
        retry.__cause__ = error
        return retry

    async def execute_tool_call(
        self, validated: ValidatedToolCall[AgentDepsT], *, wrap_validation_errors: bool = True
    ) -> Any:
        """What the tool returns: a value, or a `ToolReturn`.

        Raises `ToolRetryError` with the prompt for invalid arguments and for `ModelRetry` (counted),
        `UnexpectedModelBehavior` where no retry is left, `CallDeferred` and `ApprovalRequired` for the runtime to
        collect, and whatever else the tool raises. A function tool that returned is counted in `ctx.usage.tool_calls`.
        """
        if validated.validation_error is not None:
            raise validated.validation_error
        tool, ctx = validated.tool, validated.ctx
        assert tool is not None and validated.validated_args is not None
        if tool.tool_def.kind == "external":
            raise RuntimeError(
                f"{validated.call.tool_name!r} is an external tool: its result comes from outside of the run"
            )
        try:
            # By way of the whole toolset: the wrappers around the one that has the tool have their say.
            result = await self.toolset.call_tool(validated.call.tool_name, validated.validated_args, ctx, tool)
        except (ModelRetry, ValidationError, ToolRetryError) as error:
            # A `ValidationError` from inside a function tool is the function's own failure, not the model's.
            if not wrap_validation_errors or (isinstance(error, ValidationError) and tool.tool_def.kind != "output"):
                raise
            raise self._count(validated.call, ctx, error) from error
        if tool.tool_def.kind != "output":
            ctx.usage.tool_calls += 1
        return result

    async def handle_call(
        self,
        call: ToolCallPart,
        allow_partial: bool = False,
        wrap_validation_errors: bool = True,
        *,
        approved: bool = False,
        metadata: Any = None,
    ) -> Any:
        """Validate and execute in one go."""
        validated = await self.validate_tool_call(
            call,
            allow_partial=allow_partial,
            wrap_validation_errors=wrap_validation_errors,
            approved=approved,
            metadata=metadata,
        )
        return await self.execute_tool_call(validated, wrap_validation_errors=wrap_validation_errors)


async def _validate(
    call: ToolCallPart, tool: ToolsetTool[Any], ctx: RunContext[Any], allow_partial: bool
) -> dict[str, Any]:
    args = call.args
    partial: Literal["off", "trailing-strings"] = "trailing-strings" if allow_partial else "off"
    if isinstance(args, str):
        validated = tool.args_validator.validate_json(
            args or "{}", allow_partial=partial, context=ctx.validation_context
        )
    else:
        validated = tool.args_validator.validate_python(
            args or {}, allow_partial=partial, context=ctx.validation_context
        )
    if tool.args_validator_func is not None:
        answer = tool.args_validator_func(ctx, **validated)
        if inspect.isawaitable(answer):
            await answer
    return validated


def retry_prompt(error: ModelRetry | ValidationError, call: ToolCallPart) -> RetryPromptPart:
    """What the model is told of a failed call."""
    content = error.message if isinstance(error, ModelRetry) else error.errors(include_url=False, include_context=False)
    return RetryPromptPart(tool_name=call.tool_name, content=content, tool_call_id=call.tool_call_id)


def _unknown_tool(name: str, tools: dict[str, Any]) -> str:
    known = f"Available tools: {', '.join(f'{tool!r}' for tool in tools)}" if tools else "No tools available."
    return f"Unknown tool name: {name!r}. {known}"
