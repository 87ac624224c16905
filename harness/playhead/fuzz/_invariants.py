"""What must hold for every run, whatever the model said and however it was cut. Each invariant is a function with a name.

An invariant takes a transcript (of a Playhead agent, a pydantic-ai agent, or traffic) and raises `InvariantViolation`
with the place where it is broken. `check` tries all of them and reports every one that is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from itertools import pairwise
from typing import Any, TypeAlias, cast

from pydantic import BaseModel

from playhead.exceptions import UserError
from playhead.transcript import Transcript, TranscriptRequest, transcript_of

__all__ = [
    "INVARIANTS",
    "Invariant",
    "InvariantViolation",
    "calls_have_one_result",
    "check",
    "deltas_add_up",
    "indexes_grow",
    "messages_are_what_was_streamed",
    "messages_pair_calls_with_results",
    "output_is_the_last_partial",
    "partials_never_contradict_the_end",
    "starts_and_ends_nest",
    "usage_adds_up",
]

Invariant: TypeAlias = Callable[[Transcript], None]


class InvariantViolation(AssertionError):
    """An invariant is broken. `name` is the invariant's, `where` the place in the transcript."""

    def __init__(self, name: str, problem: str, *, where: str = "") -> None:
        self.name = name
        self.where = where
        super().__init__(f"{name}{f', {where}' if where else ''}: {problem}")


def deltas_add_up(transcript: Transcript) -> None:
    """The pieces of a part, joined, are the part that its end and the final reply show."""
    for request in transcript.requests:
        joined: dict[int, Any] = {}
        for event in _stream_events(request):
            if event.event_kind == "part_start":
                joined[event.index] = _content(event.part)
            elif event.event_kind == "part_delta":
                joined[event.index] = _add(joined.get(event.index), _piece(event.delta))
            elif event.event_kind == "part_end":
                _expect_same("deltas_add_up", request, event.index, joined.get(event.index), _content(event.part))
        parts = list(getattr(request.response, "parts", None) or ())
        if request.end == "complete" and len(parts) == len(joined):
            for index, part in enumerate(parts):
                _expect_same("deltas_add_up", request, index, joined.get(index), _content(part))


def starts_and_ends_nest(transcript: Transcript) -> None:
    """A part starts once, before anything is added to it; it ends at most once; only the part started last ends."""
    for request in transcript.requests:
        started: list[int] = []
        ended: set[int] = set()
        for event in _stream_events(request):
            where = f"request {request.index + 1}, part {event.index}"
            if event.event_kind == "part_start":
                if event.index in started:
                    raise InvariantViolation("starts_and_ends_nest", "the part starts twice", where=where)
                started.append(event.index)
            elif event.index not in started:
                raise InvariantViolation(
                    "starts_and_ends_nest", f"a {event.event_kind} came before its start", where=where
                )
            elif event.event_kind == "part_end":
                if event.index in ended:
                    raise InvariantViolation("starts_and_ends_nest", "the part ends twice", where=where)
                if event.index != started[-1]:
                    raise InvariantViolation(
                        "starts_and_ends_nest", f"the part ends, but part {started[-1]} was started last", where=where
                    )
                ended.add(event.index)


def indexes_grow(transcript: Transcript) -> None:
    """Parts are numbered from 0, in the order in which they start."""
    for request in transcript.requests:
        starts = [event.index for event in _stream_events(request) if event.event_kind == "part_start"]
        if starts != list(range(len(starts))):
            raise InvariantViolation(
                "indexes_grow", f"the parts start as {starts}", where=f"request {request.index + 1}"
            )


def partials_never_contradict_the_end(transcript: Transcript) -> None:
    """A partial output only ever says less than the output: a text is its beginning, a list has its first items, a model
    no other fields.

    Numbers, dates and the like may still change while they are written, and so may defaults; a validator that rewrites
    its value is told by `ctx.partial_output` and must rewrite partial ones alike. A text that a tool of the provider's
    follows was no output yet: with what comes after the tool it begins anew.
    """
    for request in transcript.requests:
        if _begins_anew(request):
            continue
        partials = request.partial_outputs
        for number, (one, other) in enumerate(pairwise(partials)):
            path = _contradiction(_told(one), _told(other), "output")
            if path:
                raise InvariantViolation(
                    "partials_never_contradict_the_end",
                    f"partial output {number + 1} says {one!r}, the next says {other!r}; they contradict at {path}",
                    where=f"request {request.index + 1}",
                )


def _begins_anew(request: TranscriptRequest) -> bool:
    kinds = [part.part_kind for part in getattr(request.response, "parts", ())]
    return any("text" in kinds[:place] for place, kind in enumerate(kinds) if kind == "builtin-tool-call")


