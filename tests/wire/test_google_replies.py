"""Replies of Google's: stories as they stand on the wire, and what the official SDK makes of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playhead.clock import FixedClock, use_clock
from playhead.exceptions import DecodeError
from playhead.ids import SeededIds, use_ids
from playhead.messages import (
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    ModelResponse,
    ResponseMeta,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.stream import Emitter, unfold, violations, words
from playhead.usage import RequestUsage
from playhead.wire.google_generate import GoogleGenerate

DIALECT = GoogleGenerate()
GLA = "google-gla"


def chunk(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A chunk with parts; `finishReason` and metadata go to the candidate, the rest to the chunk."""
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    for name in ("finishReason", "groundingMetadata", "urlContextMetadata", "finishMessage"):
        if name in fields:
            candidate[name] = fields.pop(name)
    return {"candidates": [candidate], "modelVersion": "gemini-x", "responseId": "r1"} | fields


def sse(*chunks: Any, line_end: bytes = b"\r\n") -> bytes:
    return b"".join(b"data: " + json.dumps(item).encode() + line_end * 2 for item in chunks)


def decode(body: bytes, *, streamed: bool = True, provider: str | None = None) -> tuple[list[Any], Any]:
    with use_clock(FixedClock()), use_ids(SeededIds()):
        decoder = DIALECT.decoder(streamed=streamed, provider=provider)
        events = [*decoder.feed(body), *decoder.close()]
    assert violations(events) == []
    return events, decoder.fold


END = chunk(finishReason="STOP", usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7})
SEAL = {"provider_name": GLA, "provider_details": {"thought_signature": "c2ln"}}
FIRST_ID = f"pyd_ai_{SeededIds().uuid().hex}"
NOW = FixedClock().now()

