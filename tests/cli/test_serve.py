"""`playhead serve`: scripts, cassettes and schemas for clients in any language, and the proxy that records for them."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from playhead.cassette import read_file
from playhead.cli import main
from playhead.models import ScriptedModel, load_script
from playhead.models.function import DeltaToolCall, FunctionModel
from playhead.script import text
from playhead.server import Provider, RunningProvider
from playhead.traffic import read_script, write_cassette

SCRIPTS = Path(__file__).resolve().parents[2] / "fixtures" / "scripts"
KEY = "sk-proj-" + "a1B2c3D4" * 6


class Served:
    """`playhead serve` in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-c", "from playhead.cli import main; main()", "serve", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1)  # fmt: skip
        assert self.process.stdout is not None
        self.lines: list[str] = []
        while not self.lines or "Ctrl-C" not in self.lines[-1]:
            line = self.process.stdout.readline()
            assert line, (self.process.stderr.read() if self.process.stderr else "", self.lines)
            self.lines.append(line)
        shown = "".join(self.lines)
        self.url = [
            word.rstrip(".)").removesuffix("/v1") for word in shown.split() if word.startswith("http://127.0.0.1:")
        ][-1]

    def stop(self) -> tuple[str, str]:
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=50)
        assert self.process.returncode == 0, err
        return out, err


@pytest.fixture
def serve() -> Generator[Callable[..., Served]]:
    made: list[Served] = []

    def start(*arguments: str) -> Served:
        made.append(Served(*arguments))
        return made[-1]

    yield start
    for served in made:
        if served.process.poll() is None:
            served.process.kill()
        served.process.communicate()


def ask(url: str, prompt: str = "What is the weather?", **more: Any) -> httpx.Response:
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": prompt}], **more}
    return httpx.post(f"{url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {KEY}"}, timeout=50)


@pytest.mark.parametrize("how", [(), ("--small",)], ids=["uvicorn", "small"])
def test_a_script_is_served_and_requests_are_shown(serve: Callable[..., Served], how: tuple[str, ...]) -> None:
    served = serve(str(SCRIPTS / "weather.yaml"), "--model", "gpt-5", *how)
    assert ask(served.url).json()["choices"][0]["finish_reason"] == "tool_calls"
    assert (
        ask(served.url, "Hello", temprature=1).json()["choices"][0]["message"]["content"]
        == "I only know about the weather."
    )
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="k") as client:
        assert [model.id for model in client.models.list()] == ["gpt-5"]
    out, err = served.stop()
    assert "200 POST /v1/chat/completions" in out
    assert "openai-chat has no field 'temprature'; did you mean 'temperature'?" in out
    assert out.splitlines()[-1] == "2 requests."
    assert err == ""


def test_a_cassette_is_served_and_what_is_left_is_told(serve: Callable[..., Served], tmp_path: Path) -> None:
    count = write_cassette(load_script(SCRIPTS / "stories.yaml"), tmp_path / "tape.yaml", dialect="anthropic-messages")
    assert count == 7
    served = serve(str(tmp_path / "tape.yaml"))
    assert ask(served.url).json()["choices"][0]["message"]["content"] == 'It is "sunny" ☀ in Zürich.'
    _, err = served.stop()
    assert "6 of 7 scripted responses were not used" in err


