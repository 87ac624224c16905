"""What the official `openai` SDK makes of what is encoded, and sends for what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from playhead.messages import (
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    ResponseMeta,
    StreamEvent,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolDefinition,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.stream import Emitter, fold, unfold, words
from playhead.usage import RequestUsage
from playhead.wire import DIALECTS, ModelCall
from tests.wire.strategies import replies

openai = pytest.importorskip("openai")
# The SDK moved from httpx to httpx2; the transport has to be of the same family.
httpx = pytest.importorskip(openai.DefaultHttpxClient.__mro__[1].__module__.split(".")[0])

CHAT, RESPONSES = DIALECTS["openai-chat"], DIALECTS["openai-responses"]
REPLY = ModelResponse(
    parts=[
        TextPart("It is sunny in Zürich, 20 °C. 👩‍👩‍👧"),
        ToolCallPart("get_weather", '{"city": "Paris"}', "call_1"),
        ToolCallPart("get_weather", {"city": "Rome"}, "call_2"),
    ],
    usage=RequestUsage(input_tokens=12, output_tokens=7, cache_read_tokens=4, details={"reasoning_tokens": 2}),
    model_name="gpt-test",
    provider_response_id="resp_7",
    finish_reason="tool_call",
)


def client(answer: Callable[[Any], Any], **options: Any) -> Any:
    transport = httpx.MockTransport(answer)
    return openai.OpenAI(
        api_key="test",
        base_url="http://example.test/v1",
        http_client=httpx.Client(transport=transport),
        max_retries=0,
        **options,
    )


def answering(name: str, events: list[StreamEvent], *, streamed: bool, status: int = 200) -> Any:
    encoder = DIALECTS[name].encoder(streamed=streamed)
    body = b"".join([encoder.feed(event) for event in events]) + encoder.close()
    return client(lambda request: httpx.Response(status, content=body, headers={"content-type": encoder.content_type}))


def test_the_sdk_reads_a_whole_chat_completion():
    completion = answering("openai-chat", unfold(REPLY), streamed=False).chat.completions.create(
        model="gpt-test", messages=[{"role": "user", "content": "hi"}]
    )
    message = completion.choices[0].message
    assert completion.id == "resp_7"
    assert completion.model == "gpt-test"
    assert message.content == REPLY.text
    assert [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls] == [
        ("call_1", "get_weather", {"city": "Paris"}),
        ("call_2", "get_weather", {"city": "Rome"}),
    ]
    assert completion.choices[0].finish_reason == "tool_calls"
    assert completion.usage.prompt_tokens == 12
    assert completion.usage.completion_tokens == 7
    assert completion.usage.prompt_tokens_details.cached_tokens == 4
    assert completion.usage.completion_tokens_details.reasoning_tokens == 2


def test_the_sdk_reads_a_streamed_chat_completion_cut_as_the_author_cut_it():
    sdk = answering("openai-chat", unfold(REPLY, words), streamed=True)
    with sdk.chat.completions.stream(model="gpt-test", messages=[{"role": "user", "content": "hi"}]) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        completion = stream.get_final_completion()
    assert deltas == words(REPLY.text or "")
    message = completion.choices[0].message
    assert message.role == "assistant"
    assert message.content == REPLY.text
    assert [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls] == [
        ("call_1", "get_weather", {"city": "Paris"}),
        ("call_2", "get_weather", {"city": "Rome"}),
    ]
    assert completion.choices[0].finish_reason == "tool_calls"
    assert completion.usage.total_tokens == 19


def _answer_of(response: Any) -> Any:
    text = "".join(part.text for item in response.output if item.type == "message" for part in item.content)
    calls = [
        (item.call_id, item.name, json.loads(item.arguments))
        for item in response.output
        if item.type == "function_call"
    ]
    return text, calls


def test_the_sdk_reads_a_whole_response():
    response = answering("openai-responses", unfold(REPLY), streamed=False).responses.create(
        model="gpt-test", input="hi"
    )
    assert response.id == "resp_7"
    assert response.model == "gpt-test"
    assert response.status == "completed"
    assert response.output_text == REPLY.text
    assert _answer_of(response)[1] == [
        ("call_1", "get_weather", {"city": "Paris"}),
        ("call_2", "get_weather", {"city": "Rome"}),
    ]
    assert response.usage.input_tokens_details.cached_tokens == 4
    assert response.usage.output_tokens_details.reasoning_tokens == 2


def test_the_sdk_reads_a_streamed_response_cut_as_the_author_cut_it():
    thinking = ModelResponse(parts=[ThinkingPart("Let me see.", signature="c2VhbA=="), *REPLY.parts], usage=REPLY.usage)
    sdk = answering("openai-responses", unfold(thinking, words), streamed=True)
    with sdk.responses.stream(model="gpt-test", input="hi") as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.delta for event in events if event.type == "response.output_text.delta"] == words(REPLY.text or "")
    assert [event.sequence_number for event in events] == list(range(len(events)))
    reasoning = final.output[0]
    assert reasoning.encrypted_content == "c2VhbA=="
    assert [summary.text for summary in reasoning.summary] == ["Let me see."]
    assert _answer_of(final) == (
        REPLY.text,
        [("call_1", "get_weather", {"city": "Paris"}), ("call_2", "get_weather", {"city": "Rome"})],
    )


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses"])
def test_interleaved_calls_arrive_whole(name: str):
    emitter = Emitter()
    emitter.call(1, name="f", args='{"a"', tool_call_id="c1")
    emitter.call(2, name="g", args='{"b"', tool_call_id="c2")
    emitter.call(1, args=": 1}")
    emitter.call(2, args=": 2}")
    emitter.close()
    sdk = answering(name, emitter.take(), streamed=True)
    if name == "openai-chat":
        with sdk.chat.completions.stream(model="m", messages=[]) as stream:
            calls = stream.get_final_completion().choices[0].message.tool_calls
        assert [(call.function.name, call.function.arguments) for call in calls] == [
            ("f", '{"a": 1}'),
            ("g", '{"b": 2}'),
        ]
    else:
        with sdk.responses.stream(model="m", input="x") as stream:
            output = stream.get_final_response().output
        assert [(item.name, item.arguments) for item in output] == [("f", '{"a": 1}'), ("g", '{"b": 2}')]


@pytest.mark.parametrize("streamed", [True, False])
def test_the_sdk_sees_a_refusal(streamed: bool):
    events: list[StreamEvent] = [ResponseMeta(refusal="I can't "), ResponseMeta(refusal="help.")]
    sdk = answering("openai-chat", events, streamed=streamed)
    if streamed:
        with sdk.chat.completions.stream(model="m", messages=[]) as stream:
            message = stream.get_final_completion().choices[0].message
    else:
        message = sdk.chat.completions.create(model="m", messages=[]).choices[0].message
    assert message.refusal == "I can't help."
    sdk = answering("openai-responses", events, streamed=streamed)
    if streamed:
        with sdk.responses.stream(model="m", input="x") as stream:
            response = stream.get_final_response()
    else:
        response = sdk.responses.create(model="m", input="x")
    assert response.output[0].content[0].refusal == "I can't help."


def test_the_sdk_raises_for_an_error_in_the_middle_of_a_chat_stream():
    events = unfold(ModelResponse(parts=[TextPart("Hel")]))[:1]
    events.append(ResponseMeta(error={"message": "Overloaded", "type": "server_error", "code": "overloaded"}))
    seen: list[str] = []
    with pytest.raises(openai.APIError, match="Overloaded") as caught:
        for chunk in answering("openai-chat", events, streamed=True).chat.completions.create(
            model="m", messages=[], stream=True
        ):
            seen.append(chunk.choices[0].delta.content)
    assert seen == ["Hel"]
    assert caught.value.code == "overloaded"


def test_the_sdk_shows_an_error_event_of_a_response():
    events = unfold(ModelResponse(parts=[TextPart("Hel")]))[:1]
    events.append(ResponseMeta(error={"message": "Overloaded", "code": "server_error"}))
    received = list(
        answering("openai-responses", events, streamed=True).responses.create(model="m", input="x", stream=True)
    )
    assert received[-1].type == "error"
    assert received[-1].message == "Overloaded"
    assert received[-1].code == "server_error"


def test_the_sdk_raises_its_own_class_for_an_error_status():
    body = CHAT.write_error(429, "Slow down", code="rate_limit_exceeded")
    sdk = client(lambda request: httpx.Response(429, content=body))
    with pytest.raises(openai.RateLimitError, match="Slow down") as caught:
        sdk.chat.completions.create(model="m", messages=[])
    assert caught.value.code == "rate_limit_exceeded"


TOOL: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("stream", [True, False])
def test_what_is_written_is_what_the_sdk_sends(stream: bool):
    sent: list[Any] = []

    def answer(request: Any) -> Any:
        sent.append((request.url.path, request.content))
        return httpx.Response(400, json={"error": {"message": "captured"}})

    call = ModelCall(
        model="gpt-test",
        messages=[
            ModelRequest(parts=[SystemPromptPart("Be kind."), UserPromptPart("Weather? ☀")]),
            ModelResponse(parts=[TextPart("Let me see."), ToolCallPart("get_weather", '{"city":"Paris"}', "c1")]),
            ModelRequest(parts=[ToolReturnPart("get_weather", "sunny", "c1")]),
        ],
        settings={"max_tokens": 9, "temperature": 0.5},
        parameters=ModelRequestParameters(
            function_tools=[ToolDefinition(name="get_weather", description="Weather.", parameters_json_schema=TOOL)]
        ),
        stream=stream,
    )
    function = {"name": "get_weather", "description": "Weather.", "parameters": TOOL, "strict": True}
    messages: list[Any] = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Weather? ☀"},
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]
    more: dict[str, Any] = {"stream_options": {"include_usage": True}} if stream else {}
    with pytest.raises(openai.BadRequestError):
        client(answer).chat.completions.create(
            model="gpt-test",
            messages=messages,
            tools=[{"type": "function", "function": function}],
            tool_choice="auto",
            max_completion_tokens=9,
            temperature=0.5,
            stream=stream,
            **more,
        )
    written = CHAT.write_request(call)
    assert "/v1" + written.path == sent[0][0]
    assert json.loads(written.body) == json.loads(sent[0][1])
    assert len(written.body) == len(sent[0][1]), "the same JSON in other bytes"

    with pytest.raises(openai.BadRequestError):
        client(answer).responses.create(
            model="gpt-test",
            input=[
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Weather? ☀"},
                {"role": "assistant", "content": "Let me see."},
                {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"city":"Paris"}'},
                {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
            ],
            tools=[{"type": "function", **function}],
            tool_choice="auto",
            max_output_tokens=9,
            temperature=0.5,
            stream=stream,
        )
    written = RESPONSES.write_request(call)
    assert "/v1" + written.path == sent[1][0]
    assert json.loads(written.body) == json.loads(sent[1][1])
    assert len(written.body) == len(sent[1][1])


class Answers:
    """A client whose next answer can be changed: making one for each example takes longer than the rest."""

    def __init__(self) -> None:
        self.body = b""
        self.type = ""
        self.sdk = client(lambda request: httpx.Response(200, content=self.body, headers={"content-type": self.type}))

    def set(self, name: str, events: list[StreamEvent], streamed: bool) -> None:
        encoder = DIALECTS[name].encoder(streamed=streamed)
        self.body = b"".join([encoder.feed(event) for event in events]) + encoder.close()
        self.type = encoder.content_type


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers()


def content_of(folded: Any) -> tuple[str, list[Any]]:
    calls = [(part.tool_name, part.args_as_dict(), part.tool_call_id) for part in folded.response().tool_calls]
    return "".join(part.content for part in folded.parts() if isinstance(part, TextPart)), calls


def arguments(text: str) -> Any:
    return json.loads(text) if text else {}


@given(events=replies())
def test_the_sdk_and_our_decoder_read_the_same_of_any_chat_reply(answers: Answers, events: list[StreamEvent]):
    expected = content_of(fold(events))
    answers.set("openai-chat", events, True)
    text, calls = "", {}
    for chunk in answers.sdk.chat.completions.create(model="m", messages=[], stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            for call in choice.delta.tool_calls or []:
                known = calls.setdefault(call.index, {"id": "", "name": "", "arguments": ""})
                known["id"] += call.id or ""
                known["name"] += call.function.name or ""
                known["arguments"] += call.function.arguments or ""
    assert (text, [(call["name"], arguments(call["arguments"]), call["id"]) for call in calls.values()]) == expected
    answers.set("openai-chat", events, False)
    message = answers.sdk.chat.completions.create(model="m", messages=[]).choices[0].message
    whole = [(call.function.name, arguments(call.function.arguments), call.id) for call in message.tool_calls or []]
    assert (message.content or "", whole) == expected


@given(events=replies())
def test_the_sdk_and_our_decoder_read_the_same_of_any_response(answers: Answers, events: list[StreamEvent]):
    expected = content_of(fold(events))
    answers.set("openai-responses", events, True)
    received = list(answers.sdk.responses.create(model="m", input="x", stream=True))
    text = "".join(event.delta for event in received if event.type == "response.output_text.delta")
    final = received[-1].response
    answers.set("openai-responses", events, False)
    for response in (final, answers.sdk.responses.create(model="m", input="x")):
        said = "".join(part.text for item in response.output if item.type == "message" for part in item.content)
        calls = [
            (item.name, arguments(item.arguments), item.call_id)
            for item in response.output
            if item.type == "function_call"
        ]
        assert (said, calls) == expected
    assert text == expected[0]
