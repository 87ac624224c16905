"""Leaving early: the model's stream is closed before the block is left, nothing is drained, nobody lives on."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from playhead import Agent, capture_run_messages
from playhead.messages import ModelResponse, PartDeltaEvent
from playhead.models.function import AgentInfo, DeltaToolCall, FunctionModel
from playhead.usage import RunUsage, UsageLimits


class Endless:
    """A stream function that never stops by itself, and tells how far it was read and whether it was closed."""

    def __init__(self, pause: float | None = None) -> None:
        self.sent = 0
        self.closed = False
        self._pause = pause

    async def __call__(self, messages: Any, info: AgentInfo) -> AsyncGenerator[str]:
        try:
            while True:
                self.sent += 1
                yield f"word{self.sent} "
                if self._pause is not None:
                    await asyncio.sleep(self._pause)
        finally:
            self.closed = True

    def agent(self) -> Agent[None, str]:
        return Agent(FunctionModel(stream_function=self))


@pytest.fixture
def endless() -> Endless:
    return Endless()


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


async def test_leaving_run_stream_closes_the_model_at_once(endless: Endless) -> None:
    async with endless.agent().run_stream("hi") as result:
        async for _ in result.stream_text(delta=True, debounce_by=None):
            if endless.sent == 3:
                break
        assert not endless.closed
    assert endless.closed
    assert endless.sent == 3
    assert not others()
    assert not result.is_complete


async def test_what_had_arrived_can_still_be_used(endless: Endless) -> None:
    async with endless.agent().run_stream("hi") as result:
        async for text in result.stream_text(debounce_by=None):
            if text.endswith("word2 "):
                break
    assert result.response.parts[0].content == "word1 word2 "  # type: ignore[union-attr]
    assert await result.get_output() == "word1 word2 "


async def test_usage_and_messages_say_what_happened_when_a_stream_was_left(endless: Endless) -> None:
    usage = RunUsage()
    with capture_run_messages() as messages:
        async with endless.agent().run_stream("hi", usage=usage) as result:
            async for _ in result.stream_text(delta=True, debounce_by=None):
                if endless.sent == 3:
                    break
    assert (usage.requests, usage.output_tokens) == (1, 3)
    assert [message.kind for message in messages] == ["request", "response"]
    assert isinstance(messages[1], ModelResponse) and messages[1].text == "word1 word2 word3 "
    assert len(result.all_messages()) == 1


async def test_a_block_that_is_left_without_a_look_closes_the_model(endless: Endless) -> None:
    async with endless.agent().run_stream("hi"):
        pass
    assert endless.closed and endless.sent == 1


async def test_an_exception_in_the_block_closes_the_model(endless: Endless) -> None:
    with pytest.raises(KeyError):
        async with endless.agent().run_stream("hi"):
            raise KeyError
    assert endless.closed and endless.sent == 1
    assert not others()


@pytest.mark.parametrize("debounce_by", [None, 0.001])
async def test_a_cancelled_task_closes_the_model(debounce_by: float | None) -> None:
    endless = Endless(pause=0.001)

    async def read() -> None:
        async with endless.agent().run_stream("hi") as result:
            async for _ in result.stream_text(debounce_by=debounce_by):
                pass

    task = asyncio.create_task(read())
    while endless.sent < 5:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert endless.closed
    assert not others()


async def test_leaving_a_debounced_stream_ends_the_read_that_is_under_way() -> None:
    endless = Endless(pause=10)  # the second piece will not come
    async with endless.agent().run_stream("hi") as result:
        async for _ in result.stream_text(debounce_by=0.001):
            break
        assert not endless.closed
    assert endless.closed
    assert not others()


async def test_closing_run_stream_events_closes_the_model(endless: Endless) -> None:
    events = endless.agent().run_stream_events("hi")
    async for event in events:
        if isinstance(event, PartDeltaEvent):
            await events.aclose()
            break
    assert endless.closed and endless.sent == 2
    assert not others()


async def test_run_stream_events_is_a_context_manager_that_closes_the_model(endless: Endless) -> None:
    usage = RunUsage()
    async with endless.agent().run_stream_events("hi", usage=usage) as events:
        async for event in events:
            if isinstance(event, PartDeltaEvent):
                break
    assert endless.closed and endless.sent == 2
    assert (usage.requests, usage.output_tokens) == (1, 2)
    assert not others()


async def test_run_stream_events_that_nobody_iterates_does_nothing(endless: Endless) -> None:
    async with endless.agent().run_stream_events("hi"):
        pass
    assert endless.sent == 0


async def test_leaving_a_nodes_stream_closes_the_model_and_the_run_goes_on_with_what_came(endless: Endless) -> None:
    async with endless.agent().iter("hi") as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    async for event in stream:
                        if isinstance(event, PartDeltaEvent):
                            break
                assert endless.closed and endless.sent == 2
    assert run.result is not None and run.result.output == "word1 word2 "


async def test_a_nodes_stream_that_nobody_looked_into_is_closed_with_the_run(endless: Endless) -> None:
    async with endless.agent().iter("hi") as run:
        node = await run.next(run.next_node)  # type: ignore[arg-type]
        assert Agent.is_model_request_node(node)
        async with node.stream(run.ctx):
            pass
    assert endless.closed and endless.sent == 1


async def test_a_handler_that_fails_closes_the_model(endless: Endless) -> None:
    async def handler(ctx: Any, events: Any) -> None:
        async for event in events:
            if isinstance(event, PartDeltaEvent):
                raise KeyError

    with pytest.raises(KeyError):
        await endless.agent().run("hi", event_stream_handler=handler)
    assert endless.closed and endless.sent == 2
    assert not others()


async def test_a_limit_that_is_reached_closes_the_model(endless: Endless) -> None:
    with pytest.raises(Exception, match="output_tokens_limit of 3"):
        async for _ in endless.agent().run_stream_events("hi", usage_limits=UsageLimits(output_tokens_limit=3)):
            pass
    assert endless.closed and endless.sent == 4


async def test_closing_stream_output_closes_the_model(endless: Endless) -> None:
    async with endless.agent().run_stream("hi") as result:
        outputs = result.stream_output(debounce_by=None)
        assert await outputs.__anext__() == "word1 "
        await outputs.aclose()
        assert endless.closed


async def test_breaking_out_of_stream_output_leaves_the_stream_to_the_next_reader() -> None:
    sent = 0

    async def stream(messages: Any, info: AgentInfo) -> AsyncGenerator[str]:
        nonlocal sent
        for word in ("a", "b", "c", "d"):
            await asyncio.sleep(0.001)
            sent += 1
            yield word

    async with Agent(FunctionModel(stream_function=stream)).run_stream("hi") as result:
        async for _ in result.stream_output(debounce_by=None):
            break
        gc.collect()
        await asyncio.sleep(0.002)
        assert await result.get_output() == "abcd"
    assert sent == 4


async def test_closing_stream_text_leaves_the_stream_to_the_next_reader(endless: Endless) -> None:
    async with endless.agent().run_stream("hi") as result:
        pieces = result.stream_text(delta=True, debounce_by=None)
        assert await pieces.__anext__() == "word1 "
        await pieces.aclose()
        assert not endless.closed
        assert await result.stream_text(delta=True, debounce_by=None).__anext__() == "word1 "


def test_leaving_run_stream_sync_closes_the_model(endless: Endless) -> None:
    with endless.agent().run_stream_sync("hi") as result:
        for _ in result.stream_text(delta=True, debounce_by=None):
            if endless.sent == 3:
                break
        assert not endless.closed
    assert endless.closed and endless.sent == 3


def test_run_stream_sync_needs_no_with(endless: Endless) -> None:
    result = endless.agent().run_stream_sync("hi")
    assert next(iter(result.stream_text(delta=True, debounce_by=None))) == "word1 "
    del result
    assert endless.closed


async def test_a_tool_that_fails_ends_those_that_still_run() -> None:
    ended: list[str] = []

    async def calls(messages: Any, info: AgentInfo) -> AsyncGenerator[dict[int, DeltaToolCall]]:
        yield {0: DeltaToolCall("slow", "{}"), 1: DeltaToolCall("broken", "{}")}

    agent = Agent(FunctionModel(stream_function=calls))

    @agent.tool_plain
    async def slow() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.append("slow")

    @agent.tool_plain
    async def broken() -> None:
        await asyncio.sleep(0)
        raise KeyError("broken")

    with pytest.raises(KeyError):
        async for _ in agent.run_stream_events("hi"):
            pass
    assert ended == ["slow"]
    assert not others()


async def test_cancelling_a_run_ends_its_tools() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def calls(messages: Any, info: AgentInfo) -> AsyncGenerator[dict[int, DeltaToolCall]]:
        yield {0: DeltaToolCall("slow", "{}"), 1: DeltaToolCall("slow", "{}")}

    agent = Agent(FunctionModel(stream_function=calls))

    @agent.tool_plain
    async def slow() -> None:
        started.set()
        try:
            await asyncio.sleep(10)
        finally:
            ended.set()

    async def read() -> None:
        async with agent.run_stream_events("hi") as events:
            async for _ in events:
                pass

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert not others()
