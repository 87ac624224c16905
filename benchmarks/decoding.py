"""Decoding a streamed reply to finished events, beside `json.loads` of its frames and the provider's own SDK.

    python benchmarks/decoding.py

One body for each dialect, written by its encoder: 2,000 short pieces of text and of a tool call's arguments; then one for
each kind of reply, a very short one (where what a reply costs at all is told), and Google's text as it is really sent,
with growing usage in each chunk. With the recordings of the corpus at hand (`tests/_shared.py`), then their streams, summed
for each dialect, and the short ones among them (three frames at most) for themselves. All numbers of a row come from
one run; what counts are the ratios. Budgets: 3 x `json.loads`, and a fifth of the SDK.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playhead.messages import ModelResponse, ModelResponsePart, ResponseMeta, TextPart, ThinkingPart, ToolCallPart
from playhead.stream import unfold
from playhead.usage import RequestUsage
from playhead.wire import DIALECTS, FrameSplitter, provider_of, recognise

ROOT = Path(__file__).parent.parent
SHORT = 3
"""Streams of so many frames are short."""

TEXT = "The weather in Zürich is sunny, and it will stay so. " * 8
PARTS: dict[str, ModelResponsePart] = {
    "text": TextPart(TEXT * 20),
    "reasoning": ThinkingPart(TEXT * 20),
    "arguments": ToolCallPart("search", json.dumps({"query": TEXT * 5}), "c1"),
    "one short text": TextPart("It is sunny."),
}


def measure() -> dict[str, dict[str, float]]:
    """A row for each dialect: milliseconds, and the ratios to `json.loads` and to the SDK (where it is installed)."""
    return {name: _row(name, reply(name, PARTS["text"], PARTS["arguments"])) for name in DIALECTS}


def measure_kinds() -> dict[str, dict[str, float]]:
    """A row for each dialect and kind of reply."""
    rows: dict[str, dict[str, float]] = {}
    for name in DIALECTS:
        for kind, part in PARTS.items():
            if (name, kind) != ("google-generate", "arguments"):  # which this format sends as a whole
                rows[f"{name}, {kind}"] = _row(name, reply(name, part))
    return rows | {"google-generate, usage in each chunk": _row("google-generate", _google_text())}


def measure_corpus(corpus: Path) -> dict[str, dict[str, float]]:
    """A row for each dialect: the sum over the recorded streams, and over the short ones."""
    sums: dict[str, dict[str, float]] = {}
    for name, frames, decode in _recorded(corpus):
        kinds = [name, f"{name}, {SHORT} frames at most"] if len(frames) <= SHORT else [name]
        floor, ours = _often(lambda frames=frames: [json.loads(frame) for frame in frames]), _often(decode)
        for kind in kinds:
            row = sums.setdefault(kind, {"streams": 0, "frames": 0, "json_ms": 0.0, "playhead_ms": 0.0})
            row["streams"] += 1
            row["frames"] += len(frames)
            row["json_ms"] += floor * 1e3
            row["playhead_ms"] += ours * 1e3
    return {kind: row | {"to_json": row["playhead_ms"] / row["json_ms"]} for kind, row in sorted(sums.items())}


def _recorded(corpus: Path) -> Iterator[tuple[str, list[str], Callable[[], None]]]:
    """The streams of the corpus that are JSON throughout: dialect, frames, and what decodes one."""
    sys.path[:0] = [str(ROOT / "tests" / "corpus")]
    import run

    for expected in sorted(corpus.rglob("*.expected.json")):
        wanted = json.loads(expected.read_text(encoding="utf-8"))["interactions"]
        wanted = [item for item in wanted if item["model_call"] and item["streamed"] and item["ok"]]
        interactions = run.load_cassette(run.cassette_of(expected))["interactions"] if wanted else []
        for item in wanted:
            request, response = interactions[item["n"]]["request"], interactions[item["n"]]["response"]
            url = request.get("uri") or request["url"]
            dialect = recognise(request["method"], url, {}, b"")
            body = run._body(response, run._headers(response.get("headers")))
            frames = [frame.data for frame in FrameSplitter().feed(body) if frame.data != "[DONE]"]
            try:
                _ = [json.loads(frame) for frame in frames]
            except ValueError:
                continue
            if dialect is None or not frames:
                continue

            def decode(dialect: Any = dialect, body: bytes = body, item: Any = item, url: str = url) -> None:
                decoder = dialect.decoder(streamed=True, model=item["model"], provider=provider_of(url))
                decoder.feed(body)
                decoder.close()

            yield dialect.name, frames, decode


def _often(run: Callable[[], object]) -> float:
    """The least time, of rounds that are long enough for the clock."""
    once = _best(run, 1)
    count = max(1, int(0.0005 / max(once, 1e-6)))
    return _best(lambda: [run() for _ in range(count)], 7) / count


def _row(name: str, body: bytes) -> dict[str, float]:
    dialect = DIALECTS[name]
    frames = [frame.data for frame in FrameSplitter().feed(body) if frame.data != "[DONE]"]

    def decode() -> None:
        decoder = dialect.decoder(streamed=True)
        decoder.feed(body)
        decoder.close()

    floor = _best(lambda: [json.loads(frame) for frame in frames])
    ours = _best(decode)
    row = {"frames": len(frames), "json_ms": floor * 1e3, "playhead_ms": ours * 1e3, "to_json": ours / floor}
    try:
        iterate = SDKS[name](body)
        iterate()
    except Exception as error:  # an SDK that is missing, or that this version cannot drive
        print(f"{name}: no SDK to compare with: {type(error).__name__}: {error}")
    else:
        theirs = _best(iterate, repeats=3)
        row |= {"sdk_ms": theirs * 1e3, "to_sdk": ours / theirs}
    return row


def _google_text() -> bytes:
    chunks: list[bytes] = []
    for number, piece in enumerate(_short(TEXT * 20)):
        candidate = {"content": {"parts": [{"text": piece}], "role": "model"}, "index": 0}
        usage = {
            "promptTokenCount": 9,
            "candidatesTokenCount": number,
            "totalTokenCount": 9 + number,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}],
        }
        chunk = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-x", "responseId": "r1"}
        chunks.append(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n")
    return b"".join(chunks)


def reply(name: str, *parts: ModelResponsePart) -> bytes:
    """The bytes of one streamed reply."""
    response = ModelResponse(parts=[*parts])
    encoder = DIALECTS[name].encoder(streamed=True)
    pieces = [
        encoder.feed(ResponseMeta(provider_response_id="msg_0123456789abcdef", model_name="model-2026-01-01")),
        *(encoder.feed(event) for event in unfold(response, _short)),
        encoder.feed(ResponseMeta(usage=RequestUsage(input_tokens=9, output_tokens=2000), finish_reason="tool_call")),
    ]
    return b"".join(pieces) + encoder.close()


def _short(text: str) -> list[str]:
    return [text[start : start + 5] for start in range(0, len(text), 5)]


def _best(run: Callable[[], object], repeats: int = 15) -> float:
    """The least time of this process: what else the machine does counts for nothing."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


