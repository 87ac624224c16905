"""The traffic of any client, read back as what an agent did."""

import json
from pathlib import Path
from typing import Any

import pytest

import playhead
from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, Stream, write_file
from playhead.models import ScriptedModel
from playhead.traffic import compare_replies, read_exchanges, read_script, read_transcript
from playhead.transcript import ToolCalled, ToolReturned, Values, render_value
from tests._shared import shared_files

URL = "https://api.openai.com/v1/chat/completions"
CALL = {
    "id": "call_abcdefghijkl",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'},
}


def sse(*frames: dict[str, Any] | str) -> list[bytes]:
    """The frames of a stream, each as bytes."""
    return [f"data: {f if isinstance(f, str) else json.dumps(f)}\n\n".encode() for f in (*frames, "[DONE]")]


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": fields, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-5-2026", "choices": [choice]}


def usage(prompt: int, completion: int) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "gpt-5-2026",
        "choices": [],
        "usage": counts,
    }


def exchange(
    messages: list[dict[str, Any]],
    chunks: list[bytes],
    *,
    status: int = 200,
    url: str = URL,
    stream: Stream | None = None,
    content_type: str = "text/event-stream",
) -> Interaction:
    body = {"model": "gpt-5", "messages": messages, "stream": content_type == "text/event-stream"}
    recorded = stream or Stream([len(chunk) for chunk in chunks], [100 * (n + 1) for n, _ in enumerate(chunks)])
    return Interaction(
        RecordedRequest("POST", url, {"content-type": ["application/json"]}, json.dumps(body).encode()),
        RecordedResponse(status, "OK", {"content-type": [content_type]}, b"".join(chunks), recorded),
    )


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


ASK = [{"role": "system", "content": "Be brief."}, user("Weather in Paris?")]
ANSWERED = [
    *ASK,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": CALL["id"], "content": "sunny"},
]
CALLS = sse(
    delta(
        role="assistant", tool_calls=[{"index": 0, **CALL, "function": {"name": "get_weather", "arguments": '{"ci'}}]
    ),
    delta(tool_calls=[{"index": 0, "function": {"arguments": 'ty": "Paris"}'}}]),
    delta("tool_calls"),
    usage(51, 12),
)
SUNNY = sse(delta(role="assistant", content="It is"), delta(content=" sunny"), delta("stop"), usage(70, 5))

WEATHER = """\
request 1  gpt-5-2026
  system    "Be brief."
  user      "Weather in Paris?"
  call#1    get_weather  `{"ci` | `ty": "Paris"}`
  usage     51 in, 12 out
  finish    tool_call
tools
  call#1    get_weather(city="Paris")
  call#1    returned "sunny"
request 2  gpt-5-2026
  text      "It is" | " sunny"
  usage     70 in, 5 out
  finish    stop
usage       2 requests, 1 tool call, 121 in, 17 out
"""


def test_a_tool_loop_reads_as_one_conversation_with_the_cuts_of_its_chunks() -> None:
    run = read_transcript([exchange(ASK, CALLS), exchange(ANSWERED, SUNNY)])
    assert str(run) == WEATHER
    assert run.text_deltas == ["It is", " sunny"]
    assert run.tool_events == [
        ToolCalled("get_weather", {"city": "Paris"}, valid=True),
        ToolReturned("get_weather", "sunny"),
    ]
    assert [request.usage.input_tokens for request in run.requests] == [51, 70]
    assert run.requests[1].chunks == [len(chunk) for chunk in SUNNY]
    assert [message.kind for message in run.messages] == ["request", "response", "request", "response"]
    run.assert_called("get_weather", {"city": "Paris"})
    run.assert_text_contains("It is sunny")


def test_times_are_those_of_the_chunks_one_request_after_the_other() -> None:
    run = read_transcript([exchange(ASK, CALLS), exchange(ANSWERED, SUNNY)])
    timed = run.render(times=True)
    assert '`{"ci` @100 | `ty": "Paris"}` @200' in timed
    assert '"It is" @600 | " sunny" @700' in timed  # the second request begins when the first is over
    assert run.runs[0].duration_ms == 1000


def test_interleaved_conversations_are_told_apart() -> None:
    other = [user("Tell me a joke.")]
    joke = sse(delta(content="Knock"), delta(content=" knock."), delta("stop"))
    who = [*other, {"role": "assistant", "content": "Knock knock."}, user("Who is there?")]
    boo = sse(delta(content="Boo."), delta("stop"))
    run = read_transcript([exchange(ASK, CALLS), exchange(other, joke), exchange(ANSWERED, SUNNY), exchange(who, boo)])
    assert [len(one.requests) for one in run.runs] == [2, 2]
    assert str(run.runs[0]) == WEATHER
    assert '  user      "Who is there?"\n  text      "Boo."' in str(run.runs[1])
    assert str(run).startswith("conversation 1 of 2\n")
    assert "usage of all  4 requests, 1 tool call" in str(run)
    assert [request.index for request in run.requests] == [0, 1, 2, 3]
    assert run.text == "Knock knock.It is sunnyBoo."


def test_the_same_question_asked_twice_is_two_conversations() -> None:
    run = read_transcript([exchange(ASK, SUNNY), exchange(ASK, SUNNY)])
    assert len(run.runs) == 2


def test_a_request_sent_again_after_a_failure_is_the_same_conversation() -> None:
    busy = [json.dumps({"error": {"message": "Slow down", "type": "rate_limit", "code": "429"}}).encode()]
    run = read_transcript([exchange(ASK, busy, status=429, content_type="application/json"), exchange(ASK, SUNNY)])
    assert len(run.runs) == 1
    lines = str(run).splitlines()
    assert any(line.startswith('  error     {"status": 429, "message": "Slow down"') for line in lines)
    assert lines.count('  user      "Weather in Paris?"') == 1


