"""A transcript reads without a manual, and reads the same whatever ids and times a run had."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from playhead.messages import (
    BinaryContent,
    FilePart,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    RetryPromptPart,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.transcript import TranscriptFold, Values, render_value, transcript_of
from playhead.usage import RequestUsage, RunUsage
from tests.transcript._sample import weather_run


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]


WEATHER = """\
request 1  gpt-5
  instructs "Be brief."
  user      "Weather in Paris?"
  thinking  "Let me" | " think." | (signed)
  text      "I will" | " check.\\n"
  call#1    get_weather  `{"ci` | `ty": "Paris"}`
  usage     51 in, 12 out, 4 reasoning_tokens
  finish    tool_call
tools
  call#1    get_weather(city="Paris")
  call#1    returned "sunny"
request 2
  call#2    final_result  `{"city": "Pa`  => {"city": "Pa"}
            `ris", "te`  => city += "ris"
            `mp` | `": 12}`  => temp = 12
  usage     80 in, 9 out
output      {"city": "Paris", "temp": 12}
usage       2 requests, 1 tool call, 131 in, 21 out, 4 reasoning_tokens
"""


def test_a_run_reads_as_what_was_asked_what_came_in_which_pieces_and_what_was_done() -> None:
    assert str(weather_run()) == WEATHER


def test_ids_do_not_count() -> None:
    assert weather_run(call_id="toolu_aaaaaaaaaaaa") == weather_run(call_id="call_bbbbbbbbbbbbb")
    assert weather_run() == WEATHER
    assert weather_run() != weather_run(weather="rainy")


def test_times_are_shown_only_when_asked_for() -> None:
    timed = weather_run().render(times=True)
    assert '"I will" @30 | " check.\\n" @40' in timed
    assert "took        112 ms" in timed
    assert "@" not in str(weather_run())


def test_the_same_id_has_the_same_label_wherever_it_stands_also_inside_of_text() -> None:
    fold = TranscriptFold()
    fold.request(ModelRequest([UserPromptPart("x")]))
    one, two = "pyd_ai_" + "a" * 32, "pyd_ai_" + "b" * 32
    fold.end_request(ModelResponse([ToolCallPart("f", {}, two), ToolCallPart("f", {"of": one}, one)]))
    fold.request(
        ModelRequest(
            [ToolReturnPart("f", f"started {one}", one), RetryPromptPart("no", tool_name="f", tool_call_id=two)]
        )
    )
    text = str(fold.close())
    assert "pyd_ai" not in text
    assert '  call#2    f(of="call#2")\n  call#2    returned "started call#2"' in text
    assert '  call#1    f()\n  call#1    retry "no"' in text


def test_deltas_of_an_earlier_part_go_on_under_its_own_name() -> None:
    run = transcript_of(
        [
            PartStartEvent(index=0, part=ToolCallPart("a", '{"x"', "id_aaaaaaaaaaaa")),
            PartStartEvent(index=1, part=ToolCallPart("b", '{"y"', "id_bbbbbbbbbbbb")),
            PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta=": 1}")),
            PartDeltaEvent(index=1, delta=ToolCallPartDelta(args_delta=": 2}")),
        ]
    )
    assert str(run).splitlines()[1:5] == [
        '  call#1    a  `{"x"`',
        '  call#2    b  `{"y"`',
        "  call#1    … `: 1}`",
        "  call#2    … `: 2}`",
    ]


def test_every_character_that_one_cannot_see_is_escaped() -> None:
    shown = Values().line('a\u200bb\x07\u202e\u2028\ud800 é ß 漢 👩\t"\\')
    assert shown == r'"a\u200bb\u0007\u202e\u2028\ud800 é ß 漢 👩\t\"\\"'


@given(st.text())
def test_a_text_is_shown_on_one_printable_line(text: str) -> None:
    shown = Values().line(text)
    assert len(shown.splitlines()) == 1
    assert shown.encode()  # no lone surrogates


def test_long_text_and_binary_content_are_shortened_to_length_and_digest() -> None:
    values = Values()
    assert values.line("x" * 5000) == f'"{"x" * 160}…" (5,000 characters, sha256 c59d3c04)'
    assert values.line("x" * 240) == f'"{"x" * 240}"'
    assert values.line(b"\x00" * 4000) == f"<4,000 bytes, sha256 {sha(bytes(4000))}>"
    assert values.line(BinaryContent(b"PNG!" * 100, media_type="image/png")) == (
        f"<image/png, 400 bytes, sha256 {sha(b'PNG!' * 100)}>"
    )
    assert values.line(FilePart(BinaryContent(b"%PDF" * 10, media_type="application/pdf"))).startswith(
        "FilePart(content=<application/pdf, 40 bytes"
    )
    assert values.line(list(range(1000))).endswith(
        f"99, … 900 more, sha256 {sha(', '.join(map(str, range(100, 1000))).encode())}]"
    )


class Colour(Enum):
    RED = "red"


class Model(BaseModel):
    name: str
    colour: Colour = Colour.RED
    tags: list[str] = []


@dataclass
class Record:
    when: datetime
    note: str = ""
    parts: list[int] = field(default_factory=list)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        (Model(name="x"), 'Model(name="x", colour=Colour.RED, tags=[])'),
        (Model.model_construct(name="x"), 'Model(name="x", colour=Colour.RED, tags=[])'),
        (Record(datetime(2026, 1, 1, tzinfo=UTC)), "Record(when=datetime 2026-01-01T00:00:00+00:00)"),
        ({"a": [1, (2,)], 3: {4, 5}}, '{"a": [1, (2)], 3: {4, 5}}'),
        (ValueError("no"), 'ValueError: "no"'),
        (
            ExceptionGroup("all", [ValueError("no"), KeyError()]),
            'ExceptionGroup: "all (2 sub-exceptions)" [ValueError: "no", KeyError]',
        ),
        (int, "int"),
        (object(), "<object object>"),
    ],
)
def test_a_value_is_shown_on_one_line(value: object, shown: str) -> None:
    assert Values().line(value) == shown


def test_partial_text_is_not_shown_twice_but_a_validator_that_changes_it_is() -> None:
    fold = TranscriptFold()
    fold.request(ModelRequest([UserPromptPart("x")]))
    for start, piece, partial in ((True, "ab", "ab"), (False, "cd", "abcd"), (False, "ef", "ABCDEF")):
        event = (
            PartStartEvent(index=0, part=TextPart(piece))
            if start
            else PartDeltaEvent(index=0, delta=TextPartDelta(piece))
        )
        fold.feed(event)
        fold.partial(partial)
    assert '  text      "ab" | "cd" | "ef"  => text = "ABCDEF"\n' in str(fold.close())


def test_a_long_reply_breaks_lines_at_sentences_so_that_a_change_moves_few_lines() -> None:
    sentence = ["The", " weather", " in", " this", " town", " is", " mostly", " fine."]
    pieces = sentence * 5

    def reply(pieces: list[str]) -> list[str]:
        first, *rest = pieces
        events = [PartStartEvent(index=0, part=TextPart(first))]
        events += [PartDeltaEvent(index=0, delta=TextPartDelta(piece)) for piece in rest]
        return str(transcript_of(events)).splitlines()

    before, after = reply(pieces), reply([*pieces[:9], " really", *pieces[9:]])
    assert all(len(line) <= 110 for line in before)
    assert before[-3:] == after[-3:]


def test_a_list_is_shown_item_by_item() -> None:
    run = weather_run()
    assert render_value(run.text_deltas, Values()) == '"I will"\n" check.\\n"\n'
    assert (
        render_value(run.tool_events, Values()) == 'call#1    get_weather(city="Paris")\ncall#1    returned "sunny"\n'
    )
    assert render_value(run.usage, Values()) == "2 requests, 1 tool call, 131 in, 21 out, 4 reasoning_tokens\n"
    assert render_value(RunUsage(), Values()) == "0 requests\n"
    assert render_value(RequestUsage(input_tokens=1), Values()) == "1 in, 0 out\n"
    assert render_value([], Values()) == "[]\n"
    shown = render_value(run.events, Values())
    assert 'PartStartEvent(index=0, part=ThinkingPart(content="Let me"))' in shown
    assert "timestamp" not in shown
    assert "tool_call_id=call#1" in shown


def test_messages_are_shown_without_timestamps_and_ids() -> None:
    messages = [
        ModelRequest([UserPromptPart("hi")], run_id="run-1", timestamp=datetime.now(UTC)),
        ModelResponse([TextPart("ho"), ToolCallPart("f", '{"a": 1}', "call_123456789012")], finish_reason="stop"),
        ModelRequest([ToolReturnPart("f", {"b": 2}, "call_123456789012")]),
    ]
    assert render_value(messages, Values()) == (
        'request\n  user      "hi"\nresponse\n  text      "ho"\n  call#1    f  `{"a": 1}`\n  finish    stop\n'
        'request\n  call#1    returned {"b": 2}\n'
    )


def test_syrupys_matchers_and_filters_reach_nested_values() -> None:
    values = Values(
        matcher=lambda data, path: "<id>" if path and path[-1][0] == "id" else data,
        exclude=lambda prop, path: prop == "secret",
    )
    assert values.line({"id": "x1", "of": {"id": 5, "secret": 1}}) == '{"id": "<id>", "of": {"id": "<id>"}}'
