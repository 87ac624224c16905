"""Blocking streams that nobody holds any more: the garbage collector ends them, whenever and wherever it comes."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from playhead import Agent
from playhead.messages import ModelMessage
from playhead.models.function import AgentInfo, FunctionModel


class CollectsAsItBegins(asyncio.SelectorEventLoop):
    """A loop in which the collector comes between the making of a task and its first step."""

    def run_forever(self) -> None:
        if collects.pop("once", False):
            gc.collect()
        super().run_forever()


collects: dict[str, bool] = {}


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = CollectsAsItBegins()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def closed() -> list[int]:
    """For each stream that was closed, the thread that did it."""
    return []


@pytest.fixture
def agent(closed: list[int]) -> Agent[None, str]:
    async def answer(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            closed.append(threading.get_ident())

    return Agent(FunctionModel(stream_function=answer))


def leave_in_a_cycle(agent: Agent[None, str]) -> None:
    """Begin a stream, and keep it alive by nothing but itself."""
    stream = agent.run_stream_sync("Hello")
    ring: list[object] = [stream]
    ring.append(ring)


def leave_its_text_in_a_cycle(agent: Agent[None, str]) -> None:
    texts = agent.run_stream_sync("Hello").stream_text(debounce_by=None)
    next(texts)
    ring: list[object] = [texts]
    ring.append(ring)


async def answer() -> int:
    return 42


async def some_turns() -> None:
    for _ in range(1_000):
        await asyncio.sleep(0)


@pytest.mark.parametrize("leave", [leave_in_a_cycle, leave_its_text_in_a_cycle])
def test_a_loop_that_is_about_to_run_something_runs_it(
    loop: asyncio.AbstractEventLoop, agent: Agent[None, str], closed: list[int], leave: object
) -> None:
    assert callable(leave)
    gc.collect()
    gc.disable()
    try:
        leave(agent)
        collects["once"] = True
        stopped: list[bool] = []
        guard = loop.call_later(30, lambda: (stopped.append(True), loop.stop()))  # should it wait for ever
        assert loop.run_until_complete(answer()) == 42
        assert not stopped
        guard.cancel()
        loop.run_until_complete(some_turns())
    finally:
        gc.enable()
    assert closed == [threading.get_ident()]


def test_a_stream_collected_in_another_thread_is_closed_in_its_own_loop(
    loop: asyncio.AbstractEventLoop, agent: Agent[None, str], closed: list[int]
) -> None:
    gc.collect()
    gc.disable()
    try:
        leave_in_a_cycle(agent)
        thread = threading.Thread(target=gc.collect)
        thread.start()
        thread.join()
    finally:
        gc.enable()
    assert closed == []
    loop.run_until_complete(some_turns())
    assert closed == [threading.get_ident()]
