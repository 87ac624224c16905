"""What a run does with the tool calls of one reply: output tools first, then functions and unknown names, all at once.

Events come out as they happen; what goes to the model comes out as `parts`, in the order of the rules and not of the
clock: output tools, skipped function tools, functions that ran, then what they say as the user.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from playhead.exceptions import (
    ApprovalRequired,
    CallDeferred,
    ModelRetry,
    ToolRetryError,
    UnexpectedModelBehavior,
    UserError,
)
from playhead.messages import (
    DeferredToolRequests,
    DeferredToolResult,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    HandleResponseEvent,
    ModelRequestPart,
    RetryPromptPart,
    ToolApproved,
    ToolCallPart,
    ToolDenied,
    ToolReturn,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.runtime._final import FinalResult
from playhead.runtime._state import GraphRunContext, check_incomplete_call, output_retries_exceeded
from playhead.schema import SideBySide
from playhead.tools import ValidatedToolCall

GivenResult: TypeAlias = DeferredToolResult | Literal["skip"] | Any
"""What is known of a call before it is handled: somebody's answer, or that it was answered already."""

PROCESSED = "Final result processed."
NOT_EXECUTED = "Tool not executed - a final result was already processed."
OUTPUT_NOT_USED = "Output tool not used - a final result was already processed."
OUTPUT_INVALID = "Output tool not used - output failed validation."
OUTPUT_FAILED = "Output tool not used - output function execution failed."


def _no_parts() -> list[ModelRequestPart]:
    return []


def _no_user_parts() -> list[UserPromptPart]:
    return []


@dataclass
class Handled:
    """What came of the calls of a reply: `parts` for the next request, and the output, if there is one."""

    parts: list[ModelRequestPart] = field(default_factory=_no_parts)
    user_parts: list[UserPromptPart] = field(default_factory=_no_user_parts)
    final: FinalResult[Any] | None = None

    def all_parts(self) -> list[ModelRequestPart]:
        """The parts of the next request, in order."""
        return [*self.parts, *self.user_parts]


async def handle_calls(
    ctx: GraphRunContext[Any, Any],
    calls: Sequence[ToolCallPart],
    handled: Handled,
    *,
    given: dict[str, GivenResult] | None = None,
    given_metadata: dict[str, dict[str, Any]] | None = None,
) -> AsyncGenerator[HandleResponseEvent]:
    """Handle `calls`; what comes of it is in `handled`, whose `final` may be known before."""
    manager = ctx.deps.tool_manager
    outputs: list[ToolCallPart] = []
    functions: list[ToolCallPart] = []
    external: list[ToolCallPart] = []
    unapproved: list[ToolCallPart] = []
    unknown: list[ToolCallPart] = []
    for call in calls:
        definition = manager.get_tool_def(call.tool_name)
        if definition is None:
            unknown.append(call)
        elif definition.kind == "output":
            outputs.append(call)
        elif definition.kind == "function":
            functions.append(call)
        elif definition.kind == "external":
            external.append(call)
        else:
            unapproved.append(call)
    deferred = [*external, *unapproved]

    misfit = None if given is None else _misfit(given, calls, outputs)
    if given is not None and misfit is None:
        outputs = [call for call in outputs if given.get(call.tool_call_id) != "skip"]

    for call in outputs:
        events = _output_call(ctx, call, handled)
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()

    if misfit is not None:
        raise misfit  # only now: what outputs and handlers raise comes first
    if given is not None:
        to_run = [call for call in (*functions, *unknown, *deferred) if given[call.tool_call_id] != "skip"]
        deferred = []
    elif handled.final is not None and ctx.deps.end_strategy == "early":
        handled.parts.extend(_returned(call, NOT_EXECUTED) for call in functions)
        to_run = unknown
    else:
        to_run = [*functions, *unknown]

    batch = Batch(ctx, given or {}, given_metadata or {})
    if to_run:
        events = batch.run(to_run, handled)
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()

    if handled.final is not None:
        if not isinstance(handled.final.output, DeferredToolRequests):  # there they are waiting, not left out
            handled.parts.extend(_returned(call, NOT_EXECUTED) for call in deferred)
        return
    for call in deferred:
        try:
            validated = await manager.validate_tool_call(call)
        except UnexpectedModelBehavior:
            yield FunctionToolCallEvent(call, args_valid=False)
            raise
        yield FunctionToolCallEvent(call, args_valid=validated.args_valid)
        if validated.validation_error is not None:
            retry = validated.validation_error.tool_retry
            handled.parts.append(retry)
            yield FunctionToolResultEvent(retry)
            continue
        definition = manager.get_tool_def(call.tool_name)
        assert definition is not None
        batch.defer(call, approval=definition.kind == "unapproved")
    if batch.requests.calls or batch.requests.approvals:
        if not ctx.deps.output_schema.allows_deferred_tools:
            raise UserError(DEFERRED_NOT_ALLOWED)
        handled.final = FinalResult(batch.requests)


