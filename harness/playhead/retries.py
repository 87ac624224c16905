"""Requests that are tried again: an httpx transport around another one, by the rules of tenacity (the extra `retries`).

`AsyncClient(transport=AsyncTenacityTransport(config, validate_response=...))` goes to a model or a provider as its
`http_client`. What counts as failed is raised by the transport below or by `validate_response`, which mostly is
`lambda response: response.raise_for_status()`. Times come from the loop, so a virtual clock makes them jump.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypedDict, cast

import httpx

from playhead import clock
from playhead.exceptions import UserError

try:
    from tenacity import AsyncRetrying, RetryCallState, RetryError, Retrying, wait_exponential
except ImportError as _error:
    raise UserError(
        "playhead.retries needs tenacity, which is not installed. Install it: pip install 'playhead[retries]'"
    ) from _error

if TYPE_CHECKING:
    from tenacity.retry import RetryBaseT
    from tenacity.stop import StopBaseT
    from tenacity.wait import WaitBaseT

__all__ = ["AsyncTenacityTransport", "RetryConfig", "TenacityTransport", "wait_retry_after"]


class RetryConfig(TypedDict, total=False):
    """What tenacity's `retry(...)` takes: when to try again, how long to wait (seconds), and when to stop."""

    sleep: Callable[[int | float], Awaitable[None] | None]
    stop: StopBaseT
    wait: WaitBaseT
    retry: RetryBaseT
    before: Callable[[RetryCallState], Awaitable[None] | None]
    after: Callable[[RetryCallState], Awaitable[None] | None]
    before_sleep: Callable[[RetryCallState], Awaitable[None] | None] | None
    reraise: bool
    """Raise the last failure itself, not tenacity's `RetryError`."""
    retry_error_cls: type[RetryError]
    retry_error_callback: Callable[[RetryCallState], Any | Awaitable[Any]] | None


class TenacityTransport(httpx.BaseTransport):
    """Tries requests again, for `httpx.Client`. `wrapped` sends them; without it, httpx's own transport does."""

    def __init__(
        self,
        config: RetryConfig,
        wrapped: httpx.BaseTransport | None = None,
        validate_response: Callable[[httpx.Response], Any] | None = None,
    ) -> None:
        self.config = config
        self.wrapped = wrapped or httpx.HTTPTransport()
        self.validate_response = validate_response

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The first response that counts. Raises what the config says where none does."""
        return Retrying(**cast("Any", self.config))(self._once, request)

    def _once(self, request: httpx.Request) -> httpx.Response:
        response = self.wrapped.handle_request(request)
        try:
            _judge(self.validate_response, request, response)
        except BaseException:
            response.close()  # or its connection is lost to the next try
            raise
        return response

    def __enter__(self) -> TenacityTransport:
        self.wrapped.__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        self.wrapped.__exit__(*args)

    def close(self) -> None:
        """Close the transport below."""
        self.wrapped.close()


class AsyncTenacityTransport(httpx.AsyncBaseTransport):
    """Tries requests again, for `httpx.AsyncClient`. `wrapped` sends them; without it, httpx's own transport does."""

    def __init__(
        self,
        config: RetryConfig,
        wrapped: httpx.AsyncBaseTransport | None = None,
        validate_response: Callable[[httpx.Response], Any] | None = None,
    ) -> None:
        self.config = config
        self.wrapped = wrapped or httpx.AsyncHTTPTransport()
        self.validate_response = validate_response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The first response that counts. Raises what the config says where none does."""
        return await AsyncRetrying(**cast("Any", self.config))(self._once, request)

    async def _once(self, request: httpx.Request) -> httpx.Response:
        response = await self.wrapped.handle_async_request(request)
        try:
            _judge(self.validate_response, request, response)
        except BaseException:
            await response.aclose()
            raise
        return response

    async def __aenter__(self) -> AsyncTenacityTransport:
        await self.wrapped.__aenter__()
        return self

    async def __aexit__(self, *args: Any) -> None:
        await self.wrapped.__aexit__(*args)

    async def aclose(self) -> None:
        """Close the transport below."""
        await self.wrapped.aclose()


def wait_retry_after(
    fallback_strategy: Callable[[RetryCallState], float] | None = None, max_wait: float = 300
) -> Callable[[RetryCallState], float]:
    """A `wait` for tenacity: as long as the response's `Retry-After` says, in seconds or as a date, and `max_wait` at most.

    Where it says nothing that lies ahead, `fallback_strategy` decides; without one, each wait is twice the one before, up
    to a minute.
    """
    otherwise = fallback_strategy or wait_exponential(multiplier=1, max=60)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = _asked_wait(error.response) if isinstance(error, httpx.HTTPStatusError) else None
        return float(otherwise(state)) if asked is None else min(asked, max_wait)

    return wait


def _judge(validate: Callable[[httpx.Response], Any] | None, request: httpx.Request, response: httpx.Response) -> None:
    response.request = request  # without it `raise_for_status` refuses to judge
    if validate is not None:
        validate(response)


def _asked_wait(response: httpx.Response) -> float | None:
    """Seconds until a new try is welcome (RFC 9110, 10.2.3); None where the header does not say."""
    given = response.headers.get("retry-after", "").strip()
    if given.isdecimal():
        return float(given)
    try:
        when = parsedate_to_datetime(given)
    except (TypeError, ValueError):
        return None
    seconds = (when.replace(tzinfo=when.tzinfo or UTC) - clock.now()).total_seconds()
    return seconds if seconds > 0 else None
