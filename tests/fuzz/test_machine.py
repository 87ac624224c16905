"""Runs that are read, left, cancelled and looked at in any order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import settings
from pydantic import BaseModel

from playhead import Agent, fuzz


class Forecast(BaseModel):
    city: str
    celsius: int = 0


def equipped(**options: Any) -> Any:
    agent: Any = Agent(**options)

    @agent.tool_plain
    async def get_weather(city: str, days: int = 1) -> str:
        await asyncio.sleep(days % 5)  # calls complete in another order than they were made
        return f"{city}: sunny"

    @agent.tool_plain
    async def add(a: int, b: int) -> int:
        return a + b

    return agent


EXAMPLES = max(10, settings().max_examples // 4)
TestTextAgent = fuzz.machine(equipped(), max_examples=EXAMPLES)
TestOutputAgent = fuzz.machine(equipped(output_type=Forecast), max_examples=EXAMPLES)


def test_a_machine_finds_what_is_left_behind() -> None:
    agent: Any = Agent()

    tasks: set[Any] = set()

    @agent.tool_plain
    async def begin() -> str:
        tasks.add(asyncio.ensure_future(asyncio.sleep(9_000)))
        return "begun"

    case = fuzz.machine(agent, max_examples=100)
    with pytest.raises(fuzz.InvariantViolation, match="no_task_is_left"):
        case("runTest").runTest()
