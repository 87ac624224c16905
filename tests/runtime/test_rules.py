"""What a run makes of a reply: tool calls, outputs, retries, prompts, history, deferred calls, limits on time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import BaseModel, ValidationInfo, field_validator

from playhead import (
    Agent,
    ApprovalRequired,
    CallDeferred,
    DeferredToolRequests,
    DeferredToolResults,
    ExternalToolset,
    FunctionToolset,
    ModelRetry,
    NativeOutput,
    PromptedOutput,
    RunContext,
    TextOutput,
    ToolApproved,
    ToolDefinition,
    ToolDenied,
    ToolOutput,
    ToolReturn,
    UnexpectedModelBehavior,
    UserError,
)
from playhead.exceptions import IncompleteToolCall
from playhead.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.models.test import TestModel
from tests.runtime._agents import call, told


class City(BaseModel):
    name: str
    population: int


PARIS = {"name": "Paris", "population": 2161}


def said(message: ModelMessage) -> list[Any]:
    """What a request tells the model, in brief."""
    return [getattr(part, "content", None) for part in message.parts]


# --------------------------------------------------------------------------- tools
async def test_results_go_back_in_the_order_of_the_calls_and_events_as_they_finish() -> None:
    agent, model = told([call("wait", "c1", ms=20), call("wait", "c2", ms=0)], "done")

    @agent.tool_plain
    async def wait(ms: int) -> int:
        await asyncio.sleep(ms / 1000)
        return ms

    finished = [e.result.content async for e in agent.run_stream_events("hi") if isinstance(e, FunctionToolResultEvent)]
    assert finished == [0, 20]
    assert said(model.asked[1][0][-1]) == [20, 0]


async def test_one_sequential_tool_makes_all_wait_for_each_other() -> None:
    agent, _ = told([call("slow", "c1"), call("quick", "c2")], "done")
    order: list[str] = []

    @agent.tool_plain(sequential=True)
    async def slow() -> None:
        await asyncio.sleep(0.005)
        order.append("slow")

    @agent.tool_plain
    async def quick() -> None:
        order.append("quick")

    await agent.run("hi")
    assert order == ["slow", "quick"]


async def test_calls_can_be_made_sequential_or_ordered_for_a_block() -> None:
    agent, _ = told([call("wait", "c1", ms=9), call("wait", "c2", ms=0)], "done", retries=0)

    @agent.tool_plain
    async def wait(ms: int) -> int:
        await asyncio.sleep(ms / 1000)
        return ms

    with Agent.parallel_tool_call_execution_mode("parallel_ordered_events"):
        events = [
            e.result.content async for e in agent.run_stream_events("hi") if isinstance(e, FunctionToolResultEvent)
        ]
    assert events == [9, 0]


async def test_arguments_that_are_not_valid_are_told_to_the_model() -> None:
    agent, model = told([call("double", x="no")], [call("double", x=2)], "done")

    @agent.tool_plain
    def double(x: int) -> int:
        return 2 * x

    assert (await agent.run("hi")).output == "done"
    prompt = model.asked[1][0][-1].parts[0]
    assert isinstance(prompt, RetryPromptPart) and isinstance(prompt.content, list)
    assert prompt.content[0]["type"] == "int_parsing"
    assert said(model.asked[2][0][-1]) == [4]


async def test_a_tool_may_ask_for_a_retry_and_knows_how_often_it_did() -> None:
    agent, model = told([call("flaky")], [call("flaky")], [call("flaky")], "done")

    @agent.tool(retries=2)
    def flaky(ctx: RunContext[None]) -> str:
        if ctx.retry < 2:
            raise ModelRetry(f"try {ctx.retry} of {ctx.max_retries}")
        assert ctx.last_attempt
        return "ok"

    await agent.run("hi")
    assert [said(asked[0][-1]) for asked in model.asked[1:]] == [["try 0 of 2"], ["try 1 of 2"], ["ok"]]


async def test_the_retries_of_a_tool_are_counted_by_step() -> None:
    agent, _ = told([call("flaky", "c1"), call("flaky", "c2")], [call("flaky", "c3")])

    @agent.tool_plain
    def flaky() -> str:
        raise ModelRetry("no")

    with pytest.raises(UnexpectedModelBehavior, match="Tool 'flaky' exceeded max retries count of 1"):
        await agent.run("hi")


async def test_an_unknown_tool_is_told_to_the_model() -> None:
    agent, model = told([call("nope")], "done", output_type=[City, str])

    @agent.tool_plain
    def known() -> None: ...

    await agent.run("hi")
    assert said(model.asked[1][0][-1]) == ["Unknown tool name: 'nope'. Available tools: 'final_result', 'known'"]


async def test_an_exception_of_a_tool_ends_the_run() -> None:
    agent, _ = told([call("broken")])

    @agent.tool_plain
    def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await agent.run("hi")


async def test_a_tool_that_takes_too_long_is_told_to_the_model() -> None:
    agent, model = told([call("slow")], "done", tool_timeout=0.01)

    @agent.tool_plain
    async def slow() -> None:
        await asyncio.sleep(5)

    await agent.run("hi")
    assert said(model.asked[1][0][-1]) == ["Timed out after 0.01 seconds."]


async def test_a_tool_may_say_more_than_it_returns() -> None:
    agent, model = told([call("rich")], "done")

    @agent.tool_plain
    def rich() -> ToolReturn:
        return ToolReturn(return_value={"n": 1}, content="More about it.", metadata={"for": "the program"})

    (result,) = [e async for e in agent.run_stream_events("hi") if isinstance(e, FunctionToolResultEvent)]
    assert result.content == "More about it."
    assert isinstance(result.result, ToolReturnPart) and result.result.metadata == {"for": "the program"}
    assert said(model.asked[1][0][-1]) == [{"n": 1}, "More about it."]


async def test_nested_tool_returns_are_refused() -> None:
    agent, _ = told([call("rich")])

    @agent.tool_plain
    def rich() -> list[Any]:
        return [ToolReturn(return_value=1)]

    with pytest.raises(UserError, match="returned a list with a `ToolReturn` in it"):
        await agent.run("hi")


async def test_tools_come_from_toolsets_functions_and_runs() -> None:
    def one() -> int:
        return 1

    def two() -> int:
        return 2

    def three() -> int:
        return 3

    agent, model = told("ok", "ok", tools=[one], toolsets=[FunctionToolset([two]).prefixed("p")])

    @agent.toolset
    def more(ctx: RunContext[Any]) -> FunctionToolset[Any]:
        return FunctionToolset([three])

    await agent.run("hi")
    assert [tool.name for tool in model.asked[0][1].function_tools] == ["one", "p_two", "three"]
    with agent.override(tools=[three], toolsets=[]):
        await agent.run("hi")
    assert [tool.name for tool in model.asked[1][1].function_tools] == ["three"]


async def test_tools_may_be_prepared_for_each_step() -> None:
    async def without_b(ctx: RunContext[Any], tools: list[ToolDefinition]) -> list[ToolDefinition]:
        return [tool for tool in tools if tool.name != "b"]

    agent, model = told("ok", prepare_tools=without_b)

    @agent.tool_plain
    def a() -> None: ...

    @agent.tool_plain
    def b() -> None: ...

    await agent.run("hi")
    assert [tool.name for tool in model.asked[0][1].function_tools] == ["a"]


# --------------------------------------------------------------------------- outputs
async def test_text_beside_a_call_is_not_the_output() -> None:
    agent, _ = told(["Let me see.", call("look")], "done")

    @agent.tool_plain
    def look() -> None: ...

    assert (await agent.run("hi")).output == "done"


@pytest.mark.parametrize(
    ("output_type", "reply", "output"),
    [
        (City, [call("final_result", **PARIS)], City(**PARIS)),
        ([City, int], [call("final_result_int", response=3)], 3),
        (list[int], [call("final_result", response=[1, 2])], [1, 2]),
        (ToolOutput(City, name="city"), [call("city", **PARIS)], City(**PARIS)),
        (NativeOutput(City), '{"name": "Paris", "population": 2161}', City(**PARIS)),
        (PromptedOutput(City), '```json\n{"name": "Paris", "population": 2161}\n```', City(**PARIS)),
        (City | None, [], None),
        ([City, str], "just text", "just text"),
    ],
)
async def test_outputs_of_every_form(output_type: Any, reply: Any, output: Any) -> None:
    for how in ("run", "stream"):
        agent, _ = told(reply, output_type=output_type)
        if how == "run":
            assert (await agent.run("hi")).output == output
        else:
            async with agent.run_stream("hi") as result:
                assert await result.get_output() == output


async def test_partial_outputs_are_left_out_until_they_validate() -> None:
    agent, _ = told([call("final_result", **PARIS)], output_type=City)
    async with agent.run_stream("hi") as result:
        outputs = [output async for output in result.stream_output(debounce_by=None)]
    assert outputs[-1] == City(**PARIS)
    assert all(output.name == "Paris" for output in outputs)


async def test_progressive_outputs_are_filled_as_they_arrive() -> None:
    agent, _ = told([call("final_result", **PARIS)], output_type=City)
    async with agent.run_stream("hi") as result:
        outputs = [output async for output in result.stream_output(debounce_by=None, progressive=True)]
    assert outputs[0].model_fields_set < {"name", "population"}
    assert outputs[-1] == City(**PARIS)


async def test_output_functions_make_the_output() -> None:
    def shout(text: str) -> str:
        if text == "quiet":
            raise ModelRetry("Louder.")
        return text.upper()

    agent, model = told("quiet", "loud", output_type=TextOutput(shout))
    assert (await agent.run("hi")).output == "LOUD"
    assert said(model.asked[1][0][-1]) == ["Louder."]


async def test_validators_see_the_output_and_may_ask_again() -> None:
    agent, model = told([call("final_result", response=1)], [call("final_result", response=2)], output_type=int)
    seen: list[tuple[int, int, str | None]] = []

    @agent.output_validator
    def check(ctx: RunContext[None], output: int) -> int:
        seen.append((output, ctx.retry, ctx.tool_name))
        if output == 1:
            raise ModelRetry("Not one.")
        return output * 10

    assert (await agent.run("hi")).output == 20
    assert seen == [(1, 0, "final_result"), (2, 1, "final_result")]
    assert said(model.asked[1][0][-1]) == ["Not one."]


async def test_validators_know_a_partial_output() -> None:
    agent, _ = told("a long enough text")
    seen: list[bool] = []

    @agent.output_validator
    def check(ctx: RunContext[None], output: str) -> str:
        seen.append(ctx.partial_output)
        return output

    async with agent.run_stream("hi") as result:
        _ = [output async for output in result.stream_output(debounce_by=None)]
    assert seen[0] is True and seen[-1] is False


@pytest.mark.parametrize("view", ["stream_text", "stream_output"])
async def test_what_a_validator_refuses_is_left_out_and_refused_at_the_end(view: str) -> None:
    agent, _ = told("a text that is far too long")

    @agent.output_validator
    def short(output: str) -> str:
        if len(output) > 8:
            raise ModelRetry("Shorter.")
        return output

    seen: list[str] = []
    with pytest.raises(UnexpectedModelBehavior, match="Output validation failed during streaming") as caught:
        async with agent.run_stream("hi") as result:
            async for output in getattr(result, view)(debounce_by=None):
                seen.append(output)
    assert seen == ["a text t"]
    assert caught.value.__cause__ == ModelRetry("Shorter.")


async def test_the_outputs_retries_are_counted_over_the_run() -> None:
    agent, _ = told("x", "y", output_type=int, output_retries=1)
    with pytest.raises(UnexpectedModelBehavior, match=r"Exceeded maximum retries \(1\) for output validation"):
        await agent.run("hi")


@pytest.mark.parametrize(
    ("strategy", "ran", "not_used"),
    [
        ("early", [], "Output tool not used - a final result was already processed."),
        ("graceful", ["look"], "Output tool not used - a final result was already processed."),
        ("exhaustive", ["look"], "Final result processed."),
    ],
)
async def test_the_end_strategy_says_what_happens_beside_the_output(
    strategy: Any, ran: list[str], not_used: str
) -> None:
    reply = [call("final_result", "c1", response=1), call("look", "c2"), call("final_result", "c3", response=2)]
    agent, _ = told(reply, output_type=int, end_strategy=strategy)
    called: list[str] = []

    @agent.tool_plain
    def look() -> str:
        called.append("look")
        return "seen"

    result = await agent.run("hi")
    assert result.output == 1
    assert called == ran
    skipped = "seen" if ran else "Tool not executed - a final result was already processed."
    assert said(result.all_messages()[-1]) == ["Final result processed.", not_used, skipped]


async def test_pydantics_context_reaches_the_output() -> None:
    class Scaled(BaseModel):
        x: int

        @field_validator("x")
        @classmethod
        def scale(cls, value: int, info: ValidationInfo) -> int:
            return value * (info.context or 1)

    agent, _ = told([call("final_result", x=2)], output_type=Scaled, validation_context=lambda ctx: ctx.deps)
    assert (await agent.run("hi", deps=10)).output == Scaled.model_construct(x=20)


async def test_nothing_said_uses_the_text_that_was_said_before() -> None:
    agent, _ = told(["The answer is 7.", call("note")], [])

    @agent.tool_plain
    def note() -> None: ...

    assert (await agent.run("hi")).output == "The answer is 7."


async def test_only_thinking_is_asked_to_go_on() -> None:
    agent, model = told([ThinkingPart("Hm.")], "done")
    assert (await agent.run("hi")).output == "done"
    assert said(model.asked[1][0][-1]) == ["Please return text."]


async def test_a_reply_cut_off_in_a_call_says_so() -> None:
    async def cut(messages: Any, info: Any) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart("final_result", '{"response": 1')], finish_reason="length")

    from playhead.models.function import FunctionModel

    agent = Agent(FunctionModel(cut), output_type=int, retries=0, model_settings={"max_tokens": 9})
    with pytest.raises(IncompleteToolCall, match="token limit"):
        await agent.run("hi")


# --------------------------------------------------------------------------- prompts and history
async def test_instructions_are_made_for_each_request_and_kept_with_it() -> None:
    agent, model = told([call("look")], "done", instructions=["Be brief.", "Be kind."])

    @agent.tool_plain
    def look() -> None: ...

    @agent.instructions
    def step(ctx: RunContext[None]) -> str:
        return f"Step {ctx.run_step}."

    result = await agent.run("hi", instructions="Rhyme.")
    assert [asked[1].instructions for asked in model.asked] == [
        "Be brief.\nBe kind.\nRhyme.\n\nStep 1.",
        "Be brief.\nBe kind.\nRhyme.\n\nStep 2.",
    ]
    assert result.all_messages()[0].instructions == "Be brief.\nBe kind.\nRhyme.\n\nStep 1."  # type: ignore[union-attr]


async def test_system_prompts_begin_a_conversation() -> None:
    agent, model = told("a", "b", system_prompt=("One.", "Two."))

    @agent.system_prompt
    async def three() -> str:
        return "Three."

    @agent.system_prompt
    def nothing() -> None:
        return None

    first = await agent.run("hi")
    assert said(model.asked[0][0][0]) == ["One.", "Two.", "Three.", "hi"]
    await agent.run("more", message_history=first.all_messages())
    assert said(model.asked[1][0][-1]) == ["more"]


async def test_dynamic_system_prompts_are_made_anew_in_their_place() -> None:
    agent, model = told("a", "b")
    day = 1

    @agent.system_prompt(dynamic=True)
    def today() -> str:
        return f"Day {day}."

    first = await agent.run("hi")
    kept = first.all_messages()[0].parts[0]
    assert isinstance(kept, SystemPromptPart) and kept.dynamic_ref is not None
    day = 2
    await agent.run("more", message_history=first.all_messages())
    assert said(model.asked[1][0][0]) == ["Day 2.", "hi"]
    assert kept.content == "Day 1."


async def test_requests_that_follow_each_other_are_one_for_the_model() -> None:
    agent, model = told("ok")
    history = [ModelRequest(parts=[UserPromptPart("a")]), ModelRequest(parts=[UserPromptPart("b")])]
    result = await agent.run("c", message_history=history)
    assert said(model.asked[0][0][0]) == ["a", "b", "c"]
    assert len(result.new_messages()) == 2


async def test_a_history_that_ends_with_a_request_is_sent_again() -> None:
    agent, model = told("ok")
    result = await agent.run(message_history=[ModelRequest(parts=[UserPromptPart("a")])])
    assert said(model.asked[0][0][0]) == ["a"]
    assert [message.kind for message in result.new_messages()] == ["response"]


@pytest.mark.parametrize(
    ("process", "new"),
    [
        pytest.param(lambda messages: messages[-1:], ["response"], id="left as it is"),
        pytest.param(lambda messages: [replace(messages[-1])], ["response"], id="made again"),
        pytest.param(
            lambda messages: [ModelRequest(parts=[UserPromptPart("else")])], ["request", "response"], id="replaced"
        ),
    ],
)
async def test_a_request_that_is_sent_again_is_not_new_unless_a_processor_replaced_it(
    process: Any, new: list[str]
) -> None:
    agent, _ = told("ok", history_processors=[process])
    result = await agent.run(message_history=[ModelRequest(parts=[UserPromptPart("a")])])
    assert [message.kind for message in result.new_messages()] == new


async def test_a_history_that_ends_with_an_answer_needs_no_request() -> None:
    agent, model = told()
    history = [ModelRequest(parts=[UserPromptPart("a")]), ModelResponse(parts=[TextPart("b")])]
    assert (await agent.run(message_history=history)).output == "b"
    assert model.asked == []


async def test_open_calls_of_a_history_are_run_first() -> None:
    agent, model = told("ok")

    @agent.tool_plain
    def look() -> str:
        return "seen"

    history = [ModelRequest(parts=[UserPromptPart("a")]), ModelResponse(parts=[call("look")])]
    await agent.run(message_history=history)
    assert said(model.asked[0][0][-1]) == ["seen"]
    with pytest.raises(UserError, match="Cannot provide a new user prompt when the message history contains"):
        await agent.run("b", message_history=history)


async def test_a_run_needs_something_to_say() -> None:
    agent, _ = told()
    with pytest.raises(UserError, match="No message history, user prompt, or instructions provided"):
        await agent.run()


async def test_history_processors_make_the_history_anew() -> None:
    async def only_last(ctx: RunContext[Any], messages: list[ModelMessage]) -> list[ModelMessage]:
        return messages[-1:]

    agent, model = told("ok", history_processors=[only_last])
    history = [ModelRequest(parts=[UserPromptPart("a")]), ModelResponse(parts=[TextPart("b")])]
    result = await agent.run("c", message_history=history)
    assert len(model.asked[0][0]) == 1
    assert [message.kind for message in result.new_messages()] == ["request", "response"]
    agent.history_processors = [lambda messages: []]
    with pytest.raises(UserError, match="Processed history cannot be empty"):
        await agent.run("c")


# --------------------------------------------------------------------------- calls for somebody else
def deferring(*replies: Any) -> tuple[Agent[Any, Any], Any]:
    external = ExternalToolset([ToolDefinition(name="outside")])
    agent, model = told(*replies, output_type=[str, DeferredToolRequests], toolsets=[external])

    @agent.tool_plain(requires_approval=True)
    def delete(path: str) -> str:
        return f"deleted {path}"

    @agent.tool
    def maybe(ctx: RunContext[Any]) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired(metadata={"why": "careful"})
        return f"done with {ctx.tool_call_metadata}"

    @agent.tool_plain
    def later() -> str:
        raise CallDeferred(metadata={"job": 7})

    @agent.tool_plain
    def now() -> str:
        return "now"

    return agent, model


CALLS = [call("outside", "1"), call("delete", "2", path="/x"), call("maybe", "3"), call("later", "4"), call("now", "5")]


async def test_a_run_ends_with_the_calls_it_cannot_make() -> None:
    agent, _ = deferring(CALLS)
    result = await agent.run("hi")
    output = result.output
    assert isinstance(output, DeferredToolRequests)
    assert [asked.tool_call_id for asked in output.calls] == ["4", "1"]
    assert [asked.tool_call_id for asked in output.approvals] == ["3", "2"]
    assert output.metadata == {"3": {"why": "careful"}, "4": {"job": 7}}
    assert said(result.all_messages()[-1]) == ["now"]


async def test_a_run_goes_on_with_what_somebody_else_said() -> None:
    agent, _ = deferring(CALLS)
    history = (await agent.run("hi")).all_messages()
    agent, model = deferring("thanks")
    results = DeferredToolResults(
        calls={"1": "from outside", "4": ModelRetry("try again")},
        approvals={"2": ToolApproved(override_args={"path": "/y"}), "3": True},
        metadata={"3": {"by": "Ada"}},
    )
    result = await agent.run(message_history=history, deferred_tool_results=results)
    assert result.output == "thanks"
    # Functions first, then what others run, then what waited for approval: by kind, and then as they were called.
    assert said(model.asked[0][0][-1]) == ["now", "done with {'by': 'Ada'}", "try again", "from outside", "deleted /y"]


async def test_a_call_may_be_denied() -> None:
    agent, _ = deferring([call("delete", path="/x")])
    history = (await agent.run("hi")).all_messages()
    agent, model = deferring("ok")
    await agent.run(
        message_history=history, deferred_tool_results=DeferredToolResults(approvals={"c1": ToolDenied("No.")})
    )
    (part,) = model.asked[0][0][-1].parts
    assert isinstance(part, ToolReturnPart) and (part.content, part.outcome) == ("No.", "denied")


async def test_every_open_call_needs_a_result() -> None:
    agent, _ = deferring(CALLS)
    history = (await agent.run("hi")).all_messages()
    with pytest.raises(UserError, match="need to be provided for all deferred tool calls") as caught:
        await agent.run(message_history=history, deferred_tool_results=DeferredToolResults(calls={"1": 1}))
    assert str(caught.value).endswith("Expected: {'1', '2', '3', '4'}, got: {'1'}"), "the same in every process"


async def test_deferred_calls_need_an_output_that_can_say_so() -> None:
    agent, _ = told([call("later")])

    @agent.tool_plain
    def later() -> None:
        raise CallDeferred

    with pytest.raises(UserError, match="`DeferredToolRequests` is not among output types"):
        await agent.run("hi")
    with pytest.raises(UserError, match="add `DeferredToolRequests` to the list of output types"):

        @agent.tool_plain(requires_approval=True)
        def delete() -> None: ...


async def test_a_deferred_call_is_announced_without_a_result() -> None:
    agent, _ = deferring([call("outside")])
    events = [event async for event in agent.run_stream_events("hi")]
    assert any(isinstance(event, FunctionToolCallEvent) for event in events)
    assert not any(isinstance(event, FunctionToolResultEvent) for event in events)


# --------------------------------------------------------------------------- what tools are told
@dataclass
class Deps:
    user: str


async def test_a_tool_is_told_of_its_run() -> None:
    seen: list[RunContext[Deps]] = []
    agent, model = told([call("who", "c9")], "done", deps_type=Deps, name="helper")

    @agent.tool
    def who(ctx: RunContext[Deps]) -> str:
        seen.append(ctx)
        return ctx.deps.user

    result = await agent.run("hi", deps=Deps("Ada"))
    (ctx,) = seen
    assert (ctx.tool_name, ctx.tool_call_id, ctx.run_step, ctx.prompt) == ("who", "c9", 1, "hi")
    assert ctx.run_id == result.run_id
    assert ctx.usage is result.usage()
    assert ctx.agent is agent and ctx.model is model.model
    assert said(model.asked[1][0][-1]) == ["Ada"]


async def test_tools_and_history_processors_are_told_the_settings_of_the_request() -> None:
    seen: list[Any] = []

    def processor(ctx: RunContext[None], messages: list[ModelMessage]) -> list[ModelMessage]:
        seen.append(ctx.model_settings)
        return messages

    model = TestModel(settings={"seed": 1})
    agent = Agent(model, model_settings={"temperature": 0.5}, history_processors=[processor])

    @agent.tool
    def look(ctx: RunContext[None]) -> int:
        seen.append(ctx.model_settings)
        return 1

    await agent.run("x", model_settings={"max_tokens": 9})
    assert seen == [{"seed": 1, "temperature": 0.5, "max_tokens": 9}] * 3


async def test_a_blocking_tool_does_not_begin_beside_one_that_fails_at_once() -> None:
    begun: list[str] = []

    agent, _ = told([call("block"), call("fail")])

    @agent.tool_plain
    def block() -> None:
        begun.append("block")

    @agent.tool_plain
    async def fail() -> None:
        begun.append("fail")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await agent.run("x")
    await asyncio.sleep(0.05)
    assert begun == ["fail"]
