"""Where a request leaves an httpx client: played from the open cassette, or sent and recorded on the way.

One row per transport class that does the sending (`HTTPTransport` and its kin, in httpx and httpx2): while a cassette
is open, its method is replaced by one that asks for the cassette. Every client that exists or comes into being is
captured so, also one whose transport wraps or subclasses these. A transport of one's own does its sending itself; it is
wrapped when a client asks for it (`_transport_for_url`), and left alone by VCR.py's rules.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, cast

from playhead.cassette import _vcr
from playhead.cassette._cassette import Cassette
from playhead.cassette._current import BELOW, Tapes
from playhead.cassette._patch import Patch
from playhead.cassette._playback import async_response, sync_response
from playhead.cassette._proxies import proxies_patch
from playhead.cassette._recording import Taking, async_tee, end_of, http_version_of, sync_tee
from playhead.exceptions import UnmatchedRequest
from playhead.virtual import real_wait

__all__ = ["TAPES", "current_cassette", "httpx_patches"]

TAPES: Tapes[Cassette] = Tapes()
"""The open cassettes."""


def current_cassette() -> Cassette | None:
    """The cassette that a request sent now belongs to. Raises `UnmatchedRequest` where nobody can know."""
    try:
        return TAPES.find()
    except LookupError as error:
        raise UnmatchedRequest(
            f"{error.args[0]} cassettes are open, and this thread belongs to none of them.",
            "Start the thread with the context of the test: contextvars.copy_context().run(...), or asyncio.to_thread(...).",
        ) from None


# -- one request ----------------------------------------------------------------------------------------------------


def _handle(module: ModuleType, send: Callable[[Any], Any], request: Any, cassette: Cassette) -> Any:
    if hasattr(request, "_content"):
        return _exchange(module, send, request, cassette, request.content)
    given = request.stream
    body = request.read()
    try:
        return _exchange(module, send, request, cassette, body)
    finally:
        _give_back(request, given)


def _exchange(module: ModuleType, send: Callable[[Any], Any], request: Any, cassette: Cassette, body: bytes) -> Any:
    sent = cassette.request_of(_vcr.sent_from_httpx(request, body))
    if sent is None or module.__name__ in cassette.skipped:
        return send(request)
    item = cassette.answer(sent)
    if item is not None:
        return sync_response(module, cassette.played(item), cassette.playback)
    taking = cassette.take(sent)
    token = BELOW.set(True)
    try:
        response = send(request)
    except BaseException as error:
        _failed(module, taking, error)
        raise
    finally:
        BELOW.reset(token)
    if not _begun(module, taking, response):
        response.stream = sync_tee(module, response.stream, taking)
    return response


async def _handle_async(
    module: ModuleType, send: Callable[[Any], Awaitable[Any]], request: Any, cassette: Cassette
) -> Any:
    if hasattr(request, "_content"):
        return await _exchange_async(module, send, request, cassette, request.content)
    given = request.stream
    body = await request.aread()
    try:
        return await _exchange_async(module, send, request, cassette, body)
    finally:
        _give_back(request, given)


async def _exchange_async(
    module: ModuleType, send: Callable[[Any], Awaitable[Any]], request: Any, cassette: Cassette, body: bytes
) -> Any:
    sent = cassette.request_of(_vcr.sent_from_httpx(request, body))
    if sent is None or module.__name__ in cassette.skipped:
        return await send(request)
    item = cassette.answer(sent)
    if item is not None:
        return await async_response(module, cassette.played(item), cassette.playback)
    taking = cassette.take(sent)
    token = BELOW.set(True)
    try:
        with real_wait():
            response = await send(request)
    except BaseException as error:
        _failed(module, taking, error)
        raise
    finally:
        BELOW.reset(token)
    if not _begun(module, taking, response):
        response.stream = async_tee(module, response.stream, taking)
    return response


def _give_back(request: Any, stream: Any) -> None:
    """A streamed body that was read for the recording is again what the client made of it: a redirect that would find
    it spent without a recorder finds it spent."""
    request.stream = stream
    del request._content


def _failed(module: ModuleType, taking: Taking, error: BaseException) -> None:
    """Nothing came back. A mismatch of another cassette on the way is no recording."""
    end = end_of(module, error)
    if isinstance(error, UnmatchedRequest):
        taking.interrupted = True
    taking.finish("failed" if end in ("timeout", "disconnected") else "cancelled", error)


def _begun(module: ModuleType, taking: Taking, response: Any) -> bool:
    """Notes status and headers. True where the body is there already, so that nobody will read its stream."""
    taking.status = response.status_code
    taking.reason = response.reason_phrase
    taking.headers = _vcr.headers_of(response.headers)
    if response.headers.encoding == "iso-8859-1":
        taking.header_encoding = "latin-1"
    taking.http_version = http_version_of(response)
    taking.codings = _codings(module)
    if not hasattr(response, "_content"):
        return False
    # A response made with content= (by MockTransport's handlers) is not coded any more, whatever its headers say.
    if response.content:
        taking.chunks.append(response.content)
        taking.at.append(taking.started)
    taking.whole_body = True
    taking.finish("complete")
    return True


def _codings(module: ModuleType) -> frozenset[str] | None:
    """What this module decodes here and now: Brotli and Zstandard depend on what is installed."""
    decoders: Any = getattr(getattr(module, "_decoders", None), "SUPPORTED_DECODERS", None)
    return None if decoders is None else frozenset(decoders)


# -- the classes that send --------------------------------------------------------------------------------------------

_SYNC_SENDERS = ("HTTPTransport", "WSGITransport", "MockTransport")
_ASYNC_SENDERS = ("AsyncHTTPTransport", "ASGITransport", "MockTransport")


def httpx_patches() -> list[Patch]:
    """What to replace in the httpx modules that are imported."""
    patches: list[Patch] = []
    for name in ("httpx", "httpx2"):
        try:
            module = importlib.import_module(name)  # VCR.py has done so already, from its version 9 on
        except ImportError:
            continue
        known: list[type] = []
        senders: list[Patch] = []
        for sender in _SYNC_SENDERS:
            cls = getattr(module, sender, None)
            if cls is not None:
                known.append(cls)
                senders.append(Patch(cls, "handle_request", _sync_method(module)))
        for sender in _ASYNC_SENDERS:
            cls = getattr(module, sender, None)
            if cls is not None:
                known.append(cls)
                senders.append(Patch(cls, "handle_async_request", _async_method(module)))
        patches += senders
        proxies = proxies_patch(module)
        if proxies is not None:
            patches.append(proxies)
        for client in (module.Client, module.AsyncClient):
            if hasattr(client, "_transport_for_url"):
                patches.append(Patch(client, "_transport_for_url", _transport_for_url(module, tuple(known), senders)))
    return patches


Maker = Callable[[Callable[..., Any]], Callable[..., Any]]


def _sync_method(module: ModuleType) -> Maker:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def handle_request(self: Any, request: Any) -> Any:
            cassette = None if BELOW.get() else current_cassette()
            if cassette is None:
                return original(self, request)
            return _handle(module, lambda request: original(self, request), request, cassette)

        return handle_request

    return make


def _async_method(module: ModuleType) -> Maker:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle_async_request(self: Any, request: Any) -> Any:
            cassette = None if BELOW.get() else current_cassette()
            if cassette is None:
                return await original(self, request)
            return await _handle_async(module, lambda request: original(self, request), request, cassette)

        return handle_async_request

    return make


def _transport_for_url(module: ModuleType, known: tuple[type, ...], patches: list[Patch]) -> Maker:
    wrapped = _Wrapped(module)

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def transport_for_url(self: Any, url: Any) -> Any:
            transport = original(self, url)
            if not len(TAPES):
                return transport
            for patch in patches:
                if patch.is_lost():
                    patch.put()
            if isinstance(transport, known) or _holds(transport, known, 3):
                return transport
            return wrapped(transport)

        return transport_for_url

    return make


def _holds(transport: Any, known: tuple[type, ...], depth: int) -> bool:
    """Whether an object has a sender of its module inside, which will be asked in turn."""
    values: list[Any] = list(getattr(transport, "__dict__", {}).values())
    for cls in type(transport).__mro__:
        slots: Any = cls.__dict__.get("__slots__", ())
        values += [getattr(transport, name, None) for name in ([slots] if isinstance(slots, str) else slots)]
    for value in values:
        if isinstance(value, known):
            return True
        nested: list[Any] = []
        if isinstance(value, dict):
            nested = list(cast("dict[Any, Any]", value).values())
        elif isinstance(value, (list, tuple)):
            nested = list(cast("list[Any]", value))
        if any(
            isinstance(item, known) or (depth > 1 and _may_hold(item) and _holds(item, known, depth - 1))
            for item in nested
        ):
            return True
        if depth > 1 and _may_hold(value) and _holds(value, known, depth - 1):
            return True
    return False


def _may_hold(value: Any) -> bool:
    return hasattr(value, "handle_request") or hasattr(value, "handle_async_request") or hasattr(value, "_transport")


def _passes(cassette: Cassette, transport: Any) -> bool:
    """VCR.py leaves a transport of one's own alone, but for two libraries': suites have theirs for fakes."""
    return cassette.vcr_rules and type(transport).__module__.partition(".")[0] not in ("httpx_curl_cffi", "pyreqwest")


class _Wrapped:
    """Makes the wrappers of transports that do their own sending."""

    def __init__(self, module: ModuleType) -> None:
        class Wrapper(module.BaseTransport, module.AsyncBaseTransport):
            def __init__(self, inner: Any) -> None:
                self._inner = inner

            def handle_request(self, request: Any) -> Any:
                cassette = None if BELOW.get() else current_cassette()
                if cassette is None or _passes(cassette, self._inner):
                    return self._inner.handle_request(request)
                return _handle(module, self._inner.handle_request, request, cassette)

            async def handle_async_request(self, request: Any) -> Any:
                cassette = None if BELOW.get() else current_cassette()
                if cassette is None or _passes(cassette, self._inner):
                    return await self._inner.handle_async_request(request)
                return await _handle_async(module, self._inner.handle_async_request, request, cassette)

        self._make: Any = Wrapper

    def __call__(self, transport: Any) -> Any:
        return self._make(transport)
