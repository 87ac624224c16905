"""What a run gives back: whole, or while it streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal

from playhead._deprecated import OlderResult, OlderStreamedResult
from playhead.context import AgentDepsT
from playhead.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ToolReturnPart,
)
from playhead.output import OutputDataT
from playhead.runtime._state import RunState
from playhead.runtime._stream import AgentStream
from playhead.usage import RunUsage


@dataclass(repr=False)
class AgentRunResult(OlderResult, Generic[OutputDataT]):
    """What a run gave: its `output`, its messages, what it cost."""

    output: OutputDataT
    _output_tool_name: str | None = None
    _state: RunState = field(default_factory=RunState)
    _new_message_index: int = 0

    def __repr__(self) -> str:
        return f"AgentRunResult(output={self.output!r})"

    def all_messages(self, *, output_tool_return_content: str | None = None) -> list[ModelMessage]:
        """All messages, those of earlier runs among them.

        `output_tool_return_content` takes the place of what the output tool is said to have returned, for a
        conversation that goes on. `ValueError` where the output came from no tool.
        """
        if output_tool_return_content is None:
            return self._state.message_history
        return self._with_return(output_tool_return_content)

    def all_messages_json(self, *, output_tool_return_content: str | None = None) -> bytes:
        """`all_messages` as JSON."""
        return _as_json(self.all_messages(output_tool_return_content=output_tool_return_content))

    def new_messages(self, *, output_tool_return_content: str | None = None) -> list[ModelMessage]:
        """The messages of this run."""
        return self.all_messages(output_tool_return_content=output_tool_return_content)[self._new_message_index :]

    def new_messages_json(self, *, output_tool_return_content: str | None = None) -> bytes:
        """`new_messages` as JSON."""
        return _as_json(self.new_messages(output_tool_return_content=output_tool_return_content))

    @property
    def response(self) -> ModelResponse:
        """The model's last reply."""
        for message in reversed(self._state.message_history):
            if isinstance(message, ModelResponse):
                return message
        raise ValueError("The model has not answered yet: there is no response")

    def usage(self) -> RunUsage:
        """What the run cost."""
        return self._state.usage

    def timestamp(self) -> datetime:
        """When the last reply was made."""
        return self.response.timestamp

    @property
    def run_id(self) -> str:
        """The run's identifier."""
        return self._state.run_id

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The run's metadata."""
        return self._state.metadata

    def _with_return(self, content: str) -> list[ModelMessage]:
        if self._output_tool_name is None:
            raise ValueError("`output_tool_return_content` needs an output tool: this run's output is text.")
        messages = list(self._state.message_history)
        last = copy(messages[-1])
        for number, part in enumerate(last.parts):
            if isinstance(part, ToolReturnPart) and part.tool_name == self._output_tool_name:
                assert isinstance(last, ModelRequest)
                changed = copy(part)
                changed.content = content
                parts: list[ModelRequestPart] = list(last.parts)
                parts[number] = changed
                last.parts = parts
                messages[-1] = last
                return messages
        raise LookupError(f"The history has no result of the output tool {self._output_tool_name!r}.")


@dataclass(repr=False)
class AgentRunResultEvent(Generic[OutputDataT]):
    """The last event of a run: its result."""

    result: AgentRunResult[OutputDataT]
    event_kind: Literal["agent_run_result"] = field(default="agent_run_result", kw_only=True)

    def __repr__(self) -> str:
        return f"AgentRunResultEvent(result={self.result!r})"


