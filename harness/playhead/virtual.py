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
- while the real world is waited for (`real_wait`, as a recording cassette does for the server) time runs on as on the wall;
- with nothing scheduled at all it just waits.

A server with a loop in a thread of its own can share the time (`accompany`, as `playhead.server.RunningProvider` does):
then time jumps when all of these loops wait, and a reply that the server delays by a minute comes at once.

Not seen are threads made by hand, other processes, and other servers that take longer than `patience` to answer: put
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
from weakref import WeakSet

from playhead import clock
from playhead.exceptions import PlayheadError

__all__ = ["PATIENCE", "VirtualTime", "VirtualTimeError", "accompany", "leave", "real_wait", "virtual_time"]

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
        self._passed = 0.0  # what has passed on all loops, where several threads share this time
        self._lock = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Virtual seconds since the block's first loop became virtual, on the loop that came furthest, to the nanosecond."""
        return round(max((loop.read() - loop.base for loop in self._loops), default=0.0), 9)

    @property
    def jumps(self) -> int:
        """How often time has jumped; 0 after a test that never waited, or whose loop was not ours."""
        return sum(loop.jumps for loop in self._loops)

    def advance(self, seconds: float) -> None:
        """Move time on by hand: timers that are due then run when the loop has its next turn."""
        if seconds < 0:
            raise ValueError("time cannot go back; give the seconds by which it moves on")
        with self._lock:
            for loop in self._loops:
                loop.now = loop.read() + seconds
            self._passed += seconds

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
        self._passed = max((other.read() - other.base for other in self._loops), default=0.0)
        self._loops.append(_VirtualLoop(loop, self, self._passed))

    def _join(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take a loop that runs in another thread."""
        _within(loop, lambda: self._take(loop))

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        for taken in [taken for taken in self._loops if taken.loop is loop]:
            _within(loop, taken.release)
            self._loops.remove(taken)

    def _release(self) -> None:
        for loop in self._loops:
            _within(loop.loop, loop.release)

    def _is_shared(self) -> bool:
        first = self._loops[0].thread
        return any(loop.thread != first and loop.loop.is_running() for loop in self._loops)

    def _flow(self, passed: float) -> None:
        with self._lock:
            self._passed = max(self._passed, passed)

    def _may_jump(self, loop: _VirtualLoop) -> bool:
        """Whether all others wait, for nothing earlier, and nothing has arrived that they or this one have not seen yet.

        Asked twice: one that was busy when the first was asked may have sent it something before it waited, too.
        """
        return self._all_wait(loop) and self._all_wait(loop) and not loop.has_events()

    def _all_wait(self, loop: _VirtualLoop) -> bool:
        return all(
            other.waits_until is not None and other.waits_until >= (loop.waits_until or 0.0) and not other.has_events()
            for other in self._loops
            if other is not loop and other.loop.is_running()
        )


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
    for companion in list(_companions.get(thread, ())):
        time._join(companion)
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


def accompany(loop: asyncio.AbstractEventLoop) -> None:
    """Let `loop`, which runs in another thread, share the virtual time of this thread: now, and in blocks to come.

    For servers that a test starts. Call `leave` before the loop is stopped.
    """
    thread = threading.get_ident()
    _companions.setdefault(thread, WeakSet()).add(loop)
    time = _active.get(thread)
    if time is not None:
        time._join(loop)


def leave(loop: asyncio.AbstractEventLoop) -> None:
    """Undo `accompany`: the loop has its own time again."""
    for loops in _companions.values():
        loops.discard(loop)
    for time in list(_active.values()):
        time._leave(loop)


class real_wait:
    """Within the block the running loop waits for something real: its time passes as on the wall, if it is virtual.

    For what talks to a live server, as a cassette does that records: the server's 0.4 seconds are 0.4 seconds to the
    timeout around them. To be entered and left on the same loop, around one wait (not while a stream is merely open:
    one that is never closed would keep time real for ever). A loop that shares its time with a server of the same test
    goes on jumping, because that server's delays are virtual, too.
    """

    __slots__ = ("_loop",)

    def __enter__(self) -> None:
        loop = asyncio._get_running_loop() if _active else None  # neither without virtual time nor under trio
        self._loop: _VirtualLoop | None = getattr(loop, _MARK, None)
        if self._loop is not None:
            self._loop.real_waits += 1

    def __exit__(self, *error: object) -> None:
        if self._loop is not None:
            self._loop.real_waits -= 1


class _VirtualLoop:
    """One loop made virtual: its clock, and its way to wait."""

    def __init__(self, loop: asyncio.selector_events.BaseSelectorEventLoop, time: VirtualTime, passed: float) -> None:
        self.loop: Any = loop
        self.time = time
        self.thread = threading.get_ident()
        self.jumps = 0
        self.waits_until: float | None = None
        """While it waits: when its next timer is due, counted from the beginning of this time."""
        # Real time is where virtual time begins: older timers would fire at the wrong moment otherwise. Where there are
        # none, it is a whole number, to which floats can add whole seconds exactly.
        self.now = self.began = loop.time() if self.loop._scheduled else float(math.ceil(loop.time()))
        self.base = self.began - passed
        """What this loop's clock says when nothing has passed yet."""
        self._real_time: Callable[[], float] = loop.time
        self._selector: Any = self.loop._selector
        self._select: Callable[[float | None], list[Any]] = self._selector.select
        self._run_in_executor: Callable[..., asyncio.Future[Any]] = loop.run_in_executor
        self._shutdown_executor: Callable[..., Coroutine[Any, Any, None]] = loop.shutdown_default_executor
        self._executing = 0
        self.real_waits = 0
        """How many `real_wait` blocks are open on it."""
        self.loop.started_at = clock.SystemClock().now()  # read by playhead.clock
        self.loop.started_time = self.began
        self.loop.time = self.read
        self.loop.run_in_executor = self._counted
        self.loop.shutdown_default_executor = self._shutdown
        self._selector.select = self.select
        setattr(loop, _MARK, self)

    def release(self) -> None:
        """Give the loop its own time back; what is scheduled keeps its distance from now."""
        passed = self.read() - self._real_time()
        for holder, names in ((self.loop, (*_REPLACED, _MARK)), (self._selector, ("select",))):
            for name in names:
                with suppress(AttributeError):
                    delattr(holder, name)
        for handle in self.loop._scheduled:
            handle._when -= passed  # all by the same: the heap stays a heap

    def read(self) -> float:
        """What this loop's clock says."""
        shared = self.base + self.time._passed
        return shared if shared > self.now + _EXACT else self.now

    def has_events(self) -> bool:
        """Whether something has arrived for this loop; may be asked from any thread."""
        return bool(self._select(0))

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait for files or the next timer, as `selectors.BaseSelector.select` does: jump, where nothing else can happen."""
        shared = self.time._is_shared()
        if timeout is None and not shared:
            self.waits_until = math.inf  # also for a loop that begins to share this time meanwhile
            try:
                return self._select(None)
            finally:
                self.waits_until = None
        events = self._select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        self.now = self.read()
        if shared:
            return self._select_together(timeout is not None)
        if not self.time._jumps or self.real_waits > 0 or self._threads_work():
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

    def _select_together(self, has_timer: bool) -> list[Any]:
        """The same where loops of several threads share the time: it jumps when all of them wait.

        While another loop is busy for long (it may be blocked by a call that waits for this one), while threads work,
        and within `real`, time passes as on the wall.
        """
        due: float | None = self.loop._scheduled[0]._when if has_timer and self.loop._scheduled else None
        held_up = 0.0
        try:
            while due is None or self.read() + _EXACT < due:
                flows = not self.time._jumps or self._threads_work()
                self.waits_until = None if flows else math.inf if due is None else due - self.base
                passed, before = self.time._passed, self._real_time()
                events = self._select(min(_TOGETHER, self.time.patience))
                waited = self._real_time() - before
                if flows or held_up > _HELD_UP:
                    self.time._flow(passed + waited)
                if events:
                    return events
                if flows or due is None or self.time._may_jump(self):
                    held_up = 0.0
                    if not flows and due is not None:
                        self.jumps += 1
                        self.now = max(self.now, due)
                        self.time._flow(due - self.base)
                else:
                    held_up += min(waited, 2 * _TOGETHER)  # a machine that stood still held up the others, too
            self.now = max(self.now, due)
            return []
        finally:
            self.waits_until = None

    def _counted(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future = self._run_in_executor(executor, func, *args)
        self._executing += 1
        future.add_done_callback(self._executed)
        return future

    async def _shutdown(self, *arguments: Any, **options: Any) -> None:
        """From Python 3.12 on, a loop gives its worker threads some minutes to end, which must be real ones."""
        self._executing += 1
        try:
            await self._shutdown_executor(*arguments, **options)
        finally:
            self._executing -= 1

    def _executed(self, future: asyncio.Future[Any]) -> None:
        self._executing -= 1

    def _threads_work(self) -> bool:
        return self._executing > 0 or _anyio_workers_busy(self.loop)


def _within(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something between two turns of a loop that may run in another thread."""
    if not loop.is_running() or asyncio._get_running_loop() is loop:
        call()
        return
    done = threading.Event()

    def called() -> None:
        try:
            call()
        finally:
            done.set()

    try:
        loop.call_soon_threadsafe(called)
    except RuntimeError:  # closed since
        call()
        return
    if not done.wait(5):
        raise VirtualTimeError(
            "a server's loop did not answer within 5 seconds, so its time is not what it should be",
            "look for a handler that blocks the loop",
        )


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
_REPLACED = ("time", "run_in_executor", "shutdown_default_executor", "started_at", "started_time")
_EXACT = 1e-9
_TOGETHER = 0.005
_HELD_UP = 0.25
_active: dict[int, VirtualTime] = {}
_companions: dict[int, WeakSet[asyncio.AbstractEventLoop]] = {}
_originals: dict[str, Callable[..., Any]] = {}
