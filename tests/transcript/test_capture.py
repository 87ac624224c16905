"""Captures see everything that a run did, on Playhead's agents and on pydantic-ai's, and change nothing about it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Generator
from typing import Any

import pytest
from pydantic import BaseModel

import playhead
from playhead import capture_run, capture_run_sync, capture_runs
from playhead.models import ScriptedModel
from playhead.script import call, error, text, thinking, usage
from playhead.transcript import ToolCalled, ToolRetried, ToolReturned, TranscriptFold


@pytest.fixture
def loop() -> Generator[None]:
    """A loop for blocking runs: pydantic-ai makes one where there is none, and never closes it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()
    asyncio.set_event_loop(None)


class Weather(BaseModel):
    city: str
    temp: int = 0


def script() -> list[Any]:
    """Reasoning, text and a call; a call that fails; a structured answer in four pieces."""
    return [
        [thinking("Hm", "."), text("I look", " it up."), call("get_weather", args=['{"ci', 'ty": "rome"}'])],
        [call("get_weather", {"city": "Rome"}), usage(input_tokens=9, output_tokens=3)],
        [
            call("final_result", args=['{"city": "Ro', 'me", "te', 'mp": 2', "4}"]),
            usage(input_tokens=20, output_tokens=8),
        ],
    ]


def playhead_agent(*responses: Any, output_type: Any = Weather) -> Any:
    """An agent on Playhead."""
    return declare(playhead, playhead.Agent(ScriptedModel(*responses), output_type=output_type, retries=2))


def pydantic_ai_agent(*responses: Any, output_type: Any = Weather) -> Any:
    """The same agent on pydantic-ai."""
    library = pytest.importorskip("pydantic_ai", reason="pydantic-ai is not installed")
    bridge = importlib.import_module("playhead.integrations.pydantic_ai")
    model = bridge.as_model(ScriptedModel(*responses))
    return declare(library, library.Agent(model, output_type=output_type, retries=2))


def declare(library: Any, agent: Any) -> Any:
    @agent.tool_plain
    def get_weather(city: str) -> str:
        if city != city.title():
            raise library.ModelRetry("In capitals, please.")
        return f"sunny in {city}"

    return agent


Make = Callable[..., Any]
both = pytest.mark.parametrize("make", [playhead_agent, pydantic_ai_agent], ids=["playhead", "pydantic-ai"])

EVENTS = """\
request 1  scripted
  user      "Weather?"
  thinking  "Hm" | "."
  text      "I look" | " it up."
  call#1    get_weather  `{"ci` | `ty": "rome"}`
  finish    tool_call
tools
  call#1    get_weather(city="rome")
  call#1    retry "In capitals, please."
request 2  scripted
  call#2    get_weather  `{"city": "Rome"}`
  usage     9 in, 3 out
  finish    tool_call
tools
  call#2    get_weather(city="Rome")
  call#2    returned "sunny in Rome"
request 3  scripted
  call#3    final_result  `{"city": "Ro`  => Weather(city="Ro", temp=0)
            `me", "te`  => city += "me"
            `mp": 2`  => temp = 2 (was 0)
            `4}`  => temp = 24 (was 2)
  usage     20 in, 8 out
  finish    tool_call
output      Weather(city="Rome", temp=24)
usage       3 requests, 1 tool call, 29 in, 11 out
"""


@both
@pytest.mark.parametrize("how", ["events", "stream"])
async def test_every_way_to_stream_reads_the_same_on_both_libraries(make: Make, how: Any) -> None:
    run = await capture_run(make(*script()), "Weather?", how=how)
    assert str(run) == EVENTS
    assert run.output == Weather(city="Rome", temp=24)
    assert run.partial_outputs[-1] == run.output
    assert run.tool_events == [
        ToolCalled("get_weather", {"city": "rome"}),
        ToolRetried("get_weather", "In capitals, please."),
        ToolCalled("get_weather", {"city": "Rome"}, call="call#2"),
        ToolReturned("get_weather", "sunny in Rome", call="call#2"),
    ]
    assert [request.usage.output_tokens for request in run.requests] == [0, 3, 8]
    assert [message.kind for message in run.messages] == ["request", "response"] * 3 + ["request"]
    assert run.duration_ms is not None
    assert all(request.first_ms is not None for request in run.requests)


