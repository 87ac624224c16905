"""Outputs read piece by piece are those that are validated whole: the same replies, with a validator and without."""

import json
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from typing_extensions import TypedDict

from playhead import Agent, NativeOutput
from playhead.models.function import DeltaThinkingPart, DeltaToolCall, FunctionModel


class City(BaseModel):
    name: str
    population: int = 0


class Report(BaseModel):
    title: str = "t"
    items: list[City]


class ReportDict(TypedDict, total=False):
    title: str
    items: list[City]


OUTPUTS: list[Any] = [
    Report,
    ReportDict,
    City,
    list[City],
    str,
    [ReportDict, str],
    NativeOutput(Report),
    NativeOutput(ReportDict),
]


def document(draw: Random, output: Any) -> str:
    items: list[dict[str, Any]] = [
        {
            "name": draw.choice(["a", 'b"c', "é"]),
            **({"population": draw.choice([1, 22, "x"])} if draw.random() < 0.5 else {}),
        }
        for _ in range(draw.randrange(4))
    ]
    if output is str:
        return "some text here"
    if output is City:
        return json.dumps({"name": "x", "population": draw.randrange(99)})
    if output == list[City]:
        return json.dumps({"response": items})
    return json.dumps({"title": draw.choice(["hi", 'yo "x"', 5]), "items": items})


def reply(seed: int, output: Any) -> Any:
    """A model that answers in pieces, with thinking, other calls and empty pieces between them: the same for a seed."""

    async def stream(messages: Any, info: Any) -> Any:
        draw = Random(seed)
        text, size = document(draw, output), draw.choice([1, 2, 5, 9])
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        call = 0
        if draw.random() < 0.3:
            yield {call: DeltaThinkingPart(content="hm")}
            call += 1
        if not info.output_tools:
            for piece in pieces:
                if draw.random() < 0.1:
                    yield {99: DeltaThinkingPart(content="x")}
                yield piece
                if draw.random() < 0.1:
                    yield ""
            return
        helper = None
        if draw.random() < 0.3:
            helper, call = call, call + 1
            yield {helper: DeltaToolCall(name="helper", json_args='{"x":', tool_call_id="h")}
        name = info.output_tools[0].name
        first = draw.choice(["", None, pieces[0]])
        yield {call: DeltaToolCall(name=name, json_args=first, tool_call_id="c")}
        for piece in pieces[1:] if first == pieces[0] else pieces:
            yield {call: DeltaToolCall(json_args=piece)}
            if draw.random() < 0.05:
                yield {call: DeltaToolCall(json_args="")}
            if draw.random() < 0.05:
                yield {99: DeltaThinkingPart(content="z")}
            if helper is not None and draw.random() < 0.1:
                yield {helper: DeltaToolCall(json_args="1")}
        if draw.random() < 0.2:
            yield {call + 1: DeltaToolCall(name=name, json_args="{}", tool_call_id="d")}

    return FunctionModel(stream_function=stream)


async def outputs(seed: int, output: Any, *, validated: bool) -> list[str]:
    agent: Agent[Any, Any] = Agent(reply(seed, output), output_type=output, retries=0)

    @agent.tool_plain
    def helper(x: int) -> int:
        return x

    if validated:

        @agent.output_validator
        async def see(seen: Any) -> Any:
            return seen

    found: list[str] = []
    try:
        async with agent.run_stream("go") as result:
            async for item in result.stream_output(debounce_by=None):
                found.append(repr(item))
    except Exception as error:
        found.append(f"{type(error).__name__}: {error}")
    return found


@given(seed=st.integers(0, 100_000), output=st.sampled_from(OUTPUTS))
async def test_a_validator_that_changes_nothing_changes_nothing(seed: int, output: Any) -> None:
    assert await outputs(seed, output, validated=False) == await outputs(seed, output, validated=True)