STORIES: dict[str, tuple[list[Any], list[Any]]] = {
    "text in pieces": ([chunk({"text": "Hel"}), chunk({"text": "lo"}), END], [TextPart("Hello")]),
    "empty texts": ([chunk({"text": ""}), chunk({"text": "x"}), chunk({"text": ""}), END], [TextPart("x")]),
    "thoughts, then text": (
        [chunk({"text": "h", "thought": True}), chunk({"text": "m", "thought": True}), chunk({"text": "x"}), END],
        [ThinkingPart("hm"), TextPart("x")],
    ),
    "a seal on the last, empty piece": (
        [chunk({"text": "x"}), chunk({"text": "", "thoughtSignature": "c2ln"}), END],
        [TextPart("x", **SEAL)],
    ),
    "a seal in the alphabet for URLs": (
        [chunk({"text": "x", "thoughtSignature": "-_-_"}), END],
        [TextPart("x", provider_name=GLA, provider_details={"thought_signature": "+/+/"})],
    ),
    "a call without an id": (
        [chunk({"functionCall": {"name": "f", "args": {"a": 1}}}), END],
        [ToolCallPart("f", {"a": 1}, FIRST_ID)],
    ),
    "two calls in one chunk, the first sealed": (
        [
            chunk(
                {"functionCall": {"name": "f", "args": {}, "id": "1"}, "thoughtSignature": "c2ln"},
                {"functionCall": {"name": "f", "args": {}, "id": "2"}},
            ),
            END,
        ],
        [ToolCallPart("f", {}, "1", **SEAL), ToolCallPart("f", {}, "2")],
    ),
    "text, call, text": (
        [chunk({"text": "a"}), chunk({"functionCall": {"name": "f", "id": "1"}}), chunk({"text": "b"}), END],
        [TextPart("a"), ToolCallPart("f", None, "1"), TextPart("b")],
    ),
    "arguments field by field": (
        [
            chunk({"functionCall": {"name": "f", "id": "1", "willContinue": True}}),
            chunk(
                {
                    "functionCall": {
                        "partialArgs": [{"jsonPath": "$.city", "stringValue": "Pa", "willContinue": True}],
                        "willContinue": True,
                    }
                }
            ),
            chunk(
                {"functionCall": {"partialArgs": [{"jsonPath": "$.city", "stringValue": "ris"}], "willContinue": True}}
            ),
            chunk(
                {
                    "functionCall": {
                        "partialArgs": [{"jsonPath": "$.days[1].n", "numberValue": 2.0}],
                        "willContinue": True,
                    }
                }
            ),
            chunk(
                {"functionCall": {"partialArgs": [{"jsonPath": "$['x y']", "boolValue": True}], "willContinue": True}}
            ),
            chunk({"functionCall": {}}),
            END,
        ],
        [ToolCallPart("f", {"city": "Paris", "days": [None, {"n": 2}], "x y": True}, "1")],
    ),
    "a picture, after a draft of it": (
        [
            chunk({"inlineData": {"mimeType": "image/png", "data": "ZHJhZnQ="}, "thought": True}),
            chunk({"inlineData": {"mimeType": "image/png", "data": "cG5n"}, "thoughtSignature": "c2ln"}),
            END,
        ],
        [FilePart(BinaryContent.narrow_type(BinaryContent(b"png", media_type="image/png")), **SEAL)],
    ),
    "code that was run": (
        [
            chunk({"executableCode": {"language": "PYTHON", "code": "1+1"}}),
            chunk({"codeExecutionResult": {"outcome": 1, "output": "2\n"}}),
            END,
        ],
        [
            BuiltinToolCallPart("code_execution", {"language": "PYTHON", "code": "1+1"}, FIRST_ID, provider_name=GLA),
            BuiltinToolReturnPart(
                "code_execution", {"outcome": "OUTCOME_OK", "output": "2\n"}, FIRST_ID, provider_name=GLA, timestamp=NOW
            ),
        ],
    ),
    "a search that is told of at the end": (
        [
            chunk({"text": "x"}),
            chunk(
                {"text": "y"},
                finishReason="STOP",
                groundingMetadata={
                    "webSearchQueries": ["q"],
                    "groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
                    "groundingSupports": [],
                },
            ),
        ],
        [
            TextPart("xy"),
            BuiltinToolCallPart("web_search", {"queries": ["q"]}, FIRST_ID, provider_name=GLA),
            BuiltinToolReturnPart(
                "web_search",
                [{"domain": None, "title": "t", "uri": "u"}],
                FIRST_ID,
                provider_name=GLA,
                timestamp=NOW,
            ),
        ],
    ),
    "files that were searched": (
        [
            chunk(
                {"text": "x"},
                finishReason="STOP",
                groundingMetadata={"groundingChunks": [{"retrievedContext": {"text": "t", "fileSearchStore": "s"}}]},
            )
        ],
        [
            TextPart("x"),
            BuiltinToolCallPart("file_search", {}, FIRST_ID, provider_name=GLA),
            BuiltinToolReturnPart(
                "file_search", [{"text": "t", "file_search_store": "s"}], FIRST_ID, provider_name=GLA, timestamp=NOW
            ),
        ],
    ),
    "the seal of a text that rests on pages": (
        [
            chunk({"text": "x"}),
            chunk(
                {"text": "", "thoughtSignature": "c2ln"},
                urlContextMetadata={"urlMetadata": [{"retrievedUrl": "u", "urlRetrievalStatus": "OK"}]},
                finishReason="STOP",
            ),
        ],
        [
            TextPart("x", **SEAL),
            BuiltinToolCallPart("web_fetch", {"urls": ["u"]}, FIRST_ID, provider_name=GLA),
            BuiltinToolReturnPart(
                "web_fetch",
                [{"retrieved_url": "u", "url_retrieval_status": "OK"}],
                FIRST_ID,
                provider_name=GLA,
                timestamp=NOW,
            ),
        ],
    ),
    "pages that were read": (
        [
            chunk(
                {"text": "x"}, urlContextMetadata={"urlMetadata": [{"retrievedUrl": "u", "urlRetrievalStatus": "OK"}]}
            ),
            END,
        ],
        [
            BuiltinToolCallPart("web_fetch", {"urls": ["u"]}, FIRST_ID, provider_name=GLA),
            BuiltinToolReturnPart(
                "web_fetch",
                [{"retrieved_url": "u", "url_retrieval_status": "OK"}],
                FIRST_ID,
                provider_name=GLA,
                timestamp=NOW,
            ),
            TextPart("x"),
        ],
    ),
    "the provider's own tools as parts": (
        [
            chunk({"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["q"]}, "id": "t1"}}),
            chunk({"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "response": {"s": 1}, "id": "t1"}}),
            chunk({"text": "x"}, finishReason="STOP", groundingMetadata={"webSearchQueries": ["q"]}),
        ],
        [
            BuiltinToolCallPart("web_search", {"queries": ["q"]}, "t1", provider_name=GLA),
            BuiltinToolReturnPart("web_search", {"s": 1}, "t1", provider_name=GLA, timestamp=NOW),
            TextPart("x"),
        ],
    ),
    "parts and fields that nobody knows yet": (
        [chunk({"hologram": {"x": 1}}, {"thoughtSignature": "c2ln"}, {"text": "x"}), {"newThing": 1} | END],
        [TextPart("x")],
    ),
    "fields in the other spelling": (
        [
            {
                "candidates": [
                    {"content": {"parts": [{"function_call": {"name": "f", "args": {"a_b": 1}, "id": "1"}}]}}
                ],
                "usage_metadata": {"prompt_token_count": 5, "candidates_token_count": 2},
                "model_version": "gemini-x",
                "response_id": "r1",
            },
            {"candidates": [{"finish_reason": "STOP"}]},
        ],
        [ToolCallPart("f", {"a_b": 1}, "1")],
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_on_the_wire_is_read_and_written_again(story: str):
    chunks, expected = STORIES[story]
    events, fold = decode(sse(*chunks))
    assert fold.parts() == expected
    assert (fold.finish_reason, fold.model_name, fold.provider_response_id) == ("stop", "gemini-x", "r1")
    for streamed in (True, False):
        with use_clock(FixedClock()), use_ids(SeededIds()):
            encoder = DIALECT.encoder(streamed=streamed)
            again = b"".join([encoder.feed(event) for event in events]) + encoder.close()
            expected_events = DIALECT.normal(events, streamed=streamed)
        assert decode(again, streamed=streamed)[0] == expected_events


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("form", ["crlf", "lf", "array", "pretty array"])
def test_a_story_cut_at_every_byte_in_any_form_is_the_same_story(story: str, form: str):
    chunks = STORIES[story][0]
    whole, _ = decode(sse(*chunks))
    body = {
        "crlf": sse(*chunks),
        "lf": sse(*chunks, line_end=b"\n"),
        "array": json.dumps(chunks).encode(),
        "pretty array": b"\n " + json.dumps(chunks, indent=2).replace("},\n", "}\n,\r\n").encode() + b"\n",
    }[form]
    with use_clock(FixedClock()), use_ids(SeededIds()):
        decoder = DIALECT.decoder(streamed=True)
        bytewise = [event for n in range(len(body)) for event in decoder.feed(body[n : n + 1])]
        bytewise += decoder.close()
    assert bytewise == whole


def test_usage_grows_with_the_text_and_keeps_what_is_not_repeated():
    prompt = {"promptTokenCount": 5, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 5}]}
    counts = [
        {**prompt, "candidatesTokenCount": 1, "totalTokenCount": 6},
        {**prompt, "candidatesTokenCount": 2, "totalTokenCount": 9, "thoughtsTokenCount": 2},
        {"candidatesTokenCount": 3, "totalTokenCount": 10},
        {**prompt, "promptTokenCount": 8, "candidatesTokenCount": 3, "totalTokenCount": 13, "thoughtsTokenCount": 2},
    ]
    events, fold = decode(sse(*(chunk({"text": "x"}, usageMetadata=item) for item in counts), END))
    told = [event.usage for event in events if isinstance(event, ResponseMeta) and event.usage is not None]
    assert [(usage.input_tokens, usage.output_tokens) for usage in told] == [(5, 1), (5, 4), (5, 3), (8, 5), (5, 2)]
    assert fold.usage.details == {"text_prompt_tokens": 5, "thoughts_tokens": 2}
    assert fold.response().text == "xxxx"


def test_what_each_chunk_says_again_is_told_once():
    again = {"createTime": "2026-01-02T03:04:05Z", "usageMetadata": {"trafficType": "ON_DEMAND"}}
    events, fold = decode(sse(*(chunk({"text": letter}, **again) for letter in "abc"), END), provider="google-vertex")
    assert fold.response().text == "abc"
    assert [sorted(event.details) for event in events if isinstance(event, ResponseMeta) and event.details] == [
        ["timestamp", "traffic_type"]
    ]


def test_an_array_gives_its_events_while_it_arrives():
    decoder = DIALECT.decoder(streamed=True)
    first = json.dumps([chunk({"text": 'brackets ]}"[{ and \\ escapes "}'})]).encode()[:-1]
    assert len(decoder.feed(first)) == 2
    decoder.feed(b"," + json.dumps(END).encode() + b"]")
    decoder.close()
    assert decoder.fold.response().text == 'brackets ]}"[{ and \\ escapes "}'


def test_in_a_whole_reply_each_part_is_one_of_its_own():
    body = json.dumps(chunk({"text": "a"}, {"text": "b", "thoughtSignature": "c2ln"}, finishReason="STOP")).encode()
    assert decode(body, streamed=False)[1].parts() == [TextPart("a"), TextPart("b", **SEAL)]


def test_a_whole_reply_has_the_sources_in_the_result_of_its_search():
    parts = [
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {}, "id": "t1"}},
        {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "response": {"s": 1}, "id": "t1"}},
    ]
    grounding = {"groundingChunks": [{"web": {"uri": "u"}}]}
    body = json.dumps(chunk(*parts, groundingMetadata=grounding, finishReason="STOP")).encode()
    content = decode(body, streamed=False)[1].parts()[1].content
    assert content == {"s": 1, "sources": [{"domain": None, "title": None, "uri": "u"}]}
    # In a stream the result was handed out before the sources came; they are told apart from it.
    streamed = decode(sse(chunk(*parts), chunk(groundingMetadata=grounding, finishReason="STOP")))[1]
    assert streamed.parts()[1].content == {"s": 1}
    assert streamed.details["web_search_sources"] == content["sources"]


def test_the_text_says_which_of_its_words_rest_on_which_source():
    supports = [{"segment": {"endIndex": 1, "text": "x"}, "groundingChunkIndices": [0]}]
    grounding = {"webSearchQueries": ["q"], "groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": supports}
    chunks = [chunk({"text": "x"}), chunk({"text": "y"}, groundingMetadata=grounding, finishReason="STOP")]
    whole = chunk({"text": "xy"}, groundingMetadata=grounding, finishReason="STOP")
    for body, streamed in ((sse(*chunks), True), (json.dumps(whole).encode(), False)):
        text = decode(body, streamed=streamed)[1].parts()[0]
        assert text == TextPart("xy", provider_name=GLA, provider_details={"grounding_supports": supports})


class TestUsage:
    def test_thoughts_count_as_output_and_what_tools_put_into_the_prompt_as_input(self):
        counts = {
            "promptTokenCount": 10,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 3,
            "toolUsePromptTokenCount": 2,
            "cachedContentTokenCount": 4,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}, {"modality": 4, "tokenCount": 3}],
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 5}],
        }
        usage = decode(sse(chunk({"text": "x"}, usageMetadata=counts), chunk(finishReason="STOP")))[1].usage
        assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (12, 8, 4)
        assert usage.input_audio_tokens == 3
        assert usage.details == {
            "cached_content_tokens": 4,
            "thoughts_tokens": 3,
            "tool_use_prompt_tokens": 2,
            "text_prompt_tokens": 7,
            "audio_prompt_tokens": 3,
            "image_candidates_tokens": 5,
        }

    def test_what_a_later_snapshot_leaves_out_stays(self):
        first = {"promptTokenCount": 10, "candidatesTokenCount": 1, "cachedContentTokenCount": 4}
        last = {"promptTokenCount": 10, "candidatesTokenCount": 9}
        usage = decode(sse(chunk({"text": "x"}, usageMetadata=first), chunk(finishReason="STOP", usageMetadata=last)))[
            1
        ].usage
        assert (usage.output_tokens, usage.cache_read_tokens) == (9, 4)

    def test_searches_are_counted_each_once(self):
        grounding = {"webSearchQueries": ["a", "b", "a", " "]}
        assert decode(sse(chunk(groundingMetadata=grounding, finishReason="STOP")))[1].usage.details == {
            "web_search_requests": 2
        }


