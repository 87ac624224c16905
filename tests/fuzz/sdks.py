"""Our decoders beside the accumulators of the official SDKs, frame by frame, over drawn replies.

A reply is drawn as events, encoded, taken apart into its frames, and changed in ways that providers use: a piece in two,
pieces of nothing, fields that nobody knows, pings, fields left out or null. Then both read the same frames; after each
of them what both have understood must be the same.

    python -m tests.fuzz.sdks [--seconds 60] [--seed N]
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from playhead import fuzz
from playhead.chunks import cut
from playhead.stream import Fold
from playhead.wire import DIALECTS, FrameSplitter

Frame = tuple[str | None, Any]
"""The name of an event, and its data; text where it is no JSON."""


# --------------------------------------------------------------------------- frames
def frames_of(body: bytes) -> list[Frame]:
    """The frames of an SSE body."""
    machine, found = FrameSplitter(), list[Frame]()
    for frame in machine.feed(body):
        found.append((frame.event, frame.data if frame.data == "[DONE]" else json.loads(frame.data)))
    return found


def bytes_of(frame: Frame) -> bytes:
    """A frame as it is sent."""
    name, data = frame
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def _split(draw: st.DrawFn, text: str) -> list[str]:
    place = draw(st.integers(0, len(text)))
    return [text[:place], text[place:]]


@st.composite
def changed(draw: st.DrawFn, dialect: str) -> list[Frame]:
    """The frames of a drawn reply, changed a little."""
    frames = frames_of(draw(fuzz.wire(dialect)).body)
    for _ in range(draw(st.integers(0, 4))):
        change = draw(st.sampled_from(CHANGES[dialect]))
        places = [number for number, (_, data) in enumerate(frames) if isinstance(data, dict)]
        if not places:
            break
        place = draw(st.sampled_from(places))
        name, data = frames[place]
        found = change(draw, copy.deepcopy(data))
        frames[place : place + 1] = [(one.get("type") if name else None, one) for one in found]
    if dialect == "openai-responses":  # numbered as they are sent
        for number, (_, data) in enumerate(frames):
            data["sequence_number"] = number
    return frames


def unknown_field(draw: st.DrawFn, data: Any) -> list[Any]:
    """A field that came with a later version."""
    return [{**data, "x_new": draw(st.sampled_from([None, 1, {"a": []}, "text"]))}]


def chat_split(draw: st.DrawFn, data: Any) -> list[Any]:
    """Text or arguments in two pieces."""
    other = copy.deepcopy(data)
    for one, two in zip(data.get("choices") or (), other.get("choices") or (), strict=True):
        delta, second = one["delta"], two["delta"]
        if one.get("finish_reason") is not None:
            return [data]
        if delta.get("content"):
            delta["content"], second["content"] = _split(draw, delta["content"])
            second.pop("role", None)
            second.pop("tool_calls", None)
            return [data, other]
        if calls := delta.get("tool_calls"):
            call, rest = calls[-1], second["tool_calls"][-1]
            call["function"]["arguments"], more = _split(draw, call["function"].get("arguments") or "")
            second["tool_calls"] = [{"index": rest["index"], "function": {"arguments": more}}]
            second.pop("role", None)
            second.pop("content", None)
            return [data, other]
    return [data]


def chat_nothing(draw: st.DrawFn, data: Any) -> list[Any]:
    """Fields that are null, or a piece of nothing, as many servers send them."""
    for choice in data.get("choices") or ():
        for key in draw(st.lists(st.sampled_from(["content", "tool_calls", "refusal", "function_call"]), max_size=2)):
            choice["delta"].setdefault(key, None)
        choice.setdefault("logprobs", None)
        if draw(st.booleans()) and not choice["delta"].get("content"):
            choice["delta"]["content"] = ""
    return [data]


def chat_no_choices(draw: st.DrawFn, data: Any) -> list[Any]:
    """A chunk with nothing to say before it, as Azure sends its filters, or after it."""
    empty = {key: value for key, value in data.items() if key not in ("choices", "usage")} | {"choices": []}
    return [empty, data] if draw(st.booleans()) else [data, empty]


def anthropic_ping(draw: st.DrawFn, data: Any) -> list[Any]:
    """A sign of life."""
    return [data, {"type": "ping"}] if data["type"] != "message_stop" else [data]


def anthropic_split(draw: st.DrawFn, data: Any) -> list[Any]:
    """A piece in two."""
    if data["type"] != "content_block_delta":
        return [data]
    other = copy.deepcopy(data)
    for key in ("text", "partial_json", "thinking"):
        if key in data["delta"]:
            data["delta"][key], other["delta"][key] = _split(draw, data["delta"][key])
            return [data, other]
    return [data]


def anthropic_usage(draw: st.DrawFn, data: Any) -> list[Any]:
    """All counts again at the end, as newer versions send them; counts of caches."""
    usage = data.get("usage") or data.get("message", {}).get("usage")
    if usage is not None:
        for key in draw(
            st.lists(st.sampled_from(["cache_read_input_tokens", "cache_creation_input_tokens"]), max_size=2)
        ):
            usage[key] = draw(st.integers(0, 50))
        if data["type"] == "message_delta" and draw(st.booleans()):
            usage["input_tokens"] = draw(st.integers(0, 99))
    return [data]


def responses_split(draw: st.DrawFn, data: Any) -> list[Any]:
    """A piece in two."""
    if not str(data.get("type")).endswith(".delta") or not isinstance(data.get("delta"), str):
        return [data]
    other = copy.deepcopy(data)
    data["delta"], other["delta"] = _split(draw, data["delta"])
    return [data, other]


def responses_obfuscation(draw: st.DrawFn, data: Any) -> list[Any]:
    """Padding against eavesdroppers, and log probabilities."""
    if str(data.get("type")).endswith(".delta"):
        data["obfuscation"] = draw(st.sampled_from(["x", "aB3", "data: "]))
    if data.get("type") == "response.output_text.delta":
        data.setdefault("logprobs", [])
    return [data]


def google_split(draw: st.DrawFn, data: Any) -> list[Any]:
    """A text in two chunks."""
    for candidate in data.get("candidates") or ():
        parts = (candidate.get("content") or {}).get("parts") or []
        if candidate.get("finishReason") or len(parts) != 1 or not parts[0].get("text"):
            return [data]
        other = copy.deepcopy(data)
        second = other["candidates"][0]["content"]["parts"][0]
        parts[0]["text"], second["text"] = _split(draw, parts[0]["text"])
        return [data, other]
    return [data]


def google_usage(draw: st.DrawFn, data: Any) -> list[Any]:
    """Counts with each chunk, also where there is nothing to count yet."""
    if "usageMetadata" not in data and draw(st.booleans()):
        data["usageMetadata"] = {"promptTokenCount": 0, "totalTokenCount": 0}
    return [data]


CHANGES: dict[str, list[Callable[[st.DrawFn, Any], list[Any]]]] = {
    "openai-chat": [unknown_field, chat_split, chat_nothing, chat_no_choices],
    "anthropic-messages": [unknown_field, anthropic_ping, anthropic_split, anthropic_usage],
    "openai-responses": [unknown_field, responses_split, responses_obfuscation],
    "google-generate": [unknown_field, google_split, google_usage],
}


# --------------------------------------------------------------------------- what was understood
Understood = dict[str, Any]
"""Texts, thoughts and calls in their order, the finish reason as the provider says it, and counts of tokens."""


def ours(dialect: str) -> Iterator[Any]:
    """A coroutine: takes frames' bytes, gives what our decoder has understood so far."""
    machine, fold = DIALECTS[dialect].decoder(streamed=True), Fold()
    understood: Understood | None = None
    while True:
        data = yield understood
        for event in machine.feed(data) if data is not None else machine.close():
            fold.feed(event)
        reply = fold.response()
        details = reply.provider_details or {}
        understood = {
            "text": "".join(part.content for part in reply.parts if part.part_kind == "text"),
            "thinking": "".join(part.content for part in reply.parts if part.part_kind == "thinking"),
            "signatures": [p.signature for p in reply.parts if p.part_kind == "thinking" and p.signature],
            "calls": [
                (part.tool_name, part.tool_call_id, part.args_as_dict() if data is None else part.args_as_json_str())
                for part in reply.parts
                if part.part_kind == "tool-call"
            ],
            "finish": details.get("finish_reason"),
            "id": reply.provider_response_id,
            "tokens": (reply.usage.input_tokens, reply.usage.output_tokens),
        }


