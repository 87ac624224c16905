"""What the plugin keeps of a session and of a test, in pytest's stashes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

__all__ = ["FAILURE", "ITEM", "STATE", "ItemState", "State", "Tally"]


@dataclass
class Tally:
    """What the summary counts. Shared cassettes count once: what one test left, another may have played."""

    replayed: int = 0
    recorded: int = 0
    masked: int = 0
    left: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """By path, the numbers of the interactions that no test has played."""
    used: set[str] = field(default_factory=set[str])
    """Paths of cassettes that a test opened, or would have opened."""

    @property
    def unplayed(self) -> int:
        """Interactions that nobody asked for."""
        return sum(len(numbers) for numbers in self.left.values())

    def add(self, cassette: Any) -> None:
        """A cassette that was closed."""
        path = str(cassette.path)
        self.used.add(path)
        self.replayed += cassette.play_count
        self.recorded += len(cassette.recorded)
        self.masked += sum(cassette.masked.values())
        if not cassette.recorded:
            self._leave(path, {n for n, _ in enumerate(cassette.interactions) if not cassette.play_counts[n]})

    def merge(self, other: dict[str, Any]) -> None:
        """The tally of an xdist worker, as `dump` gave it."""
        self.replayed += other["replayed"]
        self.recorded += other["recorded"]
        self.masked += other["masked"]
        self.used.update(other["used"])
        for path, numbers in other["left"].items():
            self._leave(path, set(numbers))

    def dump(self) -> dict[str, Any]:
        """In plain values, for the way from a worker to its controller."""
        left = {path: sorted(numbers) for path, numbers in self.left.items()}
        numbers = {"replayed": self.replayed, "recorded": self.recorded, "masked": self.masked}
        return {**numbers, "left": left, "used": sorted(self.used)}

    def line(self) -> str:
        """The summary line; empty where there is nothing to say."""
        shown: list[str] = []
        for count, what in (
            (self.replayed, "replayed"),
            (self.recorded, "recorded"),
            (self.unplayed, "unplayed"),
            (self.masked, f"secret{'' if self.masked == 1 else 's'} masked"),
        ):
            if count:
                shown.append(f"{count} {what}")
        return f"playhead: {', '.join(shown)}" if shown else ""

    def _leave(self, path: str, numbers: set[int]) -> None:
        self.left[path] = self.left[path] & numbers if path in self.left else numbers


@dataclass
class State:
    """One session (in an xdist worker: its share of it)."""

    owns_vcr: bool = False
    """The mark `vcr` and its fixtures are ours: no other plugin has them."""
    vcr_owner: str | None = None
    """The plugin that has the mark `vcr`, where it is not ours."""
    block_network: bool = False
    watching: bool = False
    tally: Tally = field(default_factory=Tally)
    folders: set[str] = field(default_factory=set[str])
    """Folders in which the cassettes of the collected modules lie."""
    pages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What the report shows of each test."""


@dataclass
class ItemState:
    """One test: what was captured in it, each with what it is of (`run`, `cassette`, `provider`)."""

    captured: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])


STATE = pytest.StashKey[State]()
ITEM = pytest.StashKey[ItemState]()
FAILURE = pytest.StashKey["BaseException | None"]()
"""What made a test fail so far; None when its call is over and it passed; absent before."""
