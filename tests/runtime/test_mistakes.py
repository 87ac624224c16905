"""What everybody gets wrong once, and what it is answered with: where it was done, and what to do instead."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from playhead import Agent, ModelResponse, ScriptedModel, TextPart, UserError
from playhead.exceptions import ScriptError
from playhead.models import Model
from playhead.models.function import FunctionModel
from playhead.models.test import TestModel
from playhead.server import Provider, RunningProvider


class Forecast(BaseModel):
    city: str = "Rome"


agent: Any = Agent("test", name="agent")


def not_a_model(*responses: str) -> str:
    return "the fixture, not what it makes"


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda: Agent("opnai:gpt-5"), "Unknown model: opnai:gpt-5. Did you mean 'openai'? Known providers are: "),
        (lambda: Agent(Forecast), "A model is a `Model` or a name such as 'openai:gpt-5', not <class "),
        (lambda: agent.run_sync("Hi", model=not_a_model), "Is a call missing, as in `fake_model(...)`?"),
        (lambda: Agent(output_type=Forecast()), "`output_type` takes types, not values: Forecast(city='Rome')."),  # pyright: ignore
        (lambda: Agent(output_type=[str, b"int"]), "`output_type` takes types, not values: b'int'."),  # pyright: ignore
        (lambda: Agent(output_type={"type": "object"}), "Make a type of a JSON schema by `StructuredDict(schema)`."),  # pyright: ignore
        (
            lambda: agent.run_sync("Hi", message_history=[{"role": "user"}]),
            "not a list of dict. Read stored messages by",
        ),
        (lambda: agent.run_sync("Hi", message_history=b"[]"), "not bytes. Read stored messages by"),
        (
            lambda: Agent(TestModel(call_tools=["find"])).run_sync("Hi"),
            "what the agent has not: find. Its tools: none.",
        ),
        (lambda: Provider("It is sunny."), "A script is played by `ScriptedModel(...)`."),  # pyright: ignore
        (lambda: RunningProvider(Provider(ScriptedModel())).openai_url, "Use it inside of `with RunningProvider(...)`"),
    ],
)
def test_a_mistake_of_use_is_answered_with_what_to_write(mistake: Callable[[], Any], said: str):
    with pytest.raises(UserError) as caught:
        mistake()
    assert said in str(caught.value)


def test_a_file_is_no_response():
    with pytest.raises(ScriptError) as caught:
        ScriptedModel(Path("weather.yaml"))  # pyright: ignore
    assert "`load_script(path)`" in str(caught.value)


def test_a_function_model_that_returns_text_is_told_what_to_return():
    with pytest.raises(AssertionError, match="returns a `ModelResponse`, not 'sunny'"):
        Agent(FunctionModel(lambda messages, info: "sunny")).run_sync("Hi")  # pyright: ignore


@pytest.mark.parametrize("blocking", [lambda: agent.run_sync("Hi"), lambda: agent.run_stream_sync("Hi")])
async def test_blocking_calls_inside_of_a_loop_say_what_to_await(blocking: Callable[[], Any]):
    with pytest.raises(RuntimeError) as caught:
        blocking()
    assert str(caught.value) == "This event loop is already running"
    [note] = caught.value.__notes__  # beside the message, which is the loop's own
    assert "`await agent.run(...)` or `async with agent.run_stream(...)`" in note


def test_an_error_of_a_run_that_was_blocking_is_its_own():
    async def fail(messages: Any, info: Any) -> Any:
        raise RuntimeError("This event loop is already running")

    with pytest.raises(RuntimeError, match=r"already running$"):
        Agent(FunctionModel(fail)).run_sync("Hi")


@pytest.mark.parametrize(("call", "name"), [("run_stream", "result"), ("iter", "run")])
def test_a_forgotten_async_with_is_named(call: str, name: str):
    opened = getattr(agent, call)("Hi")
    with pytest.raises(AttributeError) as caught:
        opened.usage
    assert f"`async with agent.{call}(...) as {name}:`, then `{name}.usage`." in str(caught.value)
    with pytest.raises(TypeError, match="UseAsyncWith"):
        with opened:
            pass
    with pytest.raises(TypeError, match="UseAsyncWith"):
        asyncio.run(_await(opened))


class WholeOnly(Model):
    model_name = "whole"  # pyright: ignore
    system = "none"  # pyright: ignore

    async def request(self, *args: Any) -> ModelResponse:
        return ModelResponse(parts=[TextPart("It rains.")])


def test_a_model_that_does_not_stream_says_so_only_when_it_is_streamed():
    assert Agent(WholeOnly()).run_sync("Hi").output == "It rains."
    with pytest.raises(NotImplementedError, match="Streamed requests not supported by this WholeOnly"):
        Agent(WholeOnly()).run_stream_sync("Hi")


async def _await(something: Any) -> Any:
    return await something
