"""Providers: each has a module under the reference's name, and takes a key, a URL or a client."""

from __future__ import annotations

import importlib
import pkgutil
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

import playhead.providers
from playhead.exceptions import UserError
from playhead.models import PROVIDERS
from playhead.models.openai import OpenAIChatModel
from playhead.providers import Provider, infer_provider

MODULES = [module.name for module in pkgutil.iter_modules(playhead.providers.__path__) if module.name != "google_gla"]
"""Without the older path of `google`."""
SAME = {"google": "google-gla"}


def made(name: str) -> Any:
    module = importlib.import_module(f"playhead.providers.{name}")
    [class_name] = module.__all__
    return getattr(module, class_name)


@pytest.mark.parametrize("name", MODULES)
def test_a_provider_has_the_name_of_its_module_and_a_row_in_the_table(name: str):
    url = {"azure": "azure_endpoint", "litellm": "api_base"}.get(name, "base_url")
    provider = made(name)(api_key="k", **{url: "http://here/v1/"})
    assert isinstance(provider, Provider)
    assert provider.name == SAME.get(name, name)
    assert provider.name in PROVIDERS
    assert (provider.key(), provider.base_url) == ("k", "http://here/v1")


def test_every_prefix_has_a_module():
    served = {SAME.get(name, name) for name in MODULES}
    assert set(PROVIDERS) - served == {"google-vertex", "openai-chat", "openai-responses", "zai"}


@pytest.mark.parametrize("name", ["deepseek", "groq", "openai", "together"])
def test_a_client_of_the_openai_package_is_taken_over_alone(name: str):
    client = SimpleNamespace(base_url="http://here/v1/", api_key="k")
    provider = made(name)(openai_client=client)
    assert (provider.base_url, provider.key()) == ("http://here/v1", "k")
    with pytest.raises(UserError, match="pass it alone"):
        made(name)(openai_client=client, api_key="other")


async def test_a_provider_brings_its_http_client():
    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "1", "choices": [{"message": {"content": str(request.url)}}]})

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    model = OpenAIChatModel("m", provider=made("deepseek")(api_key="k", http_client=client))
    from playhead.messages import ModelRequest, ModelRequestParameters

    reply = await model.request([ModelRequest.user_text_prompt("x")], None, ModelRequestParameters())
    assert reply.text == "https://api.deepseek.com/chat/completions"
    assert reply.provider_name == "deepseek"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_row_can_be_inferred(name: str):
    assert infer_provider(name).row == PROVIDERS[name]


def test_the_variables_of_google_are_both_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GEMINI_API_KEY", "older")
    assert infer_provider("google").key() == "older"
    monkeypatch.setenv("GOOGLE_API_KEY", "newer")
    assert infer_provider("google").key() == "newer"


def test_replaying_needs_none_of_the_keys():
    from playhead.cassette._open import REPLAY_KEYS

    assert {row.key_env[0] for row in PROVIDERS.values() if row.key_env} <= set(REPLAY_KEYS)