@both
def test_a_run_that_does_not_stream_has_the_same_without_cuts(make: Make, loop: None) -> None:
    run = capture_run_sync(make(*script()), "Weather?", how="run")
    assert run.text_deltas == ["I look it up."]
    assert run.thinking_deltas == ["Hm."]
    assert run.partial_outputs == []
    assert [event.kind for event in run.tool_events] == ["call", "retry", "call", "result"]
    assert "(not streamed)" in str(run)
    assert run.usage.output_tokens == 11


@both
async def test_partial_outputs_are_what_stream_output_yields(make: Make) -> None:
    for output_type, responses in (
        (Weather, script()),
        (str, [text("one", " two", " three")]),
        (list[str], [call("final_result", args=['{"response": ["a', '", "b"', ', "c', '"]}'])]),
    ):
        agent = make(*responses, output_type=output_type)
        async with agent.run_stream("x") as result:
            expected = [value async for value in result.stream_output(debounce_by=None)]
        run = await capture_run(make(*responses, output_type=output_type), "x")
        assert run.partial_outputs == expected
        assert (await capture_run(make(*responses, output_type=output_type), "x", partials=False)).partial_outputs == []


@both
async def test_a_failed_run_keeps_what_it_did_and_its_error(make: Make) -> None:
    responses = [[call("get_weather", {"city": "Rome"})], [error(503, "overloaded")]]
    for how in ("events", "stream", "run"):
        run = await capture_run(make(*responses, output_type=str), "x", how=how)  # type: ignore[arg-type]
        assert "ModelHTTPError" in {base.__name__ for base in type(run.error).__mro__}
        run.assert_returned("get_weather", "sunny in Rome")
        assert not run.has_output
        assert "\nerror       " in str(run)
        with pytest.raises(AssertionError, match="The run failed with "):
            run.assert_succeeded()


async def test_what_a_test_must_not_overlook_is_raised() -> None:
    with pytest.raises(playhead.ScriptExhausted):
        await capture_run(playhead_agent(call("get_weather", {"city": "Rome"})), "x")
    with pytest.raises(TypeError, match="nonsense"):
        await capture_run(playhead_agent("x", output_type=str), "x", nonsense=1)
    with pytest.raises(ValueError, match='there are "events", "stream" and "run"'):
        await capture_run(playhead_agent("x"), "x", how="events!")  # type: ignore[arg-type]
    agent = playhead_agent(call("check", {}), "x", output_type=str)

    @agent.tool_plain
    def check() -> None:
        raise AssertionError("from inside of a tool")

    with pytest.raises(AssertionError, match="from inside of a tool"):
        await capture_run(agent, "x")
    with pytest.raises(RuntimeError, match=r"await capture_run\(\.\.\.\)"):
        capture_run_sync(agent, "x")


@both
async def test_earlier_messages_are_counted_and_not_told_again(make: Make) -> None:
    agent = make("one", "two", output_type=str)
    first = await capture_run(agent, "first")
    for how in ("events", "stream", "run"):
        agent = make("two", output_type=str)
        second = await capture_run(agent, "second", how=how, message_history=first.messages)  # type: ignore[arg-type]
        assert str(second).startswith("history     2 messages before\nrequest 1  scripted")
        assert len(second.messages) == 2
        assert "first" not in str(second)


@both
async def test_a_handler_of_the_run_still_sees_its_events(make: Make) -> None:
    seen: list[str] = []

    async def handler(ctx: Any, events: Any) -> None:
        async for event in events:
            seen.append(event.event_kind)
            return  # leaves the rest of the events unread

    run = await capture_run(make(*script()), "Weather?", how="stream", event_stream_handler=handler)
    assert seen[0] == "part_start"
    assert str(run) == EVENTS


