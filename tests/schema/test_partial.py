"""Objects whose JSON is still arriving: what comes out piece by piece equals what the whole text gives."""

import dataclasses
import json
from typing import Any, Literal, Union

import pytest
import typing_extensions as te
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError, model_validator

from playhead.schema import PartialValidator, shape_of


class Item(BaseModel):
    a: int
    b: str = "d"
    tags: list[str] = []


class ItemDict(te.TypedDict, total=False):
    a: te.Required[int]
    b: str
    sub: list[int]


@dataclasses.dataclass
class ItemData:
    a: int
    b: str = "x"


class Report(BaseModel):
    title: str = "t"
    items: list[Item]
    after: str = "q"
    numbers: list[int] = []


class Optionals(BaseModel):
    items: list[ItemDict] | None = None
    more: list[ItemData] = Field(default_factory=list)


class Upper(BaseModel):
    model_config = ConfigDict(extra="allow", str_to_upper=True)
    items: list[str]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    items: list[float | str]
    x: int = 3


class ReportDict(te.TypedDict, total=False):
    title: str
    items: list[Item]
    more: list[ItemDict]
    last: int


class Required(te.TypedDict):
    title: str
    items: list[ItemDict]


class Scalars(te.TypedDict, total=False):
    items: list[list[int]]
    any: list[Any]
    words: list[Literal["aa", "bb"]]


@dataclasses.dataclass
class Data:
    items: list[Item]
    title: str = "t"
    more: list[int] = dataclasses.field(default_factory=list)


class Node(BaseModel):
    v: int
    kids: list["Node"] = []


class Wrapped(te.TypedDict):
    response: Union[list[Item], Json[list[Item]]]  # noqa: UP007


TYPES: list[Any] = [Report, Optionals, Upper, Strict, ReportDict, Required, Scalars, Data, Node, Wrapped]
KEYS = ["title", "items", "after", "numbers", "more", "x", "last", "any", "words", "v", "kids", "response", "other"]


class WithRootValidator(BaseModel):
    items: list[Item]

    @model_validator(mode="after")
    def check(self) -> te.Self:
        return self


class WithPostInit(BaseModel):
    items: list[Item]

    def model_post_init(self, context: Any) -> None:
        self.items.reverse()


class WithAlias(BaseModel):
    items: list[Item] = Field(validation_alias=AliasChoices("items", "rows"))


class WithLimit(BaseModel):
    items: list[Item] = Field(min_length=1)


class WithoutList(BaseModel):
    a: int
    b: dict[str, int]


@dataclasses.dataclass
class WithDataPostInit:
    items: list[Item]

    def __post_init__(self) -> None:
        self.items.reverse()


