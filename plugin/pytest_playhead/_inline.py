"""How a transcript stands in an inline snapshot: as its text. Loaded by inline-snapshot, through its own entry point."""

from __future__ import annotations

from typing import Any

from inline_snapshot.plugin import customize

from playhead.transcript import Transcript

__all__ = ["transcripts"]


@customize
def transcripts(value: Any) -> str | None:
    """The text of a transcript; nothing for other values."""
    return value.render() if isinstance(value, Transcript) else None
