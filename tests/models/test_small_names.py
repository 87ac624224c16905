"""Small public names around models: clients, kinds of native tools, instructions for an output, the final event, costs."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from playhead import RequestUsage, ToolDefinition, UserError
from playhead._version import __version__
from playhead.builtin_tools import SUPPORTED_BUILTIN_TOOLS, WebSearchTool
from playhead.direct import model_request_stream
from playhead.messages import (
    FinalResultEvent,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    OutputObjectDefinition,
    TextPart,
)
from playhead.models import HttpModel, Model, cached_async_http_client, create_async_http_client
from playhead.models.anthropic import AnthropicModel
from playhead.models.function import FunctionModel
from playhead.models.google import GoogleModel
from playhead.models.mistral import MistralModel
from playhead.models.openai import OpenAIChatModel, OpenAIResponsesModel
from playhead.models.test import TestModel
from playhead.models.wrapper import WrapperModel


# --------------------------------------------------------------------------- clients
async def test_a_client_has_the_time_limits_that_models_need() -> None:
    async with create_async_http_client() as client:
        assert client.timeout == httpx.Timeout(600, connect=5)
        assert client.headers["user-agent"] == f"playhead/{__version__}"
    async with create_async_http_client(timeout=3, connect=2) as client:
        assert client.timeout == httpx.Timeout(3, connect=2)


async def test_the_cached_client_is_a_new_one_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="its name is `create_async_http_client` now"):
        first = cached_async_http_client()  # pyright: ignore[reportDeprecated]
    with pytest.warns(DeprecationWarning):
        second = cached_async_http_client(provider="openai", timeout=7)  # pyright: ignore[reportDeprecated]
    async with first, second:
        assert first is not second
        assert second.timeout.read == 7


# --------------------------------------------------------------------------- what a model says of itself
@pytest.mark.parametrize(
    ("model", "names"),
    [
        (OpenAIChatModel, "WebSearchTool"),
        (OpenAIResponsesModel, "CodeExecutionTool FileSearchTool ImageGenerationTool MCPServerTool WebSearchTool"),
        (AnthropicModel, "CodeExecutionTool MCPServerTool MemoryTool WebFetchTool WebSearchTool"),
        (GoogleModel, "CodeExecutionTool FileSearchTool ImageGenerationTool WebFetchTool WebSearchTool"),
        (MistralModel, ""),
        (Model, ""),
    ],
)
def test_models_name_the_native_tools_they_take(model: type[Model], names: str) -> None:
    assert sorted(tool.__name__ for tool in model.supported_builtin_tools()) == names.split()


def test_models_for_tests_take_every_native_tool() -> None:
    assert TestModel.supported_builtin_tools() == FunctionModel.supported_builtin_tools() == SUPPORTED_BUILTIN_TOOLS
    assert WebSearchTool in SUPPORTED_BUILTIN_TOOLS


def test_a_model_over_http_has_a_provider_and_others_have_none() -> None:
    model = HttpModel("openai-chat", "m", base_url="http://127.0.0.1:1/v1")
    assert model.provider.base_url == "http://127.0.0.1:1/v1"
    assert WrapperModel(model).provider is model.provider
    assert TestModel().provider is None


# --------------------------------------------------------------------------- parameters
CITY = OutputObjectDefinition({"type": "object", "properties": {}}, name="City", description="a place")
SCHEMA = '{"type": "object", "properties": {}, "title": "City", "description": "a place"}'


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("As {schema}!", f"As {SCHEMA}!"),
        ("Say it", f"Say it\n\n{SCHEMA}"),
        ('As {schema}, such as {{"a": 1}}', f'As {SCHEMA}, such as {{"a": 1}}'),
        ('As {schema}, such as {"a": 1}', f'As {SCHEMA}, such as {{"a": 1}}'),
        (None, None),
        (False, None),
    ],
)
def test_the_instructions_for_an_output_have_its_schema(template: Any, told: str | None) -> None:
    parameters = ModelRequestParameters(prompted_output_template=template, output_object=CITY)
    assert parameters.prompted_output_instructions == told
    assert replace(parameters, output_object=None).prompted_output_instructions is None


@pytest.mark.parametrize(("mode", "text"), [("tool", False), ("native", True), ("prompted", True)])
def test_an_open_output_mode_is_decided_and_a_decided_one_stays(mode: Any, text: bool) -> None:
    decided = ModelRequestParameters(output_mode="auto", allow_text_output=not text).with_default_output_mode(mode)
    assert (decided.output_mode, decided.allow_text_output) == (mode, text)
    given = ModelRequestParameters(output_mode="text")
    assert given.with_default_output_mode(mode) == given


# --------------------------------------------------------------------------- the final event
async def test_a_stream_tells_the_event_that_began_the_output() -> None:
    async with model_request_stream(TestModel(), [ModelRequest.user_text_prompt("hi")]) as stream:
        assert stream.final_result_event is None
        seen = [event async for event in stream if isinstance(event, FinalResultEvent)]
        assert [stream.final_result_event] == seen == [FinalResultEvent(tool_name=None, tool_call_id=None)]
        assert stream.model_request_parameters.output_mode == "text"


async def test_the_event_of_an_output_tool_names_the_tool() -> None:
    tool = ToolDefinition(name="out", kind="output")
    parameters = ModelRequestParameters(output_tools=[tool], allow_text_output=False, output_mode="tool")
    request = [ModelRequest.user_text_prompt("hi")]
    async with model_request_stream(TestModel(), request, model_request_parameters=parameters) as stream:
        _ = [event async for event in stream]
        assert stream.final_result_event is not None
        assert stream.final_result_event.tool_name == "out"


# --------------------------------------------------------------------------- costs
def reply(**about: Any) -> ModelResponse:
    given: dict[str, Any] = {"model_name": "gpt-4o", "provider_name": "openai", **about}
    return ModelResponse([TextPart("x")], usage=RequestUsage(input_tokens=1000, output_tokens=500), **given)


def test_a_reply_knows_what_it_cost() -> None:
    pytest.importorskip("genai_prices")
    cost = reply().cost()
    assert (cost.input_price, cost.output_price) == (Decimal("0.0025"), Decimal("0.005"))
    assert cost.total_price == cost.input_price + cost.output_price
    assert reply(provider_url="https://api.openai.com/v1", provider_name=None).cost().total_price == cost.total_price
    assert reply(provider_url="http://localhost/v1").cost().total_price == cost.total_price
    with pytest.warns(DeprecationWarning, match="its name is `cost` now"):
        assert reply().price().total_price == cost.total_price  # pyright: ignore[reportDeprecated]


@pytest.mark.parametrize("about", [{"model_name": "nonsense"}, {"provider_name": "function"}])
def test_the_cost_of_an_unknown_model_is_unknown(about: dict[str, Any]) -> None:
    pytest.importorskip("genai_prices")
    with pytest.raises(LookupError):
        reply(**about).cost()


def test_a_reply_without_a_models_name_has_no_cost() -> None:
    pytest.importorskip("genai_prices")
    with pytest.raises(UserError, match="which model made it"):
        reply(model_name=None).cost()


def test_without_the_prices_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(UserError, match=r"pip install 'playhead\[prices\]'"):
        reply().cost()


# --------------------------------------------------------------------------- older paths
def test_the_older_names_of_googles_are_understood() -> None:
    from playhead.models.gemini import GeminiModel
    from playhead.providers.google_gla import GoogleGLAProvider

    with pytest.warns(DeprecationWarning, match="its name is `GoogleProvider` now"):
        provider = GoogleGLAProvider("key")
    with pytest.warns(DeprecationWarning, match="GoogleModel"):
        model = GeminiModel("gemini-2.5-flash", provider=provider)
    assert model.provider.key() == "key"
    assert model.system == "google-gla"
