"""Runs drawn scenarios on Playhead and on the reference, and shows where their traces differ.

    python tests/conformance/differential.py --kit KIT --reference PYTHON [--count N | --seconds S] [--seed S] [--keep DIR]

`PYTHON` is an interpreter with pydantic-ai-slim 1.85.1. `make conformance` makes one and calls this. The exit status is 0
if all traces agree but for the deliberate differences (docs/differences.md).
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import re
import select
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
draw_scenario = importlib.import_module("draw").draw_scenario


class Runtime:
    """A process that runs scenarios."""

    def __init__(self, python: str, kit: Path, package: str) -> None:
        self._package = package
        self._process = subprocess.Popen(
            [python, str(HERE / "worker.py"), str(kit), package],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, scenario: dict[str, Any]) -> None:
        """Begin a scenario."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(scenario) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """The trace of the scenario that was begun. `RuntimeError` if the process ended, or seems to wait for ever."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _PATIENCE)
        if not ready:
            self._process.kill()
            raise RuntimeError(f"{self._package}: no answer in {_PATIENCE} s")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._package}: the process ended")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        with self._process:  # closes its pipes, and waits
            pass


_AGAIN = 8
_ASKED_AGAIN = r"validator_log\[\d+\]\.messages: expected \d+, got \d+$"
_PATIENCE = 120
"""Seconds; a scenario takes some milliseconds."""

_GENERATED = re.compile(r"pyd_ai_[0-9a-f]{32}")


class Differential:
    """Both runtimes and the kit's rules for comparing."""

    def __init__(self, kit: Path, reference: str) -> None:
        sys.path.insert(0, str(kit))
        self._compare = importlib.import_module("compare")
        self._harness = importlib.import_module("harness")
        self._kit, self._python = kit, reference
        self._begin()

    def _begin(self) -> None:
        self.reference = Runtime(self._python, self._kit, "pydantic_ai")
        self.playhead = Runtime(sys.executable, self._kit, "playhead")

    def difference(self, scenario: dict[str, Any]) -> tuple[str | None, str | None]:
        """Where the traces differ, and why that is meant to be; None for agreement, and for no reason.

        Results of tools that end at the same moment come in no fixed order: the reference is asked again whether what
        differs is a trace of its own too.
        """
        try:
            found, reason = self._once(scenario)
            for _ in range(_AGAIN):
                if found is None or reason is not None:
                    break
                found, reason = self._once(scenario)
        except RuntimeError as error:
            self.close()
            self._begin()
            return str(error), None
        return found, reason

    def _once(self, scenario: dict[str, Any]) -> tuple[str | None, str | None]:
        self.reference.ask(scenario)
        self.playhead.ask(scenario)
        raw, actual = self.reference.answer(), without_chance(self.playhead.answer())
        expected = without_chance(raw)
        drop = set[str]()
        if self._compare.leaves_early({**scenario, "expected": expected}):
            # The reference reads on, and acts on it: it may even send the next request.
            drop = {*self._compare.AFTER_EXIT, "tool_log", "validator_log", "tool_defs"}
        found = self._compare.first_difference(
            self._compare.prune(self._harness.normalise(expected, scenario), drop),
            self._compare.prune(self._harness.normalise(actual, scenario), drop),
        )
        return found, deliberate(scenario, raw, found) if found else None

    def close(self) -> None:
        """End both."""
        self.reference.close()
        self.playhead.close()


def without_chance(trace: Any) -> Any:
    """The trace without what differs from run to run in its errors."""
    if isinstance(trace, dict):
        if trace.get("type") == "UserError":
            said = str(trace.get("message")).partition(" Expected:")[0]  # then come sets, in any order
            return {**trace, "message": said}
        if isinstance(message := trace.get("message"), str):
            trace = {**trace, "message": _GENERATED.sub("<id>", message)}
        return {key: without_chance(value) for key, value in trace.items()}
    return [without_chance(item) for item in trace] if isinstance(trace, list) else trace


