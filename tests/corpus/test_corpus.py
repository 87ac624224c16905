"""Recorded traffic of real providers, decoded: every call agrees with the reference parse, whatever the cuts."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path
from typing import Any

import pytest

from playhead.exceptions import PlayheadError
from playhead.stream import violations
from playhead.wire import provider_of, recognise
from tests._shared import SHARED, shared, shared_files

HERE = Path(__file__).parent
EXPECTED = shared_files("corpus", "*.expected.json")

_SEARCHED = "pydantic-ai/google-generate/google__test_structured_output__test_native_output_with_builtin_tools_stream#0"
DIFFERENCES: dict[str, str] = {
    # The reference changes a part that it has already shown; events never take back. They are in the reply's details.
    _SEARCHED: "the sources of a streamed search come after its result",
}
"""Interactions (`path#n`) where the reference is not followed, each with its reason; all are in docs/dialects.md."""


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


run, compare = load("run"), load("compare")


def name_of(path: Path) -> str:
    return str(path.relative_to(SHARED / "corpus")).removesuffix(".expected.json")


@pytest.mark.parametrize("path", EXPECTED, ids=name_of)
def test_every_recorded_call_agrees_with_the_reference(path: Path):
    expected = json.loads(path.read_text(encoding="utf-8"))["interactions"]
    actual = run.decode_cassette(run.cassette_of(path), [item["n"] for item in expected])
    for want, got in zip(expected, actual, strict=True):
        key = f"{name_of(path)}#{want['n']}"
        found = compare.differences(want, got)
        if key in DIFFERENCES:
            assert found, f"{key} agrees by now; take it out of DIFFERENCES"
        else:
            assert found == [], key


def replies(every: int) -> list[tuple[str, Any, bytes]]:
    """Streamed replies of model calls: a name, a maker of decoders, and the body; one in `every`."""
    found: list[tuple[str, Any, bytes]] = []
    for path in EXPECTED[::every]:
        for n, interaction in enumerate(run.load_cassette(run.cassette_of(path))["interactions"]):
            request, response = interaction["request"], interaction["response"]
            url = request.get("uri") or ""
            headers = run._headers(request.get("headers"))
            asked = run._body(request, headers)
            dialect = recognise(request.get("method", "GET"), url, headers, asked)
            response_headers = run._headers(response.get("headers"))
            body = run._body(response, response_headers)
            if dialect is None or response["status"]["code"] != 200:
                continue
            if not run._is_stream(body, response_headers, url, run._json(asked)):
                continue

            def decoder(dialect: Any = dialect, url: str = url) -> Any:
                return dialect.decoder(streamed=True, provider=provider_of(url))

            found.append((f"{name_of(path)}#{n}", decoder, body))
    return found


def decode(decoder: Any, *pieces: bytes) -> list[Any]:
    return [run._event(event, {}) or event for piece in pieces for event in decoder.feed(piece)] + [
        run._event(event, {}) or event for event in decoder.close()
    ]


def settled(events: list[Any]) -> list[Any]:
    """Events without the ids that are made up anew in each run."""
    return json.loads(
        json.dumps([event if isinstance(event, dict) else repr(event) for event in events]).replace("generated", "g")
    )


def test_cuts_at_any_place_of_real_streams_change_nothing():
    chosen = replies(every=4)
    if not chosen:
        shared("corpus")
    draw = random.Random(7)
    for name, decoder, body in chosen:
        whole = settled(decode(decoder(), body))
        for _ in range(6):
            cut = draw.randrange(len(body) + 1)
            assert settled(decode(decoder(), body[:cut], body[cut:])) == whole, f"{name} cut at {cut}"
        step = draw.choice([1, 2, 3, 5, 17]) if len(body) < 20_000 else 997
        pieces = [body[start : start + step] for start in range(0, len(body), step)]
        assert settled(decode(decoder(), *pieces)) == whole, f"{name} in pieces of {step}"


def test_damaged_real_streams_raise_nothing_but_playheads_own_errors():
    chosen = replies(every=3)
    if not chosen:
        shared("corpus")
    draw = random.Random(11)
    junk = [b"", b"null", b"[]", b'"', b"{", b"}", b"\n\n", b"data: ", b"\xff", b"\\u", b"1e999", b"true", b"[DONE]"]
    for name, decoder, body in chosen:
        for _ in range(8):
            place, length = draw.randrange(len(body) + 1), draw.choice([0, 1, 4, 40])
            damaged = body[:place] + draw.choice(junk) + body[place + length :]
            machine = decoder()
            try:
                events = machine.feed(damaged) + machine.close()
            except PlayheadError as error:
                assert error.problem, name
            else:
                assert violations(events) == [], name


def test_a_stream_that_is_cut_off_gives_what_had_come():
    chosen = replies(every=5)
    if not chosen:
        shared("corpus")
    draw = random.Random(13)
    for name, decoder, body in chosen:
        whole = decoder()
        whole.feed(body)
        machine = decoder()
        machine.feed(body[: draw.randrange(len(body))])
        assert (machine.fold.response().text or "") in (whole.fold.response().text or ""), name


def test_the_runner_writes_a_file_beside_each_cassette(tmp_path: Path):
    source = tmp_path / "corpus" / "deep"
    source.mkdir(parents=True)
    chunk = {"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    interaction = {
        "request": {
            "method": "POST",
            "uri": "https://api.openai.com/v1/chat/completions",
            "headers": {},
            "parsed_body": {"model": "gpt-4o", "messages": [], "stream": True},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"content-type": ["text/event-stream"]},
            "body": {"string": f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"},
        },
    }
    (source / "a.yaml").write_text(json.dumps({"version": 1, "interactions": [interaction]}))
    (source / "a.expected.json").write_text(json.dumps({"schema": 1, "interactions": [{"n": 0, "model_call": True}]}))
    assert run.main(["--corpus", str(tmp_path / "corpus"), "--out", str(tmp_path / "out")]) == 0
    (written,) = json.loads((tmp_path / "out" / "deep" / "a.actual.json").read_text())["interactions"]
    assert written["ok"] is True
    assert written["wire"] == "openai-chat"
    assert written["parts"] == [{"part_kind": "text", "content": "Hi"}]
    assert written["finish_reason"] == "stop"
    assert [event["e"] for event in written["events"]] == ["part_start", "part_end"]
