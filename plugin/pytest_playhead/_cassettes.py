"""The mark `cassette`: which file a test has, with which options, and what is checked when it is over."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_playhead._options import INI, rechunk_option, record_mode_option
from pytest_playhead._state import FAILURE, STATE

__all__ = [
    "cassette_folder",
    "cassette_name",
    "cassette_path",
    "open_cassette",
    "closing_with_test",
    "record_command",
    "record_mode_of",
    "shortened",
]

_MARK = "cassette"
_FORBIDDEN = str.maketrans(dict.fromkeys(r"<>?%*:|\"'/\\", "-"))
_NAME_MAX = 255  # bytes of a file name, on the file systems we know


# --------------------------------------------------------------------------- which file
def cassette_folder(item: pytest.Item) -> Path:
    """The folder of a module's cassettes: `cassettes/<module>` beside it, or below the folder that the ini file names."""
    module = Path(item.path)
    base = item.config.getini("playhead_cassette_dir")
    if not base:
        return module.parent / "cassettes" / module.stem
    root = item.config.rootpath
    try:
        relative = module.relative_to(root).with_suffix("")
    except ValueError:
        relative = Path(module.stem)
    return root / base / relative


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


def cassette_path(item: pytest.Item) -> Path:
    """The file of a test's cassette."""
    mark = item.get_closest_marker(_MARK)
    name: Any = None
    if mark is not None:
        name = mark.args[0] if mark.args else mark.kwargs.get("name")
    folder = cassette_folder(item)
    if name is None:
        return folder / (shortened(cassette_name(item)) + ".yaml")
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = path.with_name(path.name + ".yaml")
    return folder / path


def record_command(item: pytest.Item) -> str:
    """The command that records the test again, to be pasted where pytest was started; `{mode}` is the record mode."""
    config = item.config
    path, _, rest = item.nodeid.partition("::")
    try:
        path = os.path.relpath(item.path, config.invocation_params.dir)
    except ValueError:  # another drive
        path = str(item.path)
    node = f"{path}::{rest}" if rest else path
    if re.search(r"[^\w@%+=:,./-]", node):
        node = "'" + node.replace("'", "'\"'\"'") + "'"
    ours = config.getoption("record_mode", _ABSENT) is not _ABSENT
    option = "--record-mode" if ours and config.stash[STATE].vcr_owner is None else "--playhead-record-mode"
    return f"pytest {node} {option}={{mode}}"


_ABSENT: Any = object()


# --------------------------------------------------------------------------- with which options
def cassette_options(item: pytest.Item) -> dict[str, Any]:
    """The options of a test's cassette: the command line wins over the mark, the nearer mark over the farther, any over ini."""
    from playhead.cassette import OptionNames, unknown_option

    config = item.config
    options: dict[str, Any] = {"on_unplayed": "fail"}
    for key in INI:
        name = key.removeprefix("playhead_")
        value = config.getini(key)
        if name != "cassette_dir" and value not in (None, "", []):
            options[name] = float(value) if name == "speed" else value
    for mark in reversed(list(item.iter_markers(_MARK))):
        if len(mark.args) > 1:
            pytest.fail(
                f"{item.nodeid}: the mark cassette takes one name, not {len(mark.args)}: {mark.args!r}", pytrace=False
            )
        if mark.args and "name" in mark.kwargs:
            pytest.fail(f"{item.nodeid}: the mark cassette was given two names", pytrace=False)
        if mark.args and not isinstance(mark.args[0], (str, os.PathLike)):
            pytest.fail(f"{item.nodeid}: the name of a cassette is a text, not {mark.args[0]!r}", pytrace=False)
        for name, value in mark.kwargs.items():
            if name == "name":
                continue
            if name not in OptionNames and name != "before_record":
                pytest.fail(f"{item.nodeid}: {unknown_option(name)}", pytrace=False)
            options[name] = value
    if mode := record_mode_option(config):
        options["record_mode"] = mode
    if rechunk := rechunk_option(config):
        options["rechunk"] = rechunk
    # A cassette that several tests share is not expected to be used up by each of them.
    mark = item.get_closest_marker(_MARK)
    if mark is not None and (mark.args or mark.kwargs.get("name")) and not _says(item, "on_unplayed"):
        options["on_unplayed"] = "ignore" if not config.getini("playhead_on_unplayed") else options["on_unplayed"]
    return options


def _says(item: pytest.Item, option: str) -> bool:
    return any(option in mark.kwargs for mark in item.iter_markers(_MARK))


def record_mode_of(item: pytest.Item) -> str:
    """The record mode of a test's cassette."""
    mode = cassette_options(item).get("record_mode") or "none"
    return str(getattr(mode, "value", mode))


# --------------------------------------------------------------------------- the test
@contextmanager
def open_cassette(item: pytest.Item) -> Generator[Any]:
    """The test's cassette, open. What it has to say at the end is raised when the test itself has passed."""
    from playhead.cassette import use_cassette

    path = cassette_path(item)
    item.config.stash[STATE].tally.used.add(str(path))
    options = cassette_options(item)
    options.setdefault("label", item.name)
    options.setdefault("record_command", record_command(item))
    with closing_with_test(item, use_cassette(path, **options)) as cassette:
        yield cassette


@contextmanager
def closing_with_test(item: pytest.Item, opened: Any) -> Generator[Any]:
    """Opens a cassette for a test, and tells it on closing whether the test has failed."""
    cassette = opened.__enter__()
    try:
        opened.on_behalf_of(getattr(item, "function", None))
        yield cassette
    finally:
        failure = item.stash.get(FAILURE, None)
        opened.__exit__(*((type(failure), failure, failure.__traceback__) if failure else (None, None, None)))
