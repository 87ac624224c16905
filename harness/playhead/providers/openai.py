"""The provider of OpenAI."""

from playhead.models.openai import OpenAIProvider

__all__ = ["OpenAIProvider"]
