"""The provider of xAI, under its older name."""

from playhead.models.compatible import GrokProvider

__all__ = ["GrokProvider"]
