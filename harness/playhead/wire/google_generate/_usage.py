"""Counts of tokens as this provider has them: a snapshot in each chunk, whose fields may be missing in later ones.

What the model thought counts as output, and what the provider's own tools put into the prompt counts as input.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# (Each chunk is asked its types without calls: `type(...) is` narrows JSON to containers of unknown items.)

from __future__ import annotations

from typing import Any

from playhead.usage import RequestUsage
from playhead.wire._json import as_whole
from playhead.wire.google_generate._fields import enum_name

__all__ = ["read_usage", "write_usage"]


def read_usage(
    raw: dict[str, Any], known: RequestUsage | None = None, last: dict[str, Any] | None = None
) -> RequestUsage:
    """The usage that `usageMetadata` (in `camelCase`) says; what it leaves out stays as `known`.

    `last` is what `known` was read from. Each chunk repeats it all, and mostly just the output has grown.
    """
    before = known or RequestUsage()
    # A copy by hand: usage is read from each chunk of a stream, and this takes half as long as to make one anew.
    usage = RequestUsage.__new__(RequestUsage)
    fields: dict[str, Any] = before.__dict__.copy()
    usage.__dict__ = fields
    fields["details"] = details = before.details.copy()
    output = raw.get("candidatesTokenCount") or 0
    if type(output) is not int:
        output = as_whole(output)
    if "thoughtsTokenCount" in raw and (thoughts := as_whole(raw["thoughtsTokenCount"])):
        details["thoughts_tokens"] = thoughts
        output += thoughts
    if output:
        fields["output_tokens"] = output
    if last is not None and _only_grown(raw, last):
        return usage
    prompt = raw.get("promptTokenCount") or 0
    if type(prompt) is not int:
        prompt = as_whole(prompt)
    if "cachedContentTokenCount" in raw and (cached := as_whole(raw["cachedContentTokenCount"])):
        fields["cache_read_tokens"] = details["cached_content_tokens"] = cached
    if "toolUsePromptTokenCount" in raw and (tools := as_whole(raw["toolUsePromptTokenCount"])):
        details["tool_use_prompt_tokens"] = tools
        prompt += tools
    if prompt:
        fields["input_tokens"] = prompt
    audio: dict[str, int] | None = None
    for name, prefix in _LISTS:
        if name in raw and type(items := raw[name]) is list:
            names = _NAMES[prefix]
            for item in items:
                if type(item) is not dict:
                    continue
                tokens, modality = item.get("tokenCount"), item.get("modality")
                if type(tokens) is not int:
                    tokens = as_whole(tokens)
                if type(modality) is not str:
                    modality = enum_name("modality", modality)
                if tokens and modality:
                    details[names.get(modality) or f"{modality.lower()}_{prefix}_tokens"] = tokens
                    if modality == "AUDIO":
                        audio = audio or {}
                        audio[prefix] = tokens
    if audio:
        for name, counted in (
            ("input_audio_tokens", audio.get("prompt", 0) + audio.get("tool_use_prompt", 0)),
            ("cache_audio_read_tokens", audio.get("cache", 0)),
            ("output_audio_tokens", audio.get("candidates", 0)),
        ):
            if counted:
                fields[name] = counted
    return usage


def _only_grown(raw: dict[str, Any], last: dict[str, Any]) -> bool:
    for name, value in raw.items():  # noqa: SIM110 - a generator takes twice as long, and this is asked of each chunk
        if name not in _GROWING and last.get(name) != value:
            return False
    return True


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
    for name, prefix in _LISTS:
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
_LISTS = (
    ("promptTokensDetails", "prompt"),
    ("cacheTokensDetails", "cache"),
    ("candidatesTokensDetails", "candidates"),
    ("toolUsePromptTokensDetails", "tool_use_prompt"),
)
_MODALITIES = ("text", "image", "video", "audio", "document")
_NAMES = {prefix: {modality.upper(): f"{modality}_{prefix}_tokens" for modality in _MODALITIES} for _, prefix in _LISTS}
