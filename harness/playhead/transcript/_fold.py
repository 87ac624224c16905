"""The fold of a run: requests, events, partial outputs and an outcome in; a `Transcript` out.

Structural: an event is what has an `event_kind`, and its fields are read by name, so Playhead's, pydantic-ai's and
decoded ones (also as mappings, e.g. from JSON) fold alike. Inputs in order: for each request `request`, then `feed` and `partial`,
then `end_request`; `close` gives the transcript. Whoever has only a flat stream of events feeds just that: a part number 0
begins the next request.

What the events did not say is taken from the messages: a tool's result may be known only from the request that follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from playhead.transcript._events import ToolCalled, ToolRetried, ToolReturned
from playhead.transcript._transcript import ANSWERS, Entry, Transcript, TranscriptRequest, is_retry
from playhead.transcript._values import get
from playhead.usage import RequestUsage, RunUsage

__all__ = ["TranscriptFold", "transcript_of"]

_REPLY = {"part_start", "part_delta", "part_end", "final_result"}
_OUTPUT_TOOL_SAYS = ("Final result processed", "Output tool not used")


def transcript_of(events: Iterable[Any], *, messages: Sequence[Any] = ()) -> Transcript:
    """The transcript of a flat stream of agent events, such as what `run_stream_events` yielded."""
    fold = TranscriptFold()
    for event in events:
        fold.feed(event)
    return fold.close(messages=messages)


class TranscriptFold:
    """Builds a transcript. `transcript` is what there is so far; `close` completes it.

    Results of tools that come within `together_ms` of each other stand in the order of their calls: for runtimes that
    leave it to chance which of two tools, both done, is told first.
    """

    def __init__(self, *, history: int = 0, title: str | None = None, together_ms: float | None = None) -> None:
        self.transcript = Transcript(history=history, title=title)
        self._together_ms = together_ms
        self._request: TranscriptRequest | None = None
        self._explicit = False
        self._called: set[str] = set()
        self._settled: set[str] = set()
        self._output_tools: set[str] = set()

    # ------------------------------------------------------------------ input
    def request(self, request: Any = None, *, at_ms: float | None = None, streamed: bool = True) -> TranscriptRequest:
        """A request begins. `request` is the message that is new in it: its `parts` and `instructions` are read."""
        parts = list(get(request, "parts") or ())
        self._settle(parts)
        # Results stand with the reply that asked for them; those of an earlier history stand here.
        first = not self.transcript.requests
        shown = [part for part in parts if first or get(part, "part_kind") not in ANSWERS]
        self._request = TranscriptRequest(
            index=len(self.transcript.requests),
            parts=shown,
            instructions=get(request, "instructions"),
            streamed=streamed,
            started_ms=at_ms,
        )
        self.transcript.requests.append(self._request)
        self._explicit = request is not None
        return self._request

    def feed(self, event: Any, at_ms: float | None = None) -> None:
        """One event, of the model's or of the runtime's."""
        kind = get(event, "event_kind")
        if kind in _REPLY:
            self._reply(kind, event, at_ms)
            return
        if kind == "response_meta":
            self._learn(event)
            return
        if kind == "agent_run_result":
            result = get(event, "result")
            self.output(get(result, "output"))
            return
        current = self._current()
        entries = [Entry("event", event, at_ms)]
        tool: Any = None
        if kind == "function_tool_call":
            tool = self._called_event(get(event, "part"), valid=get(event, "args_valid"), event=event)
        elif kind in ("function_tool_result", "output_tool_result"):
            part = get(event, "result") or get(event, "part")
            if kind == "function_tool_result" or is_retry(part):
                tool = self._settled_event(part, event)
            else:
                self._output_tools.add(get(part, "tool_name"))
                self._settled.add(get(part, "tool_call_id"))
        elif kind == "output_tool_call":
            self._output_tools.add(get(get(event, "part"), "tool_name"))
        if tool is not None:
            entries.append(Entry("tool", tool, at_ms))
        place = self._place(current.handling, event, at_ms)
        current.handling[place:place] = entries

    def _place(self, handling: list[Entry], event: Any, at_ms: float | None) -> int:
        """Where `event` stands in `handling`: at the end, or before results of later calls that came with it."""
        place = len(handling)
        if self._together_ms is None or at_ms is None or (order := self._order(event)) is None:
            return place
        while place:
            before = handling[place - 1]
            other = self._order(before.value if before.kind == "event" else before.value.event)
            if other is None or other < order or at_ms - (before.at_ms or 0) > self._together_ms:
                break
            place -= 1
        return place

    def _order(self, event: Any) -> int | None:
        """The number of the call that `event` is the result of; None for any other event."""
        if get(event, "event_kind") not in ("function_tool_result", "output_tool_result"):
            return None
        label = self.transcript.labels.known(get(get(event, "result") or get(event, "part"), "tool_call_id"))
        return int(label.partition("#")[2]) if label else None

    def partial(self, value: Any, at_ms: float | None = None) -> None:
        """The output as far as it is there, after the events so far."""
        self._current().entries.append(Entry("partial", value, at_ms))

    def output(self, value: Any) -> None:
        """The run's output."""
        self.transcript.output, self.transcript.has_output = value, True

    def end_request(self, response: Any = None, *, at_ms: float | None = None) -> None:
        """The reply is over; `response` is what it came to, as a message."""
        current = self._current()
        current.ended_ms = at_ms
        if response is None:
            return
        current.response = response
        current.usage = get(response, "usage") or current.usage
        current.model_name = get(response, "model_name") or current.model_name
        current.finish_reason = get(response, "finish_reason") or current.finish_reason
        details = get(response, "provider_details")
        if isinstance(details, Mapping):
            current.refusal = cast("Mapping[str, Any]", details).get("refusal") or current.refusal
        if not any(entry.kind == "event" for entry in current.entries):
            self._whole(current, response)
        self._note_builtin(current, response)

    def read(self, messages: Sequence[Any], *, at_ms: float | None = None) -> None:
        """A run that is known by its messages only: each reply in one piece."""
        self._note_output_tools(messages)
        request: Any = None
        for message in messages:
            if get(message, "kind") == "request":
                request = message
            else:
                self.request(request or {}, at_ms=at_ms, streamed=False)
                self.end_request(message, at_ms=at_ms)
                request = None

    def close(
        self,
        *,
        messages: Sequence[Any] = (),
        usage: Any = None,
        error: BaseException | None = None,
        at_ms: float | None = None,
        all_calls: bool = False,
    ) -> Transcript:
        """The run is over. With `all_calls`, calls without a result count too (traffic cannot know who runs them)."""
        transcript = self.transcript
        transcript.messages = list(messages)
        self._note_output_tools(messages)
        self._complete(messages)
        transcript.error = error
        transcript.duration_ms = at_ms
        last = messages[-1] if messages else None
        if get(last, "kind") == "request" and transcript.requests:
            self._settle(list(get(last, "parts") or ()))
        if all_calls:
            for request in transcript.requests:
                for part in get(request.response, "parts") or ():
                    if get(part, "part_kind") == "tool-call" and get(part, "tool_call_id") not in self._called:
                        request.handling.append(Entry("tool", self._called_event(part, valid=None)))
        transcript.usage = usage if usage is not None else self._sum()
        return transcript

    # ------------------------------------------------------------------ the reply
    def _reply(self, kind: str, event: Any, at_ms: float | None) -> None:
        current = self._request
        starts_next = kind == "part_start" and get(event, "index") == 0
        if current is None or (starts_next and not self._explicit and (current.entries or current.handling)):
            if current is not None:
                self.end_request(at_ms=at_ms)
            current = self.request(at_ms=at_ms)
        if kind == "part_start":
            self._explicit = self._explicit and not starts_next
            part = get(event, "part")
            part_kind = get(part, "part_kind")
            if part_kind in ("tool-call", "builtin-tool-call"):
                self.transcript.labels.label("call", get(part, "tool_call_id"))
        current.entries.append(Entry("event", event, at_ms))

    def _learn(self, meta: Any) -> None:
        current = self._current()
        current.usage = get(meta, "usage") or current.usage
        current.model_name = get(meta, "model_name") or current.model_name
        current.finish_reason = get(meta, "finish_reason") or current.finish_reason
        if refusal := get(meta, "refusal"):
            current.refusal = (current.refusal or "") + refusal
        current.error = get(meta, "error") or current.error

    def _whole(self, current: TranscriptRequest, response: Any) -> None:
        """A reply that did not stream: its parts, each in one piece."""
        current.streamed = False
        for index, part in enumerate(get(response, "parts") or ()):
            self._explicit = True
            self._reply("part_start", _WholePart(index, part), current.ended_ms)
        self._explicit = True

    def _note_builtin(self, current: TranscriptRequest, response: Any) -> None:
        for part in get(response, "parts") or ():
            kind, call_id = get(part, "part_kind"), get(part, "tool_call_id")
            label = self.transcript.labels.label("call", call_id)
            name = get(part, "tool_name")
            if kind == "builtin-tool-call":
                tool: Any = ToolCalled(
                    name, _arguments(part), call=label, valid=None, builtin=True, tool_call_id=call_id
                )
            elif kind == "builtin-tool-return":
                tool = ToolReturned(name, get(part, "content"), call=label, builtin=True, tool_call_id=call_id)
            else:
                continue
            current.handling.append(Entry("tool", tool, current.ended_ms))

    def _complete(self, messages: Sequence[Any]) -> None:
        """What the messages know and the events did not say: instructions, usage, the reply as a whole."""
        requests = iter(self.transcript.requests)
        asked: Any = None
        for message in messages:
            if get(message, "kind") == "request":
                asked = message
                continue
            request = next(requests, None)
            if request is None:
                return
            request.instructions = request.instructions or get(asked, "instructions")
            if request.response is None:
                self._request = request
                self.end_request(message, at_ms=request.ended_ms)

    # ------------------------------------------------------------------ tools
    def _note_output_tools(self, messages: Sequence[Any]) -> None:
        """An output tool is known by what the runtime answers its call with."""
        for message in messages:
            for part in get(message, "parts") or ():
                says = get(part, "part_kind") == "tool-return" and str(get(part, "content"))
                if says and says.startswith(_OUTPUT_TOOL_SAYS):
                    self._output_tools.add(get(part, "tool_name"))

    def _settle(self, parts: Sequence[Any]) -> None:
        """Results that only the next request tells of: they belong to the reply before it."""
        if not self.transcript.requests:
            return
        before = self.transcript.requests[-1]
        for part in parts:
            kind, call_id = get(part, "part_kind"), get(part, "tool_call_id")
            if kind not in ANSWERS or (call_id is not None and call_id in self._settled):
                continue
            name = get(part, "tool_name")
            if name in self._output_tools and not is_retry(part):
                continue
            call = next((p for p in get(before.response, "parts") or () if get(p, "tool_call_id") == call_id), None)
            if (
                call is not None
                and call_id is not None
                and call_id not in self._called
                and name not in self._output_tools
            ):
                valid = not isinstance(get(part, "content"), list) if is_retry(part) else True
                before.handling.append(Entry("tool", self._called_event(call, valid=valid)))
            before.handling.append(Entry("tool", self._settled_event(part, None)))

    def _called_event(self, part: Any, *, valid: bool | None, event: Any = None) -> ToolCalled:
        call_id = get(part, "tool_call_id")
        self._called.add(call_id)
        label = self.transcript.labels.label("call", call_id)
        return ToolCalled(
            get(part, "tool_name"), _arguments(part), call=label, valid=valid, tool_call_id=call_id, event=event
        )

    def _settled_event(self, part: Any, event: Any) -> ToolReturned | ToolRetried:
        call_id, name = get(part, "tool_call_id"), get(part, "tool_name")
        self._settled.add(call_id)
        if is_retry(part):
            # A prompt to try again that is about no tool has an id that nobody asked for.
            known = self.transcript.labels.known(call_id) if name else None
            return ToolRetried(name, get(part, "content"), call=known, tool_call_id=call_id, event=event)
        return ToolReturned(
            name,
            get(part, "content"),
            call=self.transcript.labels.label("call", call_id),
            outcome=get(part, "outcome") or "success",
            tool_call_id=call_id,
            event=event,
        )

    def _current(self) -> TranscriptRequest:
        return self._request if self._request is not None else self.request()

    def _sum(self) -> RunUsage:
        total = RunUsage(requests=len(self.transcript.requests))
        total.tool_calls = sum(1 for event in self.transcript.tool_events if event.kind == "result")
        for request in self.transcript.requests:
            total.incr(request.usage or RequestUsage())
        return total


class _WholePart:
    """A part of a reply that did not stream, as an event."""

    event_kind = "part_start"

    def __init__(self, index: int, part: Any) -> None:
        self.index = index
        self.part = part
        self.previous_part_kind = None

    def __repr__(self) -> str:
        return f"PartStartEvent(index={self.index}, part={self.part!r})"

    def __eq__(self, other: object) -> bool:
        return get(other, "event_kind") == "part_start" and get(other, "part") == self.part

    __hash__ = None  # type: ignore[assignment]


def _arguments(part: Any) -> Any:
    """The arguments of a call: an object where they are one, else their text."""
    args = get(part, "args")
    if not args:
        return {}
    if isinstance(args, str):
        try:
            parsed = json.loads(args)
        except ValueError:
            return args
        return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else args
    return args
