"""Bugs that real projects had, planted: each is found within the default budget, and what is left of it can be read."""

from __future__ import annotations

from typing import Any

import pytest

from playhead import fuzz
from tests.fuzz.museum.agents import AGENTS
from tests.fuzz.museum.consumers import CHAT, CONSUMERS, NAMED, NDJSON, TIMED, WINDOWS
from tests.fuzz.museum.reducers import READERS, REDUCERS
from tests.fuzz.museum.sound import SOUND


def test_there_are_enough_exhibits_and_each_names_the_thread_it_is_modelled_on() -> None:
    exhibits = [*CONSUMERS, *TIMED, *REDUCERS, *READERS, *AGENTS]
    assert len(exhibits) >= 80
    assert all(exhibit[-1].startswith("https://github.com/") for exhibit in exhibits)


@pytest.mark.parametrize(
    ("consumer", "source"), [exhibit[:2] for exhibit in CONSUMERS], ids=[exhibit[0].__name__ for exhibit in CONSUMERS]
)
def test_a_consumer_that_depends_on_its_pieces_is_found(consumer: Any, source: bytes | str) -> None:
    with pytest.raises(fuzz.SplitDifference) as caught:
        fuzz.assert_split_invariant(consumer, source)
    assert 1 <= len(caught.value.cuts) <= 2
    assert b"".join(caught.value.pieces) == source if isinstance(source, bytes) else True
    assert " | " in str(caught.value)


@pytest.mark.parametrize(("consumer", "source", "pauses"), [exhibit[:3] for exhibit in TIMED])
def test_a_consumer_with_timers_is_found_where_pieces_come_late(
    consumer: Any, source: bytes, pauses: list[float]
) -> None:
    with pytest.raises(fuzz.SplitDifference, match="each piece comes") as caught:
        fuzz.assert_split_invariant(consumer, source, pauses=pauses)
    assert len(caught.value.cuts) == 1


@pytest.mark.parametrize(
    "source", [CHAT, WINDOWS, NDJSON, NAMED, "\ufeff\r\r\n\n\u2028é".encode(), b"", b"a"], ids=repr
)
@pytest.mark.parametrize("consumer", SOUND)
def test_a_sound_consumer_raises_no_alarm(consumer: Any, source: bytes) -> None:
    fuzz.assert_split_invariant(consumer, source, pauses=[0, 1])


# These shrink for seconds; `make fuzz` runs them, and one of each kind is enough for each day.
SLOW = {
    "read_then_write", "tool_wants_a_key", "mutable_default", "validator_reads_the_last_item",
    "cancellation_is_tried_again", "helper_outlives_its_tool", "tool_parses_its_text", "results_as_they_come",
    "lock_of_the_module", "last_result_is_shared", "history_is_cut", "retry_in_a_group",
    "lock_is_kept", "done_once_it_parses", "indexes_of_all_replies", "timeout_or_cancellation", "cursor_in_code_units",
}  # fmt: skip


@pytest.mark.parametrize(
    "reducer",
    [pytest.param(one, marks=[pytest.mark.slow] if one.__name__ in SLOW else []) for one, _ in REDUCERS],
)
def test_a_reducer_that_depends_on_slices_is_found(reducer: Any) -> None:
    with pytest.raises(fuzz.ReducerDifference) as caught:
        fuzz.assert_reducer(reducer)
    assert steps_of(caught.value) <= 3


@pytest.mark.parametrize("find", [exhibit[0] for exhibit in READERS])
def test_a_reader_of_one_format_that_reads_it_wrongly_is_found(find: Any) -> None:
    with pytest.raises(Exception) as caught:
        find()
    assert any("fuzz.wire" in note or "search(" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        pytest.param(make, options, id=make.__name__, marks=[pytest.mark.slow] if make.__name__ in SLOW else [])
        for make, options, _ in AGENTS
    ],
)
def test_an_agent_with_a_bug_is_found(make: Any, options: dict[str, Any]) -> None:
    @fuzz.agent(make(), max_examples=100, **options)
    def drive() -> None:
        pass

    with pytest.raises(Exception) as caught:
        drive()
    assert steps_of(caught.value) <= 3, "\n".join(caught.value.__notes__)


def steps_of(error: BaseException) -> int:
    """The steps of the script that a failure shows, without the answer that every script ends with."""
    blob = next(note for note in error.__notes__ if "playhead:" in note).partition("playhead:")[2].partition("'")[0]
    from playhead.fuzz._play import script_of

    responses = script_of(f"playhead:{blob}").responses
    return sum(len(response.steps) for response in responses[:-1]) or len(responses[-1].steps)
