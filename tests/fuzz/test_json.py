"""What is drawn for a schema validates with the type that the schema was made from."""

from __future__ import annotations

import datetime
import enum
import json
import uuid
from typing import Annotated, Any, Literal, NotRequired

import pytest
from annotated_types import Ge, Gt, Le, Len, Lt, MultipleOf
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from playhead import fuzz


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Leaf(BaseModel):
    kind: Literal["leaf"]
    value: int


class Node(BaseModel):
    kind: Literal["node"] = "node"
    name: str
    children: list[Node] = []
    leaf: Leaf | None = None


class Row(TypedDict):
    id: int
    note: NotRequired[str]


class Strict(BaseModel, extra="forbid"):
    city: Annotated[str, Field(min_length=2, max_length=5)]
    code: Annotated[str, Field(pattern=r"^[A-Z]{3}-\d+$")]
    share: Annotated[float, Ge(0), Le(1)]
    step: Annotated[int, MultipleOf(5), Gt(0), Lt(100)]


TYPES: list[Any] = [
    int, str, float, bool, None, list[int], set[int], dict[str, int], tuple[int, str], tuple[int, ...],
    Annotated[list[int], Len(2, 3)], Literal["a", 1], Colour, Leaf, Node, Row, Strict, list[Node], Leaf | Node,
    Annotated[Leaf | Node, Field(discriminator="kind")], datetime.date, datetime.datetime, datetime.time,
    datetime.timedelta, uuid.UUID, AnyUrl, Annotated[int, Gt(3), Lt(9)], Annotated[float, Gt(0), Lt(1)],
    Annotated[set[Colour], Len(1, 2)], dict[str, list[Leaf]], int | str | None,
]  # fmt: skip


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_what_is_drawn_for_a_schema_validates(kind: Any) -> None:
    adapter = TypeAdapter(kind)

    @settings(max_examples=15)
    @given(fuzz.json_for(adapter.json_schema()))
    def validates(value: Any) -> None:
        adapter.validate_json(json.dumps(value))

    validates()


@given(st.data())
def test_texts_of_arguments_hold_the_value(data: st.DataObject) -> None:
    value = data.draw(fuzz.json_values)
    assert json.loads(data.draw(fuzz.args_text(value))) == value


def test_nearly_valid_values_are_mostly_refused() -> None:
    adapter = TypeAdapter(Strict)
    refused: list[bool] = []

    @settings(max_examples=100, derandomize=True)
    @given(fuzz.nearly_json_for(adapter.json_schema()))
    def count(value: Any) -> None:
        try:
            adapter.validate_python(value)
            refused.append(False)
        except ValidationError:
            refused.append(True)

    count()
    assert sum(refused) > len(refused) / 2
