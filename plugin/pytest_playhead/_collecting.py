"""Folders of cassettes hold no tests: pytest need not ask every plugin about each file in them.

Only where nobody could tell: the folder has nothing but YAML files in it, and nobody but pytest itself collects files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest

__all__ = ["collected"]


class _Folder(pytest.Directory):
    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        return ()


def collected(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """An empty folder in place of one that holds only cassettes; None for any other."""
    if parent.config.getoption("doctestglob", None):
        return None
    hooks: Any = parent.config.hook
    if any(not one.function.__module__.startswith("_pytest.") for one in hooks.pytest_collect_file.get_hookimpls()):
        return None
    with os.scandir(path) as entries:
        if not all(entry.name.endswith((".yaml", ".yml")) and entry.is_file() for entry in entries):
            return None
    return cast("Any", _Folder).from_parent(parent, path=path)
