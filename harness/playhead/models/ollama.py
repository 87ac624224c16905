"""Models of Ollama, which speaks chat completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from playhead.messages import ModelSettings
from playhead.models._providers import ChatProvider, Provider
from playhead.models.openai import OpenAIChatModel

if TYPE_CHECKING:
    import httpx

__all__ = ["OllamaModel", "OllamaModelSettings", "OllamaProvider"]

OllamaModelSettings = ModelSettings


class OllamaProvider(ChatProvider):
    """Ollama, or a server that speaks its format at another URL."""

    provider: ClassVar[str] = "ollama"

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        openai_client: Any = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(base_url=base_url, api_key=api_key, openai_client=openai_client, http_client=http_client)


class OllamaModel(OpenAIChatModel):
    """A model of Ollama."""

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "ollama",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(model_name, provider=provider, profile=profile, settings=settings)
