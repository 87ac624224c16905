"""Playhead makes of many inputs what the reference makes of them, but for differences that are meant.

What a program does wrong is compared by the kind of error: the sentences are each package's own. What a model is told is
compared word for word.
"""

import json
import re
from typing import Any

import pytest

from tests.facts.record import FILE, PYDANTIC, ROOMS, facts

KEPT: dict[str, Any] = json.loads(FILE.read_text("utf-8"))

pytestmark = pytest.mark.skipif(
    KEPT["pydantic"] != PYDANTIC,
    reason=f"the facts hold for pydantic {KEPT['pydantic']}: error messages and JSON schemas are its own",
)

# (room, the fact's key or its beginning): why Playhead differs.
DIFFERENCES: dict[tuple[str, str], str] = {
    ("calls", "  nowrap cx"): "unwrapped errors are what was raised: a prompt never reaches a caller",
    ("calls", "  nowrap slow"): "unwrapped errors are what was raised",
    ("calls", "  nowrap zero"): "unwrapped failures are not counted, so no limit can be exceeded",
    ("calls", "  partial cx"): "a partial output never asks the model again",
    ("calls", "  partial slow"): "a partial output never asks the model again",
    ("calls", "  partial zero"): "a partial output never exceeds a limit",
    ("calls", "  v nope"): "the context of an unknown tool says which tool was asked for, and its limit",
    ("message_values", "BuiltinTool"): "these two print as all other events do",
    ("message_values", "ImageUrl('http://a/b.JPG?x=1#f')"): "the suffix is that of the path, in any case",
    ("message_values", "InstructionPart.join"): "an empty block makes no gap",
    ("message_values", "VideoUrl('http://a/b.3gp')"): "the URL of a video has a video's media type",
    ("output_texts", "nat"): "an unknown kind asks the model again, also in a part of a text",
    ("output_texts", "opt"): "an unknown kind asks the model again, also in a part of a text",
    ("output_texts", "u"): "an unknown kind asks the model again, also in a part of a text",
    ("output_types", "nat"): "a union keeps the description it was given",
    ("output_types", "pr"): "a union keeps the description it was given",
    ("toolset_kinds", "43"): "a combined toolset that is entered twice enters its members once",
}


def kind(fact: Any) -> Any:
    """The fact without the words of an error that is the program's."""
    if isinstance(fact, dict):
        return {key: kind(value) for key, value in fact.items() if key != "words" or "raises" not in fact}
    return re.sub(rf"^({_PROGRAMS}) .*", r"\1", fact, flags=re.DOTALL) if isinstance(fact, str) else fact


_PROGRAMS = "UserError|ValueError|RuntimeError|NotImplementedError|AssertionError"


def reason(room: str, key: str) -> str | None:
    """Why a fact may differ."""
    return next((why for (where, start), why in DIFFERENCES.items() if where == room and key.startswith(start)), None)


@pytest.mark.parametrize("room", ROOMS)
def test_what_the_reference_makes_of_it_playhead_makes_too(room: str) -> None:
    found = facts("playhead", room)
    assert found.keys() == KEPT[room].keys()
    wrong = {key: (kept, found[key]) for key, kept in KEPT[room].items() if kind(found[key]) != kind(kept)}
    unexplained = {key: pair for key, pair in wrong.items() if reason(room, key) is None}
    assert not unexplained, "\n".join(
        f"{key}\n  is     {is_}\n  was to be {was}" for key, (was, is_) in list(unexplained.items())[:10]
    )


def test_every_difference_is_one() -> None:
    for room, start in DIFFERENCES:
        found = facts("playhead", room)
        assert any(key.startswith(start) and kind(found[key]) != kind(kept) for key, kept in KEPT[room].items()), (
            room,
            start,
        )
