"""What can be cut: bytes, text, or the bodies of a cassette; and how a cut case is kept as one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, cast

from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, Stream, read_file, write_file
from playhead.exceptions import UserError

__all__ = ["Source", "sources_of"]

_HEADERS = {"content-type": ["text/event-stream"]}


@dataclass(slots=True)
class Source:
    """One body: its `name` in messages, its `data`, and the interaction it comes from, where there is one."""

    name: str
    data: bytes | str
    interaction: Interaction | None = None

    def save(self, path: str | PathLike[str], pieces: Sequence[bytes | str]) -> Path:
        """Write the body as a cassette whose chunks are `pieces`."""
        chunks = [piece.encode() if isinstance(piece, str) else piece for piece in pieces]
        body = b"".join(chunks)
        kept = self.interaction
        request = kept.request if kept else RecordedRequest("GET", "http://127.0.0.1/split-difference")
        stream = Stream(chunks=[len(chunk) for chunk in chunks], at_ms=[0] * len(chunks))
        status, headers = (kept.response.status, kept.response.headers) if kept else (200, _HEADERS)
        write_file(fspath(path), [Interaction(request, RecordedResponse(status, "OK", headers, body, stream))])
        return Path(path)


def sources_of(source: Any) -> Generator[Source]:
    """The bodies of `source`: itself, or those of a cassette (an open one, or its file)."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield Source("the source", bytes(cast(bytes, source)))
    elif isinstance(source, str) and not _is_file(source):
        yield Source("the source", source)
    else:
        name, interactions = _interactions(source)
        bodies = 0
        for number, interaction in enumerate(interactions):
            if interaction.response.body:
                bodies += 1
                yield Source(f"{name}, interaction {number + 1},", interaction.response.body, interaction)
        if not bodies:
            raise UserError(f"{name} has no response with a body, so there is nothing to cut.")


def _is_file(source: str) -> bool:
    return "\n" not in source and source.endswith((".yaml", ".yml")) and Path(source).is_file()


def _interactions(source: Any) -> tuple[str, Sequence[Interaction]]:
    if isinstance(source, (str, PathLike)):
        path = fspath(source)  # pyright: ignore[reportUnknownVariableType]
        return str(path), read_file(path).interactions  # pyright: ignore
    if hasattr(source, "interactions"):
        return str(getattr(source, "path", "the cassette")), source.interactions
    raise UserError(
        f"A source is bytes, text, or a cassette (open, or the path of its file), not {type(source).__name__}."
    )
