"""What can be cut: bytes, text, or the bodies of a cassette; and how a cut case is kept as one."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, Stream, read_file, write_file
from playhead.exceptions import UserError
from playhead.models import Script
from playhead.traffic import write_cassette

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
    """The bodies of `source`: itself, or those of a cassette (an open one, or its file), of a script, of a response; of
    each, where there are several."""
    thing: Any = source  # asked for attributes: nothing is known of its type
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield Source("the source", bytes(cast(bytes, source)))
    elif isinstance(source, str) and not _is_cassette(source):
        yield Source("the source", source)
    elif isinstance(source, Script):
        yield from _bodies("the script", _played(source))
    elif isinstance(body := getattr(thing, "body", None) or getattr(thing, "content", None), (bytes, str)):
        yield Source("the source", body)  # `WireReply`, a recorded response, a client's response
    elif hasattr(thing, "interactions"):
        yield from _bodies(str(getattr(thing, "path", "the cassette")), thing.interactions)
    elif hasattr(getattr(thing, "response", None), "body"):
        yield from _bodies("the source", [thing])
    elif isinstance(source, (str, PathLike)):
        path = fspath(cast("str | PathLike[str]", source))
        if _is_cassette(path):
            yield from _bodies(path, read_file(path).interactions)
        else:
            yield Source(path, Path(path).read_bytes())
    elif isinstance(source, Iterable) and not isinstance(source, (dict, set)):
        yield from _several(list(cast("Iterable[Any]", source)))
    else:
        raise UserError(
            "A source is bytes, text, a cassette (open, or the path of its file), a script, a response, or several of "
            f"them, not {type(thing).__name__}."
        )


def _played(script: Script) -> list[Interaction]:
    """What a server would send, as OpenAI's chat completions."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "script.yaml"
        write_cassette(script, path)
        return read_file(str(path)).interactions


def _several(items: list[Any]) -> Generator[Source]:
    """Pieces of one stream, as they came; or several sources."""
    if all(isinstance(item, bytes) for item in items):
        yield Source("the source", b"".join(items))
    elif all(isinstance(item, str) and not _is_cassette(item) for item in items):
        yield Source("the source", "".join(items))
    else:
        for number, item in enumerate(items):
            for one in sources_of(item):
                yield replace(one, name=f"source {number + 1}") if one.name == "the source" else one


def _bodies(name: str, interactions: Sequence[Any]) -> Generator[Source]:
    bodies = 0
    for number, interaction in enumerate(interactions):
        if interaction.response.body:
            bodies += 1
            yield Source(f"{name}, interaction {number + 1},", interaction.response.body, interaction)
    if not bodies:
        raise UserError(f"{name} has no response with a body, so there is nothing to cut.")


def _is_cassette(source: str) -> bool:
    """Whether a text is the path of a cassette; one that looks like it has to be there."""
    if "\n" in source or not source.endswith((".yaml", ".yml", ".json")) or source.startswith(("{", "[", '"')):
        return False
    if not Path(source).is_file():
        raise UserError(f"There is no cassette {source!r}. Paths are relative to {Path.cwd()}.")
    return True
