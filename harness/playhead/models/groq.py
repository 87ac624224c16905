"""Models of Groq, which speaks chat completions."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from playhead.messages import ModelSettings
from playhead.models._providers import ChatProvider, Provider
from playhead.models.openai import OpenAIChatModel

__all__ = ["GroqModel", "GroqModelSettings", "GroqProvider"]


class GroqModelSettings(ModelSettings, total=False):
    """Settings of Groq beside the shared ones."""

    groq_reasoning_format: Literal["hidden", "raw", "parsed"]


class GroqProvider(ChatProvider):
    """Groq, or a server that speaks its format at another URL."""

    provider: ClassVar[str] = "groq"


class GroqModel(OpenAIChatModel):
    """A model of Groq."""

    _body_settings: ClassVar[dict[str, str]] = {"groq_reasoning_format": "reasoning_format"}

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "groq",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(model_name, provider=provider, profile=profile, settings=settings)