def deliberate(scenario: dict[str, Any], expected: Any, found: str) -> str | None:
    """Why a trace may differ: docs/differences.md has the reasons at length."""
    text, output = json.dumps(expected), json.dumps(scenario["agent"]["output"])
    if '"ToolRetryError"' in text:
        return "a retry prompt never reaches the caller"
    for turn in expected.get("turns", ()):
        for step in [*turn.get("steps", ()), *(s for n in turn.get("nodes", ()) for s in n.get("steps", ()))]:
            message = step.get("error", {}).get("message", "")
            if step["do"] == "stream_output" and (
                "exceeded max retries" in message or "unable to find tool" in message
            ):
                return "no partial raises out of stream_output"
        if "`DeferredToolRequests` is not among output types" in text and "chunks_sent" in found:
            return "a call that nobody may answer is told of when the reply is complete"
        if '"KeyError"' in text and ("native" in output or "prompted" in output):
            return "a kind that no output has is not valid, and no KeyError"
        if turn.get("error", {}).get("type") == "IndexError":
            return "a call without a name shifts nothing"
        if "results need to be provided for all deferred" in turn.get("error", {}).get("message", ""):
            return "a refused output beside a call that was put off is not asked for again"
    for turn in expected.get("turns", ()):
        if turn.get("is_complete") is False and ".error: missing" in found and "steps" not in found:
            return "leaving a stream early reads no more, so nothing fails after it"
    if any(_nameless(response["chunks"]) for response in scenario["script"]):
        return "a call without a name shifts nothing"
    if any(_shared_id(response["chunks"]) for response in scenario["script"]):
        return "two calls with one id are two calls"
    if "Exceeded maximum retries" in found and "Unknown tool name: 'final_result" in text:
        return "a limit on retries that was passed holds"
    for turn in scenario["turns"]:
        drive = turn["drive"]
        if any(step.get("close") for step in drive.get("steps", ())):
            return "closing a view early closes the stream"
        if drive["mode"] == "run_stream_sync" and re.search(_ASKED_AGAIN, found):
            return "a blocking stream closes when its output is complete"
        if drive["mode"] == "iter" and ("take" in drive or drive.get("stream") == "steps"):
            return "leaving a node's stream early closes it"
        if "stop_at" in drive and ".error: missing" in found:
            return "leaving a run at a node reads no more, so nothing fails after it"
        if drive.get("after") and ".tool_call_id: expected" in found:
            return "leaving a stream early reads no more, so an id that comes late does not come"
    for turn in expected.get("turns", ()):
        views = [step for step in turn.get("steps", ()) if step["do"].startswith("stream_")]
        if any("error" in view for view in views) and re.search(r"\.steps\[[1-9]|\.requests", found):
            return "a view that fails leaves the stream as it is"
    return None


def _nameless(chunks: list[dict[str, Any]]) -> bool:
    """Whether a call begins without a name, and may get one later."""
    seen: dict[int, bool] = {}
    for delta in (delta for chunk in chunks for delta in chunk.get("tool_calls", ())):
        seen.setdefault(delta["index"], bool(delta.get("name")))
    return not all(seen.values())


def _shared_id(chunks: list[dict[str, Any]]) -> bool:
    """Whether two calls have the same id."""
    ids = {(delta.get("id"), delta["index"]) for chunk in chunks for delta in chunk.get("tool_calls", ())}
    given = [name for name, _ in ids if name is not None]
    return len(given) > len(set(given))


def main() -> int:
    """Draw, run, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--kit", type=Path, required=True, help="the folder with harness.py, compare.py and catalogue.py"
    )
    parser.add_argument("--reference", required=True, help="an interpreter with pydantic-ai-slim 1.85.1")
    parser.add_argument("--count", type=int, default=1_000, help="as many scenarios, unless --seconds says otherwise")
    parser.add_argument("--seconds", type=float, help="draw scenarios for so long")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="show what differs on purpose, too")
    parser.add_argument("--keep", type=Path, help="write scenarios that differ into this folder")
    args = parser.parse_args()
    both = Differential(args.kit.resolve(), args.reference)
    counts: Counter[str] = Counter()
    end = time.monotonic() + (args.seconds or 0)
    for number in itertools.count(args.seed):
        if number >= args.seed + args.count if args.seconds is None else time.monotonic() > end:
            break
        scenario = draw_scenario(Random(number), f"drawn-{number}")
        found, reason = both.difference(scenario)
        if found is None:
            counts["agree"] += 1
        elif reason is not None:
            counts[f"differ on purpose: {reason}"] += 1
            if args.show:
                print(f"drawn-{number}: {reason}\n    {found}", flush=True)
        else:
            counts["differ"] += 1
            print(f"drawn-{number}\n    {found}", flush=True)
            if args.keep is not None:
                args.keep.mkdir(parents=True, exist_ok=True)
                (args.keep / f"drawn-{number}.json").write_text(json.dumps(scenario, indent=1))
    both.close()
    print(f"\n{sum(counts.values()):6} drawn from seed {args.seed}")
    for name, count in counts.most_common():
        print(f"{count:6} {name}")
    return 1 if counts["differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
