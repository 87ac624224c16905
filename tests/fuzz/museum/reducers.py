"""Planted bugs in what reads events, and in what reads a provider's format. Each had users once; see its address."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import given, settings

from playhead import fuzz
from playhead.stream import fold


def piece_of(event: Any) -> str:
    delta = event.delta
    return getattr(delta, "content_delta", None) or getattr(delta, "args_delta", None) or ""


def start_of(event: Any) -> str:
    part = event.part
    return (part.content if hasattr(part, "content") else part.args) or ""


def deltas_go_to_the_last_part(events: Iterable[Any]) -> list[str]:
    """Pieces are added to whatever began last; calls that interleave get each other's arguments."""
    parts: list[str] = []
    for event in events:
        if event.event_kind == "part_start":
            parts.append(start_of(event))
        elif event.event_kind == "part_delta":
            parts[-1] += piece_of(event)
    return parts


def calls_by_name(events: Iterable[Any]) -> dict[str, str]:
    """Arguments are collected by the tool's name, so two calls of one tool are mixed."""
    names: dict[int, str] = {}
    found: dict[str, str] = {}
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "tool-call":
            names[event.index] = event.part.tool_name
            found[event.part.tool_name] = found.get(event.part.tool_name, "") + start_of(event)
        elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "tool_call":
            found[names[event.index]] += piece_of(event)
    return found


def signature_from_the_start(events: Iterable[Any]) -> list[Any]:
    """The signature of reasoning is only looked for where the part begins."""
    return [
        event.part.signature
        for event in events
        if event.event_kind == "part_start" and event.part.part_kind == "thinking"
    ]


def start_is_empty(events: Iterable[Any]) -> str:
    """The first piece, which comes with the start of the part, is not looked at."""
    return "".join(piece_of(event) for event in events if event.event_kind == "part_delta")


def replaced_not_joined(events: Iterable[Any]) -> dict[int, str]:
    """A piece takes the place of what was there."""
    parts: dict[int, str] = {}
    for event in events:
        if event.event_kind == "part_start":
            parts = {**parts, event.index: start_of(event)}
        elif event.event_kind == "part_delta" and piece_of(event):
            parts[event.index] = piece_of(event)
    return parts


def closed_at_the_end_event(events: Iterable[Any]) -> list[str]:
    """A part is taken for finished when the next begins; pieces that come later are dropped."""
    done: list[str] = []
    parts: dict[int, str] = {}
    for event in events:
        if event.event_kind == "part_start":
            parts[event.index] = start_of(event)
        elif event.event_kind == "part_delta" and event.index in parts:
            parts[event.index] += piece_of(event)
        elif event.event_kind == "part_end":
            done.append(parts.pop(event.index))
    return done


def arguments_parsed_at_once(events: Iterable[Any]) -> list[Any]:
    """Arguments are parsed when the call begins, where only their beginning is there."""
    return [
        json.loads(start_of(event) or "{}")
        for event in events
        if event.event_kind == "part_start" and event.part.part_kind == "tool-call"
    ]


def empty_piece_ends(events: Iterable[Any]) -> str:
    """Reading of a text ends at the first piece that is empty or white space."""
    text = ""
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "text":
            text += event.part.content
        elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "text":
            if not event.delta.content_delta.strip():
                break
            text += event.delta.content_delta
    return text


def repetition_is_dropped(events: Iterable[Any]) -> str:
    """A piece equal to the one before is taken for the same piece, sent twice."""
    text, last = "", None
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "text":
            text, last = text + event.part.content, None
        elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "text":
            if event.delta.content_delta != last:
                text += event.delta.content_delta
            last = event.delta.content_delta
    return text


def object_before_its_pieces(events: Iterable[Any]) -> dict[int, str]:
    """A call without arguments yet gets an empty object, and the arguments are put behind it."""
    found: dict[int, str] = {}
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "tool-call":
            found[event.index] = event.part.args or "{}"
        elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "tool_call":
            found[event.index] += event.delta.args_delta or ""
    return found


def done_once_it_parses(events: Iterable[Any]) -> dict[int, str]:
    """A call is done when its arguments can be parsed; what comes then is not looked at, in the next reply neither."""
    found: dict[int, str] = {}
    done: set[int] = set()
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "tool-call":
            found[event.index] = event.part.args or ""
        elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "tool_call":
            found[event.index] += (event.delta.args_delta or "") if event.index not in done else ""
        if event.event_kind in ("part_start", "part_delta") and event.index in found:
            try:
                json.loads(found[event.index])
                done.add(event.index)
            except ValueError:
                pass
    return found


def indexes_of_all_replies(events: Iterable[Any]) -> dict[int, str]:
    """Parts are kept by index; the next reply counts from 0 again, and its pieces go to the parts of the first."""
    parts: dict[int, str] = {}
    for event in events:
        if event.event_kind == "part_start":
            parts.setdefault(event.index, start_of(event))
        elif event.event_kind == "part_delta":
            parts[event.index] += piece_of(event)
    return parts


def thoughts_are_shown(events: Iterable[Any]) -> str:
    """Whether a piece is text is asked where a part begins; pieces of thinking are shown as well."""
    text = ""
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "text":
            text += event.part.content
        elif event.event_kind == "part_delta" and hasattr(event.delta, "content_delta"):
            text += event.delta.content_delta or ""
    return text


