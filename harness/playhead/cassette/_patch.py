"""Replaces attributes of other people's classes while a cassette is open, and gives back only what is still ours.

Others replace the same attributes (pytest-httpx, respx, VCR.py itself) and may undo it in any order. So a replacement
passes through when no cassette is open, is put in place once however many cassettes are open, is taken away only where it is
still there, and is put back when somebody's undoing removed it from under an open cassette.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["Patch"]

_MARK = "__playhead_patch__"


class Patch:
    """One attribute of one class. `make` gets what was there and gives what replaces it."""

    __slots__ = ("_made", "_make", "_name", "_original", "_target", "_was_inherited")

    def __init__(self, target: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        self._target = target
        self._name = name
        self._make = make
        self._made: Any = None
        self._original: Any = None
        self._was_inherited = False

    def put(self) -> None:
        """Replaces the attribute, unless the replacement is there already, on top or below somebody else's."""
        there = self._target.__dict__.get(self._name, _MISSING)
        if there is self._made:
            return
        if self._made is not None:
            if there is self._original:
                setattr(self._target, self._name, self._made)
                return
            if _is_below(there, self._made):
                return
        self._was_inherited = there is _MISSING
        self._original = getattr(self._target, self._name)
        if self._made is None or self._made.__wrapped__ is not self._original:
            self._made = functools.wraps(self._original)(self._make(self._original))
            setattr(self._made, _MARK, True)
        setattr(self._target, self._name, self._made)

    def take_away(self) -> None:
        """Puts back what was there, if the replacement is still on top."""
        if self._target.__dict__.get(self._name) is not self._made or self._made is None:
            return
        if self._was_inherited:
            delattr(self._target, self._name)
        else:
            setattr(self._target, self._name, self._original)

    def is_lost(self) -> bool:
        """Whether somebody put back what had been there before us, or before them, while we are needed."""
        there = self._target.__dict__.get(self._name)
        return there is not self._made and (there is self._original or _is_genuine(self._target, self._name, there))


def _is_genuine(target: Any, name: str, there: Any) -> bool:
    """Whether this is the method that the class was defined with."""
    return getattr(there, "__qualname__", None) == f"{target.__name__}.{name}" and not hasattr(there, "__wrapped__")


def _is_below(there: Any, made: Any) -> bool:
    """Whether `there` is a wrapper that says it wraps ours."""
    for _ in range(10):
        if there is made:
            return True
        there = getattr(there, "__wrapped__", None)
        if there is None:
            return False
    return False


_MISSING: Any = object()
