"""The older names work, and each says what is used now."""

from __future__ import annotations

from typing import Any

import pytest

import playhead.result
from playhead import Agent, UserError
from playhead.models import infer_model
from playhead.models.test import TestModel
from playhead.run import AgentRunResult
from playhead.toolsets import FunctionToolset
from playhead.usage import RunUsage


def test_result_type_and_result_retries_are_output_type_and_output_retries() -> None:
    with pytest.warns(DeprecationWarning, match="`result_type` is deprecated: its name is `output_type` now"):
        agent: Agent[None, Any] = Agent(TestModel(), result_type=int)
    assert agent.run_sync("hi").output == 0
    with pytest.warns(DeprecationWarning, match="`result_retries` is deprecated: its name is `output_retries` now"):
        Agent(TestModel(), result_retries=3)
    with pytest.warns(DeprecationWarning, match="`result_type` is deprecated"):
        assert agent.result_type is int  # pyright: ignore[reportDeprecated]


def test_result_validator_is_output_validator() -> None:
    agent = Agent(TestModel(custom_output_text="a"))
    with pytest.warns(DeprecationWarning, match="its name is `output_validator` now"):

        @agent.result_validator  # pyright: ignore[reportDeprecated]
        def upper(text: str) -> str:
            return text.upper()

    assert agent.run_sync("hi").output == "A"


def test_data_is_output() -> None:
    result = Agent(TestModel(custom_output_text="a")).run_sync("hi")
    with pytest.warns(DeprecationWarning, match="`data` is deprecated: its name is `output` now"):
        assert result.data == "a"  # pyright: ignore[reportDeprecated]


async def test_the_older_methods_of_a_streamed_result() -> None:
    agent = Agent(TestModel(custom_output_text="a b"))
    async with agent.run_stream("hi") as result:
        with pytest.warns(DeprecationWarning, match="its name is `stream_output` now"):
            assert [text async for text in result.stream()][-1] == "a b"  # pyright: ignore[reportDeprecated]
        with pytest.warns(DeprecationWarning, match="its name is `get_output` now"):
            assert await result.get_data() == "a b"  # pyright: ignore[reportDeprecated]
    async with agent.run_stream("hi") as result:
        with pytest.warns(DeprecationWarning, match="its name is `stream_responses` now"):
            assert [last async for _, last in result.stream_structured()][-1]  # pyright: ignore[reportDeprecated]
        with pytest.warns(DeprecationWarning, match="its name is `validate_response_output` now"):
            assert await result.validate_structured_result(result.response) == "a b"  # pyright: ignore[reportDeprecated]
        with pytest.warns(DeprecationWarning, match="its name is `validate_response_output` now"):
            assert await result.validate_structured_output(result.response) == "a b"  # pyright: ignore[reportDeprecated]


def test_older_classes_are_found_where_they_were() -> None:
    with pytest.warns(DeprecationWarning, match="`RunResult` is deprecated: its name is `AgentRunResult` now"):
        assert playhead.result.RunResult is AgentRunResult
    with pytest.warns(DeprecationWarning, match="`Usage` is deprecated: its name is `RunUsage` now"):
        assert playhead.result.Usage is RunUsage
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = playhead.result.Nothing


@pytest.mark.parametrize(
    ("bare", "provider"),
    [("gemini-1.5-flash", "google-gla"), ("gpt-4o", "openai"), ("claude-3-5-haiku-latest", "anthropic")],
)
def test_bare_names_of_models_are_completed(bare: str, provider: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"write '{provider}:{bare}'"):
        assert infer_model(bare).model_name == bare


def test_other_unknown_arguments_stay_errors() -> None:
    with pytest.raises(UserError, match="Unknown keyword arguments: `bar`"), pytest.warns(DeprecationWarning):
        Agent("test", result_type=int, bar=3)


def test_a_toolsets_tool_decorator_takes_a_plain_function_with_a_warning() -> None:
    toolset: FunctionToolset[None] = FunctionToolset()
    with pytest.warns(DeprecationWarning, match=r"belongs in `tool_plain\(\)`") as caught:

        @toolset.tool  # pyright: ignore[reportArgumentType]
        def double(number: int) -> int:
            return 2 * number

    assert caught[0].filename == __file__
    assert not toolset.tools["double"].takes_ctx
