"""The graph: `UserPromptNode -> ModelRequestNode -> CallToolsNode -> (ModelRequestNode -> CallToolsNode)* -> End`.

A node runs once and says what comes next. `stream` opens what a node does while it does it; leaving a model's stream
early closes it at once, and the run goes on with what had arrived.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from typing import Any, Generic, TypeAlias

from playhead import clock
from playhead.exceptions import ContentFilterError, ToolRetryError, UnexpectedModelBehavior, UserError
from playhead.messages import (
    BuiltinToolCallEvent,
    BuiltinToolCallPart,
    BuiltinToolResultEvent,
    BuiltinToolReturnPart,
    DeferredToolResults,
    HandleResponseEvent,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    RetryPromptPart,
    ThinkingPart,
    ToolApproved,
    ToolCallPart,
    ToolDenied,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from playhead.output import OutputDataT
from playhead.runtime._calls import GivenResult, Handled, handle_calls
from playhead.runtime._final import End, FinalResult
from playhead.runtime._history import merged, open_calls
from playhead.runtime._prompts import PromptFunction, refresh_dynamic_prompts, system_prompt_parts
from playhead.runtime._request import prepare_request
from playhead.runtime._state import DepsT, EventStreamHandler, GraphRunContext
from playhead.runtime._stream import AgentStream, text_of


def _nothing() -> list[PromptFunction]:
    return []


@dataclass(repr=False)
class UserPromptNode(Generic[DepsT, OutputDataT]):
    """The beginning: the prompt, or what the history leaves to be done. Instructions are here for a program to see."""

    user_prompt: str | Sequence[UserContent] | None
    _: KW_ONLY
    deferred_tool_results: DeferredToolResults | None = None
    instructions: str | None = None
    instructions_functions: list[PromptFunction] = field(default_factory=_nothing)
    system_prompts: tuple[str, ...] = field(default_factory=tuple[str, ...])
    system_prompt_functions: list[PromptFunction] = field(default_factory=_nothing)
    system_prompt_dynamic_functions: dict[str, PromptFunction] = field(default_factory=dict[str, PromptFunction])

    def __repr__(self) -> str:
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        optional = ("deferred_tool_results", "instructions")
        shown = (f"{name}={value!r}" for name, value in values.items() if value is not None or name not in optional)
        return f"UserPromptNode({', '.join(shown)})"

    async def run(
        self, ctx: GraphRunContext[DepsT, OutputDataT]
    ) -> ModelRequestNode[DepsT, OutputDataT] | CallToolsNode[DepsT, OutputDataT]:
        """The first request; or the calls that a history ends with."""
        state = ctx.state
        history = state.message_history
        history[:] = merged(history)
        ctx.deps.new_message_index = len(history)
        run_context = ctx.run_context()
        if self.user_prompt is None and history and isinstance(history[-1], ModelRequest):
            ctx.deps.prompt = run_context.prompt = _prompt_of(history[-1])
        await refresh_dynamic_prompts(history, self.system_prompt_dynamic_functions, run_context)
        if self.deferred_tool_results is not None:
            return self._with_results(ctx, self.deferred_tool_results)
        last = history[-1] if history else None
        if self.user_prompt is None and last is not None:
            if isinstance(last, ModelRequest):
                history.pop()
                ctx.deps.resumed = last
                return ModelRequestNode(request=last, is_resuming_without_prompt=True)
            if open_calls(last):
                return CallToolsNode(last)
            # Tools are made ready for the step that follows, which then need not ask them again.
            step = replace(ctx.output_context(), run_step=state.run_step + 1)
            ctx.deps.tool_manager = await ctx.deps.tool_manager.for_run_step(step)
            if not await _has_instructions(ctx):
                return CallToolsNode(last)
        elif self.user_prompt is not None and open_calls(last):
            raise UserError(
                "Cannot provide a new user prompt when the message history contains unprocessed tool calls."
            )
        parts: list[ModelRequestPart] = []
        if not history:
            parts.extend(await system_prompt_parts(self.system_prompts, self.system_prompt_functions, run_context))
        if self.user_prompt is not None:
            parts.append(UserPromptPart(self.user_prompt))
        return ModelRequestNode(request=ModelRequest(parts=parts))

    def _with_results(
        self, ctx: GraphRunContext[DepsT, OutputDataT], results: DeferredToolResults
    ) -> CallToolsNode[DepsT, OutputDataT]:
        """Go on with calls that somebody else ran or approved."""
        history = ctx.state.message_history
        if not history:
            raise UserError("Tool call results were provided, but the message history is empty.")
        answered: dict[str, GivenResult] = {}
        last: ModelMessage | None = None
        while history:
            last = history[-1]
            if isinstance(last, ModelResponse):
                break
            # Results of the same reply's other calls came with the request that ended the last run.
            for part in last.parts:
                if isinstance(part, ToolReturnPart) or (isinstance(part, RetryPromptPart) and part.tool_name):
                    answered[part.tool_call_id] = "skip"
            break
        response = next((item for item in reversed(history) if isinstance(item, ModelResponse)), None)
        if response is None:
            raise UserError(
                "Tool call results were provided, but the message history does not contain a `ModelResponse`."
            )
        if not response.tool_calls:
            raise UserError(
                "Tool call results were provided, but the message history does not contain any unprocessed tool calls."
            )
        for call_id in [*results.calls, *results.approvals]:
            if call_id in answered:
                raise UserError(f"Tool call {call_id!r} was already executed and its result cannot be overridden.")
        given: dict[str, GivenResult] = {**answered}
        for call_id, approval in results.approvals.items():
            if approval is True:
                given[call_id] = ToolApproved()
            elif approval is False:
                given[call_id] = ToolDenied()
            else:
                given[call_id] = approval
        given.update(results.calls)
        return CallToolsNode(
            response,
            tool_call_results=given,
            tool_call_metadata=results.metadata or None,
            user_prompt=self.user_prompt,
        )


def _prompt_of(request: ModelRequest) -> str | Sequence[UserContent] | None:
    """What a run that goes on with `request` was asked: the content of its prompt, or of all of them in one list."""
    contents = [part.content for part in request.parts if isinstance(part, UserPromptPart)]
    if len(contents) < 2:
        return contents[0] if contents else None
    return [item for content in contents for item in ([content] if isinstance(content, str) else content)]


async def _has_instructions(ctx: GraphRunContext[Any, Any]) -> bool:
    return bool(await ctx.deps.get_instructions(ctx.run_context()))


@dataclass(repr=False)
class ModelRequestNode(Generic[DepsT, OutputDataT]):
    """A request to the model."""

    request: ModelRequest
    is_resuming_without_prompt: bool = False
    _next: CallToolsNode[Any, Any] | None = field(default=None, init=False)
    _opened: bool = field(default=False, init=False)
    _unread: AgentStream[Any, Any] | None = field(default=None, init=False)

    def __repr__(self) -> str:
        return f"ModelRequestNode(request={self.request!r})"

    async def run(self, ctx: GraphRunContext[DepsT, OutputDataT]) -> CallToolsNode[DepsT, OutputDataT]:
        """Ask the model for a whole reply, unless its stream was opened before."""
        if self._next is not None:
            return self._next
        if self._unread is not None:
            return await self._read(ctx, self._unread)
        if self._opened:
            raise UserError("A model request's stream has to be left before the run can go on.")
        settings, parameters, messages = await prepare_request(ctx, self.request, self.is_resuming_without_prompt)
        response = await ctx.deps.model.request(messages, settings, parameters)
        ctx.state.usage.requests += 1
        return self._finish(ctx, response)

    @asynccontextmanager
    async def stream(self, ctx: GraphRunContext[DepsT, OutputDataT]) -> AsyncGenerator[AgentStream[DepsT, OutputDataT]]:
        """The model's reply while it arrives.

        Leaving it before its end closes the model's stream at once; the run then goes on with what had arrived. A stream
        that nobody has looked into is read when the run goes on, as if it had not been opened. An exception, or
        cancellation, ends the run.
        """
        assert not self._opened, "a node's stream can be opened once"
        self._opened = True
        settings, parameters, messages = await prepare_request(ctx, self.request, self.is_resuming_without_prompt)
        async with AsyncExitStack() as opened:
            streamed = await opened.enter_async_context(
                ctx.deps.model.request_stream(messages, settings, parameters, ctx.run_context())
            )
            ctx.state.usage.requests += 1
            stream: AgentStream[Any, Any] = AgentStream(streamed, parameters, ctx)
            opened.push_async_callback(stream.aclose)
            try:
                yield stream
            except GeneratorExit:  # `aclose` of what iterates the run: left early, not failed
                await stream.aclose()
                self._count(ctx, streamed.get())
                raise
            if not stream.touched:
                self._unread = stream
                ctx.unread = opened.pop_all()
                return
        self._finish(ctx, streamed.get())

    async def _read(self, ctx: GraphRunContext[Any, Any], stream: AgentStream[Any, Any]) -> CallToolsNode[Any, Any]:
        """Read a stream that was opened and left untouched."""
        self._unread = None
        async with ctx.take_unread():
            async for _ in stream:
                pass
        return self._finish(ctx, stream.response)

    async def show(self, ctx: GraphRunContext[Any, Any], handler: EventStreamHandler[Any]) -> None:
        """Let the reply arrive, and give the handler its events. The handler may return early."""
        if self._opened:
            return
        async with self.stream(ctx) as stream:
            await handler(ctx.run_context(), stream.iterated())
            async for _ in stream:
                pass

    def _finish(self, ctx: GraphRunContext[Any, Any], response: ModelResponse) -> CallToolsNode[Any, Any]:
        self._count(ctx, response, check=True)
        self._next = CallToolsNode(response)
        return self._next

    def _count(self, ctx: GraphRunContext[Any, Any], response: ModelResponse, *, check: bool = False) -> None:
        """Write down what the model answered, and what it cost. `UsageLimitExceeded` where that was too much."""
        response.run_id = ctx.state.run_id
        ctx.state.usage.incr(response.usage)
        limits = ctx.deps.usage_limits
        if check and limits.has_token_limits():
            limits.check_tokens(ctx.state.usage)
        ctx.state.message_history.append(response)


@dataclass(repr=False)
class CallToolsNode(Generic[DepsT, OutputDataT]):
    """What follows from a reply: tools are called, an output is found, or the model is asked again."""

    model_response: ModelResponse
    tool_call_results: dict[str, GivenResult] | None = None
    tool_call_metadata: dict[str, dict[str, Any]] | None = None
    user_prompt: str | Sequence[UserContent] | None = None
    _next: ModelRequestNode[Any, Any] | End[FinalResult[Any]] | None = field(default=None, init=False)
    _events: AsyncGenerator[HandleResponseEvent] | None = field(default=None, init=False)

    def __repr__(self) -> str:
        return f"CallToolsNode(model_response={self.model_response!r})"

    async def run(
        self, ctx: GraphRunContext[DepsT, OutputDataT]
    ) -> ModelRequestNode[DepsT, OutputDataT] | End[FinalResult[OutputDataT]]:
        """Do it all; what comes next."""
        if self._next is None:
            async with self.stream(ctx):
                pass
        assert self._next is not None, "the stream of this node failed"
        return self._next

    @asynccontextmanager
    async def stream(
        self, ctx: GraphRunContext[DepsT, OutputDataT]
    ) -> AsyncGenerator[AsyncIterator[HandleResponseEvent]]:
        """The events of tools while they run. Leaving it early lets the tools finish; an exception cancels them."""
        if self._events is None:
            self._events = self._handle(ctx)
        events = self._events
        try:
            yield events
            async for _ in events:
                pass
        finally:
            await events.aclose()

    async def show(self, ctx: GraphRunContext[Any, Any], handler: EventStreamHandler[Any]) -> None:
        """Do it all, and give the handler the events. The handler may return early."""
        if self._next is None:
            async with self.stream(ctx) as events:
                await handler(ctx.run_context(), events)

    async def _handle(self, ctx: GraphRunContext[Any, Any]) -> AsyncGenerator[HandleResponseEvent]:
        """The rules of what a reply means, in their order."""
        response, deps, state = self.model_response, ctx.deps, ctx.state
        schema = deps.output_schema
        manager = deps.tool_manager
        if manager.tools is None or manager.ctx is None:
            deps.tool_manager = await manager.for_run_step(ctx.output_context())
        if self.tool_call_results is None and not _says_something(response):
            self._check_reason(ctx)
            if not response.parts and schema.allows_none:
                self._next = await self._handle_value(ctx, None)
                return
            text = _latest_text(state.message_history)
            if schema.text_processor is not None and text:
                try:
                    self._next = self._end(ctx, FinalResult(await self._text_output(ctx, text)), [])
                    return
                except ToolRetryError:
                    pass  # it was not meant as the answer
            if not response.parts:
                state.use_output_retry(deps.max_result_retries, max_tokens=deps.max_tokens)
                self._next = ModelRequestNode(ModelRequest(parts=[]))
                return
        calls: list[ToolCallPart] = []
        for part in response.parts:
            if isinstance(part, ToolCallPart):
                calls.append(part)
            elif isinstance(part, BuiltinToolCallPart):
                yield BuiltinToolCallEvent(part)
            elif isinstance(part, BuiltinToolReturnPart):
                yield BuiltinToolResultEvent(part)
        if calls:
            handled = Handled()
            events = handle_calls(
                ctx, calls, handled, given=self.tool_call_results, given_metadata=self.tool_call_metadata
            )
            try:
                async for event in events:
                    yield event
            finally:
                await events.aclose()
            parts = handled.all_parts()
            if handled.final is not None:
                self._next = self._end(ctx, handled.final, parts)
            else:
                if self.user_prompt is not None:
                    parts.append(UserPromptPart(self.user_prompt))
                self._next = ModelRequestNode(ModelRequest(parts=parts))
            return
        if schema.allows_image and (images := response.images):
            self._next = await self._handle_value(ctx, images[0])
            return
        text = text_of(response)
        if schema.text_processor is not None and text:
            try:
                self._next = self._end(ctx, FinalResult(await self._text_output(ctx, text)), [])
            except ToolRetryError as error:
                self._next = self._ask_again(ctx, error)
            return
        retry = RetryPromptPart(_what_to_do(ctx))
        state.use_output_retry(deps.max_result_retries, ToolRetryError(retry), deps.max_tokens)
        self._next = ModelRequestNode(ModelRequest(parts=[retry]))

    def _check_reason(self, ctx: GraphRunContext[Any, Any]) -> None:
        """For a reply without anything that could be an answer: raises where it is known why."""
        response, deps = self.model_response, ctx.deps
        if response.finish_reason == "length":
            raise UnexpectedModelBehavior(
                f"Model token limit ({deps.max_tokens or 'provider default'}) exceeded before any response was "
                "generated. Give the model more room (the setting `max_tokens`), or ask for less."
            )
        if not response.parts and response.finish_reason == "content_filter":
            from playhead.messages import ModelMessagesTypeAdapter

            details = response.provider_details or {}
            message = "Content filter triggered."
            if details.get("refusal"):
                message = f"Content filter triggered. Refusal: {details['refusal']!r}"
            elif details.get("finish_reason"):
                message = f"Content filter triggered. Finish reason: {details['finish_reason']!r}"
            raise ContentFilterError(message, body=ModelMessagesTypeAdapter.dump_json([response]).decode())

    async def _text_output(self, ctx: GraphRunContext[Any, Any], text: str) -> Any:
        context = ctx.output_context()
        output = await ctx.deps.output_schema.process_text(text, context)
        for validator in ctx.deps.output_validators:
            output = await validator.validate(output, context)
        return output

    async def _handle_value(self, ctx: GraphRunContext[Any, Any], value: Any) -> Any:
        """An output that needs no processing: a picture, or None."""
        context = ctx.output_context()
        try:
            for validator in ctx.deps.output_validators:
                value = await validator.validate(value, context)
        except ToolRetryError as error:
            return self._ask_again(ctx, error)
        return self._end(ctx, FinalResult(value), [])

    def _ask_again(self, ctx: GraphRunContext[Any, Any], error: ToolRetryError) -> ModelRequestNode[Any, Any]:
        ctx.state.use_output_retry(ctx.deps.max_result_retries, error, ctx.deps.max_tokens)
        return ModelRequestNode(ModelRequest(parts=[error.tool_retry]))

    def _end(
        self, ctx: GraphRunContext[Any, Any], final: FinalResult[Any], parts: list[ModelRequestPart]
    ) -> End[FinalResult[Any]]:
        if parts:
            ctx.state.message_history.append(ModelRequest(parts=parts, run_id=ctx.state.run_id, timestamp=clock.now()))
        return End(final)


@dataclass(repr=False)
class SetFinalResult(Generic[DepsT, OutputDataT]):
    """The end, with an output that `run_stream` has handed out already."""

    final_result: FinalResult[OutputDataT]

    async def run(self, ctx: GraphRunContext[DepsT, OutputDataT]) -> End[FinalResult[OutputDataT]]:
        """The end."""
        return End(self.final_result)


AgentNode: TypeAlias = (
    UserPromptNode[DepsT, OutputDataT]
    | ModelRequestNode[DepsT, OutputDataT]
    | CallToolsNode[DepsT, OutputDataT]
    | SetFinalResult[DepsT, OutputDataT]
)
"""A node of the graph."""


def _says_something(response: ModelResponse) -> bool:
    return any(not isinstance(part, ThinkingPart) for part in response.parts)


def _latest_text(history: Sequence[ModelMessage]) -> str:
    """The text of the latest reply that had any: some models answer beside a call and have nothing to add later."""
    for message in reversed(history):
        if isinstance(message, ModelResponse) and (text := text_of(message)):
            return text
    return ""


def _what_to_do(ctx: GraphRunContext[Any, Any]) -> str:
    """What the model is asked for where it gave nothing that can be an output."""
    schema = ctx.deps.output_schema
    ways: list[str] = []
    if schema.text_processor is not None:
        ways.append("return text")
    tools = ctx.deps.tool_manager.tools
    if schema.toolset is not None:
        ways.append("include your response in a tool call")
    elif tools:
        ways.append("call a tool")
    if schema.allows_image:
        ways.append("return an image")
    return f"Please {' or '.join(ways)}."
