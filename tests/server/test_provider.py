"""The provider: journal, keys, faults, what lies beside calls, and clients that go away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from google import genai

from playhead import clock
from playhead.exceptions import ScriptExhausted, ScriptUnused
from playhead.models import HttpModel, SchemaModel, ScriptedModel
from playhead.models.function import FunctionModel
from playhead.script import call, response, text, usage, wait
from playhead.server import Provider, RunningProvider, asgi_app, provider_transport

ASK: dict[str, Any] = {"model": "gpt-5", "messages": [{"role": "user", "content": "How are you?"}]}


@pytest.fixture
def running() -> Any:
    made: list[RunningProvider] = []

    def make(model: Any, **options: Any) -> RunningProvider:
        made.append(RunningProvider(Provider(model, **options)).start())
        return made[-1]

    yield make
    for provider in made:
        provider.stop()


def post(
    provider: RunningProvider, body: Any = ASK, path: str = "/v1/chat/completions", **kwargs: Any
) -> httpx.Response:
    return httpx.post(provider.url + path, json=body, **kwargs)


# --------------------------------------------------------------------------- the journal
def test_the_journal_holds_what_was_asked(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel("Fine."))
    post(provider, {**ASK, "temperature": 0.5})
    (entry,) = provider.requests
    assert (entry.dialect, entry.status, entry.end) == ("openai-chat", 200, "complete")
    assert entry.json["temperature"] == 0.5
    assert entry.call is not None
    assert entry.call.settings["temperature"] == 0.5
    assert entry.seen["last"] == "How are you?"
    assert repr(entry) == "<POST /v1/chat/completions gpt-5 -> 200>"


def test_a_failed_assertion_shows_everything_that_was_asked(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel("Fine.", "Bye."))
    with pytest.raises(AssertionError, match=r"expected a request with anything, and got 0. It was not asked at all."):
        provider.assert_asked()
    post(provider)
    post(provider, {**ASK, "messages": [{"role": "user", "content": "Goodbye"}], "stream": True})
    provider.assert_asked("How", model="gpt-5")
    provider.assert_not_asked("weather")
    with pytest.raises(AssertionError) as caught:
        provider.assert_asked("you", times=2, stream=False)
    assert str(caught.value).splitlines() == [
        "The provider expected 2 requests with last='you', stream=False, and got 1. It was asked 2 times:",
        "  request 1: openai-chat gpt-5 (whole) -> 200: 'How are you?'",
        "  request 2: openai-chat gpt-5 (streamed) -> 200: 'Goodbye'",
    ]
    with pytest.raises(TypeError, match="unknown condition modell"):
        provider.requests.asked(modell="x")


def test_what_the_real_provider_would_not_know_is_a_warning(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel("Fine."))
    post(provider, {**ASK, "temprature": 1, "top_p": "high"})
    assert provider.requests[0].warnings == [
        "openai-chat has no field 'temprature'; did you mean 'temperature'?",
        "openai-chat wants 'top_p' to be number, not string",
    ]
    with pytest.raises(AssertionError, match="request 1: openai-chat has no field"):
        provider.assert_no_warnings()


# --------------------------------------------------------------------------- scripts, strictly
def test_a_request_beyond_the_script_is_an_error_that_no_sdk_repeats_and_the_test_can_raise(
    running: Callable[..., RunningProvider],
) -> None:
    provider = running(ScriptedModel("Fine."))
    client = openai.OpenAI(base_url=provider.openai_url, api_key="k")
    client.chat.completions.create(**ASK)
    with pytest.raises(openai.InternalServerError, match="Request 2 has no response in the script"):
        client.chat.completions.create(**ASK)
    client.close()
    assert len(provider.requests) == 2
    with pytest.raises(ScriptExhausted):
        provider.assert_served()


def test_a_response_nobody_asked_for_is_left(running: Callable[..., RunningProvider]) -> None:
    with pytest.raises(ScriptUnused):
        running(ScriptedModel("Fine.")).assert_served()


def test_a_script_may_repeat_itself(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel("one", "two", repeat=True))
    assert [post(provider).json()["choices"][0]["message"]["content"] for _ in range(5)] == ["one", "two"] * 2 + ["one"]


# --------------------------------------------------------------------------- any model
def test_models_that_are_functions_answer_streamed_and_whole_whichever_they_are(
    running: Callable[..., RunningProvider],
) -> None:
    from playhead.messages import ModelResponse, TextPart

    async def pieces(messages: Any, info: Any) -> AsyncGenerator[str]:
        yield "Fine"
        yield ", thanks."

    models = [FunctionModel(lambda messages, info: ModelResponse([TextPart("Fine, thanks.")])), FunctionModel(stream_function=pieces)]  # fmt: skip
    for model in models:
        client = openai.OpenAI(base_url=running(model).openai_url, api_key="k")
        assert client.chat.completions.create(**ASK).choices[0].message.content == "Fine, thanks."
        stream = client.chat.completions.create(**ASK, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "Fine, thanks."
        client.close()


def test_a_model_that_breaks_is_an_error_500_and_a_problem(running: Callable[..., RunningProvider]) -> None:
    def broken(messages: Any, info: Any) -> Any:
        raise ValueError("no idea")

    provider = running(FunctionModel(broken))
    answer = post(provider)
    assert (answer.status_code, answer.headers["x-should-retry"]) == (500, "false")
    assert answer.json()["error"]["message"] == "The model raised ValueError: no idea"
    with pytest.raises(ValueError, match="no idea"):
        provider.assert_served()


def test_a_schema_model_answers_any_client_that_offers_tools(running: Callable[..., RunningProvider]) -> None:
    client = anthropic.Anthropic(base_url=running(SchemaModel()).anthropic_url, api_key="k")
    schema = {"type": "object", "properties": {"when": {"type": "string", "format": "date"}}, "required": ["when"]}
    reply = client.messages.create(
        model="claude", max_tokens=100, messages=[{"role": "user", "content": "Go"}],
        tools=[{"name": "book", "input_schema": schema}],
    )  # fmt: skip
    client.close()
    (block,) = reply.content
    assert (block.type, reply.stop_reason) == ("tool_use", "tool_use")
    assert list(block.input) == ["when"]


async def test_a_provider_may_pass_on_to_another_in_another_dialect(running: Callable[..., RunningProvider]) -> None:
    inner = running(ScriptedModel([text("It is", " sunny"), usage(input_tokens=3, output_tokens=2)]))
    outer = running(HttpModel("anthropic-messages", "claude", base_url=inner.anthropic_url + "/v1", api_key="k"))
    async with openai.AsyncOpenAI(base_url=outer.openai_url, api_key="k") as client:
        stream = await client.chat.completions.create(**ASK, stream=True)
        assert [c.choices[0].delta.content async for c in stream if c.choices and c.choices[0].delta.content] == [
            "It is",
            " sunny",
        ]


# --------------------------------------------------------------------------- keys, faults, latency
def test_only_the_key_is_let_in_and_each_sdk_raises_its_own_error(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel(response("Fine.", times="any")), api_key="right")
    for key, error in (("right", None), ("wrong", openai.AuthenticationError)):
        with openai.OpenAI(base_url=provider.openai_url, api_key=key) as client:
            if error is None:
                client.chat.completions.create(**ASK)
            else:
                with pytest.raises(error):
                    client.chat.completions.create(**ASK)
    with anthropic.Anthropic(base_url=provider.anthropic_url, api_key="wrong") as client:
        with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
            client.messages.create(model="c", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
    google = genai.Client(api_key="wrong", http_options={"base_url": provider.google_url})
    with pytest.raises(genai.errors.ClientError, match="API key not valid"):
        google.models.generate_content(model="gemini", contents="Hi")
    google.close()


def test_faults_on_demand_come_before_the_model_is_asked(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel("Fine."))
    provider.fail(503, "Down", headers={"Retry-After": "1"}, times=2)
    answers = [post(provider) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert (answers[0].headers["retry-after"], answers[0].json()["error"]["message"]) == ("1", "Down")
    provider.cut(after_bytes=30)
    provider.provider.model = ScriptedModel("Fine, thanks.")
    with pytest.raises(httpx.RemoteProtocolError):
        post(provider)
    assert (provider.requests[-1].end, provider.requests[-1].sent_bytes) == ("cut", 30)


def test_latency_and_pace_are_on_demand(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel([text("a", "b", "c")]), latency=0.05, pace=0.02)
    began = clock.monotonic()
    post(provider, {**ASK, "stream": True})
    assert clock.monotonic() - began >= 0.05 + 3 * 0.02


# --------------------------------------------------------------------------- beside calls of models
def test_sdks_list_models_and_count_tokens(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel(), models=("gpt-5", "claude-opus", "gemini-3"))
    with openai.OpenAI(base_url=provider.openai_url, api_key="k") as client:
        assert [model.id for model in client.models.list()] == ["gpt-5", "claude-opus", "gemini-3"]
        assert client.models.retrieve("gpt-5").id == "gpt-5"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-6")
        assert client.responses.input_tokens.count(model="gpt-5", input="one two three").input_tokens > 3
    with anthropic.Anthropic(base_url=provider.anthropic_url, api_key="k") as client:
        assert [model.id for model in client.models.list()] == ["gpt-5", "claude-opus", "gemini-3"]
        counted = client.messages.count_tokens(model="c", messages=[{"role": "user", "content": "one two three"}])
        assert counted.input_tokens > 3
    google = genai.Client(api_key="k", http_options={"base_url": provider.google_url})
    assert [model.name for model in google.models.list()] == ["models/gpt-5", "models/claude-opus", "models/gemini-3"]
    assert (google.models.count_tokens(model="gemini-3", contents="one two three").total_tokens or 0) > 3
    google.close()
    assert provider.provider.problems == []


@pytest.mark.parametrize(
    ("method", "path", "headers", "shape"),
    [
        ("GET", "/nothing", {}, {"error"}),
        ("POST", "/v1/embeddings", {}, {"error"}),
        ("POST", "/v1/complete", {"anthropic-version": "2023-06-01"}, {"type", "error", "request_id"}),
        ("POST", "/v1beta/models/g:embedContent", {}, {"error"}),
    ],
)
def test_unknown_paths_say_what_is_served(running: Callable[..., RunningProvider], method: str, path: str, headers: Any, shape: Any) -> None:  # fmt: skip
    provider = running(ScriptedModel())
    answer = httpx.request(method, provider.url + path, headers=headers)
    assert (answer.status_code, set(answer.json())) == (404, shape)
    assert (
        f"Nothing is served at {method} {path}. Served are POST /v1/chat/completions"
        in answer.json()["error"]["message"]
    )
    assert len(provider.requests) == 1
    assert httpx.head(provider.url + "/v1/models").status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"model": 1, "messages": []}', b'{"model": "m", "messages": [3]}', b"\xff"])  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1beta/models/g:generateContent"])  # fmt: skip
def test_nonsense_is_answered_and_never_breaks_the_server(running: Callable[..., RunningProvider], path: str, body: bytes) -> None:  # fmt: skip
    provider = running(ScriptedModel(response("Fine.", times="any")))
    assert httpx.post(provider.url + path, content=body).status_code in (200, 400)
    assert post(provider).status_code == 200


# --------------------------------------------------------------------------- clients that go away
class _Endless:
    """A stream without an end; says when it was closed."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = threading.Event()
        self.model = FunctionModel(stream_function=self.stream)

    async def stream(self, messages: Any, info: Any) -> AsyncGenerator[str]:
        try:
            while True:
                self.made += 1
                yield "x" * 1000
                await asyncio.sleep(0)
        finally:
            self.closed.set()


