"""LangChain and the OpenAI Agents SDK against the fake provider. The matrix installs them; elsewhere these skip."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from playhead.models import ScriptedModel
from playhead.script import call, error, text, usage
from playhead.server import Provider, RunningProvider
from tests.server.stories import EXPECTED, stories

pytestmark = pytest.mark.slow


def chat_model(name: str, provider: RunningProvider) -> Any:
    match name:
        case "openai":
            module: Any = pytest.importorskip("langchain_openai")
            return module.ChatOpenAI(model="gpt-4.1", base_url=provider.openai_url, api_key="k", max_retries=0, stream_usage=True)  # fmt: skip
        case "responses":
            module = pytest.importorskip("langchain_openai")
            return module.ChatOpenAI(model="gpt-4.1", base_url=provider.openai_url, api_key="k", max_retries=0, use_responses_api=True)  # fmt: skip
        case "anthropic":
            module = pytest.importorskip("langchain_anthropic")
            return module.ChatAnthropic(model="claude-sonnet-4-5", base_url=provider.anthropic_url, api_key="k", max_retries=0)  # fmt: skip
        case _:
            module = pytest.importorskip("langchain_google_genai")
            return module.ChatGoogleGenerativeAI(model="gemini-2.5-flash", base_url=provider.google_url, google_api_key="k", max_retries=1)  # fmt: skip


def said(message: Any) -> str:
    if isinstance(message.content, str):
        return message.content
    texts = [{"type": "text", "text": block} if isinstance(block, str) else block for block in message.content]
    return "".join(block.get("text", "") for block in texts if block.get("type") == "text")


@pytest.mark.parametrize("name", ["openai", "responses", "anthropic", "google"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_langchain_sees_each_story_as_it_was_told(name: str, streamed: bool) -> None:
    pytest.importorskip("langchain_core")
    with RunningProvider(Provider(stories())) as provider:
        model = chat_model(name, provider)
        for number, (expected, finish, _) in enumerate(EXPECTED):
            if streamed:
                chunks = list(model.stream("Weather?"))
                message = chunks[0]
                for chunk in chunks[1:]:
                    message = message + chunk
            else:
                try:
                    message = model.invoke("Weather?")
                except Exception as failure:
                    assert finish == "refusal", failure  # some of them raise what the others return
                    continue
            if finish == "refusal":
                continue
            assert said(message) == expected.text, number
            # It numbers the items of the Responses API itself, and loses count where two calls come at once.
            if not (name == "responses" and streamed and len(expected.calls) > 1):
                assert [(one["name"], one["args"]) for one in message.tool_calls] == expected.calls, number
            counted = message.usage_metadata
            assert (counted["input_tokens"], counted["output_tokens"]) == expected.usage, number


def test_langchain_raises_the_sdk_s_own_exception() -> None:
    openai: Any = importlib.import_module("openai")
    with RunningProvider(Provider(ScriptedModel(error(429, "Slow down")))) as provider:
        model = chat_model("openai", provider)
        with pytest.raises(openai.RateLimitError):
            model.invoke("Weather?")


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_the_agents_sdk_runs_its_tools_and_answers(api: str, streamed: bool) -> None:
    agents: Any = pytest.importorskip("agents")
    openai: Any = importlib.import_module("openai")
    agents.set_tracing_disabled(True)

    @agents.function_tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"rain in {city}"

    script = ScriptedModel(
        [call("get_weather", {"city": "Zürich"}, chunks=3), usage(input_tokens=5, output_tokens=3)],
        [text("Take an", " umbrella."), usage(input_tokens=9, output_tokens=4)],
    )
    with RunningProvider(Provider(script)) as provider:
        client = openai.AsyncOpenAI(base_url=provider.openai_url, api_key="k", max_retries=0)
        kind = agents.OpenAIChatCompletionsModel if api == "chat" else agents.OpenAIResponsesModel
        settings = agents.ModelSettings(include_usage=True)
        agent = agents.Agent(
            name="weather",
            model_settings=settings,
            model=kind(model="gpt-4.1", openai_client=client),
            tools=[get_weather],
        )
        deltas: list[str] = []
        if streamed:
            result = agents.Runner.run_streamed(agent, "What to wear?")
            async for event in result.stream_events():
                if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                    deltas.append(event.data.delta)
        else:
            result = await agents.Runner.run(agent, "What to wear?")
        await client.close()
        provider.assert_served()
        provider.assert_asked(tool="get_weather", result="rain in Zürich", times=1)
    assert result.final_output == "Take an umbrella."
    assert deltas == (["Take an", " umbrella."] if streamed else [])
    counted = result.context_wrapper.usage
    assert (counted.input_tokens, counted.output_tokens) == (14, 7)
