"""The provider of Google."""

from playhead.models.google import GoogleProvider

__all__ = ["GoogleProvider"]
