"""What a reference implementation sent for the conversations, and what Playhead's models send for them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playhead import messages
from playhead.models.anthropic import AnthropicModel
from playhead.models.google import GoogleModel
from playhead.wire import WireRequest
from tests.wire import _conversations

FIXTURES = Path(__file__).parents[2] / "fixtures" / "wire"
TOOLS = SimpleNamespace(
    ToolDefinition=messages.ToolDefinition,
    ModelRequestParameters=messages.ModelRequestParameters,
    OutputObjectDefinition=messages.OutputObjectDefinition,
)
MODELS: dict[str, Any] = {"anthropic": AnthropicModel, "google": GoogleModel}
FOLDERS = {"anthropic": "anthropic-messages", "google": "google-generate"}
OWNERS = {"anthropic": "anthropic", "google": "google-gla"}


def recorded(which: str) -> dict[str, dict[str, Any]]:
    """The requests of the reference, by conversation and model."""
    return json.loads((FIXTURES / FOLDERS[which] / "requests.json").read_text(encoding="utf-8"))


def written(which: str, key: str, *, stream: bool = False) -> WireRequest:
    """What is sent for the same conversation here."""
    name, model_name = key.split(" @ ")
    history, settings, parameters = getattr(_conversations, which)(messages, TOOLS)[name]
    model = MODELS[which](model_name)
    settings, parameters = model.prepare_request(settings or None, parameters)
    from playhead.wire import ModelCall

    call = ModelCall(
        model_name, _conversations.hand_over(history, OWNERS[which]), settings or {}, parameters, stream=stream
    )
    return model.dialect.write_request(call)