leaf = st.sampled_from([1, 22, -3, 1.5, True, None, "x", 'a "b"\n', "aa", "bb", "é😀", "[1]", "\\u00e9"])
item = st.dictionaries(
    st.sampled_from(["a", "b", "tags", "sub", "v", "kids", "z"]),
    st.one_of(st.integers(0, 300), leaf, st.lists(leaf, max_size=3), st.lists(st.integers(0, 99), max_size=3)),
    max_size=4,
)
good_item = st.builds(lambda fields, a: {**fields, "a": a, "v": a}, item.map(lambda _: {}), st.integers(0, 300))
values = st.one_of(
    leaf,
    st.lists(good_item, max_size=4),
    st.lists(item, max_size=3),
    st.lists(leaf, max_size=4),
    st.lists(st.lists(st.integers(0, 99), max_size=3), max_size=3),
    st.lists(st.sampled_from(["aa", "bb"]), max_size=4),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    pairs = draw(st.lists(st.tuples(st.sampled_from(KEYS), values), max_size=5))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")]))
    text = separators[0].join(
        json.dumps(key)
        + separators[1]
        + json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
        for key, value in pairs
    )
    text = draw(st.sampled_from(["", " "])) + "{" + text + "}" + draw(st.sampled_from(["", "\n"]))
    if draw(st.integers(0, 5)) == 0:  # damage
        at = draw(st.integers(0, len(text) - 1))
        text = (
            text[:at]
            + draw(st.sampled_from(["", "x", "]", "}", "{", '"', ",", "\\", "1", "-"]))
            + text[at + draw(st.integers(0, 1)) :]
        )
    return text


def both(adapter: TypeAdapter[Any], validator: PartialValidator, text: str) -> tuple[Any, Any]:
    def outcome(make: Any) -> Any:
        try:
            return make()
        except ValidationError:
            return "invalid"

    whole = outcome(lambda: adapter.validate_json(text or "{}", experimental_allow_partial="trailing-strings"))
    return outcome(validator.value), whole


@given(type_=st.sampled_from(TYPES), text=documents(), size=st.integers(1, 8))
@example(type_=Scalars, text='{"items":[["x",13],[48]]}', size=1)  # an item that is not valid is not the last any more
@example(type_=ReportDict, text='{"more":"zz","title":"a","more":[{"', size=1)  # a field twice
@example(type_=Wrapped, text='{"response": [tr, 1', size=1)  # half a word that has ended
@example(type_=Node, text='{"v":7x ,"kids": [{', size=1)  # frozen at the stray character
@example(type_=Required, text='{"title":"", "items":[{"z":1}], "title":"hi"}', size=1)
def test_each_value_is_what_the_whole_text_gives(type_: Any, text: str, size: int) -> None:
    adapter = TypeAdapter(type_)
    validator = PartialValidator(adapter.validator, shape_of(adapter.core_schema))  # type: ignore[arg-type]
    for at in range(0, len(text), size):
        validator.feed(text[at : at + size])
        value, whole = both(adapter, validator, text[: at + size])
        assert value == whole and repr(value) == repr(whole), text[: at + size]
        if isinstance(value, BaseModel):
            assert value.model_fields_set == whole.model_fields_set


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)
def test_shapes_that_are_read_piece_by_piece(type_: Any) -> None:
    assert shape_of(TypeAdapter(type_).core_schema) is not None


@pytest.mark.parametrize(
    "type_",
    [
        WithRootValidator,
        WithPostInit,
        WithAlias,
        WithLimit,
        WithoutList,
        WithDataPostInit,
        list[Item],
        dict[str, Item],
        str,
    ],
    ids=str,
)
def test_shapes_that_are_validated_whole(type_: Any) -> None:
    assert shape_of(TypeAdapter(type_).core_schema) is None


def test_each_finished_item_is_validated_once() -> None:
    seen: list[int] = []

    class Counted(BaseModel):
        a: int

        @model_validator(mode="after")
        def count(self) -> te.Self:
            seen.append(self.a)
            return self

    class Many(BaseModel):
        items: list[Counted]

    adapter = TypeAdapter(Many)
    validator = PartialValidator(adapter.validator, shape_of(adapter.core_schema))  # type: ignore[arg-type]
    text = json.dumps({"items": [{"a": number} for number in range(50)]})
    for character in text:
        validator.feed(character)
        try:
            validator.value()
        except ValidationError:
            pass
    # Once when finished; before, while it is open or may still be left out, with each look.
    assert validator.incremental
    assert len(seen) < 50 * 25
    whole = sum(text[:at].count("}") for at in range(len(text)))
    assert len(seen) < whole / 10


def test_a_value_that_was_handed_out_does_not_change() -> None:
    adapter = TypeAdapter(Report)
    validator = PartialValidator(adapter.validator, shape_of(adapter.core_schema))  # type: ignore[arg-type]
    validator.feed('{"items": [{"a": 1}, {"a": 2}')
    first = validator.value()
    validator.feed(', {"a": 3}], "title": "x"}')
    assert [item.a for item in first.items] == [1, 2]
    assert first.title == "t"
    assert [item.a for item in validator.value().items] == [1, 2, 3]


def test_the_validation_context_reaches_items() -> None:
    class Scaled(BaseModel):
        a: int

        @model_validator(mode="after")
        def scale(self, info: Any) -> te.Self:
            self.a *= info.context["by"]
            return self

    class Many(BaseModel):
        items: list[Scaled]

    adapter = TypeAdapter(Many)
    validator = PartialValidator(adapter.validator, shape_of(adapter.core_schema), context={"by": 10})  # type: ignore[arg-type]
    validator.feed('{"items": [{"a": 1}, {"a": 2}, {"a": 3}')
    assert [item.a for item in validator.value().items] == [10, 20, 30]
