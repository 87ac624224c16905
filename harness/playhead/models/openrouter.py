"""Models of OpenRouter, which speaks chat completions."""

from __future__ import annotations

from typing import Any, ClassVar

from playhead.messages import ModelSettings
from playhead.models._providers import ChatProvider, Provider
from playhead.models.openai import OpenAIChatModel

__all__ = ["OpenRouterModel", "OpenRouterModelSettings", "OpenRouterProvider"]

OpenRouterModelSettings = ModelSettings


class OpenRouterProvider(ChatProvider):
    """OpenRouter, or a server that speaks its format at another URL."""

    provider: ClassVar[str] = "openrouter"


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
