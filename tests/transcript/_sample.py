"""A run with everything in it, as the events of Playhead's own messages."""

from __future__ import annotations

from playhead.messages import (
    FinalResultEvent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.transcript import Transcript, TranscriptFold
from playhead.usage import RequestUsage


def weather_run(*, call_id: str = "call_0123456789ab", weather: str = "sunny") -> Transcript:
    """Two requests: reasoning, text and a tool call; then a structured answer with its partials."""
    fold = TranscriptFold()
    fold.request(ModelRequest([UserPromptPart("Weather in Paris?")], instructions="Be brief."), at_ms=0)
    call = ToolCallPart("get_weather", '{"city": "Paris"}', call_id)
    for at_ms, event in (
        (10, PartStartEvent(index=0, part=ThinkingPart("Let me"))),
        (20, PartDeltaEvent(index=0, delta=ThinkingPartDelta(content_delta=" think.", signature_delta="c2ln"))),
        (30, PartStartEvent(index=1, part=TextPart("I will"))),
        (40, PartDeltaEvent(index=1, delta=TextPartDelta(" check.\n"))),
        (50, PartStartEvent(index=2, part=ToolCallPart("get_weather", '{"ci', call_id))),
        (60, PartDeltaEvent(index=2, delta=ToolCallPartDelta(args_delta='ty": "Paris"}', tool_call_id=call_id))),
        (60, PartEndEvent(index=2, part=call)),
    ):
        fold.feed(event, at_ms)
    usage = RequestUsage(input_tokens=51, output_tokens=12, details={"reasoning_tokens": 4})
    fold.end_request(
        ModelResponse([call], usage=usage, model_name="gpt-5", finish_reason="tool_call", run_id="r"), at_ms=60
    )
    fold.feed(FunctionToolCallEvent(call, args_valid=True), 61)
    result = ToolReturnPart("get_weather", weather, call_id)
    fold.feed(FunctionToolResultEvent(result), 70)
    fold.request(ModelRequest([result], instructions="Be brief."), at_ms=71)
    final = "call_ffffffffffff"
    fold.feed(PartStartEvent(index=0, part=ToolCallPart("final_result", '{"city": "Pa', final)), 80)
    fold.feed(FinalResultEvent(tool_name="final_result", tool_call_id=final), 80)
    fold.partial({"city": "Pa"}, 80)
    fold.feed(PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta='ris", "te')), 90)
    fold.partial({"city": "Paris"}, 90)
    fold.feed(PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta="mp")), 100)
    fold.feed(PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta='": 12}')), 110)
    fold.partial({"city": "Paris", "temp": 12}, 110)
    fold.end_request(ModelResponse([call], usage=RequestUsage(input_tokens=80, output_tokens=9)), at_ms=111)
    fold.output({"city": "Paris", "temp": 12})
    return fold.close(at_ms=112)
