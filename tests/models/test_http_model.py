"""`HttpModel`: what it sends, what it makes of answers, and that it leaves nothing open."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

import playhead
import playhead.models
from playhead.exceptions import DecodeError, ModelAPIError, ModelHTTPError, UserError
from playhead.messages import (
    BinaryContent,
    DocumentUrl,
    ImageUrl,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    OutputObjectDefinition,
    TextPart,
    ToolDefinition,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.models import HttpModel, Provider, infer_model, override_allow_model_requests
from playhead.models.anthropic import AnthropicModel, AnthropicProvider
from playhead.models.google import GoogleModel, GoogleProvider
from playhead.models.openai import AzureProvider, OpenAIChatModel, OpenAIProvider
from playhead.stream import unfold, words
from playhead.usage import RequestUsage
from playhead.wire import DIALECTS

NAMES = sorted(DIALECTS)
REPLY = ModelResponse(
    [TextPart("It is sunny.")],
    usage=RequestUsage(input_tokens=5, output_tokens=3),
    model_name="the-model",
    provider_response_id="reply_1",
    finish_reason="stop",
)
HELLO: Any = [ModelRequest.user_text_prompt("Hello")]
NOTHING = ModelRequestParameters()


def answer(name: str, *, streamed: bool) -> httpx.Response:
    """`REPLY` in a dialect."""
    encoder = DIALECTS[name].encoder(streamed=streamed)
    body = b"".join([encoder.feed(event) for event in unfold(REPLY, words)]) + encoder.close()
    return httpx.Response(200, headers={"content-type": encoder.content_type}, content=body)


def model(
    name: str, handler: Callable[[httpx.Request], Any] | None = None, **options: Any
) -> tuple[HttpModel, list[httpx.Request]]:
    """A model whose provider is `handler`, and the requests it gets."""
    seen: list[httpx.Request] = []

    async def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if handler is not None:
            found = handler(request)
            return await found if asyncio.iscoroutine(found) else found
        streamed = b'"stream":true' in request.content or "streamGenerateContent" in str(request.url)
        return answer(name, streamed=streamed)

    client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return HttpModel(name, "asked-model", api_key="secret", http_client=client, **options), seen


async def stream(model: HttpModel, messages: Any = HELLO, **settings: Any) -> tuple[list[Any], ModelResponse]:
    async with model.request_stream(messages, settings or None, NOTHING) as streamed:  # type: ignore[arg-type]
        return [event async for event in streamed], streamed.get()


class TestEveryDialect:
    @pytest.mark.parametrize("name", NAMES)
    async def test_a_whole_reply_comes_back(self, name: str):
        asked, _ = model(name)
        reply = await asked.request(HELLO, None, NOTHING)
        assert (reply.text, reply.model_name, reply.provider_response_id) == ("It is sunny.", "the-model", "reply_1")
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (5, 3)
        assert reply.finish_reason == "stop"
        assert reply.provider_name == asked.system
        assert reply.provider_url == asked.base_url

    @pytest.mark.parametrize("name", NAMES)
    async def test_a_stream_comes_back_piece_by_piece(self, name: str):
        asked, _ = model(name)
        events, reply = await stream(asked)
        assert reply.text == "It is sunny."
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (5, 3)
        assert sum(event.event_kind == "part_delta" for event in events) == 2
        assert reply.provider_name == asked.system

    @pytest.mark.parametrize(
        ("name", "url", "header"),
        [
            ("anthropic-messages", "https://api.anthropic.com/v1/messages?beta=true", ("x-api-key", "secret")),
            (
                "google-generate",
                "https://generativelanguage.googleapis.com/v1beta/models/asked-model:generateContent",
                ("x-goog-api-key", "secret"),
            ),
            ("openai-chat", "https://api.openai.com/v1/chat/completions", ("authorization", "Bearer secret")),
            ("openai-responses", "https://api.openai.com/v1/responses", ("authorization", "Bearer secret")),
        ],
    )
    async def test_the_provider_is_asked_at_its_place_with_its_key(self, name: str, url: str, header: tuple[str, str]):
        asked, seen = model(name, headers={"X-Mine": "1"})
        await asked.request(HELLO, {"extra_headers": {"X-Yours": "2"}, "timeout": 7.0}, NOTHING)
        [request] = seen
        assert str(request.url) == url
        assert request.headers[header[0]] == header[1]
        assert (request.headers["x-mine"], request.headers["x-yours"]) == ("1", "2")
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("playhead/")
        assert request.extensions["timeout"]["read"] == 7.0

    @pytest.mark.parametrize("name", NAMES)
    async def test_an_error_has_the_status_and_the_providers_own_words(self, name: str):
        body = DIALECTS[name].write_error(429, "slow down", type="too_fast")
        asked, _ = model(name, lambda request: httpx.Response(429, content=body, headers={"retry-after": "3"}))
        for ask in (asked.request(HELLO, None, NOTHING), stream(asked)):
            with pytest.raises(ModelHTTPError) as caught:
                await ask
            error = caught.value
            assert (error.status_code, error.model_name) == (429, "asked-model")
            assert (error.provider_message, error.code) == ("slow down", "too_fast")
            assert (error.headers or {})["retry-after"] == "3"
            assert "slow down" in str(error)

    @pytest.mark.parametrize("name", NAMES)
    async def test_an_error_page_of_a_proxy_is_shown_as_it_is(self, name: str):
        asked, _ = model(name, lambda request: httpx.Response(502, text="<html>bad gateway</html>"))
        with pytest.raises(ModelHTTPError, match="bad gateway") as caught:
            await asked.request(HELLO, None, NOTHING)
        assert caught.value.status_code == 502

    @pytest.mark.parametrize("name", NAMES)
    async def test_what_is_not_the_format_is_a_decode_error(self, name: str):
        asked, _ = model(name, lambda request: httpx.Response(200, text="<html>welcome</html>"))
        with pytest.raises(DecodeError):
            await asked.request(HELLO, None, NOTHING)
        with pytest.raises(DecodeError):
            await stream(asked)

    @pytest.mark.parametrize("name", NAMES)
    async def test_a_broken_frame_is_named_after_the_events_before_it(self, name: str):
        whole = answer(name, streamed=True).content
        cut = whole.index(b"is")
        frames = whole[:cut].count(b"data: ") - 1
        broken = whole[: whole.rindex(b"data: ", 0, cut)] + b"data: {oops\n\n"
        asked, _ = model(name, lambda request: httpx.Response(200, content=broken))
        async with asked.request_stream(HELLO, None, NOTHING) as streamed:
            with pytest.raises(DecodeError) as caught:
                async for _ in streamed:
                    pass
        assert caught.value.frame == frames

    @pytest.mark.parametrize("name", NAMES)
    async def test_no_model_is_asked_while_that_is_not_allowed(self, name: str):
        asked, seen = model(name)
        with override_allow_model_requests(False):
            assert playhead.models.ALLOW_MODEL_REQUESTS is False
            for ask in (asked.request(HELLO, None, NOTHING), stream(asked)):
                with pytest.raises(RuntimeError, match="ALLOW_MODEL_REQUESTS"):
                    await ask
        assert seen == []

    async def test_the_switch_can_be_set_by_name(self, monkeypatch: pytest.MonkeyPatch):
        asked, _ = model("openai-chat")
        monkeypatch.setattr(playhead.models, "ALLOW_MODEL_REQUESTS", False)
        with pytest.raises(RuntimeError, match="ALLOW_MODEL_REQUESTS"):
            await asked.request(HELLO, None, NOTHING)


class TestKeys:
    @pytest.mark.parametrize(
        ("name", "variable"),
        [
            ("anthropic:claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
            ("google-gla:gemini-2.5-flash", "GOOGLE_API_KEY"),
            ("openai:gpt-5", "OPENAI_API_KEY"),
            ("openai-responses:gpt-5", "OPENAI_API_KEY"),
            ("groq:llama", "GROQ_API_KEY"),
            ("huggingface:x", "HF_TOKEN"),
            ("vercel:openai/gpt-5", "VERCEL_AI_GATEWAY_API_KEY"),
        ],
    )
    async def test_a_missing_key_is_asked_for_by_its_name_when_a_request_is_sent(self, name: str, variable: str):
        asked = infer_model(name)
        with pytest.raises(UserError, match=f"Set the `{variable}`"):
            await asked.request(HELLO, None, NOTHING)

    async def test_the_key_is_read_anew_for_each_request(self, monkeypatch: pytest.MonkeyPatch):
        seen: list[str] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers["x-api-key"])
            return answer("anthropic-messages", streamed=False)

        client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        asked = AnthropicModel("m", provider=AnthropicProvider(http_client=client))
        for key in ("one", "two"):
            monkeypatch.setenv("ANTHROPIC_API_KEY", key)
            await asked.request(HELLO, None, NOTHING)
        assert seen == ["one", "two"]

    async def test_a_variable_of_ones_own_can_be_named(self, monkeypatch: pytest.MonkeyPatch):
        client = httpx.AsyncClient(
            transport=httpx.MockTransport(
                lambda request: (
                    answer("openai-chat", streamed=False)
                    if request.headers["authorization"] == "Bearer mine"
                    else httpx.Response(401)
                )
            )
        )
        asked = HttpModel("openai-chat", "m", base_url="http://x/v1", api_key_env="MY_KEY", http_client=client)
        with pytest.raises(UserError, match="MY_KEY"):
            await asked.request(HELLO, None, NOTHING)
        monkeypatch.setenv("MY_KEY", "mine")
        assert (await asked.request(HELLO, None, NOTHING)).text == "It is sunny."

    async def test_a_server_of_ones_own_is_named_by_its_url_and_needs_no_key(self):
        client = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: answer("openai-chat", streamed=False)))
        asked = HttpModel("openai-chat", "llama3", base_url="http://localhost:8080/v1/", http_client=client)
        assert (await asked.request(HELLO, None, NOTHING)).text == "It is sunny."
        assert (asked.base_url, asked.system) == ("http://localhost:8080/v1", "custom")

    def test_a_dialect_that_is_none_is_refused_with_the_list(self):
        with pytest.raises(UserError, match="anthropic-messages, google-generate"):
            HttpModel("soap", "m")


class TestProviders:
    async def sent(self, asked: HttpModel) -> httpx.Request:
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return answer(asked.dialect.name, streamed=False)

        asked._given_client = httpx.AsyncClient(transport=httpx.MockTransport(handle))  # pyright: ignore[reportPrivateUsage]
        await asked.request(HELLO, None, NOTHING)
        return seen[0]

    async def test_google_cloud_by_credentials(self):
        class Credentials:
            token = "tok"
            valid = True

        provider = GoogleProvider(project="p", location="europe-west1", credentials=Credentials())
        request = await self.sent(GoogleModel("gemini-2.5-pro", provider=provider))
        assert str(request.url) == (
            "https://europe-west1-aiplatform.googleapis.com/v1beta1/projects/p/locations/europe-west1/publishers/google/"
            "models/gemini-2.5-pro:generateContent"
        )
        assert request.headers["authorization"] == "Bearer tok"

    async def test_google_cloud_by_key(self):
        provider = GoogleProvider(vertexai=True, api_key="k")
        request = await self.sent(GoogleModel("gemini-2.5-pro", provider=provider))
        assert str(request.url) == (
            "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/gemini-2.5-pro:generateContent"
        )
        assert request.headers["x-goog-api-key"] == "k"

    async def test_google_cloud_replays_where_nobody_is_logged_in(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ):
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
        provider = GoogleProvider(project="p", location="global")
        monkeypatch.setenv("GOOGLE_API_KEY", "placeholder")
        request = await self.sent(GoogleModel("gemini-2.5-pro", provider=provider))
        assert str(request.url).startswith("https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/")
        assert request.headers["x-goog-api-key"] == "placeholder"

    async def test_google_cloud_says_what_it_needs(self):
        provider = GoogleProvider(vertexai=True)
        with pytest.raises(UserError, match="GOOGLE_CLOUD_PROJECT"):
            await self.sent(GoogleModel("gemini-2.5-pro", provider=provider))

    async def test_azure_by_deployment_and_by_its_newer_paths(self):
        provider = AzureProvider(azure_endpoint="https://me.openai.azure.com", api_version="2024-06-01", api_key="k")
        request = await self.sent(OpenAIChatModel("mine", provider=provider))
        assert str(request.url) == (
            "https://me.openai.azure.com/openai/deployments/mine/chat/completions?api-version=2024-06-01"
        )
        assert request.headers["api-key"] == "k"
        provider = AzureProvider(azure_endpoint="https://me.openai.azure.com/openai/v1/", api_key="k")
        request = await self.sent(OpenAIChatModel("mine", provider=provider))
        assert str(request.url) == "https://me.openai.azure.com/openai/v1/chat/completions"
        assert request.headers["authorization"] == "Bearer k"

    async def test_azure_without_a_version_says_so(self):
        provider = AzureProvider(azure_endpoint="https://me.openai.azure.com", api_key="k")
        with pytest.raises(UserError, match="OPENAI_API_VERSION"):
            await self.sent(OpenAIChatModel("mine", provider=provider))

    async def test_ollama_is_where_its_variable_says(self, monkeypatch: pytest.MonkeyPatch):
        asked: Any = infer_model("ollama:qwen3")
        with pytest.raises(UserError, match="OLLAMA_BASE_URL"):
            await self.sent(asked)
        monkeypatch.setenv("OLLAMA_BASE_URL", "http://localhost:11434/v1")
        assert str((await self.sent(asked)).url) == "http://localhost:11434/v1/chat/completions"

    async def test_openai_may_be_somewhere_else(self):
        request = await self.sent(OpenAIChatModel("m", provider=OpenAIProvider(base_url="http://here/v1")))
        assert str(request.url) == "http://here/v1/chat/completions"

    async def test_a_client_of_the_providers_sdk_gives_its_key_and_url(self):
        openai = pytest.importorskip("openai")
        client = openai.AsyncOpenAI(api_key="k", base_url="http://here/v1")
        request = await self.sent(OpenAIChatModel("m", provider=OpenAIProvider(openai_client=client)))
        assert (str(request.url), request.headers["authorization"]) == ("http://here/v1/chat/completions", "Bearer k")

    def test_a_provider_of_ones_own_has_to_say_its_dialect(self):
        with pytest.raises(UserError, match="openai-chat"):
            Provider("mine")
        assert Provider("mine", dialect="openai-chat", base_url="http://x/v1").base_url == "http://x/v1"


class TestPreparing:
    async def test_the_models_own_settings_lie_below_those_of_the_request(self):
        asked, seen = model("anthropic-messages", settings={"max_tokens": 9, "temperature": 0.5})
        await asked.request(HELLO, {"temperature": 0.1}, NOTHING)
        body = json.loads(seen[0].content)
        assert (body["max_tokens"], body["temperature"]) == (9, 0.1)

    def test_thinking_is_passed_on_to_models_that_can(self):
        for name, expected in (("claude-sonnet-4-5", "low"), ("gemini-2.0-flash", None)):
            asked = AnthropicModel(name) if name.startswith("claude") else GoogleModel(name)
            settings, parameters = asked.prepare_request({"thinking": "low"}, NOTHING)
            assert settings is None
            assert parameters.thinking == expected

    def test_asking_in_words_is_done_once_however_often_a_request_is_prepared(self):
        asked = AnthropicModel("claude-sonnet-4-5")
        parameters = ModelRequestParameters(
            output_mode="prompted", output_object=OutputObjectDefinition({"type": "object"})
        )
        once = asked.prepare_request(None, parameters)[1]
        assert len(once.instruction_parts or []) == 1
        assert asked.prepare_request(None, once)[1] == once

    OUTPUT = ToolDefinition(name="final_result", kind="output")

    @pytest.mark.parametrize(("name", "mode"), [("claude-sonnet-4-5", "native"), ("claude-sonnet-4-0", "prompted")])
    def test_a_model_of_anthropics_that_thinks_is_asked_for_output_without_a_tool(self, name: str, mode: str):
        asked = AnthropicModel(name, settings={"thinking": "low"})
        output: Any = {"output_tools": [self.OUTPUT], "output_object": OutputObjectDefinition({"type": "object"})}
        _, parameters = asked.prepare_request(
            None, ModelRequestParameters(output_mode="auto", allow_text_output=False, **output)
        )
        assert (parameters.output_mode, parameters.allow_text_output, parameters.output_tools) == (mode, True, [])
        with pytest.raises(UserError, match="While it thinks"):
            asked.prepare_request(None, ModelRequestParameters(output_mode="tool", allow_text_output=False, **output))

    @pytest.mark.parametrize(("name", "mode"), [("gemini-3-pro", "native"), ("gemini-2.5-pro", "prompted")])
    def test_googles_own_tools_and_output_tools_do_not_go_together(self, name: str, mode: str):
        asked = GoogleModel(name)
        more: Any = {
            "output_tools": [self.OUTPUT],
            "output_object": OutputObjectDefinition({"type": "object"}),
            "builtin_tools": [SimpleNamespace(kind="web_search")],
        }
        _, parameters = asked.prepare_request(None, ModelRequestParameters(output_mode="auto", **more))
        assert (parameters.output_mode, parameters.output_tools) == (mode, [])
        with pytest.raises(UserError, match="take no output tool beside"):
            asked.prepare_request(None, ModelRequestParameters(output_mode="tool", **more))


class TestDownloads:
    TEXT = DocumentUrl("https://93.184.216.34/notes.txt")

    async def test_a_document_is_fetched_and_sent_by_value(self):
        def handle(request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                return httpx.Response(200, content=b"notes", headers={"content-type": "text/plain"})
            return answer("anthropic-messages", streamed=False)

        asked, seen = model("anthropic-messages", handle)
        messages: Any = [
            ModelRequest([UserPromptPart(["see", self.TEXT]), ToolReturnPart("f", self.TEXT, "c1")]),
        ]
        await asked.request(messages, None, NOTHING)
        content = json.loads(seen[-1].content)["messages"][0]["content"]
        assert content[1]["source"] == {"data": "notes", "media_type": "text/plain", "type": "text"}
        assert messages[0].parts[0].content[1] is self.TEXT

    async def test_redirects_are_followed_and_checked(self):
        def handle(request: httpx.Request) -> httpx.Response:
            if request.url.host == "93.184.216.34":
                return httpx.Response(302, headers={"location": "http://127.0.0.1/secret"})
            raise AssertionError(request.url)

        asked, _ = model("anthropic-messages", handle)
        with pytest.raises(UserError, match="not on the public network"):
            await asked.request([ModelRequest([UserPromptPart([self.TEXT])])], None, NOTHING)

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("http://127.0.0.1/x.txt", "not on the public network"),
            ("http://10.0.0.1/x.txt", "not on the public network"),
            ("http://[::1]/x.txt", "not on the public network"),
            ("http://169.254.169.254/latest.txt", "not on the public network"),
            ("file:///etc/passwd.txt", "only http and https"),
        ],
    )
    async def test_a_prompt_cannot_make_this_machine_ask_its_own_network(self, url: str, message: str):
        asked, seen = model("anthropic-messages")
        with pytest.raises(UserError, match=message):
            await asked.request([ModelRequest([UserPromptPart([DocumentUrl(url)])])], None, NOTHING)
        assert seen == []

    async def test_it_can_where_that_is_meant(self):
        asked, _ = model(
            "anthropic-messages",
            lambda request: (
                httpx.Response(200, content=b"png")
                if request.method == "GET"
                else answer("anthropic-messages", streamed=False)
            ),
        )
        item = ImageUrl("http://127.0.0.1/x.png", force_download="allow-local")
        assert (await asked.request([ModelRequest([UserPromptPart([item])])], None, NOTHING)).text

    async def test_what_cannot_be_fetched_is_said_in_words(self):
        asked, _ = model("anthropic-messages", lambda request: httpx.Response(404))
        with pytest.raises(UserError, match="answers 404"):
            await asked.request([ModelRequest([UserPromptPart([self.TEXT])])], None, NOTHING)

    async def test_nothing_is_fetched_that_is_there_already(self):
        asked, seen = model("google-generate")
        await asked.request(
            [ModelRequest([UserPromptPart([BinaryContent(b"x", media_type="image/png")])])], None, NOTHING
        )
        assert len(seen) == 1


class Chunks(httpx.AsyncByteStream):
    """A body that comes in pieces, and remembers how far it was read and whether it was closed."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.given = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            self.given += 1
            yield piece

    async def aclose(self) -> None:
        self.closed = True


