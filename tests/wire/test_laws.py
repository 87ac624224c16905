"""The laws that hold for every dialect: a new row of the table is tested by being there."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from playhead.clock import FixedClock, use_clock
from playhead.exceptions import PlayheadError
from playhead.ids import SeededIds, use_ids
from playhead.messages import (
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    ModelResponse,
    ModelResponsePart,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    ResponseMeta,
    StreamEvent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolCallPartDelta,
)
from playhead.stream import Fold, fold, unfold, violations
from playhead.usage import RequestUsage
from playhead.wire import DIALECTS, Dialect, ModelCall, WireRequest
from tests.wire.strategies import calls, replies

ROWS = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
BOTH = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])


def encode(dialect: Dialect, events: list[StreamEvent], streamed: bool) -> bytes:
    encoder = dialect.encoder(streamed=streamed)
    return b"".join(encoder.feed(event) for event in events) + encoder.close()


def decode(dialect: Dialect, *pieces: bytes, streamed: bool) -> list[StreamEvent]:
    decoder = dialect.decoder(streamed=streamed)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


@ROWS
@BOTH
@given(events=replies())
def test_what_is_encoded_decodes_to_its_normal_form(dialect: Dialect, streamed: bool, events: list[StreamEvent]):
    assert decode(dialect, encode(dialect, events, streamed), streamed=streamed) == dialect.normal(
        events, streamed=streamed
    )


@ROWS
@BOTH
@given(events=replies())
def test_a_normal_form_is_its_own_normal_form_and_grammatical(
    dialect: Dialect, streamed: bool, events: list[StreamEvent]
):
    normal = dialect.normal(events, streamed=streamed)
    assert violations(normal) == []
    assert dialect.normal(normal, streamed=streamed) == normal


FILE = PartStartEvent(index=0, part=FilePart(BinaryContent(b"x", media_type="image/png")))
USED = ResponseMeta(usage=RequestUsage(input_tokens=7, cache_write_tokens=2, cache_read_tokens=1, output_tokens=3))
ASKED = BuiltinToolCallPart("mcp_server:x", {"action": "call_tool", "tool_name": "z", "tool_args": {"a": 1}}, "b0")
RAN = BuiltinToolCallPart("code_execution", {"container_id": "c", "code": "1"}, "b0")
SEARCHES = [BuiltinToolCallPart("tool_search", {"queries": [name]}, name) for name in ("b0", "b1")]
FOUND = BuiltinToolReturnPart("tool_search", {"discovered_tools": []}, "b1")
CODE = '{"container_id":null,"code":"1"}'
RUNS = BuiltinToolCallPart("code_execution", CODE, "b0")
CALLED = ToolCallPart("g", '{"x":1}', "c0")
MORE = PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta=" ", tool_call_id="c0"))


def _before_a_file(call: BuiltinToolCallPart) -> list[StreamEvent]:
    """A call of the provider's tool, then a file, then more of the call before both."""
    files: list[ModelResponsePart] = [CALLED, call, FILE.part]
    return [*unfold(ModelResponse(parts=files)), MORE]


