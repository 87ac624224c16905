"""Which plugins pytest is about to load: looked at only where another recorder is installed."""

from __future__ import annotations

import os
import re
import shlex
from importlib.metadata import entry_points
from types import SimpleNamespace
from typing import Any

import pytest

__all__ = ["answer_for_recording", "autoloads", "named_plugins", "no_longer_answer"]

RECORDING = "0.14.1"
"""The release of pytest-recording whose marks, fixtures and options we have."""


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


def answer_for_recording(manager: pytest.PytestPluginManager, required: list[str]) -> None:
    """Lets `required_plugins` be content with us where it names pytest-recording, and that is not loaded.

    pytest looks for distributions, so one of this name is added to those that it knows. A real one that is loaded after us
    counts instead: the last of a name does.
    """
    known: list[Any] = getattr(manager, "_plugin_distinfo", [])
    names = {information.project_name for _, information in manager.list_plugin_distinfo()}
    for requirement in required:
        name = re.match(r"[\w.-]*", requirement)
        if name is not None and name[0] not in names and re.sub(r"[-_.]+", "-", name[0]).lower() == "pytest-recording":
            metadata = {"name": name[0], "version": RECORDING}
            known.append((None, SimpleNamespace(project_name=name[0], version=RECORDING, metadata=metadata)))


def no_longer_answer(manager: pytest.PytestPluginManager) -> None:
    """pytest has looked: what it lists from now on is what is installed."""
    known: list[Any] = getattr(manager, "_plugin_distinfo", [])
    known[:] = [pair for pair in known if not isinstance(pair[1], SimpleNamespace)]
