"""What servers take that speak OpenAI's formats."""

from playhead.models.openai import OpenAIModelProfile

__all__ = ["OpenAIModelProfile"]
