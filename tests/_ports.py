"""A port for programs that a test starts later, one after the other."""

from __future__ import annotations

import os
import socket


def quiet_port() -> int:
    """One that is free, below those which systems hand out: nobody else takes it by chance before it is used."""
    first = os.getpid() * 7 % 8_000
    for number in range(8_000):
        port = 20_000 + (first + number) % 8_000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free from 20000 to 27999")
