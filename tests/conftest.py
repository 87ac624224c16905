"""For the whole suite: hypothesis profiles, and a network that ends at this machine."""

import errno
import ipaddress
import os
import socket
import sys
from importlib import import_module
from typing import Any

from hypothesis import HealthCheck, settings

from playhead.schema import SideBySide

# Small suites that run in this process (pytester) forget every module they were the first to import. What is imported
# here is not forgotten, so that no class of Playhead's is there twice afterwards.
for name in ("fuzz", "run", "server", "traffic", "ui"):
    import_module(f"playhead.{name}")

# `quick` is what `make test` affords; it draws the same examples on each run, so a red CI is red at one's desk too. How
# many draws are thrown away, and how long drawing takes, differs between versions of hypothesis and between machines.
OF_THE_MACHINE = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
settings.register_profile(
    "quick", max_examples=40, deadline=None, derandomize=True, suppress_health_check=OF_THE_MACHINE
)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, print_blob=True, suppress_health_check=OF_THE_MACHINE
)
settings.load_profile("quick")

# The order in which tools in threads are told must not depend on how busy the machine is.
SideBySide.GRACE = 1.0
import_module("playhead.transcript._capture")._TOGETHER_MS = 1000.0

# SDKs and cassettes read these; what a developer has set must not decide whether a test passes.
for name in [name for name in os.environ if name.endswith("_API_KEY") or name.lower().endswith("_proxy")]:
    del os.environ[name]


def _close_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook, so that nothing is patched: other hosts behave as on a machine without a network."""
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not _is_local(arguments[1][0]):
        raise OSError(errno.ENETUNREACH, f"tests run offline, and this one connects to {arguments[1][0]}")
    if event in ("socket.getaddrinfo", "socket.gethostbyname") and not _is_local(arguments[0]):
        raise socket.gaierror(socket.EAI_NONAME, f"tests run offline, and this one asks for {arguments[0]}")


def _is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost" or name == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_close_network)
