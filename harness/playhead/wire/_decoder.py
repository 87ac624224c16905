"""What the decoders of all dialects share: how bytes reach them, and how they fail.

A subclass reads frames (`_frame`) or a whole body (`_whole`) into `self._emitter`, sets `self._over` when nothing may
follow, and says in `_end` what the end of the reply makes. This class makes three promises for it: cuts never change
events (a failure waits until the events before it were handed out), nothing but a `DecodeError` that names the frame is
ever raised, and after a failure every further call raises the same one.
"""

from __future__ import annotations

from typing import Any

from playhead.exceptions import DecodeError, UnexpectedModelBehavior
from playhead.messages import ResponseMeta, StreamEvent
from playhead.stream import Emitter
from playhead.wire._json import load
from playhead.wire._sse import Frame, FrameSplitter

__all__ = ["WRONG", "BaseDecoder"]

WRONG = (
    AttributeError,
    DecodeError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    UnexpectedModelBehavior,
    ValueError,
)
"""What bytes that are not the format make a decoder raise: it becomes a `DecodeError` that names the frame."""

BODY_BYTES_MAX = 512 * 1024 * 1024


class BaseDecoder:
    """Bytes of one reply in, events out."""

    _body_size = 0
    _over = False
    _closed = False
    _number = 0
    _failure: DecodeError | None = None

    def __init__(self, *, streamed: bool) -> None:
        self._emitter = Emitter()
        self.fold = self._emitter.fold
        self._streamed = streamed
        self._splitter = FrameSplitter()
        self._body: list[bytes] = []

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that `data` completes."""
        if self._failure is not None:
            raise self._failure
        if not self._streamed:
            self._keep(data)
            return []
        try:
            for frame in self._splitter.feed(data):
                if self._over:
                    break
                self._number = frame.number
                self._frame(frame)
        except WRONG as error:
            self._went_wrong(error)
        return self._take()

    def close(self) -> list[StreamEvent]:
        """The last events. `DecodeError` where there was no reply at all."""
        if self._failure is not None:
            raise self._failure
        if self._closed:
            return []
        self._closed = True
        try:
            if self._streamed:
                self._close_stream()
            else:
                self._number = -1
                self._whole(load(b"".join(self._body)))
            if not self._over:
                self._over = True
                self._end()
        except WRONG as error:
            self._went_wrong(error)
        if self._failure is not None:
            raise self._failure  # There is no later call that could raise it.
        return self._emitter.take()

    def replay(self, chunks: list[dict[str, Any]] | dict[str, Any]) -> list[StreamEvent]:
        """All events of a reply that is at hand as JSON: the chunks of a stream, or a whole body."""
        try:
            if isinstance(chunks, dict):
                self._whole(chunks)
            else:
                for chunk in chunks:
                    if not self._over:
                        self.chunk(chunk)
            if not self._over:
                self._over = True
                self._end()
        except WRONG as error:
            self._went_wrong(error)
        self._closed = True
        events = self._emitter.take()
        self._raise_failure()
        return events

    # ---- for subclasses
    def chunk(self, chunk: dict[str, Any]) -> None:
        """One JSON object of the stream."""
        raise NotImplementedError

    def _frame(self, frame: Frame) -> None:
        raise NotImplementedError

    def _whole(self, body: Any) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        self._emitter.close()

    def _fail(self, error: dict[str, Any]) -> None:
        """The provider's error inside a stream: the last event there is."""
        self._emitter.close()
        self._emitter.meta(ResponseMeta(error=error, state="incomplete"))
        self._over = True

    # ---- machinery
    def _close_stream(self) -> None:
        for frame in self._splitter.close():
            if not self._over:
                self._number = frame.number
                self._frame(frame)
        if self._over or self._splitter.frames:
            return
        stray = self._splitter.stray.strip()
        if not stray:
            raise DecodeError(
                "The stream ended without a single event",
                "The connection was closed before the reply began, or the body is of another content type.",
            )
        # A server that was asked for a stream and answers with one JSON body, as some do for errors.
        self._number = -1
        self._whole(load(stray))

    def _keep(self, data: bytes) -> None:
        self._body.append(data)
        self._body_size += len(data)
        if self._body_size > BODY_BYTES_MAX:
            self._failure = DecodeError(
                f"The body is longer than {BODY_BYTES_MAX:,} bytes", "This is no model's reply."
            )
            raise self._failure

    def _went_wrong(self, error: Exception) -> None:
        """Keep what went wrong as a failure that names the frame; what is no fault of the bytes goes on its way."""
        if isinstance(error, DecodeError):
            if error.frame is None and self._number >= 0 and self._streamed and self._splitter.frames:
                error.frame = self._number
            self._failure = error
        elif isinstance(error, UnexpectedModelBehavior):
            self._failure = self._shaped_wrongly(error.message)
        else:
            # Fields of types that the format does not have. Those that real servers send are read leniently above.
            self._failure = self._shaped_wrongly(f"{type(error).__name__}: {error}")
            self._failure.__cause__ = error
        self.fold.state = "incomplete"

    def _shaped_wrongly(self, what: str) -> DecodeError:
        framed = self._streamed and self._number >= 0
        where = f"Frame {self._number} of the stream" if framed else "The body"
        return DecodeError(
            f"{where} is not shaped as this format has it: {what}",
            "Is this reply of another dialect?",
            frame=self._number if framed else None,
        )

    def _take(self) -> list[StreamEvent]:
        out = self._emitter.take()
        if not out:
            self._raise_failure()
        return out

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
