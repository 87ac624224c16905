"""Runs the commands that the docs show, and compares or rewrites what they print.

    python tests/docs/regenerate.py            # rewrite the pages
    python tests/docs/regenerate.py --check    # exit status 1 and a diff where a page is not what happens

A page is followed from top to bottom in an empty folder:

- `<!-- file: NAME -->` before a block: the block is written to NAME (`<!-- from: PATH -->`: a copy from the repository);
- `<!-- runs: COMMAND -->`: what a reader does elsewhere, in a second terminal;
- a block ```console: each line that begins with `$ ` is run, and what follows is what it prints. `export A=b` sets a
  variable, a line that ends with ` &` is a server that runs until the page ends. A line `…` stands for any lines.

`playhead` runs in this process, `pytest` in forks of one that has imported everything (nine starts of Python cost more than
the tests), everything else in a shell. Durations read `0.01s`, and port 8080 is a free one here.
"""

from __future__ import annotations

import argparse
import atexit
import difflib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import chdir
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEP = re.compile(
    r"<!-- runs: (?P<runs>[^\n]*) -->"
    r"|<!-- (?P<what>file|from): (?P<name>\S+)(?: as (?P<target>\S+))? -->\n(?:\n?```\w*\n(?P<content>.*?)^```$)?"
    r"|^```console\n(?P<console>\$ .*?)^```$",
    re.MULTILINE | re.DOTALL,
)
ANY = "…"