async def _output_call(
    ctx: GraphRunContext[Any, Any], call: ToolCallPart, handled: Handled
) -> AsyncGenerator[HandleResponseEvent]:
    deps, final = ctx.deps, handled.final
    if final is not None and final.tool_call_id == call.tool_call_id:  # the one that `run_stream` has given out
        handled.parts.append(_returned(call, PROCESSED))
        return
    if final is not None and deps.end_strategy != "exhaustive":
        yield FunctionToolCallEvent(call)
        part = _returned(call, OUTPUT_NOT_USED)
        handled.parts.append(part)
        yield FunctionToolResultEvent(part)
        return
    valid, error = False, None
    output: Any = None
    retry: RetryPromptPart | None = None
    try:
        validated = await deps.tool_manager.validate_tool_call(call)
        valid = validated.args_valid
        if validated.validation_error is not None:
            retry, error = validated.validation_error.tool_retry, validated.validation_error
        else:
            output = await deps.tool_manager.execute_tool_call(validated)
    except ToolRetryError as failure:
        retry, error = failure.tool_retry, failure
    except UnexpectedModelBehavior as failure:
        if final is None:
            if deps.max_tokens is not None or ctx.state.message_history:
                check_incomplete_call(_last_response(ctx), deps.max_tokens)
            raise output_retries_exceeded(_limit(ctx, call)) from failure.__cause__
        part = _returned(call, OUTPUT_FAILED if valid else OUTPUT_INVALID)
        yield FunctionToolCallEvent(call, args_valid=valid)
        handled.parts.append(part)
        yield FunctionToolResultEvent(part)
        return
    if retry is None:
        if final is None:
            handled.final = FinalResult(output, call.tool_name, call.tool_call_id)
        handled.parts.append(_returned(call, PROCESSED))
        return
    yield FunctionToolCallEvent(call, args_valid=valid)
    if final is None:
        ctx.state.retries += 1  # shared with text; the limit that counts here is the tool's own
    part: Any = retry if final is None or valid else _returned(call, OUTPUT_INVALID)
    handled.parts.append(part)
    yield FunctionToolResultEvent(part)
    del error


