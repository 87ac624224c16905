"""Anthropic's models."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from playhead.builtin_tools import CodeExecutionTool, MCPServerTool, MemoryTool, WebFetchTool, WebSearchTool
from playhead.exceptions import UserError
from playhead.messages import ModelRequestParameters, ModelSettings, merge_model_settings
from playhead.models._http import HttpModel, HttpStreamedResponse
from playhead.models._infer import infer_provider
from playhead.models._providers import Provider

if TYPE_CHECKING:
    import httpx

__all__ = [
    "AnthropicModel",
    "AnthropicModelName",
    "AnthropicModelSettings",
    "AnthropicProvider",
    "AnthropicStreamedResponse",
]

AnthropicModelName = str
AnthropicStreamedResponse = HttpStreamedResponse


class AnthropicModelSettings(ModelSettings, total=False):
    """Settings of the Messages API beside the shared ones. What is `True` for a cache is kept for five minutes."""

    anthropic_metadata: dict[str, Any]
    anthropic_thinking: dict[str, Any]
    anthropic_effort: Literal["low", "medium", "high", "xhigh", "max"] | None
    anthropic_betas: list[str]
    anthropic_cache: bool | Literal["5m", "1h"]
    anthropic_cache_instructions: bool | Literal["5m", "1h"]
    anthropic_cache_messages: bool | Literal["5m", "1h"]
    anthropic_cache_tool_definitions: bool | Literal["5m", "1h"]
    anthropic_container: dict[str, Any] | Literal[False]
    anthropic_context_management: dict[str, Any]
    anthropic_eager_input_streaming: bool


class AnthropicProvider(Provider):
    """Anthropic, or a server that speaks its format at another URL.

    `anthropic_client` is one of the `anthropic` package's; its key and URL are taken over.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        anthropic_client: Any = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        if anthropic_client is not None:
            if base_url is not None or api_key is not None or http_client is not None:
                raise UserError("`anthropic_client` has a URL, a key and a client of its own; pass it alone.")
            base_url, api_key = str(anthropic_client.base_url), anthropic_client.api_key
        super().__init__("anthropic", base_url=base_url, api_key=api_key, http_client=http_client)


class AnthropicModel(HttpModel):
    """A model that speaks the Messages API. `provider` is a name of the table of providers, or a `Provider`."""

    _builtin_tools = frozenset({CodeExecutionTool, MCPServerTool, MemoryTool, WebFetchTool, WebSearchTool})

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "anthropic",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        if isinstance(provider, str):
            provider = infer_provider(provider)
        super().__init__("anthropic-messages", model_name, provider=provider, settings=settings, profile=profile)

    def prepare_request(
        self, model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        """As any model's. A model that thinks cannot be made to call a tool, so that its output is asked for otherwise."""
        parameters = model_request_parameters
        if parameters.output_tools and self._thinks(merge_model_settings(self.settings, model_settings)):
            native = self.profile.supports_json_schema_output
            if parameters.output_mode == "auto":
                mode = "native" if native else "prompted"
                parameters = replace(parameters, output_mode=mode, allow_text_output=True, output_tools=[])
            elif parameters.output_mode == "tool" and not parameters.allow_text_output:
                raise UserError(
                    "While it thinks, Anthropic's model cannot be made to call an output tool. "
                    f"Write `output_type={'NativeOutput' if native else 'PromptedOutput'}(...)`, or switch thinking off."
                )
        return super().prepare_request(model_settings, parameters)

    def _thinks(self, settings: Any) -> bool:
        given: dict[str, Any] = dict(settings or {})
        chosen: dict[str, Any] = given.get("anthropic_thinking") or {}
        return chosen.get("type") in ("enabled", "adaptive") if chosen else bool(given.get("thinking"))