def chat_sdk() -> Iterator[Any]:
    """openai's accumulator of chunks."""
    from openai.lib.streaming.chat import ChatCompletionStreamState
    from openai.types.chat import ChatCompletionChunk

    state = ChatCompletionStreamState()
    understood: Understood = {}
    while True:
        frame = yield understood
        if frame[1] == "[DONE]":
            continue
        list(state.handle_chunk(ChatCompletionChunk.model_validate(frame[1])))
        snapshot = state.current_completion_snapshot
        message = snapshot.choices[0].message if snapshot.choices else None
        understood = {
            "text": (message.content or "") + (message.refusal or "") if message else "",
            "calls": [
                (call.function.name, call.id, call.function.arguments)
                for call in (message.tool_calls or () if message else ())
            ],
            "finish": snapshot.choices[0].finish_reason if snapshot.choices else None,
            "id": snapshot.id,
        }
        if snapshot.usage is not None:
            understood["tokens"] = (snapshot.usage.prompt_tokens, snapshot.usage.completion_tokens)


def anthropic_sdk() -> Iterator[Any]:
    """anthropic's accumulator of events."""
    from anthropic.lib.streaming._messages import accumulate_event

    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    texts: dict[int, str] = {}
    understood: Understood = {}
    while True:
        frame = yield understood
        data = frame[1]
        if data["type"] in ("ping", "message_stop"):
            continue
        snapshot = accumulate_event(event=data, current_snapshot=snapshot, json_bufs=buffers)
        if data["type"] == "content_block_delta" and data["delta"]["type"] == "input_json_delta":
            texts[data["index"]] = texts.get(data["index"], "") + data["delta"]["partial_json"]
        usage = snapshot.usage
        cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        understood = {
            "text": "".join(block.text for block in snapshot.content if block.type == "text"),
            "thinking": "".join(block.thinking for block in snapshot.content if block.type == "thinking"),
            "signatures": [b.signature for b in snapshot.content if b.type == "thinking" and b.signature],
            "calls": [
                (block.name, block.id, texts.get(number, ""))
                for number, block in enumerate(snapshot.content)
                if block.type == "tool_use"
            ],
            "inputs": [block.input for block in snapshot.content if block.type == "tool_use"],
            "finish": snapshot.stop_reason,
            "id": snapshot.id,
            "tokens": (usage.input_tokens + cached, usage.output_tokens),
        }


