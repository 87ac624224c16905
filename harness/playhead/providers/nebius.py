"""The provider of Nebius."""

from playhead.models.compatible import NebiusProvider

__all__ = ["NebiusProvider"]
