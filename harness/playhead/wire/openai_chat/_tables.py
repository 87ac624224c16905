"""What OpenAI-compatible providers add to chat completions, as data.

Sources: https://platform.openai.com/docs/api-reference/chat, https://openrouter.ai/docs/api-reference/overview,
https://api-docs.deepseek.com, https://console.groq.com/docs, https://docs.mistral.ai/api, https://docs.z.ai, and
recordings of each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playhead.messages import FinishReason
from playhead.usage import RequestUsage
from playhead.wire._json import as_dict, as_whole

__all__ = [
    "FINISH_REASONS",
    "REASONING_FIELDS",
    "WIRE_FINISH_REASONS",
    "Family",
    "family_of",
    "is_counted",
    "read_usage",
    "write_usage",
]

FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_call",
    "function_call": "tool_call",  # the API before tools
    "content_filter": "content_filter",
    "error": "error",  # Mistral, OpenRouter
    "model_length": "length",  # Mistral
    "eos_token": "stop",  # Hugging Face (text-generation-inference)
    "stop_sequence": "stop",  # Hugging Face (text-generation-inference)
    "sensitive": "content_filter",  # Z.ai
    "network_error": "error",  # Z.ai
    "model_context_window_exceeded": "length",  # Z.ai
}
"""The providers' words to those that all dialects share; others stay None."""

WIRE_FINISH_REASONS: dict[FinishReason, str] = {
    "stop": "stop",
    "length": "length",
    "tool_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
}

REASONING_FIELDS = ("reasoning", "reasoning_content", "reasoning_text")
"""Where a delta or message may hold reasoning as text: gpt-oss servers, OpenRouter, Groq; DeepSeek and most others;
GitHub Copilot. Where there are several they say the same, and the first counts."""


SETTINGS: dict[str, str] = {
    "frequency_penalty": "frequency_penalty",
    "logit_bias": "logit_bias",
    "max_tokens": "max_completion_tokens",
    "openai_logprobs": "logprobs",
    "openai_prediction": "prediction",
    "openai_prompt_cache_key": "prompt_cache_key",
    "openai_prompt_cache_retention": "prompt_cache_retention",
    "openai_reasoning_effort": "reasoning_effort",
    "openai_service_tier": "service_tier",
    "openai_store": "store",
    "openai_top_logprobs": "top_logprobs",
    "openai_user": "user",
    "parallel_tool_calls": "parallel_tool_calls",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "stop_sequences": "stop",
    "temperature": "temperature",
    "top_p": "top_p",
}
"""Settings and the fields of the body that they are."""

EFFORTS: dict[bool | str, str] = {
    True: "medium",
    False: "none",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
}
"""The setting `thinking` as `reasoning_effort`."""


@dataclass(frozen=True, slots=True)
class Family:
    """What must be known of a model to read its text."""

    tags: tuple[str, str] = ("<think>", "</think>")
    """Between these a model that has no field for it writes its reasoning into the text; empty where it never does."""
    drops_leading_space: bool = False
    """The template of these models puts line ends before the answer; a part of space alone would look like one. Hosts
    of many models pass them on, the models' own makers do not."""


_PLAIN = Family()
_UNTAGGED = Family(tags=("", ""))  # Mistral has typed content for reasoning.
_FAMILIES: tuple[tuple[re.Pattern[str], Family], ...] = (
    (re.compile(r"claude"), Family(tags=("<thinking>", "</thinking>"))),
    (re.compile(r"^(qwen|qwq)"), Family(drops_leading_space=True)),
    (re.compile(r"^(deepseek-r1|r1$|deepseek-reasoner$)"), Family(drops_leading_space=True)),
    (re.compile(r"^(kimi|moonshot)"), Family(drops_leading_space=True)),
    (re.compile(r"^gpt-oss"), Family(drops_leading_space=True)),
)


_HOSTS_OF_MANY = frozenset(("cerebras", "groq", "openrouter"))


def family_of(model: str | None, provider: str | None) -> Family:
    """How the model of this name writes; names of gateways (`vendor/model`, `accounts/x/models/y`) count by their end."""
    if provider == "mistral":
        return _UNTAGGED
    if not model:
        return _PLAIN
    name = model.lower().rpartition("/")[2]
    family = next((family for pattern, family in _FAMILIES if pattern.search(name)), _PLAIN)
    return _PLAIN if family.drops_leading_space and provider not in _HOSTS_OF_MANY else family


_COUNTED = frozenset(("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens"))


def opening_tags() -> frozenset[str]:
    """All tags with which some model begins its reasoning within the text."""
    return _OPENING_TAGS


_OPENING_TAGS = frozenset((_PLAIN.tags[0], *(family.tags[0] for _, family in _FAMILIES)))


def read_usage(wire: dict[str, Any]) -> RequestUsage:
    """Token counts. Everything else that is a count goes to `details` under the provider's name for it."""
    prompt = as_dict(wire.get("prompt_tokens_details"))
    completion = as_dict(wire.get("completion_tokens_details"))
    details = {name: int(count) for name, count in wire.items() if isinstance(count, int) and name not in _COUNTED}
    details.update((name, int(count)) for name, count in completion.items() if isinstance(count, int))
    input_tokens = as_whole(wire.get("prompt_tokens")) or as_whole(wire.get("input_tokens"))
    output_tokens = as_whole(wire.get("completion_tokens")) or as_whole(wire.get("output_tokens"))
    reasoning = as_whole(completion.get("reasoning_tokens")) or as_whole(wire.get("reasoning_tokens"))
    if reasoning and as_whole(wire.get("total_tokens")) == input_tokens + output_tokens + reasoning:
        # xAI and Perplexity count reasoning beside the completion, all others within it.
        output_tokens += reasoning
    return RequestUsage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=as_whole(prompt.get("cached_tokens")),
        cache_write_tokens=as_whole(prompt.get("cache_write_tokens")),
        input_audio_tokens=as_whole(prompt.get("audio_tokens")),
        output_audio_tokens=as_whole(completion.get("audio_tokens")),
        details=details,
    )


_COMPLETION_DETAILS = (
    "reasoning_tokens",
    "audio_tokens",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "image_tokens",
)


def is_counted(usage: RequestUsage) -> bool:
    """Whether there is anything in a usage that the wire can say."""
    return usage.has_values() and read_usage(write_usage(usage)).has_values()


def write_usage(usage: RequestUsage) -> dict[str, Any]:
    """The counts in the shape of the wire."""
    details = dict(usage.details)
    completion = {name: details.pop(name) for name in _COMPLETION_DETAILS if name in details}
    if usage.output_audio_tokens:
        completion["audio_tokens"] = usage.output_audio_tokens
    prompt = {
        "cached_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "audio_tokens": usage.input_audio_tokens,
    }
    wire: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    if any(prompt.values()):
        wire["prompt_tokens_details"] = {name: count for name, count in prompt.items() if count}
    if completion:
        wire["completion_tokens_details"] = completion
    wire.update((name, count) for name, count in details.items() if name not in wire)
    return wire
