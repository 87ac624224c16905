"""What the summary counts."""

from __future__ import annotations

from typing import Any

__all__ = ["Tally"]


class Tally:
    """What the summary counts. Shared cassettes count once: what one test left, another may have played.

    `left` has, by path, the numbers of the interactions that no test has played; `used` the paths of cassettes that a test
    opened, or would have opened.
    """

    def __init__(self) -> None:
        self.replayed = 0
        self.recorded = 0
        self.masked = 0
        self.left: dict[str, set[int]] = {}
        self.used: set[str] = set()

    @property
    def unplayed(self) -> int:
        """Interactions that nobody asked for."""
        return sum(len(numbers) for numbers in self.left.values())

    def add(self, cassette: Any) -> None:
        """A cassette that was closed."""
        path = str(cassette.path)
        played = cassette.play_count
        self.used.add(path)
        self.replayed += played
        recorded = len(cassette.recorded)
        if recorded:
            self.recorded += recorded
            self.masked += sum(cassette.masked.values())
        elif played != len(cassette) or path in self.left:
            counts = cassette.play_counts
            self._leave(path, {number for number in range(len(cassette)) if not counts[number]})
        else:
            self.left[path] = set()

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
