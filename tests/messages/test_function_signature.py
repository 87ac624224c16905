"""Tools written as Python functions."""

from __future__ import annotations

import ast
import enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from playhead import RunContext, Tool, ToolDefinition
from playhead.function_signature import (
    FunctionSignature,
    GenericTypeExpr,
    LiteralTypeExpr,
    SimpleTypeExpr,
    UnionTypeExpr,
)


class Address(BaseModel):
    """Where somebody lives."""

    street: str = Field(description="with its number")
    zip: int | None = None


class Node(BaseModel):
    value: int
    children: list[Node] = []


class Colour(enum.Enum):
    RED = "red"


def find(x: int, y: str = "q", *, z: list[int] | None = None) -> str:
    """Find it.

    Args:
        x: the first
    """
    return ""


def send(
    ctx: RunContext[int], to: Address, also: dict[str, Address], how: Literal["a", "b"], tree: Node, colour: Colour
) -> Address:
    """Several

    lines"""
    return to


def one_model(address: Address) -> None: ...


def into_itself(node: Node) -> list[Node]:
    return [node]


FIND = 'def find(*, x: int, y: str = \'q\', z: list[int] | None = None) -> str:\n    """Find it."""\n    ...'
SEND = (
    "def send(*, to: Address, also: dict[str, Address], how: Literal['a', 'b'], tree: Node, colour: Colour) -> Address:\n"
    '    """\n    Several\n\n    lines\n    """\n    ...'
)


@pytest.mark.parametrize(
    ("function", "written"),
    [
        (find, FIND),
        (send, SEND),
        (
            one_model,
            'def one_model(*, street: str, zip: int | None = None) -> None:\n    """Where somebody lives."""\n    ...',
        ),
        (into_itself, "def into_itself(*, value: int, children: list[Node] = []) -> list[Node]:\n    ..."),
    ],
)
def test_a_tool_is_written_as_a_function(function: Any, written: str) -> None:
    assert Tool(function).tool_def.render_signature("...") == written
    ast.parse(written)


def test_the_body_and_async_are_as_they_are_asked_for() -> None:
    written = Tool(find).tool_def.render_signature("a = 1\nreturn a", is_async=True)
    assert written.startswith("async def find(*, x: int")
    assert written.endswith("\n    a = 1\n    return a")


def test_objects_are_typed_dicts() -> None:
    signature = Tool(send).tool_def.function_signature
    assert FunctionSignature.render_type_definitions([signature], frozenset()) == [
        'class Address(TypedDict):\n    """Where somebody lives."""\n    street: str\n    """with its number"""\n'
        "    zip: NotRequired[int | None]",
        "class Node(TypedDict):\n    value: int\n    children: NotRequired[list[Node]]",
    ]


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"type": ["string", "null"]}, "str | None"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "array", "items": True}, "list[Any]"),
        ({"enum": [1, "x", None]}, "Literal[1, 'x', None]"),
        ({"const": 5}, "Literal[5]"),
        ({}, "Any"),
        (True, "Any"),
        ({"type": "object", "properties": {"q": {"type": "number"}}}, "GetItA"),
        ({"type": "array", "items": {"type": "object", "properties": {}}}, "list[GetItAitem]"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "dict[str, bool]"),
        ({"allOf": [{"type": "string"}]}, "str"),
        ({"oneOf": [{"type": "string"}, {"anyOf": [{"type": "integer"}, {"type": "string"}]}]}, "str | int"),
        ({"$ref": "#/$defs/Elsewhere"}, "Elsewhere"),
        ({"anyOf": []}, "Any"),
    ],
)
def test_schemas_are_written_as_types(schema: Any, written: str) -> None:
    definition = ToolDefinition(
        name="get_it", parameters_json_schema={"type": "object", "properties": {"a": schema}, "required": ["a"]}
    )
    assert str(definition.function_signature.params["a"]) == f"a: {written}"


def test_what_may_be_left_out_has_a_default_and_comes_last() -> None:
    properties = {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"}, "c": {"type": "null"}}
    definition = ToolDefinition(
        name="t", parameters_json_schema={"type": "object", "properties": properties, "required": ["c"]}
    )
    assert definition.render_signature("...") == (
        "def t(*, c: None, a: int | None = None, b: str = 'x') -> Any:\n    ..."
    )


def _taking(name: str, user: dict[str, Any], returns: dict[str, Any] | None = None) -> ToolDefinition:
    def schema(definition: dict[str, Any]) -> dict[str, Any]:
        reference = {"u": {"$ref": "#/$defs/User"}}
        return {"type": "object", "properties": reference, "required": ["u"], "$defs": {"User": definition}}

    return ToolDefinition(
        name=name, parameters_json_schema=schema(user), return_schema=None if returns is None else schema(returns)
    )


NAMED = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
NUMBERED = {"type": "object", "properties": {"number": {"type": "integer"}}}


def test_types_of_one_name_are_told_apart_by_the_tool() -> None:
    tools = [_taking("get", NAMED, NUMBERED), _taking("put", {**NAMED, "description": "new"}), _taking("zap", NUMBERED)]
    signatures = [tool.function_signature for tool in tools]
    conflicting = FunctionSignature.get_conflicting_type_names(signatures)
    assert conflicting == {"User"}
    text = "\n".join(
        [
            *FunctionSignature.render_type_definitions(signatures, conflicting),
            *(signature.render("...", conflicting_type_names=conflicting) for signature in signatures),
        ]
    )
    assert text.count("class ") == len({line for line in text.splitlines() if line.startswith("class ")}) == 3
    assert "def get(*, u: get_User) -> GetReturn" in text
    assert "def put(*, u: get_User) -> Any" in text
    assert "def zap(*, u: get_2_User) -> Any" in text
    assert "    u: get_2_User" in text


def test_equal_types_of_several_tools_are_one() -> None:
    signatures = [_taking(name, NAMED).function_signature for name in ("a", "b")]
    assert FunctionSignature.get_conflicting_type_names(signatures) == frozenset()
    assert signatures[0].params["u"].type is signatures[1].params["u"].type
    assert len(FunctionSignature.collect_unique_referenced_types(signatures)) == 1
    first = signatures[0].referenced_types[0]
    assert first.display_name == "User"
    assert first.structurally_equal(_taking("c", {**NAMED, "description": "x"}).function_signature.referenced_types[0])
    assert not first.structurally_equal(_taking("c", NUMBERED).function_signature.referenced_types[0])


def test_types_write_themselves() -> None:
    union = UnionTypeExpr([SimpleTypeExpr("str"), GenericTypeExpr("list", [LiteralTypeExpr([1, "a"])])])
    assert str(union) == "str | list[Literal[1, 'a']]"
