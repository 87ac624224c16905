"""What a page shows of a transcript, as plain JSON values: they travel between processes, and are laid out later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

from playhead.transcript._events import ToolCalled, ToolRetried, ToolReturned
from playhead.transcript._render import render, usage_line
from playhead.transcript._transcript import Entry, Transcript, TranscriptRequest
from playhead.transcript._values import Values, get, quoted

__all__ = ["PageEntry", "PageMark", "PageRequest", "PageRun", "page_entry"]

_MARKS_MAX = 2_000
"""Marks of one request beyond this are counted, not shown: a page must open."""


class PageMark(TypedDict):
    """One thing at one time. `kind`: text, thinking, call, partial, tool, result, retry."""

    at: float | None
    kind: str
    text: str


class PageRequest(TypedDict):
    """A request with everything that came of it."""

    title: str
    start: float | None
    end: float | None
    marks: list[PageMark]
    more: int
    usage: str
    finish: str


class PageRun(TypedDict):
    """A transcript."""

    title: str
    requests: list[PageRequest]
    duration: float | None
    usage: str
    text: str
    failed: bool


class PageEntry(TypedDict):
    """A test (or a cassette) with its runs."""

    name: str
    outcome: str
    seconds: float
    message: str
    runs: list[PageRun]


def page_entry(
    name: str,
    transcripts: Sequence[tuple[str, Transcript]],
    *,
    outcome: str = "passed",
    seconds: float = 0.0,
    message: str = "",
) -> PageEntry:
    """An entry of a page: transcripts, each with what it is of (`run`, `traffic`)."""
    runs: list[PageRun] = []
    for what, transcript in transcripts:
        parts = transcript.runs or [transcript]
        for number, part in enumerate(parts, 1):
            title = what if len(parts) == 1 else f"{what}, conversation {number} of {len(parts)}"
            runs.append(_run(title, part))
    return {"name": name, "outcome": outcome, "seconds": seconds, "message": message, "runs": runs}


def _run(title: str, transcript: Transcript) -> PageRun:
    values = Values(transcript.labels.copy())
    return {
        "title": title,
        "requests": [_request(number, request, values) for number, request in enumerate(transcript.requests, 1)],
        "duration": transcript.duration_ms,
        "usage": usage_line(transcript.usage),
        "text": render(transcript),
        "failed": transcript.error is not None,
    }


def _request(number: int, request: TranscriptRequest, values: Values) -> PageRequest:
    marks = [mark for entry in (*request.entries, *request.handling) if (mark := _mark(entry, values)) is not None]
    return {
        "title": f"request {number}{'  ' + request.model_name if request.model_name else ''}",
        "start": request.started_ms,
        "end": request.ended_ms,
        "marks": marks[:_MARKS_MAX],
        "more": max(0, len(marks) - _MARKS_MAX),
        "usage": usage_line(request.usage),
        "finish": str(request.finish_reason or (request.end if request.end != "complete" else "")),
    }


def _mark(entry: Entry, values: Values) -> PageMark | None:
    event = entry.value
    if entry.kind == "partial":
        return {"at": entry.at_ms, "kind": "partial", "text": values.line(event)}
    if entry.kind == "tool":
        if isinstance(event, ToolCalled):
            args = event.args
            if isinstance(args, Mapping):
                shown = values.call(event.tool_name, cast("Mapping[str, Any]", args))
            else:
                shown = f"{event.tool_name} {args}"
            return {"at": entry.at_ms, "kind": "tool", "text": f"{event.call}  {shown}"}
        if isinstance(event, ToolReturned):
            return {"at": entry.at_ms, "kind": "result", "text": f"{event.call}  {values.line(event.content)}"}
        if isinstance(event, ToolRetried):
            return {"at": entry.at_ms, "kind": "retry", "text": f"{event.call or ''}  {values.line(event.content)}"}
    kind = get(event, "event_kind")
    if kind == "part_start":
        return _piece(get(event, "part"), entry.at_ms, values, "part_kind")
    if kind == "part_delta":
        return _piece(get(event, "delta"), entry.at_ms, values, "part_delta_kind")
    return None


def _piece(piece: Any, at_ms: float | None, values: Values, kind_name: str) -> PageMark | None:
    kind = str(get(piece, kind_name))
    if kind in ("text", "thinking"):
        content = get(piece, "content") if kind_name == "part_kind" else get(piece, "content_delta")
        return {"at": at_ms, "kind": kind, "text": quoted(content or "")}
    if "call" in kind:
        name = get(piece, "tool_name") or get(piece, "tool_name_delta") or ""
        args: Any = get(piece, "args") if kind_name == "part_kind" else get(piece, "args_delta")
        shown = args if isinstance(args, str) else "" if args is None else values.line(args)
        return {"at": at_ms, "kind": "call", "text": f"{name}  {shown}".strip()}
    return {"at": at_ms, "kind": "call", "text": values.line(piece)}
