"""Virtual time: what waits does not take time, and ends exactly when it should."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
import anyio.to_thread
import httpx
import pytest

from playhead import clock, use_cassette
from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, Stream, write_file
from playhead.clock import EPOCH, FixedClock, use_clock
from playhead.script import text, wait
from playhead.virtual import PATIENCE, VirtualTime, VirtualTimeError, accompany, leave, virtual_time

pytest_plugins = ["pytester"]
T = TypeVar("T")


def virtually(main: Callable[[], Coroutine[Any, Any, T]], *, patience: float = PATIENCE) -> tuple[T, VirtualTime]:
    """What `main` returns when it runs in virtual time. What it waits for would outlast any test in real time."""
    with virtual_time(patience) as virtual:
        result = asyncio.run(main())
    return result, virtual


def test_sleeping_for_hours_takes_no_time_and_ends_exactly() -> None:
    async def main() -> list[float]:
        start = asyncio.get_running_loop().time()
        moments: list[float] = []
        for seconds in (0.412, 0.021, 0.028, 3600, 86_400 * 3):
            await asyncio.sleep(seconds)
            moments.append(asyncio.get_running_loop().time() - start)
        return moments

    moments, virtual = virtually(main)
    assert moments == pytest.approx([0.412, 0.433, 0.461, 3600.461, 262_800.461], abs=1e-6)
    assert virtual.elapsed == pytest.approx(262_800.461, abs=1e-6)
    assert virtual.jumps == 5


def test_tasks_wake_in_the_order_of_their_times() -> None:
    async def main() -> list[int]:
        order: list[int] = []

        async def one(number: int) -> None:
            await asyncio.sleep(number)
            order.append(number)

        await asyncio.gather(*map(one, (30, 10, 20, 5)))
        return order

    assert virtually(main)[0] == [5, 10, 20, 30]


def test_timeouts_fire_exactly_between_the_things_they_separate() -> None:
    async def main() -> list[str]:
        said: list[str] = []
        async with asyncio.timeout(10):
            await asyncio.sleep(9.999)
            said.append("in time")
        try:
            async with asyncio.timeout(10):
                await asyncio.sleep(10.001)
        except TimeoutError:
            said.append("too late")
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 60)
        except TimeoutError:
            said.append("waited for nothing")
        with anyio.move_on_after(5) as scope:
            await anyio.sleep(6)
        said.append(f"moved on: {scope.cancelled_caught}")
        with anyio.fail_after(5):
            await anyio.sleep(4)
        return said

    assert virtually(main)[0] == ["in time", "too late", "waited for nothing", "moved on: True"]


def test_what_runs_ready_runs_before_time_moves() -> None:
    async def main() -> list[str]:
        said: list[str] = []
        asyncio.get_running_loop().call_later(0.001, said.append, "timer")

        async def busy() -> None:
            for turn in range(50):
                await asyncio.sleep(0)
                said.append(str(turn))

        await busy()
        await asyncio.sleep(1)
        return said

    assert virtually(main)[0] == [*map(str, range(50)), "timer"]


def test_two_thousand_sleeps_cost_milliseconds() -> None:
    async def main() -> None:
        for _ in range(2000):
            await asyncio.sleep(1)

    assert virtually(main)[1].elapsed == 2000


def test_a_thread_that_works_holds_time_back() -> None:
    async def main() -> str:
        async with asyncio.timeout(30):
            return await asyncio.to_thread(lambda: time.sleep(0.1) or "done")

    assert virtually(main)[0] == "done"


def test_a_worker_of_anyio_holds_time_back_and_does_not_when_idle() -> None:
    async def main() -> str:
        async with asyncio.timeout(30):
            result = await anyio.to_thread.run_sync(lambda: time.sleep(0.1) or "done")
        await anyio.sleep(3600)
        return result

    assert virtually(main)[0] == "done"


def test_a_timeout_around_a_thread_still_fires() -> None:
    blocked = threading.Event()

    async def main() -> str:
        try:
            async with asyncio.timeout(0.2):
                await asyncio.to_thread(blocked.wait, 20)
        except TimeoutError:
            blocked.set()
            return "timeout"
        return "no timeout"

    assert virtually(main)[0] == "timeout"


def test_a_thread_may_wait_for_the_loop() -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()

        async def answer() -> str:
            await asyncio.sleep(0.05)
            return "answered"

        return await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(answer(), loop).result(10))

    assert virtually(main)[0] == "answered"


def serve(
    respond: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    loops: list[asyncio.AbstractEventLoop] | None = None,
) -> tuple[int, Callable[[], None]]:
    """A server on a loop of its own, in a thread that is not virtual."""
    loop = asyncio.new_event_loop()
    if loops is not None:
        loops.append(loop)
    started = threading.Event()
    ports: list[int] = []
    servers: list[asyncio.Server] = []

    async def start() -> None:
        server = await asyncio.start_server(respond, "127.0.0.1", 0)
        servers.append(server)
        ports.append(server.sockets[0].getsockname()[1])
        started.set()

    def run() -> None:
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(50)

    async def end() -> None:
        servers[0].close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks) if tasks else None
        await asyncio.sleep(0.01)  # transports close a turn later
        loop.stop()

    def stop() -> None:
        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join(50)
        loop.close()

    return ports[0], stop


async def slow_reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n")
    await asyncio.sleep(0.02)
    writer.write(b"ok")
    await writer.drain()
    writer.close()


def test_a_server_that_answers_soon_is_waited_for() -> None:
    port, stop = serve(slow_reply)

    async def main() -> str:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            reply = await client.get(f"http://127.0.0.1:{port}/")
        await asyncio.sleep(600)
        return reply.text

    try:
        text, virtual = virtually(main, patience=50)  # also where the machine is busy
    finally:
        stop()
    assert text == "ok"
    assert virtual.elapsed >= 600


def test_while_time_is_real_nothing_jumps() -> None:
    async def main() -> float:
        start = time.perf_counter()
        with virtual_time() as virtual:  # the block around this one is meant
            with virtual.real():
                await asyncio.sleep(0.1)
        return time.perf_counter() - start

    assert virtually(main)[0] >= 0.09


def test_time_can_be_moved_on_by_hand() -> None:
    async def main() -> list[str]:
        said: list[str] = []
        with virtual_time() as virtual:
            asyncio.get_running_loop().call_later(50, said.append, "timer")
            virtual.advance(49)
            await asyncio.sleep(0)
            assert said == []
            virtual.advance(1)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            with pytest.raises(ValueError, match="time cannot go back"):
                virtual.advance(-1)
        return said

    assert virtually(main)[0] == ["timer"]


def test_a_loop_that_runs_already_becomes_virtual_and_gets_its_time_back() -> None:
    async def main() -> tuple[float, float, list[str]]:
        loop = asyncio.get_running_loop()
        said: list[str] = []
        loop.call_later(0.15, said.append, "an older timer")
        before = loop.time()
        with virtual_time() as virtual:
            loop.call_later(100.05, said.append, "a later timer")
            await asyncio.sleep(100)
        assert virtual.elapsed == 100
        drift = loop.time() - before
        await asyncio.sleep(0.1)
        return drift, time.perf_counter(), said

    start = time.perf_counter()
    drift, end, said = asyncio.run(main())
    assert 0 <= drift < 50
    assert end - start >= 0.1
    assert said == ["an older timer", "a later timer"]


def test_a_loop_that_existed_before_the_block_is_virtual_within_it() -> None:
    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))
        with virtual_time() as virtual:
            runner.run(asyncio.sleep(1000))
            runner.run(asyncio.sleep(500))
        assert virtual.elapsed == 1500
        assert not hasattr(runner.get_loop(), "started_time")
        start = time.perf_counter()
        runner.run(asyncio.sleep(0.05))
        assert time.perf_counter() - start >= 0.05


def test_loops_of_other_threads_stay_real() -> None:
    passed: list[float] = []

    def other() -> None:
        start = time.perf_counter()
        asyncio.run(asyncio.sleep(0.1))
        passed.append(time.perf_counter() - start)

    with virtual_time() as virtual:
        thread = threading.Thread(target=other)
        thread.start()
        asyncio.run(asyncio.sleep(1000))
        thread.join()
    assert passed[0] >= 0.09
    assert virtual.elapsed == 1000


def test_after_the_block_asyncio_is_as_it_was() -> None:
    before = (asyncio.base_events.BaseEventLoop.run_forever, asyncio.Runner.run, asyncio.Runner.get_loop)
    with virtual_time():
        with virtual_time():
            pass
        assert asyncio.Runner.run is not before[1]
    assert (asyncio.base_events.BaseEventLoop.run_forever, asyncio.Runner.run, asyncio.Runner.get_loop) == before


class ForeignLoop(asyncio.AbstractEventLoop):
    """Stands for uvloop: a loop that is none of asyncio's own."""

    def __init__(self) -> None:
        self.real = asyncio.new_event_loop()

    def __getattribute__(self, name: str) -> Any:
        if name in ("real", "__class__", "__dict__"):
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "real"), name)


