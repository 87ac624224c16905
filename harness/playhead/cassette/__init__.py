"""Cassettes: what came back for which request, chunk for chunk, and how to play it again.

In comes the traffic of an HTTP client, out come files, and from files the same traffic. `use_cassette` opens a cassette;
`read_file` reads one as plain values (`Interaction`s with `request` and `response`), without patching anything. The room
knows no provider and no agent: a body is bytes, and a comparison that knows more is handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.cassette._check import CheckReport, Finding, ScrubReport, check_paths, find_cassettes, scrub_paths
from playhead.cassette._emit import FORMAT
from playhead.cassette._format import CassetteFile
from playhead.cassette._open import (
    REPLAY_KEYS,
    UseCassette,
    keep_patched,
    use_cassette,
    use_vcr_cassette,
    watch,
)
from playhead.cassette._options import MODES, OptionNames, Options, unknown_option
from playhead.cassette._scrub import Rules, Scrubber
from playhead.cassette._store import read_file, write_file
from playhead.cassette._tape import END_KINDS, End, Interaction, RecordedRequest, RecordedResponse, Stream
from playhead.cassette._verify import compare_shape

if TYPE_CHECKING:
    from playhead.cassette._cassette import Cassette

__all__ = [
    "Cassette",
    "CassetteFile",
    "CheckReport",
    "END_KINDS",
    "End",
    "FORMAT",
    "Finding",
    "Interaction",
    "MODES",
    "OptionNames",
    "Options",
    "REPLAY_KEYS",
    "RecordedRequest",
    "RecordedResponse",
    "Rules",
    "ScrubReport",
    "Scrubber",
    "Stream",
    "UseCassette",
    "check_paths",
    "compare_shape",
    "find_cassettes",
    "keep_patched",
    "read_file",
    "scrub_paths",
    "unknown_option",
    "use_cassette",
    "use_vcr_cassette",
    "watch",
    "write_file",
]


def __getattr__(name: str) -> object:
    # The class is a subclass of VCR.py's, which takes a tenth of a second to import: only those who ask pay for it.
    if name == "Cassette":
        from playhead.cassette._cassette import Cassette

        return Cassette
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