class TestLeaving:
    async def test_leaving_the_context_closes_the_response_at_once_and_reads_no_further(self):
        whole = answer("anthropic-messages", streamed=True).content
        body = Chunks(*(frame + b"\n\n" for frame in whole.split(b"\n\n")[:-1]))
        asked, _ = model("anthropic-messages", lambda request: httpx.Response(200, stream=body))
        async with asked.request_stream(HELLO, None, NOTHING) as streamed:
            async for event in streamed:
                if event.event_kind == "part_start":
                    break
            given = body.given
        assert body.closed
        assert body.given == given < len(body.pieces)

    async def test_a_context_in_which_nothing_was_read_closes_the_response(self):
        body = Chunks(b"data: {}\n\n")
        asked, _ = model("anthropic-messages", lambda request: httpx.Response(200, stream=body))
        async with asked.request_stream(HELLO, None, NOTHING):
            pass
        assert body.closed
        assert body.given == 0

    async def test_cancelling_closes_the_response(self):
        waiting = asyncio.Event()

        class Endless(Chunks):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                yield answer("anthropic-messages", streamed=True).content[:500]
                waiting.set()
                await asyncio.Event().wait()

        body = Endless()
        asked, _ = model("anthropic-messages", lambda request: httpx.Response(200, stream=body))
        task = asyncio.create_task(stream(asked))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert body.closed

    async def test_a_connection_that_breaks_off_is_an_api_error_after_the_events_before_it(self):
        whole = answer("anthropic-messages", streamed=True).content
        body = Chunks(whole[: whole.index(b" is") + 200], httpx.RemoteProtocolError("peer closed"))
        asked, _ = model("anthropic-messages", lambda request: httpx.Response(200, stream=body))
        seen: list[Any] = []
        with pytest.raises(ModelAPIError, match="peer closed") as caught:
            async with asked.request_stream(HELLO, None, NOTHING) as streamed:
                async for event in streamed:
                    seen.append(event)
        assert not isinstance(caught.value, ModelHTTPError)
        assert len(seen) >= 2
        assert body.closed

    async def test_a_timeout_is_called_one(self):
        body = Chunks(httpx.ReadTimeout(""))
        asked, _ = model("anthropic-messages", lambda request: httpx.Response(200, stream=body))
        with pytest.raises(ModelAPIError, match="timed out"):
            await stream(asked)

    @pytest.mark.parametrize("name", NAMES)
    async def test_an_error_inside_of_a_stream_is_raised_with_the_providers_words(self, name: str):
        encoder = DIALECTS[name].encoder(streamed=True)
        from playhead.messages import ResponseMeta

        events = [*unfold(ModelResponse([TextPart("so far")]))[:2]]
        error = ResponseMeta(error={"message": "overloaded", "type": "server_error", "status": 503})
        body = b"".join(encoder.feed(event) for event in [*events, error]) + encoder.close()
        asked, _ = model(name, lambda request: httpx.Response(200, content=body))
        with pytest.raises(ModelAPIError, match="overloaded"):
            await stream(asked)

    async def test_an_error_whose_kind_has_a_status_is_an_http_error(self):
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        body = b"event: error\ndata: " + json.dumps(error).encode() + b"\n\n"
        asked, _ = model("anthropic-messages", lambda request: httpx.Response(200, content=body))
        with pytest.raises(ModelHTTPError) as caught:
            await stream(asked)
        assert (caught.value.status_code, caught.value.code, caught.value.body) == (529, "overloaded_error", error)