@both
async def test_runs_inside_an_application_are_captured_however_they_are_made(make: Make) -> None:
    async def consume(agent: Any) -> None:
        await agent.run("Weather?")
        async with agent.run_stream("Weather?") as result:
            async for _ in result.stream_output(debounce_by=None):
                pass
        async with agent.iter("Weather?") as run:
            async for _ in run:
                pass
        events = agent.run_stream_events("Weather?")
        if hasattr(events, "__aenter__"):
            async with events as found:
                async for _ in found:
                    pass
        else:
            async for _ in events:
                pass
        async with agent.run_stream("Weather?") as result:
            async for _ in result.stream_output(debounce_by=None):
                break

    agent = make(*script() * 5)
    with capture_runs(agent) as runs:
        await consume(agent)
    assert not {"iter", "run_stream", "run_stream_sync"} & set(vars(agent))
    whole, streamed, nodes, events, left = runs
    assert str(streamed) == EVENTS
    assert str(events) == EVENTS.replace(
        """`{"city": "Ro`  => Weather(city="Ro", temp=0)
            `me", "te`  => city += "me"
            `mp": 2`  => temp = 2 (was 0)
            `4}`  => temp = 24 (was 2)""",
        '`{"city": "Ro` | `me", "te` | `mp": 2` | `4}`',
    )
    assert str(whole) == str(nodes)
    assert "(not streamed)" in str(whole)
    assert [run.output for run in runs[:4]] == [Weather(city="Rome", temp=24)] * 4
    assert not left.has_output
    assert "left        before the reply was over" in str(left)


@both
def test_blocking_runs_are_captured_too(make: Make, loop: None) -> None:
    agent = make(*script() * 2)
    with capture_runs(agent) as runs:
        agent.run_sync("Weather?")
        result = agent.run_stream_sync("Weather?")
        assert list(result.stream_output(debounce_by=None))[-1] == Weather(city="Rome", temp=24)
    assert [run.output for run in runs] == [Weather(city="Rome", temp=24)] * 2


@both
async def test_a_run_that_fails_inside_an_application_fails_as_always(make: Make) -> None:
    agent = make([error(500, "no")], output_type=str)
    with capture_runs(agent) as runs, pytest.raises(Exception, match="no"):
        await agent.run("x")
    assert "ModelHTTPError" in {base.__name__ for base in type(runs[0].error).__mro__}


async def test_runs_at_the_same_time_do_not_mix() -> None:
    agent = playhead_agent(*[[text(f"answer {n}", " ends")] for n in range(20)], output_type=str)
    with capture_runs(agent) as runs:
        await asyncio.gather(*(agent.run(f"question {n}") for n in range(20)))
    assert sorted(run.text for run in runs) == sorted(f"answer {n} ends" for n in range(20))
    assert all(len(run.requests) == 1 for run in runs)


async def test_the_same_run_has_the_same_transcript_with_deterministic_ids() -> None:
    from playhead.transcript import Values, render_value

    texts: list[str] = []
    for _ in range(2):
        with playhead.deterministic():
            run = await capture_run(playhead_agent(*script()), "Weather?")
        texts.append(repr(run.messages) + render_value(run.events, Values()))
    assert texts[0] == texts[1]


@both
@pytest.mark.parametrize("how", ["events", "stream"])
@pytest.mark.parametrize("blocking", [True, False], ids=["sync", "async"])
async def test_tools_that_are_done_together_are_told_in_the_order_of_their_calls(
    make: Any, how: Any, blocking: bool
) -> None:
    """pydantic-ai takes the tools that are done from a set: what it tells first is chance."""
    seen: set[str] = set()
    for _ in range(12):
        agent = make([call("ask", {"name": name}) for name in "abcd"], "Done.", output_type=str)

        def ask(name: str) -> str:
            return name

        async def ask_async(name: str) -> str:
            return name

        agent.tool_plain(name="ask")(ask if blocking else ask_async)
        run = await capture_run(agent, "Go", how=how)
        seen.add("".join(event.content for event in run.tool_events if isinstance(event, ToolReturned)))
        told = [event for event in run.events if event.event_kind == "function_tool_result"]
        assert told == [event.event for event in run.tool_events if isinstance(event, ToolReturned)]
    assert seen == {"abcd"}


def test_a_result_that_comes_later_than_that_stands_where_it_came() -> None:
    fold = TranscriptFold(together_ms=50)
    for number, name in enumerate("abc"):
        part = {"part_kind": "tool-call", "tool_name": name, "args": "{}", "tool_call_id": name}
        fold.feed({"event_kind": "part_start", "index": number, "part": part}, 0)
        fold.feed({"event_kind": "function_tool_call", "part": part, "args_valid": True}, 1)
    for name, at_ms in (("c", 10.0), ("b", 20.0), ("a", 70.5)):
        part = {"part_kind": "tool-return", "tool_name": name, "content": name, "tool_call_id": name}
        fold.feed({"event_kind": "function_tool_result", "result": part}, at_ms)
    results = [event for event in fold.close().tool_events if isinstance(event, ToolReturned)]
    assert [event.content for event in results] == ["b", "c", "a"]
