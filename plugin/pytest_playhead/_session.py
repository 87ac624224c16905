"""The end of a session: what xdist workers send home, orphans, the report."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_playhead._state import State

__all__ = ["finish"]


def finish(session: pytest.Session, state: State) -> None:
    """A worker sends its tally home; the others look for orphans and write the report."""
    config: Any = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["playhead"] = {**state.tally.dump(), "folders": sorted(state.folders)}
        return
    if config.getoption("playhead_orphans"):
        from pytest_playhead._orphans import find_orphans

        orphans = find_orphans(state)
        root = f"{config.invocation_params.dir}/"
        shown = [path.removeprefix(root) for path in orphans] or ["none"]
        state.lines += ["", "cassettes that no test uses:", *(f"  {path}" for path in shown)]
        if orphans and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if config.getoption("playhead_report"):
        from pytest_playhead._report import write_page

        write_page(config, state)
