"""What is sent for a conversation is what the reference sends through the official SDK, but for listed differences."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from playhead import messages
from playhead.exceptions import UserError
from playhead.wire import DIALECTS, ModelCall

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "wire"
_spec = importlib.util.spec_from_file_location(
    "openai_conversations", Path(__file__).with_name("_openai_conversations.py")
)
assert _spec is not None
assert _spec.loader is not None
_module: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

TOOLS = SimpleNamespace(
    ToolDefinition=messages.ToolDefinition,
    ModelRequestParameters=messages.ModelRequestParameters,
    OutputObjectDefinition=messages.OutputObjectDefinition,
)
CONVERSATIONS = _module.conversations(messages, TOOLS)

PROMPTED = "the instructions of a prompted output are made before the request comes to the wire"
DIFFERENCES: dict[tuple[str, str], str] = {
    ("openai-chat", "items"): "the id of an item of another format is no name for a field of the message",
    ("openai-chat", "prompted"): PROMPTED,
    ("openai-responses", "prompted"): PROMPTED,
    ("openai-responses", "reasoning_fields"): "a field of chat completions is no id of a reasoning item",
}
"""(format, conversation): why something else is sent. All are in docs/dialects.md."""


def recorded(name: str) -> dict[str, Any]:
    bodies: dict[str, Any] = json.loads((FIXTURES / name / "requests.json").read_text(encoding="utf-8"))
    for key, body in bodies.items():
        if isinstance(body, str):
            bodies[key] = {**bodies[body], "model": key.rpartition(" @ ")[2]}
    return bodies


def by_conversation() -> list[tuple[str, str, dict[str, Any]]]:
    """(format, conversation, what was sent to each model)."""
    cases: list[tuple[str, str, dict[str, Any]]] = []
    for name in ("openai-chat", "openai-responses"):
        bodies = recorded(name)
        for conversation in dict.fromkeys(key.partition(" @ ")[0] for key in bodies):
            sent = {key: body for key, body in bodies.items() if key.startswith(f"{conversation} @ ")}
            cases.append((name, conversation, sent))
    return cases


CASES = by_conversation()


def call_for(key: str, *, stream: bool = False) -> ModelCall:
    name, _, model = key.rpartition(" @ ")
    history, settings, parameters = _module.conversations(messages, TOOLS)[name]
    return ModelCall(model, history, settings, parameters, stream)


@pytest.mark.filterwarnings("ignore:A model that reasons takes none")
@pytest.mark.parametrize(
    ("name", "conversation", "bodies"), CASES, ids=[f"{name}: {conversation}" for name, conversation, _ in CASES]
)
def test_a_conversation_is_sent_as_the_reference_sends_it(name: str, conversation: str, bodies: dict[str, Any]):
    dialect = DIALECTS[name]
    different: set[str] = set()
    for key, body in bodies.items():
        written = dialect.write_request(call_for(key))
        sent = json.loads(written.body)
        if sent != body:
            different.add(key)
            assert (name, conversation) in DIFFERENCES or sent == body, key
        assert dialect.write_request(dialect.read_request(written)).body == written.body
    assert different or (name, conversation) not in DIFFERENCES, "not different any more"


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses"])
def test_every_conversation_was_recorded_or_cannot_be_sent(name: str):
    known = {key.partition(" @ ")[0] for key in recorded(name)}
    for conversation in CONVERSATIONS.keys() - known:
        with pytest.raises(UserError, match=r"cannot be sent|have no place|has no place|take audio"):
            DIALECTS[name].write_request(call_for(f"{conversation} @ gpt-4o"))


def test_a_streamed_request_asks_for_usage():
    sent = json.loads(DIALECTS["openai-chat"].write_request(call_for("settings_all @ gpt-4o", stream=True)).body)
    assert sent["stream"] is True
    assert sent["stream_options"] == {"include_usage": True}


def test_extra_headers_are_sent_in_lower_case():
    written = DIALECTS["openai-chat"].write_request(call_for("settings_all @ gpt-4o"))
    assert written.headers["x-mine"] == "1"
    assert written.headers["content-type"] == "application/json"
