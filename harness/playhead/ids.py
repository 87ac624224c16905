"""The only source of identifiers: a context variable, so that a test can have the same ids in each run."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

__all__ = ["Ids", "RandomIds", "SeededIds", "derived_id", "tool_call_id", "unique_id", "use_ids"]


class Ids(Protocol):
    """Makes identifiers."""

    def uuid(self) -> uuid.UUID:
        """A new identifier of version 4."""
        ...


class RandomIds:
    """Identifiers that no two programs share."""

    def uuid(self) -> uuid.UUID:
        return uuid.uuid4()


class SeededIds:
    """The same sequence of identifiers for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)


_ids: ContextVar[Ids] = ContextVar("playhead_ids")
_random_ids: Ids = RandomIds()
_VERSION_4 = uuid.UUID(int=0, version=4).int
_FREE_BITS = uuid.UUID(int=2**128 - 1, version=4).int & ~_VERSION_4


def unique_id() -> str:
    """A new identifier in the usual form with hyphens, for runs and messages."""
    return str(_ids.get(_random_ids).uuid())


def tool_call_id() -> str:
    """A new identifier for a tool call the provider did not name: `pyd_ai_` and 32 hexadecimal digits."""
    source = _ids.get(_random_ids)
    if source is _random_ids:
        # The digits of a UUID of version 4, without the object: replies of a provider without ids need one for each call.
        number = int.from_bytes(os.urandom(16)) & _FREE_BITS | _VERSION_4
        return f"pyd_ai_{number:032x}"
    return f"pyd_ai_{source.uuid().hex}"


def derived_id(name: str) -> str:
    """The identifier that belongs to `name`: the same for the same name, everywhere (a UUID of version 5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


@contextmanager
def use_ids(ids: Ids) -> Generator[Ids]:
    """Make `ids` the source of identifiers for the block."""
    token = _ids.set(ids)
    try:
        yield ids
    finally:
        _ids.reset(token)
