"""The fields that a request may have at its top level, by dialect: name -> JSON types, in the provider's own reference.

A table for those who check requests (the fake provider warns of what the real one would not know); no dialect needs it
to read or write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

__all__ = ["REQUEST_FIELDS"]

Fields: TypeAlias = Mapping[str, str]

_NUMBER, _INTEGER, _TEXT, _OBJECT, _LIST, _SWITCH = "number", "integer", "string", "object", "array", "boolean"

# https://platform.openai.com/docs/api-reference/chat/create
_OPENAI_CHAT: Fields = {
    "audio": _OBJECT,
    "frequency_penalty": _NUMBER,
    "function_call": f"{_TEXT} {_OBJECT}",
    "functions": _LIST,
    "logit_bias": _OBJECT,
    "logprobs": _SWITCH,
    "max_completion_tokens": _INTEGER,
    "max_tokens": _INTEGER,
    "messages": _LIST,
    "metadata": _OBJECT,
    "modalities": _LIST,
    "model": _TEXT,
    "moderation": _OBJECT,
    "n": _INTEGER,
    "parallel_tool_calls": _SWITCH,
    "prediction": _OBJECT,
    "presence_penalty": _NUMBER,
    "prompt_cache_key": _TEXT,
    "prompt_cache_options": _OBJECT,
    "prompt_cache_retention": _TEXT,
    "reasoning_effort": _TEXT,
    "response_format": _OBJECT,
    "safety_identifier": _TEXT,
    "seed": _INTEGER,
    "service_tier": _TEXT,
    "stop": f"{_TEXT} {_LIST}",
    "store": _SWITCH,
    "stream": _SWITCH,
    "stream_options": _OBJECT,
    "temperature": _NUMBER,
    "tool_choice": f"{_TEXT} {_OBJECT}",
    "tools": _LIST,
    "top_logprobs": _INTEGER,
    "top_p": _NUMBER,
    "user": _TEXT,
    "verbosity": _TEXT,
    "web_search_options": _OBJECT,
}

# https://platform.openai.com/docs/api-reference/responses/create
_OPENAI_RESPONSES: Fields = {
    "background": _SWITCH,
    "context_management": f"{_LIST} {_OBJECT}",
    "conversation": f"{_TEXT} {_OBJECT}",
    "include": _LIST,
    "input": f"{_TEXT} {_LIST}",
    "instructions": _TEXT,
    "max_output_tokens": _INTEGER,
    "max_tool_calls": _INTEGER,
    "metadata": _OBJECT,
    "model": _TEXT,
    "moderation": _OBJECT,
    "parallel_tool_calls": _SWITCH,
    "previous_response_id": _TEXT,
    "prompt": _OBJECT,
    "prompt_cache_key": _TEXT,
    "prompt_cache_options": _OBJECT,
    "prompt_cache_retention": _TEXT,
    "reasoning": _OBJECT,
    "safety_identifier": _TEXT,
    "service_tier": _TEXT,
    "store": _SWITCH,
    "stream": _SWITCH,
    "stream_options": _OBJECT,
    "temperature": _NUMBER,
    "text": _OBJECT,
    "tool_choice": f"{_TEXT} {_OBJECT}",
    "tools": _LIST,
    "top_logprobs": _INTEGER,
    "top_p": _NUMBER,
    "truncation": _TEXT,
    "user": _TEXT,
}

# https://docs.claude.com/en/api/messages, with the fields of its betas
_ANTHROPIC_MESSAGES: Fields = {
    "cache_control": _OBJECT,
    "container": f"{_TEXT} {_OBJECT}",
    "context_management": _OBJECT,
    "inference_geo": _TEXT,
    "max_tokens": _INTEGER,
    "mcp_servers": _LIST,
    "messages": _LIST,
    "metadata": _OBJECT,
    "model": _TEXT,
    "output_config": _OBJECT,
    "output_format": _OBJECT,
    "service_tier": _TEXT,
    "speed": _TEXT,
    "stop_sequences": _LIST,
    "stream": _SWITCH,
    "system": f"{_TEXT} {_LIST}",
    "temperature": _NUMBER,
    "thinking": _OBJECT,
    "tool_choice": _OBJECT,
    "tools": _LIST,
    "top_k": _INTEGER,
    "top_p": _NUMBER,
}

# https://ai.google.dev/api/generate-content
_GOOGLE_GENERATE: Fields = {
    "cachedContent": _TEXT,
    "contents": f"{_LIST} {_OBJECT}",
    "generationConfig": _OBJECT,
    "labels": _OBJECT,
    "model": _TEXT,
    "safetySettings": _LIST,
    "serviceTier": _TEXT,
    "store": _SWITCH,
    "systemInstruction": f"{_OBJECT} {_TEXT}",
    "toolConfig": _OBJECT,
    "tools": f"{_LIST} {_OBJECT}",
}

REQUEST_FIELDS: dict[str, Fields] = {
    "anthropic-messages": _ANTHROPIC_MESSAGES,
    "google-generate": _GOOGLE_GENERATE,
    "openai-chat": _OPENAI_CHAT,
    "openai-responses": _OPENAI_RESPONSES,
}
"""By dialect: the names of fields, each with its JSON types, divided by spaces."""
