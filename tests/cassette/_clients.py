"""The four kinds of client that are recorded chunk for chunk, behind one blocking function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest

Kind = tuple[Any, bool]

KINDS = [
    pytest.param((httpx, False), id="httpx-sync"),
    pytest.param((httpx, True), id="httpx-async"),
    pytest.param((httpx2, False), id="httpx2-sync"),
    pytest.param((httpx2, True), id="httpx2-async"),
]


def fetch(
    kind: Kind,
    url: str,
    *,
    method: str = "POST",
    stop_after: int | None = None,
    seen: Callable[[bytes], None] | None = None,
    timeout: float = 50.0,
    raw: bool = True,
    transport: Any = None,
    **request: Any,
) -> tuple[list[bytes], BaseException | None]:
    """The chunks that a client of this kind gets, and the error it ends with, if any."""
    module, is_async = kind
    chunks: list[bytes] = []
    if not request and method == "POST":
        request = {"json": {"stream": True}}

    def keep(chunk: bytes) -> bool:
        chunks.append(chunk)
        if seen is not None:
            seen(chunk)
        return stop_after is not None and len(chunks) >= stop_after

    def blocking() -> None:
        with module.Client(timeout=timeout, transport=transport) as client:
            with client.stream(method, url, **request) as response:
                for chunk in response.iter_raw() if raw else response.iter_bytes():
                    if keep(chunk):
                        break

    async def waiting() -> None:
        async with module.AsyncClient(timeout=timeout, transport=transport) as client:
            async with client.stream(method, url, **request) as response:
                async for chunk in response.aiter_raw() if raw else response.aiter_bytes():
                    if keep(chunk):
                        break

    try:
        if is_async:
            asyncio.run(waiting())
        else:
            blocking()
    except Exception as error:
        return chunks, error
    return chunks, None
