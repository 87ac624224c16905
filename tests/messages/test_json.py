"""Messages as JSON: what the reference wrote is read, and written the same."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from playhead.exceptions import ModelRetry
from playhead.messages import (
    AgentStreamEvent,
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    DeferredToolRequests,
    DeferredToolResults,
    ImageUrl,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolApproved,
    ToolCallPart,
    ToolCallPartDelta,
    ToolDenied,
    ToolReturn,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.usage import RequestUsage

REFERENCE = Path(__file__).parents[2] / "fixtures" / "messages" / "reference.json"
NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)

texts = st.text(max_size=8)
details = st.none() | st.dictionaries(texts, st.integers() | texts, max_size=2)
request_parts = st.one_of(
    st.builds(SystemPromptPart, texts, timestamp=st.just(NOON), dynamic_ref=st.none() | texts),
    st.builds(
        UserPromptPart,
        texts | st.lists(texts | st.builds(ImageUrl, st.just("http://a/b.png")), max_size=2),
        timestamp=st.just(NOON),
    ),
    st.builds(
        ToolReturnPart,
        texts,
        texts | details,
        texts,
        timestamp=st.just(NOON),
        outcome=st.sampled_from(["success", "denied"]),
    ),
    st.builds(RetryPromptPart, texts, tool_name=st.none() | texts, tool_call_id=texts, timestamp=st.just(NOON)),
)
response_parts = st.one_of(
    st.builds(TextPart, texts, id=st.none() | texts, provider_details=details),
    st.builds(ThinkingPart, texts, signature=st.none() | texts),
    st.builds(ToolCallPart, texts, st.none() | texts | st.dictionaries(texts, texts, max_size=2), texts),
    st.builds(BuiltinToolCallPart, texts, texts, texts, provider_name=st.just("p")),
    st.builds(BuiltinToolReturnPart, texts, texts, texts, timestamp=st.just(NOON)),
)
messages = st.lists(
    st.builds(ModelRequest, st.lists(request_parts, max_size=3), instructions=st.none() | texts)
    | st.builds(
        ModelResponse,
        st.lists(response_parts, max_size=3),
        usage=st.builds(
            RequestUsage, input_tokens=st.integers(0, 9), details=st.dictionaries(texts, st.integers(0, 9), max_size=1)
        ),
        timestamp=st.just(NOON),
        finish_reason=st.sampled_from([None, "stop", "length"]),
    ),
    max_size=3,
)


def test_what_the_reference_wrote_is_read_and_written_the_same() -> None:
    text = json.dumps(json.loads(REFERENCE.read_text("utf-8")), separators=(",", ":"), ensure_ascii=False)
    read = ModelMessagesTypeAdapter.validate_json(text)
    assert ModelMessagesTypeAdapter.dump_json(read).decode() == text
    request, response = read
    assert [part.part_kind for part in request.parts] == [
        "system-prompt",
        "user-prompt",
        *["tool-return"] * 3,
        *["retry-prompt"] * 2,
    ]
    assert [part.part_kind for part in response.parts] == [
        "text",
        "thinking",
        *["tool-call"] * 3,
        "builtin-tool-call",
        "builtin-tool-return",
        "file",
        "compaction",
    ]
    assert ModelMessagesTypeAdapter.validate_python(json.loads(text)) == read


@given(messages)
def test_messages_survive_json(written: list[ModelRequest | ModelResponse]) -> None:
    assert ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(written)) == written


def test_the_older_names_of_fields_are_read() -> None:
    old: list[dict[str, Any]] = [
        {
            "kind": "response",
            "parts": [{"part_kind": "text", "content": "x"}],
            "timestamp": "2024-01-02T12:00:00Z",
            "usage": {"request_tokens": 3, "response_tokens": 4, "total_tokens": 7, "requests": 1, "details": None},
            "vendor_details": {"a": 1},
            "vendor_id": "v",
        }
    ]
    (read,) = ModelMessagesTypeAdapter.validate_json(json.dumps(old))
    assert read == ModelResponse(
        [TextPart("x")],
        usage=RequestUsage(input_tokens=3, output_tokens=4),
        timestamp=NOON,
        provider_details={"a": 1},
        provider_response_id="v",
    )


def test_files_in_what_a_tool_returned_come_back_as_files() -> None:
    content = [
        ImageUrl("http://a/b.png"),
        {"deep": BinaryContent(b"\x00\xff", media_type="image/png")},
        {"kind": "image-url"},
    ]
    written = ModelMessagesTypeAdapter.dump_json([ModelRequest([ToolReturnPart("t", content, "i", timestamp=NOON)])])
    (read,) = ModelMessagesTypeAdapter.validate_json(written)
    assert read.parts[0].content == content


@pytest.mark.parametrize(
    "text",
    [
        '[{"kind": "other"}]',
        '[{"kind": "request", "parts": [{"part_kind": "text", "content": "x"}]}]',
        '[{"kind": "response", "parts": [{"part_kind": "tool-call", "tool_name": "t", "args": [1]}]}]',
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ModelMessagesTypeAdapter.validate_json(text)


def test_events_are_told_apart_by_their_kind() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(AgentStreamEvent)
    event = PartDeltaEvent(index=1, delta=ToolCallPartDelta(args_delta="x"))
    assert adapter.validate_python(adapter.dump_python(event, mode="json")) == event


def test_deferred_calls_survive_json() -> None:
    requests: TypeAdapter[Any] = TypeAdapter(DeferredToolRequests)
    results: TypeAdapter[Any] = TypeAdapter(DeferredToolResults)
    asked = DeferredToolRequests(calls=[ToolCallPart("t", "{}", "a")], metadata={"a": {"b": 1}})
    answered = DeferredToolResults(
        calls={
            "a": ToolReturn("x", content=["y"], metadata={"z": 1}),
            "b": 5,
            "c": ModelRetry("no"),
            "d": RetryPromptPart("z", tool_name="t", tool_call_id="i", timestamp=NOON),
            "e": {"kind": "something else"},
        },
        approvals={"a": True, "b": ToolDenied("n"), "c": ToolApproved(override_args={"q": 1})},
    )
    assert requests.validate_json(requests.dump_json(asked)) == asked
    assert results.validate_json(results.dump_json(answered)) == answered