class TestCompression:
    async def test_compressed_streams_are_read(self):
        body = gzip.compress(answer("openai-chat", streamed=True).content, mtime=0)
        asked, _ = model(
            "openai-chat", lambda request: httpx.Response(200, content=body, headers={"content-encoding": "gzip"})
        )
        assert (await stream(asked))[1].text == "It is sunny."

    async def test_a_body_that_only_says_so_is_a_decode_error(self):
        class Lies(Chunks):
            pass

        for ask in ("stream", "whole"):
            body = Lies(b"not gzip at all")
            asked, _ = model(
                "openai-chat",
                lambda request, body=body: httpx.Response(200, stream=body, headers={"content-encoding": "gzip"}),
            )
            with pytest.raises(DecodeError, match="decompressed"):
                await (stream(asked) if ask == "stream" else asked.request(HELLO, None, NOTHING))

    async def test_a_reply_that_unpacks_to_more_than_memory_should_hold_is_not_read_to_its_end(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("playhead.models._http.BODY_BYTES_MAX", 100_000)
        packed = zlib.compress(bytes(1_000_000))
        sent = 0

        class Body(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                nonlocal sent
                for start in range(0, len(packed), 50):
                    sent += 50
                    yield packed[start : start + 50]

        for status in (200, 500):
            asked, _ = model(
                "openai-chat",
                lambda request, status=status: httpx.Response(
                    status, stream=Body(), headers={"content-encoding": "deflate"}
                ),
            )
            with pytest.raises(DecodeError, match="is, unpacked, longer than 100,000 bytes"):
                await asked.request(HELLO, None, NOTHING)
        assert sent < len(packed)  # both together


# ---------------------------------------------------------------------------------------------- over real sockets
class Server:
    """A provider on 127.0.0.1 that sends its frames one by one, and counts its open connections."""

    def __init__(self, frames: list[bytes], *, pause: asyncio.Event | None = None, cut: bool = False) -> None:
        self.frames, self.pause, self.cut = frames, pause, cut
        self.open = self.requests = 0
        self.gone = asyncio.Event()

    async def __aenter__(self) -> Server:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                length = next(
                    int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                )
                await reader.readexactly(length)
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                for n, frame in enumerate(self.frames):
                    writer.write(b"%x\r\n%s\r\n" % (len(frame), frame))
                    await writer.drain()
                    if self.pause is not None and n == 2:
                        await asyncio.wait(
                            {asyncio.ensure_future(self.pause.wait()), asyncio.ensure_future(reader.read(1))},
                            return_when="FIRST_COMPLETED",
                        )
                        if not self.pause.is_set():
                            return
                if self.cut:
                    return
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()
            self.gone.set()


def frames(name: str = "anthropic-messages") -> list[bytes]:
    return [frame + b"\n\n" for frame in answer(name, streamed=True).content.split(b"\n\n")[:-1]]


async def settled(server: Server) -> None:
    async with asyncio.timeout(50):
        await server.gone.wait()


class TestOverSockets:
    async def test_events_arrive_before_the_reply_is_complete(self):
        pause = asyncio.Event()
        async with Server(frames(), pause=pause) as server:
            asked = HttpModel("anthropic-messages", "m", base_url=server.url)
            async with asyncio.timeout(50), asked.request_stream(HELLO, None, NOTHING) as streamed:
                async for event in streamed:
                    if event.event_kind == "part_start":
                        pause.set()
            assert streamed.get().text == "It is sunny."

    async def test_a_stream_that_is_left_closes_its_connection(self):
        async with Server(frames(), pause=asyncio.Event()) as server:
            asked = HttpModel("anthropic-messages", "m", base_url=server.url)
            async with asked.request_stream(HELLO, None, NOTHING) as streamed:
                async for event in streamed:
                    if event.event_kind == "part_start":
                        break
            await settled(server)
            assert server.open == 0

    async def test_no_connection_stays_open_after_a_reply(self):
        async with Server(frames()) as server:
            asked = HttpModel("anthropic-messages", "m", base_url=server.url)
            for _ in range(3):
                server.gone.clear()
                assert (await stream(asked))[1].text == "It is sunny."
                await settled(server)
            assert (server.open, server.requests) == (0, 3)

    async def test_an_entered_model_keeps_its_connection_until_it_is_left(self):
        async with Server(frames()) as server:
            async with HttpModel("anthropic-messages", "m", base_url=server.url) as asked:
                for _ in range(3):
                    await stream(asked)
                assert (server.open, server.requests) == (1, 3)
            await settled(server)

    async def test_a_reply_that_is_cut_off_is_an_api_error(self):
        async with Server(frames()[:3], cut=True) as server:
            asked = HttpModel("anthropic-messages", "m", base_url=server.url)
            with pytest.raises(ModelAPIError):
                await stream(asked)

    async def test_nobody_there_is_an_api_error_that_says_where_it_asked(self):
        async with Server([]) as server:
            pass
        asked = HttpModel("anthropic-messages", "m", base_url=server.url)
        for ask in (asked.request(HELLO, None, NOTHING), stream(asked)):
            with pytest.raises(ModelAPIError, match=server.url):
                await ask

    def test_one_model_works_on_loop_after_loop_and_leaves_nothing_behind(self):
        asked: HttpModel | None = None

        async def once() -> str | None:
            nonlocal asked
            async with Server(frames()) as server:
                if asked is None:
                    asked = HttpModel("anthropic-messages", "m", base_url=server.url)
                else:
                    asked.provider._base_url = server.url  # pyright: ignore[reportPrivateUsage]
                return (await stream(asked))[1].text

        # Warnings are errors in this suite: an unclosed transport would fail here.
        assert [asyncio.run(once()) for _ in range(3)] == ["It is sunny."] * 3
        gc.collect()

    async def test_many_requests_at_once_share_a_client(self):
        async with Server(frames()) as server:
            asked = HttpModel("anthropic-messages", "m", base_url=server.url)
            replies = await asyncio.gather(*(stream(asked) for _ in range(20)))
            assert {reply.text for _, reply in replies} == {"It is sunny."}


class TestCassettes:
    async def test_a_stream_is_recorded_and_replayed_without_its_server_or_a_key(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        path = tmp_path / "stream.yaml"
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
        async with Server(frames()) as server:
            asked = AnthropicModel("m", provider=AnthropicProvider(base_url=server.url))
            with playhead.use_cassette(path, record_mode="once"):
                recorded, reply = await stream(asked)
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        assert "sk-ant-secret" not in path.read_text("utf-8")
        for rechunk in (None, "bytes"):
            options: Any = {} if rechunk is None else {"rechunk": rechunk}
            with playhead.use_cassette(path, **options):
                replayed, again = await stream(asked)
            assert again.parts == reply.parts
            assert replayed == recorded

    async def test_an_error_is_replayed_as_it_was(self, tmp_path: Path):
        path = tmp_path / "cut.yaml"
        async with Server(frames()[:3], cut=True) as server:
            asked = AnthropicModel("m", provider=AnthropicProvider(base_url=server.url, api_key="k"))
            with playhead.use_cassette(path, record_mode="once"), pytest.raises(ModelAPIError) as first:
                await stream(asked)
        with playhead.use_cassette(path), pytest.raises(ModelAPIError) as second:
            await stream(asked)
        assert str(second.value) == str(first.value)


async def test_memory_does_not_grow_with_the_stream():
    import tracemalloc

    count = 30_000
    piece = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}\n\n'

    class Long(Chunks):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            opening = frames()[:2]
            yield b"".join(opening)
            for _ in range(count // 100):
                yield piece * 100

    asked, _ = model("anthropic-messages", lambda request: httpx.Response(200, stream=Long()))
    async with asked.request_stream(HELLO, None, NOTHING) as streamed:
        tracemalloc.start()
        seen = 0
        async for _ in streamed:
            seen += 1
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert seen > count
    # The pieces of the text are kept until somebody looks at it; the frames and events are not.
    assert peak < 3_000_000
