"""The four ways in a FastAPI application, and what a run is given from a request."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("ag_ui")

from starlette.requests import Request

from playhead import Agent, DeferredToolRequests, RunContext
from playhead.ag_ui import handle_ag_ui_request, run_ag_ui
from playhead.models import ScriptedModel
from playhead.script import call, disconnect, text, thinking
from playhead.ui import StateDeps, ndjson_events, sse_text
from playhead.ui.ag_ui import AGUIAdapter
from playhead.ui.vercel_ai import VercelAIAdapter
from tests.ui.served import REQUESTS, WAYS, application

SCRIPT = [
    [thinking("Hm."), text("Let me", " look."), call("get_weather", {"city": "Paris"}, id="c1")],
    [text("It is", " sunny.")],
]


def weather_agent(*script: Any) -> Agent[Any, Any]:
    agent: Agent[Any, Any] = Agent(ScriptedModel(*(script or SCRIPT)))

    @agent.tool_plain
    def get_weather(city: str) -> str:
        return f"sunny in {city}"

    return agent


async def post(app: Any, path: str, body: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        if isinstance(body, bytes):
            return await client.post(path, content=body)
        return await client.post(path, json=body)


CONTENT_TYPES = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}


@pytest.mark.parametrize("way", WAYS)
async def test_a_fastapi_endpoint_streams_the_whole_run(way: str) -> None:
    answer = await post(application(weather_agent()), f"/{way}", REQUESTS[way])
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == CONTENT_TYPES.get(way, "text/event-stream")
    if way == "vercel":
        assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    for piece in ("Let me", " look.", "It is", " sunny."):
        assert piece in answer.text
    assert ("sunny in Paris" in answer.text) is (way != "sse"), "plain SSE carries text only"


@pytest.mark.parametrize("path", ["/ag-ui", "/vercel"])
async def test_a_request_that_is_not_the_protocols_is_422_with_pydantics_errors(path: str) -> None:
    answer = await post(application(weather_agent()), path, b'{"messages": 1}')
    assert answer.status_code == 422
    assert {error["type"] for error in answer.json()}


async def test_plain_sse_is_text_then_done() -> None:
    frames = [frame async for frame in sse_text(weather_agent().run_stream_events("hi"))]
    assert frames == [
        'data: {"text": "Let me"}\n\n',
        'data: {"text": " look."}\n\n',
        'data: {"text": "It is"}\n\n',
        'data: {"text": " sunny."}\n\n',
        "event: done\ndata: {}\n\n",
    ]


async def test_plain_sse_ends_with_an_error_where_the_run_fails() -> None:
    agent = weather_agent([text("It is"), disconnect()])
    frames = [frame async for frame in sse_text(agent.run_stream_events("hi"))]
    assert frames[0] == 'data: {"text": "It is"}\n\n'
    name, data = frames[-1].split("\n")[:2]
    assert name == "event: error"
    assert "closed before the reply was complete" in json.loads(data.removeprefix("data: "))["message"]


async def test_text_with_line_breaks_stays_one_frame() -> None:
    agent = weather_agent(text("a\n\nb\r\n\u2028c"))
    frames = [frame async for frame in sse_text(agent.run_stream_events("hi"))]
    assert frames[0].count("\n") == 2
    assert json.loads(frames[0].removeprefix("data: "))["text"] == "a\n\nb\r\n\u2028c"


async def test_ndjson_has_every_event_and_the_output_last() -> None:
    lines = [json.loads(line) async for line in ndjson_events(weather_agent().run_stream_events("hi"))]
    kinds = [line["event_kind"] for line in lines]
    assert kinds[0] == "part_start" and kinds[-1] == "agent_run_result"
    assert {"part_delta", "part_end", "function_tool_call", "function_tool_result", "final_result"} <= set(kinds)
    assert lines[-1]["output"] == "It is sunny." and lines[-1]["usage"]["requests"] == 2


async def test_ndjson_ends_with_an_error_where_the_run_fails() -> None:
    agent = weather_agent([text("It is"), disconnect()])
    lines = [json.loads(line) async for line in ndjson_events(agent.run_stream_events("hi"))]
    assert lines[-1]["event_kind"] == "error"


class Count(BaseModel):
    n: int = 0


def counting_agent() -> Agent[Any, Any]:
    agent: Agent[Any, Any] = Agent(ScriptedModel([call("count", {}, id="c1")], text("Counted.")))

    @agent.tool
    def count(ctx: RunContext[StateDeps[Count]]) -> int:
        return ctx.deps.state.n

    return agent


def ag_ui_request(**fields: Any) -> Any:
    return AGUIAdapter.build_run_input(json.dumps({**REQUESTS["ag-ui"], **fields}).encode())


async def test_state_reaches_the_dependencies_validated() -> None:
    deps = StateDeps(Count())
    adapter = AGUIAdapter(counting_agent(), ag_ui_request(state={"n": "3"}))
    events = [event async for event in adapter.run_stream(deps=deps)]
    assert deps.state == Count(n=3)
    assert any(getattr(event, "content", None) == "3" for event in events)


async def test_state_that_nobody_takes_is_a_warning() -> None:
    adapter = AGUIAdapter(weather_agent(), ag_ui_request(state={"n": 3}))
    with pytest.warns(UserWarning, match="no place for it: it is ignored"):
        [event async for event in adapter.run_stream()]


async def test_a_tool_of_the_browser_ends_the_run_and_waits_for_its_result() -> None:
    tool = {"name": "confirm", "description": "Ask", "parameters": {"type": "object", "properties": {}}}
    results: list[Any] = []
    agent: Agent[Any, Any] = Agent(ScriptedModel([call("confirm", {}, id="c1")], text("Fine.")))
    adapter = AGUIAdapter(agent, ag_ui_request(tools=[tool]))
    kinds = [event.type.value async for event in adapter.run_stream(on_complete=results.append)]
    assert kinds == ["RUN_STARTED", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "RUN_FINISHED"]
    assert isinstance(results[0].output, DeferredToolRequests)
    answered = [
        *REQUESTS["ag-ui"]["messages"],
        {
            "id": "a",
            "role": "assistant",
            "toolCalls": [{"id": "c1", "type": "function", "function": {"name": "confirm", "arguments": "{}"}}],
        },
        {"id": "t", "role": "tool", "toolCallId": "c1", "content": "yes"},
    ]
    adapter = AGUIAdapter(agent, ag_ui_request(messages=answered, tools=[tool]))
    assert any(getattr(event, "delta", None) == "Fine." for event in [event async for event in adapter.run_stream()])


async def test_history_of_the_server_comes_before_the_requests_messages() -> None:
    model = ScriptedModel(text("One."), text("Two."))
    agent: Agent[Any, Any] = Agent(model)
    before = (await agent.run("first")).all_messages()
    adapter = VercelAIAdapter(agent, VercelAIAdapter.build_run_input(json.dumps(REQUESTS["vercel"]).encode()))
    [chunk async for chunk in adapter.run_stream(message_history=before)]
    asked = model.requests[1].messages
    assert [part.content for message in asked for part in message.parts] == ["first", "One.", "hi"]


async def test_ag_ui_by_functions() -> None:
    frames = [frame async for frame in run_ag_ui(weather_agent(), ag_ui_request())]
    assert '"RUN_STARTED"' in frames[0] and '"RUN_FINISHED"' in frames[-1]
    app = application(weather_agent())

    @app.post("/by-function")
    async def by_function(request: Request) -> Any:
        return await handle_ag_ui_request(weather_agent(), request)

    answer = await post(app, "/by-function", REQUESTS["ag-ui"])
    assert '"RUN_FINISHED"' in answer.text


async def test_from_request_reads_body_and_accept_header() -> None:
    sent = json.dumps(REQUESTS["vercel"]).encode()

    async def receive() -> Any:
        return {"type": "http.request", "body": sent}

    request = Request({"type": "http", "method": "POST", "headers": [(b"accept", b"text/event-stream")]}, receive)
    adapter = await VercelAIAdapter.from_request(
        request, agent=weather_agent(), sdk_version=6, server_message_id="stored"
    )
    assert (adapter.accept, adapter.sdk_version, adapter.server_message_id) == ("text/event-stream", 6, "stored")
    assert adapter.messages[0].parts[0].content == "hi"
    assert adapter.state is None and adapter.toolset is None


async def test_an_error_of_the_application_reaches_the_server_and_the_client_gets_what_was_written() -> None:
    async def broken() -> AsyncIterator[str]:
        yield "data: 1\n\n"
        raise RuntimeError("a bug")

    from playhead.ui._response import OwningResponse

    with pytest.raises(RuntimeError, match="a bug"):
        await post(OwningResponse(broken()), "/", b"")
