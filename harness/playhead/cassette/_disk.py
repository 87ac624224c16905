"""Puts a file in the place of another: under a lock, atomically, with the permissions and behind the links of the old one.

What a save costs beside the bytes it writes is made here, so nothing is asked of the system that is not needed: no
listing of the folder (a thousand cassettes lie there), no resolving of a path that is no link, no flush to the disk for
a file that replaces none.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from functools import cache

__all__ = ["destination", "keeps_order", "replace_file"]

Pieces = Iterable[bytes | memoryview]


def destination(path: str) -> tuple[str, str]:
    """(folder, name) of the file that `path` stands for, behind links. There need not be one."""
    try:
        linked = stat.S_ISLNK(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        linked = False
    folder, name = os.path.split(os.path.realpath(path) if linked else path)
    return folder or os.curdir, name


def replace_file(folder: str, name: str, pieces: Pieces, status: os.stat_result | None) -> None:
    """Writes a file beside its destination and renames it. Whoever calls holds the folder's lock.

    `status` is that of the file to replace, None where there is none. Raises `OSError`, or what making the pieces
    raises; then nothing has changed.
    """
    if status is not None and not status.st_mode & 0o222:
        raise PermissionError(13, "the file is read-only")
    # Always the same name: the lock says that nobody is at it, and what a killed process left is found without a search.
    temporary = os.path.join(folder, f".{name[:40]}{_SUFFIX}")
    handle = _created(temporary)
    try:
        try:
            _write(handle, pieces)
            if status is not None:
                mode = stat.S_IMODE(status.st_mode)
                if stat.S_IMODE(os.fstat(handle).st_mode) != mode:
                    os.chmod(temporary, mode)
                # A crash of the machine must not leave an empty file where a good one was. Of a new one nothing is lost.
                if not _keeps_order(status.st_dev):
                    os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, os.path.join(folder, name))
    except BaseException:
        try:
            os.unlink(temporary)
        except FileNotFoundError:
            pass
        raise


def _created(path: str) -> int:
    """A new file, made as any other would be, so that the umask and the folder's defaults hold."""
    try:
        return os.open(path, _NEW, 0o666)
    except FileExistsError:
        os.unlink(path)
        return os.open(path, _NEW, 0o666)


def _write(handle: int, pieces: Pieces) -> None:
    batch: list[bytes | memoryview] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece)
        if size >= _BATCH:
            _write_all(handle, b"".join(batch))
            batch, size = [], 0
    if batch:
        _write_all(handle, b"".join(batch))


def _write_all(handle: int, data: bytes) -> None:
    written = os.write(handle, data)
    while written < len(data):  # the disk is nearly full, or the piece is larger than the system takes at once
        written += os.write(handle, memoryview(data)[written:])


def keeps_order(device: int, mounts_path: str = "/proc/self/mountinfo") -> bool:
    """Whether the file system of a device writes a file before it lets it replace another, so that flushing it is not
    needed: ext4 does since 2009 (`auto_da_alloc`), unless it is told not to."""
    try:
        wanted = f"{os.major(device)}:{os.minor(device)}"
        with open(mounts_path, encoding="utf-8", errors="replace") as mounts:
            for line in mounts:
                fields = line.split()
                if fields[2] == wanted:
                    kind, _, options = fields[fields.index("-") + 1 :][:3]
                    return kind in _ORDERLY and "noauto_da_alloc" not in options
    except (OSError, AttributeError, ValueError, IndexError):
        pass  # another system; flushing is always right
    return False


_keeps_order = cache(keeps_order)
_ORDERLY = ("ext4", "tmpfs")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_SUFFIX = ".playhead-tmp"
_BATCH = 1 << 17