def responses_sdk() -> Iterator[Any]:
    """openai's accumulator of the events of a response."""
    from openai import omit
    from openai._models import construct_type_unchecked
    from openai.lib.streaming.responses._responses import ResponseStreamState
    from openai.types.responses import ResponseStreamEvent

    state: Any = ResponseStreamState(input_tools=omit, text_format=omit)
    understood: Understood = {}
    while True:
        frame = yield understood
        state.handle_event(construct_type_unchecked(type_=ResponseStreamEvent, value=frame[1]))
        response = state._completed_response or state._ResponseStreamState__current_snapshot
        if response is None:
            continue
        output = response.output
        understood = {
            "text": "".join(
                (getattr(piece, "text", None) or getattr(piece, "refusal", None) or "")
                for item in output
                if item.type == "message"
                for piece in item.content
            ),
            "calls": [(item.name, item.call_id, item.arguments) for item in output if item.type == "function_call"],
            "id": response.id,
        }
        if response.usage is not None:
            understood["tokens"] = (response.usage.input_tokens, response.usage.output_tokens)


def google_sdk() -> Iterator[Any]:
    """google-genai's types; it has no accumulator, so its chunks' parts are put together."""
    from google.genai import types

    text, thinking, calls, finish, tokens, name = "", "", list[Any](), None, None, None
    understood: Understood = {}
    while True:
        frame = yield understood
        chunk = types.GenerateContentResponse.model_validate(
            {key: value for key, value in frame[1].items() if key != "x_new"}
        )
        name = chunk.response_id or name
        for candidate in (chunk.candidates or ())[:1]:
            for part in (candidate.content.parts or ()) if candidate.content else ():
                if part.text is not None and part.thought:
                    thinking += part.text
                elif part.text is not None:
                    text += part.text
                if part.function_call is not None:
                    calls.append((part.function_call.name, part.function_call.args or {}))
            if candidate.finish_reason is not None:
                finish = candidate.finish_reason.value
        if chunk.usage_metadata is not None:
            counts = chunk.usage_metadata
            tokens = (
                counts.prompt_token_count or 0,
                (counts.candidates_token_count or 0) + (counts.thoughts_token_count or 0),
            )
        understood = {"text": text, "thinking": thinking, "named": list(calls), "finish": finish, "id": name}
        if tokens is not None:
            understood["tokens"] = tokens


