"""Agents behind the four ways to a browser, under a real server on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request

from playhead import Agent
from playhead.ui import ndjson_response, sse_response
from playhead.ui.ag_ui import AGUIAdapter
from playhead.ui.vercel_ai import VercelAIAdapter

WAYS = ["sse", "ndjson", "ag-ui", "vercel"]
REQUESTS: dict[str, Any] = {
    "sse": {"text": "hi"},
    "ndjson": {"text": "hi"},
    "ag-ui": {
        "threadId": "t",
        "runId": "r",
        "state": {},
        "messages": [{"id": "u", "role": "user", "content": "hi"}],
        "tools": [],
        "context": [],
        "forwardedProps": {},
    },
    "vercel": {
        "trigger": "submit-message",
        "id": "chat",
        "messages": [{"id": "u", "role": "user", "parts": [{"type": "text", "text": "hi"}]}],
    },
}
"""What a browser sends by each way to say "hi"."""


def application(agent: Agent[Any, Any]) -> FastAPI:
    """The agent at `/sse`, `/ndjson`, `/ag-ui` and `/vercel`."""
    app = FastAPI()

    @app.post("/sse")
    async def sse(body: dict[str, Any]) -> Any:
        return sse_response(agent.run_stream_events(body["text"]))

    @app.post("/ndjson")
    async def ndjson(body: dict[str, Any]) -> Any:
        return ndjson_response(agent.run_stream_events(body["text"]))

    @app.post("/ag-ui")
    async def ag_ui(request: Request) -> Any:
        return await AGUIAdapter.dispatch_request(request, agent=agent)

    @app.post("/vercel")
    async def vercel(request: Request) -> Any:
        return await VercelAIAdapter.dispatch_request(request, agent=agent, sdk_version=6)

    return app


@asynccontextmanager
async def under_uvicorn(app: Any) -> AsyncGenerator[str]:
    """The application on a free port of this machine; gives its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=2))
    server.capture_signals = contextlib.nullcontext
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()
