"""Processes that are copied, or that end, while a cassette is open.

A copy (`os.fork`, a worker of multiprocessing) goes on with the cassette, but what was recorded before is the original's
to save: both would write it otherwise. Whoever ends with a cassette still open saves it on the way out, as after a run
that failed: added to the file, nothing replaced.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterable
from typing import Protocol

__all__ = ["watch_processes"]


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
