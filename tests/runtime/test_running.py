"""Six ways to run one agent, and what each gives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from playhead import Agent, UnexpectedModelBehavior, UserError, UserPromptNode, capture_run_messages
from playhead.messages import (
    FinalResultEvent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    UserPromptPart,
)
from playhead.models.test import TestModel
from playhead.run import AgentRunResultEvent
from playhead.usage import RunUsage, UsageLimits
from tests.runtime._agents import call, told


def with_tool(*replies: Any, **options: Any) -> Agent[Any, Any]:
    agent, _ = told(*replies, **options)

    @agent.tool_plain
    async def weather(city: str) -> str:
        return f"Sunny in {city}"

    return agent


def tool_then_text() -> Agent[Any, Any]:
    return with_tool([call("weather", city="Paris")], "It is sunny.")


# --------------------------------------------------------------------------- run, run_sync
async def test_run_gives_the_output_the_messages_and_the_usage() -> None:
    result = await tool_then_text().run("How is Paris?")
    assert result.output == "It is sunny."
    assert [type(message) for message in result.all_messages()] == [ModelRequest, ModelResponse] * 2
    assert result.new_messages() == result.all_messages()
    assert (result.usage().requests, result.usage().tool_calls) == (2, 1)
    assert result.response.text == "It is sunny."
    assert result.timestamp() == result.response.timestamp
    assert {message.run_id for message in result.all_messages()} == {result.run_id}
    assert repr(result) == "AgentRunResult(output='It is sunny.')"


def test_run_sync_is_run() -> None:
    assert tool_then_text().run_sync("How is Paris?").output == "It is sunny."


async def test_run_sync_says_so_inside_a_running_loop() -> None:
    with pytest.raises(RuntimeError, match="This event loop is already running"):
        tool_then_text().run_sync("hi")


async def test_usage_that_is_passed_is_added_to_in_place() -> None:
    usage = RunUsage(requests=3)
    result = await tool_then_text().run("hi", usage=usage)
    assert result.usage() is usage
    assert usage.requests == 5


async def test_a_history_goes_on() -> None:
    agent, model = told("one", "two")
    first = await agent.run("a")
    second = await agent.run("b", message_history=first.all_messages())
    assert len(model.asked[1][0]) == 3
    assert len(second.all_messages()) == 4
    assert len(second.new_messages()) == 2
    assert first.all_messages()[0] is second.all_messages()[0]


async def test_messages_are_json_that_reads_back() -> None:
    from playhead.messages import ModelMessagesTypeAdapter

    result = await tool_then_text().run("hi")
    assert ModelMessagesTypeAdapter.validate_json(result.all_messages_json()) == result.all_messages()
    assert ModelMessagesTypeAdapter.validate_json(result.new_messages_json()) == result.new_messages()


async def test_what_the_output_tool_is_said_to_have_returned_can_be_changed() -> None:
    agent, _ = told([call("final_result", response=3)], output_type=int)
    result = await agent.run("hi")
    changed = result.all_messages(output_tool_return_content="Noted.")
    assert changed[-1].parts[0].content == "Noted."  # type: ignore[union-attr]
    assert result.all_messages()[-1].parts[0].content == "Final result processed."  # type: ignore[union-attr]
    text = await Agent(TestModel()).run("hi")
    with pytest.raises(ValueError, match="this run's output is text"):
        text.all_messages(output_tool_return_content="x")


async def test_the_output_type_of_one_run_may_differ() -> None:
    agent, _ = told([call("final_result", response=3)])
    assert (await agent.run("hi", output_type=int)).output == 3

    @agent.output_validator
    def check(output: str) -> str:
        return output

    with pytest.raises(UserError, match="Cannot set a custom run `output_type`"):
        await agent.run("hi", output_type=int)


# --------------------------------------------------------------------------- events
async def test_run_stream_events_gives_every_event_and_the_result_last() -> None:
    events = [event async for event in tool_then_text().run_stream_events("How is Paris?")]
    kinds = [type(event) for event in events]
    assert kinds[0] is PartStartEvent
    assert kinds.index(FunctionToolCallEvent) < kinds.index(FunctionToolResultEvent) < kinds.index(FinalResultEvent)
    last = events[-1]
    assert isinstance(last, AgentRunResultEvent) and last.result.output == "It is sunny."


async def test_run_stream_events_can_be_entered_and_iterated() -> None:
    async with tool_then_text().run_stream_events("hi") as events:
        first = await events.__anext__()
        rest = [event async for event in events]
    assert isinstance(first, PartStartEvent)
    assert isinstance(rest[-1], AgentRunResultEvent)


async def test_an_error_comes_after_the_events_before_it() -> None:
    agent = with_tool([call("weather", town="Paris")], [call("weather", town="Paris")])
    seen: list[Any] = []
    with pytest.raises(UnexpectedModelBehavior, match="Tool 'weather' exceeded max retries count of 1"):
        async for event in agent.run_stream_events("hi"):
            seen.append(event)
    assert isinstance(seen[-1], FunctionToolCallEvent) and seen[-1].args_valid is False


async def test_a_handler_sees_the_events_of_each_node() -> None:
    calls: list[list[Any]] = []

    async def handler(ctx: Any, events: Any) -> None:
        calls.append([type(event) async for event in events])

    await tool_then_text().run("hi", event_stream_handler=handler)
    assert len(calls) == 4
    assert calls[1] == [FunctionToolCallEvent, FunctionToolResultEvent]
    assert calls[3] == []


async def test_a_handler_may_return_early() -> None:
    async def handler(ctx: Any, events: Any) -> None:
        async for _ in events:
            return

    assert (await tool_then_text().run("hi", event_stream_handler=handler)).output == "It is sunny."


async def test_the_agents_own_handler_is_used_where_a_run_names_none() -> None:
    calls = 0

    async def handler(ctx: Any, events: Any) -> None:
        nonlocal calls
        calls += 1

    agent = with_tool("a", "b", event_stream_handler=handler)
    await agent.run("hi")
    assert calls == 2
    _ = [event async for event in agent.run_stream_events("hi")]
    assert calls == 2


async def test_iter_takes_a_handler_for_nodes_that_nobody_looks_into() -> None:
    seen: list[Any] = []

    async def handler(ctx: Any, events: Any) -> None:
        seen.extend([event async for event in events])

    async with tool_then_text().iter("hi", event_stream_handler=handler) as run:
        async for _ in run:
            pass
    assert any(isinstance(event, FunctionToolResultEvent) for event in seen)
    assert run.result is not None and run.result.output == "It is sunny."


# --------------------------------------------------------------------------- run_stream
async def test_run_stream_begins_where_the_output_begins() -> None:
    async with tool_then_text().run_stream("hi") as result:
        assert not result.is_complete
        assert len(result.all_messages()) == 3
        assert [text async for text in result.stream_text(debounce_by=None)] == ["It is su", "It is sunny."]
        assert result.is_complete
        assert len(result.all_messages()) == 4


async def test_deltas_add_up_to_the_text() -> None:
    async with tool_then_text().run_stream("hi") as result:
        assert [text async for text in result.stream_text(delta=True, debounce_by=None)] == ["It is su", "nny."]


async def test_after_completion_every_view_gives_the_whole() -> None:
    async with tool_then_text().run_stream("hi") as result:
        assert await result.get_output() == "It is sunny."
        assert [text async for text in result.stream_text(delta=True)] == ["It is sunny."]
        assert [output async for output in result.stream_output()] == ["It is sunny."]
        assert [last async for _, last in result.stream_responses(debounce_by=None)][-1] is True


async def test_a_second_view_begins_with_what_has_arrived() -> None:
    async with tool_then_text().run_stream("hi") as result:
        async for _ in result.stream_text(delta=True, debounce_by=None):
            break
        outputs = [output async for output in result.stream_output(debounce_by=None)]
        assert outputs[0] == "It is su"


async def test_stream_text_is_for_text() -> None:
    agent, _ = told([call("final_result", response=3)], output_type=int)
    async with agent.run_stream("hi") as result:
        with pytest.raises(UserError, match=r"stream_text\(\) can only be used with text responses"):
            async for _ in result.stream_text():
                pass
        assert await result.get_output() == 3


async def test_a_result_without_a_stream_is_ready() -> None:
    agent, _ = told('{"response": 3}', output_type=int)
    async with agent.run_stream("hi") as result:
        assert not result.is_complete
        assert [output async for output in result.stream_output()] == [3]
        assert result.is_complete
        assert [last async for _, last in result.stream_responses()] == [True]


async def test_a_handler_sees_what_comes_before_the_output() -> None:
    seen: list[Any] = []

    async def handler(ctx: Any, events: Any) -> None:
        seen.extend([type(event) async for event in events])

    async with tool_then_text().run_stream("hi", event_stream_handler=handler) as result:
        await result.get_output()
    assert seen[-1] is FinalResultEvent
    assert FunctionToolResultEvent in seen


async def test_output_that_is_not_valid_ends_the_stream() -> None:
    agent, _ = told([call("final_result", response="x")], output_type=int)
    async with agent.run_stream("hi") as result:
        with pytest.raises(UnexpectedModelBehavior, match="Output validation failed during streaming") as caught:
            await result.get_output()
    assert type(caught.value.__cause__).__name__ == "ValidationError"


def test_run_stream_sync_gives_plain_iterators() -> None:
    result = tool_then_text().run_stream_sync("hi")
    assert list(result.stream_text(debounce_by=None)) == ["It is su", "It is sunny."]
    assert result.is_complete
    with tool_then_text().run_stream_sync("hi") as result:
        assert list(result.stream_responses(debounce_by=None))[-1][1] is True
    assert result.get_output() == "It is sunny."
    assert result.usage().requests == 2
    assert len(result.new_messages()) == 4


# --------------------------------------------------------------------------- node by node
async def test_iteration_gives_each_node_before_it_runs() -> None:
    async with tool_then_text().iter("hi") as run:
        names = [type(node).__name__ async for node in run]
    assert names == ["UserPromptNode", *["ModelRequestNode", "CallToolsNode"] * 2, "End"]
    assert run.result is not None and run.result.output == "It is sunny."


async def test_nodes_can_be_run_by_hand() -> None:
    async with tool_then_text().iter("hi") as run:
        node = run.next_node
        assert Agent.is_user_prompt_node(node)
        while not Agent.is_end_node(node):
            assert run.result is None
            node = await run.next(node)  # type: ignore[arg-type]
    assert node.data.output == "It is sunny."


async def test_a_nodes_stream_gives_its_events() -> None:
    seen: list[Any] = []
    async with tool_then_text().iter("hi") as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    seen.extend([type(event) async for event in stream])
                    assert stream.usage().requests >= 1
            elif Agent.is_call_tools_node(node):
                async with node.stream(run.ctx) as events:
                    seen.extend([type(event) async for event in events])
    assert seen == [
        *(PartStartEvent, PartDeltaEvent, PartDeltaEvent, PartEndEvent),
        *(FunctionToolCallEvent, FunctionToolResultEvent),
        *(PartStartEvent, FinalResultEvent, PartDeltaEvent, PartEndEvent),
    ]


async def test_a_nodes_stream_opens_once() -> None:
    async with tool_then_text().iter("hi") as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    async for _ in stream:
                        pass
                with pytest.raises(AssertionError, match="once"):
                    async with node.stream(run.ctx):
                        pass
                break


async def test_breaking_off_leaves_no_result() -> None:
    async with tool_then_text().iter("hi") as run:
        async for _ in run:
            break
    assert run.result is None
    assert repr(run).startswith("<AgentRun result=<run not finished>")


async def test_the_nodes_request_can_be_changed() -> None:
    agent, model = told("ok")
    async with agent.iter("hi") as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                node.request.parts = [*node.request.parts, UserPromptPart("more")]
    assert len(model.asked[0][0][0].parts) == 2


# --------------------------------------------------------------------------- around a run
async def test_messages_of_a_run_that_fails_are_captured() -> None:
    agent = with_tool([call("weather", town="x")], [call("weather", town="x")])
    with capture_run_messages() as messages:
        with pytest.raises(UnexpectedModelBehavior):
            await agent.run("hi")
    assert [message.kind for message in messages] == ["request", "response", "request", "response"]


async def test_only_the_first_run_is_captured() -> None:
    agent = Agent(TestModel())
    with capture_run_messages() as messages:
        await agent.run("one")
        with capture_run_messages() as inner:
            await agent.run("two")
        assert inner is messages
    assert len(messages) == 2


async def test_overriding_replaces_what_was_declared() -> None:
    agent = Agent(TestModel(custom_output_text="own"), instructions="Own.", name="own", deps_type=int)
    seen: list[int] = []

    @agent.instructions
    def more(ctx: Any) -> str:
        seen.append(ctx.deps)
        return ""

    with agent.override(model=TestModel(custom_output_text="other"), deps=5, name="other"):
        assert agent.name == "other"
        result = await agent.run("hi", deps=1, model=TestModel(custom_output_text="argument"))
    assert result.output == "other"
    assert seen == [5]
    with agent.override(instructions="Other."):
        result = await agent.run("hi", deps=1)
    assert result.all_messages()[0].instructions == "Other."  # type: ignore[union-attr]
    assert (await agent.run("hi", deps=1)).output == "own"


async def test_overriding_lasts_for_its_task() -> None:
    agent = Agent(TestModel(custom_output_text="own"))

    async def run() -> str:
        return (await agent.run("hi")).output

    with agent.override(model=TestModel(custom_output_text="other")):
        inside = asyncio.create_task(run())
    outside = asyncio.create_task(run())
    assert (await inside, await outside) == ("other", "own")


async def test_an_agent_takes_the_name_of_its_variable() -> None:
    helper = Agent(TestModel())
    assert helper.name is None
    async with helper.run_stream("hi") as result:
        await result.get_output()
    assert helper.name == "helper"


async def test_a_run_needs_a_model() -> None:
    with pytest.raises(UserError, match="`model` must either be set on the agent or included when calling it"):
        await Agent().run("hi")


def test_unknown_arguments_are_named() -> None:
    with pytest.raises(UserError, match="Unknown keyword arguments: `foo`, `bar`"):
        Agent("test", foo=1, bar=2)


async def test_metadata_is_made_when_a_run_begins_and_ends() -> None:
    agent = Agent(TestModel(), metadata=lambda ctx: {"requests": ctx.usage.requests})
    assert (await agent.run("hi", metadata={"more": 1})).metadata == {"requests": 1, "more": 1}


async def test_settings_are_merged_from_the_model_up() -> None:
    agent, model = told("ok", "ok", model_settings={"temperature": 0.2, "max_tokens": 3})
    model.model._settings = {"temperature": 0.1, "top_p": 0.5}
    await agent.run("hi", model_settings={"temperature": 0.3})
    assert model.asked[0][1].model_settings == {"temperature": 0.3, "top_p": 0.5, "max_tokens": 3}
    await agent.run("hi", model_settings=lambda ctx: {"seed": ctx.run_step})
    assert model.asked[1][1].model_settings is not None and model.asked[1][1].model_settings["seed"] == 1


async def test_runs_wait_for_a_place() -> None:
    running = most = 0

    async def answer(messages: Any, info: Any) -> ModelResponse:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return ModelResponse(parts=[])

    from playhead.models.function import FunctionModel

    agent = Agent(FunctionModel(answer), output_type=str | None, max_concurrency=2)
    await asyncio.gather(*(agent.run("hi") for _ in range(6)))
    assert most == 2


async def test_limits_are_checked_before_and_after_requests() -> None:
    with pytest.raises(Exception, match="The next request would exceed the request_limit of 1"):
        await tool_then_text().run("hi", usage_limits=UsageLimits(request_limit=1))
    with pytest.raises(Exception, match=r"The next tool call\(s\) would exceed the tool_calls_limit of 0"):
        await tool_then_text().run("hi", usage_limits=UsageLimits(tool_calls_limit=0))
    with pytest.raises(Exception, match="Exceeded the output_tokens_limit of 1"):
        await tool_then_text().run("hi", usage_limits=UsageLimits(output_tokens_limit=1))


async def test_the_first_node_shows_what_the_run_begins_with() -> None:
    agent = Agent("test", instructions="Be brief.", system_prompt="You help.")

    @agent.system_prompt(dynamic=True)
    def today() -> str:
        return "Monday"

    async with agent.iter("hi", instructions="Be kind.") as run:
        node = run.next_node
        assert isinstance(node, UserPromptNode)
        assert (node.user_prompt, node.instructions) == ("hi", "Be brief.\nBe kind.")
        assert node.system_prompts == ("You help.",)
        assert list(node.system_prompt_dynamic_functions.values()) == node.system_prompt_functions
    async with Agent("test").iter("hi") as run:
        assert run.next_node == UserPromptNode(user_prompt="hi")
        assert repr(run.next_node) == (
            "UserPromptNode(user_prompt='hi', instructions_functions=[], system_prompts=(), system_prompt_functions=[], "
            "system_prompt_dynamic_functions={})"
        )


async def test_nothing_comes_after_the_end() -> None:
    async with Agent("test").iter("hi") as run:
        node: Any = run.next_node
        while not Agent.is_end_node(node):
            node = await run.next(node)
        with pytest.raises(UserError, match="The run is over"):
            await run.next(node)
