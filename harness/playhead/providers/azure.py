"""The provider of OpenAI's models on Azure."""

from playhead.models.openai import AzureProvider

__all__ = ["AzureProvider"]
