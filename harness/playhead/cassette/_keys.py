"""Placeholders for API keys while nothing can be recorded, because SDKs want one when a client is made.

Only variables that are not set at all get one, and they go when the last cassette closes that asked for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

__all__ = ["PLACEHOLDER_KEY", "PlaceholderKeys"]

PLACEHOLDER_KEY = "playhead-replays-without-a-key"


class PlaceholderKeys:
    """The variables that hold a placeholder now, and how many cassettes want that.

    Not thread-safe: the caller holds a lock.
    """

    def __init__(self) -> None:
        self._wanted: dict[str, int] = {}
        # Setting thirty variables the usual way costs more than all else that opening a cassette does: each access
        # encodes the name again. So what `os.environ` keeps is used directly, where it is as CPython has it.
        environment: Any = os.environ
        plain: Any = getattr(environment, "_data", None)
        self._plain: dict[Any, Any] | None = plain if isinstance(plain, dict) else None
        self._encoded: dict[str, Any] = {}
        self._value: Any = environment.encodevalue(PLACEHOLDER_KEY) if self._plain is not None else None

    def put(self, names: Iterable[str]) -> list[str]:
        """Sets what is unset; give the result to `take_away`."""
        taken: list[str] = []
        for name in names:
            count = self._wanted.get(name, 0)
            if not count and not self._set(name):
                continue
            self._wanted[name] = count + 1
            taken.append(name)
        return taken

    def take_away(self, taken: list[str]) -> None:
        """Unsets what nobody wants any more, unless it was given another value meanwhile."""
        for name in taken:
            self._wanted[name] -= 1
            if not self._wanted[name]:
                del self._wanted[name]
                self._unset(name)

    def _set(self, name: str) -> bool:
        if self._plain is None:
            if name in os.environ:
                return False
            os.environ[name] = PLACEHOLDER_KEY
            return True
        encoded = self._encode(name)
        if encoded in self._plain:
            return False
        os.putenv(encoded, self._value)
        self._plain[encoded] = self._value
        return True

    def _unset(self, name: str) -> None:
        if self._plain is None:
            if os.environ.get(name) == PLACEHOLDER_KEY:
                del os.environ[name]
            return
        encoded = self._encode(name)
        if self._plain.get(encoded) == self._value:
            os.unsetenv(encoded)
            del self._plain[encoded]

    def _encode(self, name: str) -> Any:
        encoded = self._encoded.get(name)
        if encoded is None:
            environment: Any = os.environ
            encoded = self._encoded[name] = environment.encodekey(name)
        return encoded
