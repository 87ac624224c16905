"""Cassettes that no test uses: what lies in the collected modules' folders, less what tests opened or would open."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pytest_playhead._cassettes import cassette_folder, cassette_name, cassette_path, shortened
from pytest_playhead._state import State

__all__ = ["find_orphans", "note_cassettes"]

_SUFFIXES = {".yaml", ".yml", ".json"}


def note_cassettes(state: State, items: Iterable[pytest.Item]) -> None:
    """Which cassettes collected tests would open; tests that are skipped, too, have one."""
    for item in items:
        names: Any = getattr(item, "fixturenames", None)
        if names is None:
            continue
        folder = cassette_folder(item)
        state.folders.add(os.path.dirname(folder))
        if item.get_closest_marker("cassette") is not None or (state.owns_cassette and "cassette" in names):
            state.tally.used.add(cassette_path(item))
        elif marks := list(item.iter_markers("vcr")):
            # The folder and the name may come from fixtures of the suite; then only a test that ran tells.
            name = item.get_closest_marker("default_cassette")
            first = name.args[0] if name is not None and name.args else cassette_name(item)
            state.tally.used.add(os.path.join(folder, shortened(first) + ".yaml"))
            state.tally.used.update(os.path.join(folder, path) for mark in marks for path in mark.args)


def find_orphans(state: State) -> list[str]:
    """Paths of cassettes that nobody used, sorted."""
    used = {os.path.realpath(path) for path in state.tally.used}
    folders = {os.path.realpath(path) for path in state.folders} | {os.path.dirname(path) for path in used}
    found: set[str] = set()
    for folder in folders:
        if os.path.isdir(folder):
            found.update(
                os.path.realpath(path)
                for path in Path(folder).rglob("*")
                if path.suffix in _SUFFIXES and path.is_file() and _is_cassette(path)
            )
    return sorted(found - used)


def _is_cassette(path: Path) -> bool:
    """Whether a file looks like a recording: other YAML and JSON may lie beside it."""
    with path.open("rb") as file:
        head = file.read(4096)
    return b"interactions" in head
