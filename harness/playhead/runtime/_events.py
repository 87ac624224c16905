"""The events of a whole run as one object: an async iterator that is also an async context manager."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import Any, Generic, Self

from typing_extensions import TypeVar

from playhead.messages import AgentStreamEvent
from playhead.runtime._result import AgentRunResultEvent

EventOutputT = TypeVar("EventOutputT", covariant=True, default=str)


class AgentEventStream(Generic[EventOutputT]):
    """The events of a run, the last of them its result. The run begins with the first.

    Leaving the context, or `aclose`, ends the run and closes the model's stream before it returns.
    """

    def __init__(self, events: AsyncGenerator[Any]) -> None:
        self._events = events

    def __aiter__(self) -> AsyncIterator[AgentStreamEvent | AgentRunResultEvent[EventOutputT]]:
        return self._events

    async def __anext__(self) -> AgentStreamEvent | AgentRunResultEvent[EventOutputT]:
        return await self._events.__anext__()

    async def aclose(self) -> None:
        """End the run."""
        await self._events.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
