"""Placeholders for API keys while nothing can be recorded, because SDKs want one when a client is made.

Only variables that are not set at all get one, and they go when the last cassette closes that asked for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, MutableMapping
from typing import Any, cast

__all__ = ["PLACEHOLDER_KEY", "PlaceholderKeys"]

PLACEHOLDER_KEY = "playhead-replays-without-a-key"


class PlaceholderKeys:
    """The variables that hold a placeholder now, and how many cassettes want that.

    Not thread-safe: the caller holds a lock.
    """

    def __init__(self) -> None:
        self._wanted: dict[Any, int] = {}
        # Setting thirty variables the usual way costs more than all else that opening a cassette does: each access
        # encodes the name again and calls the C library. So what `os.environ` keeps is used directly, where it is as
        # CPython has it, and child processes are told apart from that (`_told`), by cassettes in a row only once.
        environment: Any = os.environ
        plain: Any = getattr(environment, "_data", None)
        self._tells = isinstance(plain, dict)
        self._values: MutableMapping[Any, Any] = cast("dict[Any, Any]", plain) if self._tells else environment
        self._value: Any = environment.encodevalue(PLACEHOLDER_KEY) if self._tells else PLACEHOLDER_KEY
        self._told: set[Any] = set()
        self._encoded: dict[tuple[str, ...], list[Any]] = {}

    def put(self, names: Iterable[str]) -> list[Any]:
        """Sets what is unset; give the result to `take_away`."""
        values, wanted = self._values, self._wanted
        taken = [name for name in self._encode(tuple(names)) if name in wanted or name not in values]
        unset = [name for name in taken if name not in wanted] if wanted else taken
        values.update(dict.fromkeys(unset, self._value))
        for name in taken:
            wanted[name] = wanted.get(name, 0) + 1
        if self._tells and not self._told.issuperset(unset):
            for name in unset:
                if name not in self._told:
                    os.putenv(name, self._value)
                    self._told.add(name)
        return taken

    def take_away(self, taken: list[Any]) -> None:
        """Unsets what nobody wants any more, unless it was given another value meanwhile."""
        values, wanted, value = self._values, self._wanted, self._value
        for name in taken:
            left = wanted[name] - 1
            if left:
                wanted[name] = left
                continue
            del wanted[name]
            if values.get(name) == value:
                del values[name]

    def withdraw(self) -> None:
        """Lets child processes begin without placeholders, too: no other cassette follows at once."""
        for name in self._told:
            if name not in self._values:
                os.unsetenv(name)
        self._told.clear()

    def _encode(self, names: tuple[str, ...]) -> list[Any]:
        encoded = self._encoded.get(names)
        if encoded is None:
            environment: Any = os.environ
            encoded = [environment.encodekey(name) for name in dict.fromkeys(names)] if self._tells else list(names)
            self._encoded[names] = encoded
        return encoded
