"""The model that needs no script: valid data for any schema, the same for the same seed, streamed as providers do."""

from __future__ import annotations

import datetime
import enum
import ipaddress
import re
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import jsonschema
import pydantic
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typing_extensions import TypedDict

from playhead import Agent, DeferredToolRequests, ModelRetry, NativeOutput, PromptedOutput, ToolOutput
from playhead.exceptions import UserError
from playhead.messages import ModelResponse, TextPart, ThinkingPart, ToolCallPart
from playhead.models import SchemaModel
from playhead.models._conforms import conforms
from playhead.models._draw import draw

FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


def valid(value: Any, schema: Any) -> bool:
    return jsonschema.Draft202012Validator(schema, format_checker=FORMATS).is_valid(value)


# --------------------------------------------------------------------------- schemas at random
scalars = st.one_of(
    st.just({"type": "null"}),
    st.just({"type": "boolean"}),
    st.builds(lambda a, b: {"type": "integer", "minimum": min(a, b), "maximum": max(a, b)}, st.integers(-99, 99), st.integers(-99, 99)),
    st.builds(lambda a, n: {"type": "integer", "exclusiveMinimum": a, "multipleOf": n}, st.integers(-99, 99), st.integers(1, 9)),
    st.builds(lambda a, b: {"type": "number", "exclusiveMinimum": a, "exclusiveMaximum": a + b}, st.integers(-9, 9), st.integers(1, 9)),
    st.builds(lambda n: {"type": "number", "multipleOf": n}, st.sampled_from([0.5, 0.25, 3])),
    st.builds(lambda a, b: {"type": "string", "minLength": a, "maxLength": a + b}, st.integers(0, 9), st.integers(0, 9)),
    st.builds(lambda f: {"type": "string", "format": f}, st.sampled_from(["date", "date-time", "time", "email", "ipv4", "ipv6", "uuid", "uri", "duration", "regex", "json-pointer"])),
    st.builds(lambda p: {"type": "string", "pattern": p}, st.sampled_from([r"^\d{3}-\d{4}$", r"[A-Z]+", r"^(a|bc)*d?$", r"^[^a-z]{2,5}$", r"\bfoo\b", r"^\S+@\S+\.(com|org)$", r"^(?P<x>[ab])-(?P=x)$"])),
    st.builds(lambda v: {"enum": v}, st.lists(st.none() | st.booleans() | st.integers() | st.text(max_size=5), min_size=1, max_size=4)),
    st.builds(lambda v: {"const": v}, st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)),
    st.just({}), st.just(True), st.just({"type": ["string", "null", "integer"]}),
)  # fmt: skip
names = st.sampled_from(["a", "b", "name", "größe"])


def combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.builds(
        lambda item, least, more: {"type": "array", "items": item, "minItems": least, "maxItems": least + more},
        inner, st.integers(0, 3), st.integers(0, 3),
    )  # fmt: skip
    tuples = st.builds(lambda items: {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}, st.lists(inner, max_size=3))  # fmt: skip
    objects = st.builds(
        lambda props, more, least: {
            "type": "object", "properties": props, "required": sorted(props)[:least], "additionalProperties": more,
        },
        st.dictionaries(names, inner, max_size=3), st.just(False) | inner, st.integers(0, 3),
    )  # fmt: skip
    patterned = st.builds(lambda one: {"type": "object", "patternProperties": {"^x_[a-z]+$": one}, "additionalProperties": False, "minProperties": 1}, inner)  # fmt: skip
    either = st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3))
    both = st.builds(lambda one: {"allOf": [one, {"title": "both"}]}, inner)
    tagged = st.builds(
        lambda one, other: {
            "oneOf": [
                {"type": "object", "properties": {"kind": {"const": "one"}, "x": one}, "required": ["kind", "x"]},
                {"type": "object", "properties": {"kind": {"const": "other"}, "y": other}, "required": ["kind", "y"]},
            ]
        },
        inner, inner,
    )  # fmt: skip
    return st.one_of(lists, tuples, objects, patterned, either, both, tagged)


@given(st.recursive(scalars, combined, max_leaves=6), st.integers(0, 5))
@example({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2, "maxItems": 2}, 0)
@example({"type": "array", "contains": {"const": 5}, "minContains": 2, "items": {"type": "integer"}}, 0)
@example({"allOf": [{"type": "integer", "minimum": 3}, {"type": "number", "maximum": 4}]}, 0)
@example({"type": "object", "dependentRequired": {"a": ["b"]}, "properties": {"a": {}, "b": {"type": "null"}}}, 1)
@example({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}, "type": "object", "properties": {"a": {"enum": [1, 2]}, "b": {"type": "integer"}, "c": {"type": "null"}}}, 0)  # fmt: skip
@example({"not": {"type": "string"}, "type": ["string", "integer"]}, 0)
def test_what_is_drawn_conforms_to_its_schema(schema: Any, seed: int) -> None:
    value = draw(schema, str(seed))
    assert valid(value, schema), value
    assert draw(schema, str(seed)) == value, "the same seed gives the same data"


@given(st.recursive(scalars, combined, max_leaves=5), st.recursive(st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=5))  # fmt: skip
def test_our_judgement_is_that_of_jsonschema(schema: Any, value: Any) -> None:
    assert conforms(value, schema) == jsonschema.Draft202012Validator(schema).is_valid(value)


# --------------------------------------------------------------------------- schemas of pydantic's
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Tree(pydantic.BaseModel):
    value: int
    children: list[Tree] = []
    parent: Tree | None = None


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, pydantic.Field(ge=1, le=9)]


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    tricks: Annotated[list[str], pydantic.Field(min_length=2)]


