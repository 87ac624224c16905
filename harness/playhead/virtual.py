"""Virtual time: an asyncio loop whose clock jumps to the next timer as soon as everything waits.

    with virtual_time() as time:
        asyncio.run(main())        # sleeps of hours take no time, and end exactly when they should
    time.elapsed                   # in virtual seconds

Within the block each selector loop that this thread runs is virtual: new ones, loops that existed before, and the one
that is running already. Nothing is subclassed: the loop's `time` and its selector's `select` are replaced on the
instance, and given back at the end. `asyncio.sleep`, `timeout`, `wait_for`, `call_later` and all that is built on them
(anyio, httpx timeouts, debouncing, `playhead.clock`) follow.

When a loop has nothing to do it does not always jump:
- while threads work that were started by `to_thread`, `run_in_executor` or anyio, it waits for them, and time runs on
  as on the wall, so that a timeout around a thread still fires;
- while sockets are open it gives them `patience` real seconds to deliver before each jump; virtual time stands still;
- with nothing scheduled at all it just waits.

Not seen are threads made by hand, other processes, and servers that take longer than `patience` to answer: put
`with time.real():` around what waits for those. `time.time`, `time.sleep` and `datetime.now` are not moved; uvloop and
the proactor loop of Windows cannot be made virtual, and say so.
"""

from __future__ import annotations

import asyncio
import asyncio.selector_events
import math
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Any, TypeVar, cast

from playhead import clock
from playhead.exceptions import PlayheadError

__all__ = ["PATIENCE", "VirtualTime", "VirtualTimeError", "virtual_time"]

T = TypeVar("T")

PATIENCE = 0.05
"""Real seconds that open sockets get to deliver something before each jump."""


class VirtualTimeError(PlayheadError):
    """A loop is to run in virtual time, and cannot."""


