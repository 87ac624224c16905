"""Planted bugs in agents: in tools, validators, and what is left behind. Each had users once; see its address."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from playhead import Agent, RunContext


class Forecast(BaseModel):
    city: str
    celsius: int = 0
    tips: list[str] = []


@dataclass
class Account:
    balance: int = 100
    seen: list[str] = field(default_factory=list)


def tool_divides() -> Any:
    """A tool takes what the model sends without a look."""
    agent: Any = Agent()

    @agent.tool_plain
    def divide(a: int, b: int) -> float:
        return a / b

    return agent


def tool_wants_a_key() -> Any:
    """A tool reads a field that the model may leave out."""
    agent: Any = Agent()

    @agent.tool_plain
    def run_command(params: dict[str, str]) -> str:
        return params["command"]

    return agent


def tool_parses_its_text() -> Any:
    """A tool takes an empty string for JSON."""
    agent: Any = Agent()

    @agent.tool_plain
    def store(arguments: str) -> Any:
        return json.loads(arguments) if not arguments.strip() else "stored"

    return agent


def validator_forgets_partials() -> Any:
    """A validator rewrites the final output only: what was shown is taken back."""
    agent: Any = Agent(output_type=Forecast)

    @agent.output_validator
    def upper(ctx: RunContext[Any], output: Forecast) -> Forecast:
        return output if ctx.partial_output else output.model_copy(update={"city": output.city.upper() + "!"})

    return agent


def validator_reads_the_last_item() -> Any:
    """A validator expects of a partial output what only the whole one has."""
    agent: Any = Agent(output_type=Forecast)

    @agent.output_validator
    def first(ctx: RunContext[Any], output: Forecast) -> Forecast:
        if output.celsius > 40 and not output.tips:
            raise IndexError("a hot day has tips")
        return output

    return agent


def validator_counts() -> Any:
    """A validator with a side effect: it is called for every partial output."""
    calls: list[str] = []
    agent: Any = Agent(output_type=Forecast)

    @agent.output_validator
    def save(output: Forecast) -> Forecast:
        calls.append(output.city)
        return output.model_copy(update={"celsius": len(calls)})

    return agent


def state_of_the_process() -> Any:
    """What a tool remembers outlives the run."""
    seen: list[str] = []
    agent: Any = Agent()

    @agent.tool_plain
    def remember(text: str) -> int:
        seen.append(text)
        return len(seen)

    return agent


def mutable_default() -> Any:
    """The same, by a default value."""
    agent: Any = Agent()

    @agent.tool_plain
    def collect(text: str) -> str:
        return _collected(text)

    def _collected(text: str, found: list[str] = []) -> str:  # noqa: B006
        found.append(text)
        return ", ".join(found)

    return agent


def read_then_write() -> Any:
    """Calls that run at the same time read a balance before they write it."""
    agent: Any = Agent(deps_type=Account)

    @agent.tool
    async def withdraw(ctx: RunContext[Account]) -> int:
        balance = ctx.deps.balance
        await asyncio.sleep(0.1)
        ctx.deps.balance = balance - 10
        return ctx.deps.balance

    return agent


def task_is_left() -> Any:
    """A tool begins what nobody waits for."""
    agent: Any = Agent()
    tasks: set[Any] = set()

    @agent.tool_plain
    async def refresh() -> str:
        tasks.add(asyncio.create_task(asyncio.sleep(600)))
        return "begun"

    return agent


def cancellation_is_caught() -> Any:
    """A tool that catches everything also catches that it is cancelled."""
    agent: Any = Agent()

    @agent.tool_plain
    async def fetch() -> str:
        try:
            await asyncio.sleep(5)
        except BaseException:
            return "failed"
        return "done"

    return agent


def cancellation_is_tried_again() -> Any:
    """A tool that tries again whatever happened goes on after it was cancelled."""
    agent: Any = Agent()

    @agent.tool_plain
    async def fetch() -> str:
        for _ in range(50):
            try:
                await asyncio.sleep(10)
                break
            except asyncio.CancelledError:
                await asyncio.sleep(100)
        return "done"

    return agent


def helper_outlives_its_tool() -> Any:
    """A tool shields its work, and does not wait for it when it is cancelled."""
    agent: Any = Agent()

    @agent.tool_plain
    async def export() -> str:
        await asyncio.shield(asyncio.ensure_future(asyncio.sleep(30)))
        return "done"

    return agent


def waits_for_ever() -> Any:
    """A tool waits for an event that nobody sets."""
    agent: Any = Agent()

    @agent.tool_plain
    async def confirm() -> str:
        await asyncio.Event().wait()
        return "confirmed"

    return agent


AGENTS: list[tuple[Any, dict[str, Any], str]] = [
    (tool_divides, {}, "https://github.com/montycloud/moya/pull/22"),
    (tool_wants_a_key, {}, "https://github.com/mattmezza/humux/issues/78"),
    (tool_parses_its_text, {}, "https://github.com/gwenlake/gwenflow/pull/123"),
    (validator_forgets_partials, {}, "https://github.com/pydantic/pydantic-ai/issues/3194"),
    (validator_reads_the_last_item, {}, "https://github.com/pydantic/pydantic-ai/pull/3286"),
    (validator_counts, {}, "https://github.com/pydantic/pydantic-ai/issues/5517"),
    (state_of_the_process, {}, "https://github.com/run-llama/llama_index/issues/21774"),
    (mutable_default, {}, "https://github.com/kyegomez/swarms/issues/1789"),
    (read_then_write, {"fresh": lambda: {"deps": Account()}}, "https://github.com/langwatch/scenario/issues/329"),
    (task_is_left, {}, "https://github.com/strands-agents/harness-sdk/issues/2266"),
    (cancellation_is_caught, {}, "https://github.com/HKUDS/nanobot/pull/1743"),
    (cancellation_is_tried_again, {}, "https://github.com/alengwenus/pypck/pull/139"),
    (helper_outlives_its_tool, {}, "https://github.com/dp-archive/archive/issues/48"),
    (waits_for_ever, {}, "https://github.com/earendil-works/pi/issues/2381"),
]
