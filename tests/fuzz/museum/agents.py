"""Planted bugs in agents: in tools, validators, and what is left behind. Each had users once; see its address."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from playhead import Agent, FunctionToolset, ModelRetry, RunContext, WrapperToolset


class Forecast(BaseModel):
    city: str
    celsius: int = 0
    tips: list[str] = []


@dataclass
class Account:
    balance: int = 100
    seen: list[str] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: Any = None


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


def lock_is_kept() -> Any:
    """A tool that refuses its arguments does not give back its lock: the next call waits for ever."""
    agent: Any = Agent(deps_type=Account)

    @agent.tool
    async def book(ctx: RunContext[Account], seats: int) -> str:
        await ctx.deps.lock.acquire()
        if seats < 1:
            raise ModelRetry("At least one seat.")
        ctx.deps.lock.release()
        return "booked"

    return agent


def lock_of_the_module() -> Any:
    """A lock that outlives the event loop in which somebody waited for it."""
    lock = asyncio.Lock()
    agent: Any = Agent()

    @agent.tool_plain
    async def write(text: str) -> str:
        async with lock:
            await asyncio.sleep(0.1)
        return text

    return agent


def history_is_cut() -> Any:
    """Only the last messages are sent on: a result comes without its call."""
    agent: Any = Agent(history_processors=[lambda messages: messages[-3:]])

    @agent.tool_plain
    def look_up(key: str) -> str:
        return key

    return agent


def tokens_are_counted_again() -> Any:
    """A tool adds to the run's usage what its provider counts already."""
    agent: Any = Agent()

    @agent.tool
    def summarise(ctx: RunContext[Any]) -> str:
        ctx.usage.input_tokens += 5
        return "short"

    return agent


def last_result_is_shared() -> Any:
    """A toolset keeps the last result in one place, and reads it back after a turn of the loop."""

    class Remembering(WrapperToolset[Account]):
        async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: RunContext[Account], tool: Any) -> Any:
            ctx.deps.last = await super().call_tool(name, tool_args, ctx, tool)
            await asyncio.sleep(0)
            return ctx.deps.last

    tools: Any = FunctionToolset()

    @tools.tool_plain
    async def echo(text: str) -> str:
        return text

    return Agent(deps_type=Account, toolsets=[Remembering(tools)])


def timeout_or_cancellation() -> Any:
    """Whoever cancels is told that it took too long."""
    agent: Any = Agent()

    @agent.tool_plain
    async def fetch(url: str) -> str:
        try:
            async with asyncio.timeout(1):
                await asyncio.sleep(0.5)
        except (asyncio.CancelledError, TimeoutError):
            return "timed out"
        return url

    return agent


def retry_in_a_group() -> Any:
    """What asks the model to try again comes out of a task group inside an exception group."""
    agent: Any = Agent()

    async def half(number: int) -> int:
        if number % 2:
            raise ModelRetry("Even numbers only.")
        return number // 2

    @agent.tool_plain
    async def halves(numbers: list[int]) -> list[int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(half(number)) for number in numbers]
        return [task.result() for task in tasks]

    return agent


def finally_waits() -> Any:
    """Cleaning up waits for what only happens when nothing goes wrong."""
    agent: Any = Agent()

    @agent.tool_plain
    async def deploy(name: str) -> str:
        done = asyncio.Event()
        try:
            await asyncio.sleep(1)
            done.set()
        finally:
            await done.wait()
        return name

    return agent


def results_as_they_come() -> Any:
    """Results come in the order in which they are done, with nothing that says whose they are."""
    agent: Any = Agent()

    async def page(url: str) -> str:
        await asyncio.sleep(random.random())
        return url

    @agent.tool_plain
    async def fetch_all(urls: list[str]) -> list[str]:
        return [await found for found in asyncio.as_completed([page(url) for url in urls])]

    return agent


def handler_of_text_alone() -> Any:
    """A handler of events expects every piece to be one of text."""

    async def show(ctx: RunContext[Any], events: Any) -> None:
        async for event in events:
            if event.event_kind == "part_delta":
                assert event.delta.content_delta is not None

    agent: Any = Agent(event_stream_handler=show)

    @agent.tool_plain
    def look_up(key: str) -> str:
        return key

    return agent


def rows_are_left() -> Any:
    """A tool leaves an async generator after its first item; what its `finally` does comes some time later."""
    agent: Any = Agent()

    async def rows() -> Any:
        try:
            for number in range(3):
                yield number
                await asyncio.sleep(1)
        finally:
            await asyncio.sleep(1)

    @agent.tool_plain
    async def first_row(table: str) -> int:
        async for row in rows():
            return row
        return -1

    return agent


def validator_adds_a_line() -> Any:
    """A validator changes what it is given, each time it is asked."""
    agent: Any = Agent(output_type=Forecast)

    @agent.output_validator
    def sign(output: Forecast) -> Forecast:
        output.tips.append("-- the weather office")
        return output

    return agent


def seat_is_kept() -> Any:
    """Whoever is cancelled at work does not give back the semaphore; the third has nothing left to take."""
    seats = asyncio.Semaphore(2)
    agent: Any = Agent()

    @agent.tool_plain
    async def fetch(url: str) -> str:
        await seats.acquire()
        await asyncio.sleep(1)
        seats.release()
        return url

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
    (lock_is_kept, {"fresh": lambda: {"deps": Account()}}, "https://github.com/AeonLucid/POGOLib/pull/70"),
    (lock_of_the_module, {}, "https://github.com/bytedance/deer-flow/pull/5062"),
    (history_is_cut, {}, "https://github.com/HKUDS/nanobot/pull/2075"),
    (tokens_are_counted_again, {}, "https://github.com/coder/xum/pull/2165"),
    (last_result_is_shared, {"fresh": lambda: {"deps": Account()}}, "https://github.com/kyegomez/swarms/pull/1896"),
    (timeout_or_cancellation, {}, "https://github.com/evoila/meho/pull/353"),
    (retry_in_a_group, {}, "https://github.com/pydantic/pydantic-ai/pull/6004"),
    (finally_waits, {}, "https://github.com/microsoft/vs-threading/issues/1000"),
    (results_as_they_come, {}, "https://github.com/EvolvingLMMs-Lab/lmms-eval/issues/243"),
    (handler_of_text_alone, {}, "https://github.com/NousResearch/hermes-agent/pull/21856"),
    (rows_are_left, {}, "https://github.com/python/cpython/issues/88684"),
    (validator_adds_a_line, {}, "https://github.com/pydantic/pydantic-ai/issues/3815"),
    (seat_is_kept, {}, "https://github.com/python/cpython/issues/88157"),
    (waits_for_ever, {}, "https://github.com/earendil-works/pi/issues/2381"),
]