class VirtualTime:
    """The time of a `virtual_time` block, as the block sees it."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._jumps = True
        self._loops: list[_VirtualLoop] = []

    @property
    def elapsed(self) -> float:
        """Virtual seconds since the block's first loop became virtual, on the loop that came furthest, to the nanosecond."""
        return round(max((loop.now - loop.began for loop in self._loops), default=0.0), 9)

    @property
    def jumps(self) -> int:
        """How often time has jumped; 0 after a test that never waited, or whose loop was not ours."""
        return sum(loop.jumps for loop in self._loops)

    def advance(self, seconds: float) -> None:
        """Move time on by hand: timers that are due then run when the loop has its next turn."""
        if seconds < 0:
            raise ValueError("time cannot go back; give the seconds by which it moves on")
        for loop in self._loops:
            loop.now += seconds

    @contextmanager
    def real(self) -> Generator[None]:
        """Within the block time passes as on the wall: for threads made by hand, subprocesses and slow servers."""
        before, self._jumps = self._jumps, False
        try:
            yield
        finally:
            self._jumps = before

    def _take(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make `loop` virtual, if it is not."""
        if hasattr(loop, _MARK):
            return
        if not isinstance(loop, asyncio.selector_events.BaseSelectorEventLoop):
            raise VirtualTimeError(
                f"the event loop {type(loop).__module__}.{type(loop).__qualname__} cannot run in virtual time: only "
                f"asyncio's selector loops can, because their clock can be replaced",
                "run this test on asyncio's own loop (no uvloop policy or loop_factory for it; on Windows use "
                "asyncio.SelectorEventLoop), or without virtual time",
            )
        self._loops.append(_VirtualLoop(loop, self))

    def _release(self) -> None:
        for loop in self._loops:
            loop.release()


@contextmanager
def virtual_time(patience: float = PATIENCE) -> Generator[VirtualTime]:
    """Make every loop that this thread runs within the block virtual, the running one included.

    A block within a block is the same time. Raises `VirtualTimeError` where a loop runs that cannot be virtual.
    """
    thread = threading.get_ident()
    outer = _active.get(thread)
    if outer is not None:
        yield outer
        return
    time = VirtualTime(patience)
    running = asyncio._get_running_loop()
    if running is not None:
        time._take(running)  # the class above is the other half of this function
    _active[thread] = time
    _watch()
    try:
        yield time
    finally:
        del _active[thread]
        if not _active:
            _unwatch()
        time._release()


class _VirtualLoop:
    """One loop made virtual: its clock, and its way to wait."""

    def __init__(self, loop: asyncio.selector_events.BaseSelectorEventLoop, time: VirtualTime) -> None:
        self.loop: Any = loop
        self.time = time
        self.jumps = 0
        # Real time is where virtual time begins: older timers would fire at the wrong moment otherwise. Where there are
        # none, it is a whole number, to which floats can add whole seconds exactly.
        self.now = self.began = loop.time() if self.loop._scheduled else float(math.ceil(loop.time()))
        self._real_time: Callable[[], float] = loop.time
        self._selector: Any = self.loop._selector
        self._select: Callable[[float | None], list[Any]] = self._selector.select
        self._run_in_executor: Callable[..., asyncio.Future[Any]] = loop.run_in_executor
        self._executing = 0
        self.loop.started_at = clock.SystemClock().now()  # read by playhead.clock
        self.loop.started_time = self.began
        self.loop.time = lambda: self.now
        self.loop.run_in_executor = self._counted
        self._selector.select = self.select
        setattr(loop, _MARK, self)

    def release(self) -> None:
        """Give the loop its own time back; what is scheduled keeps its distance from now."""
        passed = self.now - self._real_time()
        for holder, names in ((self.loop, (*_REPLACED, _MARK)), (self._selector, ("select",))):
            for name in names:
                with suppress(AttributeError):
                    delattr(holder, name)
        for handle in self.loop._scheduled:
            handle._when -= passed  # all by the same: the heap stays a heap

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait for files or the next timer, as `selectors.BaseSelector.select` does: jump, where nothing else can happen."""
        if timeout is None:
            return self._select(None)
        events = self._select(0)
        if events or timeout <= 0:
            return events
        if not self.time._jumps or self._threads_work():
            before = self._real_time()
            events = self._select(timeout)
            self.now += self._real_time() - before
            return events
        if len(self._selector.get_map()) > 1:  # more than the pipe that wakes the loop
            events = self._select(self.time.patience)
            if events:
                return events
        if self.loop._scheduled:
            self.jumps += 1
            self.now = max(self.now, self.loop._scheduled[0]._when)  # exactly: no sum of floats drifts here
        return []

    def _counted(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future = self._run_in_executor(executor, func, *args)
        self._executing += 1
        future.add_done_callback(self._executed)
        return future

    def _executed(self, future: asyncio.Future[Any]) -> None:
        self._executing -= 1

    def _threads_work(self) -> bool:
        return self._executing > 0 or _anyio_workers_busy(self.loop)


def _anyio_workers_busy(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether one of anyio's worker threads is at work for `loop`: they come from a pool of its own."""
    backend: Any = sys.modules.get("anyio._backends._asyncio")
    if backend is None:
        return False
    try:
        # Looked up by hand: `RunVar.get` wants a running task, and between two turns of the loop there is none.
        variables = sys.modules["anyio.lowlevel"]._run_vars[loop]
        return len(variables[backend._threadpool_workers]) > len(variables[backend._threadpool_idle_workers])
    except (AttributeError, KeyError, TypeError):  # no workers yet; or private names that are gone, and threads unseen
        return False


def _watch() -> None:
    """Let loops that are about to run become virtual, where their thread has a virtual time."""
    base: Any = asyncio.base_events.BaseEventLoop
    runner: Any = asyncio.Runner
    if base.run_forever is not _run_forever:
        _originals["run_forever"] = base.run_forever
        base.run_forever = _run_forever
    if runner.run is not _runner_run:
        _originals["run"], _originals["get_loop"] = runner.run, runner.get_loop
        runner.run, runner.get_loop = _runner_run, _runner_get_loop


def _unwatch() -> None:
    """Undo `_watch`, where nobody has replaced the same since: then the wrappers stay, and pass through."""
    base: Any = asyncio.base_events.BaseEventLoop
    runner: Any = asyncio.Runner
    if base.run_forever is _run_forever:
        base.run_forever = _originals["run_forever"]
    if runner.run is _runner_run and runner.get_loop is _runner_get_loop:
        runner.run, runner.get_loop = _originals["run"], _originals["get_loop"]


def _take(loop: asyncio.AbstractEventLoop) -> None:
    time = _active.get(threading.get_ident())
    if time is not None:
        time._take(loop)


def _run_forever(self: asyncio.AbstractEventLoop) -> None:
    _take(self)
    _originals["run_forever"](self)


def _runner_run(self: asyncio.Runner, coro: Coroutine[Any, Any, T], *, context: Context | None = None) -> T:
    try:
        _take(self.get_loop())
    except VirtualTimeError:
        coro.close()
        raise
    return cast(T, _originals["run"](self, coro, context=context))


def _runner_get_loop(self: asyncio.Runner) -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = _originals["get_loop"](self)
    _take(loop)
    return loop


_MARK = "_playhead_virtual"
_REPLACED = ("time", "run_in_executor", "started_at", "started_time")
_active: dict[int, VirtualTime] = {}
_originals: dict[str, Callable[..., Any]] = {}
