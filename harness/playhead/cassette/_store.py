"""Files: read them whole, replace them atomically, merge with what another process saved meanwhile.

A save happens under a lock on the folder, so that any number of processes can record into one file: each takes what is
in the file now, leaves out what it means to replace, adds what is new, writes a temporary file beside it and renames
that. A process that is killed at any moment leaves the old file or the new one. A file that cannot be read is never
replaced, and a save that fails leaves the old file and says so.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from playhead.cassette._disk import destination, replace_file
from playhead.cassette._emit import FOOTER, emit_interaction, emit_pieces
from playhead.cassette._format import CassetteFile, read_cassette
from playhead.cassette._lock import locked_folder
from playhead.cassette._match import DEFAULT_MATCH_ON
from playhead.cassette._tape import Interaction
from playhead.exceptions import CassetteError, CassetteNotFound, CassetteUnreadable

__all__ = ["Loaded", "dump_foreign", "load_file", "read_file", "save_file", "write_data", "write_file"]


@dataclass(slots=True)
class Loaded:
    """A file as it was when it was read, and how to tell whether it is still the same."""

    file: CassetteFile
    signature: tuple[int, int, int] | None
    """Inode, size and time of change; None where there was no file."""


def read_file(path: str) -> CassetteFile:
    """The cassette at `path`. Raises `CassetteNotFound`, `CassetteUnreadable` or `CassetteVersionError`."""
    loaded = load_file(path)
    if loaded is None:
        raise CassetteNotFound(f"There is no cassette at {path}.", "Record it first, or check the path.", path=path)
    return loaded.file


def write_file(path: str, interactions: Sequence[Interaction], *, match_on: Sequence[str] = DEFAULT_MATCH_ON) -> None:
    """Writes interactions as a new cassette of our format, as they are: atomically, in place of what is there.

    For what was made or changed by a program; a recording session saves by itself. Raises `CassetteError`.
    """
    _write(path, emit_pieces(match_on, interactions))


def write_data(path: str, data: bytes) -> None:
    """Writes the text of a cassette atomically, in place of what is there. Raises `CassetteError`."""
    _write(path, (data,))


def _write(path: str, pieces: Iterable[bytes | memoryview]) -> None:
    try:
        folder, name = destination(path)
        with locked_folder(folder):
            replace_file(folder, name, pieces, _status(folder, name))
    except OSError as error:
        raise _not_saved(path, error) from error


def load_file(path: str) -> Loaded | None:
    """The cassette at `path`, or None where there is nothing, or only an empty file, which holds nothing to lose."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CassetteUnreadable(f"{path} is not a file.", "Give the path of a cassette file.", path=path)
            data = file.read()
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        raise CassetteUnreadable(f"{path} is a folder.", "Give the path of a cassette file.", path=path) from error
    except (OSError, ValueError) as error:
        remedy = "Check the path and its permissions."
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            error, remedy = OSError(error.strerror), _LONG_NAME  # the path is said already
        raise CassetteUnreadable(f"{path} cannot be read: {error}.", remedy, path=path) from error
    if not data or data.isspace():
        return None
    return Loaded(read_cassette(data, path), (status.st_ino, status.st_size, status.st_mtime_ns))


