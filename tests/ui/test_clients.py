"""The real clients from npm, driven by Node against a server on this machine: what they hold after each story."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
pytest.importorskip("ag_ui")

from tests.ui.served import under_uvicorn
from tests.ui.stories import Stories, stories_application

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


async def run_client(folder: Path, script: str) -> tuple[dict[str, Any], Stories]:
    stories = Stories()
    async with under_uvicorn(stories_application(stories)) as url:
        client = await asyncio.create_subprocess_exec("node", script, url, cwd=folder, stdout=asyncio.subprocess.PIPE)
        printed, _ = await asyncio.wait_for(client.communicate(), 60)
        assert client.returncode == 0
        told = json.loads(printed)
        if script != "vercel5.mjs":  # the client stopped an endless answer
            await asyncio.wait_for(stories.left.wait(), 50)
    return told, stories


def brief(message: dict[str, Any]) -> list[Any]:
    """A UI message's parts: text as it is, reasoning and tools as pairs, without ids."""
    found: list[Any] = []
    for part in message["parts"]:
        kind = part["type"]
        if kind == "text":
            found.append(part["text"])
        elif kind == "reasoning":
            found.append((kind, part["text"]))
        elif kind.startswith("tool-"):
            found.append((kind, part["state"], part["input"], part.get("output", part.get("errorText"))))
        elif kind == "step-start":
            found.append("|")
        else:
            found.append(kind)
    return found


def sunny(city: str) -> tuple[Any, ...]:
    return ("tool-get_weather", "output-available", {"city": city}, {"city": city, "sky": "sunny"})


CUT = "the connection was closed before the reply was complete (as the script says)"
REFUSED = "not today\n\nFix the errors and try again."
FORECAST = {"city": "Paris", "degrees": 21}
TOLD: dict[str, list[Any]] = {
    "text": ["|", "It is sunny."],
    "thinking": ["|", ("reasoning", "The user greets me."), "Hello!"],
    "tools": ["|", "Let me look.", sunny("Paris"), sunny("Oslo"), "|", sunny("Rome"), "|", "Sunny, everywhere."],
    "provider_tool": ["|", ("tool-web_search", "output-available", {"query": "weather"}, {"found": 1}), "Found."],
    "error": ["|", "It is sun", sunny("Paris"), "|", "Now"],
    "tool_error": ["|", ("tool-refuses", "output-error", {}, REFUSED), "|", "I gave up."],
    "own_data": [
        "|",
        ("tool-chart", "output-available", {}, "drawn"),
        "data-chart",
        "source-url",
        "|",
        "See above.",
    ],
    "output": ["|", ("tool-final_result", "output-available", FORECAST, "Final result processed.")],
}
"""The last message of each story, for both versions of the Vercel AI SDK."""


async def test_the_vercel_ai_sdk_shows_every_story(node_clients: Path) -> None:
    told, stories = await run_client(node_clients, "vercel.mjs")
    for story, expected in TOLD.items():
        assert brief(told[story]["messages"][-1]) == expected, story
        assert told[story]["error"] == (CUT if story == "error" else None), story
        assert told[story]["status"] == ("error" if story == "error" else "ready"), story
    assert told["tools"]["updates"] > 15, "it streams: the message grows piece by piece"
    thinking = told["thinking"]["messages"][-1]["parts"][1]
    assert thinking["providerMetadata"] == {"pydantic_ai": {"signature": "sealed"}}
    assert told["parser"] == ["", "It is", "It is sunny", "It is sunny.", "It is sunny."]
    assert brief(told["stopped"]["messages"][-1])[1].startswith("and on and on ")
    assert told["stopped"]["status"] == "ready"

    assert [brief(message) for message in told["conversation"]["messages"]] == [
        ["first"],
        ["|", "One."],
        ["second"],
        ["|", "Two."],
    ]
    second = stories.models["conversation"].requests[1].messages
    assert [part.content for message in second for part in message.parts] == ["first", "One.", "second"]


