"""The sample project of `fixtures/downstream`, as somebody would run it: replayed, cut anywhere, in parallel."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.plugin._project import Project

SAMPLE = Path(__file__).resolve().parents[2] / "fixtures/downstream"


@pytest.fixture
def downstream(tmp_path: Path) -> Project:
    """A copy of the sample project."""
    folder = tmp_path / "downstream"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    return Project(folder, ini=False)


def test_the_sample_project_passes_and_skips_only_what_is_not_installed(downstream: Project) -> None:
    # A module that is skipped as a whole uses neither its snapshots nor its recordings.
    run = downstream.run("-q", "--rechunk=frames", "--snapshot-warn-unused")
    assert run.code == 0, run.text
    assert set(run.counts) <= {"passed", "skipped"}, run.text
    assert run.counts["passed"] >= 10
    for reason in re.findall(r"SKIPPED \[\d+\] \S+: (.*)", run.text):
        assert reason.endswith("is not installed"), reason
    run.has("replayed", "snapshots passed")


def test_every_fixture_of_the_plugin_is_used_in_it() -> None:
    import pytest_playhead
    from pytest_playhead import _recording

    source = "\n".join(path.read_text("utf-8") for path in (SAMPLE / "tests").glob("*.py"))
    internal = {"playhead_deterministic"}
    modules = {"pytest_playhead": pytest_playhead, "_recording": _recording}
    fixtures = {
        name
        for module in modules.values()
        for name in module.__all__
        if type(getattr(module, name)).__name__ == "FixtureFunctionDefinition"
    }
    ours = (
        fixtures - internal - {"record_mode", "vcr_markers", "vcr_cassette_dir", "disable_recording", "allowed_hosts"}
    )
    ours -= {"default_cassette_name"}  # pytest-recording's helpers, which `test_drop_in.py` uses
    assert [name for name in sorted(ours) if not re.search(rf"\b{name}\b", source)] == []


@pytest.mark.slow
@pytest.mark.parametrize("how", ["whole", "bytes", "hostile", "random:7"])
def test_cuts_change_nothing_in_it(downstream: Project, how: str) -> None:
    run = downstream.run(
        "-q",
        f"--rechunk={how}",
        "--snapshot-warn-unused",
        "-n",
        "2",
        plugins=("pytest_playhead", "syrupy", "pytest_asyncio.plugin", "xdist"),
    )
    assert run.code == 0, run.text
