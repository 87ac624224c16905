"""A transcript: everything one run did, in order, as values to look at and as a text to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from playhead.transcript._events import ToolCalled, ToolEvent
from playhead.transcript._labels import Labels
from playhead.transcript._values import get
from playhead.transcript._words import Words
from playhead.usage import RequestUsage, RunUsage

__all__ = ["Entry", "Transcript", "TranscriptRequest", "is_retry", "joined", "piece_of"]


@dataclass(slots=True)
class Entry:
    """One thing that happened. `at_ms` counts from the beginning of the transcript; None where it is not known.

    `event`: `value` is a stream or agent event. `partial`: the output as far as it was there. `tool`: a `ToolEvent`.
    """

    kind: Literal["event", "partial", "tool"]
    value: Any
    at_ms: float | None = None


def _no_entries() -> list[Entry]:
    return []


def _nothing() -> list[Any]:
    return []


@dataclass(slots=True)
class TranscriptRequest:
    """One request to the model, its reply, and what was done about the reply.

    `parts` are the parts of the request that were new in it. `end` says how a stream ended: `complete`, or what cut it.
    `chunks` are the sizes in bytes of what the network brought, where a recording knows them.
    """

    index: int
    parts: list[Any] = field(default_factory=_nothing)
    instructions: str | None = None
    streamed: bool = True
    entries: list[Entry] = field(default_factory=_no_entries)
    handling: list[Entry] = field(default_factory=_no_entries)
    response: Any = None
    usage: RequestUsage = field(default_factory=RequestUsage)
    model_name: str | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    error: Any = None
    end: str = "complete"
    chunks: list[int] | None = None
    started_ms: float | None = None
    ended_ms: float | None = None

    @property
    def events(self) -> list[Any]:
        """The events of the reply and of its handling."""
        return [entry.value for entry in (*self.entries, *self.handling) if entry.kind == "event"]

    @property
    def text_deltas(self) -> list[str]:
        """The pieces in which text arrived."""
        return [piece for entry in self.entries if (piece := piece_of(entry, "text"))]

    @property
    def thinking_deltas(self) -> list[str]:
        """The pieces in which reasoning arrived."""
        return [piece for entry in self.entries if (piece := piece_of(entry, "thinking"))]

    @property
    def partial_outputs(self) -> list[Any]:
        """The partial outputs of this reply."""
        return [entry.value for entry in self.entries if entry.kind == "partial"]

    @property
    def tool_events(self) -> list[ToolEvent]:
        """What tools did about this reply."""
        return [entry.value for entry in self.handling if entry.kind == "tool"]

    @property
    def first_ms(self) -> float | None:
        """When the first event of the reply came."""
        return next((entry.at_ms for entry in self.entries if entry.at_ms is not None), None)


def _no_requests() -> list[TranscriptRequest]:
    return []


def _no_runs() -> list[Transcript]:
    return []


@dataclass(eq=False, repr=False)
class Transcript(Words):
    """What one run did, or the traffic of a cassette.

    It compares equal to another transcript (or to the text of one) if both read the same: ids, timestamps and times do
    not count. `str()` and `render()` give the text, `render(times=True)` with the time of each chunk.

    `output` is None while there is none; `error` is what the run raised. `messages` are the messages of the run.
    Traffic has no output of its own; `runs` has one transcript for each of its conversations.
    """

    requests: list[TranscriptRequest] = field(default_factory=_no_requests)
    usage: RunUsage = field(default_factory=RunUsage)
    output: Any = None
    has_output: bool = False
    error: BaseException | None = None
    messages: list[Any] = field(default_factory=_nothing)
    history: int = 0
    runs: list[Transcript] = field(default_factory=_no_runs)
    notes: list[str] = field(default_factory=list[str])
    title: str | None = None
    duration_ms: float | None = None
    labels: Labels = field(default_factory=Labels)

    @property
    def events(self) -> list[Any]:
        """Every event, in order, as it was emitted."""
        return [event for request in self.requests for event in request.events]

    @property
    def text_deltas(self) -> list[str]:
        """The pieces in which text arrived, over all requests. Joined they are all text the model wrote."""
        return [piece for request in self.requests for piece in request.text_deltas]

    @property
    def thinking_deltas(self) -> list[str]:
        """The pieces in which reasoning arrived, over all requests."""
        return [piece for request in self.requests for piece in request.thinking_deltas]

    @property
    def partial_outputs(self) -> list[Any]:
        """What `stream_output(debounce_by=None)` would have yielded; without those the capture was told to leave out."""
        return [partial for request in self.requests for partial in request.partial_outputs]

    @property
    def tool_events(self) -> list[ToolEvent]:
        """What was called with what, and what came back, in order."""
        return [event for request in self.requests for event in request.tool_events]

    @property
    def tool_calls(self) -> list[ToolCalled]:
        """The calls among the `tool_events`."""
        return [event for event in self.tool_events if isinstance(event, ToolCalled)]

    @property
    def text(self) -> str:
        """All text the model wrote."""
        return "".join(self.text_deltas)

    @property
    def thinking(self) -> str:
        """All reasoning the model showed."""
        return "".join(self.thinking_deltas)

    def render(self, *, times: bool = False) -> str:
        """The run as lines that show where the chunks were cut. With `times`, when each came, in milliseconds."""
        from playhead.transcript._render import render

        return render(self, times=times)

    def __str__(self) -> str:
        return self.render()

    def __repr__(self) -> str:
        return f"<Transcript of {len(self.requests)} requests>\n{self.render()}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Transcript):
            return self.render() == other.render()
        if isinstance(other, str):
            return self.render().strip() == other.strip()
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]


def piece_of(entry: Entry, kind: Literal["text", "thinking"]) -> str | None:
    """The piece of text or reasoning that an entry brought."""
    if entry.kind != "event":
        return None
    event = entry.value
    event_kind = get(event, "event_kind")
    if event_kind == "part_delta":
        delta = get(event, "delta")
        return get(delta, "content_delta") if get(delta, "part_delta_kind") == kind else None
    if event_kind == "part_start":
        part = get(event, "part")
        return get(part, "content") if get(part, "part_kind") == kind else None
    return None


ANSWERS = ("tool-return", "retry-prompt", "retry-feedback")
"""Kinds of parts that answer a reply. The last is pydantic-ai 2.x's for what is about no tool."""


def is_retry(part: Any) -> bool:
    """Whether a part asks the model to try again: pydantic-ai 2.x has that as an outcome of the tool, too."""
    return get(part, "part_kind") in ("retry-prompt", "retry-feedback") or get(part, "outcome") == "retried"


def joined(runs: Sequence[Transcript]) -> Transcript:
    """One transcript of several, with the requests of all of them in the order in which they began."""
    whole = Transcript(runs=list(runs))
    for run in runs:
        whole.requests.extend(run.requests)
        whole.usage.incr(run.usage)
        whole.messages.extend(run.messages)
    whole.requests.sort(key=lambda request: request.index)
    return whole
