"""Providers that speak chat completions and have no class of models of their own: `OpenAIChatModel(..., provider=...)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from playhead.models._providers import ChatProvider

if TYPE_CHECKING:
    import httpx

__all__ = [
    "AlibabaProvider",
    "DeepSeekProvider",
    "FireworksProvider",
    "GitHubProvider",
    "GrokProvider",
    "HerokuProvider",
    "LiteLLMProvider",
    "MoonshotAIProvider",
    "NebiusProvider",
    "OVHcloudProvider",
    "SambaNovaProvider",
    "TogetherProvider",
    "VercelProvider",
]


class LiteLLMProvider(ChatProvider):
    """A LiteLLM proxy, at `api_base`."""

    provider: ClassVar[str] = "litellm"

    def __init__(
        self,
        *,
        api_key: str | None = None,
        api_base: str | None = None,
        openai_client: Any = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(api_key=api_key, base_url=api_base, openai_client=openai_client, http_client=http_client)


class AlibabaProvider(ChatProvider):
    """Alibaba Cloud."""

    provider: ClassVar[str] = "alibaba"


class DeepSeekProvider(ChatProvider):
    """DeepSeek."""

    provider: ClassVar[str] = "deepseek"


class FireworksProvider(ChatProvider):
    """Fireworks."""

    provider: ClassVar[str] = "fireworks"


class GitHubProvider(ChatProvider):
    """GitHub Models."""

    provider: ClassVar[str] = "github"


class GrokProvider(ChatProvider):
    """xAI, under its older name."""

    provider: ClassVar[str] = "grok"


class HerokuProvider(ChatProvider):
    """Heroku."""

    provider: ClassVar[str] = "heroku"


class MoonshotAIProvider(ChatProvider):
    """Moonshot AI."""

    provider: ClassVar[str] = "moonshotai"


class NebiusProvider(ChatProvider):
    """Nebius."""

    provider: ClassVar[str] = "nebius"


class OVHcloudProvider(ChatProvider):
    """OVHcloud."""

    provider: ClassVar[str] = "ovhcloud"


class SambaNovaProvider(ChatProvider):
    """SambaNova."""

    provider: ClassVar[str] = "sambanova"


class TogetherProvider(ChatProvider):
    """Together AI."""

    provider: ClassVar[str] = "together"


class VercelProvider(ChatProvider):
    """Vercel's AI gateway."""

    provider: ClassVar[str] = "vercel"
