"""Cassettes where transcripts are wanted."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["transcript_of_cassette"]


def transcript_of_cassette(data: Any) -> Any:
    """The transcript of an open cassette's traffic; anything else as it is."""
    module = sys.modules.get("playhead.cassette._cassette")
    if module is None or not isinstance(data, module.Cassette):
        return data
    from playhead.traffic import read_transcript

    return read_transcript(data)
