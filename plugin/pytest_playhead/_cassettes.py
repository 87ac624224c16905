"""The mark `cassette`: which file a test has, with which options, and what is checked when it is over."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_playhead._options import INI, rechunk_option, record_mode_option
from pytest_playhead._state import FAILURE, STATE, State

__all__ = [
    "cassette_folder",
    "cassette_name",
    "cassette_path",
    "closing_with_test",
    "prepared",
    "record_command",
    "record_mode_of",
    "shortened",
    "told_of",
]

_MARK = "cassette"
_FORBIDDEN = str.maketrans(dict.fromkeys(r"<>?%*:|\"'/\\", "-"))
_NAME_MAX = 255  # bytes of a file name, on the file systems we know
_UNSAFE_IN_SHELL = re.compile(r"[^\w@%+=:,./-]")
_ABSENT: Any = object()


# --------------------------------------------------------------------------- which file
def cassette_folder(item: pytest.Item) -> str:
    """The folder of a module's cassettes: `cassettes/<module>` beside it, or below the folder that the ini file names."""
    cache = item.config.stash[STATE].cache
    module = item.path
    folder = cache.get(module)
    if folder is None:
        base = item.config.getini("playhead_cassette_dir")
        if not base:
            folder = module.parent / "cassettes" / module.stem
        else:
            root = item.config.rootpath
            inside = module.is_relative_to(root)
            folder = root / base / (module.relative_to(root).with_suffix("") if inside else module.stem)
        folder = cache[module] = str(folder)
    return folder


def cassette_name(item: pytest.Item) -> str:
    """`Class.test[param]`, with characters that a file name cannot have replaced by `-`."""
    cls = getattr(item, "cls", None)
    name = f"{cls.__name__}.{item.name}" if cls is not None else item.name
    return name.translate(_FORBIDDEN)


def shortened(name: str, suffix: str = ".yaml") -> str:
    """A name that is too long for a file system, cut, with its MD5 in place of the rest (pytest-recording's rule)."""
    if len(name) + len(suffix) <= _NAME_MAX:
        return name
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: _NAME_MAX - len(suffix) - len(digest) - 3]}...{digest}"


def cassette_path(item: pytest.Item) -> str:
    """The file of a test's cassette."""
    mark = item.get_closest_marker(_MARK)
    name: Any = None
    if mark is not None:
        name = mark.args[0] if mark.args else mark.kwargs.get("name")
    if name is None:
        return os.path.join(cassette_folder(item), shortened(cassette_name(item)) + ".yaml")
    name = str(name)
    if not name.endswith((".yaml", ".yml")):
        name += ".yaml"
    return os.path.join(cassette_folder(item), name)


def record_command(item: pytest.Item) -> str:
    """The command that records the test again, to be pasted where pytest was started; `{mode}` is the record mode."""
    config = item.config
    cache = config.stash[STATE].cache
    key = ("command", item.path)
    known = cache.get(key)
    if known is None:
        try:
            path = os.path.relpath(item.path, config.invocation_params.dir)
        except ValueError:  # another drive
            path = str(item.path)
        ours = config.stash[STATE].vcr_owner is None and config.getoption("record_mode", _ABSENT) is not _ABSENT
        known = cache[key] = (path, "--record-mode" if ours else "--playhead-record-mode")
    path, option = known
    rest = item.nodeid.partition("::")[2]
    node = f"{path}::{rest}" if rest else path
    if _UNSAFE_IN_SHELL.search(node):
        node = "'" + node.replace("'", "'\"'\"'") + "'"
    return f"pytest {node} {option}={{mode}}"


# --------------------------------------------------------------------------- with which options
def cassette_options(item: pytest.Item) -> dict[str, Any]:
    """The options of a test's cassette: the command line wins over the mark, the nearer mark over the farther, any over ini."""
    config = item.config
    state = config.stash[STATE]
    options: dict[str, Any] = {**_ini_options(config, state)}
    named = False
    marks = [mark for mark in item.iter_markers() if mark.name == _MARK]
    for mark in reversed(marks):
        if mark.args or mark.kwargs:
            _check_mark(item, mark)
            given = mark.kwargs
            options.update(given)
            options.pop("name", None)
            named = bool(mark.args) or given.get("name") is not None
    if named and not any("on_unplayed" in mark.kwargs for mark in marks) and not config.getini("playhead_on_unplayed"):
        # A cassette that several tests may share is not expected to be used up by each of them.
        options["on_unplayed"] = "ignore"
    options.update(state.cache["command line"])
    return options