def test_a_cut_history_is_recognised_by_the_calls_it_answers() -> None:
    run = read_transcript([exchange(ASK, CALLS), exchange(ANSWERED[2:], SUNNY)])
    assert len(run.runs) == 1
    run.assert_returned("get_weather", "sunny")


def test_a_stream_that_broke_says_how() -> None:
    cut = Stream([len(SUNNY[0])], [100], "disconnected", ("RemoteProtocolError", "peer closed connection"))
    run = read_transcript([exchange(ASK, SUNNY[:1], stream=cut)])
    assert '  text      "It is"\n  ended     disconnected (RemoteProtocolError: peer closed connection)' in str(run)
    assert run.requests[0].end.startswith("disconnected")


def test_what_is_no_call_of_a_model_is_a_note() -> None:
    other = exchange([], [b'{"ok": true}'], url="https://example.org/v1/files?key=x", content_type="application/json")
    run = read_transcript([other, exchange(ASK, SUNNY)])
    assert run.notes == ["http        POST https://example.org/v1/files -> 200, 12 bytes"]
    assert str(run).endswith(run.notes[0] + "\n")


def test_what_cannot_be_decoded_says_so_and_hides_nothing() -> None:
    run = read_transcript([exchange(ASK, [b'data: {"choices": 7}\n\n']), exchange(ASK, SUNNY)])
    assert run.requests[0].error
    assert run.text == "It is sunny"


def test_an_unfinished_call_counts_as_called() -> None:
    run = read_transcript([exchange(ASK, CALLS)])
    assert run.tool_events == [ToolCalled("get_weather", {"city": "Paris"}, valid=None)]


def test_a_file_reads_like_its_interactions(tmp_path: Path) -> None:
    interactions = [exchange(ASK, CALLS), exchange(ANSWERED, SUNNY)]
    path = tmp_path / "weather.yaml"
    write_file(str(path), interactions)
    assert playhead.read_transcript(path) == WEATHER
    assert render_value(playhead.read_transcript(str(path)), Values()) == WEATHER


async def test_a_recording_becomes_a_script_that_plays_the_same_run() -> None:
    from playhead import Agent

    script = read_script([exchange(ASK, CALLS), exchange(ANSWERED, SUNNY)])
    agent = Agent(ScriptedModel(script))

    @agent.tool_plain
    def get_weather(city: str) -> str:
        assert city == "Paris"
        return "sunny"

    run = await playhead.capture_run(agent, "Weather in Paris?")
    assert run.text_deltas == ["It is", " sunny"]
    assert '  call#1    get_weather  `{"ci` | `ty": "Paris"}`' in str(run)
    assert (run.usage.input_tokens, run.usage.output_tokens) == (121, 17)


def test_a_script_keeps_errors_pauses_and_broken_streams() -> None:
    busy = [json.dumps({"error": {"message": "Slow down", "type": "rate_limit"}}).encode()]
    cut = Stream([len(SUNNY[0])], [100], "disconnected", ("RemoteProtocolError", "x"))
    script = read_script(
        [exchange(ASK, busy, status=429, content_type="application/json"), exchange(ASK, SUNNY[:1], stream=cut)],
        timing=True,
    )
    first, second = script.model_dump()["responses"]
    assert first[0]["error"]["status"] == 429
    assert list(second[0]) == ["wait"]
    assert second[0]["wait"] == 0.1
    assert list(second[-1]) == ["disconnect"]


def test_a_cassette_without_models_makes_no_script() -> None:
    with pytest.raises(playhead.ScriptError, match="holds no call of a model"):
        read_script([])


@pytest.mark.parametrize("path", shared_files("corpus", "*.yaml")[::8], ids=lambda path: path.stem)
def test_real_recordings_read(path: Path) -> None:
    run = read_transcript(path)
    exchanges = read_exchanges(path)
    assert len(run.requests) + len(run.notes) == len(exchanges)
    assert str(run) == str(read_transcript(path))
    for request, found in zip(run.requests, [one for one in exchanges if one.call is not None], strict=True):
        if found.response is not None and found.streamed:
            texts = [part.content for part in found.response.parts if part.part_kind == "text"]
            assert "".join(request.text_deltas) == "".join(texts)
    if any(one.call is not None for one in exchanges):
        read_script(path)


def test_replies_are_compared_by_what_the_model_did() -> None:
    recorded = exchange(ASK, CALLS)
    other_words = sse(
        delta(tool_calls=[{"index": 0, **CALL, "function": {"name": "get_weather", "arguments": '{"city": "Rome"}'}}]),
        delta("tool_calls"),
    )
    assert compare_replies(recorded, exchange(ASK, other_words), "shape") is None
    text = compare_replies(recorded, exchange(ASK, other_words), "text")
    assert text == 'call 1: recorded get_weather {"city": "Paris"}, now get_weather {"city": "Rome"}'
    other_arguments = sse(
        delta(tool_calls=[{"index": 0, **CALL, "function": {"name": "get_weather", "arguments": '{"town": 7}'}}]),
        delta("tool_calls"),
    )
    differs = compare_replies(recorded, exchange(ASK, other_arguments), "shape")
    assert differs == "call 1: recorded get_weather {city: text}, now get_weather {town: number}"
    assert compare_replies(recorded, exchange(ASK, SUNNY), "shape") == (
        "parts: recorded tool-call, now text\n    finish: recorded tool_call, now stop\n"
        "    call 1: recorded get_weather {city: text}, now none"
    )
    busy = [json.dumps({"error": {"message": "Slow down"}}).encode()]
    failed = exchange(ASK, busy, status=429, content_type="application/json")
    assert "error: recorded none, now 429" in str(compare_replies(recorded, failed, "shape"))
