"""Clients other than httpx (requests, urllib3, aiohttp, botocore, http.client, httplib2, tornado), through VCR.py's stubs.

VCR.py replaces the connection classes of these clients by stubs that ask a cassette. The stubs are put in place when
the first cassette opens and taken away when the last one closes; the cassette they are given is a router, which asks for the
open one each time, so that tests, tasks and threads keep theirs apart here, too.
"""

# VCR.py has no types, and some of what this page needs of it is private.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

import vcr.patch
from vcr.patch import CassettePatcherBuilder, ConnectionRemover

from playhead.cassette import _vcr
from playhead.cassette._cassette import Cassette
from playhead.cassette._current import BELOW
from playhead.cassette._transport import current_cassette
from playhead.exceptions import PlayheadError
from playhead.virtual import real_wait

__all__ = ["Stubs", "custom_patches"]


class _Router:
    """What VCR.py's stubs take for their cassette."""

    custom_patches: tuple[Any, ...] = ()
    skip_patchers: tuple[str, ...] = ()

    @property
    def _path(self) -> str:
        cassette = self._cassette()
        return "playhead" if cassette is None else cassette.path

    def is_open(self) -> bool:
        """Whether a request sent now would meet a cassette."""
        return self._cassette() is not None

    def _cassette(self) -> Cassette | None:
        return None if BELOW.get() else current_cassette()

    def can_play_response_for(self, request: Any) -> bool:
        cassette = self._cassette()
        if cassette is None:
            return False
        sent = cassette.request_of(_vcr.sent_from_vcr(request))
        if sent is None:
            return False
        if cassette.has_recording(sent):
            return True
        _LIVE.set(request)
        if cassette.write_protected:  # VCR.py's stubs would say so themselves, with every key in plain view
            raise cassette.mismatch(sent)
        return False

    def play_response(self, request: Any) -> dict[str, Any]:
        cassette = self._cassette()
        if cassette is None:
            raise RuntimeError("the cassette was closed between a request and its response")
        return cassette.play_response(request, by_aiohttp=_BY_AIOHTTP.get())

    @property
    def write_protected(self) -> bool:
        cassette = self._cassette()
        return cassette is not None and bool(cassette.write_protected)

    def filter_request(self, request: Any) -> Any:
        cassette = self._cassette()
        return None if cassette is None else cassette.filter_request(request)

    def append(self, request: Any, response: dict[str, Any]) -> None:
        _LIVE.set(None)
        cassette = self._cassette()
        if cassette is not None:
            cassette.append(request, response)

    def failed(self, error: Exception) -> None:
        """The request that was sent in this context came to nothing."""
        request, cassette = _LIVE.get(), self._cassette()
        _LIVE.set(None)
        if request is not None and cassette is not None and not isinstance(error, PlayheadError):
            cassette.append_failure(request, error)

    def __len__(self) -> int:
        cassette = self._cassette()
        return 0 if cassette is None else len(cassette)

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        # VCR.py's error messages look at matchers, mode and counts.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._cassette(), name)


_ROUTER = _Router()
_LIVE: ContextVar[Any] = ContextVar("playhead_sent_by_a_stub", default=None)
"""The request that a stub sends at this moment: what comes of it is recorded, also where that is an error."""
_BY_AIOHTTP: ContextVar[bool] = ContextVar("playhead_sent_by_aiohttp", default=False)
_GROUPS = ("_httplib", "_requests", "_boto3", "_urllib3", "_httplib2", "_tornado", "_aiohttp")


class Stubs:
    """VCR.py's stubs, made once: putting them in place costs a few microseconds."""

    def __init__(self) -> None:
        builder: Any = CassettePatcherBuilder(_ROUTER)
        patchers = [patcher for group in _GROUPS for patcher in getattr(builder, group, tuple)()]
        # Some names are given twice, and the last one counts.
        rows = {
            (id(target := patcher.getter()), patcher.attribute): (
                target,
                patcher.attribute,
                _in_real_time(patcher.attribute, patcher.new),
            )
            for patcher in patchers
            if not isinstance(patcher, ConnectionRemover)
        }
        for stub in builder._class_to_cassette_subclass.values():
            if hasattr(stub, "getresponse"):
                stub.getresponse = _noting_failures(stub.getresponse)
        self._rows: list[tuple[Any, str, Any]] = [*rows.values(), (vcr.patch, "force_reset", _reset_names_only)]
        self._removers: list[Any] = [patcher for patcher in patchers if isinstance(patcher, ConnectionRemover)]
        self._saved: list[tuple[Any, str, Any, Any]] = []

    def put(self) -> None:
        """Replaces the clients' classes."""
        for target, name, new in self._rows:
            original = getattr(target, name)
            if original is not new:
                setattr(target, name, new)
                self._saved.append((target, name, new, original))

    def take_away(self) -> None:
        """Gives the classes back, where they are still ours."""
        for target, name, new, original in reversed(self._saved):
            if getattr(target, name, None) is new:
                setattr(target, name, original)
        self._saved.clear()

    def empty_pools(self) -> None:
        """Takes the stubs out of the clients' pools."""
        for remover in self._removers:
            pools = remover._connection_pool_to_connections
            if pools:
                remover.__exit__(None, None, None)
                pools.clear()


def _noting_failures(getresponse: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(getresponse)
    def noting(*arguments: Any, **options: Any) -> Any:
        _LIVE.set(None)
        try:
            return getresponse(*arguments, **options)
        except Exception as error:
            _ROUTER.failed(error)
            raise

    return noting


def _in_real_time(name: str, stub: Any) -> Any:
    """aiohttp's stub awaits the server on the running loop, whose time must be real meanwhile; a replay waits for nothing.

    What comes to nothing there is noted, too.
    """
    if name != "_request" or not iscoroutinefunction(stub):
        return stub

    @wraps(stub)
    async def request(*arguments: Any, **options: Any) -> Any:
        if not _ROUTER.is_open():
            return await stub(*arguments, **options)
        _LIVE.set(None)
        token = _BY_AIOHTTP.set(True)
        try:
            with real_wait():
                return await stub(*arguments, **options)
        except Exception as error:
            _ROUTER.failed(error)
            raise
        finally:
            _BY_AIOHTTP.reset(token)

    return request


@contextmanager
def custom_patches(triples: tuple[Any, ...]) -> Generator[None]:
    """VCR.py's option of that name: (object, attribute, stub), for as long as one cassette is open."""
    builder: Any = CassettePatcherBuilder(_ROUTER)
    with ExitStack() as stack:
        for patcher in builder._build_patchers_from_mock_triples(triples):
            stack.enter_context(patcher)
        yield


@contextmanager
def _reset_names_only() -> Generator[None]:
    """While a stub makes its real connection, the names that connection classes refer to are the real ones.

    VCR.py resets everything it knows for that moment, also what pools and httpx use, and the requests of other threads then
    slip through to the network.
    """
    with ExitStack() as stack:
        for patcher in vcr.patch.reset_patchers():
            attribute: str = patcher.attribute
            if attribute.startswith(("handle_", "fetch_impl", "_request")) or attribute == "ConnectionCls":
                continue
            stack.enter_context(_steady(patcher))
        yield


@contextmanager
def _steady(patcher: Any) -> Generator[None]:
    target = patcher.getter()
    before = getattr(target, patcher.attribute)
    setattr(target, patcher.attribute, patcher.new)
    try:
        yield
    finally:
        if getattr(target, patcher.attribute) is patcher.new:
            setattr(target, patcher.attribute, before)
