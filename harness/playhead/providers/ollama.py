"""The provider of Ollama."""

from playhead.models.ollama import OllamaProvider

__all__ = ["OllamaProvider"]
