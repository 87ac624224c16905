"""The table of faults of `benchmarks/faults`, where peers stand beside it: Playhead survives all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "benchmarks" / "faults" / "run.py"


@pytest.mark.parametrize(
    "group",
    [
        "order",
        "isolation",
        "secrets",
        "files",
        pytest.param("streams", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
        pytest.param("crashes", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
        "clients",
    ],
)
def test_every_fault_of_the_group_is_survived(group: str, tmp_path: Path) -> None:
    written = tmp_path / "faults.json"
    ran = subprocess.run(
        [sys.executable, str(RUN), group, "--tool", "playhead", "--json", str(written)], capture_output=True, text=True
    )
    assert written.exists(), ran.stderr
    rows = json.loads(written.read_text())["rows"]
    assert len(rows) > 15
    assert [f"{row['case']}: {row['why']}" for row in rows if not row["survived"]] == []
