"""Debouncing on virtual time: what comes within a window is handed out together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest

from playhead import Agent, UsageLimitExceeded, UsageLimits, clock
from playhead.models.function import FunctionModel
from playhead.virtual import virtual_time


@pytest.fixture
def time() -> Generator[Any]:
    with virtual_time() as time:
        yield time


def paced(*steps: str | float | Exception) -> Agent[None, str]:
    """A model that says the texts, and waits the seconds between them."""

    async def stream(messages: Any, info: Any) -> AsyncIterator[str]:
        for step in steps:
            if isinstance(step, str):
                yield step
            elif isinstance(step, Exception):
                raise step
            else:
                await clock.sleep(step)

    return Agent(FunctionModel(stream_function=stream))


async def groups(agent: Agent[None, str], window: float | None) -> list[str]:
    async with agent.run_stream("hi") as result:
        return [text async for text in result.stream_text(delta=True, debounce_by=window)]


async def test_what_comes_within_a_window_is_one_piece(time: Any) -> None:
    assert await groups(paced("a", 0.05, "b", 0.06, "c", 0.05, "d"), 0.1) == ["ab", "cd"]


async def test_a_later_window_opens_with_its_first_piece(time: Any) -> None:
    assert await groups(paced("a", 5.0, "b", 0.09, "c", 0.02, "d"), 0.1) == ["a", "bc", "d"]


async def test_a_stream_that_never_waits_is_one_piece(time: Any) -> None:
    assert await groups(paced("a", "b", "c"), 0.1) == ["abc"]


async def test_without_a_window_each_piece_comes_as_it_is(time: Any) -> None:
    assert await groups(paced("a", 0.01, "b", "c"), None) == ["a", "b", "c"]


async def test_what_had_arrived_comes_when_the_first_window_is_over(time: Any) -> None:
    started = clock.monotonic()
    async with paced("a", 60.0, "b").run_stream("hi") as result:
        async for text in result.stream_text(debounce_by=0.1):
            assert text == "a"
            break
        assert 0.09 < clock.monotonic() - started < 1


async def test_an_error_comes_instead_of_the_group_it_ends(time: Any) -> None:
    seen: list[str] = []
    with pytest.raises(KeyError):
        async with paced("a", 0.2, "b", 0.01, KeyError("x")).run_stream("hi") as result:
            async for text in result.stream_text(delta=True, debounce_by=0.1):
                seen.append(text)
    assert seen == ["a"]


async def test_the_read_that_somebody_left_goes_on_for_the_next(time: Any) -> None:
    async with paced("a", 0.5, "b", "c").run_stream("hi") as result:
        async for _ in result.stream_text(delta=True, debounce_by=0.1):
            break
        assert [text async for text in result.stream_text(delta=True, debounce_by=None)] == ["a", "b", "c"]
        assert result.is_complete


async def test_outputs_are_looked_at_once_for_a_group(time: Any) -> None:
    async with paced("a", 0.01, "b", 0.01, "c", 0.2, "d").run_stream("hi") as result:
        assert [text async for text in result.stream_output(debounce_by=0.1)] == ["a", "abc", "abcd", "abcd"]


@pytest.mark.parametrize("window", [None, 0.1])
async def test_a_limit_on_tokens_is_noticed_at_the_event_that_passes_it_whatever_the_window(
    time: Any, window: float | None
) -> None:
    limits, seen = UsageLimits(output_tokens_limit=2), list[str]()
    with pytest.raises(UsageLimitExceeded, match=r"limit of 2 \(output_tokens=3\)"):
        async with paced("one ", "two ", "three ", "four").run_stream("hi", usage_limits=limits) as result:
            with pytest.raises(UsageLimitExceeded, match=r"output_tokens=3"):
                async for output in result.stream_output(debounce_by=window):
                    seen.append(output)
            assert seen == (["one ", "one two "] if window is None else ["one "])
            # Said once: what has come until then can still be looked at.
            assert [output async for output in result.stream_output(debounce_by=window)][-1] == "one two three "


@pytest.mark.parametrize("window", [None, 0.1])
async def test_a_stream_can_be_read_on_after_a_validator_broke_a_view_of_it(time: Any, window: float | None) -> None:
    agent = paced("one ", 1.0, "two ", 1.0, "three")
    looks: list[str] = []

    @agent.output_validator
    def careless(output: str) -> str:
        looks.append(output)
        if len(looks) == 2:
            raise ValueError("the second look")
        return output

    async with agent.run_stream("hi") as result:
        with pytest.raises(ValueError, match="the second look"):
            async for _ in result.stream_output(debounce_by=window):
                pass
        assert await result.get_output() == "one two three"
