"""A server of its own for each test that asks, and the four kinds of client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cassette._clients import KINDS, Kind
from tests.cassette._server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Where a test's cassette goes."""
    return tmp_path / "tape.yaml"
