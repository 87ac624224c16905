"""Counts of tokens as this provider has them: a snapshot in each chunk, whose fields may be missing in later ones.

What the model thought counts as output, and what the provider's own tools put into the prompt counts as input.
"""

from __future__ import annotations

from typing import Any

from playhead.usage import RequestUsage
from playhead.wire._json import as_dict, as_list, as_whole
from playhead.wire.google_generate._fields import enum_name

__all__ = ["read_usage", "write_usage"]


def read_usage(
    raw: dict[str, Any], known: RequestUsage | None = None, last: dict[str, Any] | None = None
) -> RequestUsage:
    """The usage that `usageMetadata` (in `camelCase`) says; what it leaves out stays as `known`.

    `last` is what `known` was read from. Each chunk repeats it all, and mostly just the output has grown.
    """
    before = known or RequestUsage()
    candidates, thoughts = as_whole(raw.get("candidatesTokenCount")), as_whole(raw.get("thoughtsTokenCount"))
    details = dict(before.details)
    if thoughts:
        details["thoughts_tokens"] = thoughts
    if last is not None and _only_grown(raw, last):
        return RequestUsage(
            input_tokens=before.input_tokens,
            output_tokens=candidates + thoughts or before.output_tokens,
            cache_read_tokens=before.cache_read_tokens,
            cache_write_tokens=before.cache_write_tokens,
            input_audio_tokens=before.input_audio_tokens,
            cache_audio_read_tokens=before.cache_audio_read_tokens,
            output_audio_tokens=before.output_audio_tokens,
            details=details,
        )
    prompt, tools = as_whole(raw.get("promptTokenCount")), as_whole(raw.get("toolUsePromptTokenCount"))
    cached = as_whole(raw.get("cachedContentTokenCount"))
    if cached:
        details["cached_content_tokens"] = cached
    if tools:
        details["tool_use_prompt_tokens"] = tools
    audio: dict[str, int] = {}
    for name in _LISTS:
        if items := raw.get(name):
            _count(as_list(items), _LISTS[name], details, audio)
    return RequestUsage(
        input_tokens=prompt + tools or before.input_tokens,
        output_tokens=candidates + thoughts or before.output_tokens,
        cache_read_tokens=cached or before.cache_read_tokens,
        cache_write_tokens=before.cache_write_tokens,
        input_audio_tokens=audio.get("prompt", 0) + audio.get("tool_use_prompt", 0) or before.input_audio_tokens,
        cache_audio_read_tokens=audio.get("cache", 0) or before.cache_audio_read_tokens,
        output_audio_tokens=audio.get("candidates", 0) or before.output_audio_tokens,
        details=details,
    )


def _only_grown(raw: dict[str, Any], last: dict[str, Any]) -> bool:
    for name, value in raw.items():  # noqa: SIM110 - a generator takes twice as long, and this is asked of each chunk
        if name not in _GROWING and last.get(name) != value:
            return False
    return True


def _count(items: list[Any], prefix: str, details: dict[str, int], audio: dict[str, int]) -> None:
    """Counts by modality, into `details` and, of sound, into `audio`."""
    for item in items:
        fields = as_dict(item)
        tokens, modality = as_whole(fields.get("tokenCount")), fields.get("modality")
        if tokens and (modality := modality if type(modality) is str else enum_name("modality", modality)):
            details[f"{modality.lower()}_{prefix}_tokens"] = tokens
            if modality == "AUDIO":
                audio[prefix] = tokens


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


_GROWING = frozenset(("candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"))
_LISTS = {
    "promptTokensDetails": "prompt",
    "cacheTokensDetails": "cache",
    "candidatesTokensDetails": "candidates",
    "toolUsePromptTokensDetails": "tool_use_prompt",
}
_MODALITIES = ("text", "image", "video", "audio", "document")
