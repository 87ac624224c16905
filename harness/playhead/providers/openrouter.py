"""The provider of OpenRouter."""

from playhead.models.openrouter import OpenRouterProvider

__all__ = ["OpenRouterProvider"]
