"""What the known models can do, by provider and by the model's name."""

from __future__ import annotations

from collections.abc import Callable

from playhead.models._profile import DEFAULT_PROFILE, ModelProfile

__all__ = ["profile_of"]


def profile_of(provider: str, model: str) -> ModelProfile:
    """The profile of a model as `provider` serves it; the default one for what nobody knows."""
    find = _PROVIDERS.get(provider)
    if find is not None:
        return find(model)
    return DEFAULT_PROFILE


def _anthropic(model: str) -> ModelProfile:
    structured = ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-1")
    return ModelProfile(
        thinking_tags=("<thinking>", "</thinking>"),
        supports_json_schema_output=model.startswith(
            (*structured, "claude-opus-4-5", "claude-opus-4-6", "claude-opus-4-7")
        ),
        supports_thinking=True,
    )


def _google(model: str) -> ModelProfile:
    pictures, newest = "image" in model, "gemini-3" in model
    thinks = newest or "gemini-2.5" in model
    return ModelProfile(
        supports_image_output=pictures,
        supports_json_schema_output=newest or not pictures,
        supports_json_object_output=newest or not pictures,
        supports_tools=not pictures,
        supports_tool_return_schema=not pictures,
        supports_thinking=thinks,
        thinking_always_enabled=thinks and "pro" in model and "flash" not in model,
    )


def _openai(model: str) -> ModelProfile:
    later_5 = model.startswith(("gpt-5.1", "gpt-5.2", "gpt-5.3", "gpt-5.4"))
    first_5 = model.startswith("gpt-5") and not later_5
    always = model.startswith("o") or (first_5 and "-chat" not in model)
    return ModelProfile(
        supports_json_schema_output=True,
        supports_json_object_output=True,
        supports_image_output=first_5 or later_5 or any(name in model for name in ("o3", "4.1", "4o")),
        supports_thinking=(always or later_5) and not model.startswith("gpt-5.3-chat"),
        thinking_always_enabled=always,
    )


def _deepseek(model: str) -> ModelProfile:
    reasons = "r1" in model
    return ModelProfile(
        ignore_streamed_leading_whitespace=reasons, supports_thinking=reasons, thinking_always_enabled=reasons
    )


def _mistral(model: str) -> ModelProfile:
    reasons = model.startswith("magistral")
    return ModelProfile(supports_thinking=reasons, thinking_always_enabled=reasons)


def _qwen(model: str) -> ModelProfile:
    reasons = model.startswith(("qwen3", "qwq", "qwen-3"))
    return ModelProfile(
        ignore_streamed_leading_whitespace=True,
        supports_thinking=reasons,
        thinking_always_enabled=model.startswith("qwq"),
    )


def _groq(model: str) -> ModelProfile:
    model = model.lower()
    if model.startswith("openai/"):
        return _openai(model.removeprefix("openai/"))
    reasons = model.startswith(("qwen/qwen3", "qwen-qwq", "deepseek-r1"))
    if model.startswith("moonshotai/"):
        return ModelProfile(supports_json_object_output=True, supports_json_schema_output=True)
    if model.startswith("meta-llama/"):
        return ModelProfile(
            supports_json_object_output=True, supports_json_schema_output=model.startswith("meta-llama/llama-4")
        )
    return ModelProfile(
        ignore_streamed_leading_whitespace=model.startswith(("qwen", "deepseek-r1")),
        supports_thinking=reasons,
        thinking_always_enabled=reasons and not model.startswith("qwen/qwen3"),
    )


def _by_family(model: str) -> ModelProfile:
    """For providers that serve models of many makers: by the words in the model's name."""
    name = model.lower().rsplit("/", 1)[-1].split(":", 1)[0]
    for word, find in _FAMILIES.items():
        if word in name:
            return find(name.replace(".", "-") if word == "claude" else name)
    return DEFAULT_PROFILE


def _compatible(model: str) -> ModelProfile:
    """As by the maker, but always with schemas: what speaks OpenAI's format is taken to know them."""
    found = _by_family(model)
    return ModelProfile(supports_json_schema_output=True, supports_json_object_output=True).update(found)


_FAMILIES: dict[str, Callable[[str], ModelProfile]] = {
    "claude": _anthropic,
    "deepseek": _deepseek,
    "gemini": _google,
    "gpt": _openai,
    "magistral": _mistral,
    "qwen": _qwen,
    "qwq": _qwen,
}
_PROVIDERS: dict[str, Callable[[str], ModelProfile]] = {
    "alibaba": _compatible,
    "anthropic": _anthropic,
    "azure": _openai,
    "cerebras": _compatible,
    "deepseek": _compatible,
    "fireworks": _compatible,
    "github": _compatible,
    "google": _google,
    "google-gla": _google,
    "google-vertex": _google,
    "grok": _compatible,
    "groq": _groq,
    "heroku": _compatible,
    "huggingface": _compatible,
    "litellm": _compatible,
    "mistral": _mistral,
    "moonshotai": _compatible,
    "nebius": _compatible,
    "ollama": _compatible,
    "openai": _openai,
    "openai-chat": _openai,
    "openai-responses": _openai,
    "openrouter": _compatible,
    "ovhcloud": _compatible,
    "sambanova": _compatible,
    "together": _compatible,
    "vercel": _compatible,
    "xai": _compatible,
    "zai": _compatible,
}
