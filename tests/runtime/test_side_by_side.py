"""Tools that block, called at the same time: what a test sees of them is the same in every run."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from playhead import Agent, FunctionToolResultEvent, ScriptedModel
from playhead.schema import SideBySide, threads_in_turn
from playhead.script import call


async def told(agent: Agent[None, str], *names: str) -> list[str]:
    """The names of the tools, in the order of their results."""
    model = ScriptedModel([call(name, {}) for name in names], "Done.")
    events = agent.run_stream_events("Go", model=model)
    return [event.result.tool_name or "" async for event in events if isinstance(event, FunctionToolResultEvent)]


def agent_with(**tools: object) -> Agent[None, str]:
    agent = Agent()
    for name, function in tools.items():
        agent.tool_plain(name=name)(function)  # pyright: ignore[reportArgumentType]
    return agent


def after(seconds: float):
    def tool() -> str:
        time.sleep(seconds)
        return "ok"

    return tool


async def test_short_functions_are_told_in_the_order_of_their_calls() -> None:
    agent = agent_with(a=after(0.005), b=after(0), c=after(0.002))
    assert await told(agent, "a", "b", "c") == ["a", "b", "c"]


async def test_a_function_that_takes_its_time_is_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SideBySide, "GRACE", 0.01)
    ended = threading.Event()

    def slow() -> str:
        ended.wait(50)
        return "ok"

    agent = agent_with(slow=slow, quick=after(0))
    model = ScriptedModel([call("slow", {}), call("quick", {})], "Done.")
    names: list[str | None] = []
    async for event in agent.run_stream_events("Go", model=model):
        if isinstance(event, FunctionToolResultEvent):
            names.append(event.result.tool_name)
            ended.set()  # only now may the slow one end
    assert names == ["quick", "slow"]


async def test_an_error_waits_for_the_results_before_it() -> None:
    def fails() -> str:
        raise RuntimeError("broken")

    agent = agent_with(a=after(0.005), fails=fails)
    model = ScriptedModel([call("a", {}), call("fails", {})], "Done.")
    results: list[str | None] = []
    with pytest.raises(RuntimeError, match="broken"):
        async for event in agent.run_stream_events("Go", model=model):
            if isinstance(event, FunctionToolResultEvent):
                results.append(event.result.tool_name)
    assert results == ["a"]


async def test_async_functions_end_when_they_end() -> None:
    async def a() -> str:
        await asyncio.sleep(0.001)
        return "ok"

    async def b() -> str:
        return "ok"

    assert await told(agent_with(a=a, b=b), "a", "b") == ["b", "a"]


async def test_an_agent_within_a_tool_waits_for_none_of_the_others() -> None:
    release = threading.Event()
    inner = agent_with(tool=after(0))

    async def asks() -> str:
        await told(inner, "tool")
        release.set()
        return "ok"

    def slow() -> str:
        assert release.wait(50)
        return "ok"

    assert await told(agent_with(slow=slow, asks=asks), "slow", "asks") in (["slow", "asks"], ["asks", "slow"])


async def test_functions_in_turn_meet_what_they_share_in_the_order_of_their_calls() -> None:
    shared: list[str] = []

    def a() -> str:
        time.sleep(0.005)
        shared.append("a")
        return "ok"

    def b() -> str:
        shared.append("b")
        return "ok"

    with threads_in_turn():
        await told(agent_with(a=a, b=b), "a", "b", "a")
    assert shared == ["a", "b", "a"]


async def test_functions_in_turn_may_still_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SideBySide, "GRACE", 0.01)
    release = threading.Event()

    def waits() -> str:
        return str(release.wait(50))

    def frees() -> str:
        release.set()
        return "ok"

    with threads_in_turn():
        assert await told(agent_with(waits=waits, frees=frees), "waits", "frees") == ["waits", "frees"]
