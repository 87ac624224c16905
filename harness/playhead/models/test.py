"""A model for tests that asks no provider: it calls the agent's tools, then answers with data made from schemas."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Any, Literal

import pydantic_core

from playhead import clock
from playhead.builtin_tools import SUPPORTED_BUILTIN_TOOLS
from playhead.exceptions import UserError
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    ModelResponsePart,
    ModelSettings,
    RetryPromptPart,
    StreamEvent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolDefinition,
    ToolReturnPart,
)
from playhead.models._estimate import WordCount, estimate
from playhead.models._generate import CHARACTERS, JsonSchemaTestData
from playhead.models._model import Model, StreamedResponse
from playhead.stream import Emitter
from playhead.usage import RequestUsage

__all__ = ["TestModel", "TestStreamedResponse"]

_JsonSchemaTestData = JsonSchemaTestData  # under these names the reference's own tests ask for them
_chars = CHARACTERS
_NO_TOOL_CALLED = "success (no tool calls)"


@dataclass(init=False)
class TestModel(Model):
    """Calls every tool of the agent once (or those that `call_tools` names), then gives the output.

    Text output is `custom_output_text`, or what the tools returned, as JSON. Structured output is `custom_output_args`, or
    data made from the output tool's schema. Data depends on `seed` alone. `last_model_request_parameters` is what the
    latest request could use.
    """

    _builtin_tools = SUPPORTED_BUILTIN_TOOLS

    __test__ = False  # pytest: the name is not a test's

    call_tools: list[str] | Literal["all"] = "all"
    custom_output_text: str | None = None
    custom_output_args: Any | None = None
    seed: int = 0
    last_model_request_parameters: ModelRequestParameters | None = field(default=None, init=False)
    _model_name: str = field(default="test", repr=False)
    _system: str = field(default="test", repr=False)

    def __init__(
        self,
        *,
        call_tools: list[str] | Literal["all"] = "all",
        custom_output_text: str | None = None,
        custom_output_args: Any | None = None,
        seed: int = 0,
        model_name: str = "test",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(settings=settings, profile=profile)
        self.call_tools = call_tools
        self.custom_output_text = custom_output_text
        self.custom_output_args = custom_output_args
        self.seed = seed
        self.last_model_request_parameters = None
        self._model_name = model_name
        self._system = "test"

    @property
    def model_name(self) -> str:
        """`test`, or as it was given."""
        return self._model_name

    @property
    def system(self) -> str:
        """`test`."""
        return self._system

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The whole answer."""
        self.last_model_request_parameters = model_request_parameters
        response = self._answer(messages, model_request_parameters)
        response.usage = estimate([*messages, response])
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """The answer word by word; calls come whole."""
        self.last_model_request_parameters = model_request_parameters
        response = self._answer(messages, model_request_parameters)
        streamed = TestStreamedResponse(
            model_request_parameters,
            _model_name=self._model_name,
            _structured_response=response,
            _messages=messages,
            _provider_name=self._system,
        )
        try:
            yield streamed
        finally:
            await streamed.aclose()

    def gen_tool_args(self, tool_def: ToolDefinition) -> Any:
        """Arguments that fit the tool's schema."""
        return JsonSchemaTestData(tool_def.parameters_json_schema, self.seed).generate()

    def _answer(self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> ModelResponse:
        """Three turns: call the tools, repeat what failed, give the output."""
        if parameters.builtin_tools:
            raise UserError("TestModel cannot call tools of a provider's (`builtin_tools`)")
        calls = self._tools_to_call(parameters)
        output_tools = parameters.output_tools
        if calls and not any(isinstance(message, ModelResponse) for message in messages):
            return self._response([_call(tool.name, self.gen_tool_args(tool)) for tool in calls])
        last = messages[-1] if messages else None
        retries = {
            part.tool_name: part
            for part in (last.parts if isinstance(last, ModelRequest) else ())
            if isinstance(part, RetryPromptPart)
        }
        if retries:
            return self._retry(retries, calls, parameters)
        if not parameters.allow_text_output:
            assert self.custom_output_text is None, (
                "`custom_output_text` is set, but the agent takes no text for its output"
            )
        if self.custom_output_args is not None or not self._answers_in_text(parameters):
            return self._response([self._output_call(output_tools[self._output_index(output_tools)])])
        return self._response([TextPart(self._text(messages))])

    def _answers_in_text(self, parameters: ModelRequestParameters) -> bool:
        return self.custom_output_text is not None or (parameters.allow_text_output and self.custom_output_args is None)

    def _output_index(self, output_tools: list[ToolDefinition]) -> int:
        if self.custom_output_args is not None:
            return 0
        return self.seed % len(output_tools)

    def _tools_to_call(self, parameters: ModelRequestParameters) -> list[ToolDefinition]:
        if self.call_tools == "all":
            return parameters.function_tools
        by_name = {tool.name: tool for tool in parameters.function_tools}
        if unknown := [name for name in self.call_tools if name not in by_name]:
            raise UserError(
                f"`call_tools` names what the agent has not: {', '.join(unknown)}. Its tools: {', '.join(by_name) or 'none'}."
            )
        return [by_name[name] for name in self.call_tools]

    def _output_call(self, tool: ToolDefinition) -> ToolCallPart:
        args = self.custom_output_args
        if args is None:
            return _call(tool.name, self.gen_tool_args(tool))
        args = pydantic_core.to_jsonable_python(args)
        return _call(tool.name, {tool.outer_typed_dict_key: args} if tool.outer_typed_dict_key else args)

    def _retry(
        self,
        retries: dict[str | None, RetryPromptPart],
        calls: list[ToolDefinition],
        parameters: ModelRequestParameters,
    ) -> ModelResponse:
        parts: list[ModelResponsePart] = []
        for tool in parameters.function_tools:
            if tool.name in retries:
                parts.append(ToolCallPart(tool.name, self.gen_tool_args(tool)))
        for tool in parameters.output_tools:
            if tool.name in retries:
                parts.append(self._output_call(tool))
        return self._response(parts)

    def _text(self, messages: Sequence[ModelMessage]) -> str:
        if self.custom_output_text is not None:
            return self.custom_output_text
        results = {
            part.tool_name: part.content
            for message in messages
            if isinstance(message, ModelRequest)
            for part in message.parts
            if isinstance(part, ToolReturnPart)
        }
        return pydantic_core.to_json(results).decode() if results else _NO_TOOL_CALLED

    def _response(self, parts: list[ModelResponsePart]) -> ModelResponse:
        return ModelResponse(parts=parts, model_name=self._model_name, timestamp=clock.now())


def _call(name: str, args: Any) -> ToolCallPart:
    return ToolCallPart(name, args, tool_call_id=f"pyd_ai_tool_call_id__{name}")


@dataclass(init=False)
class TestStreamedResponse(StreamedResponse):
    """An answer of the test model, piece by piece."""

    __test__ = False

    _model_name: str
    _structured_response: ModelResponse
    _messages: InitVar[Sequence[ModelMessage]]
    _provider_name: str
    _provider_url: str | None = None

    def __init__(
        self,
        model_request_parameters: ModelRequestParameters,
        *,
        _model_name: str,
        _structured_response: ModelResponse,
        _messages: Sequence[ModelMessage],
        _provider_name: str,
        _provider_url: str | None = None,
    ) -> None:
        super().__init__(model_request_parameters)
        self._model_name = _model_name
        self._structured_response = _structured_response
        self._provider_name = _provider_name
        self._provider_url = _provider_url
        self._timestamp = clock.now()
        self._usage = estimate(_messages)
        self._words = WordCount()

    @property
    def model_name(self) -> str:
        """The model's name."""
        return self._model_name

    @property
    def provider_name(self) -> str:
        """`test`."""
        return self._provider_name

    @property
    def provider_url(self) -> str | None:
        """There is none."""
        return self._provider_url

    @property
    def timestamp(self) -> datetime:
        """When the stream was opened."""
        return self._timestamp

    def usage(self) -> RequestUsage:
        """The estimate for the messages, and the words of the text so far."""
        return self._usage + RequestUsage(output_tokens=self._words.total())

    async def events(self) -> AsyncGenerator[StreamEvent]:
        """Text word by word, everything else whole."""
        emitter = Emitter(self.fold)
        for index, part in enumerate(self._structured_response.parts):
            if isinstance(part, TextPart):
                # An empty start, then the words; a single word comes in two halves.
                pieces = _pieces(part.content)
                emitter.text(index, "")
                for event in emitter.take():
                    yield event
                for piece in pieces:
                    self._words.add(piece)
                    emitter.text(index, piece)
                    for event in emitter.take():
                        yield event
            else:
                assert isinstance(
                    part, (ToolCallPart, ThinkingPart, BuiltinToolCallPart, BuiltinToolReturnPart, FilePart)
                )
                emitter.start(index, part)
            for event in emitter.take():
                yield event
        emitter.close()
        for event in emitter.take():
            yield event


def _pieces(text: str) -> list[str]:
    pieces = [f"{word} " for word in text.split(" ")]
    pieces[-1] = pieces[-1].removesuffix(" ")
    if len(pieces) == 1 and len(text) > 2:
        middle = len(text) // 2
        pieces = [text[:middle], text[middle:]]
    return pieces
