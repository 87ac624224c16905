"""Who answers under which host: a provider's name, by the names that models are asked for with."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

__all__ = ["provider_of"]


@lru_cache(maxsize=256)  # a run asks one provider again and again, and short replies cost little else
def provider_of(url: str) -> str | None:
    """The provider at this URL; None for hosts that nobody knows."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("localhost", "127.0.0.1") and parts.port == 11434:
        return "ollama"
    labels = host.split(".")
    for start in range(len(labels) - 1):
        provider = _HOSTS.get(".".join(labels[start:]))
        if provider is not None:
            return provider
    # Google Cloud's regions are part of the name: `us-east5-aiplatform…`, and `aiplatform.eu.rep…` for several of them.
    if host.endswith(("-aiplatform.googleapis.com", ".rep.googleapis.com")) and "aiplatform" in host:
        return "google-vertex"
    return None


_HOSTS = {
    "ai.azure.com": "azure",
    "aiplatform.googleapis.com": "google-vertex",
    "anthropic.com": "anthropic",
    "cerebras.ai": "cerebras",
    "cognitiveservices.azure.com": "azure",
    "crusoe.ai": "crusoe",
    "dashscope-intl.aliyuncs.com": "alibaba",
    "dashscope.aliyuncs.com": "alibaba",
    "deepseek.com": "deepseek",
    "fireworks.ai": "fireworks",
    "generativelanguage.googleapis.com": "google-gla",
    "githubcopilot.com": "github-copilot",
    "groq.com": "groq",
    "huggingface.co": "huggingface",
    "meta.ai": "meta",
    "mistral.ai": "mistral",
    "models.github.ai": "github",
    "moonshot.ai": "moonshotai",
    "moonshot.cn": "moonshotai",
    "nebius.ai": "nebius",
    "nebius.com": "nebius",
    "ollama.com": "ollama",
    "openai.azure.com": "azure",
    "openai.com": "openai",
    "openrouter.ai": "openrouter",
    "ovh.net": "ovhcloud",
    "perplexity.ai": "perplexity",
    "sambanova.ai": "sambanova",
    "snowflakecomputing.com": "snowflake",
    "together.ai": "together",
    "together.xyz": "together",
    "vercel.sh": "vercel",
    "x.ai": "xai",
    "z.ai": "zai",
}
