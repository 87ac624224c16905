"""A Starlette response that owns its stream: when it ends, for whatever reason, the stream has been closed.

Starlette's own leaves a stream to the garbage collector when the client goes away between two chunks, does not notice
under newer servers that a client has gone while nothing is sent, and cancels again and again while the stream cleans up.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

__all__ = ["OwningResponse"]


class OwningResponse(StreamingResponse):
    """Streams its body. A client that goes away ends it at once: the body is cancelled where it waits, then closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _stop(leaving)
            await _stop(sending)
        error = None if sending.cancelled() else sending.exception()
        if error is not None and not isinstance(error, OSError):  # that is how some servers say that the client left
            raise error
        if self.background is not None:
            await self.background()

    async def _send_all(self, send: Send) -> None:
        # Closed by the task that has read it: what a stream opened in a task it has to close there.
        try:
            await self.stream_response(send)
        finally:
            close: Any = getattr(self.body_iterator, "aclose", None)
            if close is not None:
                await close()


async def _stop(task: asyncio.Future[Any]) -> None:
    """Cancel a task once, and wait until it has cleaned up, however often we ourselves are cancelled meanwhile."""
    task.cancel()
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
