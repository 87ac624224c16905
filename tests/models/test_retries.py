"""Requests that are tried again, by tenacity's rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

pytest.importorskip("tenacity")

from tenacity import RetryError, retry_if_exception_type, stop_after_attempt, wait_fixed

from playhead import Agent, clock
from playhead.models import ScriptedModel
from playhead.models.openai import OpenAIChatModel, OpenAIProvider
from playhead.retries import AsyncTenacityTransport, RetryConfig, TenacityTransport, wait_retry_after
from playhead.script import error
from playhead.server import Provider, provider_transport


class Busy:
    """Answers 429 so many times, then 200; remembers the responses."""

    def __init__(self, times: int, **headers: str) -> None:
        self.times, self.headers = times, headers
        self.responses: list[httpx.Response] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status = 429 if len(self.responses) < self.times else 200
        headers = {name.replace("_", "-"): value for name, value in self.headers.items()}
        self.responses.append(httpx.Response(status, headers=headers, text=str(status)))
        return self.responses[-1]


def rules(slept: list[float], **more: Any) -> RetryConfig:
    given: dict[str, Any] = {
        "retry": retry_if_exception_type(httpx.HTTPStatusError),
        "wait": wait_retry_after(fallback_strategy=wait_fixed(7), max_wait=30),
        "stop": stop_after_attempt(3),
        "reraise": True,
        "sleep": slept.append,
        **more,
    }
    return RetryConfig(**given)


def failed(response: httpx.Response) -> None:
    response.raise_for_status()


def test_a_request_is_tried_until_the_response_counts() -> None:
    busy, slept = Busy(2, retry_after="1"), list[float]()
    with httpx.Client(transport=TenacityTransport(rules(slept), httpx.MockTransport(busy), failed)) as client:
        assert client.get("http://x").text == "200"
    assert slept == [1, 1]
    assert [response.is_closed for response in busy.responses] == [True, True, True]


async def test_async_requests_are_tried_again_too() -> None:
    busy, slept = Busy(2), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    transport = AsyncTenacityTransport(rules([], sleep=sleep), httpx.MockTransport(busy), failed)
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get("http://x")).status_code == 200
    assert slept == [7, 7]


@pytest.mark.parametrize(("reraise", "kind"), [(True, httpx.HTTPStatusError), (False, RetryError)])
def test_the_last_failure_is_raised_as_the_rules_say(reraise: bool, kind: type[Exception]) -> None:
    transport = TenacityTransport(rules([], reraise=reraise), httpx.MockTransport(Busy(9)), failed)
    with httpx.Client(transport=transport) as client, pytest.raises(kind):
        client.get("http://x")


def test_without_a_judge_every_response_counts() -> None:
    with httpx.Client(transport=TenacityTransport(rules([]), httpx.MockTransport(Busy(1)))) as client:
        assert client.get("http://x").status_code == 429


@pytest.mark.parametrize(
    ("header", "waited"),
    [("5", 5), ("100", 30), ("0", 0), ("soon", 7), ("1.5", 7), ("-3", 7), (None, 7), (timedelta(seconds=-20), 7)],
)
def test_the_wait_is_what_the_header_asks_for(header: Any, waited: float) -> None:
    if isinstance(header, timedelta):
        header = format_datetime(datetime.now(UTC) + header, usegmt=True)
    busy, slept = Busy(1, **({} if header is None else {"retry_after": header})), list[float]()
    with httpx.Client(transport=TenacityTransport(rules(slept), httpx.MockTransport(busy), failed)) as client:
        client.get("http://x")
    assert slept == [waited]


def test_the_wait_may_end_at_a_date() -> None:
    busy = Busy(1, retry_after=format_datetime(clock.now() + timedelta(seconds=20), usegmt=True))
    slept: list[float] = []
    with httpx.Client(transport=TenacityTransport(rules(slept), httpx.MockTransport(busy), failed)) as client:
        client.get("http://x")
    assert 15 < slept[0] <= 20


def test_waits_double_where_nobody_says_anything() -> None:
    slept: list[float] = []
    given = rules(slept, wait=wait_retry_after(), stop=stop_after_attempt(5))
    with httpx.Client(transport=TenacityTransport(given, httpx.MockTransport(Busy(4)), failed)) as client:
        client.get("http://x")
    assert slept == [1, 2, 4, 8]


async def test_an_agents_request_is_tried_again() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    busy = ScriptedModel(error(429, "slow down", headers={"retry-after": "3"}), "Hello")
    transport = AsyncTenacityTransport(rules([], sleep=sleep), provider_transport(Provider(busy)), failed)
    async with httpx.AsyncClient(transport=transport) as client:
        provider = OpenAIProvider(base_url="http://fake/v1", api_key="k", http_client=client)
        result = await Agent(OpenAIChatModel("gpt-5", provider=provider)).run("hi")
    assert result.output == "Hello"
    assert slept == [3]