class TestEnds:
    @pytest.mark.parametrize(
        ("raw", "finish"),
        [
            ("STOP", "stop"),
            ("MAX_TOKENS", "length"),
            ("SAFETY", "content_filter"),
            ("RECITATION", "content_filter"),
            ("PROHIBITED_CONTENT", "content_filter"),
            ("MALFORMED_FUNCTION_CALL", "error"),
            ("OTHER", None),
            ("BRAND_NEW", None),
        ],
    )
    def test_reasons_to_stop_have_words_that_all_providers_share(self, raw: str, finish: str | None):
        fold = decode(sse(chunk(finishReason=raw)))[1]
        assert (fold.finish_reason, fold.raw_finish_reason) == (finish, raw)

    @pytest.mark.parametrize(
        ("provider", "number", "name"),
        [("google-gla", 1, "STOP"), ("google-gla", 6, "LANGUAGE"), ("google-vertex", 6, "BLOCKLIST"), (None, 99, "99")],
    )
    def test_a_reason_may_be_a_number(self, provider: str | None, number: int, name: str):
        assert decode(sse(chunk(finishReason=number)), provider=provider)[1].raw_finish_reason == name

    def test_a_prompt_that_was_blocked_says_why(self):
        body = {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "no"}, "modelVersion": "m"}
        for streamed, data in ((True, sse(body)), (False, json.dumps(body).encode())):
            fold = decode(data, streamed=streamed)[1]
            assert (fold.finish_reason, fold.raw_finish_reason, fold.parts()) == ("content_filter", None, [])
            assert fold.details == {"block_reason": "SAFETY", "block_reason_message": "no"}

    def test_a_stream_without_its_end_is_incomplete(self):
        fold = decode(sse(chunk({"text": "x"})))[1]
        assert (fold.state, fold.response().text) == ("incomplete", "x")

    ERROR = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}

    @pytest.mark.parametrize(
        "body",
        [
            sse(chunk({"text": "x"}), ERROR, END),
            json.dumps(ERROR, indent=2).encode(),
            json.dumps([ERROR], indent=2).encode(),
            json.dumps([chunk({"text": "x"}), ERROR]).encode(),
        ],
        ids=["frame", "bare", "array", "in an array"],
    )
    def test_an_error_ends_the_stream_in_any_form(self, body: bytes):
        fold = decode(body)[1]
        assert fold.error == {
            "message": "overloaded",
            "type": "UNAVAILABLE",
            "status": 503,
            "code": "UNAVAILABLE",
            "body": self.ERROR,
        }
        assert fold.finish_reason is None