ODD: dict[str, list[StreamEvent]] = {
    "a part that is not carried, then usage": [FILE, USED],
    "a text without a letter, then usage": [PartStartEvent(index=0, part=TextPart("")), USED],
    "reasoning without a word, then an id": [
        ResponseMeta(model_name="m"),
        PartStartEvent(index=0, part=ThinkingPart("")),
        ResponseMeta(provider_response_id="r1"),
    ],
    "a call of a server's tool, then usage": [*unfold(ModelResponse(parts=[ASKED])), USED],
    "code that ran without an answer": unfold(ModelResponse(parts=[RAN, ThinkingPart("h")])),
    "a reply that did not come to its end": [ResponseMeta(state="incomplete", details={"stop_sequence": "END"})],
    "an empty refusal with a category": [ResponseMeta(refusal="", details={"refusal_category": "z"})],
    "a refusal, then usage": [ResponseMeta(refusal="no", finish_reason="error"), USED],
    "a call without an answer, then a refusal": [*unfold(ModelResponse(parts=[RUNS])), ResponseMeta(refusal="no")],
    "a call of a server's tool, then a refusal": [*unfold(ModelResponse(parts=[ASKED])), ResponseMeta(refusal="no")],
    "a refusal before the end of a call": [
        PartStartEvent(index=0, part=ASKED),
        ResponseMeta(refusal="no"),
        PartEndEvent(index=0, part=ASKED),
    ],
    "a refusal amid a call": [
        PartStartEvent(index=0, part=replace(RUNS, args=None)),
        PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta=CODE[:-4], tool_call_id="b0")),
        ResponseMeta(refusal="no"),
        PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta=CODE[-4:], tool_call_id="b0")),
        PartEndEvent(index=0, part=RUNS),
    ],
    "a call whose id is like one that is made up": [
        *unfold(ModelResponse(parts=[ToolCallPart("g", None, "c0", id="fc_1"), ToolCallPart("g", None, "c1")])),
    ],
    "a call whose id was made up before": [
        *unfold(ModelResponse(parts=[ToolCallPart("g", None, "c0"), ToolCallPart("g", None, "c1", id="fc_0")])),
    ],
    "the second of two searches is answered": unfold(ModelResponse(parts=[*SEARCHES, FOUND])),
    "a search and another call without answers": unfold(
        ModelResponse(parts=[SEARCHES[0], BuiltinToolCallPart("file_search", {"queries": ["a"]}, "b2")])
    ),
    "two searches are answered the other way round": unfold(
        ModelResponse(parts=[*SEARCHES, FOUND, replace(FOUND, tool_call_id="b0")])
    ),
    "more of a call after a server's tool and a file": _before_a_file(ASKED),
    "more of a call after a search and a file": _before_a_file(SEARCHES[0]),
    "reasoning in two parts, of which the first is sealed": unfold(
        ModelResponse(parts=[ThinkingPart("a", id="rs_1", signature="S"), ThinkingPart("b", id="rs_1")])
    ),
    "reasoning in two parts under one id, each with a seal": unfold(
        ModelResponse(parts=[ThinkingPart(text, id="rs_1", signature=text) for text in "ab"])
    ),
    "sealed reasoning without a word, then more under its id": unfold(
        ModelResponse(parts=[ThinkingPart("", id="rs_1", signature="S"), ThinkingPart("b", id="rs_1")])
    ),
    "usage that counts nothing": [ResponseMeta(usage=RequestUsage(details={"output_tokens": 0}))],
}


@ROWS
@BOTH
@pytest.mark.parametrize("events", ODD.values(), ids=ODD.keys())
def test_odd_replies_keep_the_laws(dialect: Dialect, streamed: bool, events: list[StreamEvent]):
    with use_clock(FixedClock()), use_ids(SeededIds()):
        normal = dialect.normal(events, streamed=streamed)
    with use_clock(FixedClock()), use_ids(SeededIds()):
        assert dialect.normal(normal, streamed=streamed) == normal
    with use_clock(FixedClock()), use_ids(SeededIds()):
        assert decode(dialect, encode(dialect, events, streamed), streamed=streamed) == normal
    assert violations(normal) == []


def test_a_result_of_the_second_search_stays_its_own():
    events = unfold(ModelResponse(parts=[*SEARCHES, FOUND]))
    for streamed in (True, False):
        parts = fold(DIALECTS["openai-responses"].normal(events, streamed=streamed)).parts()
        assert [part.tool_call_id for part in parts if isinstance(part, BuiltinToolReturnPart)] == ["b1"]