def _ini_options(config: pytest.Config, state: State) -> dict[str, Any]:
    known: dict[str, Any] | None = state.cache.get("ini")
    if known is None:
        known = {"on_unplayed": "fail"}
        for key in INI:
            name = key.removeprefix("playhead_")
            value = config.getini(key)
            if name != "cassette_dir" and value not in (None, "", []):
                known[name] = float(value) if name == "speed" else value
        given = {"record_mode": record_mode_option(config), "rechunk": rechunk_option(config)}
        state.cache["command line"] = {name: value for name, value in given.items() if value}
        state.cache["ini"] = known
    return known


def _check_mark(item: pytest.Item, mark: pytest.Mark) -> None:
    """A typo is an error, and says what was meant."""
    from playhead.cassette import OptionNames, unknown_option

    wrong: str | None = None
    if len(mark.args) > 1:
        wrong = f"the mark cassette takes one name, not {len(mark.args)}: {mark.args!r}"
    elif mark.args and "name" in mark.kwargs:
        wrong = "the mark cassette was given two names"
    elif mark.args and not isinstance(mark.args[0], (str, os.PathLike)):
        wrong = f"the name of a cassette is a text, not {mark.args[0]!r}"
    for name in mark.kwargs:
        if name not in OptionNames and name not in ("name", "before_record"):
            wrong = unknown_option(name)
    if wrong is not None:
        pytest.fail(f"{item.nodeid}: {wrong}", pytrace=False)


def record_mode_of(item: pytest.Item) -> str:
    """The record mode of a test's cassette."""
    mode = cassette_options(item).get("record_mode") or "none"
    return str(getattr(mode, "value", mode))


# --------------------------------------------------------------------------- the test
def prepared(item: pytest.Item, state: State) -> Any:
    """The test's cassette, not open yet."""
    marks = [mark for mark in item.iter_markers() if mark.name == _MARK]
    # Items of one function have the same marks; what these say is looked through once.
    key = tuple(map(id, marks))
    known = state.cache.get(key)
    if known is None:
        known = state.cache[key] = (marks, _template(item))
    return known[1].at(cassette_path(item), told=told_of(item))


def _template(item: pytest.Item) -> Any:
    from playhead.cassette import use_cassette

    options = cassette_options(item)
    if options.get("record_mode") == "verify" and options.get("compare") is None:
        from playhead.traffic import compare_replies

        options["compare"] = compare_replies
    try:
        return use_cassette(None, **options)
    except (TypeError, ValueError) as error:
        pytest.fail(f"{item.nodeid}: {error}", pytrace=False)


def told_of(item: pytest.Item) -> Callable[[], tuple[str, str]]:
    """What errors say of a test, when there is one: its name, and the command that records it again."""
    return lambda: (item.name, record_command(item))


@contextmanager
def closing_with_test(item: pytest.Item, opened: Any) -> Generator[Any]:
    """Opens a cassette for a test, and tells it on closing whether the test has failed."""
    watch_cassettes(item.config.stash[STATE])
    cassette = opened.__enter__()
    item.config.stash[STATE].met.append(cassette)
    try:
        opened.on_behalf_of(getattr(item, "function", None))
        yield cassette
    finally:
        failure = item.stash.get(FAILURE, None)
        opened.__exit__(*((type(failure), failure, failure.__traceback__) if failure else (None, None, None)))


def watch_cassettes(state: State) -> None:
    """Count every cassette that is closed, whoever opened it."""
    if not state.watching:
        from playhead.cassette import watch

        def closed(cassette: Any) -> None:
            state.tally.add(cassette)
            if cassette not in state.met:
                state.met.append(cassette)

        state.watching = watch(closed)
