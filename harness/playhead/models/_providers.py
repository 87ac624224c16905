"""Providers: a table of who is asked where, in which dialect, and with which key.

`Provider` is one of them as a program uses it: by its name, with whatever differs (a key, a URL, a client). A further
one that speaks a known dialect is `Provider("mine", dialect="openai-chat", base_url=..., api_key=...)`; the shortest way
to one is `HttpModel("openai-chat", model, base_url=...)`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias
from urllib.parse import urlsplit

from playhead.exceptions import UserError

if TYPE_CHECKING:
    import httpx

__all__ = [
    "PROVIDERS",
    "Auth",
    "ChatProvider",
    "Provider",
    "ProviderRow",
    "azure_path",
    "google_cloud_path",
    "is_azure_v1",
]

Auth: TypeAlias = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "none"]
"""The header a key travels in."""


def _no_headers() -> dict[str, str]:
    return {}


@dataclass(slots=True, frozen=True)
class ProviderRow:
    """One line of the table. `base_url` has what stands before the dialect's own paths.

    `key_env` are the variables a key is looked for in, the first that is set wins. `key` says what happens without one:
    a helpful error, or the text that is sent in its place.
    """

    dialect: str
    base_url: str | None = None
    key_env: tuple[str, ...] = ()
    base_url_env: str | None = None
    auth: Auth = "bearer"
    key_default: str | None = None
    headers: dict[str, str] = field(default_factory=_no_headers)
    suffix: str = ""
    """What is added to a base URL that comes from outside, where the provider's SDK adds it."""


class Provider:
    """A provider, with what differs from its row. The key and the URL are read when a request is sent.

    `path` changes the dialect's path to the provider's, for those that have another one.
    """

    def __init__(
        self,
        name: str,
        *,
        dialect: str | None = None,
        base_url: str | None = None,
        api_key: str | Callable[[], str] | None = None,
        auth: Auth | None = None,
        http_client: httpx.AsyncClient | None = None,
        headers: dict[str, str] | None = None,
        path: Callable[[str, str], str] | None = None,
    ) -> None:
        row = PROVIDERS.get(name)
        if row is None and dialect is None:
            known = ", ".join(sorted(PROVIDERS))
            raise UserError(
                f"There is no provider {name!r}. Known are: {known}. For any other that speaks OpenAI's format, say "
                f'`dialect="openai-chat"` and its `base_url`.'
            )
        self.name = _SAME.get(name, name)
        self.row = row or ProviderRow(dialect or "")
        self.dialect = dialect or self.row.dialect
        self.auth: Auth = auth or self.row.auth
        self.http_client = http_client
        self.headers = {**self.row.headers, **(headers or {})}
        self._base_url = base_url
        self._api_key = api_key
        self._path = path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def base_url(self) -> str:
        """Where the provider is asked, without a slash at its end. `UserError` where nobody said it."""
        url = self._base_url
        if url is None and self.row.base_url_env:
            url = os.environ.get(self.row.base_url_env) or None
            if url is not None and self.row.suffix:
                url = url.rstrip("/").removesuffix(self.row.suffix) + self.row.suffix
        url = url or self.row.base_url
        if url is None:
            variable = (
                f"Set the `{self.row.base_url_env}` environment variable, or pass" if self.row.base_url_env else "Pass"
            )
            raise UserError(f"Where is {self.name!r}? {variable} `base_url=` (`http://host:port/v1`, for example).")
        return url.rstrip("/")

    def url(self, path: str, model: str) -> str:
        """The whole URL of a request."""
        if self._path is not None:
            path = self._path(path, model)
        return self.base_url + path

    def key(self) -> str | None:
        """The key. `UserError` that names the variable where there is none."""
        if self._api_key is not None:
            return self._api_key() if callable(self._api_key) else self._api_key
        for name in self.row.key_env:
            if found := os.environ.get(name):
                return found
        if self.row.key_default is not None:
            return self.row.key_default
        if not self.row.key_env or self.auth == "none":
            # A server of one's own mostly asks for none.
            return None
        names = " or ".join(f"`{name}`" for name in self.row.key_env)
        raise UserError(
            f"No key for {self.name!r}. Set the {names} environment variable, or pass `api_key=`. "
            "Inside of a cassette that is replayed, none is needed."
        )

    async def auth_headers(self) -> dict[str, str]:
        """The headers that say who asks."""
        key = self.key()
        if not key or self.auth == "none":
            return {}
        if self.auth == "bearer":
            return {"authorization": f"Bearer {key}"}
        return {self.auth: key}


class ChatProvider(Provider):
    """A provider that speaks chat completions; subclasses are named after it.

    `openai_client` is one of the `openai` package's; its key and URL are taken over.
    """

    provider: ClassVar[str] = "openai"

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        openai_client: Any = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        if openai_client is not None:
            if base_url is not None or api_key is not None or http_client is not None:
                raise UserError("`openai_client` has a URL, a key and a client of its own; pass it alone.")
            base_url, api_key = str(openai_client.base_url), openai_client.api_key
        super().__init__(self.provider, api_key=api_key, base_url=base_url, http_client=http_client)