def output_is_the_last_partial(transcript: Transcript) -> None:
    """Where a reply became the output, its last partial output does not contradict it."""
    if not transcript.has_output or not transcript.requests:
        return
    partials = transcript.requests[-1].partial_outputs
    if partials and (path := _contradiction(_told(partials[-1]), _told(transcript.output), "output")):
        raise InvariantViolation(
            "output_is_the_last_partial",
            f"the last partial output is {partials[-1]!r}, the output {transcript.output!r}; they contradict at {path}",
        )


def calls_have_one_result(transcript: Transcript) -> None:
    """Every call of a tool is answered by one result or retry prompt, after it, and nothing else is."""
    open_calls: dict[str, str] = {}
    answered: set[str] = set()
    for request in transcript.requests:
        where = f"request {request.index + 1}"
        for entry in request.handling:
            if entry.kind != "event":
                continue
            kind = getattr(entry.value, "event_kind", "")
            if kind == "function_tool_call":
                open_calls[entry.value.part.tool_call_id] = entry.value.part.tool_name
            elif kind == "function_tool_result":
                call_id = _result_part(entry.value).tool_call_id
                if call_id in answered:
                    raise InvariantViolation(
                        "calls_have_one_result", f"the call {call_id!r} is answered twice", where=where
                    )
                if call_id not in open_calls:
                    raise InvariantViolation(
                        "calls_have_one_result", f"a result came for {call_id!r}, which was not called", where=where
                    )
                answered.add(call_id)
    left = [name for call_id, name in open_calls.items() if call_id not in answered]
    if left and transcript.error is None and transcript.has_output:
        raise InvariantViolation("calls_have_one_result", f"the run ended without a result of {', '.join(left)}")


def messages_pair_calls_with_results(transcript: Transcript) -> None:
    """In the history, the request after a reply answers each of its calls once, and nothing that was not called; results
    of the same tool come in the order of its calls. No result of the run stands without the reply that called for it."""
    messages = transcript.messages
    for number, (reply, request) in enumerate(pairwise([None, *messages])):
        if getattr(reply, "kind", "") == "response" or not getattr(request, "run_id", None) or request is None:
            continue
        for part in request.parts:
            if part.part_kind == "tool-return":
                raise InvariantViolation(
                    "messages_pair_calls_with_results",
                    f"the result of {part.tool_name} is there, the reply that called for it is not; providers refuse that",
                    where=f"message {number + 1}",
                )
    for number, (reply, request) in enumerate(pairwise(messages)):
        if getattr(reply, "kind", "") != "response" or getattr(request, "kind", "") != "request":
            continue
        calls = {part.tool_call_id: part.tool_name for part in reply.parts if part.part_kind == "tool-call"}
        answers = [
            part for part in request.parts if part.part_kind in ("tool-return", "retry-prompt") and part.tool_name
        ]
        found = [part.tool_call_id for part in answers]
        where = f"message {number + 2}"
        if len(set(found)) != len(found):
            raise InvariantViolation(
                "messages_pair_calls_with_results", f"a call is answered twice: {found}", where=where
            )
        if strange := [one for one in found if one not in calls]:
            raise InvariantViolation(
                "messages_pair_calls_with_results",
                f"a result is there for {strange[0]!r}, which was not called",
                where=where,
            )
        last = number + 2 == len(messages)
        if (missing := [one for one in calls if one not in found]) and not (last and transcript.error is not None):
            names = ", ".join(calls[one] for one in missing)
            raise InvariantViolation("messages_pair_calls_with_results", f"no result of {names}", where=where)
        for name in set(calls.values()):
            wanted = [one for one, called in calls.items() if called == name and one in found]
            returned = [
                part.tool_call_id for part in answers if part.tool_name == name and part.part_kind == "tool-return"
            ]
            if returned != [one for one in wanted if one in returned]:
                raise InvariantViolation(
                    "messages_pair_calls_with_results", f"the results of {name} come as {returned}", where=where
                )


def messages_are_what_was_streamed(transcript: Transcript) -> None:
    """The replies in the history are those that were streamed, part by part."""
    replies = [message for message in transcript.messages[transcript.history :] if message.kind == "response"]
    if transcript.error is not None or len(replies) != len(transcript.requests):
        return
    for number, (request, reply) in enumerate(zip(transcript.requests, replies, strict=True)):
        if request.end != "complete" or not _stream_events(request):
            continue
        streamed = [(part.part_kind, _content(part)) for part in getattr(request.response, "parts", ())]
        kept = [(part.part_kind, _content(part)) for part in reply.parts]
        if streamed != kept:
            raise InvariantViolation(
                "messages_are_what_was_streamed",
                f"streamed were {streamed!r}, the history says {kept!r}",
                where=f"request {number + 1}",
            )


