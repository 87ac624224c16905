"""What providers answer beside calls of models: lists of models, counts of tokens, and where there is nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from playhead.exceptions import PlayheadError
from playhead.models import estimate
from playhead.server._journal import ProviderRequest
from playhead.wire import DIALECTS, WireRequest

__all__ = ["answer_beside", "family_of_request"]

_SERVED = (
    "POST /v1/chat/completions, POST /v1/responses, POST /v1/messages, "
    "POST /v1beta/models/MODEL:generateContent (and :streamGenerateContent), counts of tokens, and GET /v1/models"
)


def family_of_request(entry: ProviderRequest) -> str:
    """The dialect in whose shape a request without one is answered: by the headers of the SDKs, then by the path."""
    headers = entry.headers
    if "anthropic-version" in headers or "x-api-key" in headers or "/messages" in entry.path:
        return "anthropic-messages"
    if "x-goog-api-key" in headers or "x-goog-api-client" in headers or "/v1beta" in entry.path or ":" in entry.path:
        return "google-generate"
    return "openai-chat"


def answer_beside(entry: ProviderRequest, models: Sequence[str]) -> tuple[int, bytes]:
    """Status and body for a request that is no call of a model."""
    path = unquote(entry.path).rstrip("/")
    if entry.method in ("GET", "HEAD"):
        if path in ("", "/health", "/healthz"):
            return 200, _json({"status": "ok", "served": _SERVED})
        listing = re.search(r"/models(?:/(?P<name>.+))?$", path)
        if listing:
            return _models(entry, models, listing["name"])
    if entry.method == "POST":
        for ending, count in _COUNTS:
            if path.endswith(ending):
                return count(entry, path)
    message = f"Nothing is served at {entry.method} {entry.path}. Served are {_SERVED}."
    return 404, _not_found(entry, message)


def _models(entry: ProviderRequest, models: Sequence[str], name: str | None) -> tuple[int, bytes]:
    family = family_of_request(entry)
    rows = {model: _ROWS[family](model) for model in models}
    if name is not None:
        row = rows.get(name.removeprefix("models/"))
        return (200, _json(row)) if row else (404, _not_found(entry, f"The model {name!r} does not exist"))
    lists: dict[str, Any] = {
        "anthropic-messages": {
            "data": list(rows.values()),
            "has_more": False,
            "first_id": models[0] if models else None,
            "last_id": models[-1] if models else None,
        },
        "google-generate": {"models": list(rows.values())},
        "openai-chat": {"object": "list", "data": list(rows.values())},
    }
    return 200, _json(lists[family])


def _not_found(entry: ProviderRequest, message: str) -> bytes:
    return DIALECTS[family_of_request(entry)].write_error(404, message)


def _tokens(entry: ProviderRequest, dialect: str, path: str, body: bytes) -> int | str:
    """An estimate of a request's tokens, or why there is none."""
    try:
        call = DIALECTS[dialect].read_request(WireRequest(path, body, entry.headers))
    except PlayheadError as error:
        return error.problem
    entry.dialect, entry.call = dialect, call
    return estimate(call.messages).input_tokens


def _count_anthropic(entry: ProviderRequest, path: str) -> tuple[int, bytes]:
    found = _tokens(entry, "anthropic-messages", path, entry.body)
    if isinstance(found, str):
        return 400, DIALECTS["anthropic-messages"].write_error(400, found)
    return 200, _json({"input_tokens": found})


def _count_google(entry: ProviderRequest, path: str) -> tuple[int, bytes]:
    asked = entry.json
    inner: Any = asked.get("generateContentRequest") or asked if isinstance(asked, dict) else asked  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    found = _tokens(entry, "google-generate", path.replace(":countTokens", ":generateContent"), _json(inner))
    if isinstance(found, str):
        return 400, DIALECTS["google-generate"].write_error(400, found)
    return 200, _json({"totalTokens": found, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": found}]})


def _count_openai(entry: ProviderRequest, path: str) -> tuple[int, bytes]:
    found = _tokens(entry, "openai-responses", path, entry.body)
    if isinstance(found, str):
        return 400, DIALECTS["openai-responses"].write_error(400, found)
    return 200, _json({"object": "response.input_tokens", "input_tokens": found})


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "playhead"}


def _anthropic_model(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}


def _google_model(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "displayName": name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


_COUNTS = (
    ("/messages/count_tokens", _count_anthropic),
    (":countTokens", _count_google),
    ("/responses/input_tokens", _count_openai),
)
_ROWS = {"anthropic-messages": _anthropic_model, "google-generate": _google_model, "openai-chat": _openai_model}
