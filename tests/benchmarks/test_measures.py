"""The benchmarks run, with tiny sizes. What they measure is for people to read: no time is asserted here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="cases run in forked children"),
    pytest.mark.timeout(180),
]


def measured(name: str, arguments: str) -> dict[str, dict[str, Any]]:
    code = f"import json, {name}; print('\\n' + json.dumps({name}.measure({arguments})))"
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS), "PYTHONWARNINGS": "ignore"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=170)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_cassettes_are_loaded_saved_opened_and_replayed_beside_vcrpy() -> None:
    rows = measured("cassettes", "kinds=['json'], counts=(1, 3), repeat=1, times=2")
    operations = {name.partition(":")[0] for name in rows}
    assert operations == {"load", "save", "open and close", "replay", "replay with its opening", "replay, async"}
    assert all(row["playhead"] > 0 and row["playhead / VCR.py"] > 0 for row in rows.values())
    assert "slope" in rows["replay: json, 3"]


def test_a_recorded_stream_has_as_many_chunks_as_one_that_is_not() -> None:
    rows = measured("recording", "repeat=1, frames=6, gap_ms=20, burst=20")
    assert rows["stream: chunks"]["playhead"] == rows["stream: chunks"]["none"] == 6
    # What is kept of a stream that was cancelled after some milliseconds depends on the machine.
    assert {"milliseconds", "server saw it", "frames kept"} <= rows["cancel: playhead"].keys()


@pytest.mark.slow
def test_pytests_start_and_imports_are_measured() -> None:
    rows = measured("startup", "plugins=['none', 'playhead'], repeat=1")
    assert rows["pytest --collect-only"]["playhead / none"] > 0
    assert {"playhead", "pydantic", "httpx"} <= rows["import"].keys()


@pytest.mark.slow
def test_replayed_tests_pass_in_every_suite_that_is_timed() -> None:
    rows = measured("per_test", "tests=3, repeat=1, only=['playhead', 'playhead, own files', 'playhead, mark vcr']")
    assert {"MockTransport", "playhead, own files", "playhead, mark vcr"} <= rows["milliseconds of CPU"].keys()


@pytest.mark.slow
def test_every_dialect_is_timed_against_json() -> None:
    rows = measured("decoding", "")
    assert len(rows) == 4
    assert all(row["to_json"] > 0 for row in rows.values())


def test_the_runner_knows_all_of_them_and_refuses_others() -> None:
    ran = subprocess.run(
        [sys.executable, str(BENCHMARKS / "run.py"), "nothing"], capture_output=True, text=True, timeout=30
    )
    assert ran.returncode == 2
    for name in ("cassettes", "recording", "startup", "per_test", "decoding", "agents"):
        assert name in ran.stderr
