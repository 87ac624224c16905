"""Other plugins that record HTTP: which of them are loaded or about to be, and what is theirs then.

Options have to be registered before pytest has loaded every plugin, and pytest stops when two plugins register the same
one. So we look ahead: is a rival installed, and will pytest load it? Marks and fixtures are settled later, when everything
is loaded.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

__all__ = ["foreign_fixture", "is_loaded", "taken_options"]

# Import package, the names it is known by to pytest, and the options it registers.
_RIVALS: dict[str, tuple[str, tuple[str, ...], frozenset[str]]] = {
    "pytest-recording": (
        "pytest_recording",
        ("recording", "pytest_recording.plugin"),
        frozenset({"record_mode", "block_network", "allowed_hosts", "disable_recording"}),
    ),
    "cassetter": ("cassetter", ("cassetter", "cassetter.pytest_plugin"), frozenset({"record_mode"})),
    "pytest-vcr": ("pytest_vcr", ("vcr", "pytest_vcr"), frozenset()),
}


def taken_options(parser: pytest.Parser, manager: pytest.PytestPluginManager) -> set[str]:
    """The dests of options that other plugins have registered, or will register after us."""
    taken: set[str] = set()
    groups: list[Any] = [*getattr(parser, "_groups", ()), getattr(parser, "_anonymous", None)]
    for group in groups:
        for option in getattr(group, "options", ()):
            taken.add(option.dest)
            taken.update(name.lstrip("-").replace("-", "_") for name in option.names())
    words: list[str] | None = None
    for package, names, options in _RIVALS.values():
        if options <= taken or importlib.util.find_spec(package) is None:
            continue
        from pytest_playhead._ahead import autoloads, named_plugins

        if words is None:
            words = named_plugins(manager)
        if any(manager.is_blocked(name) for name in names):
            continue
        if any(name in words for name in names) or autoloads(manager, package):
            taken |= options
    return taken


def is_loaded(manager: pytest.PytestPluginManager, rival: str) -> bool:
    """Whether a rival of the table is registered, under whichever name."""
    return any(manager.has_plugin(name) for name in _RIVALS[rival][1])


def foreign_fixture(manager: pytest.PytestPluginManager, name: str, *, ours: str) -> str | None:
    """The plugin, other than `ours` and conftest files, that defines a fixture called `name`."""
    for plugin_name, plugin in manager.list_name_plugin():
        if plugin is None or plugin_name.startswith((ours, "_pytest")) or plugin_name.endswith("conftest.py"):
            continue
        if (getattr(plugin, "__name__", None) or "").startswith((ours, "_pytest")):
            continue
        found = getattr(plugin, name, None)
        # A fixture is an object of its own since pytest 8.4; before, a function with this attribute.
        if type(found).__name__ == "FixtureFunctionDefinition" or hasattr(found, "_pytestfixturefunction"):
            return plugin_name
    return None