class Pair(TypedDict):
    left: int
    right: str


class Everything(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    colour: Colour
    pet: Annotated[Cat | Dog, pydantic.Discriminator("kind")]
    born: datetime.date
    at: datetime.datetime
    lasted: datetime.timedelta
    clock: datetime.time
    id: uuid.UUID
    host: ipaddress.IPv4Address
    price: Annotated[Decimal, pydantic.Field(gt=0, max_digits=8, decimal_places=2)]
    url: pydantic.HttpUrl
    code: Annotated[str, pydantic.StringConstraints(pattern=r"^[A-Z]{2}-\d{4}$")]
    short: Annotated[str, pydantic.StringConstraints(min_length=3, max_length=5)]
    ratio: Annotated[float, pydantic.Field(gt=0, lt=1)]
    even: Annotated[int, pydantic.Field(multiple_of=2, ge=10)]
    pair: tuple[int, str]
    many: tuple[int, ...]
    unique: set[int]
    named: dict[str, Pair]
    either: int | str | None
    tree: Tree
    optional: bool = False


@pytest.mark.parametrize("seed", range(25))
def test_what_is_drawn_is_valid_for_pydantic(seed: int) -> None:
    schema = Everything.model_json_schema()
    value = draw(schema, str(seed))
    assert valid(value, schema)
    assert isinstance(Everything.model_validate(value), Everything)


def test_a_recursion_without_end_is_an_error_that_says_so() -> None:
    endless = {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]}}}  # fmt: skip
    with pytest.raises(UserError, match="No data was found that conforms"):
        draw(endless, "0")


# --------------------------------------------------------------------------- agents
def agent_with(output: Any = str, **kwargs: Any) -> Agent[None, Any]:
    agent: Agent[None, Any] = Agent(output_type=output, **kwargs)

    @agent.tool_plain
    def look_up(city: str, when: datetime.date, near: list[Pair] | None = None) -> str:
        assert isinstance(when, datetime.date)
        return f"{city} on {when}"

    @agent.tool_plain(retries=2)
    def moody(level: Annotated[int, pydantic.Field(ge=1, le=1000)]) -> int:
        if not seen_levels:
            seen_levels.append(level)
            raise ModelRetry("another one")
        assert level not in seen_levels
        return level

    seen_levels: list[int] = []
    return agent


OUTPUTS = [str, int, Everything, list[Cat], Pair, Cat | Dog, [Cat, Dog, str], NativeOutput(Everything), ToolOutput(Tree, name="plant")]  # fmt: skip


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: re.sub(r"\W+", " ", str(output))[:30])
@pytest.mark.parametrize("seed", range(3))
async def test_any_agent_runs_without_a_script(output: Any, seed: int) -> None:
    result = await agent_with(output).run("Go.", model=SchemaModel(seed=seed))
    called = [part.tool_name for m in result.all_messages() if isinstance(m, ModelResponse) for part in m.parts if isinstance(part, ToolCallPart)]  # fmt: skip
    assert called.count("look_up") == 1
    assert called.count("moody") == 2, "a tool that asks for another try is called again"
    async with agent_with(output).run_stream("Go.", model=SchemaModel(seed=seed)) as streamed:
        assert await streamed.get_output() == result.output


async def test_the_same_seed_runs_the_same_and_another_one_does_not() -> None:
    async def said(seed: int) -> list[Any]:
        result = await agent_with(Everything).run("Go.", model=SchemaModel(seed=seed))
        return [
            part for message in result.all_messages() if isinstance(message, ModelResponse) for part in message.parts
        ]

    assert await said(7) == await said(7)
    assert await said(7) != await said(8)


async def test_replies_stream_with_cuts_inside_words_and_numbers() -> None:
    agent = agent_with(Everything)
    deltas: list[str] = []
    async with agent.iter("Go.", model=SchemaModel(seed=1, think=True)) as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    async for event in stream:
                        if event.event_kind == "part_delta":
                            deltas.append(
                                getattr(event.delta, "args_delta", None)
                                or getattr(event.delta, "content_delta", "")
                                or ""
                            )
    assert len(deltas) > 50
    assert 1 < max(map(len, deltas)) <= 8
    assert run.result is not None
    first = run.result.all_messages()[1]
    assert isinstance(first.parts[0], ThinkingPart)
    assert run.result.usage().output_tokens > 10


async def test_only_the_named_tools_are_called_and_none_where_that_is_asked() -> None:
    result = await agent_with().run("Go.", model=SchemaModel(call_tools=["look_up"]))
    assert sum(isinstance(part, ToolCallPart) for m in result.all_messages() for part in m.parts) == 1
    result = await agent_with().run("Go.", model=SchemaModel(call_tools=[]))
    assert [type(part) for part in result.all_messages()[-1].parts] == [TextPart]


async def test_deferred_tools_end_the_run_with_calls_for_somebody_else() -> None:
    agent: Agent[None, Any] = Agent(output_type=[str, DeferredToolRequests])

    @agent.tool_plain(requires_approval=True)
    def delete(path: str) -> str:
        raise AssertionError

    result = await agent.run("Go.", model=SchemaModel())
    assert isinstance(result.output, DeferredToolRequests)
    assert [call.tool_name for call in result.output.approvals] == ["delete"]


async def test_prompted_output_is_answered_as_it_is_asked_for() -> None:
    result = await agent_with(PromptedOutput(Cat)).run("Go.", model=SchemaModel())
    assert isinstance(result.output, Cat)
