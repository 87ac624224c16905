"""Requests: a call becomes the body that the provider's SDK would send, and back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playhead.exceptions import DecodeError
from playhead.messages import ModelRequest, ModelRequestParameters, SystemPromptPart
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire._instructions import instruction_parts
from playhead.wire._json import as_dict, as_list, as_text, dump, load_object
from playhead.wire.google_generate._fields import get, snake
from playhead.wire.google_generate._messages import read_contents, write_contents
from playhead.wire.google_generate._tools import (
    read_output,
    read_tool_config,
    read_tools,
    write_output,
    write_tool_config,
    write_tools,
)

__all__ = ["MODEL_IN_PATH", "read_request", "write_request"]

MODEL_IN_PATH = re.compile(r"/(?:(?:models|endpoints|tunedModels)/)?([^/:]+):(generateContent|streamGenerateContent)$")
_BUDGETS = {"minimal": 128, "low": 2048, "medium": 8192, "high": 24576, "xhigh": 24576}
_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH"}
_TIERS: dict[str, dict[str, str]] = {
    "flex_only": {"x-vertex-ai-llm-request-type": "shared", "x-vertex-ai-llm-shared-request-type": "flex"},
    "on_demand": {"x-vertex-ai-llm-request-type": "shared"},
    "pt_only": {"x-vertex-ai-llm-request-type": "dedicated"},
    "pt_then_flex": {"x-vertex-ai-llm-shared-request-type": "flex"},
}


# --------------------------------------------------------------------------- written
def write_request(call: ModelCall) -> WireRequest:
    """The body of `POST /v1beta/models/{model}:generateContent`, or of `:streamGenerateContent?alt=sse`."""
    settings: Any = call.settings
    tools, pictures = write_tools(call)
    prompts, contents = write_contents(call.messages, call.model)
    prompts += [part.content for part in instruction_parts(call)]
    body: dict[str, Any] = {
        "contents": contents,
        "systemInstruction": {"parts": [{"text": text} for text in prompts], "role": "user"} if prompts else None,
        "safetySettings": settings.get("google_safety_settings"),
        "cachedContent": settings.get("google_cached_content"),
        "labels": settings.get("google_labels"),
        "tools": tools or None,
        "toolConfig": write_tool_config(call, tools),
        "generationConfig": _configuration(call, tools, pictures),
    }
    body = {name: value for name, value in body.items() if value is not None}
    body |= {name: value for name, value in call.extra.items() if name not in ("tools", "generationConfig")}
    body |= as_dict(settings.get("extra_body"))
    home = "" if call.model.startswith(("models/", "tunedModels/")) else "models/"
    verb = "streamGenerateContent?alt=sse" if call.stream else "generateContent"
    return WireRequest(f"/v1beta/{home}{call.model}:{verb}", dump(body), _headers(settings))


def _configuration(call: ModelCall, tools: list[dict[str, Any]], pictures: dict[str, Any] | None) -> dict[str, Any]:
    settings: Any = call.settings
    logprobs = settings.get("google_logprobs") or None
    config: dict[str, Any] = {
        "temperature": settings.get("temperature"),
        "topP": settings.get("top_p"),
        "topK": settings.get("top_k"),
        "maxOutputTokens": settings.get("max_tokens"),
        "stopSequences": settings.get("stop_sequences"),
        "responseLogprobs": logprobs,
        "logprobs": settings.get("google_top_logprobs") if logprobs else None,
        "presencePenalty": settings.get("presence_penalty"),
        "frequencyPenalty": settings.get("frequency_penalty"),
        "seed": settings.get("seed"),
        **write_output(call, tools),
        "responseModalities": ["TEXT", "IMAGE"] if "image" in call.model else ["TEXT"],
        "mediaResolution": settings.get("google_video_resolution"),
        "thinkingConfig": _thinking(call),
        "imageConfig": pictures or None,
    }
    config |= as_dict(call.extra.get("generationConfig"))
    return {name: value for name, value in config.items() if value is not None}


def _thinking(call: ModelCall) -> Any:
    """How much the model may think: by levels from Gemini 3 on, by a budget of tokens before."""
    settings: Any = call.settings
    if config := settings.get("google_thinking_config"):
        return config
    level = call.parameters.thinking
    by_level = "gemini-3" in call.model
    if level is None:
        return None
    if level is False:
        return {"thinking_level": "MINIMAL"} if by_level else {"thinking_budget": 0}
    if level is True:
        return {"include_thoughts": True}
    if by_level:
        return {"include_thoughts": True, "thinking_level": _LEVELS[level]}
    return {"include_thoughts": True, "thinking_budget": _BUDGETS[level]}


def _headers(settings: Any) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    extra: dict[str, str] = settings.get("extra_headers") or {}
    headers |= {name.lower(): value for name, value in extra.items()}
    return headers | _TIERS.get(settings.get("google_service_tier", ""), {})


# --------------------------------------------------------------------------- read
def read_request(request: WireRequest) -> ModelCall:
    """What a body asks. `DecodeError` for what is no request of this format."""
    body = load_object(request.body)
    path = urlsplit(request.path).path
    found = MODEL_IN_PATH.search(path)
    contents = body.get("contents")
    if found is None or contents is None:
        raise DecodeError(
            "The request has no `contents`, or its path no model",
            f"Its path is {path!r}, its fields are {sorted(body)}. Is this a request of another dialect?",
        )
    settings: dict[str, Any] = {}
    parameters = ModelRequestParameters()
    extra = {name: value for name, value in body.items() if name not in _READ}
    config = as_dict(get(body, "generationConfig"))
    for source, names in ((config, _CONFIG), (body, _SETTINGS)):
        for name, key in names.items():
            if (value := get(source, name)) is not None:
                settings[key] = value
    if others := {name: value for name, value in request.headers.items() if name not in _USUAL_HEADERS}:
        settings["extra_headers"] = others
    read_tools(body, parameters, extra)
    read_tool_config(body, parameters, settings)
    read_output(config, parameters)
    _keep_rest(config, "image" in found[1], extra)
    messages = read_contents(as_list(contents) or [contents])
    prompts = _system(get(body, "systemInstruction"))
    if prompts:
        if messages and isinstance(messages[0], ModelRequest):
            messages[0].parts = [*prompts, *messages[0].parts]
        else:
            messages.insert(0, ModelRequest(prompts))
    model = path.rsplit("/", 1)[-1].rsplit(":", 1)[0]
    if "/tunedModels/" in path:
        model = f"tunedModels/{model}"
    return ModelCall(model, messages, settings, parameters, found[2].startswith("stream"), extra)  # type: ignore[arg-type]


def _system(value: Any) -> list[SystemPromptPart]:
    parts = [{"text": value}] if isinstance(value, str) else as_list(as_dict(value).get("parts"))
    return [SystemPromptPart(as_text(as_dict(part).get("text")) or "") for part in parts]


def _keep_rest(config: dict[str, Any], pictures: bool, extra: dict[str, Any]) -> None:
    """What of the configuration has no setting stays as it is."""
    rest = {name: value for name, value in config.items() if name not in _CONFIG_READ}
    modalities = get(config, "responseModalities")
    if modalities != (["TEXT", "IMAGE"] if pictures else ["TEXT"]):
        rest["responseModalities"] = modalities
    if rest:
        extra["generationConfig"] = rest


_CONFIG = {
    "frequencyPenalty": "frequency_penalty",
    "logprobs": "google_top_logprobs",
    "maxOutputTokens": "max_tokens",
    "mediaResolution": "google_video_resolution",
    "presencePenalty": "presence_penalty",
    "responseLogprobs": "google_logprobs",
    "seed": "seed",
    "stopSequences": "stop_sequences",
    "temperature": "temperature",
    "thinkingConfig": "google_thinking_config",
    "topK": "top_k",
    "topP": "top_p",
}
_SETTINGS = {
    "cachedContent": "google_cached_content",
    "labels": "google_labels",
    "safetySettings": "google_safety_settings",
}


def _both(names: Any) -> set[str]:
    return {spelling for name in names for spelling in (name, snake(name))}


_CONFIG_READ = _both([*_CONFIG, "responseMimeType", "responseJsonSchema", "responseSchema", "responseModalities"])
_READ = _both([*_SETTINGS, "contents", "generationConfig", "systemInstruction", "toolConfig", "tools"])
_USUAL_HEADERS = {
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-goog-api-client",
    "x-goog-api-key",
    "x-goog-user-project",
    "x-server-timeout",
}
