"""Files: never half written, never lost, never replaced when they cannot be read; hostile ones are refused with a reason."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, read_file, use_cassette, write_file
from playhead.cassette import _store as store
from playhead.cassette._yaml import ALIAS_NODES_MAX, DEPTH_MAX, YAML_BYTES_MAX
from playhead.exceptions import CassetteError, CassetteUnreadable, CassetteVersionError
from tests.cassette._server import Server, json_reply
from tests.cassette.test_format import CASES

URL = "https://api.example.com/v1"


def one(name: str = "a", answer: str = "yes") -> Interaction:
    request = RecordedRequest("GET", f"{URL}/{name}")
    return Interaction(request, RecordedResponse(200, "OK", {"content-type": ["text/plain"]}, answer.encode()))


@pytest.fixture
def counting(server: Server) -> Server:
    server.replies["*"] = lambda request: json_reply({"path": request.path})
    return server


def record(server: Server, tape: Path, *names: str, mode: str = "new_episodes", **options: Any) -> None:
    with use_cassette(tape, mode, **options):
        for name in names:
            httpx.get(f"{server.url}/{name}")


def names_in(tape: Path) -> list[str]:
    return [item.request.uri.rpartition("/")[2] for item in read_file(str(tape)).interactions]


# -- hostile and broken files

GOOD = "interactions:\n- request: {method: GET, uri: 'https://x/', headers: {}, body: null}\n  response:\n    status: {code: 200, message: OK}\n    headers: {}\n    body: {string: hello}\nversion: 1\n"
OURS = "playhead: {format: 1, match_on: [method]}\n" + GOOD


def bomb() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(rows) + "\n" + GOOD


BROKEN: dict[str, tuple[bytes, str]] = {
    "python object": (
        GOOD.replace("hello", "!!python/object/apply:os.system ['touch /tmp/owned']").encode(),
        r"line 6 .* never needs|never needs",
    ),
    "python name": (GOOD.replace("hello", "!!python/name:os.system x").encode(), r"never needs"),
    "damaged binary": (GOOD.replace("hello", "!!binary 'aGV!sbG8='").encode(), r"line 6 .*base64"),
    "shortened binary": (GOOD.replace("hello", "!!binary aGVsbG8").encode(), r"line 6 .*base64"),
    "interactions twice": (GOOD.replace("version: 1\n", GOOD).encode(), r"'interactions' twice"),
    "a request twice": (
        GOOD.replace("  response:", "  request: {method: GET}\n  response:").encode(),
        r"'request' twice",
    ),
    "a method twice": (GOOD.replace("method: GET", "method: GET, method: PUT").encode(), r"line 2 .*'method' twice"),
    "version twice in our file": (
        OURS.replace("version: 1\n", "version: 1\nversion: 1\n").encode(),
        r"'version' twice",
    ),
    "unknown tag": (GOOD.replace("hello", "!secret x").encode(), r"never needs"),
    "timestamp tag": (GOOD.replace("hello", "!!timestamp 2026-01-01").encode(), r"never needs"),
    "tag in our file": (
        OURS.replace("hello", "!!python/tuple [a]").encode(),
        r"line 7 \(interaction 1\) .* never needs",
    ),
    "alias bomb": (bomb().encode(), r"aliases unfold to"),
    "alias to itself": (("x: &x [*x]\n" + GOOD).encode(), r"contains itself"),
    "merge bomb": (
        ("x: &x {a: 1}\ny: {" + "<<: *x, " * 3 + "}\n" + GOOD.replace("- request", "! request")).encode(),
        r"not",
    ),
    "deep": (("x: " + "[" * 30_000 + "]" * 30_000 + "\n" + GOOD).encode(), rf"more than {DEPTH_MAX} levels"),
    "deep maps": (
        ("x: " + "{a: " * 30_000 + "1" + "}" * 30_000 + "\n" + GOOD).encode(),
        rf"more than {DEPTH_MAX} levels",
    ),
    "deep lists": (("x:\n  " + "- " * 30_000 + "1\n" + GOOD).encode(), rf"more than {DEPTH_MAX} levels"),
    "not utf-8": (GOOD.replace("hello", "h\xe9llo").encode("latin-1"), r"line 6 .* is not UTF-8: byte 0xe9"),
    "control character": (GOOD.replace("hello", "h\x01llo").encode(), r"line 6 .*U\+0001 is not allowed"),
    "nul bytes": (b"\0" * 300, r"not valid YAML"),
    "no yaml": (b"interactions: [\n- }{", r"line 2 .*not valid YAML|not valid YAML"),
    "json list": (b"[1, 2]", r"found a list"),
    "text": (b"hello", r"found a single value"),
    "nothing": (b"# only a comment\n", r"found nothing"),
    "html": (b"<html><body>404</body></html>", r"is not a cassette"),
    "conflict": (b"<<<<<<< HEAD\n" + OURS.encode() + b"=======\n>>>>>>> other\n", r"not valid YAML"),
    "no interactions": (b"version: 1\n", r"no list `interactions`"),
    "interactions a text": (b"interactions: hello\nversion: 1\n", r"no list `interactions`"),
    "interaction a number": (
        b"interactions: [1]\nversion: 1\n",
        r"line 1 \(interaction 1\).*an interaction must be a mapping",
    ),
    "no request": (
        b"interactions:\n- response: {}\nversion: 1\n",
        r"interaction 1\).*request must be a mapping, found None",
    ),
    "no uri": (GOOD.replace("uri: 'https://x/', ", "").encode(), r"request.uri must be a text"),
    "status a list": (GOOD.replace("code: 200", "code: [2]").encode(), r"status.code must be a number from 100 to 999"),
    "status 99999": (
        GOOD.replace("code: 200", "code: 99999").encode(),
        r"status.code must be a number from 100 to 999",
    ),
    "headers a text": (
        GOOD.replace("    headers: {}\n    body", "    headers: hello\n    body").encode(),
        r"response.headers must be",
    ),
    "body a number": (GOOD.replace("{string: hello}", "12").encode(), r"response.body must be text or bytes"),
    "stream a list": (
        OURS.replace("    body: {string", "    stream: [1]\n    body: {string").encode(),
        r"response.stream must be a mapping",
    ),
    "negative chunk": (
        OURS.replace("    body: {string", "    stream: {chunks: [-1]}\n    body: {string").encode(),
        r"stream.chunks must be whole numbers",
    ),
    "unknown end": (
        OURS.replace("    body: {string", "    stream: {end: bang}\n    body: {string").encode(),
        r"stream.end must be",
    ),
    "bad base64": (GOOD.replace("hello", "!!binary a").encode(), r"line 6 .*base64"),
    "huge number": (GOOD.replace("code: 200", "code: " + "9" * 5000).encode(), r"cannot be read|number from 100"),
    "cut off": (OURS[:-11].encode(), r"was cut off"),
    "cut in the middle": (OURS[: len(OURS) // 2].encode(), r"cut off|not valid YAML|must be"),
    "no header format": (OURS.replace("format: 1, ", "").encode(), r"no format number"),
    "match_on a text": (OURS.replace("[method]", "method").encode(), r"match_on is no list"),
    "ruby": (b"http_interactions:\n- request: {}\nrecorded_with: VCR 6\n", r"no list `interactions`|another tool"),
    "old vcr": (b"- request: {}\n  response: {}\n", r"vcr.migration"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("mode", ["none", "rewrite"])
def test_a_file_that_cannot_be_read_is_refused_and_never_replaced(tape: Path, name: str, mode: str) -> None:
    data, pattern = BROKEN[name]
    tape.write_bytes(data)
    with pytest.raises(CassetteUnreadable) as caught, use_cassette(tape, mode):
        raise AssertionError("it opened")
    assert re.search(pattern, str(caught.value), re.DOTALL), str(caught.value)
    assert str(tape) in caught.value.problem
    assert caught.value.remedy
    assert tape.read_bytes() == data


def test_a_cut_at_any_place_is_noticed(tape: Path) -> None:
    write_file(str(tape), [one("a"), one("b")])
    data = tape.read_bytes()
    for end in [*range(1, len(data) - 1, 13), *range(len(data) - 14, len(data) - 1)]:
        tape.write_bytes(data[:end])
        with pytest.raises(CassetteUnreadable):
            read_file(str(tape))
    tape.write_bytes(data[:-1])  # only the last line end is missing
    assert len(read_file(str(tape)).interactions) == 2


def test_another_format_is_refused_with_a_remedy(tape: Path) -> None:
    tape.write_text(OURS.replace("format: 1", "format: 7"))
    with pytest.raises(CassetteVersionError) as caught, use_cassette(tape, "rewrite"):
        pass
    assert str(caught.value) == (
        f"{tape} is of format 7; this Playhead reads format 1.\nUpdate Playhead, or record the file again with this version."
    )


def test_a_folder_or_a_device_is_no_cassette(tmp_path: Path) -> None:
    with pytest.raises(CassetteUnreadable, match="is a folder"), use_cassette(tmp_path, "once"):
        pass
    with pytest.raises(CassetteUnreadable, match="is not a file"), use_cassette("/dev/zero", "once"):
        pass


def test_an_empty_file_holds_nothing_to_lose(counting: Server, tape: Path) -> None:
    tape.write_bytes(b"")
    record(counting, tape, "a", mode="once")
    assert names_in(tape) == ["a"]


@pytest.mark.slow
def test_a_yaml_file_of_100_mb_is_refused_quickly_and_one_of_ours_is_read(tape: Path) -> None:
    with open(tape, "wb") as file:
        file.write(GOOD.encode().removesuffix(b"version: 1\n"))
        file.write(b"# " + b"x" * 100_000_000 + b"\n")
    with pytest.raises(CassetteUnreadable, match=f"parses YAML up to {YAML_BYTES_MAX:,}"):
        read_file(str(tape))
    body = b"data: hello\n\n" * 8_000_000
    write_file(str(tape), [Interaction(RecordedRequest("GET", URL), RecordedResponse(200, "OK", {}, body))])
    assert read_file(str(tape)).interactions[0].response.body == body


def test_a_file_too_large_for_a_yaml_parser_is_refused(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playhead.cassette._yaml.YAML_BYTES_MAX", 100)
    tape.write_text(GOOD)
    with pytest.raises(CassetteUnreadable, match="Playhead parses YAML up to 100"):
        read_file(str(tape))
    write_file(str(tape), [one()])  # ours needs no parser
    assert names_in(tape) == ["a"]


def test_aliases_of_a_usual_size_are_fine(tape: Path) -> None:
    tape.write_text(CASES["aliases"][0])
    assert len(read_file(str(tape)).interactions) == 2
    assert ALIAS_NODES_MAX > 1_000


@pytest.mark.parametrize("name", CASES)
def test_a_foreign_file_keeps_its_dialect_and_its_lines_when_something_is_added(
    counting: Server, tape: Path, name: str
) -> None:
    text, _, _ = CASES[name]
    tape.write_text(text)
    before = read_file(str(tape))
    record(counting, tape, "added", mode="new_episodes")
    after = read_file(str(tape))
    assert after.dialect == before.dialect
    assert after.interactions[:-1] == before.interactions
    assert names_in(tape)[-1] == "added"
    assert tape.read_text().startswith(text.removesuffix("version: 1\n"))
    with use_cassette(tape):
        assert httpx.get(f"{counting.url}/added").json() == {"path": "/added"}


def test_a_foreign_file_in_an_unusual_layout_keeps_its_contents(counting: Server, tape: Path) -> None:
    tape.write_text(json.dumps(yaml.safe_load(GOOD)))
    record(counting, tape, "added")
    assert names_in(tape) == ["", "added"]
    assert read_file(str(tape)).dialect == "vcr"


# -- saving


def test_two_cassettes_on_one_file_lose_nothing(counting: Server, tape: Path) -> None:
    with use_cassette(tape, "new_episodes"):
        httpx.get(f"{counting.url}/a")
        with use_cassette(tape, "new_episodes"):
            httpx.get(f"{counting.url}/b")
        httpx.get(f"{counting.url}/c")
    assert names_in(tape) == ["b", "a", "c"]


def test_what_another_process_replaced_is_not_brought_back(counting: Server, tape: Path) -> None:
    record(counting, tape, "a", "b", "c")
    with use_cassette(tape, "all"):
        httpx.get(f"{counting.url}/a")
        record(counting, tape, "b", mode="rewrite")
    assert names_in(tape) == ["b", "a"]


WORKER = """
import sys, httpx
from playhead.cassette import use_cassette
tape, url, worker, count, mode = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(count)):
    with use_cassette(tape, mode):
        httpx.get(f"{url}/{worker}-{number}")
