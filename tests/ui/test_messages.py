"""Messages on their way to a browser and back, for both protocols."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("ag_ui")

from playhead import Agent
from playhead.exceptions import UserError
from playhead.messages import (
    AudioUrl,
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CachePoint,
    DocumentUrl,
    FilePart,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolDenied,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
    VideoUrl,
)
from playhead.ui.ag_ui import AGUIAdapter
from playhead.ui.vercel_ai import VercelAIAdapter
from playhead.ui.vercel_ai.request_types import SubmitMessage, UIMessage
from playhead.ui.vercel_ai.response_types import DataChunk, FileChunk, SourceDocumentChunk, SourceUrlChunk

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PNG = BinaryContent.from_data_uri("data:image/png;base64,cG5n")


def essence(messages: list[ModelMessage]) -> list[Any]:
    """Messages as lists of parts, without times."""
    found: list[Any] = []
    for message in messages:
        for part in message.parts:
            if hasattr(part, "timestamp"):
                part.timestamp = NOW  # pyright: ignore
        found.append((message.kind, list(message.parts)))
    return found


KEPT: dict[str, list[ModelMessage]] = {
    "a question": [ModelRequest([SystemPromptPart("Be brief."), UserPromptPart("hi")])],
    "files by URL": [
        ModelRequest(
            [
                UserPromptPart(
                    [
                        "look",
                        ImageUrl("http://x/a.png", media_type="image/png"),
                        AudioUrl("http://x/a.mp3", media_type="audio/mpeg"),
                        VideoUrl("http://x/a.mp4", media_type="video/mp4"),
                        DocumentUrl("http://x/a.pdf", media_type="application/pdf"),
                    ]
                )
            ]
        )
    ],
    "thinking with its signature": [
        ModelResponse(
            [
                ThinkingPart("Hm", id="rs", signature="s", provider_name="openai", provider_details={"k": 1}),
                TextPart("Hello"),
            ]
        )
    ],
    "calls and results": [
        ModelResponse([TextPart("Let me look."), ToolCallPart("look", {"at": "sky"}, "c1")]),
        ModelRequest([ToolReturnPart("look", "blue", "c1")]),
        ModelResponse([TextPart("Blue.")]),
    ],
    "a tool of the provider": [
        ModelResponse(
            [
                BuiltinToolCallPart("web", {"q": 1}, "b1", provider_name="openai"),
                BuiltinToolReturnPart("web", {"r": 2}, "b1", provider_name="openai"),
                TextPart("Found."),
            ]
        )
    ],
}
"""Histories of which both protocols keep everything."""


@pytest.mark.parametrize("story", KEPT)
def test_the_vercel_ai_sdk_gives_back_what_it_was_given(story: str) -> None:
    dumped = VercelAIAdapter.dump_messages(KEPT[story], sdk_version=6)
    sent = json.dumps([message.model_dump(mode="json", by_alias=True, exclude_none=True) for message in dumped])
    received = [UIMessage.model_validate(message) for message in json.loads(sent)]
    assert essence(VercelAIAdapter.load_messages(received)) == essence(KEPT[story])


@pytest.mark.parametrize("story", KEPT)
def test_ag_ui_gives_back_what_it_was_given(story: str) -> None:
    dumped = AGUIAdapter.dump_messages(KEPT[story])
    loaded = AGUIAdapter.load_messages(dumped)
    for message in loaded:
        for part in message.parts:
            if isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
                part.args = part.args_as_dict()  # AG-UI carries arguments as text
    assert essence(loaded) == essence(KEPT[story])


def test_the_sdk_keeps_details_of_the_provider_on_texts_files_and_calls() -> None:
    details: Any = {"id": "i", "provider_name": "openai", "provider_details": {"k": 1}}
    history: list[ModelMessage] = [
        ModelResponse([TextPart("a", **details), FilePart(PNG, **details), ToolCallPart("f", {}, "c", **details)])
    ]
    loaded = VercelAIAdapter.load_messages(VercelAIAdapter.dump_messages(history))
    assert essence(loaded) == essence(history)


def test_bytes_in_a_question_arrive_as_bytes() -> None:
    pdf = BinaryContent(b"pdf", media_type="application/pdf")
    history: list[ModelMessage] = [ModelRequest([UserPromptPart(["see", pdf, PNG])])]
    for loaded in (
        VercelAIAdapter.load_messages(VercelAIAdapter.dump_messages(history)),
        AGUIAdapter.load_messages(AGUIAdapter.dump_messages(history)),
    ):
        text, *files = loaded[0].parts[0].content
        assert text == "see"
        assert [(file.data, file.media_type) for file in files] == [
            (b"pdf", "application/pdf"),
            (b"png", "image/png"),
        ]


def test_an_uploaded_file_travels_as_a_file_with_its_provider() -> None:
    uploaded = UploadedFile(file_id="f1", provider_name="openai", media_type="application/pdf", identifier="mine")
    history: list[ModelMessage] = [ModelRequest([UserPromptPart(["see", uploaded, CachePoint()])])]
    [message] = VercelAIAdapter.dump_messages(history)
    assert message.parts[1].model_dump(exclude_none=True) == {
        "type": "file",
        "media_type": "application/pdf",
        "url": "f1",
        "provider_metadata": {"pydantic_ai": {"file_id": "f1", "provider_name": "openai", "identifier": "mine"}},
    }
    [loaded] = VercelAIAdapter.load_messages([message])
    assert loaded.parts[0].content == ["see", uploaded]


CALL = ToolCallPart("look", {"at": "sky"}, "c1")
ANSWERS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "returned": (
        [ToolReturnPart("look", {"sky": "blue"}, "c1")],
        {"state": "output-available", "output": {"sky": "blue"}},
    ),
    "retried": (
        [RetryPromptPart("cloudy", tool_name="look", tool_call_id="c1")],
        {"state": "output-error", "error_text": "cloudy\n\nFix the errors and try again."},
    ),
    "failed": (
        [ToolReturnPart("look", "broken", "c1", outcome="failed")],
        {"state": "output-error", "error_text": "broken"},
    ),
    "denied": ([ToolReturnPart("look", "no", "c1", outcome="denied")], {"state": "output-denied"}),
    "unanswered": ([], {"state": "approval-requested"}),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_calls_answer_is_in_the_calls_part(answer: str) -> None:
    parts, expected = ANSWERS[answer]
    dumped = VercelAIAdapter.dump_messages([ModelResponse([CALL]), ModelRequest(parts)], sdk_version=6)
    assert len(dumped) == 1
    [part] = dumped[0].parts
    fields = part.model_dump(exclude_none=True)
    assert fields["type"] == "tool-look" and fields["input"] == {"at": "sky"} and fields["provider_executed"] is False
    assert {name: fields[name] for name in expected} == expected
    if answer == "denied":
        assert fields["approval"]["approved"] is False and fields["approval"]["reason"] == "no"
    if answer == "unanswered":
        assert fields["approval"] == {"id": "c1"}
        [older] = VercelAIAdapter.dump_messages([ModelResponse([CALL])])
        assert older.parts[0].model_dump()["state"] == "input-available"


def test_what_a_tool_sent_to_the_browser_is_in_its_message() -> None:
    own = [
        DataChunk(type="data-x", id="d", data=1),
        SourceUrlChunk(source_id="s", url="http://x", title="t"),
        SourceDocumentChunk(source_id="s", media_type="a/b", title="t", filename="f"),
        FileChunk(url="http://x/a.png", media_type="image/png"),
    ]
    history = [ModelResponse([CALL]), ModelRequest([ToolReturnPart("look", "ok", "c1", metadata=own)])]
    [message] = VercelAIAdapter.dump_messages(history)
    assert [part.model_dump(exclude_none=True) for part in message.parts[1:]] == [
        {"type": "data-x", "id": "d", "data": 1},
        {"type": "source-url", "source_id": "s", "url": "http://x", "title": "t"},
        {"type": "source-document", "source_id": "s", "media_type": "a/b", "title": "t", "filename": "f"},
        {"type": "file", "media_type": "image/png", "url": "http://x/a.png"},
    ]


def test_ids_are_the_providers_or_the_runs_or_belong_to_time_and_place() -> None:
    history: list[ModelMessage] = [
        ModelRequest([UserPromptPart("hi")], run_id="run"),
        ModelResponse([TextPart("a")], provider_response_id="resp", run_id="run"),
        ModelResponse([TextPart("b")], timestamp=NOW),
    ]
    first = [message.id for message in VercelAIAdapter.dump_messages(history)]
    assert first[:2] == ["run-0", "resp-1"]
    assert first == [message.id for message in VercelAIAdapter.dump_messages(history)]

    def own_id(message: Any, role: str, index: int) -> str:
        return f"{message.kind}/{role}/{index}"

    made = [message.id for message in VercelAIAdapter.dump_messages(history, generate_message_id=own_id)]
    assert made == ["request/user/0", "response/assistant/1", "response/assistant/2"]


def ui(role: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"id": "m", "role": role, "parts": list(parts)}


def tool(state: str, **fields: Any) -> dict[str, Any]:
    return {"type": "tool-look", "toolCallId": "c1", "state": state, "input": {"at": "sky"}, **fields}


def loaded(*messages: dict[str, Any]) -> list[Any]:
    return essence(VercelAIAdapter.load_messages([UIMessage.model_validate(message) for message in messages]))


def test_arguments_may_be_an_object_its_json_or_any_text() -> None:
    for given, expected in (
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ('{"a": ', '{"a": '),
        ("[1]", "[1]"),
        ([1], "[1]"),
        (None, None),
    ):
        [(_, [call])] = loaded(ui("assistant", tool("input-available") | {"input": given}))
        assert call == ToolCallPart("look", expected, "c1")


def test_results_come_after_their_calls_and_begin_a_request() -> None:
    messages = loaded(
        ui(
            "assistant",
            {"type": "step-start"},
            tool("output-available", output=1),
            {"type": "data-x", "data": 1},
            tool("output-error", errorText="bad") | {"type": "dynamic-tool", "toolName": "own", "toolCallId": "c2"},
            {"type": "text", "text": "done"},
        )
    )
    assert [(kind, [part.part_kind for part in parts]) for kind, parts in messages] == [
        ("response", ["tool-call"]),
        ("request", ["tool-return"]),
        ("response", ["tool-call"]),
        ("request", ["tool-return"]),
        ("response", ["text"]),
    ]
    assert messages[3][1][0].outcome == "failed" and messages[3][1][0].content == "bad"


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (ui("system", {"type": "reasoning", "text": "x"}), "A system message has texts only, not ReasoningUIPart"),
        (
            ui("user", {"type": "reasoning", "text": "x"}),
            "A user's message has texts, files and data, not ReasoningUIPart",
        ),
        (ui("assistant", {"type": "file", "url": "http://x", "mediaType": "a/b"}), "has to be a `data:` URI"),
    ],
)
def test_a_part_that_its_role_cannot_have_is_refused(message: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        loaded(message)


def test_answers_to_approvals_are_results_for_version_6_only() -> None:
    def asked(call_id: str, **approval: Any) -> dict[str, Any]:
        return tool("approval-responded", approval={"id": "a", **approval}) | {"toolCallId": call_id}

    run_input = SubmitMessage(
        id="c",
        messages=[
            UIMessage.model_validate(
                ui(
                    "assistant",
                    asked("yes", approved=True),
                    asked("no", approved=False),
                    asked("why", approved=False, reason="too dangerous"),
                    tool("output-denied", approval={"id": "a", "approved": False}) | {"toolCallId": "old"},
                )
            )
        ],
    )
    results = VercelAIAdapter(Agent("test"), run_input, sdk_version=6).deferred_tool_results
    assert results is not None
    assert results.approvals == {"yes": True, "no": False, "why": ToolDenied("too dangerous")}
    assert VercelAIAdapter(Agent("test"), run_input).deferred_tool_results is None


def test_files_of_the_model_and_uploads_are_kept_by_ag_ui_if_wanted() -> None:
    uploaded = UploadedFile(file_id="f1", provider_name="openai", media_type="image/png", identifier="mine")
    history: list[ModelMessage] = [
        ModelRequest([UserPromptPart([uploaded])]),
        ModelResponse([TextPart("a"), FilePart(PNG, id="i")]),
    ]
    kept = AGUIAdapter.dump_messages(history, preserve_file_data=True)
    assert [message.role for message in kept] == ["activity", "assistant", "activity"]
    assert essence(AGUIAdapter.load_messages(kept, preserve_file_data=True)) == essence(history)
    assert [message.role for message in AGUIAdapter.dump_messages(history)] == ["assistant"]


def test_older_ag_ui_is_sent_no_reasoning() -> None:
    history: list[ModelMessage] = [ModelResponse([ThinkingPart("hm"), TextPart("a")])]
    assert [message.role for message in AGUIAdapter.dump_messages(history)] == ["reasoning", "assistant"]
    assert [message.role for message in AGUIAdapter.dump_messages(history, ag_ui_version="0.1.10")] == ["assistant"]
    with pytest.raises(UserError, match="'new' is no version of AG-UI"):
        AGUIAdapter.dump_messages(history, ag_ui_version="new")


def test_a_result_without_its_call_is_refused_by_ag_ui() -> None:
    from ag_ui.core import ToolMessage

    with pytest.raises(ValueError, match="no message before it calls a tool with that id"):
        AGUIAdapter.load_messages([ToolMessage(id="m", tool_call_id="c9", content="x")])