def _transport(sdk_client: type, body: bytes) -> Any:
    """A client, of the httpx that an SDK is built on, whose every answer is `body`."""
    import importlib

    httpx = importlib.import_module(sdk_client.__mro__[1].__module__.split(".")[0])
    answer = httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})
    return httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(**_copied(answer))))


def _copied(answer: Any) -> dict[str, Any]:
    return {"status_code": answer.status_code, "content": answer.content, "headers": answer.headers}


def _openai_chat(body: bytes) -> Callable[[], object]:
    import openai

    client = openai.OpenAI(api_key="x", base_url="http://x/v1", http_client=_transport(openai.DefaultHttpxClient, body))
    return lambda: [*client.chat.completions.create(model="m", messages=[], stream=True)]


def _openai_responses(body: bytes) -> Callable[[], object]:
    import openai

    client = openai.OpenAI(api_key="x", base_url="http://x/v1", http_client=_transport(openai.DefaultHttpxClient, body))
    return lambda: [*client.responses.create(model="m", input="x", stream=True)]


def _anthropic(body: bytes) -> Callable[[], object]:
    import anthropic

    http_client = _transport(anthropic.DefaultHttpxClient, body)
    client = anthropic.Anthropic(api_key="x", base_url="http://x", http_client=http_client)
    return lambda: [*client.messages.create(model="m", max_tokens=9, messages=[], stream=True)]


def _google(body: bytes) -> Callable[[], object]:
    import httpx
    from google import genai
    from google.genai import types

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})

    options = types.HttpOptions(base_url="http://x", httpx_client=httpx.Client(transport=httpx.MockTransport(answer)))
    client = genai.Client(api_key="x", http_options=options)
    return lambda: [*client.models.generate_content_stream(model="m", contents="x")]


SDKS: dict[str, Callable[[bytes], Callable[[], object]]] = {
    "openai-chat": _openai_chat,
    "openai-responses": _openai_responses,
    "anthropic-messages": _anthropic,
    "google-generate": _google,
}


def main() -> None:
    """Print the table."""
    for name, row in (measure() | measure_kinds()).items():
        sdk = f", 1/{1 / row['to_sdk']:.0f} of its SDK ({row['sdk_ms']:.0f} ms)" if "to_sdk" in row else ""
        print(
            f"{name}: {row['frames']:.0f} frames in {row['playhead_ms']:.1f} ms: {row['to_json']:.2f} x json.loads{sdk}"
        )
    sys.path[:0] = [str(ROOT)]
    from tests._shared import SHARED

    if (SHARED / "corpus").is_dir():
        for name, row in measure_corpus(SHARED / "corpus").items():
            print(f"recorded {name}: {row['streams']:.0f} streams, {row['frames']:.0f} frames: {row['to_json']:.2f} x")


if __name__ == "__main__":
    main()
