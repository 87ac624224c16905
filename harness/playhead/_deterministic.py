"""The same run has the same ids and timestamps each time."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from playhead.clock import FixedClock, use_clock
from playhead.ids import SeededIds, use_ids

__all__ = ["deterministic"]

F = TypeVar("F", bound=Callable[..., Any])


class deterministic:
    """Take ids from `seed`, and timestamps from a clock that stands still unless a virtual loop moves it.

    A context manager for a block, or a decorator for a function, plain or async. Code that the block awaits or starts as
    a task is covered; a thread of its own is not.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._entered: list[ExitStack] = []

    def __enter__(self) -> Self:
        stack = ExitStack()
        stack.enter_context(use_ids(SeededIds(self._seed)))
        stack.enter_context(use_clock(FixedClock()))
        self._entered.append(stack)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered.pop().close()

    def __call__(self, function: F) -> F:
        """The function, with ids and time that begin anew at each call."""
        seed = self._seed
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapped_async(*args: Any, **kwargs: Any) -> Any:
                with deterministic(seed):
                    return await function(*args, **kwargs)

            return cast(F, wrapped_async)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with deterministic(seed):
                return function(*args, **kwargs)

        return cast(F, wrapped)
