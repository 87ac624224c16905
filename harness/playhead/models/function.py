"""A model that is a function: messages in, a reply out, whole or piece by piece."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, cast, overload

from playhead import clock
from playhead.builtin_tools import SUPPORTED_BUILTIN_TOOLS
from playhead.exceptions import UnexpectedModelBehavior
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    ModelMessage,
    ModelRequestParameters,
    ModelResponse,
    ModelSettings,
    PartDeltaEvent,
    StreamEvent,
    TextPartDelta,
    ThinkingPart,
    ToolCallPart,
    ToolDefinition,
)
from playhead.models._estimate import BASE_INPUT_TOKENS, HistoryEstimate, WordCount
from playhead.models._model import Model, StreamedResponse
from playhead.models._profile import ModelProfile
from playhead.stream import Emitter
from playhead.usage import RequestUsage

__all__ = [
    "AgentInfo",
    "BuiltinToolCallsReturns",
    "DeltaThinkingCalls",
    "DeltaThinkingPart",
    "DeltaToolCall",
    "DeltaToolCalls",
    "FunctionDef",
    "FunctionModel",
    "FunctionStreamedResponse",
    "StreamFunctionDef",
]


@dataclass(frozen=True, kw_only=True)
class AgentInfo:
    """What the function is told of the agent beside the messages."""

    function_tools: list[ToolDefinition]
    allow_text_output: bool
    output_tools: list[ToolDefinition]
    model_settings: ModelSettings | None
    model_request_parameters: ModelRequestParameters
    instructions: str | None


@dataclass
class DeltaToolCall:
    """A piece of a tool call: of its name, of its arguments' JSON, or its id."""

    name: str | None = None
    json_args: str | None = None
    _: KW_ONLY
    tool_call_id: str | None = None


@dataclass(kw_only=True)
class DeltaThinkingPart:
    """A piece of reasoning, or its signature."""

    content: str | None = None
    signature: str | None = None


DeltaToolCalls: TypeAlias = dict[int, DeltaToolCall]
"""Pieces of tool calls by the index of the part they belong to."""
DeltaThinkingCalls: TypeAlias = dict[int, DeltaThinkingPart]
"""Pieces of reasoning by the index of the part they belong to."""
BuiltinToolCallsReturns: TypeAlias = dict[int, BuiltinToolCallPart | BuiltinToolReturnPart]
"""Calls and returns of native tools, whole, by index."""

FunctionDef: TypeAlias = Callable[[list[ModelMessage], AgentInfo], ModelResponse | Awaitable[ModelResponse]]
"""Answers a request with a whole reply. A plain function runs in a thread."""
StreamFunctionDef: TypeAlias = Callable[
    [list[ModelMessage], AgentInfo], AsyncIterator[str | DeltaToolCalls | DeltaThinkingCalls | BuiltinToolCallsReturns]
]
"""Answers a request piece by piece: text, or dictionaries of deltas by index. At least one piece has to come."""


