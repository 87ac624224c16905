"""A failing comparison points at the first difference."""

from hypothesis import given
from hypothesis import strategies as st

from playhead.transcript import first_difference
from tests.transcript._sample import weather_run


def test_the_first_difference_is_shown_with_its_place_and_a_caret() -> None:
    assert first_difference(str(weather_run()), str(weather_run(weather="suffy"))) == [
        "First difference in request 1, tools (line 11):",
        "      finish    tool_call",
        "    tools",
        '      call#1    get_weather(city="Paris")',
        '  -   call#1    returned "sunny"',
        '  +   call#1    returned "suffy"',
        "                            ^",
    ]


def test_what_differs_after_it_is_counted_not_shown() -> None:
    lines = [f"line {n}" for n in range(40)]
    other = [line.upper() if n in (5, 20, 30) else line for n, line in enumerate(lines)]
    shown = first_difference("\n".join(lines), "\n".join(other))
    assert shown[0] == "First difference (line 6):"
    assert shown[-1] == "  and 2 more lines after it differ"
    assert len(shown) < 10


def test_what_is_only_on_one_side_is_said() -> None:
    assert first_difference("a\nb\nc\n", "a\nc\n")[-2:] == ["  - b", "    only expected has this"]
    assert first_difference("a\n", "a\nb\n")[-2:] == ["  + b", "    only actual has this"]
    assert first_difference("a\n", "a") == ["expected and actual differ in line breaks only: 'a\\n' and 'a'"]


@given(st.lists(st.sampled_from("ab c"), max_size=8), st.lists(st.sampled_from("ab c"), max_size=8))
def test_there_is_a_first_difference_exactly_where_texts_differ(old: list[str], new: list[str]) -> None:
    a, b = "\n".join(old), "\n".join(new)
    assert bool(first_difference(a, b)) == (a != b)


def test_ten_thousand_lines_are_compared_in_no_time() -> None:
    lines = [f"line {n}" for n in range(10_000)]
    assert len(first_difference("\n".join(lines), "\n".join(reversed(lines)))) < 20
