"""Responses, item by item: what each kind becomes, streamed and whole, and how it goes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from playhead import clock
from playhead.exceptions import DecodeError, UserError
from playhead.messages import (
    BinaryImage,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
    FilePart,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.stream import Fold, violations
from playhead.wire import DIALECTS, ModelCall, WireRequest

RESPONSES = DIALECTS["openai-responses"]
USAGE = {
    "input_tokens": 5,
    "input_tokens_details": {"cached_tokens": 1},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 12,
}


def response(status: str = "completed", output: Any = (), **more: Any) -> dict[str, Any]:
    usage = None if status in ("in_progress", "queued") else USAGE
    known = {"id": "resp_1", "object": "response", "created_at": 1700000000, "model": "m1", "status": status}
    return {**known, "error": None, "incomplete_details": None, "output": list(output), "usage": usage, **more}


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **fields}


def added(item: Any, index: int = 0) -> dict[str, Any]:
    return event("output_item.added", output_index=index, item=item)


def done(item: Any, index: int = 0) -> dict[str, Any]:
    return event("output_item.done", output_index=index, item=item)


def message(*pieces: str, id: str = "msg_1", index: int = 0, **more: Any) -> list[dict[str, Any]]:
    item = {"id": id, "type": "message", "role": "assistant", "content": [], **more}
    place = {"item_id": id, "output_index": index, "content_index": 0}
    whole = [{"type": "output_text", "text": "".join(pieces), "annotations": []}]
    return [
        added(item, index),
        *(event("output_text.delta", delta=piece, obfuscation="xyz", **place) for piece in pieces),
        event("output_text.done", text="".join(pieces), **place),
        done({**item, "content": whole}, index),
    ]


def stream(*events: Any, start: bool = True, end: Any = "completed") -> bytes:
    opening = [
        event("created", response=response("in_progress")),
        event("in_progress", response=response("in_progress")),
    ]
    closing = [event(end, response=response(end))] if isinstance(end, str) else [end] if end else []
    listed = [*(opening if start else ()), *events, *closing]
    return b"".join(
        f"event: {item['type']}\ndata: {json.dumps({**item, 'sequence_number': n})}\n\n".encode()
        for n, item in enumerate(listed)
    )


@pytest.fixture(autouse=True)
def standing_clock() -> Iterator[None]:
    """Returns of tools have a timestamp."""
    with clock.use_clock(clock.FixedClock()):
        yield


def decode(body: bytes, *, streamed: bool = True) -> Fold:
    decoder = RESPONSES.decoder(streamed=streamed)
    events = decoder.feed(body) + decoder.close()
    assert violations(events) == []
    if streamed:
        again = RESPONSES.decoder(streamed=True)
        pieces = [body[start : start + 7] for start in range(0, len(body), 7)]
        assert [item for piece in pieces for item in again.feed(piece)] + again.close() == events
    return decoder.fold


REASONING = {"id": "rs_1", "type": "reasoning", "summary": []}


def reasoning(*summaries: str, sealed: str | None = "E", raw: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    place = {"item_id": "rs_1", "output_index": 0}
    events = [added(REASONING)]
    events += [event("reasoning_text.delta", content_index=0, delta=piece, **place) for piece in raw]
    for n, summary in enumerate(summaries):
        part = {"type": "summary_text", "text": ""}
        events.append(event("reasoning_summary_part.added", summary_index=n, part=part, **place))
        events += [event("reasoning_summary_text.delta", summary_index=n, delta=piece, **place) for piece in summary]
        events.append(event("reasoning_summary_text.done", summary_index=n, text=summary, **place))
    finished: dict[str, Any] = {**REASONING, "encrypted_content": sealed}
    finished["summary"] = [{"type": "summary_text", "text": summary} for summary in summaries]
    if raw:
        finished["content"] = [{"type": "reasoning_text", "text": "".join(raw)}]
    return [*events, done(finished)]


def called(
    id: str = "fc_1", index: int = 0, name: str = "f", args: str = '{"x":1}', **more: Any
) -> list[dict[str, Any]]:
    item = {"id": id, "type": "function_call", "call_id": f"call_{id}", "name": name, "arguments": "", **more}
    place = {"item_id": id, "output_index": index}
    return [
        added(item, index),
        *(event("function_call_arguments.delta", delta=piece, **place) for piece in (args[:3], args[3:]) if piece),
        event("function_call_arguments.done", arguments=args, **place),
        done({**item, "arguments": args}, index),
    ]


def built_in(item: dict[str, Any], *between: Any, **finished: Any) -> list[dict[str, Any]]:
    return [added(item), *between, done({**item, **finished})]


WEB = {"id": "ws_1", "type": "web_search_call", "status": "in_progress"}
FILES = {"id": "fs_1", "type": "file_search_call", "status": "in_progress", "queries": []}
CODE = {
    "id": "ci_1",
    "type": "code_interpreter_call",
    "status": "in_progress",
    "container_id": "c",
    "code": "",
    "outputs": None,
}
PICTURE = {"id": "ig_1", "type": "image_generation_call", "status": "in_progress", "result": None}
MCP = {"id": "mcp_1", "type": "mcp_call", "server_label": "s", "name": "t", "arguments": ""}
LIST = {"id": "mcpl_1", "type": "mcp_list_tools", "server_label": "s", "tools": []}
PNG = "iVBORw0KGgo="
PNG_BYTES = b"\x89PNG\r\n\x1a\n"
AT = {"item_id": "ci_1", "output_index": 0}
SEARCH = {
    "id": "ts_1",
    "type": "tool_search_call",
    "execution": "server",
    "call_id": None,
    "arguments": {},
    "status": "in_progress",
}
FOUND = {
    "id": "tso_1",
    "type": "tool_search_output",
    "execution": "server",
    "call_id": None,
    "tools": [],
    "status": "completed",
}


def returned(name: str, content: Any, call_id: str) -> dict[str, Any]:
    return {"part_kind": "builtin-tool-return", "tool_name": name, "content": content, "tool_call_id": call_id}


STREAMS: list[tuple[str, bytes, list[Any]]] = [
    ("text in pieces", stream(*message("He", "llo")), [TextPart("Hello", id="msg_1")]),
    (
        "two messages",
        stream(*message("a"), *message("b", id="msg_2", index=1)),
        [TextPart("a", id="msg_1"), TextPart("b", id="msg_2")],
    ),
    (
        "a phase",
        stream(*message("a", phase="commentary")),
        [TextPart("a", id="msg_1", provider_details={"phase": "commentary"})],
    ),
    ("without a beginning", stream(*message("a"), start=False), [TextPart("a", id="msg_1")]),
    (
        "text that is only told when it is done",
        stream(*message("a")[:1], *message("a")[2:]),
        [TextPart("a", id="msg_1")],
    ),
    ("an item that is only told when it is done", stream(message("a")[-1]), [TextPart("a", id="msg_1")]),
    (
        "nothing but the end",
        stream(end=event("completed", response=response(output=[message("a")[-1]["item"]]))),
        [TextPart("a", id="msg_1")],
    ),
    (
        "a null delta",
        stream(message("a")[0], {**message("a")[1], "delta": None}, *message("a")[1:]),
        [TextPart("a", id="msg_1")],
    ),
    (
        "ids that change with each event",
        stream(
            message("Hi")[0],
            {**message("Hi")[1], "item_id": "zzz"},
            {**message("Hi")[3], "item": {**message("Hi")[3]["item"], "id": "yyy"}},
        ),
        [TextPart("Hi", id="msg_1")],
    ),
    ("reasoning", stream(*reasoning("ab")), [ThinkingPart("ab", id="rs_1", signature="E")]),
    (
        "several summaries, one seal",
        stream(*reasoning("a", "b")),
        [ThinkingPart("a", id="rs_1", signature="E"), ThinkingPart("b", id="rs_1")],
    ),
    ("sealed reasoning without a summary", stream(*reasoning()), [ThinkingPart("", id="rs_1", signature="E")]),
    ("reasoning that says nothing", stream(*reasoning(sealed=None)), []),
    (
        "the reasoning itself",
        stream(*reasoning(sealed=None, raw=("x", "y"))),
        [ThinkingPart("", id="rs_1", provider_details={"raw_content": ["xy"]})],
    ),
    ("a call", stream(*called()), [ToolCallPart("f", '{"x":1}', "call_fc_1", id="fc_1")]),
    (
        "interleaved calls",
        stream(*called()[:2], *called("fc_2", 1, "g")[:2], *called()[2:], *called("fc_2", 1, "g")[2:]),
        [ToolCallPart("f", '{"x":1}', "call_fc_1", id="fc_1"), ToolCallPart("g", '{"x":1}', "call_fc_2", id="fc_2")],
    ),
    (
        "arguments that are only told when they are done",
        stream(called()[0], *called()[3:]),
        [ToolCallPart("f", '{"x":1}', "call_fc_1", id="fc_1")],
    ),
    (
        "a call that is only told when it is done",
        stream(called()[-1]),
        [ToolCallPart("f", '{"x":1}', "call_fc_1", id="fc_1")],
    ),
    (
        "a namespace",
        stream(*called(namespace="n")),
        [ToolCallPart("f", '{"x":1}', "call_fc_1", id="fc_1", provider_details={"namespace": "n"})],
    ),
    (
        "a custom tool",
        stream(
            *built_in(
                {"id": "ct_1", "type": "custom_tool_call", "call_id": "c1", "name": "f", "input": ""},
                event("custom_tool_call_input.delta", item_id="ct_1", output_index=0, delta="any"),
                event("custom_tool_call_input.done", item_id="ct_1", output_index=0, input="any text"),
                input="any text",
            )
        ),
        [ToolCallPart("f", "any text", "c1", id="ct_1", provider_details={"type": "custom_tool_call"})],
    ),
    (
        "a web search",
        stream(
            *built_in(
                WEB,
                status="completed",
                action={"type": "search", "query": "q", "queries": None, "sources": [{"url": "u"}]},
            )
        ),
        [
            BuiltinToolCallPart("web_search", {"type": "search", "query": "q"}, "ws_1", id="ws_1"),
            returned("web_search", {"status": "completed", "sources": [{"url": "u"}]}, "ws_1"),
        ],
    ),
    (
        "a file search",
        stream(*built_in(FILES, status="completed", queries=["q"], results=[{"file_id": "f", "text": "t"}])),
        [
            BuiltinToolCallPart("file_search", {"queries": ["q"]}, "fs_1", id="fs_1"),
            returned(
                "file_search",
                {
                    "status": "completed",
                    "results": [{"attributes": None, "file_id": "f", "filename": None, "score": None, "text": "t"}],
                },
                "fs_1",
            ),
        ],
    ),
    (
        "code, with its output and a picture",
        stream(
            *built_in(
                CODE,
                event("code_interpreter_call_code.delta", delta='print("é\n', **AT),
                event("code_interpreter_call_code.delta", delta='")', **AT),
                event("code_interpreter_call_code.done", code='print("é\n")', **AT),
                status="completed",
                outputs=[{"type": "logs", "logs": "é"}, {"type": "image", "url": f"data:image/png;base64,{PNG}"}],
            )
        ),
        [
            BuiltinToolCallPart("code_execution", '{"container_id":"c","code":"print(\\"é\\n\\")"}', "ci_1"),
            FilePart(BinaryImage(data=PNG_BYTES, media_type="image/png"), id="ci_1"),
            returned("code_execution", {"status": "completed", "logs": ["é"]}, "ci_1"),
        ],
    ),
    (
        "code that is only told when it is done",
        stream(*built_in(CODE, status="completed", code="1")),
        [
            BuiltinToolCallPart("code_execution", '{"container_id":"c","code":"1"}', "ci_1"),
            returned("code_execution", {"status": "completed"}, "ci_1"),
        ],
    ),
    (
        "a picture, of which only the last state counts",
        stream(
            *built_in(
                PICTURE,
                event("image_generation_call.partial_image", item_id="ig_1", partial_image_b64="AAAA", output_index=0),
                status="generating",
                result=PNG,
                size="1024x1024",
            )
        ),
        [
            BuiltinToolCallPart("image_generation", None, "ig_1"),
            FilePart(BinaryImage(data=PNG_BYTES, media_type="image/png"), id="ig_1"),
            returned("image_generation", {"status": "completed", "size": "1024x1024"}, "ig_1"),
        ],
    ),
    (
        "a call of an MCP server",
        stream(
            *built_in(
                MCP,
                event("mcp_call_arguments.delta", item_id="mcp_1", output_index=0, delta='{"a":1}'),
                event("mcp_call_arguments.done", item_id="mcp_1", output_index=0, arguments='{"a":1}'),
                arguments='{"a":1}',
                output="o",
            )
        ),
        [
            BuiltinToolCallPart("mcp_server:s", '{"action":"call_tool","tool_name":"t","tool_args":{"a":1}}', "mcp_1"),
            returned("mcp_server:s", {"output": "o", "error": None}, "mcp_1"),
        ],
    ),
    (
        "the tools of an MCP server, told at the end",
        stream(added(LIST), end=event("completed", response=response(output=[{**LIST, "tools": [{"name": "t"}]}]))),
        [
            BuiltinToolCallPart("mcp_server:s", {"action": "list_tools"}, "mcpl_1"),
            returned(
                "mcp_server:s",
                {"tools": [{"annotations": None, "description": None, "name": "t"}], "error": None},
                "mcpl_1",
            ),
        ],
    ),
    (
        "a search for tools, answered in order",
        stream(
            *built_in(SEARCH, arguments={"paths": ["a"]}, status="completed"),
            added(FOUND, 1),
            done({**FOUND, "tools": [{"type": "function", "name": "a"}]}, 1),
        ),
        [
            BuiltinToolCallPart(
                "tool_search",
                {"queries": ["a"]},
                "ts_1",
                id="ts_1",
                provider_details={"call_id": None, "execution": "server", "status": "completed"},
            ),
            returned("tool_search", {"discovered_tools": [{"name": "a"}]}, "ts_1"),
        ],
    ),
    (
        "a search for tools that the client runs",
        stream(
            *built_in({**SEARCH, "execution": "client", "call_id": "c1"}, call_id="c2", arguments={"queries": ["a"]})
        ),
        [ToolCallPart("search_tools", '{"queries":["a"]}', "c2", id="ts_1")],
    ),
    (
        "a compaction",
        stream(*built_in({"id": "cmp_1", "type": "compaction"}, encrypted_content="E")),
        [CompactionPart(id="cmp_1", provider_details={"id": "cmp_1", "type": "compaction", "encrypted_content": "E"})],
    ),
    (
        "a shell that the client runs",
        stream(
            *built_in(
                {"id": "ls_1", "type": "local_shell_call", "call_id": "c1", "action": {"command": ["ls"]}},
                status="completed",
            )
        ),
        [
            BuiltinToolCallPart(
                "local_shell",
                {"action": {"command": ["ls"]}},
                "c1",
                provider_details={"type": "local_shell_call", "id": "ls_1", "call_id": "c1", "status": "completed"},
            )
        ],
    ),
    ("an event that nobody knows", stream(event("sparkles", item_id="x"), *message("a")), [TextPart("a", id="msg_1")]),
]


def check(parts: list[ModelResponsePart], expected: list[Any]) -> None:
    assert len(parts) == len(expected), parts
    for part, want in zip(parts, expected, strict=True):
        if isinstance(want, dict):
            assert isinstance(part, BuiltinToolReturnPart)
            assert {key: getattr(part, key) for key in want} == want
        else:
            assert part == want


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS])
def test_a_stream_becomes_parts(body: bytes, expected: list[Any]):
    fold = decode(body)
    check(fold.parts(), expected)
    assert fold.finish_reason == "stop"
    assert fold.provider_response_id == "resp_1"
    assert (fold.usage.input_tokens, fold.usage.output_tokens, fold.usage.cache_read_tokens) == (5, 7, 1)
    assert fold.usage.details["reasoning_tokens"] == 2


def test_whole_items_are_the_same_parts_with_arguments_as_objects():
    output = [
        {
            **REASONING,
            "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
            "encrypted_content": "E",
        },
        message("Hi")[-1]["item"],
        called()[-1]["item"],
        {**CODE, "status": "completed", "code": "1"},
        {**MCP, "arguments": '{"a":1}', "output": "o"},
    ]
    fold = decode(json.dumps(response(output=output)).encode(), streamed=False)
    check(
        fold.parts(),
        [
            ThinkingPart("a", id="rs_1", signature="E"),
            ThinkingPart("b", id="rs_1"),
            TextPart("Hi", id="msg_1"),
            ToolCallPart("f", '{"x":1}', "call_fc_1", id="fc_1"),
            BuiltinToolCallPart("code_execution", {"container_id": "c", "code": "1"}, "ci_1"),
            returned("code_execution", {"status": "completed"}, "ci_1"),
            BuiltinToolCallPart(
                "mcp_server:s", {"action": "call_tool", "tool_name": "t", "tool_args": {"a": 1}}, "mcp_1"
            ),
            returned("mcp_server:s", {"output": "o", "error": None}, "mcp_1"),
        ],
    )


def test_a_refusal_streamed_and_whole():
    item = {"id": "m", "type": "message", "role": "assistant", "content": []}
    place = {"item_id": "m", "output_index": 0, "content_index": 0}
    events = [event("refusal.delta", delta="I ", **place), event("refusal.done", refusal="I can't.", **place)]
    fold = decode(stream(added(item), *events))
    assert (fold.parts(), fold.refusal, fold.finish_reason) == ([], "I can't.", "content_filter")
    finished = {**item, "content": [{"type": "refusal", "refusal": "I can't."}]}
    fold = decode(json.dumps(response(output=[finished])).encode(), streamed=False)
    assert (fold.parts(), fold.refusal, fold.finish_reason) == ([], "I can't.", "content_filter")


@pytest.mark.parametrize(
    ("reason", "finish"), [("max_output_tokens", "length"), ("content_filter", "content_filter"), ("steered", None)]
)
def test_an_incomplete_response_says_why(reason: str, finish: str | None):
    end = event("incomplete", response=response("incomplete", incomplete_details={"reason": reason}))
    fold = decode(stream(*message("Hi"), end=end))
    assert (fold.finish_reason, fold.raw_finish_reason) == (finish, reason)
    assert fold.parts() == [TextPart("Hi", id="msg_1")]


def test_a_failed_response_is_an_error_with_the_status_it_would_have_had():
    error = {"code": "rate_limit_exceeded", "message": "Slow down"}
    fold = decode(stream(*message("Hi"), end=event("failed", response=response("failed", error=error))))
    assert fold.error == {**error, "status": 429}
    assert fold.parts() == [TextPart("Hi", id="msg_1")]


def test_a_failed_response_without_an_error_ends_with_one():
    fold = decode(stream(end=event("failed", response=response("failed"))))
    assert (fold.error, fold.finish_reason) == (None, "error")


@pytest.mark.parametrize(
    "error",
    [
        {"type": "error", "code": "server_error", "message": "boom", "param": None},
        {"type": "error", "error": {"type": "server_error", "message": "boom"}},
        {"error": {"code": "server_error", "message": "boom"}, "type": "whatever"},
    ],
)
def test_an_error_event_ends_the_stream(error: dict[str, Any]):
    fold = decode(stream(*message("Hi")[:2], error, *message("ignored"), end=None))
    assert fold.error is not None
    assert (fold.error["message"], fold.error["status"]) == ("boom", 500)
    assert fold.parts() == [TextPart("Hi", id="msg_1")]


def test_a_stream_that_ends_too_early_is_incomplete_or_goes_on_in_the_background():
    assert decode(stream(*message("Hi"), end=None)).state == "incomplete"
    opening = event("created", response=response("queued", background=True))
    fold = decode(stream(opening, *message("Hi"), start=False, end=None))
    assert fold.state == "suspended"
    assert fold.details == {"last_sequence_number": 4}


def test_a_background_response_that_is_not_done_is_suspended():
    body = json.dumps(response("in_progress", background=True)).encode()
    assert decode(body, streamed=False).state == "suspended"


def test_annotations_are_details_of_their_text():
    note = {"type": "url_citation", "url": "u"}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events = message("Hi")
    events.insert(2, event("output_text.annotation.added", annotation=note, annotation_index=0, **place))
    (part,) = decode(stream(*events)).parts()
    assert part == TextPart("Hi", id="msg_1", provider_details={"annotations": [note]})


def test_billed_searches_are_part_of_the_usage():
    search = {**WEB, "status": "completed", "action": {"type": "search", "query": "q"}}
    page = {**WEB, "id": "ws_2", "status": "completed", "action": {"type": "open_page", "url": "u"}}
    fold = decode(json.dumps(response(output=[search, page])).encode(), streamed=False)
    assert fold.usage.details == {"reasoning_tokens": 2, "web_search_requests": 1}
    told = {"web_search": {"num_requests": 3}}
    fold = decode(json.dumps(response(output=[search], tool_usage=told)).encode(), streamed=False)
    assert fold.usage.details["web_search_requests"] == 3


@pytest.mark.parametrize(
    ("body", "streamed", "match"),
    [
        (b"", True, "ended without a single event"),
        (b"event: ping\ndata: {}\n\n", True, "ended without an event of a response"),
        (b"data: [1]\n\n", True, "Frame 0 of the stream is a JSON list"),
        (b"{}", False, "no output"),
        (b"null", False, "The body is a JSON null"),
    ],
)
def test_what_is_no_response_is_an_error(body: bytes, streamed: bool, match: str):
    with pytest.raises(DecodeError, match=match):
        decode(body, streamed=streamed)


def test_all_of_a_reply_goes_back_as_it_came():
    output = [
        {**REASONING, "summary": [{"type": "summary_text", "text": "a"}], "encrypted_content": "E"},
        {**message("Hi")[-1]["item"], "status": "completed"},
        {**WEB, "status": "failed", "action": {"type": "search", "query": "q"}},
        called()[-1]["item"],
    ]
    fold = decode(json.dumps(response(output=output)).encode(), streamed=False)
    messages = [
        ModelRequest(parts=[UserPromptPart("x")]),
        fold.response(),
        ModelRequest(parts=[ToolReturnPart("f", "ok", "call_fc_1")]),
    ]
    sent = json.loads(RESPONSES.write_request(ModelCall("gpt-5-mini", messages)).body)["input"]
    assert sent[1:] == [
        output[0],
        output[1],
        {"id": "ws_1", "type": "web_search_call", "status": "failed", "action": {"type": "search", "query": "q"}},
        {key: value for key, value in output[3].items()},
        {"type": "function_call_output", "call_id": "call_fc_1", "output": "ok"},
    ]


def test_a_custom_tool_is_answered_in_its_own_kind_of_item():
    call = ToolCallPart("f", "any text", "c1", id="ct_1", provider_details={"type": "custom_tool_call"})
    messages = [
        ModelRequest(parts=[UserPromptPart("x")]),
        ModelResponse(parts=[call]),
        ModelRequest(parts=[ToolReturnPart("f", "ok", "c1")]),
    ]
    written = RESPONSES.write_request(ModelCall("gpt-5-mini", messages))
    assert json.loads(written.body)["input"][1:] == [
        {"name": "f", "input": "any text", "call_id": "c1", "type": "custom_tool_call", "id": "ct_1"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"},
    ]
    assert RESPONSES.write_request(RESPONSES.read_request(written)).body == written.body


def test_only_what_is_new_is_sent_after_a_stored_response():
    messages = [
        ModelRequest(parts=[UserPromptPart("x")]),
        ModelResponse(parts=[TextPart("a")], provider_response_id="resp_9"),
        ModelRequest(parts=[UserPromptPart("y")]),
    ]
    settings: Any = {"openai_previous_response_id": "auto"}
    sent = json.loads(RESPONSES.write_request(ModelCall("gpt-4o", messages, settings)).body)
    assert sent["previous_response_id"] == "resp_9"
    assert sent["input"] == [{"role": "user", "content": "y"}]


class WebSearchTool:
    kind = "web_search"
    search_context_size = "low"
    user_location = None
    allowed_domains = ["example.com"]


class Unknown:
    kind = "teleport"


def test_built_in_tools_are_declared_by_kind_or_as_they_are():
    call = ModelCall("gpt-4o", [ModelRequest(parts=[UserPromptPart("x")])])
    call.parameters = ModelRequestParameters(builtin_tools=[WebSearchTool(), {"type": "local_shell"}])
    written = RESPONSES.write_request(call)
    assert json.loads(written.body)["tools"] == [
        {"type": "web_search", "search_context_size": "low", "filters": {"allowed_domains": ["example.com"]}},
        {"type": "local_shell"},
    ]
    assert RESPONSES.write_request(RESPONSES.read_request(written)).body == written.body
    call.parameters = ModelRequestParameters(builtin_tools=[Unknown()])
    with pytest.raises(UserError, match="Unknown is no tool that the Responses API runs"):
        RESPONSES.write_request(call)


def test_a_request_with_a_text_as_input_is_read():
    body = {"model": "m", "input": "Hi", "instructions": "Be kind.", "stream": True, "tools": [{"type": "web_search"}]}
    call = RESPONSES.read_request(WireRequest("/responses", json.dumps(body).encode()))
    assert call.messages[0].parts[0].content == "Hi"  # type: ignore[union-attr]
    assert call.parameters.instruction_parts is not None
    assert call.parameters.instruction_parts[0].content == "Be kind."
    assert call.parameters.builtin_tools == [{"type": "web_search"}]
    assert call.stream is True


@pytest.mark.parametrize("body", [b"{}", b'{"model": 1, "input": "x"}', b'{"model": "m", "input": 5}', b"[]"])
def test_a_request_that_is_none_is_an_error(body: bytes):
    with pytest.raises(DecodeError):
        RESPONSES.read_request(WireRequest("/responses", body))


def test_all_parts_say_whose_they_are():
    decoder = RESPONSES.decoder(streamed=True, provider="azure")
    decoder.feed(stream(*reasoning("a"), *message("Hi", index=1), *called("fc_1", 2)))
    decoder.close()
    assert [getattr(part, "provider_name", None) for part in decoder.fold.parts()] == ["azure"] * 3


SEARCHED = {"type": "search_results", "queries": ["q"], "results": [{"id": 1, "url": "u", "title": "t"}]}


def test_perplexitys_own_searches_are_calls_that_were_answered():
    fetched = {"type": "fetch_url_results", "contents": [{"url": "u", "title": "t", "snippet": "s"}]}
    body = json.dumps(response(output=[SEARCHED, fetched])).encode()
    search, found, fetch, pages = decode(body, streamed=False).parts()
    assert isinstance(search, BuiltinToolCallPart) and isinstance(found, BuiltinToolReturnPart)
    assert (search.tool_name, search.args) == ("web_search", {"queries": ["q"]})
    assert (found.tool_name, found.content) == ("web_search", {"results": SEARCHED["results"]})
    assert isinstance(fetch, BuiltinToolCallPart) and isinstance(pages, BuiltinToolReturnPart)
    assert (fetch.tool_name, fetch.args, pages.content) == (
        "web_fetch",
        {"urls": ["u"]},
        {"contents": fetched["contents"]},
    )


def test_a_search_that_perplexity_announces_as_a_call_is_not_one_for_the_client():
    announced = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "search_web", "arguments": "{}"}
    own = {**announced, "id": "fc_2", "call_id": "c2", "name": "get_weather", "status": "completed"}
    decoder = RESPONSES.decoder(streamed=True, provider="perplexity")
    decoder.feed(stream(added({**announced, "status": "completed"}), done(SEARCHED), added(own, 1), done(own, 1)))
    decoder.close()
    kinds = [(part.part_kind, part.tool_name) for part in decoder.fold.parts() if not isinstance(part, TextPart)]
    assert kinds == [
        ("builtin-tool-call", "web_search"),
        ("builtin-tool-return", "web_search"),
        ("tool-call", "get_weather"),
    ]


def test_a_client_that_searches_tools_itself_is_asked_in_its_own_words():
    item = {**dict.fromkeys(("id", "call_id"), "ts_1"), "type": "tool_search_call", "execution": "client"}
    item |= {"status": "completed", "arguments": {"goal": "weather"}}
    for body, streamed in (
        (json.dumps(response(output=[item])).encode(), False),
        (stream(added(item), done(item)), True),
    ):
        (call,) = decode(body, streamed=streamed).parts()
        assert isinstance(call, ToolCallPart)
        assert call.args_as_dict() == {"goal": "weather"}