class Batch:
    """The calls of one reply that run, at the same time unless one of them must not."""

    def __init__(
        self,
        ctx: GraphRunContext[Any, Any],
        given: dict[str, GivenResult],
        given_metadata: dict[str, dict[str, Any]],
    ) -> None:
        self._ctx = ctx
        self._given = given
        self._given_metadata = given_metadata
        self.requests = DeferredToolRequests()

    def defer(self, call: ToolCallPart, *, approval: bool, metadata: dict[str, Any] | None = None) -> None:
        """Leave a call to somebody else."""
        (self.requests.approvals if approval else self.requests.calls).append(call)
        if metadata is not None:
            self.requests.metadata[call.tool_call_id] = metadata

    async def run(self, calls: list[ToolCallPart], handled: Handled) -> AsyncGenerator[HandleResponseEvent]:
        """Validate all calls, then run them. The limit on calls is checked before for all of them."""
        ctx = self._ctx
        limits = ctx.deps.usage_limits
        if limits.tool_calls_limit is not None:
            projected = replace(ctx.state.usage)
            projected.tool_calls += len(calls)
            limits.check_before_tool_call(projected)
        ready: list[ValidatedToolCall[Any] | ModelRequestPart] = []
        for call in calls:
            known = self._known(call)
            if known is not None:
                yield FunctionToolCallEvent(call)
                ready.append(known)
                continue
            given = self._given.get(call.tool_call_id)
            approved = isinstance(given, ToolApproved)
            asked = replace(call, args=given.override_args) if approved and given.override_args is not None else call
            try:
                validated = await ctx.deps.tool_manager.validate_tool_call(
                    asked, approved=approved, metadata=self._given_metadata.get(call.tool_call_id)
                )
            except UnexpectedModelBehavior:
                check_incomplete_call(_last_response(ctx), ctx.deps.max_tokens)
                yield FunctionToolCallEvent(call, args_valid=False)
                raise
            yield FunctionToolCallEvent(call, args_valid=validated.args_valid)
            ready.append(validated)
        order: dict[int, tuple[ModelRequestPart, UserPromptPart | None]] = {}
        mode = ctx.deps.tool_manager.get_parallel_execution_mode(calls)
        results = self._one_by_one(ready) if mode == "sequential" or len(ready) == 1 else self._together(ready, mode)
        try:
            async for number, part, said in results:
                order[number] = (part, said)
                yield FunctionToolResultEvent(part, content=said.content if said is not None else None)
        finally:
            await results.aclose()
        for number in sorted(order):
            part, said = order[number]
            handled.parts.append(part)
            if said is not None:
                handled.user_parts.append(said)

    async def _one_by_one(self, ready: Sequence[Any]) -> AsyncGenerator[tuple[int, Any, UserPromptPart | None]]:
        for number, item in enumerate(ready):
            result = await self._call(item)
            if result is not None:
                yield number, *result

    async def _together(
        self, ready: Sequence[Any], mode: str
    ) -> AsyncGenerator[tuple[int, Any, UserPromptPart | None]]:
        """Results as they come, or in order. Whatever ends this early ends the tools that still run."""
        done: deque[int] = deque()
        woken = asyncio.Event()

        def finished(number: int) -> None:
            done.append(number)
            woken.set()

        tasks: list[asyncio.Task[Any]] = []
        side_by_side = SideBySide()
        try:
            for number, item in enumerate(ready):
                task = asyncio.create_task(self._call(item), context=side_by_side.context())
                task.add_done_callback(lambda _, number=number: finished(number))
                tasks.append(task)
            if mode == "parallel_ordered_events":
                for number, task in enumerate(tasks):
                    await asyncio.wait({task})
                    if (result := task.result()) is not None:
                        yield number, *result
                return
            for _ in tasks:
                while not done:
                    woken.clear()
                    await woken.wait()
                number = done.popleft()
                if (result := tasks[number].result()) is not None:
                    yield number, *result
        finally:
            running = [task for task in tasks if not task.done()]
            for task in running:
                task.cancel()
            if running:
                await asyncio.gather(*running, return_exceptions=True)
            for task in tasks:
                if not task.cancelled():
                    task.exception()  # looked at, so that asyncio does not report it once more

    async def _call(self, item: ValidatedToolCall[Any] | ModelRequestPart) -> tuple[Any, UserPromptPart | None] | None:
        """The part for the model, and what goes to it as the user's; None for a call that somebody else runs."""
        if not isinstance(item, ValidatedToolCall):
            said = self._given.get(item.tool_call_id) if isinstance(item, ToolReturnPart) else None
            if isinstance(said, ToolReturn) and said.content is not None:
                return item, UserPromptPart(said.content)
            return item, None
        call = item.call
        try:
            result = await self._ctx.deps.tool_manager.execute_tool_call(item)
        except ToolRetryError as error:
            return error.tool_retry, None
        except CallDeferred as error:
            self.defer(call, approval=False, metadata=error.metadata)
            return None
        except ApprovalRequired as error:
            self.defer(call, approval=True, metadata=error.metadata)
            return None
        return _part_of(call, result)

    def _known(self, call: ToolCallPart) -> ModelRequestPart | None:
        """The part for a call that somebody has answered, where it does not have to run."""
        if call.tool_call_id not in self._given:
            return None
        given = self._given[call.tool_call_id]
        match given:
            case ToolApproved():
                return None
            case ToolDenied(message=message):
                return ToolReturnPart(call.tool_name, message, call.tool_call_id, outcome="denied")
            case ModelRetry(message=message):
                return RetryPromptPart(message, tool_name=call.tool_name, tool_call_id=call.tool_call_id)
            case RetryPromptPart():
                return replace(given, tool_name=call.tool_name, tool_call_id=call.tool_call_id)
            case _:
                return _part_of(call, given)[0]


