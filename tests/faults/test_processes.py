"""Processes that are copied, leave, or are told to stop while a cassette is open: nothing old is lost, nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import playhead
from playhead.cassette import read_file
from tests.cassette._server import Server, reply

HEAD = """
import multiprocessing, os, signal, sys, time
import httpx, playhead

client = httpx.Client(verify=False, trust_env=False)


def get(path):
    return client.get({url!r} + path).text


tape = playhead.use_cassette({tape!r}, {mode!r})
"""
COPIES = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot copy a process")


def program(text: str, server: Server, tape: Path, mode: str = "new_episodes") -> list[str]:
    server.replies["*"] = reply(b"hello")
    return [sys.executable, "-W", "ignore", "-c", HEAD.format(url=server.url, tape=str(tape), mode=mode) + text]


def run(text: str, server: Server, tape: Path, mode: str = "new_episodes") -> subprocess.CompletedProcess[str]:
    return subprocess.run(program(text, server, tape, mode), capture_output=True, text=True, timeout=50)


def kept(tape: Path) -> list[str]:
    return sorted(item.request.uri.rpartition("/")[2] for item in read_file(str(tape)).interactions)


def record(server: Server, tape: Path, *paths: str) -> None:
    server.replies["*"] = reply(b"hello")
    with playhead.use_cassette(tape, "new_episodes"):
        for path in paths:
            httpx.get(f"{server.url}/{path}", trust_env=False)


@COPIES
def test_of_two_copies_of_a_process_each_saves_its_own_and_what_was_before_once(server: Server, tape: Path) -> None:
    ran = run(
        """
with tape:
    get("/before")
    copy = os.fork()
    get("/parent" if copy else "/copy")
    if copy:
        os.waitpid(copy, 0)
""",
        server,
        tape,
    )
    assert ran.returncode == 0, ran.stderr
    assert kept(tape) == ["before", "copy", "parent"]


@COPIES
def test_what_a_worker_records_is_saved_when_it_ends(server: Server, tape: Path) -> None:
    ran = run(
        """
context = multiprocessing.get_context("fork")
with tape:
    get("/before")
    workers = [context.Process(target=get, args=(f"/worker-{number}",)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
""",
        server,
        tape,
    )
    assert ran.returncode == 0, ran.stderr
    assert kept(tape) == ["before", "worker-0", "worker-1"]


@COPIES
@pytest.mark.slow
def test_workers_replay_without_the_network(server: Server, tape: Path) -> None:
    record(server, tape, "0", "1", "2")
    asked = len(server.requests)
    ran = run(
        """
context = multiprocessing.get_context("fork")
with tape, context.Pool(2) as pool:
    print(pool.map(get, ["/0", "/1", "/2"]))
""",
        server,
        tape,
        "none",
    )
    assert ran.stdout == "['hello', 'hello', 'hello']\n", ran.stderr
    assert len(server.requests) == asked


@pytest.mark.parametrize("mode", ["new_episodes", pytest.param("rewrite", marks=pytest.mark.slow)])
def test_a_cassette_that_is_open_when_the_program_ends_is_saved_and_replaces_nothing(
    mode: str, server: Server, tape: Path
) -> None:
    record(server, tape, "old")
    ran = run("tape.__enter__()\nget('/new')\n", server, tape, mode)
    assert ran.returncode == 0 and ran.stderr == ""
    assert kept(tape) == (["new", "old"] if mode == "new_episodes" else ["old"])


@pytest.mark.parametrize(
    ("how", "status"),
    [
        pytest.param("os._exit(3)", 3, marks=pytest.mark.slow),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", -9, marks=pytest.mark.slow),
        pytest.param("os.abort()", -6, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("mode", ["new_episodes", pytest.param("rewrite", marks=pytest.mark.slow)])
def test_a_program_that_is_ended_leaves_what_was_there(
    how: str, status: int, mode: str, server: Server, tape: Path
) -> None:
    record(server, tape, "old")
    before = tape.read_bytes()
    ran = run(f"with tape:\n    get('/new')\n    {how}\n", server, tape, mode)
    assert ran.returncode == status, ran.stderr
    assert tape.read_bytes() == before and os.listdir(tape.parent) == [tape.name]


@pytest.mark.parametrize("name", ["SIGTERM", pytest.param("SIGHUP", marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode", ["new_episodes", pytest.param("rewrite", marks=pytest.mark.slow)])
def test_a_program_that_is_told_to_stop_saves_first_and_ends_as_it_would_have(
    name: str, mode: str, server: Server, tape: Path
) -> None:
    record(server, tape, "old")
    text = f"""
with tape:
    get('/new')
    os.kill(os.getpid(), signal.{name})
    print("still here")
"""
    ran = run(text, server, tape, mode)
    assert (ran.returncode, ran.stdout, ran.stderr) == (-getattr(signal, name), "", "")
    assert kept(tape) == (["new", "old"] if mode == "new_episodes" else ["old"])
    assert os.listdir(tape.parent) == [tape.name]


@pytest.mark.slow
def test_a_program_that_is_told_to_stop_while_it_saves_finishes_that_first(server: Server, tape: Path) -> None:
    text = """
from playhead.cassette import _store
replace = _store.replace_file

def told_to_stop(*arguments):
    os.kill(os.getpid(), signal.SIGTERM)  # with the folder's lock in hand
    replace(*arguments)

_store.replace_file = told_to_stop
with tape:
    get('/new')
print("still here")
"""
    ran = run(text, server, tape)
    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGTERM, "", "")
    assert kept(tape) == ["new"]


def test_signals_that_somebody_handles_are_theirs_and_others_are_given_back(server: Server, tape: Path) -> None:
    def mine(number: int, frame: object) -> None:
        raise AssertionError

    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGTERM, mine)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with playhead.use_cassette(tape, "once"):
            assert signal.getsignal(signal.SIGTERM) is mine
            assert signal.getsignal(signal.SIGHUP) not in (signal.SIG_DFL, mine)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
        with playhead.use_cassette(tape, "once"):
            signal.signal(signal.SIGHUP, mine)
        assert signal.getsignal(signal.SIGHUP) is mine
        record(server, tape, "old")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with playhead.use_cassette(tape, on_unplayed="ignore"):
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGHUP, before[1])


@pytest.mark.slow
@pytest.mark.parametrize("after_ms", [0, 2, 5, 10, 20, 40])
def test_ctrl_c_within_a_save_leaves_a_whole_file_and_no_other(after_ms: int, server: Server, tape: Path) -> None:
    record(server, tape, "old")
    server.replies["*"] = reply(b"x" * 300_000)
    text = "with tape:\n    for n in range(5):\n        get(f'/{n}')\n    print('saving', flush=True)\n"
    command = program(text, server, tape)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        running.stdout.readline()
        time.sleep(after_ms / 1000)
        running.send_signal(signal.SIGINT)
        running.wait(20)
    assert kept(tape) in (["old"], ["0", "1", "2", "3", "4", "old"])
    assert os.listdir(tape.parent) == [tape.name]


def test_a_file_is_saved_where_it_was_opened_wherever_the_program_went(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with playhead.use_cassette("tape.yaml", "once"):
        httpx.get(server.url, trust_env=False)
        monkeypatch.chdir(tmp_path / "elsewhere")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.yaml")] == ["tape.yaml"]


def test_a_path_that_is_empty_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="needs a path"), playhead.use_cassette("", "once"):
        pass
