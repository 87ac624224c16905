"""The provider of Together AI."""

from playhead.models.compatible import TogetherProvider

__all__ = ["TogetherProvider"]
