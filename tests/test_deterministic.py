"""The same run has the same ids and timestamps each time."""

from __future__ import annotations

import asyncio

import playhead
from playhead import Agent, clock, ids
from playhead.models.test import TestModel


async def test_the_same_run_gives_the_same_messages() -> None:
    agent = Agent(TestModel())

    @agent.tool_plain
    def look(x: int) -> int:
        return x

    with playhead.deterministic():
        first = (await agent.run("hi")).all_messages()
    with playhead.deterministic():
        again = (await agent.run("hi")).all_messages()
    with playhead.deterministic(seed=1):
        other = (await agent.run("hi")).all_messages()
    assert first == again
    assert first[0].run_id != other[0].run_id
    assert first[0].timestamp == clock.EPOCH


def test_the_block_is_left_behind() -> None:
    with playhead.deterministic():
        inside = ids.unique_id()
    assert ids.unique_id() != inside
    assert clock.now() != clock.EPOCH


@playhead.deterministic()
def plain() -> str:
    return ids.unique_id()


@playhead.deterministic()
async def coroutine() -> str:
    await asyncio.sleep(0)
    return ids.unique_id()


async def test_it_decorates_functions_of_both_kinds() -> None:
    assert plain() == plain() == await coroutine() == await coroutine()


async def test_tasks_that_the_block_starts_are_covered() -> None:
    with playhead.deterministic():
        task = asyncio.create_task(coroutine())
        assert clock.now() == clock.EPOCH
    assert await task == plain()


def test_blocks_may_be_nested() -> None:
    with playhead.deterministic() as outer:
        first = ids.unique_id()
        with outer:
            assert ids.unique_id() == first
        assert ids.unique_id() != first
