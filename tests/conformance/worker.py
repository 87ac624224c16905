"""Runs scenarios, one JSON line each, and prints their traces: `python worker.py KIT BINDING`.

With the reference's interpreter and `reference`, the reference answers; with this project's and `playhead`, Playhead.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    kit, package = sys.argv[1:3]
    sys.path.insert(0, kit)
    import harness  # pyright: ignore[reportMissingImports]  # the kit's

    api = _load("binding").bind(package)
    _load("wider").install(harness, harness.catalogue, package)
    for line in sys.stdin:
        scenario = json.loads(line)
        try:
            trace = harness.run_scenario(scenario, api)
        except Exception as error:  # the harness itself failed: say so instead of ending
            trace = {"runner_failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(trace), flush=True)


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
