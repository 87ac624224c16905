"""The provider of Hugging Face."""

from playhead.models.huggingface import HuggingFaceProvider

__all__ = ["HuggingFaceProvider"]
