"""Options and ini keys. Where another recorder registers the same option, it has it; ours with the prefix is always there."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from pytest_playhead._rivals import taken_options

__all__ = ["MODES", "add_options", "record_mode_option", "rechunk_option"]

MODES = ("none", "once", "new_episodes", "all", "rewrite", "verify")
_MODE_HELP = (
    "none (default): replay only; once: record where there is no cassette; new_episodes: record what is missing; all: send"
    " everything, keep new recordings; rewrite: record anew; verify: send everything and compare its shape with the recording."
)

# Ini keys, with the option of a cassette that each is the default of.
INI: dict[str, tuple[str, Any, str]] = {
    "playhead_record_mode": ("string", None, "Default record mode of cassettes."),
    "playhead_cassette_dir": (
        "string",
        None,
        "Folder for cassettes, relative to the root; default: beside each module.",
    ),
    "playhead_match_on": ("args", None, "Default matchers of cassettes."),
    "playhead_ignore_json_paths": ("linelist", None, "JSON paths in request bodies that do not count for matching."),
    "playhead_timing": ("string", None, "How cassettes are replayed: instant or recorded."),
    "playhead_speed": ("string", None, "How much faster than recorded."),
    "playhead_rechunk": ("string", None, "How recorded streams are cut on replay."),
    "playhead_on_unplayed": ("string", None, "What recordings that a test did not ask for are: fail, warn or ignore."),
    "playhead_replay_keys": ("args", None, "Variables that get a placeholder while replaying, where they are unset."),
}


def add_options(parser: pytest.Parser, manager: pytest.PytestPluginManager) -> None:
    """Register everything that nobody else has."""
    taken = taken_options(parser, manager)
    group = parser.getgroup("playhead", "recording and replaying streams (Playhead)")

    def add(name: str, **settings: Any) -> None:
        if name.lstrip("-").replace("-", "_") not in taken:
            group.addoption(name, **settings)

    add("--record-mode", default=None, choices=MODES, help=_MODE_HELP)
    add("--playhead-record-mode", default=None, choices=MODES, help="The same; wins where both are given.")
    add("--block-network", action="store_true", default=False, help="Refuse connections of tests that do not record.")
    add("--allowed-hosts", default=None, help="Hosts that are not refused: regular expressions, separated by commas.")
    add("--disable-recording", action="store_true", default=False, help="Open no cassettes: requests are sent.")
    add(
        "--rechunk",
        default=None,
        type=_way_to_cut,
        metavar="HOW",
        help="Cut replayed streams: whole, frames, bytes, random:SEED, hostile.",
    )
    add("--playhead-orphans", action="store_true", default=False, help="List cassettes that no test uses, and fail.")
    add("--playhead-save-failures", default=None, metavar="DIR", help="Keep what failed tests sent, received and saw.")
    add(
        "--playhead-report", default=None, metavar="FILE.html", help="Write every test's runs as timelines on one page."
    )
    for name, (kind, default, text) in INI.items():
        parser.addini(name, text, type=kind, default=default)  # type: ignore[arg-type]


def _way_to_cut(how: str) -> str:
    """`how`, if it is one: also a suite without any recording says that an option is misspelt."""
    from playhead.chunks import check_how

    try:
        check_how(how)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return how


def record_mode_option(config: pytest.Config) -> str | None:
    """The record mode of the command line; the prefixed option wins."""
    return config.getoption("playhead_record_mode", None) or config.getoption("record_mode", None)


def rechunk_option(config: pytest.Config) -> str | None:
    """The cuts that the command line wants for every replayed stream."""
    return config.getoption("rechunk", None)