class FunctionModel(Model):
    """A model whose replies a function makes.

    `function` answers whole requests, `stream_function` streamed ones; at least one is needed. The model's name is made of
    theirs unless `model_name` gives it. Usage is estimated from words.
    """

    _builtin_tools = SUPPORTED_BUILTIN_TOOLS

    @overload
    def __init__(
        self,
        function: FunctionDef,
        *,
        model_name: str | None = None,
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        stream_function: StreamFunctionDef,
        model_name: str | None = None,
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        function: FunctionDef,
        *,
        stream_function: StreamFunctionDef,
        model_name: str | None = None,
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None: ...
    def __init__(
        self,
        function: FunctionDef | None = None,
        *,
        stream_function: StreamFunctionDef | None = None,
        model_name: str | None = None,
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        if function is None and stream_function is None:
            raise TypeError("A FunctionModel needs a `function`, a `stream_function`, or both")
        super().__init__(settings=settings, profile=profile if profile is not None else _PROFILE)
        self.function = function
        self.stream_function = stream_function
        names = [_name_of(item) if item is not None else "" for item in (function, stream_function)]
        self._model_name = model_name or f"function:{names[0]}:{names[1]}"
        self._system = "function"
        self._estimate = HistoryEstimate()

    @property
    def model_name(self) -> str:
        """`function:<name of function>:<name of stream function>`, or as it was given."""
        return self._model_name

    @property
    def system(self) -> str:
        """`function`."""
        return self._system

    def __repr__(self) -> str:
        shown = {"function": self.function, "stream_function": self.stream_function}
        return f"FunctionModel({', '.join(f'{k}={v!r}' for k, v in shown.items() if v is not None)})"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Call the function."""
        assert self.function is not None, (
            "this FunctionModel has a `stream_function` only: whole replies come from `function`"
        )
        info = self._info(messages, model_settings, model_request_parameters)
        if _is_async(self.function):
            answer = self.function(messages, info)
        else:
            context = contextvars.copy_context()
            answer = await asyncio.get_running_loop().run_in_executor(
                None, lambda: context.run(cast(Any, self.function), messages, info)
            )
        response = await answer if inspect.isawaitable(answer) else answer
        assert isinstance(response, ModelResponse), (
            f"the function of a FunctionModel returns a `ModelResponse`, not {response!r}; "
            "a text is `ModelResponse(parts=[TextPart(...)])`"
        )
        response.model_name = self._model_name
        if not response.usage.has_values():
            response.usage = self._estimate.of([*messages, response])
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Call the stream function and take its first piece; the others are taken as they are asked for."""
        assert self.stream_function is not None, (
            "FunctionModel must receive a `stream_function` to support streamed requests"
        )
        info = self._info(messages, model_settings, model_request_parameters)
        source = self.stream_function(messages, info).__aiter__()
        try:
            try:
                first = await source.__anext__()
            except StopAsyncIteration:
                raise ValueError("Stream function must return at least one item") from None
            streamed = FunctionStreamedResponse(model_request_parameters, self._model_name, source, first)
            try:
                yield streamed
            finally:
                await streamed.aclose()
        finally:
            await _close(source)

    def _info(
        self, messages: list[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters
    ) -> AgentInfo:
        return AgentInfo(
            function_tools=parameters.function_tools,
            allow_text_output=parameters.allow_text_output,
            output_tools=parameters.output_tools,
            model_settings=settings,
            model_request_parameters=parameters,
            instructions=self.instructions(messages, parameters),
        )


@dataclass(init=False)
class FunctionStreamedResponse(StreamedResponse):
    """The pieces of a stream function as events."""

    _timestamp: datetime = field(default_factory=clock.now)

    def __init__(
        self, model_request_parameters: ModelRequestParameters, model_name: str, source: AsyncIterator[Any], first: Any
    ) -> None:
        super().__init__(model_request_parameters)
        self._model_name = model_name
        self._source = source
        self._first = first
        self._timestamp = clock.now()
        self._words = WordCount()

    @property
    def model_name(self) -> str:
        """The model's name."""
        return self._model_name

    @property
    def provider_name(self) -> None:
        """There is no provider."""
        return None

    @property
    def timestamp(self) -> datetime:
        """When the stream was opened."""
        return self._timestamp

    def usage(self) -> RequestUsage:
        """An estimate: a base for the input, the words of all pieces for the output."""
        return RequestUsage(input_tokens=BASE_INPUT_TOKENS, output_tokens=self._words.total())

    async def events(self) -> AsyncGenerator[StreamEvent]:
        """One event or a few for each piece."""
        emitter = Emitter(self.fold)
        count = self._words.add
        text_index: int | None = None
        take = count
        try:
            for event in self._piece(emitter, self._first):
                yield event
            if emitter.has(_TEXT):
                text_index = emitter.index(_TEXT)
                take = self.fold.text_sink(text_index)
            async for piece in self._source:
                # The hot path: more text costs two small objects and two appends.
                if text_index is not None and type(piece) is str:
                    count(piece)
                    take(piece)
                    yield PartDeltaEvent(index=text_index, delta=TextPartDelta(piece))
                    continue
                for event in self._piece(emitter, piece):
                    yield event
                if text_index is None and emitter.has(_TEXT):
                    text_index = emitter.index(_TEXT)
                    take = self.fold.text_sink(text_index)
            emitter.close()
            for event in emitter.take():
                yield event
        finally:
            await _close(self._source)

    def _piece(self, emitter: Emitter, piece: Any) -> Any:
        if isinstance(piece, str):
            self._words.add(piece)
            emitter.text(_TEXT, piece)
            yield from emitter.take()
        elif isinstance(piece, dict):
            for index, item in cast("dict[int, Any]", piece).items():
                self._item(emitter, index, item)
                yield from emitter.take()
        else:
            raise AssertionError(f"A stream function yields text or deltas, not {piece!r}")

    def _item(self, emitter: Emitter, index: int, item: Any) -> None:
        part = emitter.part(index) if emitter.has(index) else None
        if isinstance(item, DeltaThinkingPart):
            self._words.add(item.content or "")
            if part is None and item.content is None and item.signature is None:
                raise UnexpectedModelBehavior("Cannot create a ThinkingPart with no content or signature")
            if part is not None and not isinstance(part, ThinkingPart):
                raise UnexpectedModelBehavior(f"Cannot apply a thinking delta to existing_part={part!r}")
            emitter.thinking(
                index,
                item.content,
                signature=item.signature,
                provider_name="function" if item.signature and (part is None or part.provider_name is None) else None,
            )
        elif isinstance(item, DeltaToolCall):
            if item.json_args:
                args: Any = item.json_args
                self._words.add(args) if isinstance(args, str) else self._words.pieces.extend(args)
            if part is not None and not isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
                raise UnexpectedModelBehavior(f"Cannot apply a tool call delta to existing_part={part!r}")
            emitter.call(index, name=item.name, args=item.json_args, tool_call_id=item.tool_call_id)
        elif isinstance(item, (BuiltinToolCallPart, BuiltinToolReturnPart)):
            if isinstance(item, BuiltinToolCallPart):
                self._words.add(item.args_as_json_str() if item.args else "")
            else:
                self._words.add(item.model_response_str())
            emitter.start(index, item)
        else:
            raise AssertionError(f"Expected code to be unreachable, but got: {item!r}")


_PROFILE = ModelProfile(supports_json_schema_output=True, supports_json_object_output=True)
_TEXT = "text"  # the slot of all text, whatever comes between


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


def _is_async(function: Any) -> bool:
    while hasattr(function, "func"):  # functools.partial
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


async def _close(source: Any) -> None:
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()
