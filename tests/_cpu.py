"""How long something keeps the processor busy, whatever else the machine does meanwhile."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any


def cpu_seconds(action: Callable[[], Any], *, tries: int = 2) -> float:
    """The least of `tries`, without the collections of other tests' garbage."""
    took: list[float] = []
    enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(tries):
            start = time.process_time()
            action()
            took.append(time.process_time() - start)
    finally:
        if enabled:
            gc.enable()
    return min(took)
