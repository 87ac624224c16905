"""Models that are functions: what the function is told, what becomes of its pieces, what it is said to cost."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead import Agent, UnexpectedModelBehavior, UserError
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.models import ModelProfile
from playhead.models._estimate import HistoryEstimate, WordCount, estimate, words
from playhead.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall, FunctionModel
from playhead.output import NativeOutput
from playhead.usage import RequestUsage


def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    return ModelResponse(parts=[TextPart("hello world")])


async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
    yield "hello "
    yield "world"


async def streamed(*items: Any) -> tuple[list[Any], ModelResponse]:
    async def function(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        for item in items:
            yield item

    model = FunctionModel(stream_function=function)
    async with model.request_stream([], None, ModelRequestParameters()) as response:
        return [event async for event in response], response.get()


def test_the_models_name_is_made_of_its_functions() -> None:
    assert FunctionModel(answer).model_name == "function:answer:"
    assert FunctionModel(stream_function=stream).model_name == "function::stream"
    assert FunctionModel(answer, stream_function=stream).model_name == "function:answer:stream"
    assert FunctionModel(answer, model_name="mine").model_name == "mine"
    assert FunctionModel(answer).system == "function"


def test_a_model_needs_a_function() -> None:
    with pytest.raises(TypeError, match="needs a `function`, a `stream_function`, or both"):
        FunctionModel()  # type: ignore[call-overload]  # pyright: ignore


async def test_each_way_needs_its_function() -> None:
    with pytest.raises(AssertionError, match="must receive a `stream_function`"):
        async with Agent(FunctionModel(answer)).run_stream("hi"):
            pass
    with pytest.raises(AssertionError, match="has a `stream_function` only"):
        await Agent(FunctionModel(stream_function=stream)).run("hi")


async def test_the_function_is_told_of_the_agent() -> None:
    seen: list[AgentInfo] = []

    async def look(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.append(info)
        return ModelResponse(parts=[ToolCallPart("final_result", {"response": 1})])

    agent = Agent(FunctionModel(look), output_type=int, instructions="Be brief.", model_settings={"temperature": 1})

    @agent.tool_plain
    def lookup(x: int) -> int:
        return x

    await agent.run("hi")
    (info,) = seen
    assert [tool.name for tool in info.function_tools] == ["lookup"]
    assert [tool.name for tool in info.output_tools] == ["final_result"]
    assert not info.allow_text_output
    assert info.instructions == "Be brief."
    assert info.model_settings == {"temperature": 1}
    assert info.model_request_parameters.output_mode == "tool"


async def test_a_plain_function_runs_in_a_thread() -> None:
    threads: list[threading.Thread] = []

    def look(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        threads.append(threading.current_thread())
        return answer(messages, info)

    await Agent(FunctionModel(look)).run("hi")
    assert threads[0] is not threading.main_thread()


async def test_the_reply_has_the_models_name_and_an_estimate_of_its_usage() -> None:
    result = await Agent(FunctionModel(answer)).run("hi there")
    response = result.response
    assert response.model_name == "function:answer:"
    assert response.usage == RequestUsage(input_tokens=52, output_tokens=2)


async def test_usage_that_the_function_gives_is_kept() -> None:
    def with_usage(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart("x")], usage=RequestUsage(input_tokens=3))

    result = await Agent(FunctionModel(with_usage)).run("hi")
    assert (result.usage().input_tokens, result.usage().output_tokens) == (3, 0)


async def test_a_stream_without_a_piece_is_an_error_when_it_is_opened() -> None:
    with pytest.raises(ValueError, match="Stream function must return at least one item"):
        await streamed()


async def test_text_is_one_part_whatever_comes_between() -> None:
    events, response = await streamed("a", {1: DeltaToolCall("f", "{}")}, "b")
    assert [type(event) for event in events] == [
        PartStartEvent,
        PartEndEvent,
        PartStartEvent,
        PartDeltaEvent,
        PartEndEvent,
    ]
    assert isinstance(response.parts[0], TextPart) and response.parts[0].content == "ab"


async def test_empty_text_counts() -> None:
    events, _ = await streamed("", "a", "")
    assert [type(event) for event in events] == [PartStartEvent, PartDeltaEvent, PartDeltaEvent, PartEndEvent]


async def test_a_call_is_put_together_from_its_pieces() -> None:
    _, response = await streamed(
        {0: DeltaToolCall("get_", tool_call_id="c1")},
        {0: DeltaToolCall("weather", '{"city":')},
        {0: DeltaToolCall(json_args='"Paris"}')},
    )
    (call,) = response.parts
    assert isinstance(call, ToolCallPart)
    assert (call.tool_name, call.args, call.tool_call_id) == ("get_weather", '{"city":"Paris"}', "c1")


async def test_arguments_that_come_before_the_name_are_kept() -> None:
    events, response = await streamed(
        {0: DeltaToolCall(json_args='{"x"')}, {0: DeltaToolCall(json_args=":1}")}, {0: DeltaToolCall("f")}
    )
    assert [type(event) for event in events] == [PartStartEvent, PartEndEvent]
    assert response.parts[0].args == '{"x":1}'  # type: ignore[union-attr]


async def test_a_call_that_never_gets_a_name_is_not_part_of_the_reply() -> None:
    events, response = await streamed({0: DeltaToolCall(json_args="{}")}, "a")
    assert [part.part_kind for part in response.parts] == ["text"]
    assert events[0].index == 0


async def test_thinking_with_a_signature_has_the_functions_name() -> None:
    _, response = await streamed({0: DeltaThinkingPart(content="Hm")}, {0: DeltaThinkingPart(signature="s")})
    assert response.parts == [ThinkingPart("Hm", signature="s", provider_name="function")]


async def test_thinking_needs_something_to_begin_with() -> None:
    with pytest.raises(UnexpectedModelBehavior, match="with no content or signature"):
        await streamed({0: DeltaThinkingPart()})


async def test_native_tools_arrive_whole() -> None:
    events, response = await streamed(
        {0: BuiltinToolCallPart("search", {"q": 1}, "b1")}, {1: BuiltinToolReturnPart("search", "found", "b1")}, "done"
    )
    assert [type(event) for event in events] == [
        PartStartEvent,
        PartEndEvent,
        PartStartEvent,
        PartStartEvent,
        PartEndEvent,
    ]
    assert len(response.builtin_tool_calls) == 1


async def test_a_native_call_grows_with_the_deltas_of_its_slot() -> None:
    events, response = await streamed(
        {0: BuiltinToolCallPart("search", '{"q":', "b1", provider_name="function")},
        {0: DeltaToolCall(json_args=' "cats"}', tool_call_id="b1")},
        {1: BuiltinToolReturnPart("search", "found", "b1")},
    )
    call = BuiltinToolCallPart("search", '{"q": "cats"}', "b1", provider_name="function")
    assert response.parts[0] == call
    assert [event.part for event in events if isinstance(event, PartEndEvent)] == [call]


async def test_slots_keep_their_kind() -> None:
    with pytest.raises(UnexpectedModelBehavior, match="Cannot apply a tool call delta"):
        await streamed({0: DeltaThinkingPart(content="x")}, {0: DeltaToolCall("f")})


async def test_text_and_objects_do_not_mix_in_arguments() -> None:
    with pytest.raises(UnexpectedModelBehavior, match="Cannot apply JSON deltas to non-JSON tool arguments"):
        await streamed({0: DeltaToolCall("f", {"a": 1})}, {0: DeltaToolCall(json_args="x")})  # type: ignore[arg-type]  # pyright: ignore


async def test_pieces_of_another_kind_are_refused() -> None:
    with pytest.raises(AssertionError):
        await streamed("a", 5)


async def test_the_profile_decides_what_is_supported() -> None:
    with pytest.raises(UserError, match="no output by a JSON schema of its own"):
        await Agent(FunctionModel(answer, profile=ModelProfile()), output_type=NativeOutput(int)).run("hi")


# --------------------------------------------------------------------------- estimates
@pytest.mark.parametrize(
    ("text", "count"), [("", 0), (" ", 1), ("a b", 2), (",a", 2), ("a,", 2), (" ,a, ", 3), ("a.b:c", 3), ("a\n b", 2)]
)
def test_words_are_what_separators_leave(text: str, count: int) -> None:
    assert words(text) == count


@given(pieces=st.lists(st.text(alphabet='ab ,.:"\n\t\x00é', max_size=6), max_size=12), cut=st.integers(0, 12))
def test_counting_many_pieces_at_once_is_counting_each(pieces: list[str], cut: int) -> None:
    count = WordCount()
    for piece in pieces[:cut]:
        count.add(piece)
    assert count.total() == sum(map(words, pieces[:cut]))
    for piece in pieces[cut:]:
        count.add(piece)
    assert count.total() == sum(map(words, pieces))


def test_the_estimate_counts_every_request_and_every_reply() -> None:
    history: list[ModelMessage] = [
        ModelRequest(parts=[SystemPromptPart("be kind"), UserPromptPart(["one two", "three"])]),
        ModelResponse(parts=[TextPart("four"), ThinkingPart("five six"), ToolCallPart("f", {"a": 1})]),
        ModelRequest(parts=[ToolReturnPart("f", {"x": "y"}, "c"), RetryPromptPart("no", tool_name="f")]),
    ]
    assert estimate(history) == RequestUsage(input_tokens=50 + 2 + 3 + 4 + 8, output_tokens=1 + 2 + 4)


def test_a_history_that_grows_is_counted_once() -> None:
    history: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart("one")])]
    counter = HistoryEstimate()
    assert counter.of(history) == estimate(history)
    history = [*history, ModelResponse(parts=[TextPart("two three")])]
    assert counter.of(history) == estimate(history)
    history = [ModelRequest(parts=[UserPromptPart("another beginning")]), *history[1:]]
    assert counter.of(history) == estimate(history)
