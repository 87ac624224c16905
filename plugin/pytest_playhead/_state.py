"""What the plugin keeps of a session and of a test, in pytest's stashes. Plain classes: this is loaded with every pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_playhead._tally import Tally

__all__ = ["CAPTURED", "FAILURE", "OPENED", "OUTCOME", "STATE", "State", "keep", "passed"]


class State:
    """One session (in an xdist worker: its share of it).

    `owns_vcr`: the mark `vcr` and its fixtures are ours (`owns_cassette`: the fixture `cassette`), `vcr_owner` names the plugin that has them otherwise. `folders`
    are those in which the cassettes of the collected modules lie, `pages` what the report shows of each test. `cache` is
    what need not be looked up for each test again.
    """

    def __init__(self) -> None:
        self.owns_vcr = False
        self.owns_cassette = False
        self.vcr_owner: str | None = None
        self.block_network = False
        self.watching: Callable[[], None] | None = None
        """Ends the counting of cassettes that are closed; None before it began."""
        self.keeping: Callable[[], None] | None = None
        """Ends that what cassettes replace in other libraries stays in place between marked tests."""
        self.disabled = False
        """Whether no cassettes are opened at all."""
        self.shows_fixtures = False
        """Whether pytest was asked what is set up for tests."""
        self.counted: Tally | None = None
        """What the summary counts; None while there is nothing."""
        self.met: list[Any] = []
        """The cassettes that the running test has opened; closed ones, too."""
        self.folders: set[str] = set()
        self.pages: list[dict[str, Any]] = []
        self.keeps = False
        """Whether a report or failed tests want what is captured."""
        self.before: str | None = None
        """The variable for kept failures as it was before this session (sessions may be nested)."""
        self.cache: dict[Any, Any] = {}
        self.lines: list[str] = []
        """What the terminal says at the end, before the counts."""

    @property
    def tally(self) -> Tally:
        """What the summary counts."""
        if self.counted is None:
            from pytest_playhead._tally import Tally

            self.counted = Tally()
        return self.counted

    def let_go(self) -> None:
        """A test without a cassette follows, or none: other libraries are as they were."""
        if self.keeping is not None:
            self.keeping()
            self.keeping = None


STATE = pytest.StashKey[State]()
CAPTURED = pytest.StashKey["list[tuple[str, Any]]"]()
"""What was captured in a test, each with what it is of: `run`, `cassette`, `provider`."""
FAILURE = pytest.StashKey["BaseException | None"]()
"""What made a test fail so far; None when its call is over and it passed; absent before."""
OPENED = pytest.StashKey["tuple[str, Any]"]()
"""The cassette that is open for a test by its mark, after the name of the fixture that would have opened it."""
OUTCOME = pytest.StashKey["tuple[str, str]"]()
"""How a test went, in a word, and why; kept where a report or failed tests are wanted."""


def keep(item: pytest.Item, kind: str, thing: Any) -> None:
    """Remember something that a test captured, where a report or `--playhead-save-failures` will want it."""
    if item.config.stash[STATE].keeps:
        captured = item.stash.setdefault(CAPTURED, [])
        if not any(known is thing for _, known in captured):
            captured.append((kind, thing))


def passed(item: pytest.Item) -> bool:
    """Whether the test's call is over and has passed."""
    return item.stash.get(FAILURE, False) is None
