"""The whole path on real input: a recorded provider stream, through a cassette, a model and an agent, with the network closed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from playhead import Agent, AgentRunError, UsageLimits, capture_run_messages, deterministic, use_cassette
from playhead.cassette import Interaction, read_file, write_file
from playhead.messages import ModelResponse
from playhead.models import HttpModel
from playhead.wire import provider_of
from tests._shared import SHARED, shared_files

WIRES = ("openai-chat", "anthropic-messages")


def streams() -> list[tuple[Path, dict[str, Any]]]:
    """Every streamed reply of the two formats that was read as a whole, with its reference parse."""
    found: list[tuple[Path, dict[str, Any]]] = []
    for path in shared_files("corpus", "*.expected.json"):
        for item in json.loads(path.read_text("utf-8"))["interactions"]:
            usual = item.get("ok") and item.get("streamed") and item["wire"] in WIRES
            if usual and not item.get("error_in_stream") and not item.get("unreliable"):
                found.append((path, item))
    return found


STREAMS = streams()


@pytest.mark.skipif(not STREAMS, reason="needs the recordings of real providers beside the checkout")
@pytest.mark.parametrize("how", ["whole", "hostile"])
@pytest.mark.parametrize(
    ("path", "expected"),
    STREAMS,
    ids=[f"{p.relative_to(SHARED / 'corpus').as_posix()[:-14]}#{i['n']}" for p, i in STREAMS],
)
def test_a_recorded_stream_replays_through_an_agent(
    path: Path, expected: dict[str, Any], how: str, tmp_path: Path
) -> None:
    recorded = read_file(str(path).replace(".expected.json", ".yaml")).interactions[expected["n"]]
    cassette = tmp_path / "one.yaml"
    write_file(str(cassette), [Interaction(recorded.request, recorded.response)], match_on=["method"])
    model = HttpModel(expected["wire"], expected["model"] or "m", base_url="http://provider.invalid", api_key="key")
    if (provider := provider_of(recorded.request.uri)) is not None:
        model.provider.name = provider

    async def run() -> ModelResponse:
        with capture_run_messages() as messages:
            try:
                async with Agent(model).run_stream_events(
                    "Go on.", usage_limits=UsageLimits(request_limit=1)
                ) as events:
                    async for _ in events:
                        pass
            except AgentRunError:
                pass  # the recorded tools are not the agent's, so it would ask again; or the model declined
        return next(message for message in messages if isinstance(message, ModelResponse))

    with deterministic(), use_cassette(str(cassette), rechunk=how, match_on=["method"]):
        reply = asyncio.run(run())
    said = [part for part in expected["parts"] if part["part_kind"] == "text"]
    calls = [part for part in expected["parts"] if part["part_kind"] == "tool-call"]
    assert [part.content for part in reply.parts if part.part_kind == "text"] == [part["content"] for part in said]
    assert [(call.tool_name, call.args_as_dict()) for call in reply.tool_calls] == [
        (call["tool_name"], call["args"]) for call in calls
    ]
    kinds = [part.part_kind for part in reply.parts if not part.part_kind.startswith("builtin-")]
    # Calls of the provider's own tools are kept in streams; the reference keeps those that the request enabled.
    assert kinds == [part["part_kind"] for part in expected["parts"] if not part["part_kind"].startswith("builtin-")]
    assert reply.finish_reason == expected["finish_reason"]
    assert reply.usage.input_tokens == expected["usage"]["input_tokens"]
    assert reply.usage.output_tokens == expected["usage"]["output_tokens"]
