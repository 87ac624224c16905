"""The provider of Groq."""

from playhead.models.groq import GroqProvider

__all__ = ["GroqProvider"]
