"""A model that answers so many requests at the same time, and no more."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from playhead.concurrency import AbstractConcurrencyLimiter, AnyConcurrencyLimit, ConcurrencyLimit, as_limiter, place_in
from playhead.messages import ModelMessage, ModelRequestParameters, ModelResponse, ModelSettings
from playhead.models._infer import infer_model
from playhead.models._model import Model, StreamedResponse
from playhead.models.wrapper import WrapperModel
from playhead.usage import RequestUsage

__all__ = ["ConcurrencyLimitedModel", "limit_model_concurrency"]


class ConcurrencyLimitedModel(WrapperModel):
    """Every request to `wrapped` waits for a place. A `ConcurrencyLimiter` may be shared by models."""

    def __init__(self, wrapped: Model | str, limiter: int | ConcurrencyLimit | AbstractConcurrencyLimiter) -> None:
        super().__init__(wrapped)
        self._limiter = as_limiter(limiter)

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        async with self._place():
            return await super().request(messages, model_settings, model_request_parameters)

    async def count_tokens(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        async with self._place():
            return await super().count_tokens(messages, model_settings, model_request_parameters)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        async with (
            self._place(),
            super().request_stream(messages, model_settings, model_request_parameters, run_context) as streamed,
        ):
            yield streamed

    def _place(self) -> AbstractAsyncContextManager[None]:
        return place_in(self._limiter, f"model:{self.model_name}")


def limit_model_concurrency(model: Model | str, limiter: AnyConcurrencyLimit) -> Model:
    """`model`, behind `limiter`; as it is, where that is None."""
    if limiter is None:
        return infer_model(model)
    return ConcurrencyLimitedModel(model, limiter)