def usage_adds_up(transcript: Transcript) -> None:
    """The usage of the run is the sum of that of its requests, and no count is negative."""
    requests = transcript.requests
    for name in ("input_tokens", "output_tokens"):
        counts = [getattr(request.usage, name) for request in requests]
        if any(count < 0 for count in counts):
            raise InvariantViolation("usage_adds_up", f"a request counts negative {name}: {counts}")
        total = getattr(transcript.usage, name)
        if transcript.error is None and transcript.has_output and not transcript.notes and total != sum(counts):
            raise InvariantViolation("usage_adds_up", f"the run counts {total} {name}, its requests {counts}")


def check(transcript: Transcript | Iterable[Any], invariants: Sequence[Invariant] | None = None) -> None:
    """Raise one `InvariantViolation` that names everything broken in `transcript`; `invariants` defaults to all.

    Events of a run, such as `run_stream_events` yields, are taken for the transcript they make.
    """
    if not isinstance(transcript, Transcript):
        if not hasattr(transcript, "__iter__"):
            raise UserError(
                f"fuzz.check looks at a transcript, not at {type(transcript).__name__}. Take it with "
                "`run = await playhead.capture_run(agent, prompt, ...)`, or give it the events of a run."
            )
        transcript = transcript_of(transcript)
    broken: list[InvariantViolation] = []
    for invariant in INVARIANTS.values() if invariants is None else invariants:
        try:
            invariant(transcript)
        except InvariantViolation as error:
            broken.append(error)
    if len(broken) == 1:
        raise broken[0]
    if broken:
        names = ", ".join(error.name for error in broken)
        raise InvariantViolation(names, "\n".join(str(error) for error in broken))


INVARIANTS: dict[str, Invariant] = {
    function.__name__: function
    for function in (
        deltas_add_up,
        starts_and_ends_nest,
        indexes_grow,
        partials_never_contradict_the_end,
        output_is_the_last_partial,
        calls_have_one_result,
        messages_pair_calls_with_results,
        messages_are_what_was_streamed,
        usage_adds_up,
    )
}
"""All invariants by name."""


# --------------------------------------------------------------------------- looking at events
def _stream_events(request: TranscriptRequest) -> list[Any]:
    kinds = ("part_start", "part_delta", "part_end")
    events = [entry.value for entry in request.entries if entry.kind == "event"]
    return [event for event in events if getattr(event, "event_kind", "") in kinds]


def _content(part: Any) -> Any:
    """What deltas add to: text, or arguments."""
    return getattr(part, "content", None) if hasattr(part, "content") else getattr(part, "args", None)


def _piece(delta: Any) -> Any:
    return delta.content_delta if hasattr(delta, "content_delta") else getattr(delta, "args_delta", None)


def _add(content: Any, piece: Any) -> Any:
    if piece is None:
        return content
    if isinstance(piece, dict):
        return {**cast("dict[str, Any]", content or {}), **cast("dict[str, Any]", piece)}
    return f"{content or ''}{piece}"


def _expect_same(name: str, request: TranscriptRequest, index: int, joined: Any, content: Any) -> None:
    if joined != content and (joined or content):
        where = f"request {request.index + 1}, part {index}"
        raise InvariantViolation(name, f"the pieces add up to {joined!r}, the part is {content!r}", where=where)


def _result_part(event: Any) -> Any:
    return event.result if hasattr(event, "result") else event.part


def _told(value: Any) -> Any:
    """What a value says for sure: dicts, lists and texts, without the fields that only have their default yet."""
    if isinstance(value, BaseModel):
        extra = value.__pydantic_extra__ or {}
        return {name: _told(item) for name, item in value if name in value.model_fields_set or name in extra}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _told(item)
            for field in fields(value)
            if (item := getattr(value, field.name)) != _default_of(field)
        }
    if isinstance(value, dict):
        return {key: _told(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_told(item) for item in cast("list[Any]", value)]
    return value


def _default_of(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _contradiction(partial: Any, later: Any, path: str) -> str | None:
    """Where `partial` says something that `later` takes back; None if it only says less.

    Which field of a model is still being written is not known, so a number, a date or an enum may come out different
    anywhere, and what cannot be read for a while is gone for a while (`3`, `3e`, `3e2`; a model whose date has begun); a
    text only grows.
    """
    if type(partial) is str and type(later) is str:
        return None if later.startswith(partial) else path
    if isinstance(partial, dict) and isinstance(later, dict):
        after = cast("dict[Any, Any]", later)
        for key, value in cast("dict[Any, Any]", partial).items():
            if key not in after:
                if type(value) is str:
                    return f"{path}[{key!r}]"
            elif found := _contradiction(value, after[key], f"{path}[{key!r}]"):
                return found
    if isinstance(partial, list) and isinstance(later, list):
        items, more = cast("list[Any]", partial), cast("list[Any]", later)
        if len(more) < len(items) - (type(items[-1]) is not str if items else 0):
            return path
        for index, (value, after) in enumerate(zip(items, more, strict=False)):
            if found := _contradiction(value, after, f"{path}[{index}]"):
                return found
    return None
