"""JSON schemas as a profile's transformer makes them, and what else a model may change of a request."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from playhead import Agent, NativeOutput, PromptedOutput, Tool, UserError
from playhead.messages import ModelMessage, ModelRequestParameters, ModelResponse, TextPart, ToolCallPart
from playhead.models.function import AgentInfo, FunctionModel
from playhead.models.wrapper import WrapperModel
from playhead.profiles import InlineDefsJsonSchemaTransformer, JsonSchema, JsonSchemaTransformer, ModelProfile


class Untitled(JsonSchemaTransformer):
    """Drops titles; a smallest number is not for strict mode."""

    def transform(self, schema: JsonSchema) -> JsonSchema:
        if "minimum" in schema:
            self.is_strict_compatible = False
        return {key: value for key, value in schema.items() if key != "title"}


class City(BaseModel):
    name: str
    mayor: str | None = None


class Country(BaseModel):
    capital: City
    cities: list[City] = Field([], description="the others")


class Tree(BaseModel):
    label: str
    inner: list[Tree] = []


class Wood(BaseModel):
    first: Tree
    city: City


def _keys(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {key for item in schema for key in _keys(item)}
    if not isinstance(schema, dict):
        return set()
    return {*schema, *(key for item in schema.values() for key in _keys(item))}


def test_every_schema_on_the_way_is_transformed() -> None:
    schema = Country.model_json_schema()
    before = json.dumps(schema)
    changed = Untitled(schema).walk()
    assert "title" not in _keys(changed)
    assert changed["properties"]["capital"] == {"$ref": "#/$defs/City"}
    assert changed["$defs"]["City"]["properties"]["name"] == {"type": "string"}
    assert json.dumps(schema) == before


def test_children_are_transformed_before_their_parents() -> None:
    seen: list[str] = []

    class Watching(JsonSchemaTransformer):
        def transform(self, schema: JsonSchema) -> JsonSchema:
            seen.append(schema.get("type", "?"))
            return schema

    Watching({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}}).walk()
    assert seen == ["string", "array", "object"]


@pytest.mark.parametrize("key", ["patternProperties", "properties"])
def test_schemas_by_name_are_transformed(key: str) -> None:
    assert Untitled({key: {"a": {"title": "A"}, "title": True}}).walk() == {key: {"a": {}, "title": True}}


@pytest.mark.parametrize("key", ["anyOf", "oneOf", "allOf", "prefixItems"])
def test_schemas_in_lists_are_transformed(key: str) -> None:
    assert Untitled({key: [{"title": "A", "type": "string"}]}).walk() == {key: [{"type": "string"}]}


def test_definitions_are_written_out_where_they_are_used() -> None:
    walker = InlineDefsJsonSchemaTransformer(Country.model_json_schema())
    changed = walker.walk()
    assert not _keys(changed) & {"$ref", "$defs"}
    assert changed["properties"]["capital"] == changed["properties"]["cities"]["items"]
    assert walker.is_strict_compatible


def test_what_contains_itself_stays_a_definition() -> None:
    changed = Untitled(Wood.model_json_schema(), prefer_inlined_defs=True).walk()
    assert set(changed["$defs"]) == {"Tree"}
    assert changed["properties"]["city"]["properties"]["name"] == {"type": "string"}
    assert changed["properties"]["first"]["properties"]["inner"]["items"] == {"$ref": "#/$defs/Tree"}
    assert "title" not in _keys(changed)


def test_a_schema_that_contains_itself_is_a_reference_to_its_definition() -> None:
    changed = Untitled(Tree.model_json_schema(), prefer_inlined_defs=True).walk()
    assert changed["$ref"] == "#/$defs/Tree"
    assert changed.keys() == {"$ref", "$defs"}
    assert changed["$defs"]["Tree"]["properties"]["inner"]["items"] == {"$ref": "#/$defs/Tree"}


def test_what_stands_beside_a_reference_wins() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/$defs/X", "description": "here"}},
        "$defs": {"X": {"description": "there"}},
    }
    assert Untitled(schema, prefer_inlined_defs=True).walk() == {"properties": {"a": {"description": "here"}}}


def test_a_reference_to_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="which it does not define"):
        InlineDefsJsonSchemaTransformer({"$ref": "#/$defs/Nowhere"}).walk()


def test_a_type_or_null_is_nullable_where_that_is_asked_for() -> None:
    changed = Untitled(City.model_json_schema(), simplify_nullable_unions=True).walk()
    assert changed["properties"]["mayor"] == {"type": "string", "nullable": True, "default": None}


_types = st.recursive(
    st.sampled_from([int, str, bool, City, Country]),
    lambda inner: inner.map(lambda item: list[item]) | inner.map(lambda item: dict[str, item]),  # type: ignore[valid-type]
    max_leaves=4,
)


@given(_types)
def test_inlined_schemas_allow_the_same(kind: Any) -> None:
    from jsonschema import Draft202012Validator
    from pydantic import TypeAdapter

    schema = TypeAdapter(kind).json_schema()
    plain = Draft202012Validator(schema)
    inlined = Draft202012Validator(InlineDefsJsonSchemaTransformer(schema).walk())
    city = {"name": "a"}
    for value in (1, "a", True, [], {}, city, [city], {"capital": city}, {"capital": city, "cities": [city, {}]}):
        assert plain.is_valid(value) == inlined.is_valid(value)


# --------------------------------------------------------------------------- in a request
def small(a: int) -> str:
    return ""


def at_least(a: Annotated[int, Field(ge=1)]) -> str:
    return ""


class Asked:
    """A function model's function that keeps what it was asked with."""

    def __init__(self) -> None:
        self.parameters = ModelRequestParameters()

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.parameters = info.model_request_parameters
        if info.output_tools:
            return ModelResponse([ToolCallPart(info.output_tools[0].name, {"name": "Rome"})])
        return ModelResponse([TextPart('{"name": "Rome"}')])


