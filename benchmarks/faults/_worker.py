"""Runs the cases for one tool, each in a forked process of its own: python _worker.py TOOL [GROUP ...]; JSON lines come out."""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from _kit import CASES, TOOLS, Tool  # noqa: E402 - the folder must be on the path first

SECONDS_MAX = 60


def main() -> None:
    name, *groups = sys.argv[1:]
    for path in sorted(HERE.glob("case_*.py")):
        importlib.import_module(path.stem)
    for module in ("httpx", "httpx2"):  # before the forks, and before anything is patched
        importlib.import_module(module)
    tool = TOOLS[name]()
    with tempfile.TemporaryDirectory() as folder, tool.use(Path(folder) / "warm-up.yaml", "once"):
        pass  # what a tool imports when it is first used is imported here, and not again in each fork
    for group, cases in CASES.items():
        for title, run in cases.items():
            if not groups or group in groups or f"{group}/{title}" in groups:
                print(json.dumps({"tool": name, "group": group, "case": title, **in_child(tool, run)}), flush=True)


def in_child(tool: Tool, run: object) -> dict[str, object]:
    """Whether the case survives, and if not, why not."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    reader, writer = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reader)
        status = 1
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            signal.alarm(SECONDS_MAX)
            gc.disable()
            run(tool, folder)  # type: ignore[operator]
            status = 0
        except BaseException as error:
            line = traceback.extract_tb(error.__traceback__)[-1]
            os.write(
                writer,
                f"{type(error).__name__}: {str(error)[:300]} ({Path(line.filename).name}:{line.lineno})".encode(),
            )
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    try:
        os.killpg(child, signal.SIGKILL)  # what a case left running
    except ProcessLookupError:
        pass
    shutil.rmtree(folder, ignore_errors=True)
    if os.WIFSIGNALED(status):
        said = f"ended by {signal.Signals(os.WTERMSIG(status)).name}" + (
            f" after {SECONDS_MAX} s" if os.WTERMSIG(status) == signal.SIGALRM else ""
        )
    return {"survived": status == 0, "why": said if status else "", "seconds": round(time.monotonic() - start, 2)}


if __name__ == "__main__":
    main()
