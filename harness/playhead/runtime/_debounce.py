"""Groups what arrives within a window of time. Tasks: one for each group, none for each item.

A window opens when iteration begins, a later one with its first item. A group is handed out when its window is over, or
at the end. Leaving early never cuts an item in two: the read that is under way is kept, and goes on for the next reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Generic, TypeVar

from playhead import clock

T = TypeVar("T")


class Collector(Generic[T]):
    """Reads `source` in a task of its own while a window is open."""

    def __init__(self, source: AsyncIterator[T]) -> None:
        self._source = source
        self._items: list[T] = []
        self._task: asyncio.Task[None] | None = None
        self._first: asyncio.Event = asyncio.Event()
        self._open = False
        self._window = 0.0
        self._deadline: float | None = None
        self._check: Callable[[], None] | None = None
        self.ended = False

    @property
    def reading(self) -> bool:
        """Whether a read that somebody left is still under way."""
        return self._task is not None and not self._task.done()

    async def groups(
        self, window: float, *, waiting: bool = False, check: Callable[[], None] | None = None
    ) -> AsyncGenerator[list[T]]:
        """Groups of items, never empty, until the source ends; the first may be empty where somebody is `waiting` for
        the end of its window. Raises what the source raises, or `check` after an item, instead of a group."""
        self._items.clear()  # whoever begins has already seen these in the state
        self._window = window
        self._check = check
        self._deadline = clock.monotonic() + window
        try:
            while True:
                await self._fill()
                if self._task is not None and self._task.done() and self._task.exception() is not None:
                    task, self._task = self._task, None
                    task.result()  # an error comes at once: its group is not handed out
                if self._items or waiting:
                    waiting = False
                    items, self._items = self._items, []
                    yield items
                task = self._task
                if task is not None and task.done():
                    self._task = None
                    if self.ended:
                        return
                self._deadline = None
        finally:
            self._open = False

    async def settle(self) -> list[T]:
        """Wait for the read that is under way, if any: what it brought. Raises what the source raises."""
        if self._task is not None:
            task, self._task = self._task, None
            await asyncio.wait({task})
            task.result()
        items, self._items = self._items, []
        return items

    async def cancel(self) -> None:
        """Stop the read that is under way. It has ended when this returns."""
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _fill(self) -> None:
        """Read until the window is over, or the source has ended."""
        self._open = True
        if self._items and self._deadline is None:
            self._deadline = clock.monotonic() + self._window
        if self._task is None:
            self._first.clear()
            self._task = asyncio.ensure_future(self._read())
        task = self._task
        if self._deadline is None:  # the window opens with the first item
            self._first.clear()
            waiter = asyncio.ensure_future(self._first.wait())
            try:
                await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiter.cancel()
        if self._deadline is not None and not task.done():
            await asyncio.wait({task}, timeout=max(0.0, self._deadline - clock.monotonic()))
        self._open = False

    async def _read(self) -> None:
        try:
            while True:
                item = await self._source.__anext__()
                self._items.append(item)
                if self._check is not None:
                    self._check()
                if not self._open:
                    return
                now = clock.monotonic()
                if self._deadline is None:
                    self._deadline = now + self._window
                    self._first.set()
                elif now >= self._deadline:  # a source that never waits gives nobody else a turn
                    return
        except StopAsyncIteration:
            self.ended = True
