"""The hooks: what the plugin does when pytest starts, before and after each test, and at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_playhead import _stand_in
from pytest_playhead._options import add_options
from pytest_playhead._rivals import foreign_fixture, is_loaded
from pytest_playhead._state import FAILURE, STATE, State

__all__ = [
    "pytest_addoption",
    "pytest_assertrepr_compare",
    "pytest_collect_directory",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "pytest_unconfigure",
]

_OURS = "pytest_playhead"
_FOLDER = "PLAYHEAD_SAVE_FAILURES"  # read by playhead.fuzz


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Options that no other recorder has, or will have; and what suites import of pytest-recording, where it is missing."""
    add_options(parser, pluginmanager)
    _stand_in.install()
    config: Any = pluginmanager.get_plugin("pytestconfig")
    if required := [name for name in config.getini("required_plugins") if "recording" in name]:
        from pytest_playhead._ahead import answer_for_recording

        answer_for_recording(pluginmanager, required)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Everything is loaded: what is ours of the names that several recorders have?"""
    manager = config.pluginmanager
    if "pytest_playhead._ahead" in sys.modules:
        from pytest_playhead._ahead import no_longer_answer

        no_longer_answer(manager)
    state = config.stash[STATE] = State()
    config.addinivalue_line(
        "markers", "cassette(name=None, *, record_mode=None, ...): record or replay the test's HTTP traffic (Playhead)."
    )
    for rival in ("pytest-recording", "cassetter", "pytest-vcr"):
        if is_loaded(manager, rival):
            state.vcr_owner = rival
            break
    else:
        state.vcr_owner = foreign_fixture(manager, "vcr", ours=_OURS)
    state.owns_vcr = state.vcr_owner is None
    state.owns_cassette = foreign_fixture(manager, "cassette", ours=_OURS) is None
    if state.owns_vcr:
        from pytest_playhead import _recording

        manager.add_hookspecs(_recording.Hooks)
        manager.register(_recording if state.owns_cassette else _recording.without_cassette(), "playhead-recording")
        config.addinivalue_line("markers", "vcr(*cassettes, **options): record or replay by pytest-recording's rules.")
        config.addinivalue_line("markers", "default_cassette(name): the name of the test's cassette.")
    elif state.owns_cassette:
        from pytest_playhead import _alias

        manager.register(_alias, "playhead-alias")
    if state.vcr_owner != "pytest-recording":
        if not state.owns_vcr:
            from pytest_playhead import _blocking

            manager.register(_blocking, "playhead-blocking")
        config.addinivalue_line("markers", "block_network(allowed_hosts=None): refuse connections of the test.")
        config.addinivalue_line("markers", "allowed_hosts: hosts that a blocked test may reach.")
        state.block_network = bool(config.getoption("block_network", False))
    state.disabled = state.vcr_owner is None and bool(config.getoption("disable_recording", False))
    state.shows_fixtures = any(config.getoption(name, False) for name in ("setupshow", "setuponly", "setupplan"))
    state.keeps = bool(config.getoption("playhead_report") or config.getoption("playhead_save_failures"))
    if state.keeps:
        from pytest_playhead._report import Pages

        manager.register(Pages(state), "playhead-pages")
    if folder := config.getoption("playhead_save_failures"):
        # Fuzzing finds its failures below pytest, and keeps there what it has shrunk (playhead.fuzz._keep).
        state.before = os.environ.get(_FOLDER)
        os.environ[_FOLDER] = str(config.invocation_params.dir / str(folder))


def pytest_unconfigure(config: pytest.Config) -> None:
    """The session is over; sessions may be nested (pytester)."""
    _stand_in.remove()
    state = config.stash.get(STATE, None)
    if state is None:
        return
    state.let_go()
    if state.watching is not None:
        state.watching()
        state.watching = None
    if config.getoption("playhead_save_failures", None):
        if state.before is None:
            os.environ.pop(_FOLDER, None)
        else:
            os.environ[_FOLDER] = state.before


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open a marked test's cassette, or bring in the fixtures that its marks ask for, before all others of its scope."""
    state = item.config.stash[STATE]
    if state.met:
        state.met = []
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is None:
        state.let_go()
        return
    if FAILURE in item.stash:  # of an earlier attempt
        del item.stash[FAILURE]
    marks: set[str] = set()
    node: Any = item
    while node is not None:
        for mark in node.own_markers:
            marks.add(mark.name)
        node = node.parent
    wanted: list[str] = []
    if state.block_network or "block_network" in marks:
        wanted.append("block_network")
    if "cassette" in marks or "playhead_cassette" in names or (state.owns_cassette and "cassette" in names):
        if "vcr" in marks:
            owner = state.vcr_owner or "Playhead (by pytest-recording's rules)"
            pytest.fail(
                f"{item.nodeid} has two recorders: the mark cassette (Playhead) and the mark vcr ({owner}). "
                "Remove one of them.",
                pytrace=False,
            )
        wanted.append("playhead_cassette")
    if state.owns_vcr and ("vcr" in marks or "vcr" in names or _overridden(item, "vcr_markers")):
        wanted.append("vcr")
    if "virtual_clock" in names:
        wanted.append("virtual_clock")
    if wanted:
        from pytest_playhead._opening import bring_forward, opens_by_itself

        if not opens_by_itself(item, state, wanted):
            bring_forward(item, wanted)
    else:
        state.let_go()
    if not state.watching and "playhead.cassette" in sys.modules:
        from pytest_playhead._cassettes import watch_cassettes

        watch_cassettes(state)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how a test went, for what is closed at its end."""
    if call.excinfo is not None:
        item.stash[FAILURE] = call.excinfo.value
        if type(call.excinfo.value).__name__ == "UnmatchedRequest" and not item.config.getoption("fulltrace", False):
            from pytest_playhead._frames import leave_our_frames_out

            leave_our_frames_out(item, call)
    elif call.when == "call":
        item.stash[FAILURE] = None
    report = yield
    if report.longrepr is not None:
        state = item.config.stash[STATE]
        if state.met or (not state.watching and "playhead.cassette" in sys.modules):
            from pytest_playhead._masks import mask_report

            mask_report(report, state.met)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Fixtures of the mark `vcr` are not asked for before a test is set up, but may have parameters."""
    if metafunc.config.stash[STATE].owns_vcr:
        from pytest_playhead._collecting import widen

        widen(metafunc)


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A folder of cassettes is not gone through file by file, which takes longer than to replay some of them."""
    if parent.path.name == "cassettes" or path.name == "cassettes":
        from pytest_playhead._collecting import collected

        return collected(path, parent)
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For `--playhead-orphans`: which cassettes the collected tests have."""
    if config.getoption("playhead_orphans"):
        from pytest_playhead._orphans import note_cassettes

        note_cassettes(config.stash[STATE], items)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send home what a worker counted; look for orphans; write the report."""
    state = session.config.stash[STATE]
    state.let_go()
    if state.counted is not None or state.keeps or session.config.getoption("playhead_orphans"):
        from pytest_playhead._session import finish

        finish(session, state)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Orphans, and one line of counts."""
    state = config.stash[STATE]
    for line in state.lines:
        terminalreporter.write_line(line)
    if state.counted is not None and (line := state.counted.line()):
        terminalreporter.write_line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """An xdist worker has ended: take over what it counted."""
    sent: Any = getattr(node, "workeroutput", {}).get("playhead")
    if sent:
        state = node.config.stash[STATE]
        state.tally.merge(sent)
        state.folders.update(sent["folders"])


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Two transcripts differ: show where they part."""
    if op != "==" or "playhead.transcript" not in sys.modules:
        return None
    from pytest_playhead._frames import parting

    return parting(left, right)


def _overridden(item: pytest.Item, name: str) -> bool:
    """Whether a suite has its own fixture in place of one of ours: pytest-recording's are asked for each test."""
    known: Any = getattr(getattr(item.session, "_fixturemanager", None), "_arg2fixturedefs", {})
    return len(known.get(name, ())) > 1