def test_a_loop_that_cannot_be_virtual_is_refused_by_name() -> None:
    with virtual_time(), pytest.raises(VirtualTimeError) as caught:
        with asyncio.Runner(loop_factory=ForeignLoop) as runner:
            runner.run(asyncio.sleep(1))
    assert "ForeignLoop cannot run in virtual time" in caught.value.problem
    assert "uvloop" in caught.value.remedy


def test_the_clock_of_the_house_follows_the_loop() -> None:
    async def main() -> tuple[datetime, datetime, float]:
        before, start = clock.now(), clock.monotonic()
        await clock.sleep(90)
        return before, clock.now(), clock.monotonic() - start

    (before, after, passed), _ = virtually(main)
    assert after - before == timedelta(seconds=90)
    assert passed == 90
    assert abs(before - datetime.now(UTC)) < timedelta(seconds=30)
    with use_clock(FixedClock()):
        (before, after, _), _ = virtually(main)
    assert (before, after) == (EPOCH, EPOCH + timedelta(seconds=90))
    assert clock.now() - datetime.now(UTC) < timedelta(seconds=1)


def test_cancelled_timers_are_not_jumped_to() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        handles = [loop.call_later(seconds, print) for seconds in (5, 6, 7)]
        for handle in handles:
            handle.cancel()
        start = loop.time()
        await asyncio.sleep(60)
        return loop.time() - start

    assert virtually(main)[0] == 60


