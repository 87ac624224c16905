"""Transcripts: what a run did, as values to look at and as text to read.

Comes in: agent events, whoever emitted them, requests, outputs, messages. Goes out: `Transcript`, its text, the first
difference of two texts.
"""

from playhead.transcript._capture import capture_run, capture_run_sync
from playhead.transcript._diff import first_difference
from playhead.transcript._events import ToolCalled, ToolEvent, ToolRetried, ToolReturned
from playhead.transcript._fold import TranscriptFold, transcript_of
from playhead.transcript._page import render_page
from playhead.transcript._page_data import PageEntry, page_entry
from playhead.transcript._render import render_value
from playhead.transcript._runs import capture_runs
from playhead.transcript._transcript import Transcript, TranscriptRequest, joined
from playhead.transcript._values import Values

__all__ = [
    "PageEntry",
    "ToolCalled",
    "ToolEvent",
    "ToolRetried",
    "ToolReturned",
    "Transcript",
    "TranscriptFold",
    "TranscriptRequest",
    "Values",
    "capture_run",
    "capture_run_sync",
    "capture_runs",
    "first_difference",
    "joined",
    "page_entry",
    "render_page",
    "render_value",
    "transcript_of",
]
