"""Playhead's models under pydantic-ai's own agents: the matrix runs this on 1.85 and on 2.x."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import pytest
from pydantic import BaseModel

from playhead import capture_run
from playhead.exceptions import ScriptExhausted
from playhead.models import SchemaModel, ScriptedModel
from playhead.models.function import FunctionModel
from playhead.script import (
    builtin_call,
    builtin_return,
    call,
    disconnect,
    error,
    finish,
    interleave,
    output,
    refusal,
    response,
    text,
    thinking,
    usage,
)
from playhead.server import Provider, RunningProvider
from tests.server.stories import EXPECTED, stories

pydantic_ai: Any = pytest.importorskip("pydantic_ai")
as_model: Any = importlib.import_module("playhead.integrations.pydantic_ai").as_model
Agent = pydantic_ai.Agent
MODERN = not pydantic_ai.__version__.startswith("1.")
TEXT = [thinking("Hm", ".", signature="sig"), text("It is", " fine"), usage(input_tokens=7, output_tokens=3)]
CALL = [call("get_weather", {"city": "Zürich"}, chunks=3)]


class City(BaseModel):
    name: str
    celsius: int


class Box(BaseModel):
    size: int


def agent(kind: Any = str) -> Any:
    made = Agent(output_type=kind)

    @made.tool_plain
    def get_weather(city: str) -> str:
        return f"rain in {city}"

    return made


def counted(result: Any) -> Any:
    return result.usage if MODERN else result.usage()


async def test_a_run_sees_text_thinking_signatures_and_usage() -> None:
    model = ScriptedModel(CALL, TEXT)
    result = await agent().run("Hi", model=as_model(model))
    model.assert_used()
    assert result.output == "It is fine"
    assert (counted(result).input_tokens, counted(result).output_tokens) == (7, 3)
    thought, said = result.response.parts
    assert (thought.content, thought.signature, said.content) == ("Hm.", "sig", "It is fine")
    assert (result.response.finish_reason, result.response.model_name) == ("stop", "scripted")


async def test_a_run_is_asked_again_until_everything_fits() -> None:
    model = ScriptedModel(
        [call("get_weather", {})],  # two mistakes with one input, which 2.x writes once
        [text("no output")],
        [text("none again")],
        [output({})],
        [output({"name": "Rome", "celsius": 30})],
    )
    asked = Agent(as_model(model), output_type=City, retries=5)

    @asked.tool_plain
    def get_weather(city: str, day: str) -> str:
        return f"rain in {city}"

    run = await capture_run(asked, "Hi")
    assert run.output == City(name="Rome", celsius=30)
    assert [(event.tool_name, event.kind) for event in run.tool_events] == [
        ("get_weather", "call"),
        ("get_weather", "retry"),
        (None, "retry"),
        (None, "retry"),
        ("final_result", "retry"),
    ]
    model.assert_used()


async def test_a_stream_has_the_script_s_cuts() -> None:
    async with agent().run_stream("Hi", model=as_model(ScriptedModel(CALL, TEXT))) as streamed:
        assert [piece async for piece in streamed.stream_text(delta=True, debounce_by=None)] == ["It is", " fine"]
    assert (streamed.response.finish_reason, counted(streamed).output_tokens) == ("stop", 3)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (City, {"name": "Zürich", "celsius": 3}, City(name="Zürich", celsius=3)),
        (pydantic_ai.NativeOutput(City), {"name": "Zürich", "celsius": 3}, City(name="Zürich", celsius=3)),
        (pydantic_ai.PromptedOutput(City), {"name": "Zürich", "celsius": 3}, City(name="Zürich", celsius=3)),
        (pydantic_ai.ToolOutput(City, name="city"), {"name": "Zürich", "celsius": 3}, City(name="Zürich", celsius=3)),
        (City | Box, {"size": 3}, Box(size=3)),
        ([City, Box, str], {"size": 3}, Box(size=3)),
        (pydantic_ai.NativeOutput([City, Box]), {"size": 3}, Box(size=3)),
        (int, 42, 42),
        (pydantic_ai.NativeOutput(int), 42, 42),
        (list[int], [1, 2, 3], [1, 2, 3]),
        (bool | int, True, True),
        (int | list[str], ["a"], ["a"]),
    ],
    ids=str,
)
async def test_a_structured_answer_is_given_in_the_form_the_agent_asks_for(
    kind: Any, value: Any, expected: Any
) -> None:
    result = await agent(kind).run("Hi", model=as_model(ScriptedModel([output(value, chunks=4)])))
    assert result.output == expected
    async with agent(kind).run_stream("Hi", model=as_model(ScriptedModel([output(value, chunks=4)]))) as streamed:
        assert await streamed.get_output() == expected


async def test_interleaved_calls_and_the_provider_s_own_tools_arrive_as_events() -> None:
    model = ScriptedModel(
        [
            builtin_call("web_search", {"q": "x"}, provider_name="anthropic"),
            builtin_return("web_search", [{"u": 1}], provider_name="anthropic"),
            interleave(call("get_weather", {"city": "a"}, chunks=2), call("get_weather", {"city": "b"}, chunks=2)),
        ],
        "ok",
    )
    indexes: list[int] = []
    async with agent().iter("Hi", model=as_model(model)) as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    async for event in stream:
                        if event.event_kind == "part_delta":
                            indexes.append(event.index)
    assert indexes == [2, 3, 2, 3]
    native, returned, *calls = run.result.all_messages()[1].parts
    assert (native.tool_name, native.args, returned.content) == ("web_search", {"q": "x"}, [{"u": 1}])
    assert returned.tool_call_id == native.tool_call_id
    assert [part.args for part in calls] == ['{"city": "a"}', '{"city": "b"}']


async def test_errors_are_pydantic_ai_s_own() -> None:
    exceptions = pydantic_ai.exceptions
    for run in (_whole, _streamed):
        with pytest.raises(exceptions.ModelHTTPError) as caught:
            await run(error(429, "slow", type="rate_limit"))
        assert (caught.value.status_code, caught.value.body) == (429, {"message": "slow", "type": "rate_limit"})
        with pytest.raises(exceptions.ModelHTTPError):
            await run([text("a", "b"), error(500, "boom")])
        with pytest.raises(exceptions.ModelAPIError):
            await run([text("a"), disconnect()])
        with pytest.raises(exceptions.ContentFilterError):
            await run([refusal("I can't")])
    result = await agent().run("Hi", model=as_model(ScriptedModel([text("It is"), finish("length")])))
    assert result.response.finish_reason == "length"


async def test_a_script_that_runs_out_is_our_own_error() -> None:
    with pytest.raises(ScriptExhausted, match="the result of get_weather, 'rain in Zürich'"):
        await agent().run("Hi", model=as_model(ScriptedModel(CALL)))


async def test_leaving_a_stream_early_closes_the_model_s() -> None:
    closed: list[bool] = []

    async def endless(messages: Any, info: Any) -> Any:
        try:
            while True:
                yield "x "
                await asyncio.sleep(0)
        finally:
            closed.append(True)

    model = as_model(FunctionModel(stream_function=endless))
    request = pydantic_ai.messages.ModelRequest(parts=[pydantic_ai.messages.UserPromptPart("Hi")])
    async with model.request_stream([request], None, pydantic_ai.models.ModelRequestParameters()) as stream:
        async for _ in stream:
            break
        assert not closed
    assert closed


async def test_conditions_see_instructions_and_override_takes_the_model() -> None:
    made = Agent("test", instructions="Be brief.")
    model = ScriptedModel(response("by system", when={"system": "brief"}))
    with made.override(model=as_model(model)):
        assert (await made.run("x")).output == "by system"


async def test_deferred_calls_wait_for_somebody() -> None:
    made = Agent(output_type=[str, pydantic_ai.DeferredToolRequests])

    @made.tool_plain(requires_approval=True)
    def delete(path: str) -> str:
        raise AssertionError

    result = await made.run("x", model=as_model(ScriptedModel([call("delete", {"path": "a"})])))
    assert [part.tool_name for part in result.output.approvals] == ["delete"]


@pytest.mark.parametrize("kind", [str, City, City | Box, pydantic_ai.NativeOutput(City), list[int]], ids=str)
async def test_any_agent_runs_without_a_script(kind: Any) -> None:
    result = await agent(kind).run("Hi", model=as_model(SchemaModel(seed=3)))
    assert "get_weather" in str(result.all_messages())
    async with agent(kind).run_stream("Hi", model=as_model(SchemaModel(seed=3))) as streamed:
        assert await streamed.get_output() == result.output


# --------------------------------------------------------------------------- its own provider models, over sockets
def provider_model(name: str, provider: RunningProvider) -> Any:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.anthropic import AnthropicProvider
    from pydantic_ai.providers.google import GoogleProvider
    from pydantic_ai.providers.openai import OpenAIProvider

    match name:
        case "chat":
            return OpenAIChatModel("gpt-4.1", provider=OpenAIProvider(base_url=provider.openai_url, api_key="k"))
        case "responses":
            return OpenAIResponsesModel("gpt-4.1", provider=OpenAIProvider(base_url=provider.openai_url, api_key="k"))
        case "anthropic":
            anthropic = AnthropicProvider(base_url=provider.anthropic_url, api_key="k")
            return AnthropicModel("claude-sonnet-4-5", provider=anthropic)
        case _:
            google = GoogleProvider(base_url=provider.google_url, api_key="k")
            return GoogleModel("gemini-2.5-flash", provider=google)


async def _each_story(model: Any, *, streamed: bool) -> None:
    messages, models = pydantic_ai.messages, pydantic_ai.models
    tool = pydantic_ai.tools.ToolDefinition(
        name="get_weather", parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}}
    )
    parameters = models.ModelRequestParameters(function_tools=[tool])
    asked = [messages.ModelRequest(parts=[messages.UserPromptPart("Weather?")])]
    for number, (expected, finish_reason, _) in enumerate(EXPECTED):
        if streamed:
            async with model.request_stream(asked, None, parameters) as stream:
                async for _ in stream:
                    pass
            reply = stream.get()
        else:
            reply = await model.request(asked, None, parameters)
        parts = {
            kind: [part for part in reply.parts if part.part_kind == kind] for kind in ("text", "thinking", "tool-call")
        }
        if finish_reason != "refusal":  # where its models put the words of a refusal differs from release to release
            assert "".join(part.content for part in parts["text"]) == expected.text, number
            assert "".join(part.content for part in parts["thinking"]) == expected.thinking, number
            assert [(part.tool_name, part.args_as_dict()) for part in parts["tool-call"]] == expected.calls, number
        if MODERN or "Responses" not in type(model).__name__:  # 1.x asks a list of prices, which forgot this format
            assert (reply.usage.input_tokens, reply.usage.output_tokens) == expected.usage, number


@pytest.mark.parametrize("name", ["chat", "responses", "anthropic", "google"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
async def test_its_provider_models_see_each_story_as_it_was_told(name: str, streamed: bool) -> None:
    pytest.importorskip("openai")
    with RunningProvider(Provider(stories())) as provider:
        model = provider_model(name, provider)
        await _each_story(model, streamed=streamed)
        if name == "google":
            model.client.close()
            await model.client.aio.aclose()
            own = getattr(model._provider, "_own_http_client", None)
            if own is not None:
                await own.aclose()
        else:
            await model.client.close()
        provider.assert_served()


async def _whole(*responses: Any) -> Any:
    return await agent().run("Hi", model=as_model(ScriptedModel(*responses)))


async def _streamed(*responses: Any) -> Any:
    async with agent().run_stream("Hi", model=as_model(ScriptedModel(*responses))) as streamed:
        return await streamed.get_output()
