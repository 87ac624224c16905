"""What suites import from `pytest_recording`, where it is not installed.

Some have a fixture `vcr` of their own, or block the network for a block of code, and import what they need for that:

    from pytest_recording._vcr import use_cassette
    from pytest_recording.network import blocking_context

The finder stands last on `sys.meta_path`: it is asked after all others have found nothing, so that the package itself
always comes first. Nothing is imported or made before somebody asks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["install", "remove"]

_PACKAGE = "pytest_recording"


def _package() -> dict[str, Any]:
    return {}


def _vcr() -> dict[str, Any]:
    from pytest_playhead._by_vcr import use_cassette

    return {"use_cassette": use_cassette}


def _network() -> dict[str, Any]:
    from pytest_playhead._network import blocked_network

    return {"blocking_context": blocked_network}


def _utils() -> dict[str, Any]:
    from pytest_playhead._by_vcr import merged_config

    return {"merge_kwargs": merged_config}


def _plugin() -> dict[str, Any]:
    from pytest_playhead import _recording

    fixtures = {name: getattr(_recording, name) for name in _FIXTURES}
    return {"RECORD_MODES": ("once", "new_episodes", "none", "all", "rewrite"), **fixtures}


_FIXTURES = (
    "allowed_hosts",
    "block_network",
    "default_cassette_name",
    "disable_recording",
    "record_mode",
    "vcr",
    "vcr_cassette_dir",
    "vcr_config",
    "vcr_markers",
)


_MODULES: dict[str, Callable[[], dict[str, Any]]] = {
    _PACKAGE: _package,
    f"{_PACKAGE}._vcr": _vcr,
    f"{_PACKAGE}.network": _network,
    f"{_PACKAGE}.plugin": _plugin,
    f"{_PACKAGE}.utils": _utils,
}


class _Finder:
    """A finder and loader of the modules in the table."""

    def __init__(self) -> None:
        self.users = 0

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in _MODULES:
            return None
        loader: Any = self
        return ModuleSpec(name, loader, origin="pytest_playhead", is_package=name == _PACKAGE)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(_MODULES[module.__name__]())


_FINDER = _Finder()


def install() -> None:
    """From now on the modules can be imported; counted, because sessions may be nested (pytester)."""
    _FINDER.users += 1
    finder: Any = _FINDER
    if finder not in sys.meta_path:
        sys.meta_path.append(finder)


def remove() -> None:
    """The last session that wanted them is over."""
    _FINDER.users -= 1
    finder: Any = _FINDER
    if _FINDER.users <= 0 and finder in sys.meta_path:
        sys.meta_path.remove(finder)
        for name in _MODULES:
            module = sys.modules.get(name)
            if getattr(getattr(module, "__spec__", None), "origin", None) == "pytest_playhead":
                del sys.modules[name]
