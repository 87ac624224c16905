"""Replies of Anthropic's: stories as they stand on the wire, and what the official SDK makes of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playhead.clock import FixedClock, use_clock
from playhead.exceptions import DecodeError
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    ResponseMeta,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.stream import Emitter, unfold, violations, words
from playhead.usage import RequestUsage
from playhead.wire import DIALECTS
from playhead.wire.anthropic_messages import AnthropicMessages

DIALECT = AnthropicMessages()
USAGE = {"input_tokens": 10, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1}


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


def start(**fields: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "model": "claude-x", "role": "assistant", "content": [], "usage": USAGE}
    return {"type": "message_start", "message": message | fields}


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": content},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def end(reason: str = "end_turn", **usage: Any) -> list[dict[str, Any]]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [{"type": "message_delta", "delta": delta, "usage": usage or {"output_tokens": 9}}, {"type": "message_stop"}]


def text(value: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": value}


def args(value: str) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": value}


def decode(body: bytes, *, streamed: bool = True, **options: Any) -> tuple[list[Any], Any]:
    decoder = DIALECT.decoder(streamed=streamed, **options)
    events = [*decoder.feed(body), *decoder.close()]
    assert violations(events) == []
    return events, decoder.fold


def parts(*events: dict[str, Any]) -> list[Any]:
    return decode(sse(start(), *events, *end()))[1].parts()


SEARCH = {"type": "web_search_result", "title": "t", "url": "u", "encrypted_content": "e"}
STORIES: dict[str, tuple[list[dict[str, Any]], list[Any]]] = {
    "text with a ping between its pieces": (
        [
            *block(0, {"type": "text", "text": ""}, text("Hel"), text("lo"))[:2],
            {"type": "ping"},
            *block(0, {"type": "text", "text": ""}, text("lo"))[1:],
        ],
        [TextPart("Hello")],
    ),
    "an empty text": (block(0, {"type": "text", "text": ""}), []),
    "a tool call in three pieces": (
        block(0, {"type": "tool_use", "id": "c1", "name": "f", "input": {}}, args(""), args('{"a'), args('": 1}')),
        [ToolCallPart("f", '{"a": 1}', "c1")],
    ),
    "a tool call whose input came with its start": (
        block(0, {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}, args("")),
        [ToolCallPart("f", {"a": 1}, "c1")],
    ),
    "reasoning with its seal": (
        block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "hm"},
            {"type": "signature_delta", "signature": "sig=="},
        ),
        [ThinkingPart("hm", signature="sig==", provider_name="anthropic")],
    ),
    "reasoning that may not be read": (
        block(0, {"type": "redacted_thinking", "data": "xx"}),
        [ThinkingPart("", id="redacted_thinking", signature="xx", provider_name="anthropic")],
    ),
    "a cited text": (
        block(
            0,
            {"type": "text", "text": "", "citations": []},
            {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "x"}},
            text("cited"),
        ),
        [
            TextPart(
                "cited",
                provider_name="anthropic",
                provider_details={"citations": [{"type": "char_location", "cited_text": "x"}]},
            )
        ],
    ),
    "a web search": (
        [
            *block(
                0, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}, args('{"query": "q"}')
            ),
            *block(1, {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [SEARCH]}),
        ],
        [
            BuiltinToolCallPart("web_search", '{"query": "q"}', "s1", provider_name="anthropic"),
            BuiltinToolReturnPart("web_search", [SEARCH | {"page_age": None}], "s1", provider_name="anthropic"),
        ],
    ),
    "a search that failed": (
        block(
            0,
            {
                "type": "web_search_tool_result",
                "tool_use_id": "s1",
                "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
            },
        ),
        [
            BuiltinToolReturnPart(
                "web_search",
                {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
                "s1",
                provider_name="anthropic",
            )
        ],
    ),
    "a page fetched by code": (
        block(
            0,
            {
                "type": "web_fetch_tool_result",
                "tool_use_id": "s1",
                "caller": {"type": "code_execution_20260120", "tool_id": "s0"},
                "content": {
                    "type": "web_fetch_result",
                    "url": "u",
                    "content": {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                    },
                },
            },
        ),
        [
            BuiltinToolReturnPart(
                "web_fetch",
                {
                    "type": "web_fetch_result",
                    "url": "u",
                    "content": {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                        "citations": None,
                        "title": None,
                    },
                    "retrieved_at": None,
                },
                "s1",
                provider_name="anthropic",
                provider_details={"anthropic_caller": {"type": "code_execution_20260120", "tool_id": "s0"}},
            )
        ],
    ),
    "commands run by the provider": (
        [
            *block(
                0, {"type": "server_tool_use", "id": "s1", "name": "bash_code_execution", "input": {"command": "ls"}}
            ),
            *block(
                1,
                {
                    "type": "text_editor_code_execution_tool_result",
                    "tool_use_id": "s2",
                    "content": {"type": "text_editor_code_execution_create_result", "is_file_update": False},
                },
            ),
        ],
        [
            BuiltinToolCallPart(
                "code_execution",
                {"command": "ls"},
                "s1",
                provider_name="anthropic",
                provider_details={"anthropic_tool_name": "bash_code_execution"},
            ),
            BuiltinToolReturnPart(
                "code_execution",
                {"type": "text_editor_code_execution_create_result", "is_file_update": False},
                "s2",
                provider_name="anthropic",
                provider_details={"anthropic_tool_name": "text_editor_code_execution"},
            ),
        ],
    ),
    "a search among tools": (
        [
            *block(
                0,
                {"type": "server_tool_use", "id": "s1", "name": "tool_search_tool_regex", "input": {}},
                args('{"pattern": '),
                args('"we.*"}'),
            ),
            *block(
                1,
                {
                    "type": "tool_search_tool_result",
                    "tool_use_id": "s1",
                    "content": {
                        "type": "tool_search_tool_search_result",
                        "tool_references": [{"type": "tool_reference", "tool_name": "weather"}],
                    },
                },
            ),
        ],
        [
            BuiltinToolCallPart(
                "tool_search",
                {"queries": ["we.*"]},
                "s1",
                provider_name="anthropic",
                provider_details={"strategy": "regex"},
            ),
            BuiltinToolReturnPart(
                "tool_search", {"discovered_tools": [{"name": "weather"}]}, "s1", provider_name="anthropic"
            ),
        ],
    ),
    "a call of an MCP server": (
        [
            *block(
                0,
                {"type": "mcp_tool_use", "id": "m1", "server_name": "wiki", "name": "ask", "input": {}},
                args('{"q"'),
                args(": 1}"),
            ),
            *block(1, {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": False, "content": "r"}),
        ],
        [
            BuiltinToolCallPart(
                "mcp_server:wiki",
                '{"action":"call_tool","tool_name":"ask","tool_args":{"q": 1}}',
                "m1",
                provider_name="anthropic",
            ),
            BuiltinToolReturnPart(
                "mcp_server:wiki", {"content": "r", "is_error": False}, "m1", provider_name="anthropic"
            ),
        ],
    ),
    "a call of an MCP server without arguments": (
        block(0, {"type": "mcp_tool_use", "id": "m1", "server_name": "wiki", "name": "ask", "input": {}}),
        [
            BuiltinToolCallPart(
                "mcp_server:wiki",
                '{"action":"call_tool","tool_name":"ask","tool_args":{}}',
                "m1",
                provider_name="anthropic",
            )
        ],
    ),
    "a compaction": (
        block(
            0,
            {"type": "compaction", "content": None},
            {"type": "compaction_delta", "content": "sum", "encrypted_content": "x"},
        ),
        [CompactionPart("sum", provider_name="anthropic", provider_details={"encrypted_content": "x"})],
    ),
    "blocks, deltas and events that nobody knows yet": (
        [
            {"type": "message_thought", "x": 1},
            *block(0, {"type": "hologram", "data": "?"}, {"type": "hologram_delta", "data": "?"}),
            *block(1, {"type": "text", "text": ""}, {"type": "emphasis_delta", "level": 2}, text("x")),
            *block(2, {"type": "new_tool_result", "tool_use_id": "n", "content": {"a": 1}}),
        ],
        [
            TextPart("x"),
            BuiltinToolReturnPart(
                "new", {"a": 1}, "n", provider_name="anthropic", provider_details={"anthropic_block": "new_tool_result"}
            ),
        ],
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_on_the_wire_is_read_and_written_again(story: str):
    with use_clock(FixedClock()):
        events, expected = STORIES[story]
        for part in expected:
            if isinstance(part, BuiltinToolReturnPart):
                part.timestamp = FixedClock().now()
        body = sse(start(), *events, *end())
        read, fold = decode(body)
        assert fold.parts() == expected
        for streamed in (True, False):
            encoder = DIALECT.encoder(streamed=streamed)
            again = b"".join([encoder.feed(event) for event in read]) + encoder.close()
            decoder = DIALECT.decoder(streamed=streamed)
            assert [*decoder.feed(again), *decoder.close()] == DIALECT.normal(read, streamed=streamed)


@pytest.mark.parametrize("story", STORIES)
def test_a_story_cut_at_every_byte_is_the_same_story(story: str):
    with use_clock(FixedClock()):
        body = sse(start(), *STORIES[story][0], *end())
        whole, _ = decode(body)
        decoder = DIALECT.decoder(streamed=True)
        bytewise = [event for n in range(len(body)) for event in decoder.feed(body[n : n + 1])]
        assert [*bytewise, *decoder.close()] == whole


class TestUsage:
    def test_input_includes_what_was_read_from_and_written_to_the_cache(self):
        usage = decode(sse(start(), *end()))[1].usage
        assert (usage.input_tokens, usage.output_tokens) == (17, 9)
        assert (usage.cache_read_tokens, usage.cache_write_tokens) == (4, 3)
        assert usage.details["input_tokens"] == 10

    def test_the_last_counts_replace_those_before(self):
        usage = decode(sse(start(), *end(input_tokens=20, cache_read_input_tokens=0, output_tokens=5)))[1].usage
        assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (23, 0, 5)

    def test_a_compaction_is_added_and_an_advisor_is_not(self):
        iterations = [
            {"type": "compaction", "input_tokens": 100, "output_tokens": 50, "cache_read_input_tokens": 7},
            {"type": "advisor_message", "input_tokens": 1000, "output_tokens": 1000},
            {"type": "message", "input_tokens": 10, "output_tokens": 9},
        ]
        usage = decode(sse(start(), *end(output_tokens=9, iterations=iterations)))[1].usage
        assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (124, 59, 11)
        assert usage.details["message_iterations"] == 1
        assert usage.details["advisor_output_tokens"] == 1000

    def test_counts_are_known_while_the_reply_streams(self):
        decoder = DIALECT.decoder(streamed=True)
        decoder.feed(sse(start()))
        assert decoder.fold.usage.input_tokens == 17


class TestEnds:
    @pytest.mark.parametrize(
        ("raw", "finish"),
        [
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("tool_use", "tool_call"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("refusal", "content_filter"),
            ("brand_new", None),
        ],
    )
    def test_reasons_to_stop_have_words_that_all_providers_share(self, raw: str, finish: str | None):
        fold = decode(sse(start(), *end(raw)))[1]
        assert (fold.finish_reason, fold.raw_finish_reason) == (finish, raw)

    def test_a_paused_turn_is_suspended(self):
        fold = decode(sse(start(), *end("pause_turn")))[1]
        assert (fold.state, fold.finish_reason) == ("suspended", None)

    def test_a_refusal_says_why(self):
        delta = {
            "stop_reason": "refusal",
            "stop_details": {"type": "refusal", "explanation": "No.", "category": "cyber"},
        }
        fold = decode(sse(start(), {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}}))[1]
        assert (fold.refusal, fold.details) == ("No.", {"refusal_category": "cyber"})

    def test_a_container_is_remembered(self):
        fold = decode(sse(start(container={"id": "cont_1", "expires_at": "x"}), *end()))[1]
        assert fold.response().provider_details == {"container_id": "cont_1", "finish_reason": "end_turn"}

    def test_a_stream_without_its_end_is_incomplete(self):
        fold = decode(sse(start(), *block(0, {"type": "text", "text": ""}, text("x"))))[1]
        assert (fold.state, fold.response().text) == ("incomplete", "x")

    def test_an_error_in_the_middle_ends_the_stream(self):
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        body = sse(start(), *block(0, {"type": "text", "text": ""}, text("x")), error, *end())
        events, fold = decode(body)
        assert events[-1].error == {
            "message": "Overloaded",
            "type": "overloaded_error",
            "status": 529,
            "body": error,
        }
        assert fold.finish_reason is None

    def test_a_bare_error_under_the_type_of_a_stream_is_one(self):
        body = b'{"type": "error", "error": {"type": "api_error", "message": "boom"}}'
        assert decode(body)[1].error["message"] == "boom"

    def test_a_whole_message_under_the_type_of_a_stream_is_read(self):
        message = {"id": "m", "model": "x", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}
        assert decode(json.dumps(message).encode())[1].response().text == "hi"

    def test_padding_inside_of_the_json_changes_nothing(self):
        body = sse(start(), *block(0, {"type": "text", "text": ""}, text("x")), *end())
        padded = body.replace(b'{"type"', b'{   "type"').replace(b"}\n\n", b' , "p": "abcdefg"   }\n\n')
        assert decode(padded)[1].response().text == "x"


class TestServerToolsThatNobodyEnabled:
    CALL = block(0, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}, args('{"query": "q"}'))

    def test_a_call_is_left_out_of_a_stream_that_knows_its_request(self):
        body = sse(start(), *self.CALL, *end())
        assert decode(body, native_tools=frozenset())[1].parts() == []
        assert len(decode(body, native_tools=frozenset({"web_search"}))[1].parts()) == 1

    def test_in_a_whole_reply_a_call_with_a_result_was_made(self):
        call = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}
        result = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
        for content, count in (([call], 0), ([call, result], 2)):
            body = json.dumps({"id": "m", "model": "x", "content": content}).encode()
            assert len(decode(body, streamed=False, native_tools=frozenset())[1].parts()) == count


class TestWhatIsNotTheFormat:
    @pytest.mark.parametrize(
        ("body", "streamed", "frame"),
        [
            (b"", True, None),
            (b"event: ping\ndata: {\n\n", True, 0),
            (sse(start()) + b"data: [1]\n\n", True, 1),
            (
                sse(start())
                + b'data: {"type": "content_block_delta", "index": [], "delta": {"type": "text_delta"}}\n\n',
                True,
                1,
            ),
            (sse(start(), *block(0, {"type": "text", "text": ""}, args("{"))), True, 2),
            (
                sse(start(), *block(0, {"type": "tool_use", "name": "f", "id": "1", "input": {"a": 1}}, args("{"))),
                True,
                2,
            ),
            (b"<html>", False, None),
            (b"{}", False, None),
            (b"[]", False, None),
        ],
    )
    def test_it_is_a_decode_error_that_names_the_frame(self, body: bytes, streamed: bool, frame: int | None):
        decoder = DIALECT.decoder(streamed=streamed)
        with pytest.raises(DecodeError) as caught:
            decoder.feed(body)
            decoder.close()
        assert caught.value.frame == frame
        assert caught.value.remedy


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}', ("slow", "rate_limit_error", 429)),
        (b'{"error":"plain"}', ("plain", None, None)),
        (b'{"detail":"proxy"}', ("proxy", None, None)),
        (b"<html>502</html>", ("<html>502</html>", None, None)),
        (b"", ("", None, None)),
        (b"\xff\xfe", ("��", None, None)),
    ],
)
def test_errors_are_read_from_any_bytes(body: bytes, expected: Any):
    found = DIALECT.read_error(body)
    assert (found["message"], found.get("type"), found.get("status")) == expected
    assert "body" in found


# ---------------------------------------------------------------------------------------------- the official SDK
REPLY = ModelResponse(
    [
        ThinkingPart("hm", signature="c2ln", provider_name="anthropic"),
        TextPart("It is sunny in Zürich. 👩‍👩‍👧"),
        BuiltinToolCallPart("web_search", {"query": "q"}, "srvtoolu_1", provider_name="anthropic"),
        BuiltinToolReturnPart("web_search", [SEARCH], "srvtoolu_1", provider_name="anthropic"),
        ToolCallPart("get_weather", '{"city": "Paris"}', "toolu_1"),
        ToolCallPart("get_weather", {"city": "Rome"}, "toolu_2"),
    ],
    usage=RequestUsage(input_tokens=20, output_tokens=7, cache_read_tokens=4, cache_write_tokens=6),
    model_name="claude-test",
    provider_response_id="msg_7",
    finish_reason="tool_call",
)


def sdk(body: bytes, content_type: str, status: int = 200) -> Any:
    anthropic = pytest.importorskip("anthropic")
    family = anthropic.DefaultHttpxClient.__mro__[1].__module__.split(".")[0]
    httpx = pytest.importorskip(family)
    transport = httpx.MockTransport(
        lambda request: httpx.Response(status, content=body, headers={"content-type": content_type})
    )
    return anthropic.Anthropic(api_key="k", http_client=httpx.Client(transport=transport), max_retries=0)


def encoded(events: list[Any], *, streamed: bool) -> tuple[bytes, str]:
    encoder = DIALECT.encoder(streamed=streamed)
    return b"".join([encoder.feed(event) for event in events]) + encoder.close(), encoder.content_type


ASK: Any = {"model": "claude-test", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


def check(message: Any) -> None:
    thinking, said, call, result, *calls = message.content
    assert (thinking.thinking, thinking.signature) == ("hm", "c2ln")
    assert said.text == "It is sunny in Zürich. 👩‍👩‍👧"
    assert (call.type, call.name, call.input) == ("server_tool_use", "web_search", {"query": "q"})
    assert (result.tool_use_id, result.content[0].url) == ("srvtoolu_1", "u")
    assert [(c.id, c.name, c.input) for c in calls] == [
        ("toolu_1", "get_weather", {"city": "Paris"}),
        ("toolu_2", "get_weather", {"city": "Rome"}),
    ]
    assert message.stop_reason == "tool_use"
    assert message.usage.output_tokens == 7
    assert message.usage.input_tokens == 10


def test_the_sdk_reads_a_whole_message():
    message = sdk(*encoded(unfold(REPLY), streamed=False)).messages.create(**ASK)
    check(message)
    assert (message.id, message.model) == ("msg_7", "claude-test")


def test_the_sdk_reads_a_stream():
    opening = ResponseMeta(provider_response_id="msg_7", model_name="claude-test", usage=REPLY.usage)
    with sdk(*encoded([opening, *unfold(REPLY, words)], streamed=True)).messages.stream(**ASK) as stream:
        said = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert said == "It is sunny in Zürich. 👩‍👩‍👧"
    check(message)
    assert (message.id, message.model) == ("msg_7", "claude-test")


def test_the_sdk_raises_an_error_in_the_middle_of_a_stream():
    anthropic = pytest.importorskip("anthropic")
    emitter = Emitter()
    emitter.text(0, "so far")
    emitter.meta(ResponseMeta(error={"message": "Overloaded", "type": "overloaded_error"}))
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        with sdk(*encoded(emitter.take(), streamed=True)).messages.stream(**ASK) as stream:
            list(stream.text_stream)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (404, "NotFoundError"),
        (429, "RateLimitError"),
        (529, "OverloadedError"),
    ],
)
def test_the_sdk_raises_the_error_of_a_status(status: int, name: str):
    anthropic = pytest.importorskip("anthropic")
    body = DIALECT.write_error(status, "because")
    with pytest.raises(anthropic.APIStatusError) as caught:
        sdk(body, "application/json", status).messages.create(**ASK)
    assert name in [cls.__name__ for cls in type(caught.value).__mro__] or name == "OverloadedError"
    assert "because" in str(caught.value)
    assert DIALECT.read_error(body)["message"] == "because"


def test_starts_are_the_first_letters_and_arguments_come_as_text():
    events, _ = decode(
        sse(start(), *block(0, {"type": "tool_use", "id": "c", "name": "f", "input": {}}, args('{"a": 1}')), *end())
    )
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["ResponseMeta", "PartStartEvent", "PartDeltaEvent", "PartEndEvent", "ResponseMeta"]
    assert isinstance(events[1], PartStartEvent)
    assert isinstance(events[2], PartDeltaEvent)
    assert DIALECTS["anthropic-messages"].name == DIALECT.name
