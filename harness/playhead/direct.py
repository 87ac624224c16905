"""One request to a model, without an agent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from playhead.messages import FinalResultEvent, ModelMessage, ModelResponse, ModelResponseStreamEvent, ModelSettings
from playhead.models import Model, ModelRequestParameters, StreamedResponse, infer_model
from playhead.runtime import MarkedStream, event_loop, iterate_blocking, run_blocking
from playhead.usage import RequestUsage

__all__ = [
    "DirectStream",
    "StreamedResponseSync",
    "model_request",
    "model_request_stream",
    "model_request_stream_sync",
    "model_request_sync",
]


async def model_request(
    model: Model | str,
    messages: Sequence[ModelMessage],
    *,
    model_settings: ModelSettings | None = None,
    model_request_parameters: ModelRequestParameters | None = None,
    instrument: Any = None,
) -> ModelResponse:
    """The whole reply of `model` to `messages`. `instrument` is accepted for compatibility."""
    model, settings, parameters = _prepared(model, model_settings, model_request_parameters)
    return await model.request(list(messages), settings, parameters)


def model_request_sync(
    model: Model | str,
    messages: Sequence[ModelMessage],
    *,
    model_settings: ModelSettings | None = None,
    model_request_parameters: ModelRequestParameters | None = None,
    instrument: Any = None,
) -> ModelResponse:
    """`model_request`, blocking. `RuntimeError` inside a running event loop."""
    return run_blocking(
        model_request(model, messages, model_settings=model_settings, model_request_parameters=model_request_parameters)
    )


@asynccontextmanager
async def model_request_stream(
    model: Model | str,
    messages: Sequence[ModelMessage],
    *,
    model_settings: ModelSettings | None = None,
    model_request_parameters: ModelRequestParameters | None = None,
    instrument: Any = None,
) -> AsyncGenerator[DirectStream]:
    """The reply of `model` while it arrives. Leaving the context closes the model's stream at once."""
    model, settings, parameters = _prepared(model, model_settings, model_request_parameters)
    async with model.request_stream(list(messages), settings, parameters, None) as streamed:
        stream = DirectStream(streamed, parameters)
        try:
            yield stream
        finally:
            await stream.aclose()


def model_request_stream_sync(
    model: Model | str,
    messages: Sequence[ModelMessage],
    *,
    model_settings: ModelSettings | None = None,
    model_request_parameters: ModelRequestParameters | None = None,
    instrument: Any = None,
) -> StreamedResponseSync:
    """`model_request_stream`, blocking: to be used in a `with`."""
    return StreamedResponseSync(
        model_request_stream(
            model, messages, model_settings=model_settings, model_request_parameters=model_request_parameters
        )
    )


class DirectStream:
    """A reply that arrives: iterate it for events; `get()` is the reply so far."""

    def __init__(self, streamed: StreamedResponse, parameters: ModelRequestParameters) -> None:
        self._streamed = streamed
        self._events = MarkedStream(streamed, parameters)

    def __repr__(self) -> str:
        return repr(self._streamed)

    def __aiter__(self) -> AsyncGenerator[ModelResponseStreamEvent]:
        """The events, each once."""
        return self._events.events()

    def get(self) -> ModelResponse:
        """The reply so far."""
        return self._streamed.get()

    @property
    def response(self) -> ModelResponse:
        """The reply so far."""
        return self._streamed.get()

    def usage(self) -> RequestUsage:
        """What the reply cost so far."""
        return self._streamed.usage()

    @property
    def model_request_parameters(self) -> ModelRequestParameters:
        """What the request asked for."""
        return self._streamed.model_request_parameters

    @property
    def provider_url(self) -> str | None:
        """Where the provider was asked, for models that go over HTTP."""
        return self._streamed.provider_url

    @property
    def final_result_event(self) -> FinalResultEvent | None:
        """The event that said the output has begun; None before."""
        return self._events.final

    @property
    def model_name(self) -> str:
        """The model's name."""
        return self._streamed.model_name

    @property
    def timestamp(self) -> datetime:
        """When the reply was made."""
        return self._streamed.timestamp

    async def aclose(self) -> None:
        """Stop reading, and close the model's stream."""
        await self._events.aclose()


class StreamedResponseSync:
    """A reply that arrives, for programs without an event loop. Use it in a `with`."""

    def __init__(self, opened: AbstractAsyncContextManager[DirectStream]) -> None:
        self._opened = opened
        self._stream: DirectStream | None = None

    def __repr__(self) -> str:
        return "StreamedResponseSync(context_entered=False)" if self._stream is None else repr(self._stream)

    def __enter__(self) -> Self:
        self._stream = event_loop().run_until_complete(_enter(self._opened))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        event_loop().run_until_complete(_leave(self._opened, kind, error, traceback))

    def __iter__(self) -> Iterator[ModelResponseStreamEvent]:
        """The events, each once."""
        return iterate_blocking(self._open().__aiter__())

    def get(self) -> ModelResponse:
        """The reply so far."""
        return self._open().get()

    @property
    def response(self) -> ModelResponse:
        """The reply so far."""
        return self._open().get()

    def usage(self) -> RequestUsage:
        """What the reply cost so far."""
        return self._open().usage()

    @property
    def model_name(self) -> str:
        """The model's name."""
        return self._open().model_name

    @property
    def timestamp(self) -> datetime:
        """When the reply was made."""
        return self._open().timestamp

    def _open(self) -> DirectStream:
        if self._stream is None:
            raise RuntimeError(
                "This stream is not open: it is read inside of its block, "
                "`with model_request_stream_sync(...) as stream:`"
            )
        return self._stream


async def _enter(opened: AbstractAsyncContextManager[DirectStream]) -> DirectStream:
    return await opened.__aenter__()


async def _leave(opened: AbstractAsyncContextManager[DirectStream], *error: Any) -> None:
    await opened.__aexit__(*error)


def _prepared(
    model: Model | str, settings: ModelSettings | None, parameters: ModelRequestParameters | None
) -> tuple[Model, ModelSettings | None, ModelRequestParameters]:
    model = infer_model(model) if isinstance(model, str) else model
    return model, *model.prepare_request(settings, parameters or ModelRequestParameters())
