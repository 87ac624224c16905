"""Small whole projects, run by pytest in a process of its own, with only the plugins that a test names.

Also runnable by hand: the project lies in the test's tmp_path, and the command is in the failure.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

__all__ = ["Project", "Result"]

_OUTCOME = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|warnings?|deselected)")


class Result:
    """What a run said."""

    def __init__(self, command: list[str], done: subprocess.CompletedProcess[str]) -> None:
        self.command = command
        self.code = done.returncode
        self.text = done.stdout + done.stderr
        last = [line for line in done.stdout.splitlines() if " in " in line and _OUTCOME.search(line)]
        self.counts = {word.rstrip("s"): int(count) for count, word in _OUTCOME.findall(last[-1])} if last else {}

    def check(self, **counts: int) -> Result:
        """Exactly these outcomes; without any, that everything passed."""
        found = {name: count for name, count in self.counts.items() if name not in ("warning", "deselected")}
        assert found == counts, f"{' '.join(self.command)}\n{self.text}"
        return self

    def has(self, *pieces: str) -> Result:
        """The output has each of `pieces`."""
        for piece in pieces:
            assert piece in self.text, f"{piece!r} is missing:\n{self.text}"
        return self

    def lacks(self, *pieces: str) -> Result:
        """The output has none of `pieces`."""
        for piece in pieces:
            assert piece not in self.text, f"{piece!r} is there:\n{self.text}"
        return self


class Project:
    """A folder with tests."""

    def __init__(self, folder: Path, *, ini: bool = True) -> None:
        self.folder = folder
        if not ini:
            return
        self.write(
            "pytest.ini",
            "[pytest]\nfilterwarnings = error\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n",
        )

    def write(self, name: str, text: str) -> Path:
        """A file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), "utf-8")
        return path

    def read(self, name: str) -> str:
        """The text of a file."""
        return (self.folder / name).read_text("utf-8")

    def run(
        self,
        *arguments: str,
        plugins: tuple[str, ...] = ("pytest_playhead", "syrupy", "pytest_asyncio.plugin"),
        **env: str,
    ) -> Result:
        """Run pytest. `plugins` are loaded with `-p`; nothing else is, whatever is installed."""
        named = [word for plugin in plugins for word in ("-p", plugin)]
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *named, *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200", **env}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120)
        return Result(command, done)