def test_a_tool_search_of_the_provider_keeps_its_result():
    search = BuiltinToolCallPart("tool_search", {"queries": ["a"]}, "b0")
    found = BuiltinToolReturnPart("tool_search", {"discovered_tools": [{"name": "f"}]}, "b0")
    for streamed in (True, False):
        call, result = fold(
            DIALECTS["openai-responses"].normal(unfold(ModelResponse(parts=[search, found])), streamed=streamed)
        ).parts()
        assert isinstance(call, BuiltinToolCallPart) and isinstance(result, BuiltinToolReturnPart)
        assert (call.args_as_dict(), result.content) == (search.args, found.content)


@ROWS
@given(events=replies())
def test_a_normal_form_says_the_same_but_for_what_the_row_lists_as_not_carried(
    dialect: Dialect, events: list[StreamEvent]
):
    before, after = fold(events), fold(dialect.normal(events))
    assert _said(after) == _said(before)
    assert _calls(after) == _calls(before)
    for name in ("provider_response_id", "model_name", "finish_reason", "refusal"):
        if name not in dialect.not_carried and getattr(before, name) is not None:
            assert getattr(after, name) == getattr(before, name), name
    if "signature" not in dialect.not_carried:
        assert [part.signature for part in _thoughts(after) if part.signature] == [
            part.signature for part in _thoughts(before) if part.signature
        ]
    if before.usage.has_values():
        for name in ("input_tokens", "output_tokens", "cache_read_tokens"):
            assert getattr(after.usage, name) == getattr(before.usage, name), name


def _thoughts(folded: Fold) -> list[ThinkingPart]:
    return [part for part in folded.parts() if isinstance(part, ThinkingPart)]


def _said(folded: Fold) -> tuple[str, str]:
    text = "".join(part.content for part in folded.parts() if isinstance(part, TextPart))
    return text, "".join(part.content for part in _thoughts(folded))


def _calls(folded: Fold) -> list[Any]:
    calls = [part for part in folded.parts() if isinstance(part, ToolCallPart)]
    return [(part.tool_name, part.args_as_dict(), part.tool_call_id) for part in calls]


@ROWS
@BOTH
@given(events=replies(), cuts=st.lists(st.integers(0, 3000), max_size=6))
def test_cuts_never_change_events(dialect: Dialect, streamed: bool, events: list[StreamEvent], cuts: list[int]):
    body = encode(dialect, events, streamed)
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    whole = decode(dialect, body, streamed=streamed)
    assert decode(dialect, *(body[a:b] for a, b in pairwise(places)), streamed=streamed) == whole
    if streamed and len(body) < 3000:
        assert decode(dialect, *(body[n : n + 1] for n in range(len(body))), streamed=True) == whole


@ROWS
@BOTH
@given(body=st.binary(max_size=200))
@example(body=b"data: null\n\n")
@example(body=b'data: {"choices": [null]}\n\n')
@example(body=b'data: {"choices": {"a": 1}}\n\n')
@example(body=b'data: {"type": []}\n\n')
@example(body=b'{"error": 5}')
@example(body=b"[" * 100_000)
@example(body=b'data: {"type": "response.output_item.added", "item": 3, "output_index": {}}\n\n')
def test_any_bytes_raise_nothing_but_playheads_own_errors(dialect: Dialect, streamed: bool, body: bytes):
    try:
        decode(dialect, body, streamed=streamed)
    except PlayheadError as error:
        assert error.problem
        assert error.remedy


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[StreamEvent], list[tuple[int, Any]]]:
    """A reply, and wounds for its bytes: a place, and what is put there instead of some of them."""
    junk = st.binary(max_size=4) | st.sampled_from([b"null", b"[]", b"{}", b"-1", b'"', b"1e999", b"\n\n", b"\\ud800"])
    return draw(replies()), draw(st.lists(st.tuples(st.integers(0, 4000), junk), min_size=1, max_size=4))


@ROWS
@BOTH
@given(case=damaged())
def test_damaged_replies_raise_nothing_but_playheads_own_errors(dialect: Dialect, streamed: bool, case: Any):
    events, wounds = case
    body = encode(dialect, events, streamed)
    for place, junk in wounds:
        place %= len(body) + 1
        body = body[:place] + junk + body[place + len(junk) :]
    try:
        assert violations(decode(dialect, body, streamed=streamed)) == []
    except PlayheadError:
        pass


