"""A model that asks others in turn, until one of them answers."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias, cast, get_type_hints

from playhead.exceptions import FallbackExceptionGroup, ModelAPIError, UserError
from playhead.messages import ModelMessage, ModelRequestParameters, ModelResponse, ModelSettings
from playhead.models._infer import infer_model
from playhead.models._model import Model, StreamedResponse

__all__ = ["FallbackModel", "FallbackOn", "ResponseRejected"]

_OnError: TypeAlias = Callable[[Exception], bool | Awaitable[bool]]
_OnReply: TypeAlias = Callable[[ModelResponse], bool | Awaitable[bool]]
FallbackOn: TypeAlias = (
    type[Exception]
    | tuple[type[Exception], ...]
    | _OnError
    | _OnReply
    | Sequence[type[Exception] | _OnError | _OnReply]
)
"""When the next model is asked: kinds of exceptions, and functions that judge an exception or a reply."""


class ResponseRejected(Exception):
    """Models answered, and what they said was not accepted; among the exceptions of a `FallbackExceptionGroup`."""

    def __init__(self, rejected_count: int) -> None:
        self.rejected_count = rejected_count
        super().__init__(rejected_count)

    def __str__(self) -> str:
        return f"{self.rejected_count} answered, and `fallback_on` did not accept what they said"


class FallbackModel(Model):
    """Asks `default_model`; where that fails, the others in turn.

    `fallback_on` says what counts as failed: kinds of exceptions, functions that are given an exception, functions whose
    first parameter is annotated `ModelResponse`, which are given each whole reply, or several of these; functions may be
    async. Streams are not judged by what they say. `FallbackExceptionGroup` where all fail, `UserError` for a
    `fallback_on` that is empty.
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
        given: Any = fallback_on
        conditions: list[Any] = list(cast("Sequence[Any]", given)) if isinstance(given, Sequence) else [given]
        if not conditions:
            raise UserError("An empty `fallback_on` falls back on nothing: name exceptions, or functions that judge.")
        self._kinds = tuple(item for item in conditions if isinstance(item, type))
        judges: list[Any] = [item for item in conditions if not isinstance(item, type)]
        self._reply_judges: list[_OnReply] = [judge for judge in judges if _judges_replies(judge)]
        self._error_judges: list[_OnError] = [judge for judge in judges if not _judges_replies(judge)]

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
        """The first whole reply that is accepted."""
        failures: list[Exception] = []
        rejected = 0
        for model in self.models:
            try:
                settings, parameters = model.prepare_request(model_settings, model_request_parameters)
                response = await model.request(messages, settings, parameters)
            except Exception as error:
                if not await self._counts(error):
                    raise
                failures.append(error)
                continue
            if not await _any(self._reply_judges, response):
                return response
            rejected += 1
        if rejected:
            failures.append(ResponseRejected(rejected))
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
                    if not await self._counts(error):
                        raise
                    failures.append(error)
                    continue
                yield streamed
                return
        raise FallbackExceptionGroup("All models from FallbackModel failed", failures)

    async def _counts(self, error: Exception) -> bool:
        return isinstance(error, self._kinds) or await _any(self._error_judges, error)


async def _any(judges: Sequence[Callable[[Any], bool | Awaitable[bool]]], given: object) -> bool:
    for judge in judges:
        answer = judge(given)
        if await answer if inspect.isawaitable(answer) else answer:
            return True
    return False


def _judges_replies(judge: Callable[..., object]) -> bool:
    """Whether the first parameter is annotated as a reply."""
    try:
        first = next(iter(inspect.signature(judge).parameters.values()), None)
        hints = get_type_hints(judge if inspect.isroutine(judge) else type(judge).__call__)
    except (NameError, TypeError, ValueError):
        return False
    return first is not None and hints.get(first.name) is ModelResponse
