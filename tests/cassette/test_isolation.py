"""Each test, task and thread has its own cassette; whatever else replaces the same methods may come and go as it likes."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import httpx2
import pytest
import vcr

from playhead.cassette import (
    Interaction,
    RecordedRequest,
    RecordedResponse,
    keep_patched,
    read_file,
    use_cassette,
    write_file,
)
from playhead.cassette._stubs import Stubs
from playhead.exceptions import UnmatchedRequest
from tests.cassette._server import Server, reply

URL = "https://api.example.com/v1"


def tape_of(path: Path, answer: str, url: str = URL) -> str:
    response = RecordedResponse(200, "OK", {"content-type": ["text/plain"]}, answer.encode())
    write_file(str(path), [Interaction(RecordedRequest("GET", url), response)])
    return str(path)


async def get_async(url: str = URL, module: Any = httpx) -> str:
    async with module.AsyncClient() as client:
        return (await client.get(url)).text


def test_a_nested_cassette_answers_until_it_closes(tmp_path: Path) -> None:
    outer, inner = tape_of(tmp_path / "outer.yaml", "outer"), tape_of(tmp_path / "inner.yaml", "inner")
    with use_cassette(outer):
        with use_cassette(inner):
            assert httpx.get(URL).text == "inner"
        assert httpx.get(URL).text == "outer"


def test_fifty_tasks_with_a_cassette_each_get_their_own_answers(tmp_path: Path) -> None:
    async def one(number: int) -> str:
        async with use_cassette(tape_of(tmp_path / f"{number}.yaml", str(number))):
            await asyncio.sleep(0.001 * (number % 3))
            return await get_async(module=httpx2 if number % 2 else httpx)

    async def run() -> list[str]:
        return await asyncio.gather(*(one(number) for number in range(50)))

    assert asyncio.run(run()) == [str(number) for number in range(50)]


def test_tasks_that_a_test_starts_belong_to_its_cassette(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(get_async())
        return [task.result(), await asyncio.to_thread(lambda: httpx.get(URL).text)]

    path = tape_of(tmp_path / "tape.yaml", "mine")
    with use_cassette(path, allow_playback_repeats=True):
        assert asyncio.run(run()) == ["mine", "mine"]


def test_a_task_beside_one_with_a_cassette_goes_to_the_network(server: Server, tmp_path: Path) -> None:
    server.replies["*"] = reply(b"live")

    async def with_cassette(ready: asyncio.Event, done: asyncio.Event) -> None:
        async with use_cassette(tape_of(tmp_path / "tape.yaml", "taped", server.url + "/x")):
            ready.set()
            await done.wait()

    async def run() -> str:
        ready, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(with_cassette(ready, done))
        await ready.wait()
        text = await get_async(server.url + "/x")
        done.set()
        await task
        return text

    assert asyncio.run(run()) == "live"


def test_a_task_that_existed_before_belongs_to_the_cassette_of_the_test(tmp_path: Path) -> None:
    loop = asyncio.new_event_loop()
    questions: asyncio.Queue[asyncio.Future[str]] = asyncio.Queue()

    async def worker() -> None:
        while True:
            future = await questions.get()
            future.set_result(await get_async())

    async def question() -> str:
        future: asyncio.Future[str] = loop.create_future()
        await questions.put(future)
        return await future

    async def begin() -> asyncio.Task[None]:
        return asyncio.ensure_future(worker())

    task = loop.run_until_complete(begin())
    try:
        with use_cassette(tape_of(tmp_path / "tape.yaml", "taped")):
            assert loop.run_until_complete(question()) == "taped"
    finally:
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()


def in_thread(function: Any) -> Any:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


def test_a_thread_by_hand_belongs_to_the_only_open_cassette(tmp_path: Path) -> None:
    with use_cassette(tape_of(tmp_path / "tape.yaml", "taped")):
        assert in_thread(lambda: httpx.get(URL).text) == "taped"


def test_a_thread_by_hand_within_nested_cassettes_belongs_to_the_inner_one(tmp_path: Path) -> None:
    with use_cassette(tape_of(tmp_path / "outer.yaml", "outer")), use_cassette(tape_of(tmp_path / "in.yaml", "inner")):
        assert in_thread(lambda: httpx.get(URL).text) == "inner"


def test_a_thread_by_hand_beside_several_cassettes_is_refused(tmp_path: Path) -> None:
    async def one(number: int, ready: list[int], result: list[Any]) -> None:
        async with use_cassette(tape_of(tmp_path / f"{number}.yaml", str(number))):
            ready.append(number)
            while len(ready) < 2:
                await asyncio.sleep(0)
            if number == 0:
                result.append(await asyncio.get_running_loop().run_in_executor(None, in_thread, lambda: httpx.get(URL)))
                ready.append(9)
            while len(ready) < 3:
                await asyncio.sleep(0)

    async def run() -> list[Any]:
        ready: list[int] = []
        result: list[Any] = []
        await asyncio.gather(one(0, ready, result), one(1, ready, result))
        return result

    (error,) = asyncio.run(run())
    assert isinstance(error, UnmatchedRequest)
    assert "2 cassettes are open" in str(error)


def test_threads_with_a_cassette_each_keep_theirs(tmp_path: Path) -> None:
    def one(number: int) -> list[str]:
        with use_cassette(tape_of(tmp_path / f"{number}.yaml", str(number)), allow_playback_repeats=True):
            return [httpx.get(URL).text for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(24))) == [[str(number)] * 5 for number in range(24)]


def test_the_main_thread_goes_to_the_network_while_another_one_has_a_cassette(server: Server, tmp_path: Path) -> None:
    server.replies["*"] = reply(b"live")
    opened, done = threading.Event(), threading.Event()

    def other() -> None:
        with use_cassette(tape_of(tmp_path / "tape.yaml", "taped", server.url + "/x")):
            opened.set()
            done.wait()

    thread = threading.Thread(target=other)
    thread.start()
    opened.wait()
    text = httpx.get(server.url + "/x").text
    done.set()
    thread.join()
    assert text == "live"


def test_a_sync_client_inside_async_code_is_captured(tmp_path: Path) -> None:
    async def run() -> tuple[str, str]:
        async with use_cassette(tape_of(tmp_path / "tape.yaml", "taped"), allow_playback_repeats=True):
            return httpx.get(URL).text, await get_async()

    assert asyncio.run(run()) == ("taped", "taped")


@pytest.mark.parametrize("module", [httpx, httpx2])
def test_a_client_made_before_the_cassette_is_captured(module: Any, tmp_path: Path) -> None:
    with module.Client() as client, use_cassette(tape_of(tmp_path / "tape.yaml", "taped")):
        assert client.get(URL).text == "taped"


@pytest.mark.parametrize("module", [httpx, httpx2])
def test_nothing_stays_patched(module: Any, tmp_path: Path) -> None:
    names = [(module.HTTPTransport, "handle_request"), (module.AsyncHTTPTransport, "handle_async_request")]
    names += [(module.MockTransport, "handle_request"), (module.Client, "_transport_for_url")]
    before = [cls.__dict__[name] for cls, name in names]
    with use_cassette(tape_of(tmp_path / "tape.yaml", "taped")):
        assert [cls.__dict__[name] for cls, name in names] != before
    assert [cls.__dict__[name] for cls, name in names] == before


def test_what_a_suite_keeps_in_place_passes_requests_on_between_cassettes(server: Server, tmp_path: Path) -> None:
    tape = tape_of(tmp_path / "tape.yaml", "taped")
    names = [(httpx.HTTPTransport, "handle_request"), (httpx.Client, "_transport_for_url")]
    before = [cls.__dict__[name] for cls, name in names]
    end = keep_patched()
    with use_cassette(tape):
        inside = [cls.__dict__[name] for cls, name in names]
        assert httpx.get(URL).text == "taped"
    assert [cls.__dict__[name] for cls, name in names] == inside != before
    server.replies["/live"] = reply(b"live")
    assert httpx.get(f"{server.url}/live").content == b"live"
    with use_cassette(tape):
        assert httpx.get(URL).text == "taped"
        end()
        assert httpx.Client.__dict__["_transport_for_url"] is inside[1]
    end()
    assert [cls.__dict__[name] for cls, name in names] == before


def test_what_somebody_undid_while_it_was_kept_is_replaced_again(tmp_path: Path) -> None:
    tape = tape_of(tmp_path / "tape.yaml", "taped")
    before = httpx.HTTPTransport.handle_request
    end = keep_patched()
    try:
        with use_cassette(tape):
            pass
        httpx.HTTPTransport.handle_request = before
        with use_cassette(tape):
            assert httpx.get(URL).text == "taped"
    finally:
        end()
    assert httpx.HTTPTransport.handle_request is before


def test_stubs_that_are_in_place_are_not_put_there_again() -> None:
    stubs = Stubs()
    stubs.put()
    try:
        count = len(stubs._saved)
        stubs.put()
        assert count == len(stubs._saved) > 0
    finally:
        stubs.take_away()
    assert stubs._saved == []


# -- transports


class OwnTransport(httpx.BaseTransport):
    def __init__(self) -> None:
        self.asked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(200, text=f"own {self.asked}")


class Wrapping(httpx.BaseTransport):
    """As retrying transports are made: it asks another one, perhaps twice."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        if response.status_code < 500:
            return response
        response.close()
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


