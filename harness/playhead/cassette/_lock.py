"""One process at a time saves into a folder.

The folder itself is locked where the system can do that, so no lock files lie about; else (on Windows, on some network
drives, in a folder that may be written to but not listed) a file in the folder for temporary files. A lock ends with its
process, however that ends.
"""

from __future__ import annotations

import errno
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
        handle = _locked(folder)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)
        handle = _locked(folder)
    try:
        yield
    finally:
        os.close(handle)  # which gives the lock back


def _stand_in(folder: str) -> int:
    """An open file that stands for the folder: every process of this machine and user names it alike."""
    name = hashlib.sha256(os.path.normcase(os.path.realpath(folder)).encode("utf-8", "surrogateescape")).hexdigest()[
        :32
    ]
    user = os.getuid() if hasattr(os, "getuid") else ""
    path = os.path.join(tempfile.gettempdir(), f"playhead-{user}-{name}.lock")
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


if sys.platform == "win32":
    import msvcrt

    def _locked(folder: str) -> int:
        os.makedirs(folder, exist_ok=True)
        handle = _stand_in(folder)
        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # gives up after ten seconds
                return handle
            except OSError:
                continue

else:
    import fcntl

    def _locked(folder: str) -> int:
        try:
            return _with_lock(os.open(folder, os.O_RDONLY))
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
        return _with_lock(_stand_in(folder))

    def _with_lock(handle: int) -> int:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except BaseException:
            os.close(handle)
            raise
        return handle


# NFS wants a handle that may write for a lock that excludes, and a folder has none.
_CANNOT = frozenset(
    (errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM)
)
