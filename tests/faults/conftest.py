"""A server of its own for each test that asks, and a place for its cassette."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cassette._server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Where a test's cassette goes."""
    return tmp_path / "tape.yaml"