def _replaced(value: Any, path: int, new: Any) -> Any:
    """`value` with the `path`-th of its leaves and branches replaced."""
    places: list[tuple[Any, Any]] = []

    def visit(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            visit(node[key])

    visit(value)
    if places:
        node, key = places[path % len(places)]
        node[key] = new
    return value


@ROWS
@BOTH
@given(
    events=replies(),
    frame=st.integers(0, 50),
    path=st.integers(0, 200),
    new=st.sampled_from([None, 0, -1, 1.5, True, "", "x", [], [None], {}, {"a": None}, [[1]], 10**400]),
)
def test_fields_of_other_types_raise_nothing_but_playheads_own_errors(
    dialect: Dialect, streamed: bool, events: list[StreamEvent], frame: int, path: int, new: Any
):
    body = encode(dialect, events, streamed)
    if not streamed:
        body = json.dumps(_replaced(json.loads(body), path, new)).encode()
    else:
        lines = body.split(b"\n")
        data = [n for n, line in enumerate(lines) if line.startswith(b"data: {")]
        if data:
            place = data[frame % len(data)]
            value = json.loads(lines[place].rstrip(b"\r")[6:])
            ending = b"\r" if lines[place].endswith(b"\r") else b""
            lines[place] = b"data: " + json.dumps(_replaced(value, path, new)).encode() + ending
        body = b"\n".join(lines)
    try:
        assert violations(decode(dialect, body, streamed=streamed)) == []
    except PlayheadError as error:
        if streamed:
            assert getattr(error, "frame", None) is not None or "stream ended" in error.problem, repr(error)


@ROWS
@given(call=calls())
def test_a_request_that_was_read_is_written_the_same(dialect: Dialect, call: ModelCall):
    written = dialect.write_request(call)
    again = dialect.write_request(dialect.read_request(written))
    assert again.body == written.body
    assert again.path == written.path


@ROWS
@given(call=calls())
def test_a_request_is_recognised_by_its_own_dialect_alone(dialect: Dialect, call: ModelCall):
    written = dialect.write_request(call)
    url = "https://example.com/v1" + written.path
    recognised = [row.name for row in DIALECTS.values() if row.recognises("POST", url, {}, written.body)]
    assert recognised in ([dialect.name], []) if dialect.name == "anthropic-messages" else recognised == [dialect.name]


@ROWS
@given(body=st.binary(max_size=100))
@example(body=b"{}")
@example(body=b'{"model": "m", "messages": [1], "input": [1], "contents": [1]}')
@example(body=b'{"model": "m", "messages": [{"role": "user", "content": {"a": 1}}], "tools": [1], "input": "x"}')
@example(body=b'{"model": "m", "messages": [{"role": "assistant", "tool_calls": [{}]}]}')
def test_reading_any_request_raises_nothing_but_playheads_own_errors(dialect: Dialect, body: bytes):
    try:
        dialect.read_request(WireRequest("/v1/models/m:generateContent", body))
    except PlayheadError as error:
        assert error.problem


@ROWS
@given(body=st.binary(max_size=60))
@example(body=b'{"error": {"message": "no", "type": "t", "code": "c"}}')
@example(body=b'[{"error": {"message": "no", "status": "NOT_FOUND", "code": 404}}]')
@example(body=b'{"error": "no"}')
@example(body=b'{"detail": [{"msg": "no"}]}')
@example(body=b"")
@example(body=b"<html>Bad Gateway</html>")
def test_any_bytes_are_an_error_body(dialect: Dialect, body: bytes):
    error = dialect.read_error(body)
    assert isinstance(error["message"], str)
    assert "body" in error


@ROWS
def test_an_error_body_that_is_written_is_read(dialect: Dialect):
    error = dialect.read_error(dialect.write_error(429, "Slow down"))
    assert error["message"] == "Slow down"
    assert isinstance(error.get("type"), str)