def test_a_client_that_goes_away_cancels_the_model_s_stream_at_once(running: Callable[..., RunningProvider]) -> None:
    endless = _Endless()
    provider = running(endless.model)
    with httpx.stream("POST", provider.openai_url + "/chat/completions", json={**ASK, "stream": True}) as answer:
        next(answer.iter_bytes())
    assert endless.closed.wait(50)
    provider.stop()
    assert provider.requests[0].end == "closed_by_client"


def test_a_client_that_goes_away_while_it_waits_for_the_first_chunk_cancels_too(
    running: Callable[..., RunningProvider],
) -> None:
    gone = threading.Event()

    async def slow(messages: Any, info: Any) -> AsyncGenerator[str]:
        try:
            await asyncio.sleep(600)
            yield "late"
        finally:
            gone.set()

    provider = running(FunctionModel(stream_function=slow))
    with pytest.raises(httpx.ReadTimeout):
        post(provider, {**ASK, "stream": True}, timeout=0.2)
    assert gone.wait(50)


def test_nothing_is_made_that_a_slow_client_has_not_taken(running: Callable[..., RunningProvider]) -> None:
    endless = _Endless()
    provider = running(endless.model)
    with httpx.stream("POST", provider.openai_url + "/chat/completions", json={**ASK, "stream": True}) as answer:
        next(answer.iter_bytes())
        seen = [-3, -2, -1]
        while len(set(seen[-3:])) > 1:  # until it makes no more
            threading.Event().wait(0.1)
            seen.append(endless.made)
            assert endless.made < 20_000, "sockets buffer some megabytes, the server nothing"


