"""A client that goes away cancels the run, over a real socket: the model's stream is closed, and no task is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from playhead import Agent
from playhead.models.function import AgentInfo, DeltaToolCall, FunctionModel

pytest.importorskip("uvicorn")
pytest.importorskip("ag_ui")

from tests.ui.served import REQUESTS, WAYS, application, under_uvicorn


class Watched:
    """A model that never ends, and a tool that never returns; both say when they were left."""

    def __init__(self, story: str) -> None:
        self.story = story
        self.begun = asyncio.Event()
        self.left = asyncio.Event()
        self.agent = Agent(FunctionModel(stream_function=self._stream))
        self.agent.tool_plain(self.endless_tool)

    async def _stream(self, messages: list[Any], info: AgentInfo) -> AsyncIterator[Any]:
        if self.story == "a tool runs":
            yield "Let me see."
            yield {1: DeltaToolCall("endless_tool", "{}")}
            return
        try:
            yield "Hello"
            self.begun.set()
            if self.story == "the model is silent":
                await asyncio.Event().wait()
            while True:
                yield " and on"
                await asyncio.sleep(0.005)
        finally:
            await asyncio.sleep(0)  # cleaning up takes a moment, as closing a connection does
            self.left.set()

    async def endless_tool(self) -> str:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.left.set()
        raise AssertionError("nobody sets it")


@pytest.mark.parametrize("story", ["the model writes", "the model is silent", "a tool runs"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_client_that_disconnects_cancels_the_run(way: str, story: str) -> None:
    watched = Watched(story)
    async with under_uvicorn(application(watched.agent)) as url, httpx.AsyncClient(base_url=url) as client:
        before = asyncio.all_tasks()
        async with client.stream("POST", f"/{way}", json=REQUESTS[way]) as answer:
            assert answer.status_code == 200
            await anext(answer.aiter_bytes())
            await asyncio.wait_for(watched.begun.wait(), 50)
        await asyncio.wait_for(watched.left.wait(), 50)
        for _ in range(2_000):
            if not asyncio.all_tasks() - before:
                break
            await asyncio.sleep(0.02)
        assert asyncio.all_tasks() - before == set()


@pytest.mark.parametrize("story", ["the model writes", "the model is silent", "a tool runs"])
async def test_a_client_that_disconnects_cancels_the_run_behind_a_middleware_too(story: str) -> None:
    watched = Watched(story)
    app = application(watched.agent)

    @app.middleware("http")
    async def pass_on(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    async with under_uvicorn(app) as url, httpx.AsyncClient(base_url=url) as client:
        async with client.stream("POST", "/vercel", json=REQUESTS["vercel"]) as answer:
            await anext(answer.aiter_bytes())
            await asyncio.wait_for(watched.begun.wait(), 50)
        await asyncio.wait_for(watched.left.wait(), 50)


async def test_a_server_that_stops_cancels_the_run() -> None:
    watched = Watched("the model is silent")
    app = application(watched.agent)
    sent: list[Any] = []

    async def receive() -> Any:
        if not sent:
            return {"type": "http.request", "body": json.dumps(REQUESTS["vercel"]).encode(), "more_body": False}
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "POST"}
    scope |= {"path": "/vercel", "raw_path": b"/vercel", "query_string": b"", "headers": [], "scheme": "http"}
    serving = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.wait_for(watched.begun.wait(), 50)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert watched.left.is_set()


@pytest.mark.parametrize("way", WAYS)
async def test_closing_what_a_response_would_send_cancels_the_run_at_once(way: str) -> None:
    watched = Watched("the model writes")
    body = _encoded(way, watched.agent)
    written = ""
    while "Hello" not in written:
        written += await anext(body)
    await body.aclose()
    assert watched.left.is_set()
    await asyncio.sleep(0.01)  # Python finalises the generators of hooks in tasks of their own
    assert len(asyncio.all_tasks()) == 1


def _encoded(way: str, agent: Agent[Any, Any]) -> Any:
    from playhead.ui import ndjson_events, sse_text
    from playhead.ui.ag_ui import AGUIAdapter
    from playhead.ui.vercel_ai import VercelAIAdapter

    if way in ("sse", "ndjson"):
        return {"sse": sse_text, "ndjson": ndjson_events}[way](agent.run_stream_events("hi"))
    adapter: Any = {"ag-ui": AGUIAdapter, "vercel": VercelAIAdapter}[way]
    adapter = adapter(agent=agent, run_input=adapter.build_run_input(json.dumps(REQUESTS[way]).encode()))
    return adapter.encode_stream(adapter.run_stream())
