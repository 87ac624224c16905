"""A reverse proxy with a cassette in it: clients in any language record, or replay, by changing their base URL.

Each request goes on to `upstream` through httpx, and each chunk of the answer to the client at once; the cassette sits
between them, where it sits under any client. So what is kept is chunk-true, scrubbed, and replays in Python as well.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Any

import httpx

from playhead.cassette import UseCassette, use_cassette
from playhead.exceptions import PlayheadError, UnmatchedRequest
from playhead.server._core import ConnectionCut, ServerReply, ServerRequest

__all__ = ["Proxy"]

# https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.1, and what httpx writes itself.
_HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_SECONDS = 600.0


class Proxy:
    """Passes requests on to `upstream` and keeps what comes back in the cassette at `path`.

    `upstream` is scheme and host, with a path before that of the requests where there is one. `record_mode` and `options`
    are those of `use_cassette`; with `none` nothing is sent, and recordings are replayed. Use it as `async with`: on
    leaving, the cassette is saved.
    `on_exchange` is told of each exchange when its headers are there: method, path, status.
    """

    def __init__(
        self,
        upstream: str,
        path: str | os.PathLike[str],
        *,
        record_mode: str = "new_episodes",
        transport: httpx.AsyncBaseTransport | None = None,
        on_exchange: Callable[[str, str, int], None] | None = None,
        **options: Any,
    ) -> None:
        self.upstream = upstream.rstrip("/")
        self._opening: UseCassette = use_cassette(path, record_mode, on_unplayed="ignore", **options)
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._told = on_exchange
        self.records = record_mode != "none"
        self.count = 0

    async def __aenter__(self) -> Proxy:
        await self._opening.__aenter__()
        self._client = httpx.AsyncClient(
            transport=self._transport,
            timeout=_SECONDS,
            limits=httpx.Limits(max_connections=None),
            follow_redirects=False,
            trust_env=True,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._client is not None
        await self._client.aclose()
        try:
            await self._opening.__aexit__(kind, error, trace)
        except UnmatchedRequest:
            pass  # the client that asked was told

    async def handle(self, request: ServerRequest) -> ServerReply:
        """The upstream's reply, or the recorded one. An upstream that cannot be reached is a 502, or a 504."""
        assert self._client is not None, "use the proxy as `async with`"
        headers = {name: value for name, value in request.headers.items() if _goes_on(name)}
        # Without it httpx would ask for what it can decode itself, which the client perhaps cannot.
        headers.setdefault("accept-encoding", "identity")
        asked = self._client.build_request(
            request.method, self.upstream + request.target, headers=headers, content=request.body
        )
        try:
            response = await self._client.send(asked, stream=True)
        except httpx.TimeoutException as error:
            return self._failure(request, 504, f"{self.upstream} did not answer in time: {error!r}")
        except httpx.HTTPError as error:
            return self._failure(request, 502, f"{self.upstream} could not be asked: {error!r}")
        except (PlayheadError, UnmatchedRequest) as error:
            return self._failure(request, 500, str(error))
        self.count += 1
        self._tell(request, response.status_code)
        kept = {name: value for name, value in response.headers.items() if _goes_on(name) and name != "set-cookie"}
        return ServerReply(response.status_code, kept, self._body(response))

    async def _body(self, response: httpx.Response) -> AsyncGenerator[bytes]:
        try:
            async for chunk in response.aiter_raw():
                yield chunk
        except httpx.HTTPError:
            # The client sees what the proxy saw: a body without its end.
            raise ConnectionCut from None
        finally:
            await response.aclose()

    def _failure(self, request: ServerRequest, status: int, message: str) -> ServerReply:
        import json

        self._tell(request, status)
        body = json.dumps({"error": {"message": message, "type": "playhead_proxy_error"}}).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "x-should-retry": "false",
        }
        return ServerReply(status, headers, _once(body))

    def _tell(self, request: ServerRequest, status: int) -> None:
        if self._told is not None:
            self._told(request.method, request.target.partition("?")[0], status)


def _goes_on(name: str) -> bool:
    return name not in _HOP_BY_HOP and name not in ("host", "content-length")


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body
