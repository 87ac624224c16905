"""Lets httpx's clients find out at once that the environment names no proxies.

A client that is made asks for them, and the standard library goes through all variables for that, twice, one by one: the
longest part of a small replayed test, and the placeholders for keys (`_keys.py`) would make it longer still. While a
cassette is open the names are looked at together; where one could be a proxy's, the standard library decides as ever.
"""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable
from types import ModuleType
from typing import Any

from playhead.cassette._patch import Patch

__all__ = ["proxies_patch"]


def proxies_patch(module: ModuleType) -> Patch | None:
    """What to replace in httpx or httpx2; None where it asks in another way, or the system keeps proxies elsewhere."""
    utilities: Any = getattr(module, "_utils", None)
    if getattr(utilities, "getproxies", None) is not urllib.request.getproxies_environment:
        return None
    return Patch(utilities, "getproxies", _make)


def _make(original: Callable[..., Any]) -> Callable[..., Any]:
    def getproxies() -> dict[str, str]:
        return original() if _may_name_proxies() else {}

    return getproxies


def _may_name_proxies() -> bool:
    # As in `_keys.py`: what `os.environ` keeps, without decoding each name.
    names: Any = getattr(os.environ, "_data", None)
    try:
        return b"_proxy" in b"\n".join(names).lower()
    except TypeError:  # none there, or texts, as on Windows
        return True
