"""What is shown of a test that failed: whose frames, and where two transcripts part."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any, cast

import pytest

__all__ = ["leave_our_frames_out", "parting"]


def leave_our_frames_out(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """What an unmatched request says is about the project's own lines, not about thirty of clients and recorders."""
    failure: BaseException = call.excinfo.value  # type: ignore[union-attr]
    root, installed = f"{item.config.rootpath}{os.sep}", f"{os.sep}site-packages{os.sep}"
    own: list[TracebackType] = []
    at = failure.__traceback__
    while at is not None:
        path, room = at.tb_frame.f_code.co_filename, str(at.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if path.startswith(root) and installed not in path and room not in ("playhead", "pytest_playhead"):
            own.append(at)
        at = at.tb_next
    shown: TracebackType | None = None
    for at in reversed(own):
        shown = TracebackType(shown, at.tb_frame, at.tb_lasti, at.tb_lineno)
    if shown is not None:
        call.excinfo = cast("Any", pytest.ExceptionInfo).from_exception(failure.with_traceback(shown))


def parting(left: object, right: object) -> list[str] | None:
    """Where two transcripts differ, or a transcript and a text; None for anything else."""
    transcript: Any = sys.modules["playhead.transcript"]
    kinds = (transcript.Transcript, str)
    if not (isinstance(left, kinds) and isinstance(right, kinds)) or (isinstance(left, str) and isinstance(right, str)):
        return None
    shown = transcript.first_difference(str(right), str(left), names=("the right side", "the left side"))
    return ["transcripts differ", *shown]
