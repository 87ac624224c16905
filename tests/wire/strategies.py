"""Replies and calls to draw: what any producer may hand to an encoder, and any application to a model."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from playhead.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    OutputObjectDefinition,
    ResponseMeta,
    RetryPromptPart,
    StreamEvent,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolDefinition,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.stream import Emitter
from playhead.usage import RequestUsage
from playhead.wire import ModelCall

texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["<think>", "</think>", "\n\n", "data: [DONE]\n\n", "\r\n", "{", '"', "\u2028", "👩‍👩‍👧", "[DONE]", "\x00", " "]
)
names = st.sampled_from(["get_weather", "final_result", "f"])
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, json_values, max_size=3)


@st.composite
def replies(draw: st.DrawFn) -> list[StreamEvent]:
    """The events of one reply: parts in any order, calls interleaved, and what it says of itself, at any place."""
    emitter = Emitter()
    slots: list[tuple[str, Any]] = []
    pending: dict[int, list[str]] = {}
    if draw(st.booleans()):
        emitter.meta(_identity(draw))
    for step in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["text", "thinking", "call", "call", "more", "more", "more"]))
        if kind == "text":
            emitter.start(step, TextPart(draw(texts)))
        elif kind == "thinking":
            signature = draw(st.none() | st.text("abc+/=", min_size=1, max_size=8))
            content = draw(texts)
            emitter.start(step, ThinkingPart(content, signature=signature))
        elif kind == "call":
            args = draw(objects)
            call_id = f"call_{step}"
            if draw(st.booleans()):
                emitter.start(step, ToolCallPart(draw(names), args, call_id))
            else:
                text = json.dumps(args, ensure_ascii=draw(st.booleans()))
                cut = draw(st.integers(0, len(text)))
                emitter.start(step, ToolCallPart(draw(names), text[:cut], call_id))
                pending[step] = [text[cut:]]
        if kind != "more":
            slots.append((kind, step))
        elif slots:
            kind, slot = draw(st.sampled_from(slots)) if draw(st.booleans()) else slots[-1]
            if kind == "text" and slot == slots[-1][1]:
                emitter.text(slot, draw(texts))
            elif kind == "thinking" and slot == slots[-1][1]:
                emitter.thinking(slot, draw(texts))
            elif kind == "call" and pending.get(slot):
                emitter.call(slot, args=pending[slot].pop())
    for slot, rest in pending.items():
        for piece in rest:
            emitter.call(slot, args=piece)
    emitter.close()
    if draw(st.booleans()):
        emitter.meta(_ending(draw))
    return emitter.take()


def _identity(draw: st.DrawFn) -> ResponseMeta:
    return ResponseMeta(
        provider_response_id=draw(st.sampled_from([None, "resp_1"])),
        model_name=draw(st.sampled_from([None, "some-model"])),
        timestamp=draw(st.sampled_from([None, datetime(2026, 1, 1, tzinfo=UTC)])),
    )


def _ending(draw: st.DrawFn) -> ResponseMeta:
    count = st.integers(0, 9)
    usage = RequestUsage(input_tokens=draw(count), output_tokens=draw(count), cache_read_tokens=draw(count))
    # What was read from a cache was sent as well.
    usage.input_tokens += usage.cache_read_tokens
    return ResponseMeta(
        usage=draw(st.sampled_from([None, usage])),
        finish_reason=draw(st.sampled_from([None, "stop", "length", "tool_call", "content_filter"])),
    )


@st.composite
def calls(draw: st.DrawFn) -> ModelCall:
    """A call that any of the formats can carry."""
    messages: list[ModelMessage] = []
    known: list[ToolCallPart] = []
    for turn in range(draw(st.integers(1, 3))):
        parts: list[Any] = [SystemPromptPart(draw(texts))] if turn == 0 and draw(st.booleans()) else []
        for call in known:
            if draw(st.integers(0, 3)):
                content = draw(texts | objects)
                parts.append(ToolReturnPart(call.tool_name, content, call.tool_call_id))
            else:
                retry = RetryPromptPart("no: " + draw(texts), tool_name=call.tool_name, tool_call_id=call.tool_call_id)
                parts.append(retry)
        parts.append(UserPromptPart(draw(_user_content())))
        messages.append(ModelRequest(parts=parts, instructions=draw(st.none() | st.just("Be brief."))))
        known = [
            ToolCallPart(
                draw(names), draw(objects) if draw(st.booleans()) else json.dumps(draw(objects)), f"c{turn}{n}"
            )
            for n in range(draw(st.integers(0, 2)))
        ]
        answer: list[Any] = [TextPart(draw(texts.filter(bool)))] if draw(st.booleans()) or not known else []
        messages.append(ModelResponse(parts=[*answer, *known]))
    parameters = ModelRequestParameters(function_tools=draw(_tools()), allow_text_output=draw(st.booleans()))
    if draw(st.booleans()):
        parameters.output_mode = "native"
        parameters.output_object = OutputObjectDefinition(draw(_schemas()), name="Answer")
    settings: Any = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "max_tokens": st.integers(1, 99),
                "temperature": st.sampled_from([0.0, 0.5]),
                "top_p": st.just(0.5),
                "stop_sequences": st.just(["END"]),
                "extra_body": st.just({"custom": {"x": 1}}),
            },
        )
    )
    return ModelCall(
        model="some-model", messages=messages, settings=settings, parameters=parameters, stream=draw(st.booleans())
    )


def _user_content() -> st.SearchStrategy[Any]:
    image = BinaryContent(b"\x89PNG\r\n\x1a\n", media_type="image/png")
    items = st.sampled_from([ImageUrl("https://example.com/a.png"), image])
    return texts | st.lists(texts.filter(bool) | items, min_size=1, max_size=3)


@st.composite
def _schemas(draw: st.DrawFn) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(["city", "days", "tags"]), unique=True)):
        properties[name] = draw(
            st.sampled_from(
                [
                    {"type": "string", "description": "A city"},
                    {"type": "integer", "title": "Days", "default": 3},
                    {"type": "array", "items": {"type": "string", "minLength": 2}},
                    {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]},
                ]
            )
        )
    required = draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
    return {"type": "object", "properties": properties, "required": required, "title": "Schema"}


@st.composite
def _tools(draw: st.DrawFn) -> list[ToolDefinition]:
    return [
        ToolDefinition(
            name=name,
            description=draw(st.none() | st.just("Does something")),
            parameters_json_schema=draw(_schemas()),
            strict=draw(st.sampled_from([None, True, False])),
        )
        for name in draw(st.lists(names, unique=True, max_size=2))
    ]
