"""The model for tests: it calls the agent's tools, repeats what failed, and answers with data made from schemas."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from playhead import Agent, ModelRetry, PromptedOutput
from playhead.messages import ModelRequestParameters, ModelResponse, PartDeltaEvent, ToolDefinition
from playhead.models.test import TestModel
from playhead.usage import RequestUsage, RunUsage


class City(BaseModel):
    name: str
    population: int


def with_tools(agent: Agent[None, Any]) -> Agent[None, Any]:
    @agent.tool_plain
    def double(x: int, note: str = "n") -> str:
        return f"{2 * x}{note}"

    @agent.tool_plain
    def names(z: list[str]) -> dict[str, list[str]]:
        return {"z": z}

    return agent


def generated(schema: dict[str, Any], seed: int = 0) -> Any:
    whole = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return TestModel(seed=seed).gen_tool_args(ToolDefinition(name="f", parameters_json_schema=whole))["a"]


async def test_without_tools_it_says_so() -> None:
    result = await Agent(TestModel()).run("hello there")
    assert result.output == "success (no tool calls)"
    assert result.usage() == RunUsage(requests=1, input_tokens=52, output_tokens=4)


async def test_it_calls_every_tool_once_and_answers_with_what_they_returned() -> None:
    result = await with_tools(Agent(TestModel())).run("hi")
    assert json.loads(result.output) == {"double": "0n", "names": {"z": ["a"]}}
    first = result.all_messages()[1]
    assert isinstance(first, ModelResponse)
    assert [call.tool_call_id for call in first.tool_calls] == [
        "pyd_ai_tool_call_id__double",
        "pyd_ai_tool_call_id__names",
    ]


async def test_it_calls_the_tools_that_are_named() -> None:
    result = await with_tools(Agent(TestModel(call_tools=["names"]))).run("hi")
    assert json.loads(result.output) == {"names": {"z": ["a"]}}
    result = await with_tools(Agent(TestModel(call_tools=[]))).run("hi")
    assert result.output == "success (no tool calls)"


async def test_it_repeats_a_call_that_failed() -> None:
    agent = Agent(TestModel())
    calls = 0

    @agent.tool_plain
    def flaky(x: int) -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ModelRetry("again")
        return "ok"

    assert (await agent.run("hi")).output == '{"flaky":"ok"}'
    assert calls == 2


async def test_structured_output_is_made_from_the_schema() -> None:
    assert (await Agent(TestModel(), output_type=City).run("hi")).output == City(name="a", population=0)
    assert (await Agent(TestModel(seed=3), output_type=City).run("hi")).output == City(name="d", population=3)


async def test_the_seed_chooses_among_output_tools() -> None:
    agent = Agent(TestModel(seed=1), output_type=[City, bool])
    assert (await agent.run("hi")).output is True


@pytest.mark.parametrize("args", [{"name": "x", "population": 3}, City(name="x", population=3)])
async def test_structured_output_can_be_given(args: Any) -> None:
    result = await Agent(TestModel(custom_output_args=args), output_type=City).run("hi")
    assert result.output == City(name="x", population=3)


async def test_wrapped_output_can_be_given_as_it_is() -> None:
    assert (await Agent(TestModel(custom_output_args=["x"]), output_type=list[str]).run("hi")).output == ["x"]


async def test_text_can_be_given_where_text_is_allowed() -> None:
    assert (await Agent(TestModel(custom_output_text="yes")).run("hi")).output == "yes"
    with pytest.raises(AssertionError, match="the agent takes no text for its output"):
        await Agent(TestModel(custom_output_text="yes"), output_type=City).run("hi")


async def test_text_can_be_the_json_of_prompted_output() -> None:
    model = TestModel(custom_output_text='{"name": "a", "population": 5}')
    assert (await Agent(model, output_type=PromptedOutput(City)).run("hi")).output == City(name="a", population=5)


async def test_the_latest_request_can_be_looked_at() -> None:
    model = TestModel()
    await with_tools(Agent(model, output_type=City)).run("hi")
    asked = model.last_model_request_parameters
    assert asked is not None and not asked.allow_text_output
    assert [tool.name for tool in asked.function_tools] == ["double", "names"]
    assert [tool.return_schema for tool in asked.function_tools] == [None, None]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a b  c", ["a ", "b ", " ", "c"]),
        ("hello", ["he", "llo"]),
        ("ab", ["ab"]),
        ("", [""]),
        ("x ", ["x ", ""]),
    ],
)
async def test_text_streams_word_by_word(text: str, pieces: list[str]) -> None:
    async with TestModel(custom_output_text=text).request_stream([], None, ModelRequestParameters()) as streamed:
        events = [event async for event in streamed]
    assert [event.delta.content_delta for event in events if isinstance(event, PartDeltaEvent)] == pieces  # type: ignore[union-attr]
    assert streamed.get().text == text


async def test_the_usage_of_a_stream_grows_with_its_words() -> None:
    async with Agent(TestModel()).run_stream("hi") as result:
        seen = [result.usage().output_tokens]
        async for _ in result.stream_text(delta=True, debounce_by=None):
            seen.append(result.usage().output_tokens)
    assert seen == [0, 1, 2, 3, 4]
    assert result.response.usage == RequestUsage(input_tokens=51, output_tokens=4)


async def test_the_names_of_a_test_model() -> None:
    model = TestModel(model_name="mine")
    assert (model.model_name, model.system, model.model_id) == ("mine", "test", "test:mine")
    assert repr(TestModel(seed=2)).startswith("TestModel(call_tools='all', custom_output_text=None")


# --------------------------------------------------------------------------- data from schemas
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "a"),
        ({"type": "string", "minLength": 3}, "aaa"),
        ({"type": "string", "maxLength": 0}, ""),
        ({"type": "string", "format": "date"}, "2024-01-01"),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "exclusiveMinimum": 2, "maximum": 9}, 3),
        ({"type": "number", "minimum": 1.5}, 1.5),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": "array"}, []),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
        ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "minItems": 3}, [0, 1, 2]),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 0}, []),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}, [0, "a"]),
        ({"const": "k"}, "k"),
        ({"enum": ["x", "y"]}, "x"),
        ({"examples": ["ex"]}, "ex"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 0),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"additionalProperty": 0}),
        ({"type": "object", "properties": {"b": {"type": "string"}}}, {}),
        ({}, "a"),
    ],
)
def test_data_fits_its_schema(schema: dict[str, Any], value: Any) -> None:
    assert generated(schema) == value


def test_the_seed_moves_the_data() -> None:
    assert [generated({"type": "string"}, seed) for seed in (1, 64, 93, 94, 95)] == ["b", "#", "~", "aa", "ab"]
    assert generated({"enum": ["x", "y"]}, 1) == "y"
    assert generated({"type": "string", "format": "date"}, 31) == "2024-02-01"


def test_references_are_followed() -> None:
    schema = TypeAdapter(list[City]).json_schema()
    whole = {"type": "object", "properties": {"a": schema}, "required": ["a"], "$defs": schema.pop("$defs")}
    data = TestModel().gen_tool_args(ToolDefinition(name="f", parameters_json_schema=whole))
    assert data == {"a": [{"name": "a", "population": 0}]}


def test_types_that_are_not_known_say_so() -> None:
    with pytest.raises(NotImplementedError, match="Unknown type: weird"):
        generated({"type": "weird"})


@given(seed=st.integers(0, 10_000))
def test_data_validates_whatever_the_seed(seed: int) -> None:
    class Trip(BaseModel):
        title: str
        stops: list[City]
        when: dict[str, float]
        flag: bool | None
        kinds: set[str]

    schema = Trip.model_json_schema()
    Trip.model_validate(TestModel(seed=seed).gen_tool_args(ToolDefinition(name="f", parameters_json_schema=schema)))
