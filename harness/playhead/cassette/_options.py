"""The options of `use_cassette` and of the mark `cassette`: one row each, checked when they are given."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, cast

from playhead.cassette._paths import json_paths
from playhead.cassette._scrub import Rules
from playhead.cassette._tape import Interaction
from playhead.chunks import check_how

__all__ = ["MODES", "PASSED_ON", "Options", "OptionNames", "make_options", "unknown_option"]

MODES = ("none", "once", "new_episodes", "all", "rewrite", "verify")
"""What a cassette does with a request it knows, and with one it does not:

- `none`: plays what is recorded; anything else is an error, and the network is never touched;
- `once`: records when there is no file yet, afterwards like `none`;
- `new_episodes`: plays what is recorded, records the rest;
- `all`: sends everything; a new recording replaces the old one of the same request when the run succeeded;
- `rewrite`: sends everything; the file is replaced as a whole when the run succeeded;
- `verify`: sends everything, compares each reply with its recording, and changes no file.
"""

Comparison = Callable[[Interaction, Interaction, str], "str | None"]
"""Compares a recorded with a live interaction; the third argument is `shape` or `text`. Returns what differs, or None."""

Hook = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that can be said about a cassette; names are VCR.py's where VCR.py has them."""

    record_mode: str = "none"
    match_on: tuple[Any, ...] | None = None
    """Names of matchers, or functions of two requests as in VCR.py. None: what the file says, else the default."""
    additional_matchers: tuple[Any, ...] = ()
    ignore_json_paths: tuple[str, ...] = ()
    """JSON paths of generated fields in request bodies, added to the default ones."""
    timing: str = "instant"
    speed: float = 1.0
    rechunk: str | None = None
    on_unplayed: str = "ignore"
    verify: str = "shape"
    compare: Comparison | None = None
    allow_playback_repeats: bool = False
    ignore_hosts: tuple[Any, ...] = ()
    ignore_localhost: bool = False
    filter_headers: tuple[Any, ...] = ()
    filter_query_parameters: tuple[Any, ...] = ()
    filter_post_data_parameters: tuple[Any, ...] = ()
    filter_nested_post_data_parameters: bool = False
    filter_sensitive_data: tuple[Any, ...] = ()
    before_record_request: Hook | tuple[Hook, ...] | None = None
    before_record_response: Hook | tuple[Hook, ...] | None = None
    before_playback: Hook | None = None
    """Called with each response that is about to be played, as VCR.py's dictionary; returns it, changed or not."""
    before_save_interaction: Hook | tuple[Hook, ...] | None = None
    after_load_interaction: Hook | tuple[Hook, ...] | None = None
    decode_compressed_response: bool = False
    """Accepted for VCR.py's sake: bodies are always stored decoded."""
    drop_unused_requests: bool = False
    record_on_exception: bool = True
    secrets: Rules | None = None
    """What the project adds to the default rules of masking, and takes from them."""
    serializer: Any = None
    persister: Any = None
    custom_patches: tuple[Any, ...] = ()
    skip_patchers: tuple[str, ...] = ()
    cassette_library_dir: Any = None
    path_transformer: Callable[[str], str] | None = None
    func_path_generator: Callable[[Any], str] | None = None
    inject_cassette: bool = False
    replay_keys: tuple[str, ...] | None = None
    """Variables that get a placeholder while nothing can be recorded; None: those of the well-known providers."""
    record_command: str | None = None
    """How to record again, as the error says it; `{mode}` in it becomes the record mode that helps."""
    label: str | None = None
    """Whose cassette it is, as the error says it: the name of a test."""

    is_plain: bool = field(default=False, repr=False)
    """Whether nothing was said that VCR.py has to hear."""

    def __post_init__(self) -> None:
        _one_of("record_mode", self.record_mode, MODES)
        _one_of("timing", self.timing, ("instant", "recorded"))
        _one_of("on_unplayed", self.on_unplayed, ("fail", "warn", "ignore"))
        _one_of("verify", self.verify, ("shape", "text"))
        if not self.speed > 0:
            raise ValueError(f"speed={self.speed!r} must be a number above 0: 2 plays twice as fast as recorded")
        if self.rechunk is not None:
            check_how(self.rechunk)
        json_paths(self.ignore_json_paths)


OptionNames: frozenset[str] = frozenset(row.name for row in fields(Options) if row.name != "is_plain")
"""Every option by name, for those who pass them on."""

PASSED_ON = (
    "before_record_request",
    "before_record_response",
    "before_save_interaction",
    "after_load_interaction",
    "allow_playback_repeats",
    "cassette_library_dir",
    "custom_patches",
    "drop_unused_requests",
    "filter_headers",
    "filter_nested_post_data_parameters",
    "filter_post_data_parameters",
    "filter_query_parameters",
    "filter_sensitive_data",
    "ignore_hosts",
    "ignore_localhost",
    "inject_cassette",
    "path_transformer",
    "persister",
    "serializer",
    "skip_patchers",
)
"""The options that VCR.py's part of a cassette looks after."""

_ALIASES = {"before_record": "before_record_request"}
_TUPLES = frozenset(
    row.name for row in fields(Options) if str(row.type).startswith("tuple") and row.name not in ("match_on",)
)


def make_options(given: dict[str, Any]) -> Options:
    """Checked options. Raises `TypeError` for an unknown name, naming the nearest one, and `ValueError` for a bad value."""
    if len(given) == 1 and type(given.get("record_mode")) is str:  # VCR.py's modes are texts that print otherwise
        return _plain(given["record_mode"])
    values: dict[str, Any] = {}
    for name, value in given.items():
        name = _ALIASES.get(name, name)
        if name not in OptionNames:
            raise TypeError(unknown_option(name))
        values[name] = value
    mode = values.get("record_mode")
    if mode is None:
        values.pop("record_mode", None)
    else:
        values["record_mode"] = str(getattr(mode, "value", mode))
    for name in _TUPLES | {"match_on"}:
        value = values.get(name)
        if value is not None and not isinstance(value, tuple):
            if isinstance(value, str) or callable(value):
                raise TypeError(f"{name} must be a list, not {value!r}: write {name}=[{value!r}]")
            values[name] = tuple(cast("Sequence[Any]", value))
    return Options(**values, is_plain=values.keys().isdisjoint(PASSED_ON))


@cache
def _plain(mode: str) -> Options:
    """What most tests say: a mode and nothing else."""
    return Options(record_mode=mode, is_plain=True)


def unknown_option(name: str) -> str:
    """The message for an option that does not exist."""
    near = difflib.get_close_matches(name, sorted(OptionNames), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(OptionNames))}"
    return f"unknown option {name!r} for a cassette{hint}"


def _one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"{name}={value!r} is unknown{hint}; choose one of {', '.join(map(repr, allowed))}")
