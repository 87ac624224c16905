"""What goes wrong on the way: one fault, small and readable, for pieces of a body or for a script.

A `Fault` says what happens, in which reply and where in it. `in_body` puts it into the pieces of a body as a client would
see them, `in_script` into what a scripted model plays. `faults()` draws them; each shrinks to its beginning.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import httpx
from hypothesis import strategies as st

from playhead import clock
from playhead.messages import ResponseMeta
from playhead.models import Response, Script, disconnect, error, text, wait
from playhead.wire import DIALECTS

__all__ = ["FAULTS", "Fault", "FaultKind", "FaultyPieces", "faults"]

FaultKind: TypeAlias = Literal[
    "disconnect", "stall", "error_event", "http_error", "truncation", "duplication", "garbage"
]
FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)
"""All kinds: the connection breaks; nothing comes for a while; the provider reports an error inside the stream, or in
place of it; the reply just ends; a piece comes twice; something comes that does not belong there."""

_GARBAGE = ("\x00", "�", "<html><body>502 Bad Gateway</body></html>", "data: {\n\n", "}", "data: null\n\n", ": \r\r\n")
_STATUSES = (500, 429, 400, 401, 403, 404, 408, 413, 502, 503, 504, 529)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `reply` counts the replies of a script from 0; `at` is how far in it: the byte of a body, the step of a
    response (both modulo its length and one). `seconds`, `status` and `garbage` belong to the kinds that have them."""

    kind: FaultKind
    reply: int = 0
    at: int = 0
    seconds: float = 30.0
    status: int = 500
    garbage: str = "\x00"

    def in_body(self, pieces: Sequence[bytes], *, dialect: str | None = None) -> FaultyPieces:
        """The pieces of a body with this fault; iterable and async iterable, for a consumer of bytes.

        The cut lies at byte `at`. A stall waits on `playhead.clock` for who iterates asynchronously; a disconnect is
        `httpx.RemoteProtocolError`; an error is written as `dialect` writes it, without one as an SSE frame.
        """
        body = b"".join(pieces)
        place = self.at % (len(body) + 1)
        before, after = _split(pieces, place)
        match self.kind:
            case "disconnect":
                return FaultyPieces([*before, httpx.RemoteProtocolError("peer closed connection (a fuzzed fault)")])
            case "stall":
                return FaultyPieces([*before, self.seconds, *after])
            case "error_event":
                return FaultyPieces([*before, _error_event(dialect)])
            case "http_error":
                return FaultyPieces([_http_error(self.status, dialect)])
            case "truncation":
                return FaultyPieces(list(before))
            case "duplication":
                last = before[-1:] or after[:1]
                return FaultyPieces([*before, *last, *after])
            case "garbage":
                return FaultyPieces([*before, self.garbage.encode(), *after])

    def in_script(self, script: Script) -> Script:
        """The script with this fault in one of its responses. A truncated or damaged reply is one the model sent so."""
        responses = list(script.responses)
        if not responses:
            return script
        number = self.reply % len(responses)
        responses[number] = self._in_response(responses[number])
        return Script(responses=responses)

    def _in_response(self, response: Response) -> Response:
        steps: list[Any] = list(response.steps)
        place = self.at % (len(steps) + 1)
        before, after = steps[:place], steps[place:]
        match self.kind:
            case "disconnect":
                steps = [*before, disconnect()]
            case "stall":
                steps = [*before, wait(self.seconds), *after]
            case "error_event":
                # As the first step it would be an HTTP error.
                steps = [*(before or [text("")]), error(self.status, "Overloaded", type="overloaded_error")]
            case "http_error":
                steps = [error(self.status, "The server had an error")]
            case "truncation":
                steps = before
            case "duplication":
                steps = [*before, *before[-1:], *after]
            case "garbage":
                steps = [*before, text(self.garbage), *after]
        return response.model_copy(update={"steps": steps})

    def __str__(self) -> str:
        where = f"reply {self.reply + 1}, place {self.at}"
        more = {"stall": f" for {self.seconds:g} s", "http_error": f" {self.status}", "garbage": f" {self.garbage!r}"}
        return f"{self.kind}{more.get(self.kind, '')} in {where}"


def faults(*kinds: FaultKind, replies: int = 4, places: int = 2_000) -> st.SearchStrategy[Fault]:
    """One fault of `kinds` (all, if none is named), in one of `replies` replies, at one of `places` places.

    Shrinks towards the first kind, the first reply and its beginning.
    """
    return st.builds(
        Fault,
        kind=st.sampled_from(kinds or FAULTS),
        reply=st.integers(0, max(0, replies - 1)),
        at=st.integers(0, 6) | st.integers(0, max(0, places - 1)),
        seconds=st.sampled_from([30.0, 0.05, 3_600.0]),
        status=st.sampled_from(_STATUSES),
        garbage=st.sampled_from(_GARBAGE),
    )


class FaultyPieces:
    """Pieces, pauses in seconds and errors, once, by `for` (which does not wait) or by `async for`."""

    def __init__(self, moves: Sequence[bytes | float | Exception]) -> None:
        self.moves = list(moves)
        self._moves = iter(self.moves)

    @property
    def body(self) -> bytes:
        """What arrives, joined."""
        return b"".join(move for move in self.moves if isinstance(move, bytes))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        for move in self._moves:
            if isinstance(move, Exception):
                raise move
            if isinstance(move, bytes):
                return move
        raise StopIteration

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for move in self._moves:
            if isinstance(move, Exception):
                raise move
            if isinstance(move, bytes):
                return move
            await clock.sleep(move)
        raise StopAsyncIteration


def _split(pieces: Sequence[bytes], place: int) -> tuple[list[bytes], list[bytes]]:
    """The pieces before and after a byte; the one it lies in is cut."""
    before: list[bytes] = []
    after: list[bytes] = []
    start = 0
    for piece in pieces:
        cut = min(max(place - start, 0), len(piece))
        if piece[:cut]:
            before.append(piece[:cut])
        if piece[cut:]:
            after.append(piece[cut:])
        start += len(piece)
    return before, after


def _error_event(dialect: str | None) -> bytes:
    if dialect is None:
        return b'event: error\ndata: {"error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n'
    encoder = DIALECTS[dialect].encoder(streamed=True)
    return encoder.feed(ResponseMeta(error={"message": "Overloaded", "type": "overloaded_error"})) + encoder.close()


def _http_error(status: int, dialect: str | None) -> bytes:
    if dialect is None:
        return f'{{"error": {{"message": "The server had an error", "code": {status}}}}}'.encode()
    return DIALECTS[dialect].write_error(status, "The server had an error")
