"""The binding for a process of its own: what scenarios wait takes no time, and a busy machine does not decide them."""

from __future__ import annotations

import atexit

from playhead.schema import SideBySide
from playhead.virtual import virtual_time
from tests.conformance.binding import API

__all__ = ["API"]

SideBySide.GRACE = 1.0  # real seconds, as in conftest.py
_time = virtual_time()
_time.__enter__()
atexit.register(_time.__exit__, None, None, None)
