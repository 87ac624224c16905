"""What the matrix plays to every client, and what every client must see of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playhead.models import ScriptedModel
from playhead.script import Script, load_script
from tests.server.clients import Client, Seen

STORIES = Path(__file__).resolve().parents[2] / "fixtures" / "scripts" / "stories.yaml"
FAULTS = Path(__file__).resolve().parents[2] / "fixtures" / "scripts" / "faults.yaml"

PARIS, ZURICH = ("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Zürich"})

# In the order of stories.yaml: what is seen, the finish in words of the script, and how many pieces of text.
EXPECTED: list[tuple[Seen, str, int]] = [
    (Seen(text='It is "sunny" ☀ in Zürich.', usage=(20, 5)), "stop", 4),
    (Seen(thinking="Let me see.", text="Sunny day.", usage=(20, 9)), "stop", 2),
    (Seen(text="I look.", calls=[ZURICH], usage=(21, 12)), "call", 1),
    (Seen(calls=[ZURICH, PARIS], usage=(21, 18)), "call", 0),
    (Seen(refusal="I can't help.", usage=(9, 4)), "refusal", 0),
    (Seen(text="It is", usage=(9, 2)), "length", 1),
    (Seen(text="one two three", usage=(9, 3)), "stop", 3),
]


def stories() -> ScriptedModel:
    return ScriptedModel(load_script(STORIES))


def faults() -> Script:
    return load_script(FAULTS)


def check(client: Any, number: int, seen: Seen, *, streamed: bool) -> None:
    """Whether a client saw story `number` as it was told."""
    expected, finish, pieces = EXPECTED[number]
    kind: Client = client
    refusal = "" if kind.name == "google-generate" else expected.refusal  # this format has no words for it
    assert (seen.text, seen.thinking, seen.calls, seen.refusal) == (
        expected.text,
        expected.thinking,
        expected.calls,
        refusal,
    )
    assert seen.usage == expected.usage
    assert seen.finish == kind.finishes[finish]
    if streamed:
        assert seen.pieces == pieces, "the cuts of the script are the cuts of the client"
