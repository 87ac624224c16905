"""OpenAI's models, and those of everybody who speaks OpenAI's formats."""

from __future__ import annotations

import os
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from playhead.builtin_tools import (
    AbstractBuiltinTool,
    CodeExecutionTool,
    FileSearchTool,
    ImageGenerationTool,
    MCPServerTool,
    WebSearchTool,
)
from playhead.exceptions import UserError
from playhead.messages import ModelRequestParameters, ModelSettings, merge_model_settings
from playhead.models._http import HttpModel, HttpStreamedResponse
from playhead.models._infer import infer_provider
from playhead.models._profile import ModelProfile
from playhead.models._providers import Provider, azure_path, is_azure_v1

if TYPE_CHECKING:
    import httpx

__all__ = [
    "AzureProvider",
    "OpenAIChatModel",
    "OpenAIChatModelSettings",
    "OpenAIModel",
    "OpenAIModelName",
    "OpenAIModelProfile",
    "OpenAIModelSettings",
    "OpenAIProvider",
    "OpenAIResponsesModel",
    "OpenAIResponsesModelSettings",
    "OpenAIStreamedResponse",
]

OpenAIModelName = str
OpenAIStreamedResponse = HttpStreamedResponse


class OpenAIChatModelSettings(ModelSettings, total=False):
    """Settings of chat completions beside the shared ones."""

    openai_reasoning_effort: str
    openai_logprobs: bool
    openai_top_logprobs: int
    openai_store: bool | None
    openai_user: str
    openai_service_tier: str
    openai_prediction: Any
    openai_prompt_cache_key: str
    openai_prompt_cache_retention: str
    openai_continuous_usage_stats: bool


OpenAIModelSettings = OpenAIChatModelSettings


class OpenAIResponsesModelSettings(OpenAIChatModelSettings, total=False):
    """Settings of the Responses API beside those of chat completions."""

    openai_builtin_tools: list[Any]
    openai_reasoning_generate_summary: str
    openai_reasoning_summary: str
    openai_send_reasoning_ids: bool
    openai_truncation: str
    openai_text_verbosity: str
    openai_previous_response_id: str
    openai_conversation_id: str
    openai_include_code_execution_outputs: bool
    openai_include_web_search_sources: bool
    openai_include_file_search_results: bool
    openai_include_raw_annotations: bool
    openai_context_management: Any


