"""The provider of Fireworks."""

from playhead.models.compatible import FireworksProvider

__all__ = ["FireworksProvider"]
