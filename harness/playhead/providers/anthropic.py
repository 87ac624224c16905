"""The provider of Anthropic."""

from playhead.models.anthropic import AnthropicProvider

__all__ = ["AnthropicProvider"]
