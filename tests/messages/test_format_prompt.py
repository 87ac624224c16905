"""Data as XML for prompts."""

from __future__ import annotations

import datetime as dt
import enum
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, computed_field

from playhead import format_as_xml


class Person(BaseModel):
    name: str = Field(description="The name", title='"N"')
    friend: Person | None = None
    hidden: int = Field(1, exclude=True)

    @computed_field(description="how many letters")
    @property
    def letters(self) -> int:
        return len(self.name)


@dataclass
class Pair:
    left: int = field(metadata={"title": "L", "description": "the left one", "other": 1})
    right: str = "x"


class Word(str, enum.Enum):  # noqa: UP042 - older programs have these
    HI = "hello"


class Colour(enum.Enum):
    RED = 1


PERSON = Person(name="Al")
ALL = "<name>Al</name>\n<friend>null</friend>\n<letters>2</letters>"
TOLD = '<name title="&quot;N&quot;" description="The name">Al</name>\n<friend>null</friend>\n'

TABLE: list[tuple[Any, dict[str, Any], str]] = [
    ({"name": "John", "height": 6}, {"root_tag": "user"}, "<user>\n  <name>John</name>\n  <height>6</height>\n</user>"),
    ('a<b&"', {}, '<item>a&lt;b&amp;"</item>'),
    ("x", {"root_tag": "q"}, "<q>x</q>"),
    ("", {}, "<item />"),
    (None, {}, "<item>null</item>"),
    ({"a": None, "b": [], "c": b"raw"}, {"none_str": "nil"}, "<a>nil</a>\n<b />\n<c>raw</c>"),
    ([1, "b", True, 1.5], {"item_tag": "n"}, "<n>1</n>\n<n>b</n>\n<n>True</n>\n<n>1.5</n>"),
    ([[1], [2]], {}, "<item>\n  <item>1</item>\n</item>\n<item>\n  <item>2</item>\n</item>"),
    ({"a": {"b": 1}}, {"indent": None}, "<a><b>1</b></a>"),
    ({"a": {"b": 1}}, {"indent": "\t"}, "<a>\n\t<b>1</b>\n</a>"),
    ([Pair(1)], {}, "<Pair>\n  <left>1</left>\n  <right>x</right>\n</Pair>"),
    (PERSON, {}, ALL),
    (PERSON, {"include_field_info": True}, TOLD + '<letters description="how many letters">2</letters>'),
    (Pair(1), {"include_field_info": True}, '<left title="L" description="the left one">1</left>\n<right>x</right>'),
    (
        [Pair(1), Pair(2)],
        {"include_field_info": "once", "indent": None},
        '<Pair><left title="L" description="the left one">1</left><right>x</right></Pair>'
        "<Pair><left>2</left><right>x</right></Pair>",
    ),
    (
        {"when": dt.datetime(2020, 1, 2, 3), "day": dt.date(2020, 1, 2), "at": dt.time(1, 2), "for": dt.timedelta(1)},
        {},
        "<when>2020-01-02T03:00:00</when>\n<day>2020-01-02</day>\n<at>01:02:00</at>\n<for>1 day, 0:00:00</for>",
    ),
    (
        {"d": Decimal("1.5"), "w": Word.HI, "c": Colour.RED, "u": UUID(int=5)},
        {},
        "<d>1.5</d>\n<w>hello</w>\n<c>Colour.RED</c>\n<u>00000000-0000-0000-0000-000000000005</u>",
    ),
    ((number for number in (1, 2)), {}, "<item>1</item>\n<item>2</item>"),
    ({}, {}, ""),
]


@pytest.mark.parametrize(("value", "options", "written"), TABLE)
def test_values_are_written_as_xml(value: Any, options: dict[str, Any], written: str) -> None:
    assert format_as_xml(value, **options) == written


def test_what_is_told_once_is_told_where_the_field_comes_first() -> None:
    text = format_as_xml(Person(name="a", friend=PERSON), include_field_info="once")
    assert text.count("The name") == 1
    assert text.count("how many letters") == 1
    assert text.index("how many letters") < text.index("\n</friend>")


@pytest.mark.parametrize("value", [object(), {"a": object()}, [len], Person])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="format_as_xml writes no"):
        format_as_xml(value)


_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]))
_values = st.recursive(
    _texts | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner)
)


@given(_values, st.sampled_from([None, "  "]))
def test_xml_can_be_read_and_has_every_text(value: Any, indent: str | None) -> None:
    root = ElementTree.fromstring(format_as_xml(value, root_tag="root", indent=indent))

    def texts(item: Any) -> list[str]:
        if isinstance(item, dict):
            return [text for inner in item.values() for text in texts(inner)]
        if isinstance(item, list):
            return [text for inner in item for text in texts(inner)]
        return [str(item) if item is not None else "null"]

    leaves = [element.text or "" for element in root.iter() if len(element) == 0]
    assert [text for text in leaves if text.strip()] == [text for text in texts(value) if text.strip()]