def google_cloud_path(project: str | None, location: str | None) -> Callable[[str, str], str]:
    """How a path of the Gemini API reads on Google Cloud: below the project and location, or, with a key, without."""

    def change(path: str, model: str) -> str:
        tail = path.rsplit("/models/", 1)[-1]
        if "publishers/" in tail or tail.startswith("projects/"):
            return f"/v1beta1/{tail}"
        home = f"/projects/{project}/locations/{location}" if project else ""
        return f"/v1beta1{home}/publishers/google/models/{tail}"

    return change


def azure_path(api_version: str | None) -> Callable[[str, str], str]:
    """How a path reads on Azure: below the deployment, with the API's version in the query."""

    def change(path: str, model: str) -> str:
        version = api_version or os.environ.get("OPENAI_API_VERSION")
        if not version:
            raise UserError(
                "Azure wants to know the API's version: set the `OPENAI_API_VERSION` environment variable, pass "
                "`api_version=`, or use an endpoint that ends in `/v1`, which needs none."
            )
        home = "/openai" if path.startswith("/responses") else f"/openai/deployments/{model}"
        return f"{home}{path}?api-version={version}"

    return change


def is_azure_v1(endpoint: str) -> bool:
    """Whether an endpoint speaks OpenAI's own paths."""
    host = urlsplit(endpoint).hostname or ""
    return endpoint.rstrip("/").endswith("/v1") or host.endswith(".models.ai.azure.com")


def _chat(base_url: str | None, *key_env: str, **rest: Any) -> ProviderRow:
    return ProviderRow("openai-chat", base_url, key_env, **rest)


# Prefixes that only choose a dialect.
_SAME = {"openai-chat": "openai", "openai-responses": "openai"}
_OPENAI: dict[str, Any] = {"base_url_env": "OPENAI_BASE_URL"}
PROVIDERS: dict[str, ProviderRow] = {
    "alibaba": _chat("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "ALIBABA_API_KEY", "DASHSCOPE_API_KEY"),
    "anthropic": ProviderRow(
        "anthropic-messages",
        "https://api.anthropic.com",
        ("ANTHROPIC_API_KEY",),
        base_url_env="ANTHROPIC_BASE_URL",
        auth="x-api-key",
    ),
    "azure": _chat(None, "AZURE_OPENAI_API_KEY", base_url_env="AZURE_OPENAI_ENDPOINT", auth="api-key"),
    "cerebras": _chat("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepseek": _chat("https://api.deepseek.com", "DEEPSEEK_API_KEY"),
    "fireworks": _chat("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "github": _chat("https://models.github.ai/inference", "GITHUB_API_KEY"),
    "google-gla": ProviderRow(
        "google-generate",
        "https://generativelanguage.googleapis.com",
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        auth="x-goog-api-key",
    ),
    "google-vertex": ProviderRow("google-generate", None, ("GOOGLE_API_KEY",), auth="x-goog-api-key"),
    "grok": _chat("https://api.x.ai/v1", "GROK_API_KEY"),
    "groq": _chat("https://api.groq.com/openai/v1", "GROQ_API_KEY", base_url_env="GROQ_BASE_URL", suffix="/openai/v1"),
    "heroku": _chat(
        "https://us.inference.heroku.com/v1", "HEROKU_INFERENCE_KEY", base_url_env="HEROKU_INFERENCE_URL", suffix="/v1"
    ),
    "huggingface": _chat("https://router.huggingface.co/v1", "HF_TOKEN"),
    "litellm": _chat(None, base_url_env="LITELLM_BASE_URL", key_default="litellm-placeholder"),
    "mistral": _chat("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "moonshotai": _chat("https://api.moonshot.ai/v1", "MOONSHOTAI_API_KEY"),
    "nebius": _chat("https://api.studio.nebius.com/v1", "NEBIUS_API_KEY"),
    "ollama": _chat(None, "OLLAMA_API_KEY", base_url_env="OLLAMA_BASE_URL", key_default="api-key-not-set"),
    "openai": _chat("https://api.openai.com/v1", "OPENAI_API_KEY", **_OPENAI),
    "openai-chat": _chat("https://api.openai.com/v1", "OPENAI_API_KEY", **_OPENAI),
    "openai-responses": ProviderRow(
        "openai-responses", "https://api.openai.com/v1", ("OPENAI_API_KEY",), base_url_env="OPENAI_BASE_URL"
    ),
    "openrouter": _chat("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "ovhcloud": _chat("https://oai.endpoints.kepler.ai.cloud.ovh.net/v1", "OVHCLOUD_API_KEY"),
    "sambanova": _chat("https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY", base_url_env="SAMBANOVA_BASE_URL"),
    "together": _chat("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "vercel": _chat("https://ai-gateway.vercel.sh/v1", "VERCEL_AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"),
    "xai": _chat("https://api.x.ai/v1", "XAI_API_KEY"),
    "zai": _chat("https://api.z.ai/api/paas/v4", "ZAI_API_KEY"),
}
"""Every prefix of a model's name (`groq:llama-3.3-70b-versatile`) that speaks one of the dialects."""