def _part_of(call: ToolCallPart, result: Any) -> tuple[ToolReturnPart, UserPromptPart | None]:
    if isinstance(result, ToolReturn):
        said: Any = result.return_value  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        part = ToolReturnPart(call.tool_name, said, call.tool_call_id, metadata=result.metadata)
        return part, None if result.content is None else UserPromptPart(result.content)
    if isinstance(result, list) and any(isinstance(item, ToolReturn) for item in result):  # pyright: ignore[reportUnknownVariableType]
        raise UserError(
            f"Tool {call.tool_name!r} returned a list with a `ToolReturn` in it. Return one `ToolReturn`, with the list "
            "as its `return_value`."
        )
    return ToolReturnPart(call.tool_name, result, call.tool_call_id), None


def _returned(call: ToolCallPart, content: str) -> ToolReturnPart:
    return ToolReturnPart(call.tool_name, content, call.tool_call_id)


def _last_response(ctx: GraphRunContext[Any, Any]) -> Any:
    from playhead.messages import ModelResponse

    history = ctx.state.message_history
    return next((message for message in reversed(history) if isinstance(message, ModelResponse)), ModelResponse([]))


def _limit(ctx: GraphRunContext[Any, Any], call: ToolCallPart) -> int:
    tools = ctx.deps.tool_manager.tools or {}
    return tools[call.tool_name].max_retries


def _misfit(given: dict[str, Any], calls: Sequence[ToolCallPart], outputs: Sequence[ToolCallPart]) -> UserError | None:
    """What to raise unless every call is answered, but for outputs, which need no answer; or where nothing is left to do."""
    answered, output_ids = set(given), {call.tool_call_id for call in outputs}
    others = {call.tool_call_id for call in calls} - output_ids
    if outputs and all(given.get(call.tool_call_id) == "skip" for call in calls):
        return _results_missing(others, answered)
    waiting = {call_id for call_id in others if given.get(call_id) != "skip"}
    told = {call_id for call_id, result in given.items() if result != "skip"}
    if told != waiting or not answered <= others | output_ids:
        return _results_missing(waiting, told)
    return None


def _results_missing(waiting: set[str], told: set[str]) -> UserError:
    def shown(ids: set[str]) -> str:  # as a set, but the same in every process
        return f"{{{', '.join(map(repr, sorted(ids)))}}}" if ids else "set()"

    return UserError(
        "Tool call results need to be provided for all deferred tool calls. "
        f"Expected: {shown(waiting)}, got: {shown(told)}"
    )


DEFERRED_NOT_ALLOWED = (
    "A deferred tool call was present, but `DeferredToolRequests` is not among output types. To resolve this, add "
    "`DeferredToolRequests` to the list of output types for this agent."
)
