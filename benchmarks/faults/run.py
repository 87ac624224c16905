"""Puts recorders through the same faults: python benchmarks/faults/run.py [GROUP | GROUP/CASE ...] --json FILE

Tools run in the interpreter that has them: `--python cassetter=/path/to/python` names one for a tool, the others use
this one. A tool that its interpreter cannot import is left out, and said to be. The table counts survived cases; with
`--failures` each failed one of a tool is listed with its reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

TOOLS = ("playhead", "vcrpy", "cassetter")
MODULES = {"playhead": "playhead", "vcrpy": "vcr", "cassetter": "cassetter"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP[/CASE]")
    parser.add_argument("--tool", action="append", choices=TOOLS, help="only this tool (may be repeated)")
    parser.add_argument("--python", action="append", default=[], metavar="TOOL=PATH")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--failures", action="append", default=[], choices=TOOLS, metavar="TOOL")
    arguments = parser.parse_args()
    pythons = dict(item.split("=", 1) for item in arguments.python)
    rows: list[dict[str, object]] = []
    for tool in arguments.tool or TOOLS:
        python = pythons.get(tool, sys.executable)
        if subprocess.run([python, "-c", f"import {MODULES[tool]}"], capture_output=True).returncode:
            print(f"{tool}: not installed for {python}, left out", file=sys.stderr)
            continue
        rows += run_tool(tool, python, arguments.groups)
    print(table(rows))
    for row in rows:
        if not row["survived"] and row["tool"] in arguments.failures:
            print(f"{row['tool']}: {row['group']}/{row['case']}: {row['why']}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": rows, "survived": totals(rows)}, indent=1) + "\n")
    return 0 if all(row["survived"] for row in rows if row["tool"] == "playhead") else 1


def run_tool(tool: str, python: str, groups: list[str]) -> list[dict[str, object]]:
    command = [python, "-W", "ignore", str(Path(__file__).parent / "_worker.py"), tool, *groups]
    rows: list[dict[str, object]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            rows.append(json.loads(line))
            if sys.stderr.isatty():
                print(f"\r{tool}: {len(rows)} cases", end="", file=sys.stderr)
    if process.returncode:
        raise SystemExit(f"{tool}: the worker ended with {process.returncode}")
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return rows


def totals(rows: list[dict[str, object]]) -> dict[str, dict[str, int]]:
    counted = {str(row["tool"]): Counter[str]() for row in rows}
    for row in rows:
        counted[str(row["tool"])]["cases"] += 1
        counted[str(row["tool"])]["survived"] += bool(row["survived"])
    return {tool: dict(counts) for tool, counts in counted.items()}


def table(rows: list[dict[str, object]]) -> str:
    tools = list(dict.fromkeys(str(row["tool"]) for row in rows))
    groups = list(dict.fromkeys(str(row["group"]) for row in rows))
    lines = ["| faults | cases | " + " | ".join(tools) + " |", "|---|---|" + "---|" * len(tools)]
    for group in [*groups, "all"]:
        chosen = [row for row in rows if group in ("all", row["group"])]
        survived = [sum(bool(row["survived"]) for row in chosen if row["tool"] == tool) for tool in tools]
        lines.append(
            f"| {group} | {len({(row['group'], row['case']) for row in chosen})} | "
            + " | ".join(map(str, survived))
            + " |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