def pages() -> list[Path]:
    """The pages that show commands."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in found if "```console\n$ " in page.read_text("utf-8")]


def followed(page: Path) -> str:
    """The page as it would be if it said what happens."""
    with tempfile.TemporaryDirectory() as folder, Project(Path(folder) / "project") as project:
        return STEP.sub(project.step, page.read_text("utf-8"))


class Project:
    """The folder in which a reader works."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        from tests._ports import quiet_port

        folder.mkdir()
        self.port = str(quiet_port())
        kept = {
            name: value
            for name, value in os.environ.items()
            if not re.search("API_KEY|BASE_URL|^PYTEST|^(CI|BUILD_NUMBER|FORCE_COLOR|PY_COLORS)$", name)
        }
        self.environment = kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            # What a reader has; the plugins of this project's own tests would only take time.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "syrupy,pytest_playhead",
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
        }
        self.servers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.terminate()
            server.wait()

    def step(self, match: re.Match[str]) -> str:
        if match["runs"]:
            self.run(match["runs"])
        elif match["what"] == "file":
            path = self.folder / match["name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.real(match["content"]), "utf-8")
        elif match["what"] == "from":
            target = self.folder / (match["target"] or Path(match["name"]).name)
            target.parent.mkdir(parents=True, exist_ok=True)
            source = ROOT / match["name"]
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        else:
            return f"```console\n{self.console(match['console'])}```"
        return match[0]

    def console(self, text: str) -> str:
        shown: list[str] = []
        for part in re.split(r"^(?=\$ )", text, flags=re.MULTILINE):
            if not part:
                continue
            command, _, expected = part.partition("\n")
            output = self.run(command.removeprefix("$ "))
            shown += [command + "\n", expected if fits(expected, output) else output]
        return "".join(shown)

    def run(self, command: str) -> str:
        """What a command prints, as the page says it."""
        if command.startswith("export "):
            for word in shlex.split(self.real(command))[1:]:
                name, _, value = word.partition("=")
                self.environment[name] = value
            return ""
        if command.endswith(" &"):
            self.serve(shlex.split(self.real(command.removesuffix(" &"))))
            return ""
        words = shlex.split(self.real(command), comments=True)
        plain = not set(command) & set("|;><")
        if words[0] == "playhead" and plain:
            output = self.playhead(words[1:])
        elif words[0] == "pytest" and plain and hasattr(os, "fork"):
            output = forks().run(words, self.folder, self.environment)
        else:
            run = ["bash", "-c", self.real(command)]
            done = subprocess.run(
                run, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            output = done.stdout.decode()
        return self.told(output)

    def serve(self, words: list[str]) -> None:
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(words, cwd=self.folder, env=self.environment, stdout=quiet, stderr=quiet)
        self.servers.append(server)
        for _ in range(1_000):
            try:
                socket.create_connection(("127.0.0.1", int(self.port)), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{shlex.join(words)} does not answer on port {self.port}")

    def playhead(self, words: list[str]) -> str:
        from click.testing import CliRunner

        from playhead.cli._main import COMMANDS, Commands, _playhead
        from playhead.exceptions import PlayheadError, UserError

        assert COMMANDS and Commands
        with chdir(self.folder):
            done = CliRunner().invoke(
                _playhead, words, env=self.environment, terminal_width=80, prog_name="playhead", color=False
            )
        said = done.output
        if isinstance(done.exception, (PlayheadError, UserError, OSError)):
            said += f"playhead: {done.exception}\n"
        elif done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return said

    def real(self, text: str) -> str:
        return text.replace("8080", self.port)

    def told(self, output: str) -> str:
        output = output.replace(f"{self.folder.resolve()}{os.sep}", "").replace(f"{self.folder}{os.sep}", "")
        output = output.replace(str(self.folder.resolve()), ".").replace(self.port, "8080")
        output = re.sub(r"\b\d+\.\d+s\b", "0.01s", output)
        output = re.sub(r"\b0x[0-9a-f]{6,}", "0x7f0000000000", output)
        output = re.sub(r"recorded_at: .*", "recorded_at: 2026-11-20T10:00:00Z", output)
        output = "".join(line.rstrip() + "\n" for line in output.splitlines())
        return re.sub(r"\n{3,}", "\n\n", output).strip("\n") + "\n" if output.strip() else ""


class Forks:
    """A process that has imported what pytest and Playhead import, and forks for each run of pytest."""

    def __init__(self) -> None:
        command = [sys.executable, __file__, "--forks"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.communicate)  # ends its input, and waits for its end

    def run(self, words: list[str], folder: Path, environment: dict[str, str]) -> str:
        assert self.process.stdin and self.process.stdout
        printed = folder.parent / "printed"
        order = {"words": words, "folder": str(folder), "environment": environment, "printed": str(printed)}
        print(json.dumps(order), file=self.process.stdin, flush=True)
        self.process.stdout.readline()
        return printed.read_text("utf-8")


@cache
def forks() -> Forks:
    """The one for this process."""
    return Forks()


def fork_for_each_line() -> None:
    """The process of `Forks`."""
    for module in PRELOADED:
        import_module(module)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.chdir(order["folder"])
            os.environ.clear()
            os.environ.update(order["environment"])
            printed = os.open(order["printed"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(printed, 1)
            os.dup2(printed, 2)
            sys.argv = order["words"]
            sys.path.insert(0, "")
            import pytest

            status = pytest.main(order["words"][1:])
            sys.stdout.flush()
            os._exit(status)
        os.waitpid(child, 0)
        print("done", flush=True)


PRELOADED = (
    "pytest",
    "difflib",
    "httpx",
    "anyio._backends._asyncio",
    "playhead.models._http",
    "playhead.runtime",
    "playhead.cassette._cassette",
    "playhead.traffic",
    "playhead.transcript",
    "playhead.virtual",
)


def fits(expected: str, output: str) -> bool:
    """Whether a page may say `expected` where `output` is printed."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == ANY else re.escape(line) + "\n" for line in expected.splitlines()
    )
    return re.fullmatch(pattern, output) is not None


def check(page: Path) -> str:
    """What is not as the page says, as a diff; empty where all is well."""
    old, new = page.read_text("utf-8"), followed(page)
    names = (f"{page.relative_to(ROOT)} as written", "as it happens")
    return "".join(difflib.unified_diff(old.splitlines(True), new.splitlines(True), *names))


def main() -> int:
    """Rewrite or check the pages that are named, or all."""
    parser = argparse.ArgumentParser(description="Run the commands that the docs show.")
    parser.add_argument("--forks", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help="compare, and change nothing")
    parser.add_argument("pages", nargs="*", type=Path)
    given = parser.parse_args()
    if given.forks:
        fork_for_each_line()
        return 0
    wrong = False
    for page in [path.resolve() for path in given.pages] or pages():
        if given.check:
            if difference := check(page):
                wrong = True
                print(difference)
        else:
            page.write_text(followed(page), "utf-8")
    return int(wrong)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