def test_a_server_stops_at_once_with_connections_open(running: Callable[..., RunningProvider]) -> None:
    endless = _Endless()
    provider = running(endless.model)
    idle = httpx.Client()
    idle.get(provider.url + "/v1/models")
    with httpx.stream("POST", provider.openai_url + "/chat/completions", json={**ASK, "stream": True}) as answer:
        next(answer.iter_bytes())
        provider.stop()  # would wait for ever, if it waited for the stream
        assert endless.closed.is_set()
    idle.close()


def test_two_hundred_clients_share_one_script(running: Callable[..., RunningProvider]) -> None:
    provider = running(ScriptedModel(response(text(*"abcdefgh"), call("f", {"x": 1}), times="any")))

    async def ask(client: httpx.AsyncClient) -> str:
        return (await client.post("/v1/chat/completions", json={**ASK, "stream": True})).text

    async def all_of_them() -> list[str]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=provider.url, limits=limits, timeout=50) as client:
            return await asyncio.gather(*(ask(client) for _ in range(200)))

    replies = asyncio.run(all_of_them())
    assert all(reply.count('"content":"') == 8 and reply.endswith("data: [DONE]\n\n") for reply in replies)
    assert len({reply.split('"id":"', 1)[1].split('"')[0] for reply in replies}) == 200
    assert len(provider.requests) == 200


