"""The older name of the provider of the Gemini API."""

from playhead.models.google import GoogleGLAProvider

__all__ = ["GoogleGLAProvider"]
