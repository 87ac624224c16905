"""Cassettes and blocking by pytest-recording's rules: what the fixtures of `_recording.py` do.

The mark wins over `vcr_config`, either over the command line for the cassette, while the command line decides about
blocking; cassettes are opened by VCR.py's rules, and recorded and replayed by Playhead.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from pytest_playhead._cassettes import cassette_name, record_mode_of, shortened, told_of, watch_cassettes
from pytest_playhead._collecting import REPLACEABLE
from pytest_playhead._options import rechunk_option, record_mode_option
from pytest_playhead._state import STATE, State

__all__ = [
    "blocks",
    "folder_of",
    "hosts_of",
    "merged_config",
    "mode_of",
    "name_of",
    "prepared_by_vcr",
    "replaced_fixtures",
    "use_cassette",
]

_OURS = ("timing", "speed", "rechunk", "ignore_json_paths", "secrets", "on_unplayed")


def prepared_by_vcr(item: Any, state: State) -> Any:
    """The cassette of a test that is marked `vcr`, not open yet; None where there is to be none.

    The same as by the fixtures of `_recording.py`, of which only those are asked for that the suite has replaced.
    """
    replaced = replaced_fixtures(item, state)

    def value(name: str, own: Any) -> Any:
        return item._request.getfixturevalue(name) if name in replaced else own(item)

    if value("disable_recording", is_disabled):
        return None
    markers = value("vcr_markers", markers_of)
    if not markers:
        return None
    folder = str(value("vcr_cassette_dir", folder_of))
    mode = value("record_mode", mode_of)
    name, config = value("default_cassette_name", name_of), value("vcr_config", _no_config)
    return use_cassette(name, folder, mode, markers, config, item.config, told_of(item))


def replaced_fixtures(item: Any, state: State) -> frozenset[str]:
    """Which of the fixtures of `_recording.py` a suite has its own of, where this test lies."""
    key = "replaced", item.parent
    found = state.cache.get(key)
    if found is None:
        manager: Any = item.session._fixturemanager
        found = state.cache[key] = frozenset(
            name for name in REPLACEABLE if len(manager.getfixturedefs(name, item) or ()) > 1
        )
    return found


def use_cassette(
    default_cassette: str,
    vcr_cassette_dir: str,
    record_mode: str,
    markers: list[pytest.Mark],
    config: dict[str, Any],
    pytestconfig: pytest.Config,
    told: Callable[[], tuple[str, str]] | None = None,
) -> Any:
    """A cassette by pytest-recording's rules, not open yet. Suites with a fixture `vcr` of their own call it, too.

    `told` gives what errors say of the test: its name, and the command that records it again.
    """
    from playhead.cassette import use_vcr_cassette  # blocking alone needs none of it

    watch_cassettes(pytestconfig.stash[STATE])
    name, folder, mode = default_cassette, vcr_cassette_dir, record_mode
    given = merged_config(config, markers)
    suffix = f".{given['serializer']}" if "serializer" in given else ".yaml"
    name = shortened(name, given.get("serializer", ".yaml"))  # counted as pytest-recording does: without the dot
    # An absolute path stays as it is; one that is named twice is read once.
    named = [os.path.join(folder, path) for mark in markers for path in mark.args]
    first = os.path.join(folder, name + suffix)
    more = [path for path in dict.fromkeys(named) if path != first]
    asked = given.pop("record_mode", None)
    hook = pytestconfig.hook.pytest_recording_configure
    if not given and not hook.get_hookimpls():
        path = os.path.join(folder, name if name.endswith(suffix) else name + suffix)
        return _plain(pytestconfig, _word(asked or mode)).at(path, more=more, told=told)
    vcr_mode = _known_to_vcr(asked or mode)
    from vcr import VCR

    untyped: Any = VCR  # vcrpy has no types
    transformer = untyped.ensure_suffix(suffix)
    owner = untyped(path_transformer=transformer, cassette_library_dir=folder, record_mode=vcr_mode)
    persister = owner.persister
    hook(config=pytestconfig, vcr=owner)
    if owner.persister is not persister:
        more = []  # those of the mark are read by pytest-recording's, which the suite has replaced
    if owner.record_mode != vcr_mode and not asked:
        mode = owner.record_mode  # the hook decided
    options: dict[str, Any] = {key: given.pop(key) for key in _OURS if key in given}
    if rechunk := rechunk_option(pytestconfig):
        options["rechunk"] = rechunk
    if told is not None:
        options["label"], options["record_command"] = told()
    word = _word(asked or mode)
    return use_vcr_cassette(owner, name, more=more, options=options, record_mode=word, **given)


def _plain(config: pytest.Config, mode: str) -> Any:
    """A cassette about which a suite says nothing but the mode: the same for all its tests."""
    cache = config.stash[STATE].cache
    found = cache.get(("plain", mode))
    if found is None:
        from playhead.cassette import use_vcr_cassette

        rechunk = rechunk_option(config)
        options: dict[str, Any] = {"rechunk": rechunk} if rechunk else {}
        found = cache["plain", mode] = use_vcr_cassette(None, "", options=options, record_mode=mode)
    return found


def _word(mode: Any) -> str:
    return str(getattr(mode, "value", mode))


def _known_to_vcr(mode: Any) -> Any:
    word = _word(mode)
    return word if word in ("none", "once", "new_episodes", "all") else "new_episodes"


def mode_of(of: Any) -> str:
    return record_mode_option(of.config) or "none"


def is_disabled(of: Any) -> bool:
    return bool(of.config.getoption("disable_recording"))


def markers_of(item: pytest.Item) -> list[pytest.Mark]:
    return list(item.iter_markers(name="vcr"))


def folder_of(node: Any) -> str:
    module = node.path
    return str(module.parent / "cassettes" / module.stem)


def name_of(item: pytest.Item) -> str:
    mark = item.get_closest_marker("default_cassette")
    if mark is None:
        return cassette_name(item)
    if not mark.args:
        raise pytest.UsageError(
            "You should pass the cassette name as an argument to the `pytest.mark.default_cassette` marker"
        )
    return mark.args[0]


def _no_config(item: pytest.Item) -> dict[str, Any]:
    return {}


def merged_config(config: dict[str, Any], markers: list[pytest.Mark]) -> dict[str, Any]:
    """`vcr_config` with what the marks say, the nearest last."""
    merged = deepcopy(config)
    for mark in reversed(markers):
        merged.update(mark.kwargs)
    return merged


# --------------------------------------------------------------------------- blocking
def hosts_of(request: pytest.FixtureRequest) -> list[str] | None:
    """Hosts that a blocked test may reach: of the mark, else of the command line, else of `vcr_config`."""
    mark = request.node.get_closest_marker("block_network")
    hosts: Any = (
        (mark.kwargs.get("allowed_hosts") if mark is not None else None)
        or request.config.getoption("allowed_hosts")
        or _vcr_config(request).get("allowed_hosts")
    )
    return hosts.split(",") if isinstance(hosts, str) else hosts


def blocks(request: pytest.FixtureRequest) -> bool:
    """Whether the mark or the option asks to refuse connections, and the test's cassette does not record."""
    mark = request.node.get_closest_marker("block_network")
    if mark is not None and (mark.args or set(mark.kwargs) - {"allowed_hosts"}):
        raise pytest.UsageError(
            "Invalid arguments to `block_network`. It accepts only the following keyword arguments: `allowed_hosts`. "
            f"Got args: {mark.args!r}; kwargs: {mark.kwargs!r}"
        )
    wanted = mark is not None or request.config.getoption("block_network")
    return bool(wanted) and not _records(request)


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
