"""The runtime against the reference's recorded scenarios, where they are at hand."""

import json
import subprocess
import sys
from pathlib import Path

from tests._shared import shared

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = Path(__file__).with_name("allowed.json")


def test_every_recorded_scenario_agrees_but_for_those_that_are_listed(tmp_path: Path) -> None:
    kit = shared("conformance")
    report = tmp_path / "report.json"
    command = [sys.executable, str(kit / "compare.py"), str(kit / "scenarios")]
    options = ["--api", "tests.conformance.on_virtual_time:API", "--allow", str(ALLOWED), "--json", str(report)]
    run = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    found = json.loads(report.read_text())
    assert found["total"] > 300
    differ = {item["id"] for item in found["scenarios"] if item["difference"]}
    assert differ == set(json.loads(ALLOWED.read_text())), "allowed.json names exactly what differs"


def test_what_may_differ_is_little_and_documented() -> None:
    allowed = json.loads(ALLOWED.read_text())
    assert len(allowed) <= 20
    page = (ROOT / "docs" / "differences.md").read_text("utf-8")
    for scenario in allowed:
        assert "-".join(scenario.split("-")[:3] if scenario.startswith("early") else scenario.split("-")[:2]) in page
