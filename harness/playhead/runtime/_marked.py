"""A model's stream with the moment marked at which the output begins, and without what is not for the program."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from playhead.exceptions import ModelAPIError, ModelHTTPError
from playhead.messages import (
    FilePart,
    FinalResultEvent,
    ModelRequestParameters,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    ResponseMeta,
    TextPart,
    ToolCallPart,
)
from playhead.models import StreamedResponse


class MarkedStream:
    """The events of `streamed`; a `FinalResultEvent` follows the first part that can be the output."""

    def __init__(self, streamed: StreamedResponse, parameters: ModelRequestParameters) -> None:
        self._streamed = streamed
        self._parameters = parameters
        self._tool_defs = parameters.tool_defs
        self._source: AsyncGenerator[ModelResponseStreamEvent] | None = None
        self.final: FinalResultEvent | None = None
        """The event that said the output has begun; None before."""

    @property
    def begun(self) -> bool:
        """Whether anybody asked for events."""
        return self._source is not None

    def events(self) -> AsyncGenerator[ModelResponseStreamEvent]:
        """The events, each once, whoever asks. `ModelAPIError` for an error of the provider's inside the stream."""
        if self._source is None:
            self._source = self._marked()
        return self._source

    async def aclose(self) -> None:
        """Stop. The model's stream is closed when this returns."""
        try:
            if self._source is not None:
                await self._source.aclose()
        finally:
            await self._streamed.aclose()

    async def _marked(self) -> AsyncGenerator[ModelResponseStreamEvent]:
        source = self._streamed.__aiter__()
        try:
            async for event in source:
                if type(event) is PartDeltaEvent:
                    yield event
                elif isinstance(event, ResponseMeta):
                    if event.error is not None:
                        raise _provider_error(self._streamed, event.error)
                else:
                    yield event
                    if isinstance(event, PartStartEvent) and self.final is None:
                        final = self._final_event(event.part)
                        if final is not None:
                            self.final = self._streamed.final_result_event = final
                            yield final
        finally:
            await self._streamed.aclose()

    def _final_event(self, part: ModelResponsePart) -> FinalResultEvent | None:
        """Whether this part begins the run's output."""
        match part:
            case TextPart():
                return _by_itself() if self._parameters.allow_text_output else None
            case FilePart():
                return _by_itself() if self._parameters.allow_image_output else None
            case ToolCallPart():
                definition = self._tool_defs.get(part.tool_name)
                if definition is None:
                    return None
                if definition.kind == "output":
                    return FinalResultEvent(tool_name=part.tool_name, tool_call_id=part.tool_call_id)
                return _by_itself() if definition.defer else None
            case _:
                return None


def _by_itself() -> FinalResultEvent:
    """An output that no output tool gives."""
    return FinalResultEvent(tool_name=None, tool_call_id=None)


def _provider_error(streamed: StreamedResponse, error: dict[str, Any]) -> ModelAPIError:
    status = error.get("status")
    if isinstance(status, int):
        return ModelHTTPError(status, streamed.model_name, error)
    return ModelAPIError(streamed.model_name, str(error.get("message") or error))
