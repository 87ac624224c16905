"""Processes that are copied, or that end, while a cassette is open.

A copy (`os.fork`, a worker of multiprocessing) goes on with the cassette, but what was recorded before is the original's
to save: both would write it otherwise. Whoever ends with a cassette still open saves it on the way out, as after a run
that failed: added to the file, nothing replaced. That holds for a process that is told to stop (SIGTERM, SIGHUP), too,
unless somebody has a handler for that: then it is theirs. SIGKILL and `os._exit` give nobody a chance; the file is then
as it was.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Protocol

__all__ = ["Terminations", "watch_processes"]


class _Open(Protocol):
    def leave_to_original(self) -> None: ...

    def save(self, *, failed: bool = False) -> None: ...


def watch_processes(open_ones: Callable[[], Iterable[_Open]], in_copy: Callable[[], None]) -> None:
    """From now on. `open_ones` are the open cassettes; `in_copy` is called first in a process that is a copy."""

    def save_all() -> None:
        for cassette in list(open_ones()):
            cassette.save(failed=True)

    def copied() -> None:
        in_copy()
        for cassette in list(open_ones()):
            cassette.leave_to_original()
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            # Workers end without what `atexit` knows, and forget all finalizers but those that are made after the fork.
            def at_end(_: object) -> None:
                util.Finalize(None, save_all, exitpriority=0)

            util.register_after_fork(copied, at_end)

    atexit.register(save_all)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=copied)


class Terminations:
    """Saves what is open before a signal ends the process, which it does then as it would have: with the same status.

    Only signals are taken that nobody handles, and they are given back. Used as a context around a save, it lets that
    finish first: in the middle of one, another would wait for the lock of the folder for ever.
    """

    def __init__(self, open_ones: Callable[[], Iterable[_Open]]) -> None:
        self._open_ones = open_ones
        self._saving = 0
        self._pending: int | None = None
        self._taken: list[int] = []
        self._is_wanted = False

    def put(self) -> None:
        """From now on; only the main thread can do that, and hears of signals."""
        self._is_wanted = True
        if not self._taken and threading.current_thread() is threading.main_thread():
            for number in _ENDING:
                if signal.getsignal(number) == signal.SIG_DFL:
                    signal.signal(number, self._told)
                    self._taken.append(number)

    def take_away(self) -> None:
        """No more, where it is still ours; after a save that is under way."""
        self._is_wanted = False
        if self._taken and not self._saving and threading.current_thread() is threading.main_thread():
            for number in self._taken:
                if signal.getsignal(number) == self._told:
                    signal.signal(number, signal.SIG_DFL)
            self._taken.clear()

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._saving += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if threading.current_thread() is threading.main_thread():
            self._saving -= 1
            if self._pending is not None and not self._saving:
                self._end(self._pending)
            if not self._is_wanted:
                self.take_away()

    def _told(self, number: int, frame: FrameType | None) -> None:
        if self._saving:
            self._pending = number
        else:
            self._end(number)

    def _end(self, number: int) -> None:
        for cassette in list(self._open_ones()):
            with suppress(
                Exception
            ):  # one that cannot be saved must not keep the others from it, nor the process alive
                cassette.save(failed=True)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
