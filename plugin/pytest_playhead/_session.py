"""The session: the summary line, orphans, the report, and what xdist workers send home."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_playhead._state import STATE

__all__ = ["Session"]

_OUTPUT = "playhead"


class Session:
    """Hooks that come at the end; registered when everything is settled."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._orphans: list[str] | None = None
        if config.pluginmanager.has_plugin("xdist"):
            config.pluginmanager.register(_Workers(config), "playhead-workers")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker sends its tally home; the others look for orphans."""
        config: Any = session.config
        state = config.stash[STATE]
        if hasattr(config, "workeroutput"):
            config.workeroutput[_OUTPUT] = {**state.tally.dump(), "folders": sorted(state.folders)}
            return
        if config.getoption("playhead_orphans"):
            from pytest_playhead._orphans import find_orphans

            self._orphans = find_orphans(state)
            if self._orphans and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Orphans, and one line of counts."""
        state = self._config.stash[STATE]
        if self._orphans is not None:
            terminalreporter.section("cassettes that no test uses")
            root = f"{self._config.invocation_params.dir}/"
            for path in self._orphans:
                terminalreporter.write_line(path.removeprefix(root))
            if not self._orphans:
                terminalreporter.write_line("none")
        if line := state.tally.line():
            terminalreporter.write_line(line)


class _Workers:
    """Collects what xdist workers send."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker has ended."""
        sent = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if sent:
            state = self._config.stash[STATE]
            state.tally.merge(sent)
            state.folders.update(sent["folders"])