class TestWhatIsNotTheFormat:
    @pytest.mark.parametrize(
        ("body", "streamed", "frame"),
        [
            (b"", True, None),
            (b"data: {\r\n\r\n", True, 0),
            (sse(chunk({"text": "x"})) + b"data: 5\n\n", True, 1),
            (sse(chunk({"inlineData": {"mimeType": "image/png", "data": "?"}})), True, 0),
            (sse({"id": "chatcmpl-1", "choices": []}), True, 0),
            (json.dumps([chunk({"text": "x"})]).encode()[:-1], True, 1),
            (b"{}", False, None),
            (b"<html>", False, None),
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
        (b'{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}', ("bad", "INVALID_ARGUMENT", 400)),
        (b'[{"error":{"code":404,"message":"none","status":"NOT_FOUND"}}]', ("none", "NOT_FOUND", 404)),
        (b'{"error":{"message":"none","status":"RESOURCE_EXHAUSTED"}}', ("none", "RESOURCE_EXHAUSTED", 429)),
        (b"<html>502</html>", ("<html>502</html>", None, None)),
        (b"", ("", None, None)),
    ],
)
def test_errors_are_read_from_any_bytes(body: bytes, expected: Any):
    found = DIALECT.read_error(body)
    assert (found["message"], found.get("type"), found.get("status")) == expected


