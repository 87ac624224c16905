"""The provider of xAI."""

from playhead.models.xai import XaiProvider

__all__ = ["XaiProvider"]
