"""Models of Hugging Face, which speaks chat completions."""

from __future__ import annotations

from typing import Any, ClassVar

from playhead.messages import ModelSettings
from playhead.models._providers import ChatProvider, Provider
from playhead.models.openai import OpenAIChatModel

__all__ = ["HuggingFaceModel", "HuggingFaceModelSettings", "HuggingFaceProvider"]

HuggingFaceModelSettings = ModelSettings


class HuggingFaceProvider(ChatProvider):
    """Hugging Face, or a server that speaks its format at another URL."""

    provider: ClassVar[str] = "huggingface"


class HuggingFaceModel(OpenAIChatModel):
    """A model of Hugging Face."""

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "huggingface",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(model_name, provider=provider, profile=profile, settings=settings)