# ---------------------------------------------------------------------------------------------- the official SDK
REPLY = ModelResponse(
    [
        ThinkingPart("hm"),
        TextPart("It is sunny in Zürich. 👩‍👩‍👧", **SEAL),
        ToolCallPart("get_weather", '{"city": "Paris"}', "c1"),
        ToolCallPart("get_weather", {"city": "Rome"}, "c2"),
        BuiltinToolCallPart("code_execution", {"code": "1+1", "language": "PYTHON"}, "e1", provider_name=GLA),
        BuiltinToolReturnPart("code_execution", {"outcome": "OUTCOME_OK", "output": "2"}, "e1", provider_name=GLA),
        FilePart(BinaryContent(b"png", media_type="image/png")),
    ],
    usage=RequestUsage(input_tokens=12, output_tokens=7, cache_read_tokens=4, details={"thoughts_tokens": 2}),
    model_name="gemini-test",
    provider_response_id="resp_7",
    finish_reason="stop",
)


def sdk(body: bytes, content_type: str, status: int = 200) -> Any:
    genai = pytest.importorskip("google.genai")
    httpx = pytest.importorskip("httpx2")
    transport = httpx.MockTransport(
        lambda request: httpx.Response(status, content=body, headers={"content-type": content_type})
    )
    options = genai.types.HttpOptions(httpx_client=httpx.Client(transport=transport))
    return genai.Client(api_key="k", http_options=options).models


