"""Names that other recorders have, too: pytest-recording's fixtures and hook, for suites that were written for it.

Registered as a whole when no other recorder is loaded; else `_alias` and `_blocking` are those parts that nobody has.

What they do, and by which rules, is in `_by_vcr.py`: this page is loaded with every pytest.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_playhead._state import OPENED

__all__ = [
    "Hooks",
    "allowed_hosts",
    "block_network",
    "cassette",
    "default_cassette_name",
    "disable_recording",
    "record_mode",
    "vcr",
    "vcr_cassette_dir",
    "vcr_config",
    "vcr_markers",
    "without_cassette",
]


class Hooks:
    """The hook of pytest-recording."""

    @staticmethod
    @pytest.hookspec
    def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
        """Called before a cassette opens, with the `vcr.VCR` it is opened by: register serializers, matchers, persisters."""


@pytest.fixture(scope="session")
def record_mode(request: pytest.FixtureRequest) -> str:
    """The record mode of the command line; `none` without one."""
    from pytest_playhead._by_vcr import mode_of

    return mode_of(request)


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
    from pytest_playhead._by_vcr import folder_of

    return folder_of(request.node)


@pytest.fixture
def default_cassette_name(request: pytest.FixtureRequest) -> str:
    """The name of the test's first cassette: that of the mark `default_cassette`, or `Class.test[param]`."""
    from pytest_playhead._by_vcr import name_of

    return name_of(request.node)


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
    from pytest_playhead._by_vcr import use_cassette
    from pytest_playhead._cassettes import closing_with_test, told_of

    if (known := request.node.stash.get(OPENED, None)) is not None and known[0] == "vcr":  # by the mark
        yield known[1]
        return
    config = request.getfixturevalue("vcr_config")
    name = request.getfixturevalue("default_cassette_name")
    told = told_of(request.node)
    opened = use_cassette(name, str(vcr_cassette_dir), record_mode, vcr_markers, config, request.config, told)
    with closing_with_test(request.node, opened) as cassette:
        yield cassette


# --------------------------------------------------------------------------- blocking
@pytest.fixture
def allowed_hosts(request: pytest.FixtureRequest) -> list[str] | None:
    """Hosts that a blocked test may reach: of the mark, else of the command line, else of `vcr_config`."""
    from pytest_playhead._by_vcr import hosts_of

    return hosts_of(request)


@pytest.fixture
def block_network(request: pytest.FixtureRequest) -> Generator[None]:
    """Refuses connections where the mark or the option asks for it, unless the test's cassette records."""
    from pytest_playhead._by_vcr import blocks

    if blocks(request):
        from pytest_playhead._network import blocked_network

        with blocked_network(request.getfixturevalue("allowed_hosts")):
            yield
    else:
        yield


# --------------------------------------------------------------------------- ours, under a name that others have too
@pytest.fixture
def cassette(playhead_cassette: Any) -> Any:
    """The test's cassette, open: as its mark `cassette` says, or as the bare mark would."""
    return playhead_cassette


def without_cassette() -> object:
    """This module as a plugin without the fixture `cassette`, where some other plugin has one of this name."""
    from types import ModuleType

    module = ModuleType("pytest_playhead.borrowed")
    for name in __all__:
        if name != "cassette":
            setattr(module, name, globals()[name])
    return module
