"""Models of OpenRouter, which speaks chat completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypedDict

from playhead.messages import ModelSettings
from playhead.models._providers import ChatProvider, Provider
from playhead.models.openai import OpenAIChatModel

if TYPE_CHECKING:
    import httpx

__all__ = [
    "OpenRouterModel",
    "OpenRouterModelSettings",
    "OpenRouterProvider",
    "OpenRouterProviderConfig",
    "OpenRouterReasoning",
    "OpenRouterUsageConfig",
]


class OpenRouterProviderConfig(TypedDict, total=False):
    """Which providers OpenRouter may ask (https://openrouter.ai/docs/features/provider-routing)."""

    order: list[str]
    only: list[str]
    ignore: list[str]
    sort: Literal["price", "throughput", "latency"]
    max_price: dict[str, Any]
    quantizations: list[str]
    data_collection: Literal["allow", "deny"]
    zdr: bool
    allow_fallbacks: bool
    require_parameters: bool


class OpenRouterReasoning(TypedDict, total=False):
    """How much a model reasons, by a level or in tokens, and whether it shows that."""

    enabled: bool
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"]
    max_tokens: int
    exclude: bool


class OpenRouterUsageConfig(TypedDict, total=False):
    """Whether the answer says what it cost."""

    include: bool


class OpenRouterModelSettings(ModelSettings, total=False):
    """Settings of OpenRouter beside the shared ones: fields of the body without `openrouter_`."""

    openrouter_models: list[str]
    openrouter_preset: str
    openrouter_provider: OpenRouterProviderConfig
    openrouter_reasoning: OpenRouterReasoning
    openrouter_transforms: list[str]
    openrouter_usage: OpenRouterUsageConfig


class OpenRouterProvider(ChatProvider):
    """OpenRouter, or a server that speaks its format at another URL.

    `app_url` and `app_title` say on OpenRouter's pages which application asks.
    """

    provider: ClassVar[str] = "openrouter"

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        app_url: str | None = None,
        app_title: str | None = None,
        openai_client: Any = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(base_url=base_url, api_key=api_key, openai_client=openai_client, http_client=http_client)
        named = {"http-referer": app_url, "x-title": app_title}
        self.headers.update({name: value for name, value in named.items() if value is not None})


class OpenRouterModel(OpenAIChatModel):
    """A model of OpenRouter."""

    _body_settings: ClassVar[dict[str, str]] = {
        f"openrouter_{name}": name for name in ("models", "preset", "provider", "reasoning", "transforms", "usage")
    }

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "openrouter",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(model_name, provider=provider, profile=profile, settings=settings)
