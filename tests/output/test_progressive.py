"""`progressive=True`: models and dataclasses that fill as they arrive, without validation."""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from playhead.messages import PartDeltaEvent, PartStartEvent, TextPart, ToolCallPart, ToolCallPartDelta
from playhead.output import NOTHING, WHOLE, OutputSchema, PartialOutput
from playhead.output._progressive import can_construct, construct
from playhead.stream import Fold


class Stop(BaseModel):
    name: str
    nights: int = 1


class Trip(BaseModel):
    title: str
    start: date | None = None
    stops: list[Stop] = []
    by_day: dict[str, Stop] = {}


@dataclass
class Point:
    x: int
    y: int = 5
    names: list[str] = field(default_factory=list)


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    tricks: list[str]


class Owner(BaseModel):
    name: str = Field(alias="fullName")
    pet: Cat | Dog | None = None


class Sketch(TypedDict, total=False):
    points: list[Point]


def looks(output_type: Any, *pieces: str, **options: Any) -> list[Any]:
    fold = Fold()
    schema: OutputSchema[Any] = OutputSchema.build(output_type)
    partial = PartialOutput(schema, fold, progressive=True, **options)
    fold.feed(PartStartEvent(index=0, part=ToolCallPart("final_result", "", "i")))
    found = [partial.look("final_result")]
    for piece in pieces:
        fold.feed(PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta=piece)))
        found.append(partial.look("final_result"))
    return found


def test_fields_appear_in_the_order_they_arrive() -> None:
    first, second, third = looks(Trip, '{"title": "Fra', 'nce", "stops": [{"name": "Par')
    assert first.model_fields_set == set()
    assert not hasattr(first, "title") and first.stops == []
    assert (second.title, second.model_fields_set) == ("Fra", {"title"})
    assert third.model_fields_set == {"title", "stops"}
    assert third.stops[0].name == "Par" and third.stops[0].nights == 1


def test_nothing_is_validated() -> None:
    trip = looks(Trip, '{"title": 5, "start": "2024-02-30"')[-1]
    assert (trip.title, trip.start) == (5, "2024-02-30")


def test_validators_do_not_keep_a_model_from_filling() -> None:
    assert looks(Trip, '{"title": "x"', has_validators=True)[-1].title == "x"


def test_a_wrapped_list_fills_item_by_item() -> None:
    found = looks(list[Stop], '{"respon', 'se": [{"name": "a"}, {"ni')
    assert found[:2] == [NOTHING, NOTHING]
    assert [stop.model_fields_set for stop in found[2]] == [{"name"}, set()]


def test_types_that_cannot_be_filled_are_validated_as_ever() -> None:
    assert looks(list[int], '{"response": [1, 2')[-1] == [1, 2]


def test_damaged_json_gives_nothing() -> None:
    assert looks(Trip, '{"title": tru', "th")[-1] is NOTHING


def test_text_output_is_not_touched() -> None:
    fold = Fold()
    partial = PartialOutput(OutputSchema.build(str), fold, progressive=True, has_validators=True)
    fold.feed(PartStartEvent(index=0, part=TextPart("x")))
    assert partial.look(None) is WHOLE


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (Point, {"x": 1}, Point(1)),
        (Point, {"y": 2}, Point(None, 2)),  # type: ignore[arg-type]  # neither come nor with a default
        (Sketch, {"points": [{"x": 1}], "other": 1}, {"points": [Point(1)]}),
        (dict[str, Point], {"a": {"x": 1}}, {"a": Point(1)}),
        (tuple[Point, int], [{"x": 1}, 2], (Point(1), 2)),
        (tuple[Point, ...], [{"x": 1}, {"x": 2}], (Point(1), Point(2))),
        (Annotated[Point | None, "note"], {"x": 1}, Point(1)),
        (Point | None, None, None),
        (list[Point] | Point, [{"x": 1}], [Point(1)]),
        (int | str, "x", "x"),
        (list, [1], [1]),
        (Any, {"a": 1}, {"a": 1}),
    ],
    ids=str,
)
def test_construct_follows_the_type(type_: Any, value: Any, expected: Any) -> None:
    assert construct(type_, value) == expected


def test_a_member_of_a_union_is_recognised_by_its_constant_or_its_fields() -> None:
    assert isinstance(construct(Cat | Dog, {"kind": "dog"}), Dog)
    assert isinstance(construct(Cat | Dog, {"kind": "do"}), Dog)
    assert isinstance(construct(Cat | Dog, {"tricks": ["sit"]}), Dog)
    assert isinstance(construct(Cat | Dog, {"lives": 9}), Cat)


def test_aliases_are_the_names_in_json() -> None:
    owner = construct(Owner, {"fullName": "Ann", "pet": {"kind": "cat"}})
    assert owner.name == "Ann" and isinstance(owner.pet, Cat)
    assert owner.model_fields_set == {"name", "pet"}


def test_only_types_with_fields_can_be_filled() -> None:
    assert [can_construct(type_) for type_ in (Trip, list[Point], Sketch, Cat | None, dict[str, Stop])] == [True] * 5
    assert [can_construct(type_) for type_ in (int, list[int], dict[str, int], Literal["a"], Any)] == [False] * 5
