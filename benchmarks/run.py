"""Runs benchmarks by name and writes their ratios.

    python benchmarks/run.py [NAME ...] [--json FILE]

A benchmark is a module beside this one with `measure()`, which gives rows by name: numbers by column, among them ratios
to the peers that are installed, and to a floor. Without names all of them run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def names() -> list[str]:
    """The benchmarks there are."""
    found = [path.stem for path in sorted(HERE.glob("*.py")) if path.stem != "run" and not path.stem.startswith("_")]
    return [name for name in found if "def measure(" in (HERE / f"{name}.py").read_text("utf-8")]


def main() -> None:
    """Run, show, write."""
    parser = argparse.ArgumentParser(description="Runs benchmarks by name and writes their ratios.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; none: all")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    unknown = set(args.names) - set(names())
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {', '.join(names())}")
    results: dict[str, Any] = {}
    for name in args.names or names():
        rows = results[name] = importlib.import_module(name).measure()
        print(f"\n## {name}\n")
        for row, columns in rows.items():
            shown = [
                f"{key} {value:.4g}" if isinstance(value, (int, float)) else f"{key} {value}"
                for key, value in columns.items()
            ]
            print(f"{row}: {', '.join(shown)}", flush=True)
    if args.json is not None:
        machine = {"python": platform.python_version(), "system": platform.platform(), "processor": platform.machine()}
        args.json.write_text(json.dumps({"machine": machine, "benchmarks": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
