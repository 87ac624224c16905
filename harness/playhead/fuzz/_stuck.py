"""A bound for what blocks: a tool that waits for a lock for ever, a parser whose loop does not end.

Virtual time cannot help there, because nothing waits on the loop. So real time is looked at, by the timer of the process
(`SIGALRM`), in the main thread. Elsewhere, and on Windows, there is no bound.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Stuck", "bounded"]

_HOMES = (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), __file__.rpartition("fuzz")[0], "<frozen")


class Stuck(BaseException):
    """Something did not return in `seconds`; `where` names it. No `Exception`, so that no tool takes it for one of its
    own."""

    def __init__(self, seconds: float, where: str) -> None:
        super().__init__(f"{where} had not returned after {seconds:g} s")
        self.seconds = seconds
        self.where = where


_SOON = 1.0


@contextmanager
def bounded(seconds: float, runs: Callable[[], Any] | None = None) -> Generator[None]:
    """Raise `Stuck` in the block when it takes longer than `seconds`. With `runs`, which counts what the block runs, when
    one of these takes so long; the next ones, which are the same again with less, then get a second."""
    if not _can_be_bounded():
        yield
        return
    bell = _Bell(seconds, runs)
    try:
        yield
    finally:
        bell.give_back()


class _Bell:
    """The process' timer, shared with whoever had set it before: pytest-timeout does."""

    def __init__(self, seconds: float, runs: Callable[[], Any] | None) -> None:
        self._seconds = seconds
        self._runs = runs
        self._seen: Any = None
        self._began = time.monotonic()
        self._due = seconds
        self._theirs: Any = signal.getsignal(signal.SIGALRM)
        self._delay, self._interval = signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, min(seconds, self._delay or seconds))

    def _ring(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic() - self._began
        if self._delay and now >= self._delay and callable(self._theirs):
            self._delay = 0.0
            self._theirs(number, frame)  # which mostly raises
        if self._runs is not None and (seen := self._runs()) != self._seen:
            self._seen, self._due = seen, now + self._seconds
        if now < self._due:
            signal.setitimer(signal.ITIMER_REAL, min(self._due, self._delay or self._due) - now)
            return
        took = self._seconds
        if self._runs is not None:
            self._seconds, self._due = min(took, _SOON), now + _SOON
            signal.setitimer(signal.ITIMER_REAL, _SOON)
        raise Stuck(took, _blocked(frame))

    def give_back(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._theirs)
        if self._delay:
            left = self._delay - (time.monotonic() - self._began)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), self._interval)


def _can_be_bounded() -> bool:
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGALRM) is not None  # set by what is not Python
    )


_known: set[int] = set()
"""Threads that were found blocking before: they may stay for ever."""


def _blocked(frame: FrameType | None) -> str:
    """The function that blocks: one of a worker thread, where one is at work, or what the main thread is in."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, current in sys._current_frames().items():
        is_worker = (names.get(ident) or "").startswith(("playhead", "AnyIO worker", "asyncio_"))
        if is_worker and ident not in _known and (found := _theirs(current)):
            _known.add(ident)
            _end(ident)
            return found
    return _theirs(frame) or "the run"


def _theirs(frame: FrameType | None) -> str | None:
    """The innermost function on a stack that is of no library."""
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_HOMES):
            return f"`{code.co_qualname}` ({code.co_filename}:{frame.f_lineno})"
        frame = frame.f_back
    return None


def _end(ident: int) -> None:
    """End a thread at its next line of Python: one that waits for a lock stays, one that computes does not go on."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(SystemExit))