def cursor_in_code_units(events: Iterable[Any]) -> str:
    """What is shown already is counted as a browser counts it, and cut off as Python counts."""
    text, shown = "", 0
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "text":
            text, shown = event.part.content, len(event.part.content.encode("utf-16-le")) // 2
        elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "text":
            whole = text + event.delta.content_delta
            text, shown = text + whole[shown:], len(whole.encode("utf-16-le")) // 2
    return text


def second_text(events: Iterable[Any]) -> dict[int, str]:
    """There is one text in a reply, so its pieces go to the first."""
    texts: dict[int, str] = {}
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "text":
            texts[event.index] = event.part.content
        elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "text":
            texts[min(texts)] += event.delta.content_delta
    return texts


def fences_by_piece(events: Iterable[Any]) -> tuple[str, bool]:
    """A code fence is looked for in each piece of a text."""
    text, inside = "", False
    for event in events:
        if event.event_kind == "part_start" and event.part.part_kind == "text":
            piece = event.part.content
        elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "text":
            piece = event.delta.content_delta
        else:
            continue
        text, inside = text + piece, inside ^ bool(piece.count("```") % 2)
    return text, inside


REDUCERS: list[tuple[Any, str]] = [
    (deltas_go_to_the_last_part, "https://github.com/QwenLM/Qwen-Agent/pull/943"),
    (calls_by_name, "https://github.com/maximhq/bifrost/issues/1829"),
    (signature_from_the_start, "https://github.com/turnstonelabs/turnstone/pull/214"),
    (start_is_empty, "https://github.com/apecloud/ApeRAG/pull/1808"),
    (replaced_not_joined, "https://github.com/pensarai/apex/pull/534"),
    (closed_at_the_end_event, "https://github.com/mozilla-ai/any-llm/pull/1305"),
    (arguments_parsed_at_once, "https://github.com/Kilo-Org/cloud/pull/4753"),
    (repetition_is_dropped, "https://github.com/Porabuild/Poracode/pull/205"),
    (object_before_its_pieces, "https://github.com/ogx-ai/ogx/pull/5462"),
    (done_once_it_parses, "https://github.com/vercel/ai/pull/16838"),
    (indexes_of_all_replies, "https://github.com/rynfar/meridian/pull/159"),
    (thoughts_are_shown, "https://github.com/zhukunpenglinyutong/jetbrains-cc-gui/pull/1235"),
    (cursor_in_code_units, "https://github.com/Chatterino/chatterino2/pull/878"),
    (second_text, "https://github.com/earendil-works/pi/pull/4247"),
    (fences_by_piece, "https://github.com/openclaw/openclaw/pull/151693"),
    (empty_piece_ends, "https://github.com/adolfousier/opencrabs/pull/1499"),
]


# --------------------------------------------------------------------------- readers of a format
def frames_of(body: bytes) -> list[Any]:
    return [
        json.loads(line[6:])
        for line in body.decode().split("\n")
        if line.startswith("data: ") and not line.startswith("data: [")
    ]


def reader(dialect: str, read: Callable[[bytes], Any], expected: Callable[[Any], Any]) -> Callable[[], None]:
    """A search for a body of `dialect` that `read` reads wrongly."""

    @settings(max_examples=200, database=None)
    @given(fuzz.wire(dialect))
    def search(reply: fuzz.WireReply) -> None:
        assert read(reply.body) == expected(fold(reply.events).response())

    search.__name__ = read.__name__
    return search


def usage_is_added(body: bytes) -> int:
    """Output tokens of all events are added, though each count includes those before."""
    total = 0
    for frame in frames_of(body):
        usage = frame.get("usage") or frame.get("message", {}).get("usage") or {}
        total += usage.get("output_tokens", 0) + usage.get("input_tokens", 0)
    return total


def calls_by_position(body: bytes) -> list[str]:
    """Calls are told apart by their place in the list of a frame, not by their index."""
    calls: dict[int, str] = {}
    for frame in frames_of(body):
        for choice in frame.get("choices", ()):
            for place, call in enumerate(choice.get("delta", {}).get("tool_calls") or ()):
                calls[place] = calls.get(place, "") + (call["function"].get("arguments") or "")
    return list(calls.values())


def unicode_line_ends(body: bytes) -> int:
    """Frames are cut by `str.splitlines`, which takes U+2028 for the end of a line."""
    found = 0
    for line in body.decode().splitlines():
        if line.startswith("data: {"):
            json.loads(line[6:])
            found += 1
    return 0


def tokens_of(reply: Any) -> int:
    return reply.usage.input_tokens + reply.usage.output_tokens


def arguments_of(reply: Any) -> list[str]:
    return [part.args for part in reply.parts if part.part_kind == "tool-call"]


READERS: list[tuple[Any, str]] = [
    (reader("anthropic-messages", usage_is_added, tokens_of), "https://github.com/tensorzero/tensorzero/issues/5481"),
    (reader("openai-chat", calls_by_position, arguments_of), "https://github.com/oracle/langchain-oracle/issues/253"),
    (
        reader("openai-chat", unicode_line_ends, lambda reply: 0),
        "https://github.com/florimondmanca/httpx-sse/issues/34",
    ),
]
