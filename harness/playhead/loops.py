"""The event loop of a thread that runs none: what blocking calls of agents and captures run on, and share."""

from __future__ import annotations

import asyncio
import sys
import threading

__all__ = ["event_loop"]


class _OwnLoop:
    """A loop for a thread that has none. It is closed when the thread ends."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def __del__(self) -> None:
        if not self.loop.is_closed():
            self.loop.close()


_own = threading.local()


def event_loop() -> asyncio.AbstractEventLoop:
    """The thread's event loop; one of our own where none was set, so that nobody else's is left open."""
    loop = _loop_that_was_set()
    if loop is not None and not loop.is_closed():
        return loop
    own: _OwnLoop | None = getattr(_own, "held", None)
    if own is None or own.loop.is_closed():
        own = _own.held = _OwnLoop()
    return own.loop


def _loop_that_was_set() -> asyncio.AbstractEventLoop | None:
    running = asyncio._get_running_loop()
    if running is not None:
        return running
    if sys.version_info >= (3, 14):
        try:
            return asyncio.get_event_loop()
        except RuntimeError:
            return None
    # Up to 3.13 the public function would make one, and nobody would close it.
    local = getattr(asyncio.get_event_loop_policy(), "_local", None)  # pyright: ignore[reportDeprecated]
    return getattr(local, "_loop", None)
