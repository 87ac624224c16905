"""Processes that die, disks that are full, and several processes at one file: nothing that was recorded is lost."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from _kit import Server, Tool, always, case, look, whole

HERE = Path(__file__).parent
BIG = b'{"text": "' + b"x" * 60_000 + b'"}'


def script(tool: Tool, body: str) -> list[str]:
    """A program of its own that records with the tool."""
    head = f"import sys; sys.path.insert(0, {str(HERE)!r})\nfrom pathlib import Path\nfrom _kit import TOOLS, look\ntool = TOOLS[{tool.name!r}]()\n"
    return [sys.executable, "-W", "ignore", "-c", head + body]


def interactions(tool: Tool, file: Path, urls: list[str]) -> list[str]:
    """Which of the URLs replay."""
    replayed: list[str] = []
    for url in urls:
        try:
            with tool.replay(file):
                if look(url).status == 200:
                    replayed.append(url)
        except BaseException:
            continue
    return replayed


def killed(name: str, number: int, mode: str) -> None:
    @case("crashes", name)
    def run(tool: Tool, folder: Path) -> None:
        """kill -9 at some moment of a session that saves again and again: the file is one of the saved states."""
        file = folder / "one.yaml"
        with Server(always(whole(BIG))) as server:
            first = [f"{server.url}/{index}" for index in range(20)]
            with tool.record(file):
                for url in first:
                    look(url)
            body = (
                f"for n in range(100, 10_000):\n"
                f"    with tool.use(Path({str(file)!r}), {mode!r}):\n"
                f"        look({server.url!r} + '/' + str(n))\n"
                f"    print(n, flush=True)\n"
            )
            with subprocess.Popen(script(tool, body), stdout=subprocess.PIPE, start_new_session=True) as process:
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(random.Random(number).uniform(0.0, 0.25))
                os.killpg(process.pid, signal.SIGKILL)
            kept = interactions(tool, file, first[:3] + first[-3:])
            assert len(kept) == 6, f"{6 - len(kept)} of 6 older recordings are lost"
        leftovers = [
            path.name for path in folder.iterdir() if path.name != "one.yaml" and not path.name.startswith(".")
        ]
        assert not leftovers, leftovers

    assert run


for moment in range(12):
    killed(f"kill -9 while saving, moment {moment + 1}", moment, "new_episodes")


def truncated_while_open(tool: Tool, folder: Path) -> None:
    """Another program cuts the file off while it is open: recording goes on, but what cannot be read is not replaced."""
    file = folder / "one.yaml"
    with Server(always(whole())) as server:
        with tool.record(file):
            look(server.url + "/1")
        cut = file.read_bytes()[:60] + b"\x00\x01 [{"
        said = ""
        try:
            with tool.use(file, "new_episodes"):
                look(server.url + "/2")
                file.write_bytes(cut)
        except BaseException as error:
            said = str(error)
    assert file.read_bytes() == cut or interactions(tool, file, [server.url + "/1", server.url + "/2"]) == [
        server.url + "/1",
        server.url + "/2",
    ], "it was replaced and something is lost"
    assert said or file.read_bytes() != cut, "nothing was said"


case("crashes", "the file is broken by another program while it is open")(truncated_while_open)


@case("crashes", "a full disk")
def full_disk(tool: Tool, folder: Path) -> None:
    """A file-size limit stands for it: the write fails in the middle. The old file stays, and somebody is told."""
    file = folder / "one.yaml"
    with Server(always(whole(BIG))) as server:
        urls = [f"{server.url}/{index}" for index in range(8)]
        with tool.record(file):
            for url in urls[:4]:
                look(url)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        said = ""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            with tool.use(file, "new_episodes"):
                for url in urls[4:]:
                    look(url)
                resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert interactions(tool, file, urls[:4]) == urls[:4], "older recordings are lost"
        assert "one.yaml" in said, f"nobody was told which file: {said}"


@case("crashes", "a folder that is read-only")
def read_only_folder(tool: Tool, folder: Path) -> None:
    if os.getuid() == 0:  # root may write anywhere: a file in the way does the same
        (folder / "sub").write_text("in the way")
    else:
        (folder / "sub").mkdir(mode=0o500)
    said = ""
    with Server(always(whole())) as server:
        try:
            with tool.record(folder / "sub" / "one.yaml"):
                look(server.url)
        except BaseException as error:
            said = str(error)
    assert "one.yaml" in said or "sub" in said, said or "nothing was raised"


@case("crashes", "a read-only file")
def read_only_file(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(always(whole())) as server:
        with tool.record(file):
            look(server.url + "/1")
        before = file.read_bytes()
        file.chmod(0o444)
        try:
            with tool.use(file, "new_episodes"):
                look(server.url + "/2")
        except BaseException as error:
            assert "one.yaml" in str(error)
        assert file.read_bytes() == before, "a read-only file was changed"


def together(name: str, processes: int, mode: str) -> None:
    @case("crashes", name)
    def run(tool: Tool, folder: Path) -> None:
        file = folder / "one.yaml"
        with Server(always(whole(BIG[:5000] + BIG[-2:]))) as server:
            running = [
                subprocess.Popen(
                    script(
                        tool,
                        f"import time\n"
                        f"with tool.use(Path({str(file)!r}), {mode!r}):\n"
                        f"    Path({str(folder / f'open-{number}')!r}).touch()\n"
                        f"    while len(list(Path({str(folder)!r}).glob('open-*'))) < {processes}:\n"
                        f"        time.sleep(0.01)\n"
                        f"    for n in range(5):\n"
                        f"        look({server.url!r} + '/{number}-' + str(n))\n",
                    )
                )
                for number in range(processes)
            ]
            assert [process.wait() for process in running] == [0] * processes
            urls = [f"{server.url}/{number}-{n}" for number in range(processes) for n in (0, 4)]
            assert interactions(tool, file, urls) == urls, "recordings are lost"

    assert run


together("two processes record into one new file", 2, "once")
together("two processes add to one file", 2, "new_episodes")
together("five processes add to one file", 5, "new_episodes")


@case("crashes", "a file that appears while another process records it")
def appeared(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(always(whole())) as server:
        with tool.use(file, "new_episodes"):
            look(server.url + "/1")
            subprocess.run(
                script(tool, f"with tool.use(Path({str(file)!r}), 'new_episodes'):\n    look({server.url!r} + '/2')\n"),
                check=True,
            )
        urls = [server.url + "/1", server.url + "/2"]
        assert interactions(tool, file, urls) == urls


class Stop(BaseException):
    """Stands for a test that fails."""


def interrupted(name: str, failure: type[BaseException], mode: str, *, keeps_old: bool = True) -> None:
    @case("crashes", name)
    def run(tool: Tool, folder: Path) -> None:
        file = folder / "one.yaml"
        answers = iter([whole(b'"old 1"'), whole(b'"old 2"'), whole(b'"new 1"'), whole(b'"new 2"')])
        with Server(lambda received: next(answers)) as server:
            with tool.record(file):
                look(server.url + "/1")
                look(server.url + "/2")
            try:
                with tool.use(file, mode):
                    look(server.url + "/1")
                    raise failure
            except failure:
                pass
        with tool.replay(file):
            bodies = look(server.url + "/1").body, look(server.url + "/2").body
        assert bodies == (b'"old 1"', b'"old 2"'), f"half replaced: {bodies}"

    assert run


interrupted("a test fails while recording everything anew", AssertionError, "all")
interrupted("Ctrl-C while recording everything anew", KeyboardInterrupt, "all")
interrupted("a test fails while replaying", AssertionError, "none")
interrupted("Ctrl-C while adding", KeyboardInterrupt, "new_episodes")


@case("crashes", "a test fails in its first recording")
def first_fails(tool: Tool, folder: Path) -> None:
    """Whatever is kept, the next run is not half a cassette that refuses the second request."""
    file = folder / "one.yaml"
    with Server(always(whole())) as server:
        try:
            with tool.record(file):
                look(server.url + "/1")
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        with tool.record(file):
            assert look(server.url + "/1").status == 200


@case("crashes", "sys.exit within the cassette")
def exits(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(always(whole())) as server:
        code = f"import sys\nwith tool.use(Path({str(file)!r}), 'once'):\n    look({server.url!r} + '/1')\n    sys.exit(3)\n"
        assert subprocess.run(script(tool, code)).returncode == 3
        with tool.record(file):
            assert look(server.url + "/1").status == 200


@case("crashes", "Ctrl-C within a stream")
def ctrl_c_in_stream(tool: Tool, folder: Path) -> None:
    """The program ends at once, and what is kept can be replayed or recorded again, but is no broken file."""
    from _kit import SSE_HEAD, chunk

    file = folder / "one.yaml"
    endless = [SSE_HEAD] + [step for number in range(1000) for step in (chunk(b"data: %d\n\n" % number), 0.01)]
    with Server(always(endless)) as server:
        code = (
            f"import httpx, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nwith tool.use(Path({str(file)!r}), 'once'), httpx.Client(trust_env=False) as client:\n"
            f"    with client.stream('POST', {server.url!r}) as response:\n"
            f"        for piece in response.iter_bytes():\n"
            f"            print('seen', flush=True)\n"
        )
        with subprocess.Popen(script(tool, code), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            assert process.stdout.readline(), "the client saw nothing"
            process.send_signal(signal.SIGINT)
            start = time.perf_counter()
            assert process.wait(10) != 0
            assert time.perf_counter() - start < 3, "it went on reading"
        with tool.use(file, "once"):
            assert look(server.url, stop_after=1).body == b"data: 0\n\n"


@case("crashes", "pytest-xdist, many tests and one file")
def xdist(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(always(whole(BIG[:3000] + BIG[-2:]))) as server:
        (folder / "test_many.py").write_text(
            f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
            f"from pathlib import Path\nimport pytest\nfrom _kit import TOOLS, look\n"
            f"@pytest.mark.parametrize('n', range(24))\n"
            f"def test_one(n):\n"
            f"    with TOOLS[{tool.name!r}]().use(Path({str(file)!r}), 'new_episodes'):\n"
            f"        assert look({server.url!r} + '/' + str(n)).status == 200\n"
        )
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "xdist",
                "-n",
                "2",
                "-p",
                "no:cacheprovider",
                "--rootdir",
                str(folder),
                str(folder),
            ],
            capture_output=True,
            text=True,
            env=os.environ
            | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # the peers' plugins do not start beside each other
        )
        assert ran.returncode == 0, ran.stdout[-300:] + ran.stderr[-300:]
        urls = [f"{server.url}/{n}" for n in range(24)]
        lost = 24 - len(interactions(tool, file, urls))
        assert not lost, f"{lost} of 24 recordings are lost"
