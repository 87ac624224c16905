"""pytest-recording's marks, fixtures and hook, for suites that were written for it. Registered when nobody else has them.

Its rules, not ours: the mark wins over `vcr_config`, either over the command line for the cassette, while the command line
decides about blocking; cassettes are opened by VCR.py's rules, and recorded and replayed by Playhead.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pytest_playhead._cassettes import cassette_name, closing_with_test, record_command, shortened
from pytest_playhead._options import rechunk_option, record_mode_option

__all__ = [
    "Hooks",
    "default_cassette_name",
    "disable_recording",
    "record_mode",
    "vcr",
    "vcr_cassette_dir",
    "vcr_config",
    "vcr_markers",
]

_OURS = ("timing", "speed", "rechunk", "ignore_json_paths", "secrets", "on_unplayed")


class Hooks:
    """The hook of pytest-recording."""

    @staticmethod
    @pytest.hookspec
    def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
        """Called before a cassette opens, with the `vcr.VCR` it is opened by: register serializers, matchers, persisters."""


@pytest.fixture(scope="session")
def record_mode(request: pytest.FixtureRequest) -> str:
    """The record mode of the command line; `none` without one."""
    return record_mode_option(request.config) or "none"


@pytest.fixture(scope="session")
def disable_recording(request: pytest.FixtureRequest) -> bool:
    """Whether no cassettes are opened at all."""
    return bool(request.config.getoption("disable_recording"))


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    """Arguments for every cassette of the mark `vcr`. Override it, in any scope."""
    return {}


@pytest.fixture
def vcr_markers(request: pytest.FixtureRequest) -> list[pytest.Mark]:
    """The test's marks `vcr`, the nearest first."""
    return list(request.node.iter_markers(name="vcr"))


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    """The folder of the module's cassettes: `cassettes/<module>` beside it."""
    module = Path(request.node.path)
    return str(module.parent / "cassettes" / module.stem)


@pytest.fixture
def default_cassette_name(request: pytest.FixtureRequest) -> str:
    """The name of the test's first cassette: that of the mark `default_cassette`, or `Class.test[param]`."""
    mark = request.node.get_closest_marker("default_cassette")
    if mark is None:
        return cassette_name(request.node)
    if not mark.args:
        raise pytest.UsageError(
            "You should pass the cassette name as an argument to the `pytest.mark.default_cassette` marker"
        )
    return mark.args[0]


@pytest.fixture
def vcr(
    request: pytest.FixtureRequest,
    vcr_markers: list[pytest.Mark],
    vcr_cassette_dir: str,
    record_mode: str,
    disable_recording: bool,
    pytestconfig: pytest.Config,
) -> Generator[Any]:
    """The open cassette of a test that is marked `vcr`; None elsewhere."""
    if disable_recording or not vcr_markers:
        yield None
        return
    config = request.getfixturevalue("vcr_config")
    name = request.getfixturevalue("default_cassette_name")
    opened = _opened(request.node, name, str(vcr_cassette_dir), record_mode, vcr_markers, config)
    with closing_with_test(request.node, opened) as cassette:
        yield cassette


def _opened(
    item: pytest.Item, name: str, folder: str, mode: str, markers: list[pytest.Mark], config: dict[str, Any]
) -> Any:
    from vcr import VCR

    from playhead.cassette import use_vcr_cassette

    given = merged_config(config, markers)
    suffix = f".{given['serializer']}" if "serializer" in given else ".yaml"
    mode = given.pop("record_mode", None) or mode
    word = str(getattr(mode, "value", mode))
    vcr_mode: Any = word if word in ("none", "once", "new_episodes", "all") else "new_episodes"
    untyped: Any = VCR  # vcrpy has no types
    transformer: Any = untyped.ensure_suffix(suffix)
    owner = VCR(path_transformer=transformer, cassette_library_dir=folder, record_mode=vcr_mode)
    # An absolute path stays as it is; one that is named twice is read once.
    named = [os.path.join(folder, path) for mark in markers for path in mark.args]
    first = os.path.join(folder, shortened(name, suffix) + suffix)
    more = [path for path in dict.fromkeys(named) if path != first]
    item.config.hook.pytest_recording_configure(config=item.config, vcr=owner)
    options: dict[str, Any] = {key: given.pop(key) for key in _OURS if key in given}
    if rechunk := rechunk_option(item.config):
        options["rechunk"] = rechunk
    options.update(label=item.name, record_command=record_command(item))
    return use_vcr_cassette(owner, shortened(name, suffix), more=more, options=options, record_mode=word, **given)


def merged_config(config: dict[str, Any], markers: list[pytest.Mark]) -> dict[str, Any]:
    """`vcr_config` with what the marks say, the nearest last."""
    merged = deepcopy(config)
    for mark in reversed(markers):
        merged.update(mark.kwargs)
    return merged
