"""From a model's name to the model: `provider:model`."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from typing import Any

from playhead._deprecated import newer_provider, provider_of_bare_name
from playhead.exceptions import UserError
from playhead.models._model import Model
from playhead.models._profile import DEFAULT_PROFILE, ModelProfile
from playhead.models._profiles import profile_of
from playhead.models._providers import PROVIDERS, Provider

__all__ = ["infer_model", "infer_model_profile", "infer_provider", "parse_model_id"]

_ALIASES = {"google": "google-gla"}
_CLASSES: dict[str, tuple[str, str]] = {
    "anthropic": ("anthropic", "AnthropicModel"),
    "google-gla": ("google", "GoogleModel"),
    "google-vertex": ("google", "GoogleModel"),
    "groq": ("groq", "GroqModel"),
    "huggingface": ("huggingface", "HuggingFaceModel"),
    "mistral": ("mistral", "MistralModel"),
    "cerebras": ("cerebras", "CerebrasModel"),
    "ollama": ("ollama", "OllamaModel"),
    "openrouter": ("openrouter", "OpenRouterModel"),
    "openai-responses": ("openai", "OpenAIResponsesModel"),
    "xai": ("xai", "XaiModel"),
}
_OTHER_WIRES = {
    "bedrock": "speaks a format of its own; ask the models it hosts by Anthropic's or another provider's own interface",
    "cohere": "speaks a format of its own; its compatibility interface is "
    '`HttpModel("openai-chat", model, base_url="https://api.cohere.ai/compatibility/v1", api_key_env="CO_API_KEY")`',
    "outlines": "runs models in this process",
}


def parse_model_id(model: str) -> tuple[str | None, str]:
    """The provider's and the model's name. The provider is None where nothing says it.

    A bare name of a well-known family (`gpt-4o`, `claude-...`, `gemini-...`) is understood, with a `DeprecationWarning`.
    """
    provider, colon, name = model.partition(":")
    if colon:
        return provider, name
    return provider_of_bare_name(model), model


def infer_model(model: Model | str, provider_factory: Callable[[str], Provider] | None = None) -> Model:
    """The model of a name such as `openai:gpt-5`, `anthropic:claude-sonnet-4-5` or `test`; a model as it is.

    `UserError` for a name that says no provider, or one that nobody knows, and for what is neither name nor model.
    """
    if isinstance(model, Model):
        return model
    if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _no_model(model)
    if model == "test":
        from playhead.models.test import TestModel

        return TestModel()
    provider, name = parse_model_id(model)
    if provider is None:
        raise UserError(
            f"Unknown model: {model}. A model is named with its provider: 'openai:gpt-5', 'anthropic:claude-sonnet-4-5', "
            "'google-gla:gemini-2.5-pro'."
        )
    provider = newer_provider(provider)
    provider = _ALIASES.get(provider, provider)
    if provider not in PROVIDERS:
        why = _OTHER_WIRES.get(provider)
        raise UserError(
            f"Unknown model: {model}. "
            + (
                f"{provider!r} {why}."
                if why
                else f"{_nearest(provider)}Known providers are: {', '.join(sorted(PROVIDERS))}."
            )
        )
    module, class_name = _CLASSES.get(provider, ("openai", "OpenAIChatModel"))
    make = _load(module, class_name)
    return make(name, provider=provider_factory(provider) if provider_factory is not None else provider)


def infer_provider(provider: str) -> Provider:
    """The provider of a name in the table. `UserError` for any other."""
    provider = newer_provider(provider)
    provider = _ALIASES.get(provider, provider)
    if provider in ("google-gla", "google-vertex"):
        return _load("google", "GoogleProvider")(vertexai=provider == "google-vertex")
    if provider == "azure":
        return _load("openai", "AzureProvider")()
    if provider not in PROVIDERS:
        why = _OTHER_WIRES.get(provider)
        raise UserError(
            f"Unknown provider: {provider}. "
            + (f"It {why}." if why else f"{_nearest(provider)}Known are: {', '.join(sorted(PROVIDERS))}.")
        )
    return Provider(provider)


def _no_model(given: Any) -> UserError:
    if type(given).__module__.partition(".")[0] == "pydantic_ai":
        return UserError(
            f"{type(given).__name__} is a model of pydantic-ai's: a Playhead agent takes the class of that name from "
            "playhead.models, and pydantic-ai's agent takes this one."
        )
    hint = " Is a call missing, as in `fake_model(...)`?" if callable(given) else ""
    return UserError(f"A model is a `Model` or a name such as 'openai:gpt-5', not {given!r}.{hint}")


def _nearest(provider: str) -> str:
    close = difflib.get_close_matches(provider, [*PROVIDERS, *_ALIASES], 1)
    return f"Did you mean {close[0]!r}? " if close else ""


def _load(module: str, name: str) -> Any:
    # By name, because these modules stand above this one, and to load only what is asked for.
    return getattr(import_module(f"playhead.models.{module}"), name)


def infer_model_profile(model: str) -> ModelProfile:
    """What a model of this name can do, without making it; the default profile for a name that nobody knows."""
    provider, name = parse_model_id(model)
    return DEFAULT_PROFILE if provider is None else profile_of(_ALIASES.get(provider, provider), name)
