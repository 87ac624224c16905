"""The one reducer: events in, a reply out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.exceptions import DecodeError
from playhead.messages import (
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    ResponseMeta,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from playhead.stream import Emitter, Fold, fold, unfold, violations, words
from playhead.usage import RequestUsage


def test_text_deltas_are_joined_in_order() -> None:
    reply = fold(
        [
            PartStartEvent(index=0, part=TextPart("It")),
            PartDeltaEvent(index=0, delta=TextPartDelta(" is")),
            PartDeltaEvent(index=0, delta=TextPartDelta(" sunny")),
        ]
    )
    assert reply.parts() == [TextPart("It is sunny")]


def test_a_tool_call_split_over_three_chunks_folds_to_one_part() -> None:
    reply = fold(
        [
            PartStartEvent(index=0, part=ToolCallPart("get_weather", None, "c1")),
            PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta='{"ci', tool_call_id="c1")),
            PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta='ty": "Paris"}', tool_call_id="c1")),
        ]
    )
    assert reply.parts() == [ToolCallPart("get_weather", '{"city": "Paris"}', "c1")]


def test_arguments_sent_as_objects_are_merged() -> None:
    reply = fold(
        [
            PartStartEvent(index=0, part=ToolCallPart("f", {"a": 1}, "c1")),
            PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta={"b": 2})),
        ]
    )
    assert reply.parts() == [ToolCallPart("f", {"a": 1, "b": 2}, "c1")]


def test_a_later_signature_takes_the_place_of_the_one_before() -> None:
    reply = fold(
        [
            PartStartEvent(index=0, part=ThinkingPart("Let", signature="old")),
            PartDeltaEvent(index=0, delta=ThinkingPartDelta(content_delta=" me")),
            PartDeltaEvent(index=0, delta=ThinkingPartDelta(signature_delta="new")),
        ]
    )
    assert reply.parts() == [ThinkingPart("Let me", signature="new")]


def test_a_part_that_was_handed_out_does_not_change_any_more() -> None:
    reply = Fold()
    start = TextPart("a")
    reply.feed(PartStartEvent(index=0, part=start))
    reply.feed(PartDeltaEvent(index=0, delta=TextPartDelta("b")))
    early = reply.parts()
    reply.feed(PartDeltaEvent(index=0, delta=TextPartDelta("c")))
    assert (start, early, reply.parts()) == (TextPart("a"), [TextPart("ab")], [TextPart("abc")])


def test_what_a_reply_says_of_itself_is_kept_and_the_last_word_counts() -> None:
    reply = fold(
        [
            ResponseMeta(usage=RequestUsage(input_tokens=3), model_name="m-1", details={"a": 1}),
            ResponseMeta(usage=RequestUsage(input_tokens=3, output_tokens=2), refusal="I can"),
            ResponseMeta(refusal="not.", finish_reason="content_filter", raw_finish_reason="refusal", details={"b": 2}),
        ]
    )
    assert reply.refusal == "I cannot."
    response = reply.response()
    assert response.usage == RequestUsage(input_tokens=3, output_tokens=2)
    assert (response.model_name, response.finish_reason) == ("m-1", "content_filter")
    assert response.provider_details == {"a": 1, "b": 2, "finish_reason": "refusal", "refusal": "I cannot."}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            PartDeltaEvent(index=1, delta=TextPartDelta("x")),
            "A text delta came for part 1, but only 1 parts have started",
        ),
        (
            PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta="x")),
            "A tool_call delta came for part 0, which is a text part",
        ),
        (PartStartEvent(index=3, part=TextPart("x")), "Part 3 starts, but the next part is number 1"),
    ],
)
def test_an_event_out_of_place_is_refused_with_what_was_expected(event: PartDeltaEvent, message: str) -> None:
    reply = fold([PartStartEvent(index=0, part=TextPart(""))])
    with pytest.raises(DecodeError) as caught:
        reply.feed(event)
    assert caught.value.problem == message


def test_a_nameless_call_is_held_back_until_it_has_a_name() -> None:
    emitter = Emitter()
    emitter.call(7, args='{"a"')
    assert emitter.take() == []
    emitter.call(7, name="f", args=": 1}", tool_call_id="c1")
    emitter.call(8, args="never named")
    emitter.close()
    assert emitter.fold.parts() == [ToolCallPart("f", '{"a": 1}', "c1")]


def test_interleaved_calls_end_when_the_next_starts_and_may_still_grow() -> None:
    emitter = Emitter()
    emitter.call("a", name="f", tool_call_id="c1")
    emitter.call("b", name="g", tool_call_id="c2")
    emitter.call("a", args="{}")
    emitter.call("b", args="{}")
    emitter.close()
    events = emitter.take()
    assert [e.event_kind for e in events] == [
        "part_start",
        "part_end",
        "part_start",
        "part_delta",
        "part_delta",
        "part_end",
    ]
    assert violations(events) == []
    assert emitter.fold.parts() == [ToolCallPart("f", "{}", "c1"), ToolCallPart("g", "{}", "c2")]


def test_the_grammar_names_the_event_that_breaks_it() -> None:
    wrong = [
        PartStartEvent(index=0, part=TextPart("a")),
        PartStartEvent(index=1, part=TextPart("b"), previous_part_kind="text"),
        PartDeltaEvent(index=5, delta=TextPartDelta("x")),
    ]
    assert violations([*wrong]) == [
        "event 1: part 1 starts before part 0 has ended",
        "event 2: a delta for part 5, but 2 parts have started",
        "end: part 1 did not end",
    ]


texts = st.text(max_size=20)
parts = st.lists(
    st.one_of(
        st.builds(TextPart, texts),
        st.builds(ThinkingPart, texts, signature=st.none() | st.text(max_size=5)),
        st.builds(ToolCallPart, st.text(min_size=1, max_size=5), st.none() | texts, st.text(min_size=1, max_size=5)),
        st.builds(ToolCallPart, st.just("f"), st.dictionaries(texts, st.integers()), st.just("c")),
    ),
    max_size=5,
)


@given(parts)
def test_what_is_unfolded_folds_to_the_same_reply(parts: list[TextPart]) -> None:
    response = ModelResponse(parts=parts, usage=RequestUsage(output_tokens=3), finish_reason="stop", model_name="m")
    events = unfold(response, words)
    assert violations(events) == []
    assert fold(events).response() == response
