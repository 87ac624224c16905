"""What a save asks of the system: as little as it can, and all that keeps a good file good."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, read_file, write_file
from playhead.cassette import _disk as disk
from playhead.cassette._emit import emit_file
from playhead.cassette._match import DEFAULT_MATCH_ON
from playhead.exceptions import CassetteError, CassetteUnreadable

URL = "https://api.example.com/v1"


def one(name: str, answer: str = "yes") -> Interaction:
    request = RecordedRequest("GET", f"{URL}/{name}")
    return Interaction(request, RecordedResponse(200, "OK", {"content-type": ["text/plain"]}, answer.encode()))


def names_in(tape: Path) -> list[str]:
    return [item.request.uri.rpartition("/")[2] for item in read_file(str(tape)).interactions]


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return tmp_path / "tape.yaml"


def test_what_a_killed_process_left_is_overwritten(tape: Path) -> None:
    (tape.parent / ".tape.yaml.playhead-tmp").write_text("half a file")
    write_file(str(tape), [one("a")])
    assert names_in(tape) == ["a"]
    assert os.listdir(tape.parent) == ["tape.yaml"]


def test_saving_does_not_look_through_the_folder(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a folder of a thousand cassettes takes longer to list than a file to write")

    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, never)
    write_file(str(tape), [one("a")])
    monkeypatch.undo()
    assert names_in(tape) == ["a"]


@pytest.mark.parametrize(
    ("existed", "orderly", "steps"),
    [(False, False, ["replace"]), (True, False, ["fsync", "replace"]), (True, True, ["replace"])],
)
def test_a_file_that_replaces_another_is_on_the_disk_before_it_does(
    tape: Path, monkeypatch: pytest.MonkeyPatch, existed: bool, orderly: bool, steps: list[str]
) -> None:
    """The file system sees to that, or `fsync` does. Of a file that is new, no older one can be lost."""
    seen: list[str] = []
    if existed:
        write_file(str(tape), [one("old")])
    fsync, replace = os.fsync, os.replace

    def flushing(handle: int) -> None:
        seen.append("fsync")
        fsync(handle)

    def replacing(source: str, target: str) -> None:
        seen.append("replace")
        replace(source, target)

    def keeps_order(device: int) -> bool:
        return orderly

    monkeypatch.setattr(os, "fsync", flushing)
    monkeypatch.setattr(os, "replace", replacing)
    monkeypatch.setattr(disk, "_keeps_order", keeps_order)
    write_file(str(tape), [one("a")])
    assert seen == steps
    assert names_in(tape) == ["a"]


MOUNTS = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
28 27 254:1 / /fast rw,relatime shared:1 master:2 - ext4 /dev/vdb rw,noauto_da_alloc
29 27 254:2 / /xfs rw - xfs /dev/vdc rw
broken
"""


@pytest.mark.parametrize(("minor", "expected"), [(0, True), (1, False), (2, False), (3, False)])
def test_only_a_file_system_that_is_known_to_write_before_it_renames_is_trusted(
    tmp_path: Path, minor: int, expected: bool
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert disk.keeps_order(os.makedev(254, minor), str(mounts)) is expected
    assert disk.keeps_order(os.makedev(254, minor), str(tmp_path / "none")) is False


def test_a_path_without_a_folder_is_in_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_file("tape.yaml", [one("a")])
    write_file(os.path.join("deep", "er", "tape.yaml"), [one("b")])
    assert names_in(tmp_path / "tape.yaml") == ["a"]
    assert names_in(tmp_path / "deep" / "er" / "tape.yaml") == ["b"]


def test_a_name_that_no_file_can_have_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 300}.yaml"
    with pytest.raises(CassetteUnreadable, match="File name too long") as read:
        read_file(str(path))
    assert "255 bytes" in read.value.remedy
    with pytest.raises(CassetteError, match="could not be saved: File name too long") as saved:
        write_file(str(path), [one("a")])
    assert "255 bytes" in saved.value.remedy
    assert os.listdir(tmp_path) == []


def test_a_disk_that_takes_a_file_in_pieces_gets_all_of_them(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def writes_some(handle: int, data: bytes) -> int:
        return write(handle, bytes(data[:50_000]))

    monkeypatch.setattr(os, "write", writes_some)
    interactions = [one(str(number), "x" * 30_000) for number in range(40)]
    write_file(str(tape), interactions)
    monkeypatch.undo()
    assert names_in(tape) == [str(number) for number in range(40)]
    assert tape.read_bytes() == emit_file(DEFAULT_MATCH_ON, interactions)


def test_an_interaction_that_cannot_be_written_leaves_the_old_file(tape: Path) -> None:
    write_file(str(tape), [one("old")])
    before = tape.read_bytes()
    bad = one("bad", "x" * 200_000)
    bad.response.headers["x"] = [object()]  # type: ignore[list-item]
    with pytest.raises(TypeError):
        write_file(str(tape), [one("good", "x" * 200_000), bad])
    assert tape.read_bytes() == before
    assert os.listdir(tape.parent) == ["tape.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="there a file stands for the folder always")
@pytest.mark.parametrize("code", [errno.EBADF, errno.ENOLCK, errno.ENOTSUP])
def test_a_folder_that_cannot_be_locked_is_saved_into_by_one_at_a_time_all_the_same(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    lock, locked = fcntl.flock, []

    def refusing(handle: int, kind: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))
        locked.append(os.fstat(handle).st_ino)
        lock(handle, kind)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", refusing)
    folder = tmp_path / "folder"
    (tmp_path / "link").symlink_to(folder)
    items = [Interaction(RecordedRequest("GET", "https://x/"), RecordedResponse(200, "OK", {}, b"hello"))]
    for path in (folder / "tape.yaml", folder / "other.yaml", tmp_path / "link" / "tape.yaml"):
        write_file(str(path), items)
        assert read_file(str(path)).interactions == items
    assert len(locked) == 3
    assert len(set(locked)) == 1
    assert sorted(os.listdir(folder)) == ["other.yaml", "tape.yaml"]