def test_a_transport_of_ones_own_is_recorded_and_replayed(tape: Path) -> None:
    transport = OwnTransport()
    with use_cassette(tape, "once"), httpx.Client(transport=transport) as client:
        assert client.get(URL).text == "own 1"
    with use_cassette(tape), httpx.Client(transport=transport) as client:
        assert client.get(URL).text == "own 1"
    assert transport.asked == 1


def test_a_mounted_transport_is_recorded_and_replayed(tape: Path) -> None:
    transport = OwnTransport()
    for mode in ("once", "none"):
        with use_cassette(tape, mode), httpx.Client(mounts={"https://api.example.com": transport}) as client:
            assert client.get(URL).text == "own 1"
    assert transport.asked == 1


def test_a_wrapping_transport_sees_each_attempt(server: Server, tape: Path) -> None:
    server.replies["/v1"] = lambda request: reply(
        b"ok" if len(server.requests) > 1 else b"no", status="200 OK" if len(server.requests) > 1 else "503 Busy"
    )
    for mode in ("once", "none"):
        with use_cassette(tape, mode), httpx.Client(transport=Wrapping(httpx.HTTPTransport())) as client:
            assert client.get(server.url + "/v1").text == "ok"
    assert [item.response.status for item in read_file(str(tape)).interactions] == [503, 200]
    assert len(server.requests) == 2


