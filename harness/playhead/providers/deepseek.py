"""The provider of DeepSeek."""

from playhead.models.compatible import DeepSeekProvider

__all__ = ["DeepSeekProvider"]
