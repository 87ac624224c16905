"""Stories that real clients are told: an agent on a scripted model for each, behind the way the client speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from ag_ui.core import CustomEvent, StateSnapshotEvent
from fastapi import FastAPI, Request
from pydantic import BaseModel

from playhead import Agent, DeferredToolRequests, ModelRetry, RunContext
from playhead.messages import ToolReturn
from playhead.models import ScriptedModel
from playhead.models.function import FunctionModel
from playhead.script import builtin_call, builtin_return, call, disconnect, output, text, thinking
from playhead.ui import StateDeps
from playhead.ui.ag_ui import AGUIAdapter
from playhead.ui.vercel_ai import VercelAIAdapter
from playhead.ui.vercel_ai.response_types import DataChunk, SourceUrlChunk


class Forecast(BaseModel):
    city: str
    degrees: int


class Counter(BaseModel):
    n: int = 0


WEATHER = [
    text("Let me", " look."),
    call("get_weather", {"city": "Paris"}, chunks=3, id="c1"),
    call("get_weather", {"city": "Oslo"}, chunks=2, id="c2"),
]
SCRIPTS: dict[str, list[Any]] = {
    "text": [text("It is", " sunny", ".")],
    "text-again": [text("It is", " sunny", ".")],
    "thinking": [[thinking("The user", " greets me.", signature="sealed"), text("Hello!")]],
    "tools": [WEATHER, [call("get_weather", {"city": "Rome"}, id="c3")], [text("Sunny,", " everywhere.")]],
    "provider_tool": [
        [
            builtin_call("web_search", {"query": "weather"}, id="b1"),
            builtin_return("web_search", {"found": 1}, id="b1"),
            text("Found."),
        ]
    ],
    "error": [[text("It is", " sun"), call("get_weather", {"city": "Paris"}, id="c1")], [text("Now"), disconnect()]],
    "tool_error": [[call("refuses", {}, id="c1")], [text("I gave up.")]],
    "own_data": [[call("chart", {}, id="c1")], [text("See above.")]],
    "output": [[output({"city": "Paris", "degrees": 21}, chunks=3)]],
    "conversation": [text("One."), text("Two.")],
    "approval-approved": [[text("May I?"), call("delete", {"path": "/tmp/x"}, id="c1")], [text("Deleted.")]],
    "approval-denied": [[text("May I?"), call("delete", {"path": "/tmp/x"}, id="c1")], [text("Then not.")]],
    "approval": [[text("May I?"), call("delete", {"path": "/tmp/x"}, id="c1")]],
    "state": [[call("count", {}, id="c1")], [text("Counted.")]],
    "browser_tool": [[call("confirm", {"question": "Sure?"}, id="c1")], [text("Confirmed.")]],
}


@dataclass
class Stories:
    """The agents by story; `left` is set when the endless model's stream was closed."""

    left: asyncio.Event = field(default_factory=asyncio.Event)
    models: dict[str, ScriptedModel] = field(default_factory=dict[str, ScriptedModel])

    def agent(self, story: str, own_data: list[Any]) -> Agent[Any, Any]:
        if story == "endless":
            return Agent(FunctionModel(stream_function=self._endless))
        model = self.models.setdefault(story, ScriptedModel(*SCRIPTS[story]))
        output_type: Any = Forecast if story == "output" else [str, DeferredToolRequests]
        agent: Agent[Any, Any] = Agent(model, output_type=output_type)

        @agent.tool_plain
        async def get_weather(city: str) -> dict[str, str]:
            return {"city": city, "sky": "sunny"}

        @agent.tool_plain
        async def refuses() -> str:
            raise ModelRetry("not today")

        @agent.tool_plain
        async def chart() -> ToolReturn:
            return ToolReturn("drawn", metadata=own_data)

        @agent.tool
        async def count(ctx: RunContext[StateDeps[Counter]]) -> StateSnapshotEvent:
            ctx.deps.state.n += 1
            return StateSnapshotEvent(snapshot=ctx.deps.state.model_dump())

        if story.startswith("approval"):

            @agent.tool_plain(requires_approval=True)
            async def delete(path: str) -> str:
                return f"{path} is gone"

        return agent

    async def _endless(self, messages: list[Any], info: Any) -> AsyncIterator[str]:
        try:
            while True:
                yield "and on "
                await asyncio.sleep(0.005)
        finally:
            self.left.set()


def stories_application(stories: Stories) -> FastAPI:
    """The stories at `/vercel/{story}`, `/vercel5/{story}` and `/ag-ui/{story}`."""
    app = FastAPI()

    @app.post("/vercel/{story}")
    async def vercel(story: str, request: Request) -> Any:
        data = [
            DataChunk(type="data-chart", id="d1", data={"bars": [1, 2]}),
            SourceUrlChunk(source_id="s1", url="https://example.org/", title="A source"),
        ]
        return await VercelAIAdapter.dispatch_request(request, agent=stories.agent(story, data), sdk_version=6)

    @app.post("/vercel5/{story}")
    async def vercel5(story: str, request: Request) -> Any:
        data = [DataChunk(type="data-chart", id="d1", data={"bars": [1, 2]})]
        return await VercelAIAdapter.dispatch_request(request, agent=stories.agent(story, data))

    @app.post("/ag-ui/{story}")
    async def ag_ui(story: str, request: Request) -> Any:
        data = [CustomEvent(name="chart", value={"bars": [1, 2]})]
        deps = StateDeps(Counter()) if story == "state" else None
        return await AGUIAdapter.dispatch_request(request, agent=stories.agent(story, data), deps=deps)

    return app
