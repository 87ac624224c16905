"""Edges of a run that programs written for this API rely on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from playhead import (
    Agent,
    CallDeferred,
    DeferredToolRequests,
    ExternalToolset,
    IncompleteToolCall,
    RunContext,
    UnexpectedModelBehavior,
    UserError,
)
from playhead.builtin_tools import MCPServerTool, WebSearchTool
from playhead.direct import model_request_stream_sync
from playhead.messages import (
    DocumentUrl,
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
from playhead.models import ModelRequestParameters, ToolDefinition
from playhead.models.function import AgentInfo, FunctionModel
from playhead.models.test import TestModel
from playhead.output import OutputObjectDefinition
from playhead.tools import DeferredToolResults


@pytest.mark.parametrize(
    ("prompts", "prompt"),
    [(["one"], "one"), ([["one"]], ["one"]), (["one", "two"], ["one", "two"]), (["one", ["two"]], ["one", "two"])],
)
def test_a_run_that_goes_on_with_a_request_tells_everybody_its_whole_prompt(prompts: list[Any], prompt: Any) -> None:
    told: list[Any] = []
    agent = Agent(TestModel())

    @agent.system_prompt(dynamic=True)
    def system(ctx: RunContext) -> str:
        told.append(ctx.prompt)
        return "new"

    @agent.instructions
    def instructions(ctx: RunContext) -> str:
        told.append(ctx.prompt)
        return "be brief"

    old = SystemPromptPart("old", dynamic_ref=system.__qualname__)
    result = agent.run_sync(message_history=[ModelRequest([old, *(UserPromptPart(item) for item in prompts)])])
    assert told == [prompt, prompt]
    first = result.all_messages()[0]
    assert isinstance(first, ModelRequest)
    assert isinstance(first.parts[0], SystemPromptPart) and first.parts[0].content == "new"


@pytest.mark.parametrize("tool_name", ["look_up", "nobody_knows_it"])
@pytest.mark.parametrize(("reason", "error"), [("length", IncompleteToolCall), ("stop", UnexpectedModelBehavior)])
def test_arguments_that_the_token_limit_cut_off_are_told_apart_when_retries_run_out(
    tool_name: str, reason: Any, error: type[Exception]
) -> None:
    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse([ToolCallPart(tool_name, '{"key": "a')], finish_reason=reason)

    agent = Agent(FunctionModel(reply))

    @agent.tool_plain
    def look_up(key: str) -> str:
        return key

    with pytest.raises(error) as caught:
        agent.run_sync("Look it up.", model_settings={"max_tokens": 10})
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "given", [{"calls": {"done": "again", "open": "yes"}}, {"approvals": {"failed": True}, "calls": {"open": "yes"}}]
)
def test_the_result_of_a_call_that_ran_cannot_be_given_again(given: dict[str, Any]) -> None:
    calls = [ToolCallPart("tool", tool_call_id=name) for name in ("done", "failed", "open")]
    answers = [ToolReturnPart("tool", "fine", "done"), RetryPromptPart("no", tool_name="tool", tool_call_id="failed")]
    history = [ModelRequest([UserPromptPart("Go.")]), ModelResponse(calls), ModelRequest(answers)]
    with pytest.raises(UserError, match="was already executed and its result cannot be overridden"):
        Agent(TestModel()).run_sync(message_history=history, deferred_tool_results=DeferredToolResults(**given))


def test_an_override_does_not_hide_that_no_model_was_named() -> None:
    agent = Agent()
    with agent.override(model=TestModel()):
        with pytest.raises(UserError, match=r"must either be set on the agent.*Even when `override"):
            agent.run_sync("Hello")
        assert agent.run_sync("Hello", model="openai:none").output == "success (no tool calls)"


async def test_the_test_model_refuses_native_tools_and_says_so() -> None:
    agent = Agent(TestModel(), builtin_tools=[WebSearchTool()])
    with pytest.raises(UserError, match="TestModel cannot call tools of a provider's"):
        await agent.run("Hello")
    with pytest.raises(UserError, match="TestModel cannot call tools of a provider's"):
        async with agent.run_stream("Hello"):
            pass


def test_a_blocking_stream_says_how_it_is_to_be_used() -> None:
    stream = model_request_stream_sync("test", [ModelRequest.user_text_prompt("x")])
    assert repr(stream) == "StreamedResponseSync(context_entered=False)"
    with pytest.raises(RuntimeError, match="This stream is not open"):
        stream.get()
    with stream as opened:
        assert "TestStreamedResponse" in repr(opened)


def test_an_output_object_shows_all_that_it_asks_for() -> None:
    shown = "OutputObjectDefinition(json_schema={}, name='Fox', description=None, strict=None)"
    assert repr(OutputObjectDefinition(json_schema={}, name="Fox")) == shown


def test_asciidoc_is_a_document() -> None:
    assert DocumentUrl("https://example.com/manual.asciidoc").media_type == "text/x-asciidoc"


def test_what_a_request_may_use_goes_through_json_with_its_native_tools() -> None:
    adapter = TypeAdapter(ModelRequestParameters)
    parameters = ModelRequestParameters(
        function_tools=[ToolDefinition(name="look_up")],
        builtin_tools=[WebSearchTool(search_context_size="high"), MCPServerTool(id="docs", url="https://example.com")],
    )
    assert adapter.validate_json(adapter.dump_json(parameters)) == parameters


async def test_a_request_that_is_sent_again_takes_its_instructions_from_the_agent_that_sends_it() -> None:
    asked: list[Any] = []

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append(info.instructions)
        return ModelResponse(parts=[TextPart("done")])

    history: list[ModelMessage] = [ModelRequest([UserPromptPart("hi")], instructions="Old ones.")]
    await Agent(FunctionModel(answer)).run(message_history=list(history))
    await Agent(FunctionModel(answer), instructions="New ones.").run(message_history=list(history))
    assert asked == [None, "New ones."]


async def test_a_refused_output_beside_a_call_that_was_put_off_keeps_its_one_answer() -> None:
    replies = [
        [ToolCallPart("final_result", {"wrong": 1}, "o1"), ToolCallPart("far", {}, "f1")],
        [ToolCallPart("final_result", {"response": [1]}, "o2")],
    ]

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=list(replies.pop(0)))

    agent: Any = Agent(FunctionModel(answer), output_type=[list[int], DeferredToolRequests])

    @agent.tool_plain
    def far() -> str:
        raise CallDeferred

    waiting = await agent.run("hi")
    assert isinstance(waiting.output, DeferredToolRequests)
    result = await agent.run(
        message_history=waiting.all_messages(), deferred_tool_results=DeferredToolResults(calls={"f1": "near"})
    )
    assert result.output == [1]
    answered = [part.tool_call_id for message in result.all_messages() for part in message.parts
                if isinstance(part, (ToolReturnPart, RetryPromptPart))]  # fmt: skip
    assert answered == ["o1", "f1", "o2"]


async def test_results_for_a_conversation_that_is_over_are_refused() -> None:
    agent: Any = Agent(TestModel(), output_type=list[int])
    history = (await agent.run("hi")).all_messages()
    with pytest.raises(UserError, match="Tool call results need to be provided for all deferred tool calls"):
        await agent.run(message_history=history, deferred_tool_results=DeferredToolResults())


async def test_what_an_output_raises_comes_before_results_that_do_not_fit() -> None:
    agent: Any = Agent(TestModel(), output_type=list[int])
    history = (await agent.run("hi")).all_messages()

    @agent.output_validator
    def refuse(output: list[int]) -> list[int]:
        raise KeyError("first")

    with pytest.raises(KeyError, match="first"):
        await agent.run(message_history=history[:2], deferred_tool_results=DeferredToolResults(calls={"other": 1}))


async def test_tools_are_made_ready_once_for_a_history_that_ends_with_a_reply_without_an_answer() -> None:
    steps: list[int] = []

    async def prepare(ctx: RunContext[Any], definition: ToolDefinition) -> ToolDefinition:
        steps.append(ctx.run_step)
        return definition

    agent: Any = Agent(FunctionModel(lambda messages, info: ModelResponse([TextPart("done")])))

    @agent.tool_plain(prepare=prepare)
    def look() -> str:
        return "seen"

    await agent.run(message_history=[ModelRequest([UserPromptPart("hi")]), ModelResponse([ThinkingPart("Hm.")])])
    assert steps == [1]


async def test_a_call_that_a_history_ends_with_may_fail_as_often_as_any_other() -> None:
    replies = [ToolCallPart("final_result", {"wrong": 1}, "c2"), ToolCallPart("final_result", {"response": [1]}, "c3")]
    agent: Any = Agent(FunctionModel(lambda messages, info: ModelResponse([replies.pop(0)])), output_type=list[int])
    history = [ModelRequest([UserPromptPart("hi")]), ModelResponse([ToolCallPart("final_result", "{", "c1")])]
    with pytest.raises(UnexpectedModelBehavior, match=r"maximum retries \(1\)"):
        await agent.run(message_history=history)


async def test_a_model_that_says_nothing_is_reminded_of_tools_that_others_run() -> None:
    asked: list[Any] = []

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        last: Any = messages[-1].parts[-1]
        asked.append(last.content)
        return ModelResponse(parts=[ThinkingPart("Hm.")] if len(asked) == 1 else [TextPart("done")])

    far = ExternalToolset([ToolDefinition(name="far", parameters_json_schema={"type": "object", "properties": {}})])
    await Agent(FunctionModel(answer), output_type=[str, DeferredToolRequests], toolsets=[far]).run("hi")
    assert asked == ["hi", "Please return text or call a tool."]
