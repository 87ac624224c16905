"""The provider of Mistral."""

from playhead.models.mistral import MistralProvider

__all__ = ["MistralProvider"]
