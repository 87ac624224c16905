"""The provider of a LiteLLM proxy."""

from playhead.models.compatible import LiteLLMProvider

__all__ = ["LiteLLMProvider"]
