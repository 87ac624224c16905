"""The project's own recordings (`cassettes/`), made with its own recorder: one story, in each provider's format.

Record them again with `pytest tests/recordings --record-mode=rewrite --snapshot-update`: the story is then served on a fixed
port, because the address of a provider is part of a recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from playhead import Agent
from playhead.cassette import check_paths, read_file
from playhead.models import HttpModel, ScriptedModel
from playhead.script import load_script
from playhead.server import Provider, RunningProvider

ROOT = Path(__file__).parents[2]
PORT = 48_123
BASES = {
    "openai-chat": f"http://127.0.0.1:{PORT}/v1",
    "openai-responses": f"http://127.0.0.1:{PORT}/v1",
    "anthropic-messages": f"http://127.0.0.1:{PORT}",
    "google-generate": f"http://127.0.0.1:{PORT}/v1beta",
}
STORIES = [
    pytest.param(name, marks=pytest.mark.cassette(str(ROOT / "cassettes" / name / "weather.yaml")), id=name)
    for name in BASES
]


@pytest.fixture
def provider(request: pytest.FixtureRequest) -> Iterator[None]:
    """The story on the fixed port while recording; nothing at all while replaying."""
    if request.config.getoption("record_mode", None) in (None, "none"):
        yield
        return
    script = load_script(ROOT / "fixtures" / "scripts" / "weather.yaml")
    with RunningProvider(Provider(ScriptedModel(script)), port=PORT):
        yield


agent: Agent[None, str] = Agent(instructions="Look at the weather before you answer.")


@agent.tool_plain
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"rain in {city}"


@pytest.mark.parametrize("dialect", STORIES)
def test_the_weather_story_replays_in_every_format(
    dialect: str, provider: None, capture_run_sync: Any, stream_snapshot: Any
) -> None:
    model = HttpModel(dialect, "demo-model", base_url=BASES[dialect], api_key="sk-recorded-0000000000000000000000")
    run = capture_run_sync(agent, "What should I wear in Zürich?", model=model)
    run.assert_called("get_weather", {"city": "Zürich"})
    assert run.output == "Take an umbrella."
    assert run == stream_snapshot


@pytest.mark.parametrize("dialect", BASES)
def test_a_recording_of_ours_has_chunks_times_and_no_secret(dialect: str) -> None:
    path = ROOT / "cassettes" / dialect / "weather.yaml"
    for interaction in read_file(str(path)).interactions:
        assert len(interaction.response.chunks) > 1
        assert len(interaction.response.at_ms) == len(interaction.response.chunks)
    assert check_paths([path]).findings == []
    assert b"sk-recorded" not in path.read_bytes()