class OpenAIProvider(Provider):
    """OpenAI, or a server that speaks its formats at another URL.

    `openai_client` is one of the `openai` package's; its key and URL are taken over.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        openai_client: Any = None,
        http_client: httpx.AsyncClient | None = None,
        *,
        name: str = "openai",
    ) -> None:
        if openai_client is not None:
            if base_url is not None or api_key is not None or http_client is not None:
                raise UserError("`openai_client` has a URL, a key and a client of its own; pass it alone.")
            base_url, api_key = str(openai_client.base_url), openai_client.api_key
        elif base_url is not None and api_key is None and not os.environ.get("OPENAI_API_KEY"):
            # A server of one's own mostly asks for none.
            api_key = "api-key-not-set"
        super().__init__(name, base_url=base_url, api_key=api_key, http_client=http_client)  # type: ignore[arg-type]


class AzureProvider(Provider):
    """OpenAI's models on Azure.

    Endpoints that end in `/v1` speak OpenAI's own paths; for others the API's version is needed (`api_version`, or the
    variable `OPENAI_API_VERSION`), and the model's name is that of its deployment.
    """

    def __init__(
        self,
        *,
        azure_endpoint: str | None = None,
        api_version: str | None = None,
        api_key: str | None = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        endpoint = azure_endpoint or os.environ.get("AZURE_OPENAI_ENDPOINT")
        v1 = endpoint is not None and is_azure_v1(endpoint)
        if v1 and api_version is not None:
            raise UserError("An endpoint that ends in `/v1` takes no `api_version`.")
        if v1 and endpoint is not None:
            endpoint = endpoint.rstrip("/").removesuffix("/v1") + "/v1"
        super().__init__(
            "azure",
            base_url=endpoint,
            api_key=api_key,
            auth="bearer" if v1 else "api-key",
            http_client=http_client,
            path=None if v1 else azure_path(api_version),
        )


@dataclass(kw_only=True)
class OpenAIModelProfile(ModelProfile):
    """What a server that speaks OpenAI's formats takes, beside what every profile says.

    Without `openai_supports_strict_tool_definition` nothing is sent as strict. Settings that are not supported are left
    out: the `openai_unsupported_model_settings`, and temperature and its like without
    `openai_supports_sampling_settings`. `openai_system_prompt_role` is the role of the system prompt.
    """

    openai_supports_strict_tool_definition: bool = True
    openai_supports_sampling_settings: bool = True
    openai_unsupported_model_settings: Sequence[str] = ()
    openai_system_prompt_role: Literal["system", "developer", "user"] | None = None


class OpenAIChatModel(HttpModel):
    """A model that speaks chat completions. `provider` is a name of the table of providers, or a `Provider`."""

    _builtin_tools = frozenset({WebSearchTool})

    dialect_name = "openai-chat"
    _body_settings: ClassVar[dict[str, str]] = {}
    """Settings that only this provider has, and the fields of the body that they are."""

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "openai",
        profile: Any = None,
        system_prompt_role: Literal["system", "developer", "user"] | None = None,
        settings: ModelSettings | None = None,
    ) -> None:
        if isinstance(provider, str):
            provider = infer_provider(provider)
        if system_prompt_role is not None:
            role: Any = {"openai_system_prompt_role": system_prompt_role}
            settings = merge_model_settings(role, settings)
        super().__init__(self.dialect_name, model_name, provider=provider, settings=settings, profile=profile)

    def customize_request_parameters(self, model_request_parameters: ModelRequestParameters) -> ModelRequestParameters:
        parameters = super().customize_request_parameters(model_request_parameters)
        profile = self.profile
        if not isinstance(profile, OpenAIModelProfile) or profile.openai_supports_strict_tool_definition:
            return parameters
        output = parameters.output_object
        return replace(
            parameters,
            function_tools=[replace(tool, strict=False) for tool in parameters.function_tools],
            output_tools=[replace(tool, strict=False) for tool in parameters.output_tools],
            output_object=None if output is None else replace(output, strict=False),
        )

    def prepare_request(
        self, model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        settings, parameters = super().prepare_request(model_settings, model_request_parameters)
        if self.dialect_name == "openai-chat":
            self._check_builtin_tools(parameters)
        profile = self.profile
        if isinstance(profile, OpenAIModelProfile):
            unsupported = {*profile.openai_unsupported_model_settings}
            if not profile.openai_supports_sampling_settings:
                unsupported |= _SAMPLING
            kept: Any = {name: value for name, value in (settings or {}).items() if name not in unsupported}
            if profile.openai_system_prompt_role is not None:
                kept.setdefault("openai_system_prompt_role", profile.openai_system_prompt_role)
            settings = kept or None
        return self._with_fields(settings), parameters

    def _check_builtin_tools(self, parameters: ModelRequestParameters) -> None:
        """`UserError` for native tools that chat completions have no place for: they would be left out in silence."""
        taken = sorted(tool.kind for tool in self.supported_builtin_tools())
        for tool in parameters.builtin_tools:
            # What was read from a request may be a dictionary, as the provider has it, and is sent as it is.
            if isinstance(cast("object", tool), AbstractBuiltinTool) and tool.kind not in taken:
                raise UserError(
                    f"{type(self).__name__} has no place for a `{type(tool).__name__}`: chat completions run "
                    f"{', '.join(taken) or 'no tools of the provider'}. `OpenAIResponsesModel` runs more."
                )

    def _with_fields(self, settings: ModelSettings | None) -> ModelSettings | None:
        """The provider's own settings as fields of the body; what `extra_body` says wins."""
        given: dict[str, Any] = dict(settings or {})
        own = {field: given.pop(name) for name, field in self._body_settings.items() if name in given}
        if not own:
            return settings
        extra: Any = given.get("extra_body") or {}
        return cast("ModelSettings", {**given, "extra_body": {**own, **extra}})


_SAMPLING = {
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias"),
    *("openai_logprobs", "openai_top_logprobs"),
}


class OpenAIModel(OpenAIChatModel):
    """The older name of `OpenAIChatModel`."""

    def __init__(self, model_name: str, **rest: Any) -> None:
        warnings.warn(
            "`OpenAIModel` is deprecated: its name is `OpenAIChatModel` now (`OpenAIResponsesModel` speaks the newer API).",
            DeprecationWarning,
            stacklevel=2,
        )
        super().__init__(model_name, **rest)


class OpenAIResponsesModel(OpenAIChatModel):
    """A model that speaks OpenAI's Responses API."""

    _builtin_tools = frozenset({CodeExecutionTool, FileSearchTool, ImageGenerationTool, MCPServerTool, WebSearchTool})

    dialect_name = "openai-responses"
