"""The older path of Google's models."""

from playhead.models.google import GeminiModel

__all__ = ["GeminiModel"]