def test_a_cassette_recorded_over_a_minute_replays_at_once_and_exactly(tmp_path: Path) -> None:
    frames = [f"data: {number}\n\n".encode() for number in range(121)]
    at_ms = [412 + number * 500 for number in range(121)]
    path = str(tmp_path / "minute.yaml")
    url = "http://api.example.com/v1/chat"
    answer = RecordedResponse(200, "OK", {}, b"".join(frames), Stream([len(frame) for frame in frames], at_ms))
    write_file(path, [Interaction(RecordedRequest("GET", url), answer)])

    async def main() -> list[tuple[bytes, float]]:
        loop = asyncio.get_running_loop()
        with use_cassette(path, timing="recorded", speed=2):
            async with httpx.AsyncClient() as client, client.stream("GET", url, timeout=1) as response:
                start = loop.time()
                return [(chunk, round((loop.time() - start) * 1000, 6)) async for chunk in response.aiter_raw()]

    seen, virtual = virtually(main)
    assert [chunk for chunk, _ in seen] == frames
    assert [moment - seen[0][1] for _, moment in seen] == [(at - at_ms[0]) / 2 for at in at_ms]
    assert virtual.elapsed == at_ms[-1] / 2000


@contextmanager
def slow_server(seconds: float) -> Generator[str]:
    """A server that shares the time of this thread, and waits before each half of its reply."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await clock.sleep(seconds)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\no")
            await clock.sleep(seconds)
            writer.write(b"k")
            await writer.drain()
        finally:
            writer.close()

    loops: list[asyncio.AbstractEventLoop] = []
    port, stop = serve(respond, loops)
    accompany(loops[0])
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        leave(loops[0])
        stop()


@pytest.mark.parametrize("server_first", [True, False])
def test_a_server_that_shares_the_time_waits_without_taking_any(server_first: bool) -> None:
    async def main(url: str) -> tuple[str, float]:
        start = asyncio.get_running_loop().time()
        async with httpx.AsyncClient(timeout=100, trust_env=False) as client:
            reply = await client.get(url)
        return reply.text, asyncio.get_running_loop().time() - start

    with ExitStack() as stack:
        url = stack.enter_context(slow_server(45)) if server_first else ""
        virtual = stack.enter_context(virtual_time())
        url = url or stack.enter_context(slow_server(45))
        assert asyncio.run(main(url)) == ("ok", 90)
        assert virtual.elapsed == 90


def test_a_timeout_of_the_client_fires_between_two_pieces_of_such_a_server() -> None:
    async def main(url: str) -> float:
        start = asyncio.get_running_loop().time()
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(url)
        return asyncio.get_running_loop().time() - start

    with slow_server(45) as url, virtual_time():
        assert asyncio.run(main(url)) == 30


def test_a_sync_client_is_served_without_waiting() -> None:
    with slow_server(3600) as url, virtual_time():
        assert httpx.get(url, timeout=50, trust_env=False).text == "ok"


def test_a_sync_client_that_blocks_the_loop_is_served_in_real_time() -> None:
    async def main(url: str) -> str:
        return httpx.get(url, timeout=50, trust_env=False).text

    with slow_server(0.3) as url, virtual_time():
        assert asyncio.run(main(url)) == "ok"


def test_a_client_in_a_worker_thread_is_served_in_real_time() -> None:
    async def main(url: str) -> str:
        return (await asyncio.to_thread(httpx.get, url, timeout=50, trust_env=False)).text

    with slow_server(0.2) as url, virtual_time():
        assert asyncio.run(main(url)) == "ok"


def test_after_the_block_such_a_server_has_its_own_time_again() -> None:
    with slow_server(0.05) as url:
        with virtual_time():
            asyncio.run(asyncio.sleep(1000))
        began = time.perf_counter()
        assert httpx.get(url, timeout=50, trust_env=False).text == "ok"
        assert time.perf_counter() - began >= 0.09


async def test_what_a_fake_provider_waits_takes_no_time(virtual_clock: VirtualTime, fake_provider: Any) -> None:
    provider = fake_provider([text("It is"), wait(30), text(" sunny")])
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "weather?"}]}
    start = asyncio.get_running_loop().time()
    moments: list[float] = []
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        async with client.stream("POST", f"{provider.openai_url}/chat/completions", json=body) as response:
            async for _ in response.aiter_bytes():
                moments.append(asyncio.get_running_loop().time() - start)
    assert moments[0] == 0
    assert moments[-1] == 30


UNDER_PLUGINS = """
import asyncio, time
import pytest

