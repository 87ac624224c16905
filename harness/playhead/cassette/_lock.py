"""One process at a time saves into a folder.

The folder itself is locked where the system can do that (everywhere but on Windows), so no lock files lie about; else a
file in the folder for temporary files. A lock ends with its process, however that ends.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["locked_folder"]


@contextmanager
def locked_folder(folder: str) -> Generator[None]:
    """Holds the folder's lock for the block; waits for it as long as it takes. A folder that is missing is made."""
    try:
        handle = _open(folder)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)
        handle = _open(folder)
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)  # which gives the lock back


if sys.platform == "win32":
    import msvcrt

    def _open(folder: str) -> int:
        os.makedirs(folder, exist_ok=True)
        name = hashlib.sha256(os.path.normcase(os.path.abspath(folder)).encode()).hexdigest()[:32]
        return os.open(os.path.join(tempfile.gettempdir(), f"playhead-{name}.lock"), os.O_RDWR | os.O_CREAT)

    def _lock(handle: int) -> None:
        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # gives up after ten seconds
                return
            except OSError:
                continue

else:
    import fcntl

    def _open(folder: str) -> int:
        return os.open(folder, os.O_RDONLY)

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)
