"""`@fuzz.agent` and the invariants on pydantic-ai's own agents: the matrix runs this on 1.85 and on 2.x."""

from __future__ import annotations

import asyncio
import importlib
import itertools
from typing import Any

import pytest
from hypothesis import seed, settings
from pydantic import BaseModel

from playhead import fuzz
from playhead.models import Script, as_response, call, text, thinking, usage
from playhead.transcript import Transcript, capture_run_sync

pydantic_ai: Any = pytest.importorskip("pydantic_ai")
as_model: Any = importlib.import_module("playhead.integrations.pydantic_ai").as_model
Agent = pydantic_ai.Agent


class Forecast(BaseModel):
    city: str
    celsius: int
    tips: list[str] = []


def equip(agent: Any) -> Any:
    @agent.tool_plain
    async def get_weather(city: str, days: int = 1) -> str:
        """A forecast."""
        await asyncio.sleep(days % 7)
        return f"{city}: sunny"

    @agent.tool_plain
    def add(a: int, b: int) -> int:
        """A sum."""
        if a < 0:
            raise pydantic_ai.ModelRetry("Not below zero.")
        return a + b

    return agent


SOUND: dict[str, Any] = {
    "text": lambda: equip(Agent()),
    "tool output": lambda: equip(Agent(output_type=Forecast)),
    "text or tool": lambda: equip(Agent(output_type=[pydantic_ai.ToolOutput(Forecast), str])),
    "prompted": lambda: Agent(output_type=pydantic_ai.PromptedOutput(Forecast)),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_agent_of_pydantic_ai_raises_no_alarm(name: str) -> None:
    @fuzz.agent(SOUND[name](), max_examples=max(5, settings().max_examples // 10))
    def holds(run: Transcript) -> None:
        assert run.error or run.has_output

    holds()


def test_all_invariants_hold_for_a_run_with_interleaved_calls_and_thinking() -> None:
    from playhead.models import ScriptedModel, interleave

    calls = interleave(call("get_weather", ['{"city": ', '"Rome"}']), call("add", ['{"a": 1, ', '"b": 2}']))
    model = ScriptedModel([thinking("Hm", "."), text("Let me ", "see."), calls, usage(output_tokens=5)], "It is sunny.")
    run = capture_run_sync(equip(Agent()), "Weather?", model=as_model(model))
    assert run.output == "It is sunny."
    fuzz.check(run)
    for name, invariant in fuzz.INVARIANTS.items():
        assert invariant.__name__ == name
        invariant(run)


def test_what_ends_a_run_may_overtake_the_calls_beside_it() -> None:
    agent: Any = Agent()
    runs = itertools.count()

    @agent.tool_plain
    async def wait(seconds: int) -> str:
        await asyncio.sleep(seconds if next(runs) == 0 else 10 * seconds)  # as chance has it with threads
        return "waited"

    @agent.tool_plain(retries=0)
    async def fail() -> str:
        await asyncio.sleep(5)
        raise pydantic_ai.ModelRetry("no")

    fuzz.run_script(
        agent, Script(responses=[as_response([call("fail", {}), call("wait", {"seconds": 1}), usage(output_tokens=7)])])
    )


def divides() -> Any:
    agent = Agent()

    @agent.tool_plain
    def divide(a: int, b: int) -> float:
        return a / b

    return agent


def leaves_a_task() -> Any:
    agent, tasks = Agent(), set[Any]()

    @agent.tool_plain
    async def refresh() -> str:
        tasks.add(asyncio.create_task(asyncio.sleep(600)))
        return "begun"

    return agent


def remembers() -> Any:
    agent, seen = Agent(), list[str]()

    @agent.tool_plain
    def remember(text: str) -> int:
        seen.append(text)
        return len(seen)

    return agent


def takes_back_what_was_shown() -> Any:
    agent = Agent(output_type=Forecast)

    @agent.output_validator
    def upper(ctx: Any, output: Forecast) -> Forecast:
        return output if ctx.partial_output else output.model_copy(update={"city": output.city.upper() + "!"})

    return agent


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (divides, "division by zero"),
        (leaves_a_task, "no_task_is_left"),
        (remembers, "runs_agree|the_same_script"),
        pytest.param(takes_back_what_was_shown, "last_partial|contradict", marks=[pytest.mark.slow]),
    ],
)
def test_a_bug_in_an_agent_of_pydantic_ai_is_found_and_small(make: Any, says: str) -> None:
    @fuzz.agent(make(), max_examples=60)
    def drive() -> None:
        pass

    with pytest.raises(Exception, match=says) as caught:
        seed(1)(drive)()
    blob = next(note for note in caught.value.__notes__ if "playhead:" in note).partition("'")[2].partition("'")[0]
    with pytest.raises(type(caught.value), match=says):
        fuzz.replay(make(), blob)
    script: Script = importlib.import_module("playhead.fuzz._play").script_of(blob)
    assert sum(len(response.steps) for response in script.responses[:-1]) <= 3


@pytest.mark.slow  # it shrinks for seconds
def test_a_reducer_of_its_events_is_checked() -> None:
    def last_part_wins(events: Any) -> list[str]:
        parts: list[str] = []
        for event in events:
            if event.event_kind == "part_start":
                parts.append(getattr(event.part, "content", None) or getattr(event.part, "args", None) or "")
            elif event.event_kind == "part_delta":
                delta = event.delta
                parts[-1] += getattr(delta, "content_delta", None) or getattr(delta, "args_delta", None) or ""
        return parts

    with pytest.raises(fuzz.ReducerDifference):
        fuzz.assert_reducer(last_part_wins, equip(Agent()), max_examples=60)