SDKS: dict[str, Callable[[], Iterator[Any]]] = {
    "openai-chat": chat_sdk,
    "openai-responses": responses_sdk,
    "anthropic-messages": anthropic_sdk,
    "google-generate": google_sdk,
}


def compare(dialect: str, frames: list[Frame], cuts: list[int] | None = None) -> None:
    """Read `frames` with both, and raise at the first frame after which they disagree. `cuts` also cuts our bytes."""
    one, other = ours(dialect), SDKS[dialect]()
    next(one), next(other)
    for number, frame in enumerate(frames):
        data = bytes_of(frame)
        pieces = cut(data, [place for place in sorted(set(cuts or ())) if 0 < place < len(data)])
        mine: Understood = {}
        for piece in pieces:
            mine = one.send(piece)
        theirs = other.send(frame)
        _expect_same(mine, theirs, f"after frame {number + 1} of {len(frames)}, {frame!r}")
    mine = one.send(None)
    for key in ("inputs", "named"):
        if key in theirs if frames else False:
            found = [args for _, _, args in mine["calls"]] if key == "inputs" else [(n, a) for n, _, a in mine["calls"]]
            assert found == theirs[key], f"at the end: calls\n  ours   {found!r}\n  theirs {theirs[key]!r}"


def _expect_same(mine: Understood, theirs: Understood, where: str) -> None:
    for key in mine.keys() & theirs.keys():
        one, other = mine[key], theirs[key]
        if key == "calls":
            one = [(name, call_id, "" if args == "{}" else args) for name, call_id, args in one]
            other = [(name, call_id, "" if args == "{}" else args) for name, call_id, args in other]
        assert one == other or (not one and not other), f"{where}: {key}\n  ours   {one!r}\n  theirs {other!r}"


def read_drawn(dialect: str, seed: int) -> int:
    """Compare some drawn replies; how many. Raises what differs, shrunk."""
    count = 0

    @seeded(seed)
    @settings(max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(frames=changed(dialect), cuts=st.lists(st.integers(1, 200), max_size=4))
    def read(frames: list[Frame], cuts: list[int]) -> None:
        nonlocal count
        count += 1
        compare(dialect, frames, cuts)

    read()
    return count


def main() -> int:
    """Compare until the time is over."""
    parser = argparse.ArgumentParser(description="Our decoders beside the official SDKs.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    args = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {args.seed}, {args.seconds:g} s", flush=True)
    ends, counts, number = time.monotonic() + args.seconds, Counter[str](), 0
    while time.monotonic() < ends:
        dialect = sorted(SDKS)[number % len(SDKS)]
        try:
            counts[dialect] += read_drawn(dialect, args.seed + number)
        except AssertionError as error:
            print(f"alarm, {dialect}: {error}\n" + "\n".join(getattr(error, "__notes__", ())))
            return 1
        number += 1
    print(f"{counts.total():,} replies, no alarm: " + ", ".join(f"{name} {counts[name]:,}" for name in sorted(counts)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
