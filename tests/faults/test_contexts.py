"""Whose request it is: tasks, threads, generators and loops that open, share, outlive and hand over cassettes."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import requests
import trio

import playhead
from playhead.cassette import read_file
from playhead.exceptions import UnmatchedRequest
from tests.cassette._server import Received, Server, Steps, chunked, json_reply


@pytest.fixture
def echo(server: Server) -> Server:
    def answer(received: Received) -> Steps:
        return json_reply(received.path)

    server.replies["*"] = answer
    return server


def get(url: str) -> Any:
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.get(url).json()


async def aget(url: str) -> Any:
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        return (await client.get(url)).json()


def held(path: Path) -> list[str]:
    return sorted(item.request.uri.rpartition("/")[2] for item in read_file(str(path)).interactions)


def recorded(echo: Server, tape: Path, *names: str) -> int:
    """Records requests; how many the server has had."""
    with playhead.use_cassette(tape, "once"):
        for name in names:
            get(f"{echo.url}/{name}")
    return len(echo.requests)


def is_live(echo: Server) -> bool:
    asked = len(echo.requests)
    get(f"{echo.url}/live")
    return len(echo.requests) == asked + 1


def test_a_cassette_opened_in_one_task_and_closed_in_another_records_and_ends(echo: Server, tape: Path) -> None:
    async def main() -> None:
        opened = playhead.use_cassette(tape, "once")

        async def begin() -> None:
            await opened.__aenter__()
            await aget(f"{echo.url}/1")

        async def end() -> None:
            await opened.__aexit__(None, None, None)

        await asyncio.create_task(begin())
        await asyncio.create_task(end())

    asyncio.run(main())
    assert held(tape) == ["1"] and is_live(echo)


def test_a_cassette_opened_in_one_thread_and_closed_in_another_records_and_ends(echo: Server, tape: Path) -> None:
    opened = playhead.use_cassette(tape, "once")

    def begin() -> None:
        opened.__enter__()
        get(f"{echo.url}/1")

    for step in (begin, lambda: opened.__exit__(None, None, None)):
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
    assert held(tape) == ["1"] and is_live(echo)


def test_task_groups_with_a_cassette_each_keep_theirs(echo: Server, tmp_path: Path) -> None:
    async def one(name: str) -> None:
        async with playhead.use_cassette(tmp_path / f"{name}.yaml", "once"), asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(aget(f"{echo.url}/{name}-{number}"))

    async def main() -> None:
        await asyncio.gather(*(one(name) for name in "abcd"))

    asyncio.run(main())
    assert [held(tmp_path / f"{name}.yaml") for name in "abcd"] == [
        [f"{name}-{n}" for n in range(3)] for name in "abcd"
    ]


def test_nurseries_with_a_cassette_each_keep_theirs(echo: Server, tmp_path: Path) -> None:
    async def one(name: str) -> None:
        async with playhead.use_cassette(tmp_path / f"{name}.yaml", "once"), trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(aget, f"{echo.url}/{name}-{number}")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for name in "abcd":
                nursery.start_soon(one, name)

    trio.run(main)
    assert [held(tmp_path / f"{name}.yaml") for name in "abcd"] == [
        [f"{name}-{n}" for n in range(3)] for name in "abcd"
    ]


def by_thread(ask: Callable[[], Any]) -> None:
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()


def by_timer(ask: Callable[[], Any]) -> None:
    timer = threading.Timer(0.001, ask)
    timer.start()
    timer.join()


def by_empty_context(ask: Callable[[], Any]) -> None:
    contextvars.Context().run(ask)


def by_executor_of_a_loop(ask: Callable[[], Any]) -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, ask)

    asyncio.run(main())


def by_anyio(ask: Callable[[], Any]) -> None:
    async def main() -> None:
        await anyio.to_thread.run_sync(ask)

    anyio.run(main)


def by_trio(ask: Callable[[], Any]) -> None:
    async def main() -> None:
        await anyio.to_thread.run_sync(ask)

    trio.run(main)


def by_a_call_on_the_loop(ask: Callable[[], Any]) -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(ask)
        await asyncio.sleep(0.01)

    asyncio.run(main())


@pytest.mark.parametrize(
    "way", [by_thread, by_timer, by_empty_context, by_executor_of_a_loop, by_anyio, by_trio, by_a_call_on_the_loop]
)
def test_whoever_asks_within_a_cassette_gets_its_recording(way: Callable[..., None], echo: Server, tape: Path) -> None:
    asked = recorded(echo, tape, "1")
    seen: list[Any] = []
    with playhead.use_cassette(tape):
        way(lambda: seen.append(get(f"{echo.url}/1")))
    assert seen == ["/1"] and len(echo.requests) == asked


def test_a_pool_and_a_loop_from_before_belong_to_the_cassette(echo: Server, tape: Path) -> None:
    asked = recorded(echo, tape, "1", "2")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with playhead.use_cassette(tape):
            assert pool.submit(get, f"{echo.url}/1").result() == "/1"
            assert asyncio.run_coroutine_threadsafe(aget(f"{echo.url}/2"), loop).result(5) == "/2"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert len(echo.requests) == asked


def test_a_copied_context_does_not_keep_a_closed_cassette(echo: Server, tape: Path) -> None:
    with playhead.use_cassette(tape, "once"):
        get(f"{echo.url}/1")
        context = contextvars.copy_context()
    assert context.run(is_live, echo) and held(tape) == ["1"]


def test_a_generator_that_holds_a_cassette_gives_it_back_when_it_ends(echo: Server, tape: Path) -> None:
    def asks() -> Iterator[Any]:
        with playhead.use_cassette(tape, "once"):
            yield get(f"{echo.url}/1")
            yield get(f"{echo.url}/2")

    assert list(asks()) == ["/1", "/2"]
    assert held(tape) == ["1", "2"] and is_live(echo)


def test_an_async_generator_that_is_dropped_leaves_no_cassette_open(echo: Server, tape: Path) -> None:
    async def asks() -> AsyncIterator[Any]:
        async with playhead.use_cassette(tape, "once"):
            yield await aget(f"{echo.url}/1")
            yield None

    async def main() -> None:
        async for _ in asks():
            break

    asyncio.run(main())
    gc.collect()
    assert is_live(echo)


def test_three_nested_cassettes_of_one_file_lose_nothing(echo: Server, tape: Path) -> None:
    with playhead.use_cassette(tape, "new_episodes"):
        get(f"{echo.url}/1")
        with playhead.use_cassette(tape, "new_episodes"):
            get(f"{echo.url}/2")
            with playhead.use_cassette(tape, "new_episodes"):
                get(f"{echo.url}/3")
        get(f"{echo.url}/4")
    assert held(tape) == ["1", "2", "3", "4"]


def test_a_function_that_calls_itself_within_its_cassette_loses_nothing(echo: Server, tape: Path) -> None:
    @playhead.use_cassette(tape, "new_episodes")
    def ask(number: int) -> None:
        get(f"{echo.url}/{number}")
        if number:
            ask(number - 1)

    ask(2)
    assert held(tape) == ["0", "1", "2"]


def test_mismatches_in_a_task_group_come_out_of_it(echo: Server, tape: Path) -> None:
    asked = recorded(echo, tape, "1")

    async def main() -> None:
        async with playhead.use_cassette(tape), asyncio.TaskGroup() as group:
            group.create_task(aget(f"{echo.url}/2"))
            group.create_task(aget(f"{echo.url}/3"))

    with pytest.raises(BaseExceptionGroup) as failed:
        asyncio.run(main())
    assert failed.value.split(UnmatchedRequest)[1] is None and len(echo.requests) == asked


def test_a_mismatch_in_a_pool_that_nobody_asks_fails_the_block(echo: Server, tape: Path) -> None:
    asked = recorded(echo, tape, "1")
    with pytest.raises(UnmatchedRequest), playhead.use_cassette(tape), ThreadPoolExecutor(1) as pool:
        pool.submit(get, f"{echo.url}/2")
    assert len(echo.requests) == asked


def test_a_session_of_requests_passes_from_live_to_replay_and_back(echo: Server, tape: Path) -> None:
    with requests.Session() as session:
        session.get(f"{echo.url}/before", timeout=5)
        with playhead.use_cassette(tape, "once"):
            session.get(f"{echo.url}/1", timeout=5)
        asked = len(echo.requests)
        with playhead.use_cassette(tape):
            assert session.get(f"{echo.url}/1", timeout=5).json() == "/1"
        assert len(echo.requests) == asked
        assert session.get(f"{echo.url}/after", timeout=5).json() == "/after"


def test_a_stream_that_nobody_closes_is_kept_as_far_as_it_was_read(server: Server, tape: Path) -> None:
    server.replies["*"] = chunked([b"data: %d\n\n" % number for number in range(5)], gap=0.02)
    with playhead.use_cassette(tape, "once"):
        client = httpx.Client(trust_env=False, verify=False)
        response = client.send(client.build_request("POST", server.url), stream=True)
        assert next(response.iter_bytes()) == b"data: 0\n\n"
    # The cassette is closed; the stream goes on.
    response.close()
    client.close()
    with playhead.use_cassette(tape):
        assert httpx.post(server.url).content.startswith(b"data: 0\n\n")
    assert read_file(str(tape)).interactions[0].response.end == "closed_by_client"


def test_a_replayed_stream_outlives_its_cassette(server: Server, tape: Path) -> None:
    server.replies["*"] = chunked([b"data: %d\n\n" % number for number in range(3)])
    with playhead.use_cassette(tape, "once"):
        httpx.post(server.url)
    with playhead.use_cassette(tape):
        client = httpx.Client(trust_env=False, verify=False)
        response = client.send(client.build_request("POST", server.url), stream=True)
        pieces = response.iter_bytes()
        first = next(pieces)
    assert first + b"".join(pieces) == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    client.close()


STATES = ("missing", "empty", "full", "partial", "broken", "foreign")
EXPECTED = {
    # mode: for each state, what the two requests get (r: recording, l: live, x: an error), and whether the file changes
    "none": ("xx", "xx", "rr", "rx", "broken", "rx"),
    "once": ("ll*", "ll*", "rr", "rx", "broken", "rx"),
    "new_episodes": ("ll*", "ll*", "rr", "rl*", "broken", "rl*"),
    "all": ("ll*", "ll*", "ll*", "ll*", "broken", "ll*"),
    "rewrite": ("ll*", "ll*", "ll*", "ll*", "broken", "ll*"),
    "verify": ("ll", "ll", "ll", "ll", "broken", "ll"),
}


@pytest.mark.parametrize(
    ("mode", "state", "expected"),
    [
        pytest.param(mode, state, expected, id=f"{mode}-{state}")
        for mode, row in EXPECTED.items()
        for state, expected in zip(STATES, row, strict=True)
    ],
)
def test_each_mode_with_each_state_of_the_file(
    mode: str, state: str, expected: str, server: Server, tape: Path
) -> None:
    def answer(received: Received) -> Steps:
        return json_reply(len(server.requests))

    server.replies["*"] = answer
    if state in ("full", "partial"):
        with playhead.use_cassette(tape, "once"):
            for path in ("/1", "/2")[: 2 if state == "full" else 1]:
                get(server.url + path)
    foreign = f"""interactions:
- request: {{method: GET, uri: '{server.url}/1', headers: {{}}, body: null}}
  response: {{status: {{code: 200, message: OK}}, headers: {{}}, body: {{string: '0'}}}}
version: 1
"""
    written = {"empty": "", "broken": "interactions: [", "foreign": foreign}.get(state)
    if written is not None:
        tape.write_text(written)
    before, asked = tape.read_bytes() if tape.exists() else None, len(server.requests)
    outcome = ""
    try:
        with playhead.use_cassette(tape, mode, on_unplayed="ignore"):
            for path in ("/1", "/2"):
                try:
                    outcome += "l" if get(server.url + path) > asked else "r"
                except UnmatchedRequest:
                    outcome += "x"
    except playhead.exceptions.CassetteUnreadable:
        outcome = "broken"
    except playhead.exceptions.CassetteError:
        assert mode == "verify" and state != "full"
    changes = (tape.read_bytes() if tape.exists() else None) != before
    assert outcome + "*" * changes == expected
    assert len(server.requests) == asked + outcome.count("l")
