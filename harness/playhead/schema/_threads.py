"""Blocking functions in threads: the loop goes on, and what runs side by side is told in the order of the calls.

Comes in: a function and its arguments. Goes out: what it returns, in the caller's task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from functools import cache, partial
from queue import SimpleQueue
from threading import Lock, Semaphore, Thread
from typing import Any

from playhead import clock

__all__ = ["SideBySide", "run_in_thread", "threads_in_turn"]


async def run_in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a blocking function returns, without blocking the loop; context variables are those of the caller."""
    call = partial(copy_context().run, function, *args, **kwargs)
    for _ in range(_TURNS):
        await clock.sleep(0)
    return await asyncio.get_running_loop().run_in_executor(_threads(), call)


_TURNS = 3
"""Turns that others have before a thread is taken: where one of them fails, this call is cancelled, and never begins."""


_THREADS_MAX = 40


@cache
def _threads() -> _Threads:
    """Threads of our own: the loop's are as few as the machine has cores, and tools that wait for each other need more."""
    return _Threads()


class _Threads(Executor):
    """Threads that end with the process: those of `ThreadPoolExecutor` are waited for, and a tool that blocks for ever
    would keep the process for ever."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._idle = Semaphore(0)
        self._lock = Lock()
        self._count = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        if not self._idle.acquire(blocking=False):
            with self._lock:
                if self._count < _THREADS_MAX:
                    self._count += 1
                    Thread(target=self._work, name=f"playhead_{self._count}", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            future, call = self._calls.get()
            if future.set_running_or_notify_cancel():
                try:
                    result = call()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
                    del result
            del future, call  # nothing is kept alive until the next call comes
            self._idle.release()


class SideBySide:
    """Calls made at the same time, some of them in threads: those that end at about the same time end in their order.

    Which of two short functions is done first is a matter of how the interpreter switches threads, and differs from run
    to run. So what a thread returns or raises waits for the threads of the calls before it, but no longer than `GRACE`:
    a function that takes its time is overtaken by the others, as it should be.
    """

    GRACE = 0.05
    """Seconds, real ones: while threads work, virtual time runs on as on the wall."""

    def __init__(self) -> None:
        self._ended: list[asyncio.Future[None]] = []

    def context(self) -> Context:
        """A copy of the current context, for the task of a call that is one of these."""
        context = copy_context()
        context.run(_current.set, self)
        return context

    @staticmethod
    def leave() -> SideBySide | None:
        """The calls that the current task is one of, if any; what the task calls from now on is none of them."""
        current = _current.get()
        if current is not None:
            _current.set(None)
        return current

    async def in_turn(self, call: Coroutine[Any, Any, Any]) -> Any:
        """What `call` returns or raises, when those before it have ended, too, or take too long."""
        before = [future for future in self._ended if not future.done()]
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended.append(ended)
        try:
            if _in_turn.get():
                await self._wait_for(before)
            try:
                result = await call
            except Exception:
                await self._wait_for(before)
                raise
            await self._wait_for(before)
            return result
        finally:
            ended.cancel()
            call.close()  # one that was cancelled before it began

    async def _wait_for(self, before: list[asyncio.Future[None]]) -> None:
        if late := [future for future in before if not future.done()]:
            await asyncio.wait(late, timeout=self.GRACE)


@contextmanager
def threads_in_turn() -> Generator[None]:
    """Within the block a call also begins after those before it, unless they take longer than `SideBySide.GRACE`.

    So that functions that share something meet it in the same order in every run.
    """
    token = _in_turn.set(True)
    try:
        yield
    finally:
        _in_turn.reset(token)


_in_turn: ContextVar[bool] = ContextVar("playhead.schema.in_turn", default=False)
_current: ContextVar[SideBySide | None] = ContextVar("playhead.schema.side_by_side", default=None)
