"""Where failures are kept: the folder that `pytest --playhead-save-failures=DIR` names, under the test's name."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["VARIABLE", "failures_folder", "test_name"]

VARIABLE = "PLAYHEAD_SAVE_FAILURES"
"""Set by the plugin for the time of a session, also in the workers of xdist, which are processes of their own."""


def failures_folder() -> Path | None:
    """The folder, made if need be; None where nothing is to be kept."""
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_name() -> str:
    """The running test's name as that of a file, as the plugin writes it."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "fuzz").rpartition(" ")[0] or "fuzz"
    return re.sub(r"[^\w\[\].-]+", "-", test).strip("-")[:200]