# --------------------------------------------------------------------------- without sockets, and on ASGI
@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_sdks_are_served_in_process(library: Any) -> None:
    provider = Provider(ScriptedModel(response(text("It is", " sunny"), times="any")))
    transport = provider_transport(provider, library=library)
    async with library.AsyncClient(transport=transport, base_url="http://fake") as client:
        async with client.stream("POST", "/v1/chat/completions", json={**ASK, "stream": True}) as answer:
            chunks = [chunk async for chunk in answer.aiter_bytes()]
    assert len(chunks) >= 3, "each event is a chunk"
    with library.Client(transport=provider_transport(provider, library=library), base_url="http://fake") as client:
        assert client.post("/v1/messages", json={**ASK, "max_tokens": 9}).json()["content"][0]["text"] == "It is sunny"


async def test_in_process_a_virtual_minute_takes_no_time() -> None:
    from playhead.virtual import virtual_time

    provider = Provider(ScriptedModel([text("a", wait(60), "b")]))
    with virtual_time() as time:
        async with httpx.AsyncClient(transport=provider_transport(provider), base_url="http://fake") as client:
            answer = await client.post("/v1/chat/completions", json={**ASK, "stream": True}, timeout=None)
        assert 60 <= time.elapsed < 61
    assert '"content":"b"' in answer.text


async def test_in_process_a_cut_and_an_early_end_are_seen() -> None:
    provider = Provider(ScriptedModel([text("a" * 100)]))
    provider.cut(after_bytes=50)
    async with httpx.AsyncClient(transport=provider_transport(provider), base_url="http://fake") as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/v1/chat/completions", json={**ASK, "stream": True})
    endless = _Endless()
    async with httpx.AsyncClient(
        transport=provider_transport(Provider(endless.model)), base_url="http://fake"
    ) as client:
        async with client.stream("POST", "/v1/chat/completions", json={**ASK, "stream": True}) as answer:
            await anext(answer.aiter_bytes())
        assert endless.closed.is_set()


@asynccontextmanager
async def under_uvicorn(provider: Provider) -> AsyncGenerator[str]:
    import socket

    uvicorn = pytest.importorskip("uvicorn")
    listening = socket.create_server(("127.0.0.1", 0))
    app: Any = asgi_app(provider)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    server.capture_signals = __import__("contextlib").nullcontext
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await task


async def test_under_uvicorn_streams_cuts_and_early_ends_are_the_same() -> None:
    endless = _Endless()
    provider = Provider(ScriptedModel([text("It is", " sunny")], [text("a" * 100)]))
    async with under_uvicorn(provider) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/v1/chat/completions", json={**ASK, "stream": True})
        assert answer.text.endswith("data: [DONE]\n\n")
        provider.cut(after_bytes=50)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/v1/chat/completions", json={**ASK, "stream": True})
        provider.model = endless.model
        async with client.stream("POST", "/v1/chat/completions", json={**ASK, "stream": True}) as answer:
            await anext(answer.aiter_bytes())
        for _ in range(2_000):
            if endless.closed.is_set():
                break
            await asyncio.sleep(0.02)
        assert endless.closed.is_set()