@pytest.mark.parametrize("module", [httpx, httpx2])
def test_mock_transports_are_recorded_and_replayed(module: Any, tape: Path) -> None:
    asked: list[Any] = []

    def handler(request: Any) -> Any:
        asked.append(request)
        return module.Response(200, text="mocked")

    for mode in ("once", "none"):
        with use_cassette(tape, mode), module.Client(transport=module.MockTransport(handler)) as client:
            assert client.get(URL).text == "mocked"
    assert len(asked) == 1


def test_an_application_is_recorded_once_and_what_it_asks_in_turn_is_part_of_that(server: Server, tape: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        text = await get_async(server.url + "/v1")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": text.encode()})

    async def ask() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
            return (await client.get("/")).text

    for mode in ("once", "none"):
        with use_cassette(tape, mode) as cassette:
            assert asyncio.run(ask()) == "hello"
    assert cassette.all_played
    assert len(cassette) == 1


def test_an_ignored_application_runs_and_what_it_asks_is_recorded(server: Server, tape: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        text = await get_async(server.url + "/v1")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text.encode()})

    async def ask() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
            return (await client.get("/")).text

    for mode in ("once", "none"):
        with use_cassette(tape, mode, ignore_hosts=["app"]) as cassette:
            assert asyncio.run(ask()) == "hello"
    assert [item.request.uri for item in cassette.interactions] == [server.url + "/v1"]


def test_redirects_and_cookies_work_on_replay(server: Server, tape: Path) -> None:
    server.replies["/a"] = reply(status="302 Found", headers={"location": "/b", "set-cookie": "seen=1"})
    server.replies["/b"] = lambda request: reply(request.headers.get("cookie", "none"))
    for mode in ("once", "none"):
        with use_cassette(tape, mode), httpx.Client(follow_redirects=True) as client:
            response = client.get(server.url + "/a")
            assert [item.status_code for item in response.history] == [302]
            assert response.text == "seen=1"
    assert len(server.requests) == 2


# -- others who replace the same methods


def test_plain_vcr_inside_and_outside(server: Server, tmp_path: Path) -> None:
    path = tape_of(tmp_path / "tape.yaml", "taped", server.url + "/x")
    with use_cassette(path), vcr.use_cassette(str(tmp_path / "vcr.yaml"), record_mode="once"):
        assert httpx.get(server.url + "/x").text == "hello"
    with vcr.use_cassette(str(tmp_path / "vcr2.yaml"), record_mode="once"):
        with use_cassette(path):
            assert httpx.get(server.url + "/x").text == "taped"
        assert httpx.get(server.url + "/x").text == "hello"
    assert httpx.get(server.url + "/x").text == "hello"


@pytest.mark.parametrize("ours_first", [True, False])
def test_undoing_in_the_wrong_order_leaves_nothing_behind(server: Server, tmp_path: Path, ours_first: bool) -> None:
    before = httpx.HTTPTransport.__dict__["handle_request"]
    path = tape_of(tmp_path / "tape.yaml", "taped", server.url + "/x")
    ours = use_cassette(path, allow_playback_repeats=True)
    theirs = vcr.use_cassette(str(tmp_path / "vcr.yaml"), record_mode="all")
    first, second = (ours, theirs) if ours_first else (theirs, ours)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    if not ours_first:
        assert httpx.get(server.url + "/x").text == "taped"  # VCR.py put back what was there before us; we notice
    second.__exit__(None, None, None)
    assert httpx.get(server.url + "/x").text == "hello"
    with use_cassette(path):
        assert httpx.get(server.url + "/x").text == "taped"
    if not ours_first:
        assert httpx.HTTPTransport.__dict__["handle_request"] is before
    httpx.HTTPTransport.handle_request = before


def test_a_mock_of_the_same_method_wins_while_it_is_there(tmp_path: Path) -> None:
    def mocked(self: Any, request: Any) -> httpx.Response:
        return httpx.Response(200, text="mocked")

    with use_cassette(tape_of(tmp_path / "tape.yaml", "taped")):
        with mock.patch.object(httpx.HTTPTransport, "handle_request", mocked):
            assert httpx.get(URL).text == "mocked"
        assert httpx.get(URL).text == "taped"
