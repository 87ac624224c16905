"""Files that several tests replay are read once, and again as soon as they change; clients learn at once of no proxies."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from playhead.cassette import (
    Interaction,
    RecordedRequest,
    RecordedResponse,
    Stream,
    _known,
    read_file,
    use_cassette,
    write_file,
)
from playhead.exceptions import CassetteUnreadable

URL = "https://api.example.com/v1"
FOREIGN = """\
interactions:
- request: {{body: null, headers: {{}}, method: GET, uri: '{url}'}}
  response:
    body: {{string: {answer}}}
    headers: {{X-Number: ['1', '2']}}
    status: {{code: 200, message: OK}}
version: 1
"""


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    _known._files.clear()
    yield
    _known._files.clear()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were read."""
    found: list[str] = []
    load = _known.load_file

    def noted(path: str) -> Any:
        found.append(path)
        return load(path)

    monkeypatch.setattr(_known, "load_file", noted)
    return found


def write(path: Path, answer: str, *, foreign: bool = False, age_s: float = 10) -> str:
    """A tape that was last changed some time ago."""
    if foreign:
        path.write_text(FOREIGN.format(url=URL, answer=answer))
    else:
        stream = Stream([1, len(answer) - 1], [3, 5])
        response = RecordedResponse(200, "OK", {"x-number": ["1", "2"]}, answer.encode(), stream)
        write_file(str(path), [Interaction(RecordedRequest("GET", URL), response)])
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - int(age_s * 1e9)))
    return str(path)


def answer(path: str) -> str:
    with use_cassette(path) as cassette:
        text = httpx.get(URL).text
        assert cassette.all_played
    return text


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of change of the inode cannot be set: files count as settled at once, but in tests of just that."""
    monkeypatch.setattr(_known, "_is_settled", lambda status: True)


@pytest.mark.parametrize("foreign", [False, True])
def test_a_file_is_read_twice_and_known_from_then_on(tmp_path: Path, reads: list[str], foreign: bool) -> None:
    path = write(tmp_path / "tape.yaml", "first", foreign=foreign)
    assert [answer(path) for _ in range(5)] == ["first"] * 5
    assert len(reads) == 2


@pytest.mark.parametrize("foreign", [False, True])
def test_a_change_is_seen_whatever_the_size_and_time_that_it_leaves(
    tmp_path: Path, reads: list[str], foreign: bool
) -> None:
    tape = tmp_path / "tape.yaml"
    path = write(tape, "first", foreign=foreign)
    assert [answer(path) for _ in range(3)] == ["first"] * 3
    before = tape.stat()
    tape.write_bytes(tape.read_bytes().replace(b"first", b"other"))
    os.utime(tape, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tape.stat().st_mtime_ns == before.st_mtime_ns
    assert [answer(path) for _ in range(3)] == ["other"] * 3
    write(tape, "third", foreign=foreign)
    assert answer(path) == "third"
    tape.write_bytes(b"{")
    with pytest.raises(CassetteUnreadable):
        answer(path)
    assert len(reads) == 6


def test_a_file_that_has_just_changed_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(_known, "_TICK_S", 60)
    monkeypatch.setattr(_known, "_COARSE_TICK_S", 60)
    path = write(tmp_path / "tape.yaml", "first", age_s=0)
    assert [answer(path) for _ in range(3)] == ["first"] * 3
    assert [known.loaded for known in _known._files.values()] == [None]
    monkeypatch.setattr(_known, "_TICK_S", -60)
    monkeypatch.setattr(_known, "_COARSE_TICK_S", -60)
    assert answer(path) == "first"
    assert None not in [known.loaded for known in _known._files.values()]


@pytest.mark.parametrize("foreign", [False, True])
def test_what_one_test_changes_is_not_changed_for_the_next(tmp_path: Path, foreign: bool) -> None:
    path = write(tmp_path / "tape.yaml", "first", foreign=foreign)
    expected = read_file(path).interactions
    for _ in range(4):
        with use_cassette(path) as cassette:
            assert cassette.interactions == expected
            (item,) = cassette.interactions
            item.request.headers["x"] = ["y"]
            item.request.uri, item.request.body = "https://elsewhere.example", b"body"
            item.response.headers.setdefault("x-number", []).append("3")
            item.response.status, item.response.body = 500, b"changed"
            if item.response.stream is not None:
                item.response.stream.chunks.append(7)
                item.response.stream.end = "cancelled"


def test_recording_reads_the_file_itself(tmp_path: Path, reads: list[str]) -> None:
    path = write(tmp_path / "tape.yaml", "first")
    for mode in ("once", "new_episodes", "once"):
        with use_cassette(path, mode):
            assert httpx.get(URL).text == "first"
    assert reads == []


def test_no_more_is_kept_than_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write(tmp_path / f"{number}.yaml", f"answer {number}") for number in range(4)]
    monkeypatch.setattr(_known, "_BYTES_MAX", 2 * os.path.getsize(paths[0]))
    for _ in range(4):
        assert [answer(path) for path in paths] == [f"answer {number}" for number in range(4)]
        kept = [known for known in _known._files.values() if known.loaded is not None]
        assert len(kept) <= 3
    monkeypatch.setattr(_known, "_FILES_MAX", 1)
    assert answer(paths[0]) == "answer 0"


# -- proxies


@pytest.mark.parametrize("module", [httpx, httpx2])
def test_a_client_made_in_a_cassette_has_the_proxies_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    path = write(tmp_path / "tape.yaml", "taped")

    def mounts() -> list[str]:
        with module.Client() as client:
            return sorted(pattern.pattern for pattern in client._mounts)

    with use_cassette(path, on_unplayed="ignore"):
        assert mounts() == []
        monkeypatch.setenv("https_Proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "internal.example")
        inside = mounts()
    assert inside == mounts() == ["all://*internal.example", "https://"]
    assert module._utils.getproxies is urllib.request.getproxies_environment
