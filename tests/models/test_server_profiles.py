"""What a profile, or a provider's class, changes in the requests to servers that speak OpenAI's formats."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from playhead import Agent, InlineDefsJsonSchemaTransformer, ModelProfile, NativeOutput, Tool, UserError
from playhead.builtin_tools import CodeExecutionTool, WebSearchTool
from playhead.models.cerebras import CerebrasModel
from playhead.models.groq import GroqModel
from playhead.models.mistral import MistralModel
from playhead.models.openai import OpenAIChatModel, OpenAIProvider, OpenAIResponsesModel
from playhead.models.openrouter import OpenRouterModel, OpenRouterProvider
from playhead.profiles.openai import OpenAIModelProfile
from playhead.providers.ollama import OllamaProvider


class City(BaseModel):
    name: str


def visit(city: City, again: City) -> str:
    return ""


class Server:
    """Keeps requests, and answers that the city is Rome."""

    def __init__(self) -> None:
        self.request = httpx.Request("POST", "http://none")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        text = '{"name": "Rome"}'
        if request.url.path.endswith("/responses"):
            said = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
            said["content"] = [{"type": "output_text", "text": text, "annotations": []}]  # type: ignore[assignment]
            return httpx.Response(200, json={"id": "r", "object": "response", "status": "completed", "output": [said]})
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return httpx.Response(200, json={"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]})

    @property
    def body(self) -> Any:
        return json.loads(self.request.content)


async def asked(model: type[OpenAIChatModel] = OpenAIChatModel, profile: Any = None, **run: Any) -> Any:
    """The body of a request with three tools and a native output."""
    server = Server()
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
        provider = OpenAIProvider("http://x/v1", "k", None, client)
        tools = [visit, Tool(visit, name="tight", strict=True)]
        agent = Agent(
            model("m", provider=provider, profile=profile),
            tools=tools,
            output_type=NativeOutput(City),
            system_prompt="Be brief.",
        )
        assert (await agent.run("hi", **run)).output == City(name="Rome")
    return server.body


def functions(body: Any) -> list[Any]:
    return [tool.get("function", tool) for tool in body["tools"]]


@pytest.mark.parametrize("model", [OpenAIChatModel, OpenAIResponsesModel])
async def test_nothing_is_strict_for_a_server_that_does_not_know_it(model: type[OpenAIChatModel]) -> None:
    body = await asked(model, ModelProfile(supports_json_schema_output=True))
    assert [tool.get("strict") for tool in functions(body)] == [True, True]
    profile = OpenAIModelProfile(supports_json_schema_output=True, openai_supports_strict_tool_definition=False)
    body = await asked(model, profile)
    assert [bool(tool.get("strict")) for tool in functions(body)] == [False, False]
    assert not (body.get("response_format") or body["text"]["format"]).get("strict")


async def test_definitions_are_written_out_for_a_server_that_knows_none() -> None:
    profile = OpenAIModelProfile(
        supports_json_schema_output=True,
        json_schema_transformer=InlineDefsJsonSchemaTransformer,
        openai_supports_strict_tool_definition=False,
    )
    assert "$ref" in json.dumps(await asked(profile=ModelProfile(supports_json_schema_output=True)))
    body = await asked(profile=profile)
    assert "$ref" not in json.dumps(body)
    assert functions(body)[0]["parameters"]["properties"]["again"]["properties"]["name"]["type"] == "string"


async def test_settings_that_a_server_does_not_know_are_left_out() -> None:
    settings: Any = {"temperature": 0.5, "top_p": 0.5, "seed": 1, "max_tokens": 9}
    known = ModelProfile(supports_json_schema_output=True)
    assert {"temperature", "top_p", "seed"} <= (await asked(profile=known, model_settings=settings)).keys()
    profile = OpenAIModelProfile(
        supports_json_schema_output=True,
        openai_supports_sampling_settings=False,
        openai_unsupported_model_settings=["seed"],
        openai_system_prompt_role="user",
    )
    body = await asked(profile=profile, model_settings=settings)
    assert not {"temperature", "top_p", "seed"} & body.keys()
    assert body["max_completion_tokens"] == 9
    assert [message["role"] for message in body["messages"]] == ["user", "user"]


@pytest.mark.parametrize(
    ("model", "tool"),
    [(OpenAIChatModel, CodeExecutionTool()), (GroqModel, CodeExecutionTool()), (MistralModel, WebSearchTool())],
)
async def test_a_native_tool_without_a_place_in_chat_completions_is_refused(model: type[Any], tool: Any) -> None:
    known = ModelProfile(supports_json_schema_output=True)
    with pytest.raises(UserError, match=f"{model.__name__} has no place for a `{type(tool).__name__}`"):
        await asked(model, known, builtin_tools=[tool])


async def test_openrouter_is_told_which_application_asks() -> None:
    server = Server()
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
        provider = OpenRouterProvider(api_key="k", app_url="https://app.example", app_title="App", http_client=client)
        await Agent(OpenRouterModel("m", provider=provider)).run("hi")
    assert (server.request.headers["http-referer"], server.request.headers["x-title"]) == ("https://app.example", "App")
    assert "x-title" not in OpenRouterProvider(api_key="k").headers


def test_a_server_of_ones_own_may_be_named_first() -> None:
    assert OllamaProvider("http://localhost:11434/v1").base_url == "http://localhost:11434/v1"
    assert OpenAIProvider("http://localhost:1/v1", "key").key() == "key"


@pytest.mark.parametrize(
    ("model", "settings", "fields"),
    [
        (
            OpenRouterModel,
            {"openrouter_models": ["a"], "openrouter_reasoning": {"effort": "high"}, "extra_body": {"models": ["b"]}},
            {"models": ["b"], "reasoning": {"effort": "high"}},
        ),
        (GroqModel, {"groq_reasoning_format": "parsed"}, {"reasoning_format": "parsed"}),
        (CerebrasModel, {"cerebras_disable_reasoning": True}, {"disable_reasoning": True}),
    ],
)
async def test_settings_of_one_provider_are_fields_of_the_body(
    model: type[OpenAIChatModel], settings: Any, fields: dict[str, Any]
) -> None:
    body = await asked(model, ModelProfile(supports_json_schema_output=True), model_settings=settings)
    assert {name: body[name] for name in fields} == fields
    assert not [name for name in body if name.split("_")[0] in ("openrouter", "groq", "cerebras", "extra")]
