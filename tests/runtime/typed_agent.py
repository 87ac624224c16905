"""Checked by pyright (see test_typing.py): results are generic in their data, decorators keep a function's shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_type

from pydantic import BaseModel

from playhead import (
    Agent,
    AgentRun,
    AgentRunResult,
    AgentStream,
    ModelResponse,
    NativeOutput,
    RunContext,
    StreamedRunResult,
    StreamedRunResultSync,
    TextOutput,
    Tool,
    ToolOutput,
)


@dataclass
class Deps:
    user: str


class City(BaseModel):
    name: str


class Box(BaseModel):
    width: int


def shout(text: str) -> int:
    return len(text)


async def describe(ctx: RunContext[Deps], name: str) -> City:
    return City(name=name)


# --------------------------------------------------------------------------- agents
assert_type(Agent(), Agent[None, str])
assert_type(Agent("test"), Agent[None])
assert_type(Agent("test", deps_type=Deps), Agent[Deps, str])
assert_type(Agent("test", output_type=City), Agent[None, City])
assert_type(Agent("test", output_type=[City, Box]), Agent[None, City | Box])
assert_type(Agent("test", output_type=[City, str]), Agent[None, City | str])
assert_type(Agent("test", output_type=ToolOutput(City)), Agent[None, City])
assert_type(Agent("test", output_type=NativeOutput([City, Box])), Agent[None, City | Box])
assert_type(Agent("test", output_type=TextOutput(shout)), Agent[None, int])
assert_type(Agent("test", output_type=shout), Agent[None, int])
assert_type(Agent("test", output_type=describe), Agent[None, City])

assert_type(Agent[None, City | Box]("test", output_type=City | Box), Agent[None, City | Box])
assert_type(Agent("test", result_type=City), Agent[None, City])  # pyright: ignore[reportDeprecated]
Agent("test", ouput_type=City)  # pyright: ignore[reportCallIssue]

agent = Agent("test", deps_type=Deps, output_type=City)
assert_type(agent, Agent[Deps, City])


# --------------------------------------------------------------------------- decorators
@agent.system_prompt
async def prompt(ctx: RunContext[Deps]) -> str:
    return ctx.deps.user


@agent.instructions
def instructions() -> str:
    return ""


@agent.output_validator
def validate(output: City) -> City:
    return output


@agent.output_validator
async def validate_with_context(ctx: RunContext[Deps], output: City) -> City:
    assert_type(ctx.deps, Deps)
    return output


@agent.tool(retries=2)
def look(ctx: RunContext[Deps], x: int) -> str:
    return ctx.deps.user * x


@agent.tool_plain
async def plain(x: int) -> str:
    return str(x)


assert_type(prompt, Callable[[RunContext[Deps]], Awaitable[str | None]])
assert_type(instructions, Callable[[], str | None])
assert_type(validate, Callable[[City], City])
assert_type(validate_with_context, Callable[[RunContext[Deps], City], Awaitable[City]])


@agent.tool  # pyright: ignore[reportArgumentType]
def other_deps(ctx: RunContext[int], x: int) -> str:
    return ""


@agent.output_validator  # pyright: ignore[reportArgumentType, reportCallIssue, reportUntypedFunctionDecorator]
def other_output(output: Box) -> Box:
    return output


Agent("test", tools=[look, plain, Tool(look)], deps_type=Deps)
Agent("test", tools=[look], deps_type=int)  # pyright: ignore[reportArgumentType, reportCallIssue]


# --------------------------------------------------------------------------- ways to run
async def run() -> None:
    deps = Deps("Ada")
    assert_type(await agent.run("hi", deps=deps), AgentRunResult[City])
    assert_type((await agent.run("hi", deps=deps)).output, City)
    assert_type(await agent.run("hi", deps=deps, output_type=Box), AgentRunResult[Box])
    assert_type(await agent.run("hi", deps=deps, output_type=[Box, str]), AgentRunResult[Box | str])
    async with agent.run_stream("hi", deps=deps) as result:
        assert_type(result, StreamedRunResult[Deps, City])
        assert_type([output async for output in result.stream_output()], list[City])
        assert_type([text async for text in result.stream_text()], list[str])
        assert_type([item async for item in result.stream_responses()], list[tuple[ModelResponse, bool]])
        assert_type(await result.get_output(), City)
    async with agent.run_stream("hi", deps=deps, output_type=int) as number:
        assert_type(await number.get_output(), int)
    async with agent.iter("hi", deps=deps) as progress:
        assert_type(progress, AgentRun[Deps, City])
        async for node in progress:
            if Agent.is_model_request_node(node):
                async with node.stream(progress.ctx) as stream:
                    assert_type(stream, AgentStream[Deps, City])
            elif Agent.is_end_node(node):
                assert_type(node.data.output, City)
        assert progress.result is not None
        assert_type(progress.result.output, City)
    async for event in agent.run_stream_events("hi", deps=deps):
        if event.event_kind == "agent_run_result":
            assert_type(event.result.output, City)
    async with agent.run_stream_events("hi", deps=deps) as events:
        async for event in events:
            if event.event_kind == "part_delta":
                assert_type(event.index, int)


def run_sync() -> None:
    assert_type(agent.run_sync("hi", deps=Deps("Ada")).output, City)
    assert_type(agent.run_stream_sync("hi", deps=Deps("Ada")), StreamedRunResultSync[Deps, City])
    with agent.run_stream_sync("hi", deps=Deps("Ada")) as result:
        assert_type(result.get_output(), City)
    agent.run_sync("hi")  # pyright: ignore[reportArgumentType]
    with agent.override(deps=5):  # pyright: ignore[reportArgumentType]
        pass
