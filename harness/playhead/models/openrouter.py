"""Models of OpenRouter, which speaks chat completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playhead.messages import ModelSettings
from playhead.models._providers import Provider
from playhead.models.openai import OpenAIChatModel

if TYPE_CHECKING:
    import httpx

__all__ = ["OpenRouterModel", "OpenRouterProvider"]


class OpenRouterProvider(Provider):
    """OpenRouter, or a server that speaks its format at another URL."""

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__("openrouter", api_key=api_key, base_url=base_url, http_client=http_client)


class OpenRouterModel(OpenAIChatModel):
    """A model of OpenRouter."""

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "openrouter",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(model_name, provider=provider, profile=profile, settings=settings)
