"""What `run_stream` and `iter` give: a run that begins with `async with`, and says so where that was forgotten."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class UseAsyncWith(AbstractAsyncContextManager[T]):
    """Opens what it holds. Its name is what Python says where it is awaited, iterated, or used in a plain `with`."""

    def __init__(self, opened: AbstractAsyncContextManager[T], call: str) -> None:
        self._opened = opened
        self._call = call

    async def __aenter__(self) -> T:
        return await self._opened.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return await self._opened.__aexit__(kind, error, traceback)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what Python, copies and debuggers look for
            raise AttributeError(name)
        what = self._call
        raise AttributeError(
            f"`{what}(...)` is entered first: `async with agent.{what}(...) as {_NAMES[what]}:`, then `{_NAMES[what]}.{name}`."
        )


_NAMES = {"run_stream": "result", "iter": "run"}
