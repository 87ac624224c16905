"""The network guard: connections that a test has not asked for are refused, also those to this machine.

What Playhead's own servers listen on stays reachable, and so does what the event loop itself needs.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

__all__ = ["blocked_network"]

_inside = threading.local()


@contextmanager
def blocked_network(allowed_hosts: Sequence[str] | None = None) -> Generator[None]:
    """Refuse connections with `RuntimeError("Network is disabled for host ...")` for the block.

    `allowed_hosts` are regular expressions that match from the beginning of a host (or a Unix socket's path).
    """
    allowed = re.compile("(" + ")|(".join(allowed_hosts) + ")") if allowed_hosts is not None else None
    connect, connect_ex, socketpair = socket.socket.connect, socket.socket.connect_ex, socket.socketpair

    def guard(original: Callable[..., Any]) -> Callable[..., Any]:
        # Suites look at this name to see whether they are blocked.
        def network_guard(self: Any, address: Any, *args: Any, **kwargs: Any) -> Any:
            if not getattr(_inside, "socketpair", False):
                _check(self, address, allowed)
            return original(self, address, *args, **kwargs)

        return network_guard

    def pair(*args: Any, **kwargs: Any) -> Any:
        # Windows makes one of real connections, for every event loop.
        before = getattr(_inside, "socketpair", False)
        _inside.socketpair = True
        try:
            return socketpair(*args, **kwargs)
        finally:
            _inside.socketpair = before

    socket.socket.connect = guard(connect)
    socket.socket.connect_ex = guard(connect_ex)
    socket.socketpair = pair
    curl = _guard_curl(allowed)
    try:
        yield
    finally:
        socket.socket.connect = connect
        socket.socket.connect_ex = connect_ex
        socket.socketpair = socketpair
        if curl is not None:
            sys.modules["pycurl"].Curl = curl  # type: ignore[attr-defined]


def _check(sock: socket.socket, address: Any, allowed: re.Pattern[str] | None) -> None:
    host: Any = ""
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        host = address[0]
        if _is_ours(address):
            return
    elif sock.family == getattr(socket, "AF_UNIX", None):
        host = address
    name = host.decode() if isinstance(host, (bytes, bytearray)) else str(host)
    if allowed is None or not allowed.match(name):
        sock.close()  # clients close it after an OSError only, and would leave a ResourceWarning
        raise RuntimeError(f"Network is disabled for host {host!r}")


def _is_ours(address: Any) -> bool:
    """Whether a server of Playhead's listens there."""
    server = sys.modules.get("playhead.server")
    return server is not None and address[0] in ("127.0.0.1", "localhost", "::1") and address[1] in server.open_ports()


def _guard_curl(allowed: re.Pattern[str] | None) -> Any:
    """libcurl connects past Python's sockets: refuse in `perform`. Returns what to put back."""
    pycurl: Any = sys.modules.get("pycurl")
    if pycurl is None:
        return None
    original = pycurl.Curl

    class Curl:
        """A handle that refuses to perform; all else goes to the real one."""

        def __init__(self) -> None:
            object.__setattr__(self, "_handle", original())
            object.__setattr__(self, "_url", "")

        def __getattr__(self, name: str) -> Any:
            return getattr(self._handle, name)

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(self._handle, name, value)

        def setopt(self, option: int, value: Any) -> None:
            if option == pycurl.URL:
                object.__setattr__(self, "_url", value.decode() if isinstance(value, bytes) else value)
            self._handle.setopt(option, value)

        def perform(self) -> Any:
            host = urlsplit(str(self._url)).hostname
            if host and (allowed is None or not allowed.match(host)):
                raise RuntimeError(f"Network is disabled for host {host!r}")
            return self._handle.perform()

    pycurl.Curl = Curl
    return original
