"""Clients of all kinds: recorded and replayed alike, into one file, without the network."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _kit import Received, Server, Tool, case, look, raises, stream, whole

Seen = tuple[int, bytes, str | None]


def answer(received: Received) -> list[Any]:
    if received.path.startswith("/redirect"):
        return whole(b"", "302 Found", location="/landed?x=1")
    if received.path.startswith("/error"):
        return whole('{"error": "no such thing"}', "404 Not Found", x_kind="error")
    if received.path.startswith("/stream"):
        return stream([b"data: %d\n\n" % number for number in range(5)])
    return whole(json.dumps({"path": received.path, "sent": received.body.decode("latin-1")}), x_kind="fine")


def with_requests(url: str, body: Any) -> Seen:
    import requests

    response = requests.post(url, json=body, timeout=5) if body is not None else requests.get(url, timeout=5)
    return response.status_code, response.content, response.headers.get("x-kind")


def with_urllib3(url: str, body: Any) -> Seen:
    import urllib3

    pool = urllib3.PoolManager()
    response = pool.request("GET", url) if body is None else pool.request("POST", url, json=body)
    return response.status, response.data, response.headers.get("x-kind")


def with_urllib(url: str, body: Any) -> Seen:
    request = urllib.request.Request(
        url, data=None if body is None else json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read(), response.headers.get("x-kind")
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers.get("x-kind")


def with_aiohttp(url: str, body: Any) -> Seen:
    import aiohttp

    async def main() -> Seen:
        async with aiohttp.ClientSession() as session:
            async with session.request("GET" if body is None else "POST", url, json=body) as response:
                return response.status, await response.read(), response.headers.get("x-kind")

    return asyncio.run(main())


def of_httpx(library: str, asynchronous: bool) -> Callable[[str, Any], Seen]:
    def send(url: str, body: Any) -> Seen:
        import importlib

        module = importlib.import_module(library)
        method = "GET" if body is None else "POST"

        async def main() -> Any:
            async with module.AsyncClient(trust_env=False, follow_redirects=True) as client:
                return await client.request(method, url, json=body)

        if asynchronous:
            response = asyncio.run(main())
        else:
            with module.Client(trust_env=False, follow_redirects=True) as client:
                response = client.request(method, url, json=body)
        return response.status_code, response.content, response.headers.get("x-kind")

    return send


CLIENTS: dict[str, Callable[[str, Any], Seen]] = {
    "httpx": of_httpx("httpx", False),
    "httpx, async": of_httpx("httpx", True),
    "httpx2": of_httpx("httpx2", False),
    "httpx2, async": of_httpx("httpx2", True),
    "requests": with_requests,
    "urllib3": with_urllib3,
    "urllib": with_urllib,
    "aiohttp": with_aiohttp,
}


def of(name: str, send: Callable[[str, Any], Seen]) -> None:
    @case("clients", f"{name}: replies, errors and redirects")
    def replies(tool: Tool, folder: Path) -> None:
        file = folder / "one.yaml"

        def all_of_it() -> list[Seen]:
            return [
                send(server.url + path, body)
                for path, body in (
                    ("/a", {"n": 1}),
                    ("/a", {"n": 2}),
                    ("/b?x=1", None),
                    ("/error", {"n": 3}),
                    ("/redirect", None),
                    ("/stream", {}),
                )
            ]

        with Server(answer) as server:
            bare = all_of_it()
            with tool.record(file):
                assert all_of_it() == bare, "recording changes what is seen"
            asked = len(server.received)
            with tool.replay(file):
                assert all_of_it() == bare, "the replay differs"
            assert len(server.received) == asked, "the network was asked"

    @case("clients", f"{name}: a body that was not recorded")
    def other_body(tool: Tool, folder: Path) -> None:
        file = folder / "one.yaml"
        with Server(answer) as server:
            with tool.record(file):
                send(server.url + "/a", {"n": 1})
            asked = len(server.received)
            with raises("another body"):
                with tool.replay(file):
                    send(server.url + "/a", {"n": 2})
            assert len(server.received) == asked

    @case("clients", f"{name}: secrets")
    def secrets(tool: Tool, folder: Path) -> None:
        file = folder / "one.yaml"
        key = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789"
        with Server(answer) as server, tool.record(file):
            send(f"{server.url}/a?key={key}", {"api_key": key, "text": f"it is {key}"})
        assert key not in file.read_text()


for name, send in CLIENTS.items():
    of(name, send)


@case("clients", "two clients in one cassette")
def two_clients(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"

    def both() -> list[Seen]:
        return [
            CLIENTS["httpx"](server.url + "/h", {"n": 1}),
            with_requests(server.url + "/r", {"n": 2}),
            CLIENTS["httpx, async"](server.url + "/h2", {"n": 3}),
        ]

    with Server(answer) as server:
        with tool.record(file):
            first = both()
        asked = len(server.received)
        with tool.replay(file):
            assert both() == first
        assert len(server.received) == asked
    text = file.read_text()
    places = (
        [text.index(f"{server.url}/{path}") for path in ("h\n", "r\n", "h2\n")] if f"{server.url}/h\n" in text else [0]
    )
    assert places == sorted(places)


CHAT = [
    f"data: {json.dumps({'id': 'c1', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'm', 'choices': [{'index': 0, 'delta': {'content': word}, 'finish_reason': None}]})}\n\n".encode()
    for word in ("It", " is", " sunny")
] + [b"data: [DONE]\n\n"]
EVENTS = [
    (
        "message_start",
        {
            "message": {
                "id": "m1",
                "type": "message",
                "role": "assistant",
                "content": [],
                "model": "m",
                "stop_reason": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }
        },
    ),
    ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "It is"}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": " sunny"}}),
    ("content_block_stop", {"index": 0}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}),
    ("message_stop", {}),
]
MESSAGES = [f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode() for name, data in EVENTS]


def openai_words(url: str) -> list[str]:
    import openai

    client = openai.OpenAI(base_url=url, api_key="sk-x", max_retries=0)
    chunks = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "weather?"}], stream=True)
    return [chunk.choices[0].delta.content or "" for chunk in chunks]


def openai_words_async(url: str) -> list[str]:
    import openai

    async def main() -> list[str]:
        async with openai.AsyncOpenAI(base_url=url, api_key="sk-x", max_retries=0) as client:
            chunks = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "weather?"}], stream=True
            )
            return [chunk.choices[0].delta.content or "" async for chunk in chunks]

    return asyncio.run(main())


def anthropic_words(url: str) -> list[str]:
    import anthropic

    client = anthropic.Anthropic(base_url=url, api_key="sk-ant-x", max_retries=0)
    with client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "weather?"}]) as events:
        return list(events.text_stream)


def of_sdk(name: str, words: Callable[[str], list[str]], pieces: list[bytes]) -> None:
    @case("clients", f"{name}: a stream, piece by piece")
    def run(tool: Tool, folder: Path) -> None:
        file = folder / "one.yaml"
        with Server(lambda received: stream(pieces, 0.005)) as server:
            bare = words(server.url)
            with tool.record(file):
                assert words(server.url) == bare
            asked = len(server.received)
            with tool.replay(file):
                assert words(server.url) == bare
            assert len(server.received) == asked

    assert run


of_sdk("the openai SDK", openai_words, CHAT)
of_sdk("the openai SDK, async", openai_words_async, CHAT)
of_sdk("the anthropic SDK", anthropic_words, MESSAGES)


@case("clients", "a client that keeps its connection")
def kept(tool: Tool, folder: Path) -> None:
    import httpx

    file = folder / "one.yaml"
    with Server(answer) as server, httpx.Client(trust_env=False) as client:
        with tool.record(file):
            recorded = [client.post(f"{server.url}/{number}").json() for number in range(3)]
        live = client.post(f"{server.url}/live").json()
        asked = len(server.received)
        with tool.replay(file):
            assert [client.post(f"{server.url}/{number}").json() for number in range(3)] == recorded
        assert len(server.received) == asked and live["path"] == "/live"


@case("clients", "a generator as request body")
def generated_body(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(answer) as server:
        with tool.record(file):
            look(server.url + "/a", content=iter([b"one", b"two"]), headers={"content-length": "6"})
        with tool.replay(file):
            assert (
                json.loads(
                    look(server.url + "/a", content=iter([b"one", b"two"]), headers={"content-length": "6"}).body
                )["sent"]
                == "onetwo"
            )


@case("clients", "a client with answers of its own")
def mock_transport(tool: Tool, folder: Path) -> None:
    """A client with a MockTransport never meets the network: its answers are its own."""
    import httpx

    with tool.record(folder / "one.yaml"):
        with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, text="mine"))) as client:
            assert client.get("https://api.example.com/").text == "mine"
