"""Models of OpenRouter, which speaks chat completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from playhead.messages import ModelSettings
from playhead.models._providers import ChatProvider, Provider
from playhead.models.openai import OpenAIChatModel

if TYPE_CHECKING:
    import httpx

__all__ = ["OpenRouterModel", "OpenRouterModelSettings", "OpenRouterProvider"]

OpenRouterModelSettings = ModelSettings


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

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "openrouter",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(model_name, provider=provider, profile=profile, settings=settings)
