"""Models of Mistral, which speaks chat completions."""

from __future__ import annotations

from typing import Any, ClassVar

from playhead.messages import ModelSettings
from playhead.models._providers import ChatProvider, Provider
from playhead.models.openai import OpenAIChatModel

__all__ = ["MistralModel", "MistralModelSettings", "MistralProvider"]

MistralModelSettings = ModelSettings


class MistralProvider(ChatProvider):
    """Mistral, or a server that speaks its format at another URL."""

    provider: ClassVar[str] = "mistral"


class MistralModel(OpenAIChatModel):
    """A model of Mistral."""

    _builtin_tools = frozenset()

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "mistral",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(model_name, provider=provider, profile=profile, settings=settings)
