"""Opens a marked test's cassette without a fixture, which would cost more than the cassette.

That is done where nobody can tell: the test does not ask for the cassette by name, has no fixture of a wider scope (those
are set up before the cassette opens, so that what they send is not on it), and is a plain test function. It opens before
the test's first fixture and closes after its last one, as the fixture would; a fixture or a test that asks for the
cassette later, by `request.getfixturevalue`, gets the open one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from pytest_playhead._by_vcr import prepared_by_vcr, replaced_fixtures
from pytest_playhead._cassettes import prepared, watch_cassettes
from pytest_playhead._state import FAILURE, OPENED, State, keep

__all__ = ["bring_forward", "opens_by_itself"]

# Fixtures of these packages send nothing, whatever their scope; but some of the first run a module's `setup_module`.
_QUIET = frozenset(("_pytest", "anyio", "inline_snapshot", "pytest_asyncio", "pytest_playhead", "syrupy", "xdist"))
_SETUPS = ("_xunit_", "_unittest_")


def opens_by_itself(item: Any, state: State, wanted: Sequence[str]) -> bool:
    """Whether all that is `wanted` is a cassette, and it is opened when the item is set up."""
    if len(wanted) != 1 or wanted[0] in item.fixturenames or not isinstance(item, pytest.Function):
        return False
    if wanted[0] == "playhead_cassette":
        if state.owns_cassette and "cassette" in item.fixturenames:
            return False
        prepare = prepared
    elif wanted[0] == "vcr" and "vcr" not in replaced_fixtures(item, state):
        prepare = prepared_by_vcr
    else:
        return False
    if state.shows_fixtures or _has_wider_fixtures(item):
        return False
    if not state.disabled or wanted[0] == "vcr":
        item.setup = _Setup(item, wanted[0], prepare, state)
    return True


def bring_forward(item: Any, wanted: list[str]) -> None:
    """Put fixtures before all others of the function's scope; the list may be shared with other items."""
    definitions: dict[str, Any] = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    names: list[str] = [name for name in item.fixturenames if name not in wanted]
    position = 0
    for number, name in enumerate(names):
        found = definitions.get(name)
        if found and found[-1].scope != "function":
            position = number + 1
    item.fixturenames = [*names[:position], *wanted, *names[position:]]


class _Setup:
    """Stands for `item.setup` once."""

    __slots__ = ("_item", "_name", "_prepare", "_state")

    def __init__(self, item: pytest.Function, name: str, prepare: Callable[[Any, State], Any], state: State) -> None:
        self._item = item
        self._name = name
        self._prepare = prepare
        self._state = state

    def __call__(self) -> None:
        item, state = self._item, self._state
        del item.setup  # the class has it
        opened = self._prepare(item, state)
        if opened is not None:
            watch_cassettes(state)
            cassette = opened.__enter__()
            item.addfinalizer(partial(_close, item, opened))
            opened.on_behalf_of(item.obj)
            state.met.append(cassette)
            item.stash[OPENED] = self._name, cassette
            item.funcargs[self._name] = cassette
            keep(item, "cassette", cassette)
            if state.keeping is None:
                from playhead.cassette import keep_patched

                state.keeping = keep_patched()
        item.setup()


def _close(item: pytest.Function, opened: Any) -> None:
    del item.stash[OPENED]
    failure = item.stash.get(FAILURE, None)
    opened.__exit__(*((type(failure), failure, failure.__traceback__) if failure else (None, None, None)))


def _has_wider_fixtures(item: pytest.Function) -> bool:
    """Whether something is set up for the test that outlives it, and might send requests."""
    known: dict[str, Any] = item._fixtureinfo.name2fixturedefs
    for name in item.fixturenames:
        found = known.get(name)
        if found and found[-1].scope != "function":
            module = getattr(found[-1].func, "__module__", "")
            if module.partition(".")[0] not in _QUIET or name.startswith(_SETUPS):
                return True
    return False
