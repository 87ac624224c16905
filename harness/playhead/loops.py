"""The event loop of a thread that runs none: what blocking calls of agents and captures run on, and share."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import Coroutine
from typing import Any

__all__ = ["event_loop", "finish"]


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


def finish(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> None:
    """Run what ends a thing that nobody holds any more: at once, or, where that cannot be, when `loop` runs next.

    The garbage collector comes at any moment and in any thread, also when somebody's `run_until_complete` has made its
    task and not yet begun to run it. A loop run at that moment would take that task to its end, and the outer call
    would wait for ever.
    """
    if loop.is_closed():
        work.close()
    elif event_loop() is not loop:
        loop.call_soon_threadsafe(_begin, loop, work)
    elif loop.is_running() or any(map(_has_not_begun, asyncio.all_tasks(loop))):
        _begin(loop, work)
    else:
        loop.run_until_complete(work)


def _begin(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> None:
    _ending.add(task := loop.create_task(work))
    task.add_done_callback(_ended)


_ending: set[asyncio.Task[Any]] = set()  # a loop holds its tasks weakly


def _ended(task: asyncio.Task[Any]) -> None:
    _ending.discard(task)
    if not task.cancelled():
        task.exception()  # seen: there is nobody to tell


def _has_not_begun(task: asyncio.Task[Any]) -> bool:
    work = task.get_coro()
    if inspect.isgenerator(work):  # what asyncio wraps an awaitable in, up to 3.11
        return inspect.getgeneratorstate(work) == inspect.GEN_CREATED
    return inspect.iscoroutine(work) and inspect.getcoroutinestate(work) == inspect.CORO_CREATED