PROFILE = ModelProfile(json_schema_transformer=Untitled, supports_json_schema_output=True)


def test_the_tools_of_a_request_are_transformed_and_strict_where_they_can_be() -> None:
    asked = Asked()
    tools = [small, at_least, Tool(small, name="loose", strict=False), Tool(at_least, name="tight", strict=True)]
    Agent(FunctionModel(asked, profile=PROFILE), output_type=City, tools=tools).run_sync("hi")
    assert {tool.name: tool.strict for tool in asked.parameters.function_tools} == {
        "small": True,
        "at_least": False,
        "loose": False,
        "tight": True,
    }
    (output,) = asked.parameters.output_tools
    assert output.strict is True
    assert "title" not in _keys(output.parameters_json_schema)


@pytest.mark.parametrize("marker", [NativeOutput, PromptedOutput])
def test_the_output_of_a_request_is_transformed(marker: Any) -> None:
    asked = Asked()
    Agent(FunctionModel(asked, profile=PROFILE), output_type=marker(City)).run_sync("hi")
    output = asked.parameters.output_object
    assert output is not None
    assert output.strict is True
    assert "title" not in output.json_schema["properties"]["name"]
    if marker is PromptedOutput:
        (told,) = asked.parameters.instruction_parts or []
        assert '"title": "City"' in told.content  # the output's own name, which is not the schema's
        assert '"title": "Name"' not in told.content


def test_a_model_may_change_the_parameters_of_its_requests() -> None:
    class OneTool(FunctionModel):
        def customize_request_parameters(
            self, model_request_parameters: ModelRequestParameters
        ) -> ModelRequestParameters:
            parameters = super().customize_request_parameters(model_request_parameters)
            parameters.function_tools = parameters.function_tools[:1]
            return parameters

    asked = Asked()
    agent = Agent(WrapperModel(OneTool(asked)), output_type=City, tools=[small, at_least])
    agent.run_sync("hi")
    assert [tool.name for tool in asked.parameters.function_tools] == ["small"]