class StreamedRunResult(OlderStreamedResult, Generic[AgentDepsT, OutputDataT]):
    """A run whose output arrives. Methods that stream share the one stream: each begins with what has arrived.

    Exhausting one of them, or `get_output`, completes the run: the reply and what its tools returned become messages.
    """

    def __init__(
        self,
        all_messages: list[ModelMessage],
        new_message_index: int,
        stream_response: AgentStream[AgentDepsT, OutputDataT] | None = None,
        on_complete: Callable[[list[ModelMessage]], Awaitable[None]] | None = None,
        run_result: AgentRunResult[OutputDataT] | None = None,
    ) -> None:
        self._all_messages = all_messages
        self._new_message_index = new_message_index
        self._stream_response = stream_response
        self._on_complete = on_complete
        self._run_result = run_result
        self.is_complete: bool = False
        """Whether the output has arrived and the run is complete."""

    def __repr__(self) -> str:
        return f"StreamedRunResult(is_complete={self.is_complete})"

    # ----------------------------------------------------------------- messages
    def all_messages(self, *, output_tool_return_content: str | None = None) -> list[ModelMessage]:
        """All messages; the reply that is arriving is among them once the run is complete."""
        _refuse(output_tool_return_content)
        return self._all_messages

    def all_messages_json(self, *, output_tool_return_content: str | None = None) -> bytes:
        """`all_messages` as JSON."""
        return _as_json(self.all_messages(output_tool_return_content=output_tool_return_content))

    def new_messages(self, *, output_tool_return_content: str | None = None) -> list[ModelMessage]:
        """The messages of this run."""
        return self.all_messages(output_tool_return_content=output_tool_return_content)[self._new_message_index :]

    def new_messages_json(self, *, output_tool_return_content: str | None = None) -> bytes:
        """`new_messages` as JSON."""
        return _as_json(self.new_messages(output_tool_return_content=output_tool_return_content))

    # ----------------------------------------------------------------- views
    async def stream_output(
        self, *, debounce_by: float | None = 0.1, progressive: bool = False
    ) -> AsyncGenerator[OutputDataT]:
        """The output as it grows, validated as far as it has come; at the end the complete one.

        `debounce_by` seconds of news are one item; None hands out each. A partial never raises: what does not validate
        yet is left out. With `progressive`, models and dataclasses are filled field by field, without validation.
        """
        if (stream := self._stream_response) is None:
            yield self._ready().output
            await self._complete()
            return
        outputs = stream.stream_output(debounce_by=debounce_by, progressive=progressive)
        try:
            async for output in outputs:
                yield output
        finally:
            await outputs.aclose()
        await self._complete(self.response)

    def stream_text(self, *, delta: bool = False, debounce_by: float | None = 0.1) -> AsyncGenerator[str]:
        """The text: all of it so far each time, or only what is new (`delta`). Validators do not see deltas.

        `UserError` where the output is not text alone.
        """
        if (stream := self._stream_response) is None:
            return self._ready_text()
        return stream.stream_text_then(self._complete_reply, delta=delta, debounce_by=debounce_by)

    async def _ready_text(self) -> AsyncGenerator[str]:
        output = self._ready().output
        if not isinstance(output, str):
            from playhead.exceptions import UserError

            raise UserError("stream_text() can only be used with text responses")
        yield output
        await self._complete()

    async def _complete_reply(self) -> None:
        await self._complete(self.response)

    async def stream_responses(self, *, debounce_by: float | None = 0.1) -> AsyncGenerator[tuple[ModelResponse, bool]]:
        """The reply so far, and whether that was the last."""
        if (stream := self._stream_response) is None:
            yield self._ready().response, True
            await self._complete()
            return
        responses = stream.stream_responses(debounce_by=debounce_by)
        try:
            async for response in responses:
                yield response, False
        finally:
            await responses.aclose()
        response = self.response
        yield response, True
        await self._complete(response)

    async def get_output(self) -> OutputDataT:
        """The complete output, validated. Reads the rest of the reply."""
        if (stream := self._stream_response) is None:
            await self._complete()
            return self._ready().output
        output = await stream.get_output()
        await self._complete(self.response)
        return output

    async def validate_response_output(self, message: ModelResponse, *, allow_partial: bool = False) -> OutputDataT:
        """The output of `message`. Completes nothing."""
        if (stream := self._stream_response) is None:
            return self._ready().output
        return await stream.validate_response_output(message, allow_partial=allow_partial)

    # ----------------------------------------------------------------- state
    @property
    def response(self) -> ModelResponse:
        """The reply so far."""
        return self._ready().response if self._stream_response is None else self._stream_response.response

    def usage(self) -> RunUsage:
        """What the run has cost so far."""
        return self._ready().usage() if self._stream_response is None else self._stream_response.usage()

    def timestamp(self) -> datetime:
        """When the reply was made."""
        return self._ready().timestamp() if self._stream_response is None else self._stream_response.timestamp()

    @property
    def run_id(self) -> str:
        """The run's identifier."""
        return self._ready().run_id if self._stream_response is None else self._stream_response.run_id

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The run's metadata."""
        return self._ready().metadata if self._stream_response is None else self._stream_response.metadata

    def _ready(self) -> AgentRunResult[OutputDataT]:
        if self._run_result is None:
            raise ValueError("A StreamedRunResult is made of a stream or of a result: this one has neither")
        return self._run_result

    async def _complete(self, message: ModelResponse | None = None) -> None:
        if self.is_complete:
            return
        self.is_complete = True
        if message is not None:
            message.run_id = self.run_id
            self._all_messages.append(message)
        if self._on_complete is not None:
            await self._on_complete(self._all_messages)


def _refuse(content: str | None) -> None:
    if content is not None:
        raise NotImplementedError(
            "`output_tool_return_content` is for finished runs (`AgentRunResult`): a stream's history does not change."
        )


def _as_json(messages: list[ModelMessage]) -> bytes:
    return ModelMessagesTypeAdapter.dump_json(messages)
