"""HTTP clients for programs that make their own: `http_client=` of models and providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import deprecated

from playhead._version import __version__

if TYPE_CHECKING:
    import httpx

__all__ = [
    "CONNECT_TIMEOUT_S",
    "DEFAULT_HTTP_TIMEOUT",
    "cached_async_http_client",
    "create_async_http_client",
    "get_user_agent",
]

DEFAULT_HTTP_TIMEOUT = 600
"""Seconds that a provider may take for an answer."""
CONNECT_TIMEOUT_S = 5


def get_user_agent() -> str:
    """How requests of this library call themselves: `playhead/1.0`."""
    return f"playhead/{__version__}"


def create_async_http_client(
    *, timeout: int = DEFAULT_HTTP_TIMEOUT, connect: int = CONNECT_TIMEOUT_S
) -> httpx.AsyncClient:
    """A new client with the time limits (in seconds) that suit models. Who makes it, closes it."""
    import httpx

    client = httpx.AsyncClient(timeout=httpx.Timeout(timeout, connect=connect))
    client.headers["user-agent"] = get_user_agent()
    return client


@deprecated("`cached_async_http_client` is deprecated: its name is `create_async_http_client` now")
def cached_async_http_client(
    *, provider: str | None = None, timeout: int = DEFAULT_HTTP_TIMEOUT, connect: int = CONNECT_TIMEOUT_S
) -> httpx.AsyncClient:
    """The older name of `create_async_http_client`. Nothing is kept: each call makes a client; `provider` means nothing."""
    return create_async_http_client(timeout=timeout, connect=connect)
