"""Edges of a run that programs written for this API rely on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from playhead import Agent, IncompleteToolCall, RunContext, UnexpectedModelBehavior, UserError
from playhead.builtin_tools import MCPServerTool, WebSearchTool
from playhead.direct import model_request_stream_sync
from playhead.messages import (
    DocumentUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
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
    with pytest.raises(UserError, match="which has its result in the history already"):
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
