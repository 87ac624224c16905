"""From agent events to the chunks of the Vercel AI SDK's data stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from pydantic_core import to_json

from playhead.context import AgentDepsT
from playhead.messages import (
    BaseToolReturnPart,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    FunctionToolResultEvent,
    RetryPromptPart,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from playhead.output import OutputDataT
from playhead.runtime import AgentRunResultEvent
from playhead.tools import DeferredToolRequests
from playhead.ui._stream import UIEventStream, describe_file
from playhead.ui.vercel_ai import response_types as chunks
from playhead.ui.vercel_ai._utils import dump_provider_metadata, part_metadata
from playhead.ui.vercel_ai.request_types import RequestData
from playhead.ui.vercel_ai.response_types import BaseChunk, FinishReason

__all__ = ["OwnChunk", "VercelAIEventStream", "own_chunks", "returned_value"]

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content-filter",
    "tool_call": "tool-calls",
    "error": "error",
}
_HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}

OwnChunk: TypeAlias = chunks.DataChunk | chunks.SourceUrlChunk | chunks.SourceDocumentChunk | chunks.FileChunk
"""Chunks that a tool may send to the browser itself: data, not those that steer the protocol."""
_OWN_CHUNKS = (chunks.DataChunk, chunks.SourceUrlChunk, chunks.SourceDocumentChunk, chunks.FileChunk)


class _Words(NamedTuple):
    """The chunks of one kind of words."""

    start: Callable[..., BaseChunk]
    delta: Callable[..., BaseChunk]
    end: Callable[..., BaseChunk]


_TEXT = _Words(chunks.TextStartChunk, chunks.TextDeltaChunk, chunks.TextEndChunk)
_REASONING = _Words(chunks.ReasoningStartChunk, chunks.ReasoningDeltaChunk, chunks.ReasoningEndChunk)


@dataclass
class VercelAIEventStream(UIEventStream[RequestData, BaseChunk, AgentDepsT, OutputDataT]):
    """Writes one run as chunks. With `sdk_version` 6, calls that need approval are announced."""

    _: KW_ONLY
    sdk_version: Literal[5, 6] = 5
    server_message_id: str | None = None
    """The id of the answer, where the server gives it one."""
    _in_step: bool = field(default=False, init=False)
    _finish_reason: FinishReason = field(default=None, init=False)

    @property
    def response_headers(self) -> Mapping[str, str] | None:
        return _HEADERS

    def encode_event(self, event: BaseChunk) -> str:
        return f"data: {event.encode(self.sdk_version)}\n\n"

    async def before_stream(self) -> AsyncIterator[BaseChunk]:
        yield chunks.StartChunk(message_id=self.server_message_id)

    async def before_response(self) -> AsyncIterator[BaseChunk]:
        if self._in_step:
            yield chunks.FinishStepChunk()
        self._in_step = True
        yield chunks.StartStepChunk()

    async def after_stream(self) -> AsyncIterator[BaseChunk]:
        yield chunks.FinishStepChunk()
        yield chunks.FinishChunk(finish_reason=self._finish_reason)
        yield chunks.DoneChunk()

    async def handle_run_result(self, event: AgentRunResultEvent[Any]) -> AsyncIterator[BaseChunk]:
        reason = event.result.response.finish_reason
        if reason is not None:
            self._finish_reason = _FINISH_REASONS.get(reason, "other")
        output = event.result.output
        if self.sdk_version >= 6 and isinstance(output, DeferredToolRequests):
            for call in output.approvals:
                yield chunks.ToolApprovalRequestChunk(approval_id=call.tool_call_id, tool_call_id=call.tool_call_id)

    async def on_error(self, error: Exception) -> AsyncIterator[BaseChunk]:
        self._finish_reason = "error"
        yield chunks.ErrorChunk(error_text=str(error))

    def handle_text_start(self, part: TextPart, follows_text: bool = False) -> AsyncIterator[BaseChunk]:
        return self._begin(_TEXT, part, joined=follows_text)

    def handle_text_delta(self, delta: TextPartDelta) -> AsyncIterator[BaseChunk]:
        return self._go_on(_TEXT, delta, None)

    def handle_text_end(self, part: TextPart, followed_by_text: bool = False) -> AsyncIterator[BaseChunk]:
        return self._end(_TEXT, part, joined=followed_by_text)

    def handle_thinking_start(self, part: ThinkingPart, follows_thinking: bool = False) -> AsyncIterator[BaseChunk]:
        # Each piece of reasoning has a signature of its own: none is joined to the one before.
        return self._begin(_REASONING, part, joined=False)

    def handle_thinking_delta(self, delta: ThinkingPartDelta) -> AsyncIterator[BaseChunk]:
        return self._go_on(_REASONING, delta, delta.signature_delta)

    def handle_thinking_end(self, part: ThinkingPart, followed_by_thinking: bool = False) -> AsyncIterator[BaseChunk]:
        return self._end(_REASONING, part, joined=False)

    async def _begin(self, words: _Words, part: TextPart | ThinkingPart, *, joined: bool) -> AsyncIterator[BaseChunk]:
        about = part_metadata(part)
        if not joined:
            yield words.start(id=self.new_message_id(), provider_metadata=about)
        if part.content:
            yield words.delta(id=self.message_id, delta=part.content, provider_metadata=about)

    async def _go_on(
        self, words: _Words, delta: TextPartDelta | ThinkingPartDelta, signature: str | None
    ) -> AsyncIterator[BaseChunk]:
        if delta.content_delta:
            about = dump_provider_metadata(
                provider_name=delta.provider_name, signature=signature, provider_details=delta.provider_details
            )
            yield words.delta(id=self.message_id, delta=delta.content_delta, provider_metadata=about)

    async def _end(self, words: _Words, part: TextPart | ThinkingPart, *, joined: bool) -> AsyncIterator[BaseChunk]:
        if not joined:
            yield words.end(id=self.message_id, provider_metadata=part_metadata(part))

    def handle_tool_call_start(self, part: ToolCallPart) -> AsyncIterator[BaseChunk]:
        return self._call_start(part, None)

    def handle_builtin_tool_call_start(self, part: BuiltinToolCallPart) -> AsyncIterator[BaseChunk]:
        return self._call_start(part, True)

    async def _call_start(
        self, part: ToolCallPart | BuiltinToolCallPart, provider_executed: bool | None
    ) -> AsyncIterator[BaseChunk]:
        yield chunks.ToolInputStartChunk(
            tool_call_id=part.tool_call_id,
            tool_name=part.tool_name,
            provider_executed=provider_executed,
            provider_metadata=part_metadata(part),
        )
        if part.args:
            yield chunks.ToolInputDeltaChunk(tool_call_id=part.tool_call_id, input_text_delta=part.args_as_json_str())

    async def handle_tool_call_delta(self, delta: ToolCallPartDelta) -> AsyncIterator[BaseChunk]:
        assert delta.tool_call_id is not None, "a call's delta names its call"
        args = delta.args_delta if isinstance(delta.args_delta, str) else to_json(delta.args_delta).decode()
        yield chunks.ToolInputDeltaChunk(tool_call_id=delta.tool_call_id, input_text_delta=args)

    def handle_tool_call_end(self, part: ToolCallPart) -> AsyncIterator[BaseChunk]:
        return self._call_end(part, None)

    def handle_builtin_tool_call_end(self, part: BuiltinToolCallPart) -> AsyncIterator[BaseChunk]:
        return self._call_end(part, True)

    async def _call_end(
        self, part: ToolCallPart | BuiltinToolCallPart, provider_executed: bool | None
    ) -> AsyncIterator[BaseChunk]:
        yield chunks.ToolInputAvailableChunk(
            tool_call_id=part.tool_call_id,
            tool_name=part.tool_name,
            input=part.args_as_dict(),
            provider_executed=provider_executed,
            provider_metadata=part_metadata(part),
        )

    async def handle_builtin_tool_return(self, part: BuiltinToolReturnPart) -> AsyncIterator[BaseChunk]:
        yield self._outcome(part, provider_executed=True)

    async def handle_file(self, part: FilePart) -> AsyncIterator[BaseChunk]:
        yield chunks.FileChunk(url=part.content.data_uri, media_type=part.content.media_type)

    async def handle_function_tool_result(self, event: FunctionToolResultEvent) -> AsyncIterator[BaseChunk]:
        result = event.result
        if isinstance(result, RetryPromptPart):
            yield chunks.ToolOutputErrorChunk(tool_call_id=result.tool_call_id, error_text=result.model_response())
            return
        yield self._outcome(result)
        for own in own_chunks(result):
            yield own

    def _outcome(self, part: BaseToolReturnPart, *, provider_executed: bool | None = None) -> BaseChunk:
        if part.outcome == "denied" and self.sdk_version >= 6:
            return chunks.ToolOutputDeniedChunk(tool_call_id=part.tool_call_id)
        if part.outcome == "failed":
            return chunks.ToolOutputErrorChunk(tool_call_id=part.tool_call_id, error_text=part.model_response_str())
        described = [describe_file(file) for file in part.files]
        output: Any = [part.model_response_object(), *described] if described else returned_value(part)
        return chunks.ToolOutputAvailableChunk(
            tool_call_id=part.tool_call_id, output=output, provider_executed=provider_executed
        )


def returned_value(part: BaseToolReturnPart) -> Any:
    """What a tool returned, without the wrapping that models are shown."""
    shown = part.model_response_object()
    return shown.get("return_value", shown)


def own_chunks(part: BaseToolReturnPart) -> Iterator[OwnChunk]:
    """The chunks that a tool returned, or put into its metadata, for the browser."""
    found: Any = part.metadata or part.content
    if isinstance(found, _OWN_CHUNKS):
        yield found
    elif isinstance(found, Iterable) and not isinstance(found, (str, bytes)):
        for item in cast("Iterable[Any]", found):
            if isinstance(item, _OWN_CHUNKS):
                yield item
