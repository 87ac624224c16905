"""A model behind a limit: so many requests at the same time, streamed or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from playhead import Agent, ConcurrencyLimitExceeded
from playhead.concurrency import ConcurrencyLimit, ConcurrencyLimiter
from playhead.messages import ModelMessage, ModelResponse, TextPart
from playhead.models.concurrency import ConcurrencyLimitedModel, limit_model_concurrency
from playhead.models.function import AgentInfo, FunctionModel


class _Busy:
    """A model that knows how many of its requests went on at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.model = FunctionModel(self.answer, stream_function=self.stream)

    async def answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart("".join([text async for text in self.stream(messages, info)]))])

    async def stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            yield "a"
            await asyncio.sleep(0)
            yield "b"
        finally:
            self.now -= 1


async def _streamed(agent: Agent[None, str]) -> str:
    async with agent.run_stream("x") as result:
        return await result.get_output()


@pytest.mark.parametrize("streamed", [False, True])
async def test_no_more_requests_than_there_are_places(streamed: bool) -> None:
    busy = _Busy()
    agent = Agent(limit_model_concurrency(busy.model, 2))
    if streamed:
        outputs = await asyncio.gather(*(_streamed(agent) for _ in range(6)))
    else:
        outputs = [result.output for result in await asyncio.gather(*(agent.run("x") for _ in range(6)))]
    assert list(outputs) == ["ab"] * 6
    assert (busy.most, busy.now) == (2, 0)


async def test_leaving_a_stream_gives_its_place_back() -> None:
    agent = Agent(ConcurrencyLimitedModel(_Busy().model, 1))
    async with agent.run_stream("x") as result:
        async for _ in result.stream_text(delta=True, debounce_by=None):
            break
    assert await _streamed(agent) == "ab"


async def test_too_many_that_wait() -> None:
    agent = Agent(ConcurrencyLimitedModel(_Busy().model, ConcurrencyLimit(1, 1)))
    results = await asyncio.gather(*(agent.run("x") for _ in range(3)), return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    assert [type(error) for error in errors] == [ConcurrencyLimitExceeded]


def test_no_limit_is_the_model_itself() -> None:
    model = _Busy().model
    assert limit_model_concurrency(model, None) is model


async def test_a_limiter_tells_who_runs_and_who_waits() -> None:
    limiter = ConcurrencyLimiter.from_limit(ConcurrencyLimit(max_running=1, max_queued=1), name="mine")
    await limiter.acquire("first")
    second = asyncio.create_task(limiter.acquire("second"))
    await asyncio.sleep(0)
    assert (limiter.running_count, limiter.waiting_count, limiter.available_count) == (1, 1, 0)
    limiter.release()
    await second
    assert (limiter.running_count, limiter.waiting_count, limiter.max_running) == (1, 0, 1)
    limiter.release()
    assert limiter.available_count == 1