def _at_once(path: str, flags: int) -> int:
    """Opens without waiting: a named pipe without a writer would hold the suite for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def save_file(
    path: str,
    loaded: Loaded | None,
    *,
    match_on: Sequence[str],
    dropped: Sequence[Interaction],
    added: Sequence[Interaction],
    lay_out: bool = True,
) -> None:
    """Replaces the file by what it holds now, without `dropped` and with `added` at the end.

    `loaded` is what this process read; if the file changed since, it is read again, so nothing that others added is
    lost. A foreign file keeps its dialect unless everything in it is dropped. Raises `CassetteError`; the old file is
    then as it was.
    """
    try:
        folder, name = destination(path)
        with locked_folder(folder):
            status = _status(folder, name)
            if status is None:
                current = None
            elif loaded is not None and loaded.signature == (status.st_ino, status.st_size, status.st_mtime_ns):
                current = loaded
            else:
                current = load_file(os.path.join(folder, name))
            pieces = _contents(current, match_on, dropped, added, path, lay_out)
            if pieces is not None:
                replace_file(folder, name, pieces, status)
    except CassetteUnreadable as error:
        raise CassetteError(
            f"{path} was not saved, because what is there now cannot be read: {error.problem}",
            error.remedy,
            path=path,
        ) from error
    except OSError as error:
        raise _not_saved(path, error) from error


def _status(folder: str, name: str) -> os.stat_result | None:
    try:
        return os.stat(os.path.join(folder, name))
    except FileNotFoundError:
        return None


def _not_saved(path: str, error: OSError) -> CassetteError:
    remedy = "Make room or correct the permissions, and record again."
    if error.errno == errno.ENAMETOOLONG:
        remedy = f"{_LONG_NAME} Then record again."
    return CassetteError(
        f"{path} could not be saved: {error.strerror or error}. The old file, if there was one, is unchanged.",
        remedy,
        path=path,
    )


def _contents(
    current: Loaded | None,
    match_on: Sequence[str],
    dropped: Sequence[Interaction],
    added: Sequence[Interaction],
    path: str,
    lay_out: bool,
) -> Iterable[bytes | memoryview] | None:
    if current is None:
        return emit_pieces(match_on, added, lay_out=lay_out)
    file = current.file
    kept = _without(file.interactions, dropped)
    if len(kept) == len(file.interactions) and not added:
        return None
    if file.dialect == "playhead":
        return emit_pieces(
            file.match_on if kept and file.match_on is not None else match_on, [*kept, *added], lay_out=lay_out
        )
    if not kept:
        return emit_pieces(match_on, added, lay_out=lay_out)
    if len(kept) == len(file.interactions):
        try:
            return (_appended(Path(path).read_bytes(), file, added, path),)
        except CassetteUnreadable:
            pass  # its layout is not what its writer makes; then all of it is laid out anew
    return (_dumped(file, kept, added),)


def _without(interactions: Sequence[Interaction], dropped: Sequence[Interaction]) -> list[Interaction]:
    if not dropped:
        return list(interactions)
    left = Counter(_identity(interaction) for interaction in dropped)
    kept: list[Interaction] = []
    for interaction in interactions:
        identity = _identity(interaction)
        if left[identity] > 0:
            left[identity] -= 1
        else:
            kept.append(interaction)
    return kept


def _identity(interaction: Interaction) -> bytes:
    return emit_interaction(interaction) if interaction.text is None else bytes(interaction.text)


def _appended(data: bytes, file: CassetteFile, added: Sequence[Interaction], path: str) -> bytes:
    """The text of a foreign file as it is, with the new interactions where its writer would have put them."""
    if not data.endswith(b"\n"):
        data += b"\n"
    if file.dialect == "vcr":
        if not data.endswith(b"\n" + FOOTER):
            raise CassetteUnreadable("unusual layout")
        data = data.removesuffix(FOOTER) + b"".join(map(emit_interaction, added)) + FOOTER
    else:
        data += _yaml_items([_cassetter_item(interaction) for interaction in added])
    again = read_cassette(data, path)
    if again.dialect != file.dialect or len(again.interactions) != len(file.interactions) + len(added):
        raise CassetteUnreadable("unusual layout")
    old = [(interaction.request, interaction.response) for interaction in file.interactions]
    if [(interaction.request, interaction.response) for interaction in again.interactions[: len(old)]] != old:
        raise CassetteUnreadable("unusual layout")
    return data


def dump_foreign(file: CassetteFile) -> bytes:
    """The text of a foreign file in its own dialect, from the `source` of its interactions."""
    return _dumped(file, file.interactions, ())


def _dumped(file: CassetteFile, kept: Sequence[Interaction], added: Sequence[Interaction]) -> bytes:
    new = _cassetter_item if file.dialect == "cassetter" else _vcr_item
    document: dict[str, Any] = {
        "interactions": [*(interaction.source for interaction in kept), *map(new, added)],
        "version": 1,
    }
    if file.metadata:
        document["metadata"] = file.metadata
    text: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=file.dialect == "vcr")
    return text.encode()


def _yaml_items(items: list[dict[str, Any]]) -> bytes:
    text: str = yaml.dump(items, Dumper=_Dumper, allow_unicode=True, sort_keys=False)
    return text.encode()


_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _vcr_item(interaction: Interaction) -> dict[str, Any]:
    loaded: Any = yaml.load(emit_interaction(interaction), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    item: dict[str, Any] = loaded[0]
    item["request"]["body"] = _readable(interaction.request.body)
    item["response"]["status"]["code"] = interaction.response.status
    item["response"]["status"]["message"] = interaction.response.reason
    item["response"]["body"]["string"] = _readable(interaction.response.body)
    stream = interaction.response.stream
    if stream is not None:
        item["response"]["stream"] |= {"chunks": stream.chunks, "at_ms": stream.at_ms}
        if stream.end_ms is not None:
            item["response"]["stream"]["end_ms"] = stream.end_ms
    return item


def _cassetter_item(interaction: Interaction) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    stream = response.stream
    return {
        "request": {
            "method": request.method,
            "uri": request.uri,
            "headers": request.headers,
            "body": _typed(request.body, request.header("content-type")),
        },
        "response": {
            "status": response.status,
            "headers": response.headers,
            "body": _typed(response.body, response.header("content-type")),
        },
        "recorded_at": (stream.recorded_at if stream is not None else None) or "1970-01-01T00:00:00Z",
    }


def _typed(body: bytes | None, content_type: str | None) -> dict[str, Any]:
    if not body:
        return {"type": "none"}
    if content_type is not None and "json" in content_type:
        try:
            return {"type": "json", "content": json.loads(body)}
        except ValueError:
            pass
    content = _readable(body)
    return {"type": "text" if isinstance(content, str) else "binary", "content": content}


def _readable(body: bytes | None) -> str | bytes | None:
    try:
        return None if body is None else body.decode()
    except UnicodeDecodeError:
        return body


_LONG_NAME = (
    "The system takes no file name of more than 255 bytes, nor a path much longer than 1,000: choose a shorter one."
)
