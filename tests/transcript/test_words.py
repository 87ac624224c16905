"""Assertions in words say yes silently and no with the nearest miss."""

import pytest
from dirty_equals import IsPartialDict, IsStr

from playhead.messages import ModelRequest, ModelResponse, RetryPromptPart, ToolCallPart, ToolReturnPart, UserPromptPart
from playhead.transcript import ToolCalled, ToolRetried, ToolReturned, Transcript, TranscriptFold
from tests.transcript._sample import weather_run


def tools(*calls: tuple[str, dict[str, object], object]) -> Transcript:
    fold = TranscriptFold()
    fold.request(ModelRequest([UserPromptPart("x")]))
    parts = [ToolCallPart(name, args, f"call_{n:012}") for n, (name, args, _) in enumerate(calls)]
    fold.end_request(ModelResponse(parts))
    results = [
        RetryPromptPart(result.args[0], tool_name=name, tool_call_id=f"call_{n:012}")
        if isinstance(result, Exception)
        else ToolReturnPart(name, result, f"call_{n:012}")
        for n, (name, _, result) in enumerate(calls)
    ]
    fold.request(ModelRequest(results))
    return fold.close()


RUN = tools(("find", {"q": "a", "n": 3}, "one"), ("find", {"q": "b"}, ValueError("try b2")), ("send", {}, {"ok": True}))


def test_what_is_true_passes() -> None:
    RUN.assert_called("find")
    RUN.assert_called("find", {"q": "b"})
    RUN.assert_called("find", q="a")
    RUN.assert_called("find", {"q": IsStr(), "n": 3}, times=1)
    RUN.assert_called("find", IsPartialDict(q="a"))
    RUN.assert_called("find", times=2)
    RUN.assert_called("drop", times=0)
    RUN.assert_not_called("drop")
    RUN.assert_not_called("find", {"q": "a"})
    RUN.assert_not_called("find", q="c")
    RUN.assert_tools_in_order("find", "send")
    RUN.assert_tools_in_order("find", "find", "send", exactly=True)
    RUN.assert_returned("find", "one")
    RUN.assert_returned("send")
    RUN.assert_retried("find", times=1)
    RUN.assert_succeeded()
    weather_run().assert_text_contains("will check", "I")
    weather_run().assert_thinking_contains("me think")


@pytest.mark.parametrize(
    ("assertion", "message"),
    [
        (
            lambda: RUN.assert_called("find", {"q": "c", "n": 3}),
            'find(q="c", n=3) was not called.\nNearest: call#1  find(q="a", n=3)\n  q: wanted "c", was "a"',
        ),
        (
            lambda: RUN.assert_called("find", {"q": "a"}),
            'find(q="a") was not called.\nNearest: call#1  find(q="a", n=3)\n  n: not wanted, was 3',
        ),
        (
            lambda: RUN.assert_called("find", q="b", n=1),
            'find(q="b", n=1, …) was not called.\nNearest: call#2  find(q="b")\n  n: wanted 1, was not given',
        ),
        (
            lambda: RUN.assert_called("fnd"),
            'fnd was not called.\nWhat tools did:\n  call#1  find(q="a", n=3)\n  call#1  returned "one"\n'
            '  call#2  find(q="b")\n  call#2  retry "try b2"\n  call#3  send()\n  call#3  returned {"ok": True}',
        ),
        (lambda: RUN.assert_called("send", times=2), "send was called once, not twice.\n"),
        (lambda: RUN.assert_called("find", times=0), "find was called twice, not never.\n"),
        (lambda: RUN.assert_not_called("send"), "send() was called (call#3).\n"),
        (
            lambda: RUN.assert_tools_in_order("send", "find"),
            "find was not called after send, only before. Tools were called in the order find > find > send.",
        ),
        (
            lambda: RUN.assert_tools_in_order("find", "send", exactly=True),
            "Tools were called in the order find > find > send, not find > send.",
        ),
        (lambda: RUN.assert_returned("find", "two"), 'find did not return "two". It returned "one".'),
        (lambda: RUN.assert_retried("send"), "The model was never asked to try again about send.\n"),
        (lambda: tools().assert_called("find"), "find was not called.\nNo tool was called."),
        (
            lambda: weather_run().assert_text_contains("i will"),
            'The text does not contain "i will".\nIt is "I will check.\\n".\nIt contains "I will", which differs in case.',
        ),
        (lambda: RUN.assert_thinking_contains("x"), "There is no reasoning."),
    ],
)
def test_what_is_false_says_what_was_instead(assertion: object, message: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assertion()  # type: ignore[operator]
    assert str(caught.value).startswith(message)


def test_a_failed_run_does_not_succeed() -> None:
    fold = TranscriptFold()
    run = fold.close(error=ValueError("no"))
    with pytest.raises(AssertionError, match='The run failed with ValueError: "no"') as caught:
        run.assert_succeeded()
    assert isinstance(caught.value.__cause__, ValueError)


def test_tool_events_compare_with_plain_values() -> None:
    assert RUN.tool_events == [
        ToolCalled("find", {"q": "a", "n": 3}),
        ToolReturned("find", "one"),
        ToolCalled("find", {"q": "b"}, call="call#2"),
        ToolRetried("find", "try b2", call="call#2"),
        ToolCalled("send", {}, call="call#3"),
        ToolReturned("send", {"ok": True}, call="call#3"),
    ]
    assert repr(RUN.tool_events[3]) == "ToolRetried('find', 'try b2', call='call#2')"
    assert [event.kind for event in RUN.tool_events] == ["call", "result", "call", "retry", "call", "result"]
