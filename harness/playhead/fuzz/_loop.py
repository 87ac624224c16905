"""One event loop for many runs, also when a test is itself running on a loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import TracebackType
from typing import Any, TypeVar

from playhead.virtual import virtual_time

__all__ = ["LoopRunner"]

_Result = TypeVar("_Result")


class LoopRunner:
    """Runs coroutines one after the other on a loop of its own, in a thread where this one has a running loop."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._thread: ThreadPoolExecutor | None = None

    def run(self, coroutine: Coroutine[Any, Any, _Result], *, virtual: bool = False) -> _Result:
        """The coroutine's result; what it raises is raised. With `virtual`, time jumps over what it waits for."""
        if self._runner is None:
            self._runner = asyncio.Runner()
            if asyncio._get_running_loop() is not None:
                self._thread = ThreadPoolExecutor(1, "playhead-fuzz")
        runner = self._runner

        def run(context: contextvars.Context | None) -> _Result:
            with virtual_time() if virtual else nullcontext():
                return runner.run(coroutine, context=context)

        if self._thread is None:
            return run(None)
        return self._thread.submit(run, contextvars.copy_context()).result()

    def __enter__(self) -> LoopRunner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._runner is not None:
            if self._thread is None:
                self._runner.close()
            else:
                self._thread.submit(self._runner.close).result()
                self._thread.shutdown()