{header}

@pytest.fixture
def began():
    return time.perf_counter()

{mark}
async def test_sleeps(virtual_clock):
    await asyncio.sleep(3600)
    assert virtual_clock.elapsed == 3600

@pytest.fixture
async def earlier():
    await asyncio.sleep(0.01)
    yield 1
    await asyncio.sleep(0.01)

{mark}
async def test_sleeps_on_a_loop_that_ran_before(earlier, virtual_clock):
    async with asyncio.timeout(10_000):
        await asyncio.sleep(3600)
    assert virtual_clock.elapsed >= 3600

{mark}
async def test_without_it_time_is_real(began):
    await asyncio.sleep(0.05)
    assert time.perf_counter() - began >= 0.05
"""


@pytest.mark.parametrize(
    ("header", "mark", "arguments"),
    [
        pytest.param("", "@pytest.mark.asyncio", ["-o", "asyncio_mode=strict"], id="pytest-asyncio, strict"),
        pytest.param(
            "pytestmark = pytest.mark.asyncio(loop_scope='module')",
            "",
            ["-o", "asyncio_mode=auto"],
            id="pytest-asyncio, auto, one loop for the module",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'",
            "@pytest.mark.anyio",
            ["-p", "no:asyncio"],
            id="anyio",
        ),
    ],
)
def test_the_fixture_works_under_each_plugin(
    pytester: pytest.Pytester, header: str, mark: str, arguments: list[str]
) -> None:
    source = UNDER_PLUGINS.format(header=header, mark=mark)
    if "strict" in " ".join(arguments):
        source = source.replace(
            "@pytest.fixture\nasync def", "import pytest_asyncio\n@pytest_asyncio.fixture\nasync def"
        )
    pytester.makepyfile(source)
    result = pytester.runpytest_subprocess("-q", *arguments)
    result.assert_outcomes(passed=3)


def test_the_fixture_says_that_it_cannot_move_the_time_of_trio(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def anyio_backend():
            return ("trio", {})

        def test_refused(anyio_backend, virtual_clock):
            pass
        """
    )
    result = pytester.runpytest_inprocess("-q", "-p", "no:asyncio")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*this test runs on trio*", "*MockClock*"])


class Other:
    """A loop as `VirtualTime` sees it; `then` happens when it is asked how long it waits."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.loop = self
        self.arrived = False
        self._then = then

    @property
    def waits_until(self) -> float:
        self._then()
        return math.inf

    def has_events(self) -> bool:
        return self.arrived

    def is_running(self) -> bool:
        return True


def jumps(passing: VirtualTime, loop: Other, *others: Other) -> bool:
    passing._loops = cast("Any", [loop, *others])
    return passing._may_jump(cast("Any", loop))


def test_time_does_not_jump_over_what_a_server_sent_just_before_it_waited() -> None:
    client = Other()
    assert jumps(VirtualTime(), client, Other())
    assert not jumps(VirtualTime(), client, Other(then=lambda: setattr(client, "arrived", True)))


def test_time_does_not_jump_over_what_one_server_sent_another() -> None:
    first = Other()
    second = Other(then=lambda: setattr(first, "arrived", True))
    assert not jumps(VirtualTime(), Other(), first, second)


def test_a_machine_that_stands_still_for_seconds_moves_no_shared_time() -> None:
    passed: list[float] = []

    class Busy(Other):
        """Waits when it was asked for the tenth time."""

        @property
        def waits_until(self) -> float | None:
            passed.append(virtual._passed)
            return None if len(passed) < 10 else math.inf

    loop, virtual = asyncio.new_event_loop(), VirtualTime()
    virtual._take(loop)
    try:
        (taken,) = virtual._loops
        virtual._loops.append(cast("Any", Busy()))
        seconds = count(0, 3)  # it stands still whenever it is looked at
        taken._real_time = lambda: float(next(seconds))
        loop.call_later(45, print)
        assert taken._select_together(has_timer=True) == []
        virtual._loops.pop()
        assert virtual.elapsed == 45
    finally:
        virtual._release()
        loop.close()
    assert set(passed) == {0.0}
