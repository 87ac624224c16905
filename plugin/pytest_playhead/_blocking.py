"""The mark and the option that block the network, as pytest-recording has them. Registered when it is not there."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_playhead._cassettes import record_mode_of
from pytest_playhead._network import blocked_network
from pytest_playhead._options import record_mode_option
from pytest_playhead._recording import merged_config
from pytest_playhead._state import STATE

__all__ = ["allowed_hosts", "block_network"]


@pytest.fixture
def allowed_hosts(request: pytest.FixtureRequest) -> list[str] | None:
    """Hosts that a blocked test may reach: of the mark, else of the command line, else of `vcr_config`."""
    mark = request.node.get_closest_marker("block_network")
    hosts: Any = (
        (mark.kwargs.get("allowed_hosts") if mark is not None else None)
        or request.config.getoption("allowed_hosts")
        or _vcr_config(request).get("allowed_hosts")
    )
    return hosts.split(",") if isinstance(hosts, str) else hosts


@pytest.fixture
def block_network(request: pytest.FixtureRequest) -> Generator[None]:
    """Refuses connections where the mark or the option asks for it, unless the test's cassette records."""
    mark = request.node.get_closest_marker("block_network")
    if mark is not None and (mark.args or set(mark.kwargs) - {"allowed_hosts"}):
        raise pytest.UsageError(
            "Invalid arguments to `block_network`. It accepts only the following keyword arguments: `allowed_hosts`. "
            f"Got args: {mark.args!r}; kwargs: {mark.kwargs!r}"
        )
    wanted = mark is not None or request.config.getoption("block_network")
    if wanted and not _records(request):
        with blocked_network(request.getfixturevalue("allowed_hosts")):
            yield
    else:
        yield


def _records(request: pytest.FixtureRequest) -> bool:
    """Whether the test's cassette may send requests."""
    if request.node.get_closest_marker("cassette") is not None:
        return record_mode_of(request.node) != "none"
    if not request.config.stash[STATE].owns_vcr:
        return False
    markers = request.getfixturevalue("vcr_markers")
    if not markers:
        return False
    # The command line decides about blocking, although the mark wins over it for the cassette.
    if record_mode_option(request.config) is not None:
        return request.getfixturevalue("record_mode") != "none"
    mode = merged_config(_vcr_config(request), markers).get("record_mode", "none")
    return str(getattr(mode, "value", mode)) != "none"


def _vcr_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    try:
        return request.getfixturevalue("vcr_config")
    except pytest.FixtureLookupError:
        return {}
