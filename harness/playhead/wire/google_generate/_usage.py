"""Counts of tokens as this provider has them: a snapshot in each chunk, whose fields may be missing in later ones.

What the model thought counts as output, and what the provider's own tools put into the prompt counts as input.
"""

from __future__ import annotations

from typing import Any

from playhead.usage import RequestUsage
from playhead.wire._json import as_dict, as_list, as_whole
from playhead.wire.google_generate._fields import enum_name

__all__ = ["read_usage", "write_usage"]


def read_usage(raw: dict[str, Any], known: RequestUsage | None = None) -> RequestUsage:
    """The usage that `usageMetadata` (in `camelCase`) says; what it leaves out stays as `known`."""
    count = {name: as_whole(raw.get(name)) for name in _COUNTS}
    if not any(count.values()) and not any(map(raw.get, _LISTS)):
        return known or RequestUsage()
    details = {key: count[name] for name, key in _COUNT_DETAILS.items() if count[name]}
    audio: dict[str, int] = {}
    for name, prefix in _LISTS.items():
        for item in map(as_dict, as_list(raw.get(name))):
            modality, tokens = enum_name("modality", item.get("modality")), as_whole(item.get("tokenCount"))
            if modality and tokens:
                details[f"{modality.lower()}_{prefix}_tokens"] = tokens
                if modality == "AUDIO":
                    audio[prefix] = tokens
    before = known or RequestUsage()
    return RequestUsage(
        input_tokens=count["promptTokenCount"] + count["toolUsePromptTokenCount"] or before.input_tokens,
        output_tokens=count["candidatesTokenCount"] + count["thoughtsTokenCount"] or before.output_tokens,
        cache_read_tokens=count["cachedContentTokenCount"] or before.cache_read_tokens,
        cache_write_tokens=before.cache_write_tokens,
        input_audio_tokens=audio.get("prompt", 0) + audio.get("tool_use_prompt", 0) or before.input_audio_tokens,
        cache_audio_read_tokens=audio.get("cache", 0) or before.cache_audio_read_tokens,
        output_audio_tokens=audio.get("candidates", 0) or before.output_audio_tokens,
        details={**before.details, **details},
    )


def write_usage(usage: RequestUsage) -> dict[str, Any]:
    """The `usageMetadata` that `read_usage` reads as `usage`."""
    details = usage.details
    thoughts, tools = details.get("thoughts_tokens", 0), details.get("tool_use_prompt_tokens", 0)
    raw: dict[str, Any] = {
        "promptTokenCount": max(usage.input_tokens - tools, 0),
        "candidatesTokenCount": max(usage.output_tokens - thoughts, 0),
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
    }
    for name, value in (
        ("cachedContentTokenCount", usage.cache_read_tokens),
        ("thoughtsTokenCount", thoughts),
        ("toolUsePromptTokenCount", tools),
    ):
        if value:
            raw[name] = value
    audio = {"candidates": usage.output_audio_tokens, "cache": usage.cache_audio_read_tokens}
    prompt_audio = usage.input_audio_tokens - details.get("audio_tool_use_prompt_tokens", 0)
    for name, prefix in _LISTS.items():
        found: dict[str, int] = {}
        for key, tokens in details.items():
            modality = key.removesuffix(f"_{prefix}_tokens")
            if modality != key and modality in _MODALITIES and tokens > 0:
                found[modality.upper()] = tokens
        if counted := audio.get(prefix, prompt_audio if prefix == "prompt" else 0):
            found["AUDIO"] = counted
        if found:
            raw[name] = [{"modality": modality, "tokenCount": tokens} for modality, tokens in found.items()]
    return raw


_COUNTS = (
    "promptTokenCount",
    "candidatesTokenCount",
    "cachedContentTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
)
_COUNT_DETAILS = {
    "cachedContentTokenCount": "cached_content_tokens",
    "thoughtsTokenCount": "thoughts_tokens",
    "toolUsePromptTokenCount": "tool_use_prompt_tokens",
}
_LISTS = {
    "promptTokensDetails": "prompt",
    "cacheTokensDetails": "cache",
    "candidatesTokensDetails": "candidates",
    "toolUsePromptTokensDetails": "tool_use_prompt",
}
_MODALITIES = ("text", "image", "video", "audio", "document")
