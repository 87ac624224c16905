"""The fixture `cassette`, where no other plugin has one."""

from __future__ import annotations

from typing import Any

import pytest

__all__ = ["cassette"]


@pytest.fixture
def cassette(playhead_cassette: Any) -> Any:
    """The test's cassette, open: as its mark `cassette` says, or as the bare mark would."""
    return playhead_cassette