"""


def worker(tape: Path, url: str, name: str, count: int, mode: str = "new_episodes") -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", textwrap.dedent(WORKER), str(tape), url, name, str(count), mode]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_processes_that_record_into_one_file_lose_nothing(counting: Server, tape: Path) -> None:
    processes = [worker(tape, counting.url, str(number), 8) for number in range(3)]
    for process in processes:
        go(process)
    for process in processes:
        process.communicate(timeout=50)
        assert process.returncode == 0
    assert sorted(names_in(tape)) == sorted(f"{number}-{turn}" for number in range(3) for turn in range(8))
    assert os.listdir(tape.parent) == ["tape.yaml"]


@pytest.mark.parametrize(
    "after_ms",
    [3, 20, *(pytest.param(number, marks=pytest.mark.slow) for number in (0, 1, 2, 5, 8, 13, 34, 55, 89, 144))],
)
def test_a_process_killed_at_any_moment_leaves_a_whole_file(counting: Server, tape: Path, after_ms: int) -> None:
    write_file(str(tape), [one(f"old-{number}", "x" * 20_000) for number in range(20)])
    process = worker(tape, counting.url, "w", 200)
    go(process)
    while not counting.requests:
        time.sleep(0.001)
    time.sleep(after_ms / 1000)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert names_in(tape)[:20] == [f"old-{number}" for number in range(20)]
    record(counting, tape, "later")
    assert names_in(tape)[-1] == "later"
    assert os.listdir(tape.parent) == ["tape.yaml"]  # what was left behind is cleaned up


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import httpx
from playhead.cassette import use_cassette
from playhead.exceptions import CassetteError
try:
    with use_cassette(sys.argv[1], "new_episodes"):
        httpx.get(sys.argv[2] + "/new")
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
except CassetteError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_file_and_says_so(counting: Server, tape: Path) -> None:
    write_file(str(tape), [one(str(number)) for number in range(40)])
    before = tape.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tape), counting.url], capture_output=True, text=True, timeout=30
    )
    assert f"{tape} could not be saved: File too large. The old file, if there was one, is unchanged." in done.stdout
    assert tape.read_bytes() == before
    assert os.listdir(tape.parent) == ["tape.yaml"]


def test_a_save_that_fails_after_a_failed_run_is_a_note_to_its_error(
    counting: Server, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "replace_file", full)
    with pytest.raises(ZeroDivisionError) as caught, use_cassette(tape, "once"):
        httpx.get(f"{counting.url}/a")
        raise ZeroDivisionError
    assert "No space left on device" in caught.value.__notes__[0]
    with pytest.raises(CassetteError, match="No space left"), use_cassette(tape, "once"):
        httpx.get(f"{counting.url}/a")
    assert not tape.exists()


def test_a_file_that_became_unreadable_meanwhile_is_left_alone(counting: Server, tape: Path) -> None:
    record(counting, tape, "a")
    with pytest.raises(CassetteError, match="cannot be read"), use_cassette(tape, "new_episodes"):
        httpx.get(f"{counting.url}/b")
        tape.write_text("interactions: [")
    assert tape.read_text() == "interactions: ["


def test_permissions_stay_and_read_only_files_are_respected(counting: Server, tape: Path) -> None:
    record(counting, tape, "a")
    assert stat.S_IMODE(tape.stat().st_mode) == 0o666 & ~current_umask()
    tape.chmod(0o640)
    record(counting, tape, "b")
    assert stat.S_IMODE(tape.stat().st_mode) == 0o640
    tape.chmod(0o444)
    before = tape.read_bytes()
    with pytest.raises(CassetteError, match="read-only"):
        record(counting, tape, "c")
    assert tape.read_bytes() == before


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_symbolic_link_stays_one(counting: Server, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "tape.yaml", tmp_path / "link.yaml"
    record(counting, target, "a")
    link.symlink_to(target)
    record(counting, link, "b")
    assert link.is_symlink()
    assert names_in(target) == ["a", "b"]
    dangling = tmp_path / "dangling.yaml"
    dangling.symlink_to(tmp_path / "real" / "new.yaml")
    record(counting, dangling, "c")
    assert dangling.is_symlink()
    assert names_in(tmp_path / "real" / "new.yaml") == ["c"]


def test_folders_are_made_only_when_something_is_recorded(counting: Server, tmp_path: Path) -> None:
    tape = tmp_path / "deep" / "er" / "tape.yaml"
    with use_cassette(tape, "once"):
        pass
    assert not (tmp_path / "deep").exists()
    record(counting, tape, "a")
    assert names_in(tape) == ["a"]


def test_replaying_does_not_touch_the_file(counting: Server, tape: Path) -> None:
    record(counting, tape, "a")
    before = (tape.stat().st_mtime_ns, tape.stat().st_ino)
    for mode in ("none", "once", "new_episodes"):
        with use_cassette(tape, mode):
            httpx.get(f"{counting.url}/a")
    assert (tape.stat().st_mtime_ns, tape.stat().st_ino) == before


def test_recording_twice_gives_the_same_bytes_times_apart(counting: Server, tmp_path: Path) -> None:
    for name in ("one", "two"):
        record(counting, tmp_path / name, "a", "b")
    texts = [re.sub(r"(at_ms|recorded_at): .*", r"\1", (tmp_path / name).read_text()) for name in ("one", "two")]
    assert texts[0] == texts[1]


def test_a_line_that_stands_twice_in_a_file_of_vcrpy_is_no_loss(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(GOOD + "\nversion: 1\n")
    assert [item.response.body for item in read_file(str(tmp_path / "old.yaml")).interactions] == [b"hello"]


INTERRUPTED = """
import os, signal, sys, threading, httpx
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the suite runs in the background
from playhead.cassette import use_cassette
with use_cassette(sys.argv[1], "once"):
    httpx.get(sys.argv[2] + "/a")
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    httpx.get(sys.argv[2] + "/slow")
"""


def test_an_interrupt_keeps_what_was_whole_and_nothing_half(counting: Server, tape: Path) -> None:
    counting.replies["/slow"] = [b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", 3.0, b"the rest"]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tape), counting.url], capture_output=True, text=True, timeout=30
    )
    assert "KeyboardInterrupt" in done.stderr
    assert names_in(tape) == ["a"]
