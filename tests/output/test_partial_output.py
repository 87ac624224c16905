"""What `stream_output` yields on the way: looks at a reply that grows."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from typing_extensions import TypedDict

from playhead.context import RunContext
from playhead.messages import (
    BuiltinToolCallPart,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from playhead.output import NOTHING, WHOLE, NativeOutput, OutputSchema, PartialOutput, TextOutput, ToolOutput
from playhead.stream import Fold
from playhead.usage import RunUsage


class City(BaseModel):
    name: str
    population: int = 0


class Trip(TypedDict, total=False):
    title: str
    stops: list[City]


class Reply:
    """A reply that grows, and its looks."""

    def __init__(self, output_type: Any, **options: Any) -> None:
        self.fold = Fold()
        schema: OutputSchema[Any] = OutputSchema.build(output_type)
        self.tool = schema.tool_defs[0].name if schema.toolset and schema.mode != "native" else None
        self.partial = PartialOutput(schema, self.fold, **options)

    def call(self, args: str | dict[str, Any] | None = "", name: str | None = None) -> Any:
        """A call of the output tool, or of another, begins."""
        part = ToolCallPart(name or self.tool or "", args, "id")
        self.fold.feed(PartStartEvent(index=len(self.fold), part=part))
        return self.look()

    def args(self, args: str | dict[str, Any], index: int = 0) -> Any:
        self.fold.feed(PartDeltaEvent(index=index, delta=ToolCallPartDelta(args_delta=args)))
        return self.look()

    def part(self, part: Any) -> Any:
        self.fold.feed(PartStartEvent(index=len(self.fold), part=part))
        return self.look()

    def text(self, text: str, index: int = 0) -> Any:
        self.fold.feed(PartDeltaEvent(index=index, delta=TextPartDelta(text)))
        return self.look()

    def look(self) -> Any:
        return self.partial.look(self.tool)


def test_a_typed_dict_grows_with_its_list() -> None:
    reply = Reply(Trip)
    assert reply.call() == {}
    assert reply.args('{"title": "Fra') == {"title": "Fra"}
    assert reply.args('nce", "stops": [{"name": "Par') == {"title": "France", "stops": [City(name="Par")]}
    assert reply.args('is"}, {"pop') == {"title": "France", "stops": [City(name="Paris")]}
    assert reply.args('ulation": 1, "name": "Nice"}]}') == {
        "title": "France",
        "stops": [City(name="Paris"), City(name="Nice", population=1)],
    }


def test_a_model_appears_when_what_is_required_is_there() -> None:
    reply = Reply(City)
    assert reply.call() is NOTHING
    assert reply.args('{"population": 2') is NOTHING
    assert reply.args('1, "name": "P') == City(name="P", population=21)


def test_a_wrapped_list_is_unwrapped() -> None:
    reply = Reply(list[City])
    assert reply.call('{"response": [{"name": "a"') == [City(name="a")]
    assert reply.args('}, {"name": "b"}]}') == [City(name="a"), City(name="b")]


def test_what_changes_nothing_is_not_looked_at_again() -> None:
    reply = Reply(Trip)
    assert reply.call('{"title": "x"') == {"title": "x"}
    assert reply.look() is NOTHING
    assert reply.args("") is NOTHING
    reply.fold.feed(PartEndEvent(index=0, part=reply.fold.part(0)))
    assert reply.look() is NOTHING
    assert reply.part(ThinkingPart("")) == {"title": "x"}  # another part is a change, whatever it is
    reply.fold.feed(PartDeltaEvent(index=1, delta=ThinkingPartDelta(content_delta="hm")))
    assert reply.look() == {"title": "x"}


def test_the_first_arguments_are_a_change_even_when_they_are_empty() -> None:
    reply = Reply(Trip)
    assert reply.call(None) == {}
    assert reply.args("") == {}
    assert reply.args("") is NOTHING


def test_only_the_final_call_is_read() -> None:
    reply = Reply(Trip)
    reply.call('{"title": "other', name="elsewhere")
    reply.call('{"title": "x"')
    assert reply.args('{"title": "more', index=0) == {"title": "x"}
    assert reply.call('{"title": "second"', name=reply.tool) == {"title": "x"}


def test_text_is_handed_out_as_it_is() -> None:
    reply = Reply(str)
    assert reply.part(TextPart("It is")) == "It is"
    assert reply.text(" sunny") == "It is sunny"


def test_native_output_is_read_from_the_text() -> None:
    reply = Reply(NativeOutput(Trip))
    assert reply.part(TextPart('{"title": "F')) == {"title": "F"}
    assert reply.text('r", "stops": [{"name": "a"}, {"na') == {"title": "Fr", "stops": [City(name="a")]}


@pytest.mark.parametrize(
    ("output_type", "parts"),
    [
        (str, [TextPart("a"), TextPart("b")]),
        (str, [TextPart("a"), ToolCallPart("external", "{}", "i")]),
        (TextOutput(str.split), [TextPart("a")]),
        (
            NativeOutput(Trip),
            [
                TextPart("```json\n{"),
            ],
        ),
        (NativeOutput([Trip, City]), [TextPart("{")]),
        (ToolOutput(Trip), [ToolCallPart("final_result", {"title": "x"}, "i")]),
        (ToolOutput(lambda x: x), [ToolCallPart("final_result", '{"x": 1}', "i")]),
    ],
)
def test_what_only_the_whole_reply_tells(output_type: Any, parts: list[Any]) -> None:
    reply = Reply(output_type)
    found = NOTHING
    for part in parts:
        found = reply.part(part)
    assert found is WHOLE


def test_validators_are_shown_the_whole() -> None:
    assert Reply(Trip, has_validators=True).call('{"title": "x"') is WHOLE
    assert Reply(str, has_validators=True).part(TextPart("x")) is WHOLE


def test_validators_are_not_asked_while_a_model_is_not_valid_yet() -> None:
    class Report(BaseModel):
        items: list[City]

    reply = Reply(Report, has_validators=True)
    assert reply.call('{"items": [{"population": 1') is NOTHING
    assert reply.args(', "name": "x"') is WHOLE


def test_text_before_a_native_tools_call_does_not_count() -> None:
    reply = Reply(str)
    assert reply.part(TextPart("Let me see")) == "Let me see"
    reply.part(BuiltinToolCallPart("search", "{}", "i"))
    assert reply.part(TextPart("Done")) == "Done"


def test_following_begins_with_what_has_come() -> None:
    fold = Fold()
    fold.feed(PartStartEvent(index=0, part=ToolCallPart("final_result", '{"title"', "i")))
    fold.feed(PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta=': "a"')))
    partial = PartialOutput(OutputSchema.build(Trip), fold)
    assert partial.look("final_result") == {"title": "a"}


def test_values_that_were_handed_out_stay_as_they_were() -> None:
    reply = Reply(Trip)
    first = reply.call('{"stops": [{"name": "a"}, {"name": "b"}')
    reply.args(', {"name": "c"}]}')
    assert first == {"stops": [City(name="a"), City(name="b")]}


documents = st.builds(
    lambda title, stops, indent: json.dumps({"title": title, "stops": stops}, indent=indent),
    st.text(max_size=6) | st.integers(0, 5),
    st.lists(
        st.fixed_dictionaries(
            {"name": st.text(max_size=4)}, optional={"population": st.integers(0, 999) | st.just("x")}
        ),
        max_size=4,
    ),
    st.sampled_from([None, 1]),
)


@given(text=documents, cuts=st.lists(st.integers(0, 80), max_size=12), by_tool=st.booleans(), wrapped=st.booleans())
async def test_looks_give_what_the_processor_makes_of_the_whole(
    text: str, cuts: list[int], by_tool: bool, wrapped: bool
) -> None:
    output_type: Any = list[City] if wrapped else Trip
    if wrapped:
        text = json.dumps({"response": json.loads(text)["stops"]})
    reply = Reply(output_type if by_tool else NativeOutput(output_type))
    schema: OutputSchema[Any] = OutputSchema.build(NativeOutput(output_type))
    context: RunContext[Any] = RunContext(deps=None, model=None, usage=RunUsage())
    places = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    (reply.call if by_tool else lambda: reply.part(TextPart("")))()
    for start, end in pairwise(places):
        seen = (reply.args if by_tool else reply.text)(text[start:end])
        try:
            whole = await schema.process_text(text[:end], context, allow_partial=True, wrap_validation_errors=False)
        except ValidationError:
            whole = NOTHING
        assert seen is WHOLE or seen == whole
