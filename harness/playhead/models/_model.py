"""What the runtime needs of a model: a request in, a reply or a stream of its events out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, ClassVar

from playhead.builtin_tools import AbstractBuiltinTool
from playhead.messages import (
    FinalResultEvent,
    FinishReason,
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    ModelSettings,
    RetryPromptPart,
    StreamEvent,
    ToolReturnPart,
    merge_model_settings,
)
from playhead.models._profile import DEFAULT_PROFILE, ModelProfile, prepare_parameters, transformed
from playhead.stream import Fold
from playhead.usage import RequestUsage

__all__ = ["Model", "StreamedResponse"]


class Model(ABC):
    """Answers requests. Subclasses say how, for a whole reply and for a streamed one."""

    _builtin_tools: ClassVar[frozenset[type[AbstractBuiltinTool]]] = frozenset()
    provider: Any = None
    """Who is asked, for models that go over HTTP: a `Provider`."""

    def __init__(self, *, settings: ModelSettings | None = None, profile: Any = None) -> None:
        self._settings = settings
        self._profile = profile

    @property
    def settings(self) -> ModelSettings | None:
        """The model's own settings; those of the agent and of the run win."""
        return self._settings

    @property
    @abstractmethod
    def model_name(self) -> str:
        """The name the provider knows the model by."""

    @property
    @abstractmethod
    def system(self) -> str:
        """The provider's name."""

    @property
    def model_id(self) -> str:
        """Provider and model: `openai:gpt-5`."""
        return f"{self.system}:{self.model_name}"

    @property
    def label(self) -> str:
        """The model's name for people to read."""
        return self.model_name.replace("-", " ").replace("_", " ").title()

    @property
    def profile(self) -> ModelProfile:
        """What the model supports."""
        profile = self._profile
        if callable(profile):
            profile = profile(self.model_name)
        return profile if isinstance(profile, ModelProfile) else DEFAULT_PROFILE

    def prepare_request(
        self, model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        """Settings with the model's own below them, and parameters with what was left to the model decided.

        The runtime calls this before each request. `UserError` for what the model does not support.
        """
        settings = merge_model_settings(self.settings, model_settings)
        parameters = self.customize_request_parameters(model_request_parameters)
        return settings, prepare_parameters(parameters, self.profile)

    def customize_request_parameters(self, model_request_parameters: ModelRequestParameters) -> ModelRequestParameters:
        """The parameters with the schemas of tools and output as the profile's `json_schema_transformer` makes them.

        Models that need other changes override it; what a profile decides is still open here.
        """
        return transformed(model_request_parameters, self.profile)

    @classmethod
    def supported_builtin_tools(cls) -> frozenset[type[AbstractBuiltinTool]]:
        """The classes of the provider's tools that such a model can be given."""
        return cls._builtin_tools

    @staticmethod
    def instructions(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> str | None:
        """The instructions of a request: its blocks, else what the latest request in its history has."""
        if parameters.instruction_parts is not None:
            return InstructionPart.join(parameters.instruction_parts)
        requests = (message for message in reversed(messages) if isinstance(message, ModelRequest))
        latest = next(requests, None)
        if latest is not None and latest.instructions is None and _only_answers_calls(latest):
            latest = next(requests, None)  # the request that the calls were made for
        return None if latest is None else latest.instructions

    async def count_tokens(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        """What a request would cost. For `UsageLimits(count_tokens_before_request=True)`; few models can tell."""
        raise NotImplementedError(f"{type(self).__name__} cannot tell what a request would cost before it is made")

    @property
    def base_url(self) -> str | None:
        """Where the provider is asked, for models that go over HTTP."""
        return None

    @abstractmethod
    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The whole reply. Raises `ModelAPIError` (`ModelHTTPError`) where the provider could not be asked."""

    def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AbstractAsyncContextManager[StreamedResponse]:
        """A context in which the reply streams. Leaving it closes the provider's stream at once.

        A model that has none can be asked for whole replies; streaming it is `NotImplementedError`.
        """
        raise NotImplementedError(f"Streamed requests not supported by this {type(self).__name__}")


def _only_answers_calls(request: ModelRequest) -> bool:
    return all(isinstance(part, (ToolReturnPart, RetryPromptPart)) for part in request.parts)


class StreamedResponse(ABC):
    """A reply that arrives. `fold` is the reply so far; iterating takes no more of the stream than was asked for."""

    def __init__(self, model_request_parameters: ModelRequestParameters) -> None:
        self.model_request_parameters = model_request_parameters
        self.fold = Fold()
        self.final_result_event: FinalResultEvent | None = None
        """The event that said the output has begun, once whoever runs the model has found it; else None."""
        self._iterator: AsyncGenerator[StreamEvent] | None = None

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        """The events, each once: whoever iterates again goes on where the last one stopped."""
        if self._iterator is None:
            self._iterator = self.events()
        return self._iterator

    @abstractmethod
    def events(self) -> AsyncGenerator[StreamEvent]:
        """The stream, from its beginning to its end, already folded into `fold`."""

    async def aclose(self) -> None:
        """Stop reading. The provider's stream is closed when this returns."""
        if self._iterator is not None:
            await self._iterator.aclose()

    @property
    @abstractmethod
    def model_name(self) -> str:
        """The model's name, the provider's own where the reply said it."""

    @property
    @abstractmethod
    def provider_name(self) -> str | None:
        """The provider's name."""

    @property
    def provider_url(self) -> str | None:
        """Where the provider was asked, for models that go over HTTP."""
        return None

    @property
    @abstractmethod
    def timestamp(self) -> datetime:
        """When the reply was made."""

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the model stopped, once it has said so."""
        return self.fold.finish_reason

    @property
    def provider_response_id(self) -> str | None:
        """The provider's name for this reply, once it was sent."""
        return self.fold.provider_response_id

    @property
    def provider_details(self) -> dict[str, Any] | None:
        """What else the provider said of the reply so far."""
        return self.fold.provider_details()

    def get(self) -> ModelResponse:
        """The reply so far."""
        response = self.fold.response()
        response.model_name = self.model_name
        response.provider_name = response.provider_name or self.provider_name
        response.timestamp = self.timestamp
        response.usage = self.usage()
        return response

    def usage(self) -> RequestUsage:
        """What the reply cost so far."""
        return self.fold.usage
