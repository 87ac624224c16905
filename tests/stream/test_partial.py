"""The splitter of growing JSON: lists come out item by item, the rest stays, damage is noticed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.messages import (
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from playhead.stream import Fold, JsonSplitter

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.text(max_size=5)
    | st.sampled_from(['a"b', "\\", "[{", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def fed(*pieces: str, keys: tuple[str, ...] = ("items",)) -> JsonSplitter:
    splitter = JsonSplitter(keys)
    for piece in pieces:
        splitter.feed(piece)
    return splitter


@given(
    before=st.dictionaries(st.text(max_size=3).filter(lambda key: key != "items"), JSON, max_size=2),
    items=st.lists(JSON, max_size=5),
    after=st.dictionaries(st.text(max_size=3).map(lambda key: f"~{key}"), JSON, max_size=2),
    size=st.integers(1, 7),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_items_and_skeleton_are_those_of_the_document_however_it_is_cut(
    before: dict[str, object],
    items: list[object],
    after: dict[str, object],
    size: int,
    indent: int | None,
    ascii_only: bool,
) -> None:
    text = json.dumps({**before, "items": items, **after}, indent=indent, ensure_ascii=ascii_only)
    splitter = fed(*(text[at : at + size] for at in range(0, len(text), size)))
    assert not splitter.lost
    split = splitter.lists["items"]
    assert [json.loads(item) for item in split.finished] == items
    assert split.closed and not split.open
    assert json.loads(splitter.skeleton) == {**before, "items": [], **after}


def test_the_open_item_is_what_has_come_of_it() -> None:
    splitter = fed('{"title": "a", "it', 'ems": [{"x": 1}, {"x"', ": [2")
    split = splitter.lists["items"]
    assert splitter.skeleton == '{"title": "a", "items": ['
    assert split.finished == ['{"x": 1}']
    assert "".join(split.open) == '{"x": [2'
    assert not split.closed


def test_the_skeleton_does_not_change_while_a_list_grows() -> None:
    splitter = fed('{"items": [')
    version = splitter.skeleton_version
    splitter.feed('{"x": "],"}, 12')
    assert splitter.skeleton_version == version
    splitter.feed("]")
    assert splitter.skeleton_version > version


def test_a_number_ends_with_what_follows_it_in_the_next_piece() -> None:
    splitter = fed('{"items": [12', ",3", "4]")
    assert splitter.lists["items"].finished == ["12", "34"]


def test_a_field_that_is_no_list_stays_where_it_is() -> None:
    splitter = fed('{"items": "[1, 2]"}')
    assert not splitter.lists and not splitter.lost
    assert splitter.skeleton == '{"items": "[1, 2]"}'


def test_a_key_may_be_written_with_escapes() -> None:
    assert "items" in fed('{"\\u0069tems": [1').lists


@pytest.mark.parametrize(
    "text",
    [
        '["items"]',
        '{"items": [1 2',
        '{"items": [1,]',
        '{"items": [,',
        '{"items": [{"x": 1]}',
        '{"items": [1}',
        '{"items": [1] x',
        '{"items": [1]} x',
        '{"items": [1], "items": [2]}',
        '{"items": 1, "items": [2]}',
        "{items: [1]}",
        '{"items": [' + "[" * 101,
    ],
)
def test_what_is_not_expected_is_noticed(text: str) -> None:
    assert fed(text).lost


# --------------------------------------------------------------------------- followers of a fold
def test_a_follower_is_told_of_parts_and_pieces_once() -> None:
    fold = Fold()
    follower = fold.follow()
    assert follower.take() == []
    fold.feed(PartStartEvent(index=0, part=TextPart("a")))
    fold.feed(PartDeltaEvent(index=0, delta=TextPartDelta("b")))
    assert follower.take() == [(0, None)]
    fold.feed(PartDeltaEvent(index=0, delta=TextPartDelta("c")))
    fold.feed(PartDeltaEvent(index=0, delta=TextPartDelta("d")))
    assert fold.part(0) == TextPart("abcd")  # looking joins the pieces, the follower is told all the same
    fold.feed(PartStartEvent(index=1, part=ToolCallPart("t", None, "i")))
    assert follower.take() == [(0, "c"), (0, "d"), (1, None)]
    fold.feed(PartDeltaEvent(index=1, delta=ToolCallPartDelta(args_delta='{"x"')))
    assert follower.take() == [(1, '{"x"')]
    assert follower.take() == []


def test_a_follower_is_told_when_a_part_is_replaced() -> None:
    fold = Fold()
    fold.feed(PartStartEvent(index=0, part=ThinkingPart("a")))
    fold.feed(PartStartEvent(index=1, part=ToolCallPart("t", {"a": 1}, "i")))
    one, two = fold.follow(), fold.follow()
    assert one.take() == two.take() == [(0, None), (1, None)]
    fold.feed(PartDeltaEvent(index=0, delta=ThinkingPartDelta(signature_delta="s")))
    fold.feed(PartDeltaEvent(index=1, delta=ToolCallPartDelta(args_delta={"b": 2})))
    assert one.take() == two.take() == [(0, None), (1, None)]
    assert fold.part(1) == ToolCallPart("t", {"a": 1, "b": 2}, "i")
