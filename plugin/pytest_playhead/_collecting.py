"""What is done when tests are collected.

Folders of cassettes hold no tests: pytest need not ask every plugin about each file in them. Only where nobody could tell:
the folder has nothing but YAML files in it, and nobody but pytest itself collects files.

And tests learn of the fixtures of the mark `vcr` when these have parameters, as if they had asked for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_playhead._state import STATE

__all__ = ["REPLACEABLE", "collected", "widen"]

REPLACEABLE = (
    "default_cassette_name",
    "disable_recording",
    "record_mode",
    "vcr",
    "vcr_cassette_dir",
    "vcr_config",
    "vcr_markers",
)
"""The fixtures of the mark `vcr`, of which a suite may have its own."""


class _Folder(pytest.Directory):
    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        return ()


def collected(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """An empty folder in place of one that holds only cassettes; None for any other."""
    if parent.config.getoption("doctestglob", None):
        return None
    hooks: Any = parent.config.pluginmanager.hook  # pytest 8 wraps those of `config.hook` that take a path
    if any(not one.function.__module__.startswith("_pytest.") for one in hooks.pytest_collect_file.get_hookimpls()):
        return None
    with os.scandir(path) as entries:
        if not all(entry.name.endswith((".yaml", ".yml")) and entry.is_file() for entry in entries):
            return None
    return cast("Any", _Folder).from_parent(parent, path=path)


def widen(metafunc: pytest.Metafunc) -> None:
    """Lets a test have a fixture of the mark `vcr` by name where it is parametrized: by a mark, or the suite's own fixture."""
    function: Any = metafunc.definition
    there = set(metafunc.fixturenames)
    wanted = [name for name in _parametrized(function) if name not in there]
    if not wanted:
        return
    manager: Any = function.session._fixturemanager
    names, definitions = manager.getfixtureclosure(parentnode=function, initialnames=("vcr", *wanted), ignore_args=())
    metafunc.fixturenames.extend(name for name in names if name not in there)
    information: Any = metafunc
    for name, found in definitions.items():
        information._arg2fixturedefs.setdefault(name, found)
    # pytest goes through the names again when it knows the parameters, and begins with these.
    asked = function._fixtureinfo
    object.__setattr__(asked, "initialnames", (*asked.initialnames, "vcr", *wanted))


def _parametrized(function: Any) -> list[str]:
    found: list[str] = []
    for mark in function.iter_markers("parametrize"):
        given: Any = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        names = given.replace(" ", "").split(",") if isinstance(given, str) else given
        found += [name for name in names if name in REPLACEABLE]
    return found + [name for name in _with_parameters(function) if name not in found]


def _with_parameters(function: Any) -> list[str]:
    """The suite's own fixtures of these names that have parameters, where this function lies."""
    cache = function.config.stash[STATE].cache
    key = "parametrized", function.parent
    found = cache.get(key)
    if found is None:
        manager: Any = function.session._fixturemanager
        own = [(name, manager.getfixturedefs(name, function) or ()) for name in REPLACEABLE]
        found = cache[key] = [name for name, known in own if len(known) > 1 and known[-1].params]
    return found
