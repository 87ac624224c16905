"""What a partial output became, as assignments."""

import pytest
from pydantic import BaseModel

from playhead.transcript import Values
from playhead.transcript._changes import changes


class City(BaseModel):
    name: str
    size: int = 0


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ({"city": "Pa"}, {"city": "Paris"}, 'city += "ris"'),
        ({"city": "Pa"}, {"city": "Pa", "temp": 1}, "temp = 1"),
        ({"temp": 1}, {"temp": 12}, "temp = 12 (was 1)"),
        ({"a": 1, "b": 2}, {"a": 1}, "del b"),
        ({"a": {"b": [1]}}, {"a": {"b": [1, 2]}}, "a.b[1] = 2"),
        ([1, 2, 3], [1], "del [1:]"),
        ([{"a": "x"}], [{"a": "xy"}, {"a": ""}], '[0].a += "y", [1] = {"a": ""}'),
        ("ab", "abc", 'text += "c"'),
        ("ab", "xy", 'text = "xy"'),
        (City(name="P"), City(name="Pa", size=2), 'name += "a", size = 2 (was 0)'),
        (City(name="P"), {"name": "P"}, '{"name": "P"}'),
        ({"a": 1}, {"a": None}, "a = None (was 1)"),
        ({"a": 1}, {"a": 1}, "(no change)"),
        (1, 2, "2"),
    ],
)
def test_a_change_reads_as_an_assignment(old: object, new: object, shown: str) -> None:
    assert changes(old, new, Values()) == shown


def test_when_almost_everything_changed_the_whole_is_shorter() -> None:
    old, new = {str(n): n for n in range(20)}, {str(n): n + 1 for n in range(20)}
    assert changes(old, new, Values()).startswith('{"0": 1, ')
