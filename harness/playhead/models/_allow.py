"""The switch that keeps a test suite from asking real models by accident."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

__all__ = ["check_allow_model_requests", "override_allow_model_requests"]

_ROOM = "playhead.models"
"""The switch is `playhead.models.ALLOW_MODEL_REQUESTS`: a plain name in the room's door, for programs to set."""


def check_allow_model_requests() -> None:
    """Raise `RuntimeError` where `playhead.models.ALLOW_MODEL_REQUESTS` is false.

    Models that ask a provider call this before each request.
    """
    if not sys.modules[_ROOM].ALLOW_MODEL_REQUESTS:
        raise RuntimeError("Model requests are not allowed, since ALLOW_MODEL_REQUESTS is False")


@contextmanager
def override_allow_model_requests(allow_model_requests: bool) -> Generator[None]:
    """Set `ALLOW_MODEL_REQUESTS` for the block."""
    room: Any = sys.modules[_ROOM]
    before: bool = room.ALLOW_MODEL_REQUESTS
    room.ALLOW_MODEL_REQUESTS = allow_model_requests
    try:
        yield
    finally:
        room.ALLOW_MODEL_REQUESTS = before
