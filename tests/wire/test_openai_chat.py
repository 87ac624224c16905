"""Chat completions as servers really send them: what each habit of a provider's becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playhead.exceptions import DecodeError
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    ModelResponsePart,
    PartDeltaEvent,
    PartStartEvent,
    ResponseMeta,
    StreamEvent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.stream import Fold, violations
from playhead.wire import DIALECTS

CHAT = DIALECTS["openai-chat"]
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


def chunk(delta: Any = None, finish: Any = None, *, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish, **more.pop("choice", {})}
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "m1",
        "choices": [choice],
        **more,
    }


def text(content: Any, **more: Any) -> dict[str, Any]:
    return chunk({"content": content}, **more)


def calls(*tools: Any, **more: Any) -> dict[str, Any]:
    return chunk({"tool_calls": list(tools)}, **more)


def tool(index: Any = None, id: Any = None, name: Any = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    known = {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return {**known, "type": "function", "function": function, **more}


def stream(*chunks: Any, done: bool = True, separator: str = "\n\n") -> bytes:
    frames = [item if isinstance(item, str) else f"data: {json.dumps(item)}{separator}" for item in chunks]
    return "".join([*frames, f"data: [DONE]{separator}" if done else ""]).encode()


def decode(body: bytes, **options: Any) -> tuple[Fold, list[StreamEvent]]:
    decoder = CHAT.decoder(streamed=True, **options)
    events = decoder.feed(body) + decoder.close()
    assert violations(events) == []
    return decoder.fold, events


END = chunk({}, "stop")
STREAMS: list[tuple[str, bytes, list[ModelResponsePart], str | None]] = [
    ("text in pieces", stream(text(""), text("He"), text("llo"), END), [TextPart("Hello")], "stop"),
    ("no [DONE]", stream(text("Hi"), END, done=False), [TextPart("Hi")], "stop"),
    ("CRLF", stream(text("Hi"), END, separator="\r\n\r\n"), [TextPart("Hi")], "stop"),
    (
        "comments keep the line alive",
        stream(": PROCESSING\n\n", text("Hi"), ": ping\n\n", END),
        [TextPart("Hi")],
        "stop",
    ),
    ("what follows [DONE] is not read", stream(text("Hi"), END) + b"data: {oops\n\n", [TextPart("Hi")], "stop"),
    ("no finish reason", stream(text("Hi")), [TextPart("Hi")], "stop"),
    ("an empty finish reason", stream(text("Hi"), chunk({}, "")), [TextPart("Hi")], "stop"),
    (
        "an empty finish reason after a call",
        stream(calls(tool(0, "a", "f", "{}")), chunk({}, "")),
        [ToolCallPart("f", "{}", "a")],
        "tool_call",
    ),
    ("an unknown finish reason", stream(text("Hi"), chunk({}, "guardrail")), [TextPart("Hi")], None),
    ("Mistral's length", stream(text("Hi"), chunk({}, "model_length")), [TextPart("Hi")], "length"),
    ("Z.ai's filter", stream(text("Hi"), chunk({}, "sensitive")), [TextPart("Hi")], "content_filter"),
    ("no choices in a chunk", stream({"id": "c1"}, text("Hi"), {**END, "usage": None}), [TextPart("Hi")], "stop"),
    ("choices are null", stream({"choices": None}, text("Hi"), END), [TextPart("Hi")], "stop"),
    ("the delta is null", stream(text("Hi"), chunk(None, "stop")), [TextPart("Hi")], "stop"),
    ("the delta is missing", stream(text("Hi"), {"choices": [{"finish_reason": "stop"}]}), [TextPart("Hi")], "stop"),
    (
        "messages instead of deltas",
        stream({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}),
        [TextPart("Hi")],
        "stop",
    ),
    (
        "several choices: the first is the reply",
        stream(text("a"), text("B", index=1), text("c"), END, chunk({}, "length", index=1)),
        [TextPart("ac")],
        "stop",
    ),
    (
        "a list of typed pieces",
        stream(
            text([{"type": "text", "text": "a"}]), text([{"type": "reference"}, {"type": "text", "text": "b"}]), END
        ),
        [TextPart("ab")],
        "stop",
    ),
    (
        "Mistral's reasoning",
        stream(
            text([{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]),
            text([{"type": "thinking", "thinking": [{"type": "text", "text": "m"}]}]),
            text("Hi"),
            END,
        ),
        [ThinkingPart("hm"), TextPart("Hi")],
        "stop",
    ),
    (
        "DeepSeek's reasoning",
        stream(
            chunk({"reasoning_content": "h", "content": None}),
            chunk({"reasoning_content": "m", "content": None}),
            chunk({"reasoning_content": None, "content": "Hi"}),
            END,
        ),
        [ThinkingPart("hm", id="reasoning_content"), TextPart("Hi")],
        "stop",
    ),
    (
        "two fields that say the same",
        stream(chunk({"reasoning": "hm", "reasoning_content": "hm"}), text("Hi"), END),
        [ThinkingPart("hm", id="reasoning"), TextPart("Hi")],
        "stop",
    ),
    (
        "reasoning and text take turns",
        stream(chunk({"reasoning": "a"}), text("b"), chunk({"reasoning": "c"}), text("d"), END),
        [ThinkingPart("a", id="reasoning"), TextPart("b"), ThinkingPart("c", id="reasoning"), TextPart("d")],
        "stop",
    ),
    (
        "OpenRouter's details: text by index, then its seal",
        stream(
            chunk({"reasoning": "h", "reasoning_details": [{"type": "reasoning.text", "text": "h", "index": 0}]}),
            chunk({"reasoning_details": [{"type": "reasoning.text", "text": "m", "index": 0, "signature": "s"}]}),
            text("Hi"),
            END,
        ),
        [
            ThinkingPart("hm", signature="s", provider_details={"format": None, "index": 0, "type": "reasoning.text"}),
            TextPart("Hi"),
        ],
        "stop",
    ),
    (
        "OpenRouter's sealed reasoning beside text of the same index",
        stream(
            chunk({"reasoning_details": [{"type": "reasoning.summary", "summary": "s", "index": 0, "format": "f"}]}),
            chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "d", "index": 0, "id": "r"}]}),
            END,
        ),
        [
            ThinkingPart("s", provider_details={"format": "f", "index": 0, "type": "reasoning.summary"}),
            ThinkingPart(
                "", id="r", signature="d", provider_details={"format": None, "index": 0, "type": "reasoning.encrypted"}
            ),
        ],
        "stop",
    ),
    (
        "reasoning between tags",
        stream(text("<think>"), text("\nhm"), text("</think>"), text("\n\nHi"), END),
        [ThinkingPart("\nhm", id="content"), TextPart("\n\nHi")],
        "stop",
    ),
    ("tags within a piece are text", stream(text("<think>x</think>y"), END), [TextPart("<think>x</think>y")], "stop"),
    (
        "text before and after tags",
        stream(text("a"), text("<think>"), text("b"), text("</think>"), text("c"), END),
        [TextPart("a"), ThinkingPart("b", id="content"), TextPart("c")],
        "stop",
    ),
    (
        "calls by index, interleaved",
        stream(
            calls(tool(0, "a", "f", "")),
            calls(tool(1, "b", "g", "")),
            calls(tool(0, arguments='{"x"')),
            calls(tool(1, arguments="{}")),
            calls(tool(0, arguments=":1}")),
            chunk({}, "tool_calls"),
        ),
        [ToolCallPart("f", '{"x":1}', "a"), ToolCallPart("g", "{}", "b")],
        "tool_call",
    ),
    (
        "two calls in one chunk",
        stream(calls(tool(0, "a", "f", "{}"), tool(1, "b", "g", "{}")), END),
        [ToolCallPart("f", "{}", "a"), ToolCallPart("g", "{}", "b")],
        "stop",
    ),
    (
        "all calls under index 0, told apart by their ids",
        stream(calls(tool(0, "a", "f", '{"x":1}')), calls(tool(0, "b", "f", '{"x":2}')), END),
        [ToolCallPart("f", '{"x":1}', "a"), ToolCallPart("f", '{"x":2}', "b")],
        "stop",
    ),
    (
        "calls without an index",
        stream(
            calls(tool(None, "a", "f", '{"x"')), calls(tool(None, arguments=":1}")), calls(tool(None, "b", "g", "{}"))
        ),
        [ToolCallPart("f", '{"x":1}', "a"), ToolCallPart("g", "{}", "b")],
        "stop",
    ),
    (
        "several calls in one chunk without an index (Mistral)",
        stream(calls(tool(None, "a", "plus", "{}"), tool(None, "b", "minus", "{}"))),
        [ToolCallPart("plus", "{}", "a"), ToolCallPart("minus", "{}", "b")],
        "stop",
    ),
    (
        "arguments of two calls in turns",
        stream(
            calls(tool(0, "a", "f", "")),
            calls(tool(1, "b", "g", "")),
            calls(tool(0, arguments='{"x"')),
            calls(tool(1, arguments="{}")),
            calls({"index": 0, "function": {"arguments": ":1}"}}),
        ),
        [ToolCallPart("f", '{"x":1}', "a"), ToolCallPart("g", "{}", "b")],
        "stop",
    ),
    (
        "the name and the id again in each chunk",
        stream(calls(tool(0, "a", "f", "")), calls(tool(0, "a", "f", '{"x":1}')), calls(tool(0, "", "", ""))),
        [ToolCallPart("f", '{"x":1}', "a")],
        "stop",
    ),
    (
        "the name in pieces",
        stream(calls(tool(0, "a", "get_")), calls(tool(0, name="weather")), calls(tool(0, arguments="{}"))),
        [ToolCallPart("get_weather", "{}", "a")],
        "stop",
    ),
    (
        "the name after the arguments began",
        stream(calls(tool(0, "a", None, "{")), calls(tool(0, name="f", arguments="}"))),
        [ToolCallPart("f", "{}", "a")],
        "stop",
    ),
    ("arguments as an object", stream(calls(tool(0, "a", "f", {"x": 1}))), [ToolCallPart("f", {"x": 1}, "a")], "stop"),
    ("arguments that are null", stream(calls(tool(0, "a", "f"))), [ToolCallPart("f", None, "a")], "stop"),
    (
        "a call without a function",
        stream(calls({"index": 0, "id": "a", "function": None}), text("Hi")),
        [TextPart("Hi")],
        "stop",
    ),
    (
        "a custom tool",
        stream(calls({"index": 0, "id": "a", "type": "custom", "custom": {"name": "f", "input": "plain"}})),
        [ToolCallPart("f", "plain", "a")],
        "stop",
    ),
    (
        "Gemini's thought signature",
        stream(calls(tool(0, "a", "f", "{}", extra_content={"google": {"thought_signature": "s"}}))),
        [ToolCallPart("f", "{}", "a", provider_details={"extra_content": {"google": {"thought_signature": "s"}}})],
        "stop",
    ),
    (
        "text after a call is a new part",
        stream(text("a"), calls(tool(0, "i", "f", "{}")), text("b"), END),
        [TextPart("a"), ToolCallPart("f", "{}", "i"), TextPart("b")],
        "stop",
    ),
    (
        "an emoji that is cut in two by its escapes",
        stream(text("a\ud83d"), text("\ude00b"), END),
        [TextPart("a\ud83d\ude00b")],
        "stop",
    ),
]


@pytest.mark.parametrize(("body", "parts", "finish"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS])
def test_a_stream_becomes_parts_at_any_cut(body: bytes, parts: list[ModelResponsePart], finish: str | None):
    fold, events = decode(body)
    assert fold.parts() == parts
    assert fold.finish_reason == finish
    decoder = CHAT.decoder(streamed=True)
    assert [event for n in range(len(body)) for event in decoder.feed(body[n : n + 1])] + decoder.close() == events


def test_each_piece_is_an_event_at_once():
    decoder = CHAT.decoder(streamed=True)
    first = decoder.feed(stream(text("He"), done=False))
    assert PartStartEvent(index=0, part=TextPart("He")) in first
    (second,) = decoder.feed(stream(text("llo"), done=False))
    assert isinstance(second, PartDeltaEvent)
    assert second.delta.content_delta == "llo"  # type: ignore[union-attr]


def test_a_legacy_function_call_becomes_a_tool_call_with_an_id_of_its_own():
    fold, _ = decode(
        stream(
            chunk({"function_call": {"name": "f", "arguments": ""}}),
            chunk({"function_call": {"arguments": '{"x":1}'}}),
            chunk({}, "function_call"),
        )
    )
    (call,) = fold.response().tool_calls
    assert (call.tool_name, call.args) == ("f", '{"x":1}')
    assert call.tool_call_id.startswith("pyd_ai_")
    assert fold.finish_reason == "tool_call"


def test_a_call_without_an_id_gets_one():
    fold, _ = decode(stream(calls(tool(0, None, "f", "{}"))))
    assert fold.response().tool_calls[0].tool_call_id.startswith("pyd_ai_")


def test_a_refusal_is_kept_apart_from_text():
    fold, _ = decode(
        stream(chunk({"content": "", "refusal": None}), chunk({"refusal": "I "}), chunk({"refusal": "no"}), END)
    )
    assert fold.parts() == []
    assert fold.refusal == "I no"
    assert fold.finish_reason == "content_filter"


@pytest.mark.parametrize(
    "chunks",
    [
        [text("Hi"), {**END, "usage": USAGE}],
        [text("Hi"), END, {"choices": [], "usage": USAGE}],
        [text("Hi"), chunk({}, "stop", choice={"usage": USAGE})],
        [text("Hi"), {**END, "x_groq": {"id": "r", "usage": USAGE}}],
        [text("Hi", usage={**USAGE, "completion_tokens": 1}), {**END, "usage": USAGE}],
        [text("Hi", usage=None), {**END, "usage": USAGE}, {"choices": [], "usage": USAGE}],
    ],
    ids=["with the finish", "in a chunk of its own", "in the choice", "in x_groq", "growing", "twice"],
)
def test_usage_is_found_where_the_provider_puts_it_and_counted_once(chunks: list[Any]):
    usage = decode(stream(*chunks))[0].usage
    assert (usage.input_tokens, usage.output_tokens) == (5, 7)


def test_details_of_usage():
    wire = {
        **USAGE,
        "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 1, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 2, "rejected_prediction_tokens": None},
        "prompt_cache_hit_tokens": 3,
        "cost": 0.1,
    }
    usage = decode(stream(text("Hi"), {**END, "usage": wire}))[0].usage
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (3, 2)
    assert (usage.input_audio_tokens, usage.output_audio_tokens) == (1, 2)
    assert usage.details == {"prompt_cache_hit_tokens": 3, "reasoning_tokens": 4, "audio_tokens": 2}


def test_reasoning_that_is_counted_beside_the_completion_is_added_to_it():
    wire = {
        "prompt_tokens": 5,
        "completion_tokens": 7,
        "total_tokens": 22,
        "completion_tokens_details": {"reasoning_tokens": 10},
    }
    assert decode(stream(text("Hi"), {**END, "usage": wire}))[0].usage.output_tokens == 17


ERRORS: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "an object",
        {"error": {"message": "boom", "type": "server_error", "code": None}},
        {"message": "boom", "type": "server_error", "status": 500},
    ),
    ("a text", {"error": "boom", "code": 404}, {"message": "boom", "code": 404, "status": 404}),
    (
        "an event named error",
        'event: error\ndata: {"message":"boom","code":"429"}\n\n',
        {"message": "boom", "code": "429", "status": 429},
    ),
    (
        "the chunk itself",
        {"object": "error", "message": "boom", "code": 400},
        {"message": "boom", "code": 400, "object": "error", "status": 400},
    ),
    ("FastAPI's detail", {"detail": "boom"}, {"message": "boom", "detail": "boom"}),
    (
        "in the choice",
        chunk({}, "error", choice={"error": {"message": "boom", "code": 502}}),
        {"message": "boom", "code": 502, "status": 502},
    ),
]


@pytest.mark.parametrize(("error", "expected"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
def test_an_error_in_the_middle_of_a_stream_is_its_last_event(error: Any, expected: dict[str, Any]):
    fold, events = decode(stream(text("Hi"), error, text("ignored")))
    assert fold.error == expected
    assert fold.parts() == [TextPart("Hi")]
    assert getattr(events[-1], "error", None) == expected


def test_a_bare_json_error_under_an_event_stream_is_an_error():
    body = json.dumps({"error": {"message": "Overloaded", "code": 503}}, indent=2).encode()
    assert decode(body)[0].error == {"message": "Overloaded", "code": 503, "status": 503}


def test_a_whole_completion_under_an_event_stream_is_read():
    body = json.dumps(
        {"id": "c", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}, indent=1
    ).encode()
    assert decode(body)[0].parts() == [TextPart("Hi")]


def test_a_frame_that_is_no_json_is_named():
    decoder = CHAT.decoder(streamed=True)
    events = decoder.feed(stream(text("Hi"), "data: {oops\n\n"))
    assert decoder.fold.parts() == [TextPart("Hi")]
    assert events, "what came before the bad frame is handed out first"
    with pytest.raises(DecodeError, match="Frame 1 of the stream is not JSON") as caught:
        decoder.close()
    assert caught.value.frame == 1
    with pytest.raises(DecodeError, match="Frame 1"):
        decoder.feed(b"data: [DONE]\n\n")


@pytest.mark.parametrize("body", [b"", b": ping\n\n", b"data: [DONE]\n\n"], ids=["nothing", "a comment", "[DONE]"])
def test_a_stream_without_a_reply_is_an_error(body: bytes):
    decoder = CHAT.decoder(streamed=True)
    with pytest.raises(DecodeError, match="The stream ended without"):
        decoder.feed(body)
        decoder.close()


def test_arguments_that_change_their_form_are_an_error_that_names_the_frame():
    decoder = CHAT.decoder(streamed=True)
    decoder.feed(stream(calls(tool(0, "a", "f", {"x": 1})), calls(tool(0, arguments='"y"'))))
    with pytest.raises(DecodeError, match="began as an object go on as text") as caught:
        decoder.close()
    assert caught.value.frame == 1


def test_groq_names_no_field_for_reasoning_and_shows_its_searches():
    search = {"type": "search", "arguments": '{"query": "q"}', "index": 0}
    result = {**search, "search_results": {"results": [{"title": "t"}]}}
    fold, _ = decode(
        stream(
            chunk({"reasoning": "h"}, x_groq={"id": "r"}),
            chunk({"executed_tools": [search]}),
            chunk({"executed_tools": [result]}),
            text("Hi"),
            END,
        )
    )
    thinking, call, returned, answer = fold.parts()
    assert thinking == ThinkingPart("h")
    assert isinstance(call, BuiltinToolCallPart)
    assert isinstance(returned, BuiltinToolReturnPart)
    assert (call.tool_name, call.args) == ("web_search", {"query": "q"})
    assert returned.content == {"images": None, "results": [{"title": "t"}]}
    assert call.tool_call_id == returned.tool_call_id
    assert answer == TextPart("Hi")


def test_a_call_that_groq_refused_is_given_to_the_run():
    error = {"code": "tool_use_failed", "message": "m", "failed_generation": '{"name": "f", "arguments": {"x": 1}}'}
    fold, _ = decode(stream(chunk({"reasoning": "h"}), {"error": error}), provider="groq")
    assert fold.error is None
    assert [(call.tool_name, call.args) for call in fold.response().tool_calls] == [("f", {"x": 1})]
    assert fold.details is not None
    assert fold.details["error"]["code"] == "tool_use_failed"


def test_templates_that_begin_with_line_ends_lose_them_where_a_host_serves_many_models():
    body = stream(chunk({"reasoning": "h"}), text("\n\n"), text("Hi"), END)
    assert decode(body, model="qwen/qwen3-32b", provider="groq")[0].response().text == "Hi"
    assert decode(body, model="qwen3-32b", provider="alibaba")[0].response().text == "\n\nHi"


def whole(message: Any, finish: Any = "stop", **more: Any) -> Fold:
    body = {"id": "c1", "created": 1700000000, "model": "m1", "usage": USAGE}
    body |= {"choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}
    decoder = CHAT.decoder(streamed=False)
    data = json.dumps(body).encode()
    assert decoder.feed(data[:10]) + decoder.feed(data[10:]) == []
    assert violations(decoder.close()) == []
    return decoder.fold


WHOLE: list[tuple[str, Any, list[ModelResponsePart]]] = [
    ("text", {"content": "Hi"}, [TextPart("Hi")]),
    ("nothing", {"content": None}, []),
    (
        "empty text beside a call",
        {"content": "", "tool_calls": [tool(None, "a", "f", "{}")]},
        [ToolCallPart("f", "{}", "a")],
    ),
    (
        "reasoning",
        {"content": "Hi", "reasoning_content": "h"},
        [ThinkingPart("h", id="reasoning_content"), TextPart("Hi")],
    ),
    ("an object, as Cloudflare reads what was to be JSON", {"content": {"a": "é"}}, [TextPart('{"a":"é"}')]),
    ("tags", {"content": "a<think>b</think>c"}, [TextPart("a"), ThinkingPart("b", id="content"), TextPart("c")]),
    ("a tag that was cut off by a limit", {"content": "<think>b"}, [TextPart("b")]),
    ("a tag in the text that never ends", {"content": "a <think> b"}, [TextPart("a <think> b")]),
    (
        "Mistral's list",
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "h"}]},
                {"type": "text", "text": "Hi"},
            ]
        },
        [ThinkingPart("h"), TextPart("Hi")],
    ),
    (
        "details without an index are parts of their own",
        {"reasoning_details": [{"type": "reasoning.text", "text": "a"}, {"type": "reasoning.text", "text": "b"}]},
        [
            ThinkingPart("a", provider_details={"format": None, "index": None, "type": "reasoning.text"}),
            ThinkingPart("b", provider_details={"format": None, "index": None, "type": "reasoning.text"}),
        ],
    ),
]


def test_what_each_chunk_says_again_is_told_once():
    again = {"service_tier": "default", "usage": USAGE, "system_fingerprint": "f"}
    _, events = decode(stream(*(text(letter, **again) for letter in "abc")))
    told = [event for event in events if isinstance(event, ResponseMeta) and (event.details or event.usage)]
    assert [bool(event.details) for event in told] == [False, True]


@pytest.mark.parametrize(("message", "parts"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE])
def test_a_whole_reply_becomes_parts(message: Any, parts: list[ModelResponsePart]):
    fold = whole(message)
    assert fold.parts() == parts
    assert fold.provider_response_id == "c1"
    assert fold.model_name == "m1"
    assert fold.usage.input_tokens == 5
    assert fold.timestamp is not None


def test_a_whole_refusal():
    fold = whole({"content": None, "refusal": "No."})
    assert (fold.parts(), fold.refusal, fold.finish_reason) == ([], "No.", "content_filter")


def test_openrouters_wrapped_reply_is_unwrapped():
    inner = {"id": "p", "model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    decoder = CHAT.decoder(streamed=False)
    decoder.feed(json.dumps({"id": "c", "choices": None, "provider": inner}).encode())
    decoder.close()
    assert decoder.fold.parts() == [TextPart("Hi")]


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"<html>Bad Gateway</html>", "The body is not JSON"),
        (b"[1, 2]", "The body is a JSON list"),
        (b'{"id": "c", "choices": []}', "no choices"),
        (b'{"choices": [{"message": {"content": "Hi"}}', "The body is not JSON"),
    ],
)
def test_a_body_that_is_no_completion_is_an_error(body: bytes, match: str):
    decoder = CHAT.decoder(streamed=False)
    decoder.feed(body)
    with pytest.raises(DecodeError, match=match) as caught:
        decoder.close()
    assert caught.value.frame is None
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("url", "recognised"),
    [
        ("https://api.openai.com/v1/chat/completions", True),
        ("https://x.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", True),
        ("https://router.huggingface.co/nebius/v1/chat/completions", True),
        ("/chat/completions", True),
        ("https://api.openai.com/v1/completions", False),
        ("https://api.openai.com/v1/chat/completions/chatcmpl-1", False),
    ],
)
def test_requests_are_recognised_by_the_end_of_their_path(url: str, recognised: bool):
    assert CHAT.recognises("POST", url, {}, b"{}") is recognised
    assert CHAT.recognises("GET", url, {}, b"") is False


def test_errors_that_are_replies_in_truth_are_read_as_such():
    error = {"code": "tool_use_failed", "message": "m", "failed_generation": '{"name": "f", "arguments": {"x": 1}}'}
    decoder = CHAT.decoder(streamed=False, provider="groq")
    decoder.feed(json.dumps({"error": error}).encode())
    decoder.close()
    assert (decoder.fold.error, decoder.fold.finish_reason) == (None, "error")
    assert [call.args for call in decoder.fold.response().tool_calls] == [{"x": 1}]

    filtered = {
        "code": "content_filter",
        "message": "m",
        "innererror": {"content_filter_result": {"hate": {"filtered": True}}},
    }
    decoder = CHAT.decoder(streamed=False)
    decoder.feed(json.dumps({"error": filtered}).encode())
    decoder.close()
    assert (decoder.fold.error, decoder.fold.finish_reason) == (None, "content_filter")
    assert decoder.fold.details == {"content_filter_result": {"hate": {"filtered": True}}}


def test_parts_that_can_be_sent_back_say_whose_they_are():
    fold, _ = decode(stream(chunk({"reasoning_content": "h"}), text("Hi"), END), provider="deepseek")
    assert fold.parts() == [
        ThinkingPart("h", id="reasoning_content", provider_name="deepseek"),
        TextPart("Hi"),
    ]
