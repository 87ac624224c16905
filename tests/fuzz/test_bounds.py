"""What blocks for ever, where time cannot jump: it is ended, and named.

No test here waits: whoever blocks lets the clock of the bound go on first, and rings its bell.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from playhead import Agent, fuzz
from playhead.fuzz._stuck import _can_be_bounded, bounded
from playhead.models import Script, as_response, call

pytestmark = pytest.mark.skipif(not _can_be_bounded(), reason="there is no timer that rings in this thread")


@pytest.fixture
def let_time_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Six seconds, as the bound sees them; then its bell rings."""
    passed = 0.0

    def ring() -> None:
        nonlocal passed
        passed += 6
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    monkeypatch.setattr("playhead.fuzz._stuck.time", SimpleNamespace(monotonic=lambda: passed))
    return ring


@pytest.mark.parametrize("in_a_thread", [True, False])
def test_a_tool_that_blocks_for_ever_is_named_with_the_reply_that_called_it(
    in_a_thread: bool, let_time_pass: Callable[[], None]
) -> None:
    lock = threading.Lock()
    lock.acquire()
    agent: Any = Agent()

    def book(seats: int) -> str:
        let_time_pass()
        lock.acquire()
        return "booked"

    async def book_on_the_loop(seats: int) -> str:
        return book(seats)

    agent.tool_plain(book if in_a_thread else book_on_the_loop)

    @fuzz.agent(agent, patience=5)
    def test() -> None:
        pass

    with pytest.raises(fuzz.InvariantViolation, match=r"every_run_ends: `.*(book|ring)` \(.*test_bounds") as caught:
        test()
    assert "while reply 1 of the script was acted on" in str(caught.value)
    script: Script = vars(caught.value)["script"]
    assert [len(response.steps) for response in script.responses] == [1, 1]


def test_a_loop_in_a_tool_that_does_not_end_is_named_too(let_time_pass: Callable[[], None]) -> None:
    agent: Any = Agent()
    over = threading.Event()

    @agent.tool_plain
    def count(n: int) -> int:
        let_time_pass()
        while not over.is_set():
            n -= 1
        return n

    script = Script(responses=[as_response([call("count", {"n": 1})]), as_response("done")])
    try:
        with pytest.raises(fuzz.InvariantViolation, match=r"every_run_ends: `.*(count|ring)`"):
            fuzz.run_script(agent, script, patience=5)
    finally:
        over.set()


def test_a_consumer_that_does_not_return_is_a_difference(let_time_pass: Callable[[], None]) -> None:
    def careless(chunks: Iterator[bytes]) -> int:
        found = 0
        for chunk in chunks:
            while not chunk.endswith(b"\n"):
                found += 1
                let_time_pass()
        return found

    with pytest.raises(fuzz.SplitDifference, match=r"(careless|ring)`.*had not returned after") as caught:
        fuzz.assert_split_invariant(careless, b"a\n")
    assert caught.value.cuts == [1]


def test_who_had_set_the_timer_before_gets_it_back() -> None:
    rung: list[int] = []
    theirs = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    kept = signal.setitimer(signal.ITIMER_REAL, 1_000)
    try:
        with bounded(500):
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= 500
        assert 500 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1_000
        signal.raise_signal(signal.SIGALRM)
        assert rung == [signal.SIGALRM]
    finally:
        signal.signal(signal.SIGALRM, theirs)
        signal.setitimer(signal.ITIMER_REAL, *kept)


async def test_elsewhere_than_in_the_main_thread_there_is_no_bound() -> None:
    def run() -> bool:
        with bounded(0.001):
            return _can_be_bounded()

    assert not await asyncio.to_thread(run)
