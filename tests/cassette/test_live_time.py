"""Recording under virtual time: what a live server takes is real time, everything else still jumps."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest

from playhead import use_cassette
from playhead.virtual import real_wait, virtual_time

DELAY = 0.15  # three times the patience that virtual time has with sockets


class _Slow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(DELAY)
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"ab")
        self.wfile.flush()
        time.sleep(DELAY)
        self.wfile.write(b"cd")

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def slow() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


async def _with_httpx(url: str) -> bytes:
    async with httpx.AsyncClient() as client, client.stream("GET", url) as response:
        return b"".join([chunk async for chunk in response.aiter_raw()])


async def _with_httpx2(url: str) -> bytes:
    async with httpx2.AsyncClient() as client, client.stream("GET", url) as response:
        return b"".join([chunk async for chunk in response.aiter_raw()])


async def _with_aiohttp(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()


@pytest.mark.parametrize("get", [_with_httpx, _with_httpx2, _with_aiohttp])
def test_a_timeout_does_not_fire_while_a_live_server_takes_its_time(
    get: Callable[[str], Coroutine[Any, Any, bytes]], slow: str, tmp_path: Path
) -> None:
    async def main() -> bytes:
        async with asyncio.timeout(30):
            return await get(slow)

    with virtual_time() as virtual, use_cassette(tmp_path / "a.yaml", record_mode="once"):
        assert asyncio.run(main()) == b"abcd"
    assert virtual.elapsed > DELAY
    with virtual_time(), use_cassette(tmp_path / "a.yaml"):
        assert asyncio.run(main()) == b"abcd"


def test_a_stream_that_is_open_but_not_read_does_not_hold_time_up(slow: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with httpx.AsyncClient() as client, client.stream("GET", slow) as response:
            async for _ in response.aiter_raw():
                await asyncio.sleep(3600)

    with virtual_time() as virtual, use_cassette(tmp_path / "a.yaml", record_mode="once"):
        asyncio.run(main())
    assert virtual.elapsed >= 3600


def test_a_real_wait_without_virtual_time_is_nothing() -> None:
    with real_wait():
        pass

    async def main() -> None:
        with real_wait():
            await asyncio.sleep(0)

    asyncio.run(main())
