"""Files that many tests replay are read once: what they hold is kept, and each test gets a copy of its own.

A file is known again by its device, inode, size and times of change. It is kept from the second time on, so that a suite
with a file for each test keeps nothing, and only once its last change is older than the ticks of a file system's clock:
a change that followed at once could not be told from what was read.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from playhead.cassette._format import CassetteFile
from playhead.cassette._store import Loaded, load_file
from playhead.clock import SystemClock

__all__ = ["load_to_replay"]

_BYTES_MAX = 16_000_000
"""How much of files is kept."""
_FILES_MAX = 10_000
_TICK_S = 0.1
_COARSE_TICK_S = 2.5
"""The same where a file system keeps whole seconds, as FAT (two of them) and some network file systems do."""


class _Known:
    __slots__ = ("identity", "loaded")

    def __init__(self, identity: tuple[int, ...]) -> None:
        self.identity = identity
        self.loaded: Loaded | None = None


_files: dict[str, _Known] = {}
_lock = threading.Lock()


def load_to_replay(path: str) -> Loaded | None:
    """What `load_file` gives, for a cassette that will not be written to."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return load_file(path)
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    known = _files.get(path)
    if known is None or known.identity != identity:
        if len(_files) >= _FILES_MAX:
            _files.clear()
        _files[path] = _Known(identity)
        return load_file(path)
    if known.loaded is None:
        loaded = load_file(path)
        if loaded is None or not _is_settled(status) or loaded.signature != (identity[1], identity[2], identity[3]):
            return loaded
        _keep(known, loaded)
    return _copy(known.loaded)


def _keep(known: _Known, loaded: Loaded) -> None:
    with _lock:
        kept = sum(other.identity[2] for other in list(_files.values()) if other.loaded is not None)
        if kept + known.identity[2] > _BYTES_MAX:
            _files.clear()
    for item in loaded.file.interactions:  # what was left for later is taken out once, and not in each copy
        for side in (item.request, item.response):
            _ = side.headers, side.body
        if item.response.stream is not None:
            _ = item.response.stream.chunks, item.response.stream.at_ms
    known.loaded = loaded


def _copy(loaded: Any) -> Loaded:
    file: CassetteFile = loaded.file
    items = [item.copy() for item in file.interactions]
    return Loaded(CassetteFile(file.dialect, file.match_on, items, dict(file.metadata)), loaded.signature)


def _is_settled(status: os.stat_result) -> bool:
    last = max(status.st_mtime_ns, status.st_ctime_ns)
    tick = _TICK_S if last % 1_000_000_000 else _COARSE_TICK_S
    return SystemClock().now().timestamp() - last / 1e9 > tick
