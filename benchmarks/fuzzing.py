"""Examples per second of processor time, beside a bare Hypothesis loop over the same consumer.

`measure()` gives one row for consumers of pieces (`assert_split_invariant`, each cutting being an example), one for
reading whole bodies that are drawn, and one for agents (one run for each script). `ratio` is ours to the bare loop's.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playhead import Agent, ScriptedModel, fuzz
from playhead.models import Script

BODY = b"".join(
    b"data: " + json.dumps({"choices": [{"delta": {"content": word}}]}, ensure_ascii=False).encode() + b"\n\n"
    for word in ["It is", " sunny", " in", " Zürich", " 👩‍👩‍👧", " and", " 21°", "."]
)
_QUIET: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


class Counted:
    """A sound consumer that counts how often it was asked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, chunks: Iterable[bytes]) -> list[Any]:
        self.count += 1
        decoder, rest, found = codecs.getincrementaldecoder("utf-8")(), "", []
        for chunk in chunks:
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            found += [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        return found


def measure() -> dict[str, dict[str, float]]:
    """Rows by name."""
    return {"pieces of a body": _pieces(), "drawn pieces": _drawn_pieces(), "runs of an agent": _agents()}


def _pieces() -> dict[str, float]:
    ours = Counted()
    rate = _rate(lambda: fuzz.assert_split_invariant(ours, BODY, max_examples=500), lambda: ours.count)
    return _row(rate, _bare_pieces(st.lists(st.integers(1, len(BODY) - 1), unique=True, max_size=20).map(_cut)))


def _drawn_pieces() -> dict[str, float]:
    """Our strategy for cuts, with its hostile places, beside the plain one, in the same loop."""
    plain = st.lists(st.integers(1, len(BODY) - 1), unique=True, max_size=20).map(_cut)
    return _row(_bare_pieces(fuzz.chunkings(BODY)), _bare_pieces(plain))


def _bare_pieces(pieces: st.SearchStrategy[list[bytes]]) -> float:
    bare = Counted()
    expected = bare([BODY])

    @settings(max_examples=1_000, **_QUIET)
    @given(pieces)
    def loop(drawn: list[bytes]) -> None:
        assert bare(drawn) == expected

    return _rate(loop, lambda: bare.count)


def _cut(places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(BODY)]
    return [BODY[start:end] for start, end in pairwise(edges)]


def _agents() -> dict[str, float]:
    agent: Any = Agent()

    @agent.tool_plain
    async def get_weather(city: str, days: int = 1) -> str:
        return f"{city}: sunny for {days} days"

    count = [0]

    @fuzz.agent(agent, drivers=["run"], arguments=["valid"], max_examples=300)
    def ours() -> None:
        count[0] += 1

    rate = _rate(ours, lambda: count[0])
    asked = [0]

    @settings(max_examples=300, **_QUIET)
    @given(fuzz.scripts(agent, arguments=["valid"]))
    def bare(script: Script) -> None:
        asked[0] += 1
        try:
            asyncio.run(agent.run("Go on.", model=ScriptedModel(script, repeat=True)))
        except RuntimeError:  # errors of the run
            pass

    return _row(rate, _rate(bare, lambda: asked[0]))


def _rate(work: Callable[[], object], count: Callable[[], int]) -> float:
    """Examples per second of this process's own time."""
    before, began = count(), time.process_time()
    work()
    return (count() - before) / (time.process_time() - began)


def _row(ours: float, bare: float) -> dict[str, float]:
    return {"examples per second": round(ours), "bare Hypothesis loop": round(bare), "ratio": round(ours / bare, 2)}
