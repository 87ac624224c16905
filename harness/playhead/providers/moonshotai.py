"""The provider of Moonshot AI."""

from playhead.models.compatible import MoonshotAIProvider

__all__ = ["MoonshotAIProvider"]
