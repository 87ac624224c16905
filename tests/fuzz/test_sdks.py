"""Our decoders understand after each frame what the official SDKs understand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.sdks import SDKS, Frame, changed, compare

PACKAGES = {
    "openai-chat": "openai",
    "openai-responses": "openai",
    "anthropic-messages": "anthropic",
    "google-generate": "google.genai",
}


@pytest.mark.parametrize("dialect", sorted(SDKS))
def test_a_drawn_reply_is_understood_as_the_official_sdk_understands_it(dialect: str) -> None:
    pytest.importorskip(PACKAGES[dialect])

    @settings(
        max_examples=max(15, settings().max_examples // 4),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(frames=changed(dialect), cuts=st.lists(st.integers(1, 200), max_size=4))
    def read(frames: list[Frame], cuts: list[int]) -> None:
        compare(dialect, frames, cuts)

    read()


def chunk(delta: Any, **more: Any) -> Frame:
    """A chunk of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": more.pop("finish_reason", None)}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return None, {**head, "choices": [choice], **more}


def test_a_difference_names_the_frame_after_which_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openai")

    def deaf() -> Any:
        while True:
            yield {"text": "one"}

    monkeypatch.setitem(SDKS, "openai-chat", deaf)
    with pytest.raises(AssertionError, match=r"after frame 2 of 2, .*\n.*ours   'onetwo'\n  theirs 'one'"):
        compare("openai-chat", [chunk({"content": "one"}), chunk({"content": "two"})])


def test_calls_of_one_chunk_and_names_that_come_late_are_understood_alike() -> None:
    pytest.importorskip("openai")
    both = [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{"}},
    ]
    more = [{"index": 1, "function": {"arguments": "}"}}, {"index": 0, "function": {"arguments": "{}"}}]
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    frames = [
        chunk({"role": "assistant", "content": None, "tool_calls": both}),
        chunk({"tool_calls": more}),
        chunk({}, finish_reason="tool_calls", usage=usage),
        (None, "[DONE]"),
    ]
    compare("openai-chat", frames)
    assert json.dumps(frames)
