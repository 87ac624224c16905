"""The chat page of the documentation: its application, and the page in a real browser."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

from tests.ui.served import REQUESTS, under_uvicorn

CHAT = Path(__file__).parents[2] / "docs" / "chat"


def chat_application() -> Any:
    spec = importlib.util.spec_from_file_location("chat_app", CHAT / "app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_chats_application_answers_with_the_page_and_a_stream() -> None:
    app = chat_application().app
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert "<title>Playhead chat</title>" in (await client.get("/")).text
        answer = await client.post("/chat", json=REQUESTS["vercel"])
    assert "Ask me about the weather" in answer.text and answer.text.endswith("data: [DONE]\n\n")


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = (CHAT / "index.html").read_text()
    assert "http://" not in page and "https://" not in page and " src=" not in page


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_the_page_streams_shows_a_tool_call_and_is_stopped_half_way(node_clients: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    module = chat_application()
    left = asyncio.Event()
    stream = module.model.request_stream

    def watched_stream(*args: Any, **kwargs: Any) -> Any:
        return _Watched(stream(*args, **kwargs), left)

    module.model.request_stream = watched_stream
    async with under_uvicorn(module.app) as url:
        browser = await asyncio.create_subprocess_exec(
            "node", "chat_page.mjs", url, chromium, str(tmp_path), cwd=node_clients, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await asyncio.wait_for(browser.communicate(), 120)
    assert browser.returncode == 0
    told = json.loads(printed)
    assert told["problems"] == []
    assert told["looks"] > 8, "the answer was seen growing"
    assert told["weather"].endswith("It is sunny in Paris, 21 degrees, with a light wind from the west.")
    assert told["tool"] == {
        "state": "done",
        "input": '{"city":"Paris"}',
        "output": '{"city":"Paris","sky":"sunny","degrees":21}',
    }
    assert told["stopped"].startswith("Once there was a tape") and told["stopped"].endswith("Stopped.")
    assert told["afterwards"] == told["stopped"] and len(told["stopped"]) < 1000
    assert left.is_set(), "stopping in the browser closed the model's stream before its end"
    assert "needs your approval" in told["asked"]
    assert told["approved"].endswith("Done: it is gone.") and "notes.txt deleted" in told["approved"]
    assert told["denied"].endswith("Then I leave it as it is.") and "denied" in told["denied"]
    for name in ("streaming", "approval", "end"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000


class _Watched:
    """A model's stream that says when it was left because of an error or a cancellation."""

    def __init__(self, inner: Any, left: asyncio.Event) -> None:
        self._inner, self._left = inner, left

    async def __aenter__(self) -> Any:
        return await self._inner.__aenter__()

    async def __aexit__(self, kind: Any, *rest: Any) -> Any:
        if kind is not None:
            self._left.set()
        return await self._inner.__aexit__(kind, *rest)
