"""Which recording answers which request: bodies by meaning, several turns, repeats, retries, any order."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from _kit import Received, Server, Tool, case, look, raises, whole


def echo(received: Received) -> list[Any]:
    return whole(json.dumps({"echo": received.body.decode("utf-8", "replace")}))


def body(view: Any) -> str:
    return json.loads(view.body)["echo"]


def turns(tool: Tool, folder: Path, contents: list[Any], asked: list[Any]) -> list[str]:
    """Records the contents, each a body, and asks for others: what came back for each."""
    file = folder / "one.yaml"
    with Server(echo) as server:
        with tool.record(file):
            for content in contents:
                look(server.url + "/v1", json=content)
        number = len(server.received)
        with tool.replay(file):
            replayed = [body(look(server.url + "/v1", json=content)) for content in asked]
        assert len(server.received) == number, "the network was asked"
    return replayed


A, B, C = ({"messages": [{"role": "user", "content": name}], "model": "m"} for name in "ABC")


@case("order", "several turns to one URL, in another order")
def other_order(tool: Tool, folder: Path) -> None:
    replayed = turns(tool, folder, [A, B, C], [C, A, B])
    assert [json.loads(text) for text in replayed] == [C, A, B]


@case("order", "another question is not answered")
def other_question(tool: Tool, folder: Path) -> None:
    with raises("another question"):
        turns(tool, folder, [A], [B])


@case("order", "keys in another order, and other white space")
def other_layout(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    headers = {"content-type": "application/json"}
    with Server(echo) as server:
        with tool.record(file):
            look(server.url, content=b'{"a": 1, "b": [1, 2]}', headers=headers)
            look(server.url, content=b'{"a": 2}', headers=headers)
    with tool.replay(file):
        assert json.loads(body(look(server.url, content=b'{"a":2}', headers=headers))) == {"a": 2}
        assert json.loads(body(look(server.url, content=b'{"b":[1,2],\n"a":1}', headers=headers))) == {
            "a": 1,
            "b": [1, 2],
        }


@case("order", "white space within a text counts")
def text_counts(tool: Tool, folder: Path) -> None:
    with raises("another text"):
        turns(tool, folder, [{"content": "a b"}], [{"content": "a  b"}])


@case("order", "true is not 1, and 1 is not '1'")
def types_count(tool: Tool, folder: Path) -> None:
    replayed = turns(tool, folder, [{"a": 1}, {"a": True}, {"a": "1"}], [{"a": "1"}, {"a": True}, {"a": 1}])
    assert [json.loads(text) for text in replayed] == [{"a": "1"}, {"a": True}, {"a": 1}]


def numbered() -> Any:
    count = iter(range(1000))
    return lambda received: whole(str(next(count)))


@case("order", "identical requests replay in recorded order")
def repeats(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(numbered()) as server:
        with tool.record(file):
            recorded = [look(server.url, json=A).body for _ in range(4)]
        with tool.replay(file):
            assert [look(server.url, json=A).body for _ in range(4)] == recorded == [b"0", b"1", b"2", b"3"]


@case("order", "one request more than was recorded")
def one_more(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(numbered()) as server:
        with tool.record(file):
            look(server.url, json=A)
        with raises("a second request"):
            with tool.replay(file):
                look(server.url, json=A)
                look(server.url, json=A)
        assert len(server.received) == 1


@case("order", "a retry of an SDK after an error")
def retry(tool: Tool, folder: Path) -> None:
    import openai

    answers = iter(
        [
            whole('{"error": {"message": "busy"}}', "503 Service Unavailable", retry_after="0"),
            whole(
                json.dumps(
                    {
                        "id": "c",
                        "object": "chat.completion",
                        "created": 1,
                        "model": "m",
                        "choices": [
                            {
                                "index": 0,
                                "finish_reason": "stop",
                                "message": {"role": "assistant", "content": "at last"},
                            }
                        ],
                    }
                )
            ),
        ]
    )

    def ask() -> str | None:
        client = openai.OpenAI(base_url=server.url, api_key="x", max_retries=2)
        return (
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            .choices[0]
            .message.content
        )

    file = folder / "one.yaml"
    with Server(lambda received: next(answers)) as server:
        with tool.record(file):
            assert ask() == "at last"
        with tool.replay(file):
            assert ask() == "at last"
        assert len(server.received) == 2


@case("order", "concurrent requests are kept in the order they were sent")
def concurrent(tool: Tool, folder: Path) -> None:
    import httpx

    delays = {"/0": 0.3, "/1": 0.15, "/2": 0.0}

    async def main(server: Server) -> None:
        async def one(client: Any, number: int) -> None:
            await asyncio.sleep(number * 0.03)
            await client.get(f"{server.url}/{number}")

        async with httpx.AsyncClient(trust_env=False) as client:
            await asyncio.gather(*(one(client, number) for number in range(3)))

    with Server(lambda received: [delays[received.path], *whole()]) as server:
        with tool.record(folder / "one.yaml"):
            asyncio.run(main(server))
    text = (folder / "one.yaml").read_text()
    places = [text.index(f"{server.url}/{number}") for number in range(3)]
    assert places == sorted(places), "they are in the order in which they ended"


@case("order", "methods, paths, queries and hosts count")
def parts(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(numbered()) as server:
        with tool.record(file):
            for method, path in (("GET", "/a"), ("POST", "/a"), ("GET", "/a?x=1"), ("GET", "/a?x=2"), ("GET", "/b")):
                look(server.url + path, method=method)
    with tool.replay(file):
        order = [("GET", "/b"), ("GET", "/a?x=2"), ("POST", "/a"), ("GET", "/a"), ("GET", "/a?x=1")]
        assert [look(server.url + path, method=method).body for method, path in order] == [b"4", b"3", b"1", b"0", b"2"]


@case("order", "query parameters in another order")
def query_order(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(numbered()) as server:
        with tool.record(file):
            look(server.url + "/a?x=1&y=2", method="GET")
    with tool.replay(file):
        assert look(server.url + "/a?y=2&x=1", method="GET").status == 200


@case("order", "new requests are added, old ones replay")
def new_episodes(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(numbered()) as server:
        with tool.record(file):
            look(server.url, json=A)
        with tool.use(file, "new_episodes"):
            assert look(server.url, json=A).body == b"0"
            assert look(server.url, json=B).body == b"1"
        with tool.replay(file):
            assert [look(server.url, json=A).body, look(server.url, json=B).body] == [b"0", b"1"]


@case("order", "once means once")
def once(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(numbered()) as server:
        with tool.use(file, "once"):
            look(server.url, json=A)
        with raises("a new request to a recorded cassette"):
            with tool.use(file, "once"):
                look(server.url, json=A)
                look(server.url + "/other", json=B)
        assert len(server.received) == 1


@case("order", "recording everything anew does not grow the file")
def all_again(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(numbered()) as server:
        for _ in range(3):
            with tool.use(file, "all"):
                look(server.url, json=A)
        with tool.replay(file):
            assert look(server.url, json=A).body == b"2", "an older recording answers"
    assert file.read_text().count("method:") == 1, "older recordings pile up"


@case("order", "ids that the client makes up differ from run to run")
def ids(tool: Tool, folder: Path) -> None:
    """As agent frameworks do for tool calls that came without one."""
    file = folder / "one.yaml"

    def talk(url: str, identifier: str) -> list[bytes]:
        first = look(url, json={"messages": [{"role": "user", "content": "hi"}]})
        call = {"id": identifier, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        messages = [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": identifier, "content": "42"},
        ]
        return [first.body, look(url, json={"messages": messages}).body]

    with Server(numbered()) as server:
        with tool.record(file):
            recorded = talk(server.url, "pyd_ai_7f3a9c2e51d84b60a1f27f3a9c2e51d8")
        with tool.replay(file):
            assert talk(server.url, "pyd_ai_0b1d8e7a6c5f4932d4e50b1d8e7a6c5f") == recorded == [b"0", b"1"]
        assert len(server.received) == 2


@case("order", "a mismatch names the nearest recording and what differs")
def explained(tool: Tool, folder: Path) -> None:
    said = ""
    try:
        turns(
            tool,
            folder,
            [{"messages": [{"content": "What is the weather in Paris?"}], "temperature": 0.25}],
            [{"messages": [{"content": "What is the weather in Paris?"}], "temperature": 0.75}],
        )
    except BaseException as error:
        said = str(error)
    assert "temperature" in said and "0.25" in said and "0.75" in said, said[:200]


@case("order", "a thousand recordings answer as fast as ten")
def constant(tool: Tool, folder: Path) -> None:
    import time

    import httpx

    def seconds(count: int) -> float:
        file = folder / f"{count}.yaml"
        with tool.record(file), httpx.Client(trust_env=False) as client:
            for number in range(10):
                client.post(server.url, json={"n": number, "text": "x" * 50})
        if count > 10:
            grow(file, count)
        took: list[float] = []
        for _ in range(3):
            with tool.replay(file), httpx.Client(trust_env=False) as client:
                client.post(server.url, json={"n": 0, "text": "x" * 50})
                start = time.process_time()
                for number in range(1, 10):
                    client.post(server.url, json={"n": number, "text": "x" * 50})
                took.append(time.process_time() - start)
        return min(took)  # whatever else the machine does meanwhile

    def grow(file: Path, count: int) -> None:
        """Puts recordings of other questions before the ten."""
        import yaml

        document = yaml.safe_load(file.read_text())
        item = json.dumps(document["interactions"][0], default=str)
        others = [
            json.loads(item.replace('"n\\": 0', f'"n\\": {number}').replace('n\\":0', f'n\\":{number}'))
            for number in range(100, count)
        ]
        document["interactions"] = others + document["interactions"]
        file.write_text(yaml.safe_dump(document, sort_keys=False))

    with Server(echo) as server:
        seconds(5)  # warm
        assert seconds(2000) < seconds(10) * 3 + 0.02


@case("order", "text and binary bodies are told apart")
def plain_bodies(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(numbered()) as server:
        with tool.record(file):
            for content in (b"one", b"two", b"\x00\xff\x01", b"\x00\xff\x02"):
                look(server.url, content=content)
        with tool.replay(file):
            order = [b"\x00\xff\x02", b"two", b"\x00\xff\x01", b"one"]
            assert [look(server.url, content=content).body for content in order] == [b"3", b"1", b"2", b"0"]


@case("order", "a multipart body matches with another boundary")
def boundary(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"

    def send(url: str) -> bytes:
        return look(url, files={"file": ("a.txt", b"hello")}, data={"purpose": "x"}).body

    with Server(numbered()) as server:
        with tool.record(file):
            send(server.url)
        with tool.replay(file):
            assert send(server.url) == b"0"
