"""Ids become labels that keep identity: the first call is `call#1` wherever it is named, whatever its id was.

Only ids that were handed in count, and ids of the form that Playhead and PydanticAI generate. A label is given when an
id is first shown, so the same run has the same labels every time.
"""

from __future__ import annotations

import re

__all__ = ["Labels"]

# What a runtime makes up where the provider sent no id; it can also stand inside texts.
_GENERATED = re.compile(r"pyd_ai_[0-9a-f]{32}|pyd_ai_tool_call_id__\w+")


class Labels:
    """Hands out one label for each id, numbered by kind in order of appearance."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._inside: re.Pattern[str] | None = None

    def label(self, kind: str, identifier: str | None) -> str:
        """The label of `identifier`, e.g. `call#2`; an id keeps the label it got first, whatever the kind."""
        if not identifier:
            return f"{kind}#?"
        known = self._labels.get(identifier)
        if known is None:
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            known = self._labels[identifier] = f"{kind}#{number}"
            self._inside = None
        return known

    def known(self, identifier: str) -> str | None:
        """The label of an id that was seen before."""
        return self._labels.get(identifier)

    def copy(self) -> Labels:
        """The same labels; what is added to one of the two is not in the other."""
        other = Labels()
        other._labels = dict(self._labels)
        other._counts = dict(self._counts)
        return other

    def inside(self, text: str) -> str:
        """`text` with every known id in it, and every generated one, replaced by its label."""
        if self._inside is None:
            # Short ids ("1", "call_0") are words that texts may hold by chance.
            long = sorted((re.escape(name) for name in self._labels if len(name) >= 12), key=len, reverse=True)
            self._inside = re.compile("|".join([*long, _GENERATED.pattern]))
        return self._inside.sub(lambda found: self.label("call", found[0]), text)
