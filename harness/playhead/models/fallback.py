"""A model that asks others in turn, until one of them answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from playhead.exceptions import FallbackExceptionGroup, ModelAPIError
from playhead.messages import ModelMessage, ModelRequestParameters, ModelResponse, ModelSettings
from playhead.models._infer import infer_model
from playhead.models._model import Model, StreamedResponse

__all__ = ["FallbackModel"]

FallbackOn = Callable[[Exception], bool] | tuple[type[Exception], ...]


class FallbackModel(Model):
    """Asks `default_model`; where that fails, the others in turn.

    `fallback_on` says which exceptions count: their types, or a function. `FallbackExceptionGroup` where all fail.
    """

    def __init__(
        self,
        default_model: Model | str,
        *fallback_models: Model | str,
        fallback_on: FallbackOn = (ModelAPIError,),
    ) -> None:
        super().__init__()
        self.models = [
            infer_model(model) if isinstance(model, str) else model for model in (default_model, *fallback_models)
        ]
        self._fallback_on: Callable[[Exception], bool] = (
            (lambda error: isinstance(error, fallback_on)) if isinstance(fallback_on, tuple) else fallback_on
        )

    @property
    def model_name(self) -> str:
        """`fallback:` and the models' names."""
        return f"fallback:{','.join(model.model_name for model in self.models)}"

    @property
    def model_id(self) -> str:
        """`fallback:` and the models' ids."""
        return f"fallback:{','.join(model.model_id for model in self.models)}"

    @property
    def system(self) -> str:
        """`fallback:` and the providers' names."""
        return f"fallback:{','.join(model.system for model in self.models)}"

    @property
    def base_url(self) -> str | None:
        """That of the first model."""
        return self.models[0].base_url

    def prepare_request(
        self, model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        """Nothing is decided here: each model does so when it is asked."""
        return model_settings, model_request_parameters

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The first whole reply."""
        failures: list[Exception] = []
        for model in self.models:
            try:
                settings, parameters = model.prepare_request(model_settings, model_request_parameters)
                return await model.request(messages, settings, parameters)
            except Exception as error:
                if not self._fallback_on(error):
                    raise
                failures.append(error)
        raise FallbackExceptionGroup("All models from FallbackModel failed", failures)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """The first stream that opens. What fails in the middle of a stream is not asked again."""
        failures: list[Exception] = []
        for model in self.models:
            async with AsyncExitStack() as opened:
                try:
                    settings, parameters = model.prepare_request(model_settings, model_request_parameters)
                    streamed = await opened.enter_async_context(
                        model.request_stream(messages, settings, parameters, run_context)
                    )
                except Exception as error:
                    if not self._fallback_on(error):
                        raise
                    failures.append(error)
                    continue
                yield streamed
                return
        raise FallbackExceptionGroup("All models from FallbackModel failed", failures)