def test_without_a_script_answers_fit_the_schemas(serve: Callable[..., Served]) -> None:
    served = serve("--schema", "--seed", "3", "--quiet")
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5, "maximum": 6}}, "required": ["n"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    message = ask(served.url, response_format=wanted).json()["choices"][0]["message"]
    assert json.loads(message["content"])["n"] in (5, 6)


def test_mistakes_are_sentences_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("- txt: hello\n")
    for arguments, words in (
        ([str(tmp_path / "none.yaml")], "There is no file"),
        ([str(tmp_path / "bad.yaml")], "bad.yaml:1: 0.steps.0: unknown step 'txt'; did you mean 'text'?"),
        ([], "Name a script or a cassette to serve"),
        (["--record", str(tmp_path / "x.yaml")], "need SOURCE, a cassette, and --upstream URL"),
        (["--replay", "--upstream", "http://x", str(tmp_path / "none.yaml")], "There is no cassette"),
    ):
        monkeypatch.setattr(sys, "argv", ["playhead", "serve", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code, words in " ".join(capsys.readouterr().err.split())) == (2, True), arguments


# --------------------------------------------------------------------------- the proxy
def test_a_client_in_any_language_records_by_its_base_url_and_replays(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    tape = tmp_path / "tape.yaml"
    arrived, had_arrived = threading.Event(), list[bool]()

    async def answer(messages: Any, info: Any) -> AsyncIterator[Any]:
        yield "It is"
        had_arrived.append(await asyncio.to_thread(arrived.wait, 20))
        await asyncio.sleep(0.15)
        yield " sunny"
        yield {1: DeltaToolCall("f", '{"a"')}
        yield {1: DeltaToolCall(json_args=": 1}")}

    with RunningProvider(Provider(FunctionModel(stream_function=answer))) as upstream:
        served = serve("--record", "--upstream", upstream.url, str(tape))
        body = {"model": "gpt-5", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
        with httpx.stream("POST", f"{served.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {KEY}"}, timeout=50) as live:  # fmt: skip
            received = b""
            for chunk in live.iter_raw():
                received += chunk
                if b"It is" in received:
                    arrived.set()
        upstream.fail(429, "Slow down", headers={"retry-after": "3"})
        failed = ask(served.url)
        assert (failed.status_code, failed.headers["retry-after"]) == (429, "3")
        served.stop()
    assert had_arrived == [True], "nothing is held back"
    assert KEY not in tape.read_text()
    first, second = read_file(str(tape)).interactions
    assert (first.response.body, first.response.end) == (received, "complete")
    assert len(first.response.chunks) == 5
    assert first.response.at_ms[-1] >= 150
    assert second.response.status == 429

    # The upstream is gone: the same bytes come from the cassette.
    served = serve("--replay", "--upstream", upstream.url, str(tape))
    replayed = httpx.post(f"{served.url}/v1/chat/completions", json=body)
    assert replayed.content == received
    unknown = ask(served.url, "Something else")
    assert unknown.status_code == 500
    assert "No recording fits POST" in unknown.json()["error"]["message"]
    served.stop()

    # And as a script, in another dialect.
    served = serve(str(tape))
    answer = httpx.post(f"{served.url}/v1/messages", json={"model": "c", "max_tokens": 9, "messages": body["messages"]})
    assert [block["type"] for block in answer.json()["content"]] == ["text", "tool_use"]
    served.stop()


def test_an_upstream_that_is_not_there_is_a_502_and_a_cut_stays_a_cut(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve("--record", "--upstream", "http://127.0.0.1:9", str(tmp_path / "none.yaml"), "--small")
    assert (ask(served.url).status_code, served.stop()[0].splitlines()[-1]) == (502, "0 exchanges.")
    with RunningProvider(Provider(ScriptedModel([text("a" * 200)]))) as upstream:
        upstream.cut(after_bytes=90)
        served = serve("--record", "--upstream", upstream.url, str(tmp_path / "cut.yaml"))
        with pytest.raises(httpx.RemoteProtocolError):
            ask(served.url, stream=True)
        served.stop()
    (only,) = read_file(str(tmp_path / "cut.yaml")).interactions
    assert (len(only.response.body), only.response.end) == (90, "disconnected")


# --------------------------------------------------------------------------- scripts and cassettes
@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses", "anthropic-messages", "google-generate"])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_script_written_as_a_cassette_reads_back(dialect: str, streamed: bool, tmp_path: Path) -> None:
    script = load_script(SCRIPTS / "stories.yaml")
    path = tmp_path / "tape.yaml"
    write_cassette(script, path, dialect=dialect, streamed=streamed)
    back = read_script(path)
    texts = ["".join(str(s.model_dump()) for s in r.steps if hasattr(s, "text")) for r in back.responses]
    assert len(back.responses) == len(script.responses)
    if streamed:
        assert "'It', ' is \"sunny\"', ' ☀', ' in Zürich.'" in texts[0], "cuts are kept"


# --------------------------------------------------------------------------- another language
NODE = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "k", maxRetries: 0 });
const seen = [];
for (let n = 0; n < 2; n++) {
  const stream = await client.chat.completions.create({
    model: "gpt-5", messages: [{ role: "user", content: "Weather in Zürich?" }], stream: true,
  });
  let text = "", pieces = 0, args = "", finish = null;
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (!choice) continue;
    if (choice.delta.content) { text += choice.delta.content; pieces++; }
    for (const call of choice.delta.tool_calls ?? []) args += call.function.arguments ?? "";
    finish = choice.finish_reason ?? finish;
  }
  seen.push({ text, pieces, args, finish });
}
try { await client.responses.create({ model: "gpt-5", input: "x" }); }
catch (error) { seen.push({ error: error.constructor.name, status: error.status, message: error.message }); }
console.log(JSON.stringify(seen));
"""


@pytest.mark.slow
def test_the_openai_package_for_node_sees_the_same(serve: Callable[..., Served], tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs Node.js and npm")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    installed = subprocess.run([npm, "install", "--no-audit", "--no-fund", "openai"], cwd=tmp_path, capture_output=True, text=True)  # fmt: skip
    if installed.returncode:
        pytest.skip(f"npm cannot install: {installed.stderr[-200:]}")
    (tmp_path / "ask.mjs").write_text(NODE, "utf-8")
    script = tmp_path / "script.yaml"
    script.write_text(
        '- [text: [It is, " sunny ☀"]]\n'
        "- [{call: {name: get_weather, args: ['{\"city\": \"Z', 'ürich\"}']}}]\n"
        "- {error: {status: 429, message: Slow down}}\n",
        "utf-8",
    )
    served = serve(str(script))
    done = subprocess.run([node, "ask.mjs", served.url], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    text_reply, call_reply, failure = json.loads(done.stdout)
    assert text_reply == {"text": "It is sunny ☀", "pieces": 2, "args": "", "finish": "stop"}
    assert call_reply == {"text": "", "pieces": 0, "args": '{"city": "Zürich"}', "finish": "tool_calls"}
    assert failure == {"error": "RateLimitError", "status": 429, "message": "429 Slow down"}
    served.stop()
