"""Which cassette a request belongs to: the one its context opened, or the only one there is.

A cassette is found by context variable, so tests, tasks and `asyncio.gather` keep theirs apart. Two cases have no
variable to look at. A thread that was started by hand begins with an empty context: it belongs to the only open
cassette, and where several are open nobody can know, so it is refused rather than guessed. And a task that existed
before a test opened its cassette (a worker, a pool) belongs to that cassette, if the cassette was opened for the whole
test: by the main thread, outside of any event loop. What a task opened is not seen by other tasks of its thread, and what
another thread opened not by the main thread.
"""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar, Token
from typing import Any, Generic, TypeVar

__all__ = ["BELOW", "Tapes"]

TapeT = TypeVar("TapeT")

BELOW: ContextVar[bool] = ContextVar("playhead_below_a_recorded_request", default=False)
"""True while a recorded request is carried out: what its transport does in turn is not recorded again."""


class _Open(Generic[TapeT]):
    __slots__ = ("outer", "private", "tape", "thread")

    def __init__(self, tape: TapeT, outer: _Open[TapeT] | None) -> None:
        self.tape = tape
        self.outer = outer
        self.thread = threading.get_ident()
        self.private = asyncio._get_running_loop() is not None or self.thread != threading.main_thread().ident

    def is_seen_from(self, thread: int) -> bool:
        return not self.private or thread not in (self.thread, threading.main_thread().ident)


class Tapes(Generic[TapeT]):
    """The open cassettes of this process."""

    def __init__(self) -> None:
        self._current: ContextVar[_Open[TapeT] | None] = ContextVar("playhead_cassette", default=None)
        self._open: list[_Open[TapeT]] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def all(self) -> list[TapeT]:
        """The open tapes, in the order in which they were opened."""
        return [entry.tape for entry in self._open]

    def forked(self) -> None:
        """This process is a copy: a thread that is not here may have held the lock."""
        self._lock = threading.Lock()

    def push(self, tape: TapeT) -> tuple[Any, Any]:
        """Opens a tape for this context and what it starts. Give the result to `pop`."""
        outer = self._current.get()
        entry = _Open(tape, outer if outer in self._open else None)
        with self._lock:
            self._open.append(entry)
        return entry, self._current.set(entry)

    def pop(self, opened: tuple[Any, Token[Any]]) -> None:
        """Closes it. In another context than it was opened in, only the list of open tapes is corrected."""
        entry, token = opened
        with self._lock:
            self._open.remove(entry)
        try:
            self._current.reset(token)
        except ValueError:
            pass

    def find(self) -> TapeT | None:
        """The tape that a request sent now belongs to, or None.

        Raises `LookupError` where several are open and the thread belongs to none.
        """
        if not self._open:
            return None
        entry = self._current.get()
        while entry is not None:
            if entry in self._open:
                return entry.tape
            entry = entry.outer  # closed in another context; what was open around it is still meant
        return self._for_strangers()

    def _for_strangers(self) -> TapeT | None:
        thread = threading.get_ident()
        with self._lock:
            enclosing = {id(entry.outer) for entry in self._open}
            innermost = [entry for entry in self._open if id(entry) not in enclosing]
        visible: dict[int, TapeT] = {}
        for entry in innermost:
            seen: _Open[TapeT] | None = entry
            while seen is not None and not (seen.is_seen_from(thread) and seen in self._open):
                seen = seen.outer
            if seen is not None:
                visible[id(seen)] = seen.tape
        if len(visible) > 1:
            raise LookupError(len(visible))
        return next(iter(visible.values()), None)
