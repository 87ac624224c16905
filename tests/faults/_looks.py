"""What a client sees of an exchange, in every respect: without a recorder, while recording, and on replay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

import playhead
from tests.cassette._server import Server

Kind = tuple[Any, bool]
KINDS: dict[str, Kind] = {
    "httpx-sync": (httpx, False),
    "httpx-async": (httpx, True),
    "httpx2-sync": (httpx2, False),
    "httpx2-async": (httpx2, True),
}
OF_THE_WIRE = ("content-length", "transfer-encoding", "content-encoding")


def spread(cases: dict[str, Any], *, slow: Collection[str] = ()) -> list[Any]:
    """Each case with one kind of client, in turns; with the others it is slow, and those named are with all."""
    names = list(KINDS)
    return [
        pytest.param(
            case,
            KINDS[name],
            id=f"{title}-{name}",
            marks=[] if index == number % 4 and title not in slow else pytest.mark.slow,
        )
        for number, (title, case) in enumerate(cases.items())
        for index, name in enumerate(names)
    ]


def look(
    kind: Kind,
    url: str,
    *,
    how: str = "bytes",
    method: str = "POST",
    stop_after: int | None = None,
    client: dict[str, Any] | None = None,
    **request: Any,
) -> dict[str, Any]:
    """Everything that a client of this kind can tell about one exchange; values that are functions are called first."""
    module, is_async = kind
    seen: dict[str, Any] = {"pieces": [], "body": b""}
    # Nothing is encrypted here, and reading certificates takes longer than most cases.
    settings: dict[str, Any] = {"timeout": 50.0, "trust_env": False, "verify": False, **(client or {})}
    request = {name: value() if callable(value) else value for name, value in request.items()}

    def note(response: Any) -> None:
        seen["response"] = response
        seen["status"], seen["reason"], seen["version"] = (
            response.status_code,
            response.reason_phrase,
            response.http_version,
        )
        seen["headers"] = [pair for pair in sorted(response.headers.multi_items()) if pair[0] not in OF_THE_WIRE]
        seen["encoding"], seen["path"], seen["hops"] = response.encoding, response.url.path, len(response.history)
        seen["redirect"] = response.has_redirect_location, response.next_request is not None

    def add(piece: Any) -> bool:
        seen["pieces"].append(len(piece))
        seen["body"] += piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece
        return stop_after is not None and len(seen["pieces"]) >= stop_after

    def blocking() -> None:
        with module.Client(**settings) as opened, opened.stream(method, url, **request) as response:
            note(response)
            for piece in getattr(response, f"iter_{how}")():
                if add(piece):
                    break
            seen["closed"] = response.is_closed, response.is_stream_consumed

    async def waiting() -> None:
        async with module.AsyncClient(**settings) as opened, opened.stream(method, url, **request) as response:
            note(response)
            async for piece in getattr(response, f"aiter_{how}")():
                if add(piece):
                    break
            seen["closed"] = response.is_closed, response.is_stream_consumed

    try:
        if is_async:
            asyncio.run(waiting())
        else:
            blocking()
    except Exception as error:
        seen["error"] = type(error).__name__, str(error)
    response = seen.pop("response", None)
    if response is not None:
        seen["closed at last"] = response.is_closed, response.is_stream_consumed, response.elapsed is not None
    return seen


def three_times(tape: Path, server: Server, once: Callable[[], Any], **options: Any) -> tuple[Any, Any, Any]:
    """What `once` gives without a recorder, while it is recorded, and on replay, which asks no server."""
    bare = once()
    with playhead.use_cassette(tape, "once", **options):
        recorded = once()
    asked = len(server.requests)
    with playhead.use_cassette(tape, "none", **options):
        replayed = once()
    assert len(server.requests) == asked, "the network was asked"
    return bare, recorded, replayed
