"""Which plugins pytest is about to load: looked at only where another recorder is installed."""

from __future__ import annotations

import os
import shlex
from importlib.metadata import entry_points
from typing import Any

import pytest

__all__ = ["autoloads", "named_plugins"]


def named_plugins(manager: pytest.PytestPluginManager) -> list[str]:
    """Plugins named by hand: `-p`, `PYTEST_ADDOPTS`, `PYTEST_PLUGINS`."""
    words = [word for word in os.environ.get("PYTEST_PLUGINS", "").split(",") if word]
    arguments = _arguments(manager)
    for position, word in enumerate(arguments):
        if word == "-p" and position + 1 < len(arguments):
            words.append(arguments[position + 1])
        elif word.startswith("-p") and len(word) > 2:
            words.append(word[2:])
    return words


def _arguments(manager: pytest.PytestPluginManager) -> list[str]:
    config: Any = manager.get_plugin("pytestconfig")
    parameters = getattr(config, "invocation_params", None)
    arguments = [str(word) for word in parameters.args] if parameters is not None else []
    try:
        arguments += shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
    except ValueError:  # pytest itself will say so
        pass
    return arguments


def autoloads(manager: pytest.PytestPluginManager, package: str) -> bool:
    """Whether pytest loads installed plugins by itself, and the package is installed as one."""
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or "--disable-plugin-autoload" in _arguments(manager):
        return False
    return any(point.module.split(".")[0] == package for point in entry_points(group="pytest11"))
