"""Agent events as the two protocols write them: one table, read for both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

pytest.importorskip("ag_ui")

from ag_ui import core as ag

from playhead import Agent
from playhead.messages import (
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    FinalResultEvent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ImageUrl,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    RetryPromptPart,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    ToolReturnPart,
)
from playhead.models.function import FunctionModel
from playhead.ui.ag_ui import AGUIAdapter
from playhead.ui.vercel_ai import VercelAIAdapter
from playhead.ui.vercel_ai.response_types import DataChunk, StartChunk

CALL = ToolCallPart("look", {"at": "sky"}, "c1")
PNG = BinaryContent(b"png", media_type="image/png")


def whole(index: int, part: Any, *deltas: Any, after: str | None = None, before: str | None = None) -> list[Any]:
    """The events of one part."""
    return [
        PartStartEvent(index=index, part=part, previous_part_kind=after),  # pyright: ignore
        *(PartDeltaEvent(index=index, delta=delta) for delta in deltas),
        PartEndEvent(index=index, part=part, next_part_kind=before),  # pyright: ignore
    ]


def called(result: Any) -> list[Any]:
    """The events of a call and of its result."""
    return [*whole(0, CALL), FunctionToolCallEvent(CALL), FunctionToolResultEvent(result)]


CALLED_V = [
    ("tool-input-start", "c1", "look"),
    ("tool-input-delta", "c1", '{"at":"sky"}'),
    ("tool-input-available", "c1", "look", {"at": "sky"}),
]
CALLED_A = [
    ("TOOL_CALL_START", "c1", "look", "$0"),
    ("TOOL_CALL_ARGS", "c1", '{"at":"sky"}'),
    ("TOOL_CALL_END", "c1"),
]
WITHIN = {"pydantic_ai": {"signature": "s", "provider_name": "anthropic"}}
SEAL = '{"signature": "s", "provider_name": "anthropic"}'

TABLE: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "text, and an empty piece of it": (
        whole(0, TextPart(""), TextPartDelta("It is"), TextPartDelta(""), TextPartDelta(" sunny")),
        [("text-start", "$0"), ("text-delta", "It is", "$0"), ("text-delta", " sunny", "$0"), ("text-end", "$0")],
        [
            ("TEXT_MESSAGE_START", "$0"),
            ("TEXT_MESSAGE_CONTENT", "$0", "It is"),
            ("TEXT_MESSAGE_CONTENT", "$0", " sunny"),
            ("TEXT_MESSAGE_END", "$0"),
        ],
    ),
    "two texts in a row are one": (
        [*whole(0, TextPart("a"), before="text"), *whole(1, TextPart("b"), after="text")],
        [("text-start", "$0"), ("text-delta", "a", "$0"), ("text-delta", "b", "$0"), ("text-end", "$0")],
        [
            ("TEXT_MESSAGE_START", "$0"),
            ("TEXT_MESSAGE_CONTENT", "$0", "a"),
            ("TEXT_MESSAGE_CONTENT", "$0", "b"),
            ("TEXT_MESSAGE_END", "$0"),
        ],
    ),
    "thinking with a signature": (
        whole(0, ThinkingPart("Hm", signature="s", provider_name="anthropic"), ThinkingPartDelta(content_delta=".")),
        [
            ("reasoning-start", "$0", WITHIN),
            ("reasoning-delta", "$0", "Hm", WITHIN),
            ("reasoning-delta", "$0", "."),
            ("reasoning-end", "$0", WITHIN),
        ],
        [
            ("REASONING_START", "$0"),
            ("REASONING_MESSAGE_START", "$0", "reasoning"),
            ("REASONING_MESSAGE_CONTENT", "$0", "Hm"),
            ("REASONING_MESSAGE_CONTENT", "$0", "."),
            ("REASONING_MESSAGE_END", "$0"),
            ("REASONING_ENCRYPTED_VALUE", "message", "$0", SEAL),
            ("REASONING_END", "$0"),
        ],
    ),
    "thinking without words or signature": (
        whole(0, ThinkingPart("")),
        [("reasoning-start", "$0"), ("reasoning-end", "$0")],
        [],
    ),
    "a call in pieces": (
        whole(
            0,
            ToolCallPart("look", None, "c1"),
            ToolCallPartDelta(args_delta='{"at":', tool_call_id="c1"),
            ToolCallPartDelta(args_delta='"sky"}', tool_call_id="c1"),
        ),
        [
            ("tool-input-start", "c1", "look"),
            ("tool-input-delta", "c1", '{"at":'),
            ("tool-input-delta", "c1", '"sky"}'),
            ("tool-input-available", "c1", "look", {}),
        ],
        [
            ("TOOL_CALL_START", "c1", "look", "$0"),
            ("TOOL_CALL_ARGS", "c1", '{"at":'),
            ("TOOL_CALL_ARGS", "c1", '"sky"}'),
            ("TOOL_CALL_END", "c1"),
        ],
    ),
    "a result": (
        called(ToolReturnPart("look", {"sky": "blue"}, "c1")),
        [*CALLED_V, ("tool-output-available", "c1", {"sky": "blue"})],
        [*CALLED_A, ("TOOL_CALL_RESULT", "$1", "c1", '{"sky":"blue"}', "tool")],
    ),
    "a result with a file": (
        called(ToolReturnPart("look", ["see", ImageUrl("http://x/a.png")], "c1")),
        [*CALLED_V, ("tool-output-available", "c1", [{"return_value": "see"}, "[File: http://x/a.png]"])],
        [*CALLED_A, ("TOOL_CALL_RESULT", "$1", "c1", "see\n[File: http://x/a.png]", "tool")],
    ),
    "a retry": (
        called(RetryPromptPart("cloudy", tool_name="look", tool_call_id="c1")),
        [*CALLED_V, ("tool-output-error", "c1", "cloudy\n\nFix the errors and try again.")],
        [*CALLED_A, ("TOOL_CALL_RESULT", "$1", "c1", "cloudy\n\nFix the errors and try again.", "tool")],
    ),
    "a failure": (
        called(ToolReturnPart("look", "broken", "c1", outcome="failed")),
        [*CALLED_V, ("tool-output-error", "c1", "broken")],
        [*CALLED_A, ("TOOL_CALL_RESULT", "$1", "c1", "broken", "tool")],
    ),
    "a denial": (
        called(ToolReturnPart("look", "no", "c1", outcome="denied")),
        [*CALLED_V, ("tool-output-denied", "c1")],
        [*CALLED_A, ("TOOL_CALL_RESULT", "$1", "c1", "no", "tool")],
    ),
    "a tool of the provider": (
        [
            *whole(0, BuiltinToolCallPart("web", {"q": 1}, "b1", provider_name="openai")),
            PartStartEvent(index=1, part=BuiltinToolReturnPart("web", {"r": 2}, "b1", provider_name="openai")),
        ],
        [
            ("tool-input-start", "b1", "web", True, {"pydantic_ai": {"provider_name": "openai"}}),
            ("tool-input-delta", "b1", '{"q":1}'),
            ("tool-input-available", "b1", "web", {"q": 1}, True, {"pydantic_ai": {"provider_name": "openai"}}),
            ("tool-output-available", "b1", {"r": 2}, True),
        ],
        [
            ("TOOL_CALL_START", "pyd_ai_builtin|openai|b1", "web", "$0"),
            ("TOOL_CALL_ARGS", "pyd_ai_builtin|openai|b1", '{"q":1}'),
            ("TOOL_CALL_END", "pyd_ai_builtin|openai|b1"),
            ("TOOL_CALL_RESULT", "$1", "pyd_ai_builtin|openai|b1", '{"r":2}', "tool"),
        ],
    ),
    "a file of the model": (
        whole(0, FilePart(PNG)),
        [("file", "data:image/png;base64,cG5n", "image/png")],
        [],
    ),
    "data of the application's own, and nothing that steers the protocol": (
        called(
            ToolReturnPart(
                "look",
                "done",
                "c1",
                metadata=[DataChunk(type="data-x", data=1), StartChunk(), ag.CustomEvent(name="x", value=1), "other"],
            )
        ),
        [*CALLED_V, ("tool-output-available", "c1", "done"), ("data-x", 1)],
        [*CALLED_A, ("TOOL_CALL_RESULT", "$1", "c1", "done", "tool"), ("CUSTOM", "x", 1)],
    ),
    "an error closes the calls that wait": (
        [*whole(0, CALL), FunctionToolCallEvent(CALL), RuntimeError("boom")],
        [
            *CALLED_V,
            ("tool-output-error", "c1", "Tool execution was interrupted by an error."),
            ("error", "boom"),
        ],
        [
            *CALLED_A,
            ("TOOL_CALL_RESULT", "$1", "c1", "Tool execution was interrupted by an error.", "tool"),
            ("RUN_ERROR", "boom"),
        ],
    ),
    "an error closes the output tool's call": (
        [*whole(0, CALL), FinalResultEvent(tool_name="look", tool_call_id="c1"), RuntimeError("boom")],
        [
            *CALLED_V,
            ("tool-output-error", "c1", "Tool execution was interrupted by an error."),
            ("error", "boom"),
        ],
        [
            *CALLED_A,
            ("TOOL_CALL_RESULT", "$1", "c1", "Tool execution was interrupted by an error.", "tool"),
            ("RUN_ERROR", "boom"),
        ],
    ),
}
"""For each story: the agent's events (an exception is raised there), the SDK's chunks and AG-UI's events: the kind, then
the values in the order of the wire. `$0`, `$1` … are ids that were made, in order of appearance."""


async def played(events: Sequence[Any]) -> AsyncIterator[Any]:
    for event in events:
        if isinstance(event, Exception):
            raise event
        yield event


def rows(frames: list[str]) -> list[tuple[Any, ...]]:
    """Frames of server-sent events as in the table."""
    made: dict[str, str] = {}

    def named(value: Any) -> Any:
        if isinstance(value, str) and len(value) == 36 and value.count("-") == 4:
            return made.setdefault(value, f"${len(made)}")
        return value

    found: list[tuple[Any, ...]] = []
    for frame in frames:
        assert frame.startswith("data: ") and frame.endswith("\n\n") and frame.count("\n") == 2
        if frame != "data: [DONE]\n\n":
            found.append(tuple(named(v) for k, v in json.loads(frame[6:]).items() if k != "timestamp"))
    return found


async def frames_of(adapter: Any, events: Sequence[Any]) -> list[str]:
    return [frame async for frame in adapter.encode_stream(adapter.transform_stream(played(events)))]


def vercel_adapter(agent: Any = None, *, sdk_version: Any = 6, **options: Any) -> Any:
    body = b'{"trigger": "submit-message", "id": "c", "messages": [{"id": "u", "role": "user", "parts": [{"type": "text", "text": "hi"}]}]}'
    run_input = VercelAIAdapter.build_run_input(body)
    return VercelAIAdapter(agent or Agent("test"), run_input, sdk_version=sdk_version, **options)


def ag_ui_adapter(agent: Any = None, **fields: Any) -> Any:
    given: dict[str, Any] = dict(
        thread_id="t", run_id="r", state={}, messages=[], tools=[], context=[], forwarded_props={}
    )
    given["messages"] = [ag.UserMessage(id="u", content="hi")]
    return AGUIAdapter(agent or Agent("test"), ag.RunAgentInput(**(given | fields)))


@pytest.mark.parametrize("story", TABLE)
async def test_a_story_in_the_chunks_of_the_vercel_ai_sdk(story: str) -> None:
    events, expected, _ = TABLE[story]
    frames = await frames_of(vercel_adapter(), events)
    assert frames[-1] == "data: [DONE]\n\n"
    written = rows(frames)
    failed = any(isinstance(event, Exception) for event in events)
    assert written[:2] == [("start",), ("start-step",)]
    assert written[2:-2] == expected
    assert written[-2:] == [("finish-step",), ("finish", "error") if failed else ("finish",)]


@pytest.mark.parametrize("story", TABLE)
async def test_a_story_in_the_events_of_ag_ui(story: str) -> None:
    events, _, expected = TABLE[story]
    written = rows(await frames_of(ag_ui_adapter(), events))
    assert written[0] == ("RUN_STARTED", "t", "r")
    if any(isinstance(event, Exception) for event in events):
        assert written[1:] == expected, "an error is the last that AG-UI allows"
    else:
        assert written[1:-1] == expected
        assert written[-1] == ("RUN_FINISHED", "t", "r")


async def test_version_5_of_the_sdk_is_told_nothing_it_does_not_know() -> None:
    call = ToolCallPart("look", {}, "c1", id="x", provider_name="openai")
    denied = ToolReturnPart("look", "no", "c1", outcome="denied")
    events = [*whole(0, call), FunctionToolCallEvent(call), FunctionToolResultEvent(denied)]
    five = rows(await frames_of(vercel_adapter(sdk_version=5), events))
    six = rows(await frames_of(vercel_adapter(sdk_version=6), events))
    about = {"pydantic_ai": {"id": "x", "provider_name": "openai"}}
    assert five[2] == ("tool-input-start", "c1", "look")
    assert six[2] == ("tool-input-start", "c1", "look", about)
    assert five[4] == ("tool-output-available", "c1", "no")
    assert six[4] == ("tool-output-denied", "c1")


async def stream_ok(messages: Any, info: Any) -> AsyncIterator[str]:
    yield "ok"


AGENT = Agent(FunctionModel(stream_function=stream_ok))


def sync_callback(log: list[Any], extra: Any) -> Any:
    return lambda result: log.append(result.output)


def async_callback(log: list[Any], extra: Any) -> Any:
    async def on_complete(result: Any) -> None:
        await asyncio.sleep(0)
        log.append(result.output)

    return on_complete


def generator_callback(log: list[Any], extra: Any) -> Any:
    async def on_complete(result: Any) -> AsyncIterator[Any]:
        log.append(result.output)
        yield extra

    return on_complete


@pytest.mark.parametrize("callback", [sync_callback, async_callback, generator_callback])
@pytest.mark.parametrize("protocol", ["vercel", "ag-ui"])
async def test_on_complete_is_given_the_result_and_a_generator_adds_events(protocol: str, callback: Any) -> None:
    log: list[Any] = []
    extra: Any = DataChunk(type="data-x", data=1) if protocol == "vercel" else ag.CustomEvent(name="x", value=1)
    adapter = vercel_adapter(AGENT) if protocol == "vercel" else ag_ui_adapter(AGENT)
    events = [event async for event in adapter.run_stream(on_complete=callback(log, extra))]
    assert log == ["ok"]
    assert (extra in events) is (callback is generator_callback)


@pytest.mark.parametrize("protocol", ["vercel", "ag-ui"])
async def test_an_error_in_on_complete_is_the_runs_error(protocol: str) -> None:
    def fail(result: Any) -> None:
        raise RuntimeError("not saved")

    adapter = vercel_adapter(AGENT) if protocol == "vercel" else ag_ui_adapter(AGENT)
    events = [event.model_dump(mode="json") async for event in adapter.run_stream(on_complete=fail)]
    assert any("not saved" in (event.get("message") or event.get("error_text") or "") for event in events)


async def test_the_servers_message_id_is_in_the_start_chunk() -> None:
    written = rows(await frames_of(vercel_adapter(server_message_id="stored-1"), []))
    assert written[0] == ("start", "stored-1")