def encoded(events: list[Any], *, streamed: bool) -> tuple[bytes, str]:
    encoder = DIALECT.encoder(streamed=streamed)
    return b"".join([encoder.feed(event) for event in events]) + encoder.close(), encoder.content_type


def check(parts: list[Any]) -> None:
    assert "".join(part.text for part in parts if part.text and part.thought) == "hm"
    assert "".join(part.text for part in parts if part.text and not part.thought) == "It is sunny in Zürich. 👩‍👩‍👧"
    assert [part.thought_signature for part in parts if part.thought_signature] == [b"sig"]
    calls = [part.function_call for part in parts if part.function_call]
    assert [(call.id, call.name, call.args) for call in calls] == [
        ("c1", "get_weather", {"city": "Paris"}),
        ("c2", "get_weather", {"city": "Rome"}),
    ]
    assert [part.executable_code.code for part in parts if part.executable_code] == ["1+1"]
    assert [part.code_execution_result.output for part in parts if part.code_execution_result] == ["2"]
    assert [part.inline_data.data for part in parts if part.inline_data] == [b"png"]


def test_the_sdk_reads_a_whole_reply():
    reply = sdk(*encoded(unfold(REPLY), streamed=False)).generate_content(model="gemini-2.5-flash", contents="hi")
    check(reply.candidates[0].content.parts)
    assert (reply.model_version, reply.response_id) == ("gemini-test", "resp_7")
    assert reply.usage_metadata.candidates_token_count == 5
    assert reply.usage_metadata.thoughts_token_count == 2
    assert reply.candidates[0].finish_reason.value == "STOP"


def test_the_sdk_reads_a_stream():
    models = sdk(*encoded(unfold(REPLY, words), streamed=True))
    chunks = list(models.generate_content_stream(model="gemini-2.5-flash", contents="hi"))
    check([part for item in chunks for part in item.candidates[0].content.parts or []])
    assert chunks[-1].usage_metadata.prompt_token_count == 12
    assert chunks[-1].candidates[0].finish_reason.value == "STOP"
    assert len(chunks) > 8


def test_the_sdk_raises_an_error_in_the_middle_of_a_stream():
    genai = pytest.importorskip("google.genai")
    emitter = Emitter()
    emitter.text(0, "so far")
    emitter.meta(ResponseMeta(error={"message": "overloaded", "status": 503}))
    models = sdk(*encoded(emitter.take(), streamed=True))
    with pytest.raises(genai.errors.APIError, match="overloaded"):
        list(models.generate_content_stream(model="gemini-2.5-flash", contents="hi"))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_the_sdk_raises_the_error_of_a_status(status: int):
    genai = pytest.importorskip("google.genai")
    body = DIALECT.write_error(status, "because")
    with pytest.raises(genai.errors.APIError) as caught:
        sdk(body, "application/json", status).generate_content(model="gemini-2.5-flash", contents="hi")
    assert (caught.value.code, caught.value.message) == (status, "because")
    assert DIALECT.read_error(body)["status"] == status
