"""What it costs to have Playhead installed: pytest's start, and imports.

    python benchmarks/startup.py [pytest imports] [--repeat N]

Each measurement is a fresh process, which reports its CPU time; columns take turns. `pytest` collects an empty module with
one plugin at a time, autoload being off, beside none; syrupy and hypothesis come with Playhead as dependencies and load
themselves where autoload is on, so `playhead and what it brings` has all three. Budget: 1.05 x with our plugin.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import _measure as measuring

PLUGINS = {
    "none": [],
    "playhead": ["pytest_playhead"],
    "pytest-recording": ["pytest_recording.plugin"],
    "cassetter": ["cassetter.pytest_plugin"],
    "syrupy": ["syrupy"],
    "hypothesis": ["_hypothesis_pytestplugin"],
    "playhead and what it brings": ["pytest_playhead", "syrupy", "_hypothesis_pytestplugin"],
}
IMPORTS = ("playhead", "playhead.cassette", "pytest", "pydantic", "httpx", "vcr", "cassetter", "pydantic_ai")


def measure(
    groups: Sequence[str] = ("pytest", "imports"), plugins: Sequence[str] = tuple(PLUGINS), repeat: int = 15
) -> dict[str, dict[str, float]]:
    """A row for pytest's start by plugin and one for imports: milliseconds of CPU, and ratios."""
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").write_text("")
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        if "pytest" in groups:
            found = [name for name in plugins if measuring.is_installed(*PLUGINS[name])]
            values = _in_turns({name: partial(_start, folder, PLUGINS[name]) for name in found}, repeat)
            ratios = {f"{name} / none": values[name] / values["none"] for name in found if name != "none"}
            rows["pytest --collect-only"] = values | ratios
        if "imports" in groups:
            names = [name for name in IMPORTS if measuring.is_installed(name)]
            nothing = _in_turns({"nothing": partial(_import, folder, "sys")}, repeat)["nothing"]
            values = _in_turns({name: partial(_import, folder, name) for name in names}, repeat)
            rows["import"] = {"nothing": nothing, **{name: value - nothing for name, value in values.items()}}
    return rows


def _in_turns(cases: dict[str, Callable[[], float]], repeat: int) -> dict[str, float]:
    for case in cases.values():  # bytecode and the system's caches
        case()
    found = measuring.in_turns(cases, repeat, run=lambda case: {"value": float(case())})  # type: ignore[arg-type]
    return {name: values["value"] * 1e3 for name, values in found.items()}


def _start(folder: str, plugins: Sequence[str]) -> float:
    named = [word for plugin in plugins for word in ("-p", plugin)]
    return cpu_of([sys.executable, "-m", "pytest", "--collect-only", "-q", *named], folder, passing=(0, 5))


def _import(folder: str, name: str) -> float:
    return cpu_of([sys.executable, "-c", f"import {name}"], folder)


def cpu_of(command: list[str], folder: str, passing: Sequence[int] = (0,), log: str = "output.txt") -> float:
    """CPU seconds of a process and of those it waited for; its output goes to a file of the folder."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, os.path.join(folder, log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # posix_spawn and wait4, because they tell the times of just this process; it starts in the folder through a shell's cd.
    words = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', folder, *command]
    child = os.posix_spawn("/bin/sh", words, environment, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) not in passing:
        raise RuntimeError(f"{' '.join(command)} failed:\n{Path(folder, log).read_text()[-2000:]}")
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure what was asked for, and show it."""
    parser = argparse.ArgumentParser(description="What it costs to have Playhead installed.")
    parser.add_argument("groups", nargs="*", choices=["pytest", "imports", []], default=[])
    parser.add_argument("--repeat", type=int, default=15)
    args = parser.parse_args()
    for name, row in measure(args.groups or ("pytest", "imports"), repeat=args.repeat).items():
        print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
