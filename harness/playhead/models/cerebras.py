"""Models of Cerebras, which speaks chat completions."""

from __future__ import annotations

from typing import Any, ClassVar

from playhead.messages import ModelSettings
from playhead.models._providers import ChatProvider, Provider
from playhead.models.openai import OpenAIChatModel

__all__ = ["CerebrasModel", "CerebrasModelSettings", "CerebrasProvider"]


class CerebrasModelSettings(ModelSettings, total=False):
    """Settings of Cerebras beside the shared ones."""

    cerebras_disable_reasoning: bool


class CerebrasProvider(ChatProvider):
    """Cerebras, or a server that speaks its format at another URL."""

    provider: ClassVar[str] = "cerebras"


class CerebrasModel(OpenAIChatModel):
    """A model of Cerebras."""

    _body_settings: ClassVar[dict[str, str]] = {"cerebras_disable_reasoning": "disable_reasoning"}

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "cerebras",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(model_name, provider=provider, profile=profile, settings=settings)