async def test_the_vercel_ai_sdk_asks_for_approval_and_goes_on_with_the_answer(node_clients: Path) -> None:
    told, stories = await run_client(node_clients, "vercel.mjs")
    asked = ("tool-delete", "approval-requested", {"path": "/tmp/x"}, None)
    for name in ("approval-approved", "approval-denied"):
        assert brief(told[name]["asked"]) == ["|", "May I?", asked]
        assert len(told[name]["messages"]) == 2, "the answer goes on in the same message"
    done = ("tool-delete", "output-available", {"path": "/tmp/x"}, "/tmp/x is gone")
    assert brief(told["approval-approved"]["messages"][-1]) == ["|", "May I?", done, "|", "Deleted."]
    denied = ("tool-delete", "output-denied", {"path": "/tmp/x"}, None)
    assert brief(told["approval-denied"]["messages"][-1]) == ["|", "May I?", denied, "|", "Then not."]
    last = stories.models["approval-denied"].requests[1].messages[-1]
    assert [part.content for part in last.parts] == ["too dangerous"]


async def test_version_5_of_the_vercel_ai_sdk_takes_every_chunk(node_clients: Path) -> None:
    told, _ = await run_client(node_clients, "vercel5.mjs")
    for story, expected in TOLD.items():
        without_source = [part for part in expected if part != "source-url"]
        assert brief(told[story]["last"]) == without_source, story
        assert told[story]["error"] == (CUT if story == "error" else None), story
    waiting = ("tool-delete", "input-available", {"path": "/tmp/x"}, None)
    assert brief(told["approval"]["last"]) == ["|", "May I?", waiting]


def shown(message: dict[str, Any]) -> Any:
    """An AG-UI message without ids."""
    calls = [
        (call["function"]["name"], json.loads(call["function"]["arguments"])) for call in message.get("toolCalls", ())
    ]
    return (message["role"], message.get("content"), *([calls] if calls else []))


async def test_the_ag_ui_client_holds_every_story(node_clients: Path) -> None:
    told, stories = await run_client(node_clients, "ag_ui.mjs")
    messages = {story: [shown(message) for message in held["messages"][1:]] for story, held in told.items()}
    weather = {
        city: ("tool", json.dumps({"city": city, "sky": "sunny"}, separators=(",", ":")))
        for city in ("Paris", "Oslo", "Rome")
    }
    assert messages["text"] == [("assistant", "It is sunny.")]
    assert messages["thinking"] == [("reasoning", "The user greets me."), ("assistant", "Hello!")]
    assert messages["tools"] == [
        ("assistant", "Let me look.", [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Oslo"})]),
        weather["Paris"],
        weather["Oslo"],
        ("assistant", None, [("get_weather", {"city": "Rome"})]),
        weather["Rome"],
        ("assistant", "Sunny, everywhere."),
    ]
    assert messages["provider_tool"] == [
        ("assistant", None, [("web_search", {"query": "weather"})]),
        ("tool", '{"found":1}'),
        ("assistant", "Found."),
    ]
    assert messages["error"] == [
        ("assistant", "It is sun", [("get_weather", {"city": "Paris"})]),
        weather["Paris"],
        ("assistant", "Now"),
    ]
    assert told["error"]["error"] == CUT and told["error"]["events"][-1] == "RUN_ERROR"
    assert messages["tool_error"][1:] == [("tool", REFUSED), ("assistant", "I gave up.")]
    assert "CUSTOM" in told["own_data"]["events"]
    assert messages["output"] == [
        ("assistant", None, [("final_result", FORECAST)]),
        ("tool", "Final result processed."),
    ]
    assert told["state"]["state"] == {"n": 4}, "the browser's 3, and one more"
    assert messages["conversation"] == [("assistant", "One."), ("user", "second"), ("assistant", "Two.")]
    assert messages["browser_tool"] == [
        ("assistant", None, [("confirm", {"question": "Sure?"})]),
        ("tool", "yes"),
        ("assistant", "Confirmed."),
    ]
    assert [tool.name for tool in stories.models["browser_tool"].requests[0].parameters.function_tools][-1] == "confirm"
    assert messages["endless"][0][1].startswith("and on and on ")
    for story, held in told.items():
        if story not in ("error", "endless"):
            assert held["error"] is None and held["events"][-1] == "RUN_FINISHED", story
