"""From names to models."""

from __future__ import annotations

import warnings
from typing import Any, get_args

import pytest

from playhead.exceptions import UserError
from playhead.models import (
    PROVIDERS,
    HttpModel,
    KnownModelName,
    Provider,
    infer_model,
    infer_model_profile,
    infer_provider,
    parse_model_id,
)
from playhead.models.anthropic import AnthropicModel
from playhead.models.google import GeminiModel, GoogleModel
from playhead.models.groq import GroqModel
from playhead.models.openai import OpenAIChatModel, OpenAIModel, OpenAIResponsesModel
from playhead.models.test import TestModel

CHAT_PREFIXES = [
    "alibaba", "azure", "cerebras", "deepseek", "fireworks", "github", "grok", "groq", "heroku", "huggingface", "litellm",
    "mistral", "moonshotai", "nebius", "ollama", "openai", "openai-chat", "openrouter", "ovhcloud", "sambanova", "together",
    "vercel", "xai", "zai",
]  # fmt: skip
OTHERS = {
    "anthropic": "anthropic-messages",
    "google": "google-generate",
    "google-gla": "google-generate",
    "google-vertex": "google-generate",
    "openai-responses": "openai-responses",
}


@pytest.mark.parametrize("prefix", [*CHAT_PREFIXES, *OTHERS])
def test_every_prefix_chooses_a_dialect_and_needs_no_key_to_do_so(prefix: str):
    model = infer_model(f"{prefix}:some/model:free")
    assert isinstance(model, HttpModel)
    assert model.dialect.name == OTHERS.get(prefix, "openai-chat")
    assert model.model_name == "some/model:free"
    assert model.system == {"google": "google-gla", "openai-chat": "openai", "openai-responses": "openai"}.get(
        prefix, prefix
    )


def test_the_table_has_no_row_that_is_not_tested_above():
    assert set(PROVIDERS) == {*CHAT_PREFIXES, *OTHERS} - {"google"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openai:gpt-5", OpenAIChatModel),
        ("openai-responses:gpt-5", OpenAIResponsesModel),
        ("anthropic:claude-sonnet-4-5", AnthropicModel),
        ("google-gla:gemini-2.5-pro", GoogleModel),
        ("groq:llama-3.3-70b-versatile", GroqModel),
        ("deepseek:deepseek-chat", OpenAIChatModel),
        ("test", TestModel),
    ],
)
def test_a_name_gives_the_class_of_its_provider(name: str, expected: type):
    assert type(infer_model(name)) is expected


@pytest.mark.parametrize(
    ("bare", "full"),
    [
        ("gpt-4o", "openai:gpt-4o"),
        ("o3-mini", "openai:o3-mini"),
        ("claude-3-5-haiku-latest", "anthropic:claude-3-5-haiku-latest"),
        ("gemini-1.5-flash", "google-gla:gemini-1.5-flash"),
    ],
)
def test_a_bare_name_works_and_says_what_to_write_instead(bare: str, full: str):
    with pytest.warns(DeprecationWarning, match=f"write '{full}'"):
        model = infer_model(bare)
    assert model.model_id == full


def test_the_older_name_of_google_cloud_works():
    with pytest.warns(DeprecationWarning, match="google-vertex"):
        assert infer_model("vertexai:gemini-2.5-pro").system == "google-vertex"


def test_older_class_names_work():
    with pytest.warns(DeprecationWarning, match="OpenAIChatModel"):
        assert isinstance(OpenAIModel("gpt-4o"), OpenAIChatModel)
    with pytest.warns(DeprecationWarning, match="GoogleModel"):
        assert isinstance(GeminiModel("gemini-1.5-flash"), GoogleModel)


def test_a_model_is_taken_as_it_is():
    model = TestModel()
    assert infer_model(model) is model


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("llama3", "named with its provider"),
        ("nowhere:x", "Known providers are: alibaba, anthropic"),
        ("bedrock:anthropic.claude", "a format of its own"),
        ("cohere:command-r", "openai-chat"),
    ],
)
def test_a_name_that_nobody_knows_is_refused_with_what_to_write(name: str, message: str):
    with pytest.raises(UserError, match="Unknown model") as caught:
        infer_model(name)
    assert message in str(caught.value)


def test_providers_can_come_from_a_function():
    made: list[str] = []

    def make(name: str) -> Provider:
        made.append(name)
        return Provider(name, api_key="k", base_url="http://here/v1")

    model: Any = infer_model("groq:x", make)
    assert made == ["groq"]
    assert (model.base_url, model.provider.key()) == ("http://here/v1", "k")


def test_unknown_providers_are_refused():
    with pytest.raises(UserError, match="Unknown provider"):
        infer_provider("nowhere")


@pytest.mark.parametrize(
    "name", ["openai:gpt-5", "anthropic:claude-opus-4-7", "google-gla:gemini-3-pro", "groq:x", "x"]
)
def test_profiles_are_known_without_making_a_model(name: str):
    profile = infer_model_profile(name)
    assert profile.supports_json_schema_output == (name not in ("groq:x", "x"))


def test_every_name_that_editors_complete_can_be_made():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in get_args(KnownModelName):
            model = infer_model(name)
            assert name == "test" or model.model_name == parse_model_id(name)[1]
