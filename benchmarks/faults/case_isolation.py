"""Cassettes side by side and within each other, in tasks and threads: each request meets its own."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _kit import Received, Server, Tool, case, look, raises, whole


def echo(received: Received) -> list[Any]:
    return whole(b'"%s"' % received.path.encode())


def recorded(tool: Tool, folder: Path, server: Server, names: str) -> dict[str, Path]:
    files = {name: folder / f"{name}.yaml" for name in names}
    for name, file in files.items():
        with tool.record(file):
            look(f"{server.url}/{name}")
    return files


async def get(url: str, client: Any = None) -> bytes:
    import httpx

    if client is not None:
        return (await client.get(url)).content
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await client.get(url)).content


@case("isolation", "fifty tasks with a cassette each, recording")
def fifty_tasks(tool: Tool, folder: Path) -> None:
    async def one(server: Server, number: int) -> None:
        with tool.record(folder / f"{number}.yaml"):
            await asyncio.sleep(0.001 * (number % 7))
            assert await get(f"{server.url}/{number}") == b'"/%d"' % number
            await asyncio.sleep(0.001 * (number % 5))

    async def main(server: Server) -> None:
        await asyncio.gather(*(one(server, number) for number in range(50)))

    with Server(echo) as server:
        asyncio.run(main(server))
        asked = len(server.received)
        for number in range(50):
            text = (folder / f"{number}.yaml").read_text()
            assert f"/{number}" in text and text.count("method:") == 1, f"cassette {number} holds something else"
        assert asked == 50


@case("isolation", "fifty tasks with a cassette each, replaying")
def fifty_replays(tool: Tool, folder: Path) -> None:
    async def one(server: Server, number: int) -> bytes:
        with tool.replay(folder / f"{number}.yaml"):
            await asyncio.sleep(0.001 * (number % 7))
            return await get(server.url + "/same")

    async def main(server: Server) -> list[bytes]:
        return await asyncio.gather(*(one(server, number) for number in range(50)))

    answers = iter(range(50))
    with Server(lambda received: whole(b'"%d"' % next(answers))) as server:
        for number in range(50):
            with tool.record(folder / f"{number}.yaml"):
                look(server.url + "/same", method="GET")
        asked = len(server.received)
        assert asyncio.run(main(server)) == [b'"%d"' % number for number in range(50)]
        assert len(server.received) == asked, "the network was asked"


@case("isolation", "ten threads with a cassette each")
def threads(tool: Tool, folder: Path) -> None:
    def one(number: int) -> bytes:
        with tool.record(folder / f"{number}.yaml"):
            return look(f"{server.url}/{number}").body

    with Server(echo) as server, ThreadPoolExecutor(10) as pool:
        assert list(pool.map(one, range(10))) == [b'"/%d"' % number for number in range(10)]
    for number in range(10):
        text = (folder / f"{number}.yaml").read_text()
        assert f"/{number}" in text and text.count("method:") == 1


@case("isolation", "a thread started within a cassette")
def thread_within(tool: Tool, folder: Path) -> None:
    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        asked = len(server.received)
        bodies: list[bytes] = []
        with tool.replay(files["a"]):
            thread = threading.Thread(target=lambda: bodies.append(look(server.url + "/a").body))
            thread.start()
            thread.join()
        assert bodies == [b'"/a"'] and len(server.received) == asked, "the thread left the cassette"


@case("isolation", "asyncio.to_thread within a cassette")
def to_thread(tool: Tool, folder: Path) -> None:
    async def main() -> bytes:
        with tool.replay(files["a"]):
            return (await asyncio.to_thread(look, server.url + "/a")).body

    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        asked = len(server.received)
        assert asyncio.run(main()) == b'"/a"' and len(server.received) == asked


@case("isolation", "a thread pool within a cassette")
def pool_within(tool: Tool, folder: Path) -> None:
    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        asked = len(server.received)
        with tool.replay(files["a"]), ThreadPoolExecutor(1) as pool:
            assert pool.submit(look, server.url + "/a").result().body == b'"/a"'
        assert len(server.received) == asked


@case("isolation", "tasks started within a cassette")
def tasks_within(tool: Tool, folder: Path) -> None:
    async def main() -> list[bytes]:
        with tool.record(folder / "one.yaml"):
            return await asyncio.gather(*(get(f"{server.url}/{number}") for number in range(10)))

    async def again() -> list[bytes]:
        with tool.replay(folder / "one.yaml"):
            return await asyncio.gather(*(get(f"{server.url}/{number}") for number in reversed(range(10))))

    with Server(echo) as server:
        first = asyncio.run(main())
        asked = len(server.received)
        assert asyncio.run(again()) == first[::-1] and len(server.received) == asked


@case("isolation", "a sync client within async code")
def sync_in_async(tool: Tool, folder: Path) -> None:
    async def main() -> bytes:
        with tool.replay(files["a"]):
            return look(server.url + "/a").body

    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        asked = len(server.received)
        assert asyncio.run(main()) == b'"/a"' and len(server.received) == asked


@case("isolation", "a cassette within a cassette")
def nested(tool: Tool, folder: Path) -> None:
    with Server(echo) as server:
        with tool.record(folder / "outer.yaml"):
            look(server.url + "/before")
            with tool.record(folder / "inner.yaml"):
                look(server.url + "/inner")
            look(server.url + "/after")
    outer, inner = (folder / "outer.yaml").read_text(), (folder / "inner.yaml").read_text()
    assert "/inner" in inner and "/before" not in inner and "/after" not in inner
    assert "/before" in outer and "/after" in outer and "/inner" not in outer


@case("isolation", "two cassettes closed in the wrong order")
def crossed(tool: Tool, folder: Path) -> None:
    with Server(echo) as server:
        files = recorded(tool, folder, server, "ab")
        asked = len(server.received)
        one, two = tool.replay(files["a"]), tool.replay(files["b"])
        one.__enter__()
        two.__enter__()
        one.__exit__(None, None, None)
        two.__exit__(None, None, None)
        assert look(server.url + "/c").body == b'"/c"', "a cassette stays open"
        assert len(server.received) == asked + 1


@case("isolation", "after a cassette the network is there again")
def after(tool: Tool, folder: Path) -> None:
    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        with tool.replay(files["a"]):
            look(server.url + "/a")
        assert look(server.url + "/other").body == b'"/other"'


@case("isolation", "after an exception the network is there again")
def after_exception(tool: Tool, folder: Path) -> None:
    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        try:
            with tool.replay(files["a"]):
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert look(server.url + "/other").body == b'"/other"'


def made_before(library: str) -> None:
    @case("isolation", f"a client made before the cassette opens ({library})")
    def run(tool: Tool, folder: Path) -> None:
        import importlib

        module = importlib.import_module(library)
        with Server(echo) as server, module.Client(trust_env=False) as client:
            files = recorded(tool, folder, server, "a")
            asked = len(server.received)
            with tool.replay(files["a"]):
                assert client.post(server.url + "/a").content == b'"/a"'
            assert len(server.received) == asked

    assert run


made_before("httpx")
made_before("httpx2")


@case("isolation", "a client with its own transport")
def own_transport(tool: Tool, folder: Path) -> None:
    import httpx

    class Wrapping(httpx.BaseTransport):
        def __init__(self) -> None:
            self.inner = httpx.HTTPTransport()

        def handle_request(self, request: Any) -> Any:
            return self.inner.handle_request(request)

    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        asked = len(server.received)
        with tool.replay(files["a"]), httpx.Client(transport=Wrapping()) as client:
            assert client.post(server.url + "/a").content == b'"/a"'
        assert len(server.received) == asked


@case("isolation", "a mounted transport")
def mounted(tool: Tool, folder: Path) -> None:
    import httpx

    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        asked = len(server.received)
        with tool.replay(files["a"]), httpx.Client(mounts={"http://": httpx.HTTPTransport(retries=1)}) as client:
            assert client.post(server.url + "/a").content == b'"/a"'
        assert len(server.received) == asked


@case("isolation", "a task that outlives its cassette")
def outlives(tool: Tool, folder: Path) -> None:
    async def main() -> bytes:
        with tool.record(folder / "one.yaml"):
            task = asyncio.create_task(late())
            await asyncio.sleep(0.01)
        return await task

    async def late() -> bytes:
        await asyncio.sleep(0.1)
        return await get(server.url + "/late")

    with Server(echo) as server:
        assert asyncio.run(main()) == b'"/late"'
        file = folder / "one.yaml"
        assert not file.exists() or "/late" not in file.read_text()


@case("isolation", "as a decorator of a coroutine, twice at once")
def decorated(tool: Tool, folder: Path) -> None:
    async def main() -> list[bytes]:
        async def one(name: str) -> bytes:
            with tool.record(folder / f"{name}.yaml"):
                await asyncio.sleep(0.01)
                body = await get(f"{server.url}/{name}")
                await asyncio.sleep(0.01)
                return body

        return await asyncio.gather(one("x"), one("y"), one("x2"))

    with Server(echo) as server:
        assert asyncio.run(main()) == [b'"/x"', b'"/y"', b'"/x2"']
    for name in ("x", "y", "x2"):
        assert (folder / f"{name}.yaml").read_text().count("method:") == 1


@case("isolation", "a request that no recording fits never meets the network")
def unmatched(tool: Tool, folder: Path) -> None:
    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        asked = len(server.received)
        with raises("a request without a recording"):
            with tool.replay(files["a"]):
                look(server.url + "/b")
        assert len(server.received) == asked


@case("isolation", "an unmatched request is not retried by an SDK")
def sdk(tool: Tool, folder: Path) -> None:
    import time

    import openai

    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        client = openai.OpenAI(base_url=server.url, api_key="x", max_retries=5)  # ten seconds and more, if it does
        start = time.perf_counter()
        with raises("a request without a recording"):
            with tool.replay(files["a"]):
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        assert time.perf_counter() - start < 5, "it was retried"


@case("isolation", "an unmatched request that is swallowed fails the block")
def swallowed(tool: Tool, folder: Path) -> None:
    async def main() -> None:
        with tool.replay(files["a"]):
            await asyncio.gather(get(server.url + "/b"), return_exceptions=True)

    with Server(echo) as server:
        files = recorded(tool, folder, server, "a")
        asked = len(server.received)
        with raises("a swallowed mismatch"):
            asyncio.run(main())
        assert len(server.received) == asked
