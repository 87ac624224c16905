"""What tests captured: for the page of `--playhead-report`, and kept for `--playhead-save-failures`."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any, cast

import pytest

from pytest_playhead._state import CAPTURED, OUTCOME, State

__all__ = ["Pages", "entry_of", "save_failure", "write_page"]

_MESSAGE_MAX = 4_000


class Pages:
    """A plugin of the sessions that want it: notes how tests went, and at their end what they captured."""

    def __init__(self, state: State) -> None:
        self._state = state

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A phase of a test is over."""
        report = yield
        if report.when != "teardown" and (report.when == "call" or report.outcome != "passed"):
            word = "skipped" if report.outcome == "skipped" else report.outcome
            item.stash[OUTCOME] = (word, report.longreprtext if report.failed else "")
        if report.when == "teardown":
            if report.failed:
                item.stash[OUTCOME] = ("error", report.longreprtext)
            if item.config.getoption("playhead_report"):
                report.playhead = entry_of(item, report.duration)  # type: ignore[attr-defined]
            failed = item.stash.get(OUTCOME, ("", ""))[0] in ("failed", "error")
            if failed and item.config.getoption("playhead_save_failures"):
                save_failure(item)
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A test has ended, here or in a worker: take its part of the page."""
        page = getattr(report, "playhead", None)
        if page is not None:
            self._state.pages.append(page)


def entry_of(item: pytest.Item, seconds: float) -> dict[str, Any] | None:
    """A test on the page, as JSON values; None for tests that captured nothing."""
    from playhead.transcript import page_entry

    found = _transcripts(item)
    if not found:
        return None
    outcome, message = item.stash.get(OUTCOME, ("passed", ""))
    return dict(page_entry(item.nodeid, found, outcome=outcome, seconds=seconds, message=message[:_MESSAGE_MAX]))


def write_page(config: pytest.Config, state: State) -> None:
    """Write `--playhead-report`."""
    from playhead.transcript import render_page

    path = config.invocation_params.dir / str(config.getoption("playhead_report"))
    path.parent.mkdir(parents=True, exist_ok=True)
    pages: Any = sorted(state.pages, key=lambda page: page["name"])
    path.write_text(render_page(pages, title=f"Playhead report: {config.rootpath.name}"), "utf-8")
    state.lines.append(f"playhead: report written to {path}")


def save_failure(item: pytest.Item) -> None:
    """Keep a failed test's transcripts, and as a cassette what it was played and what it sent."""
    from playhead.cassette import Scrubber, write_file

    found = _transcripts(item)
    if not found:
        return
    folder = item.config.invocation_params.dir / str(item.config.getoption("playhead_save_failures"))
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w\[\].-]+", "-", item.nodeid).strip("-")[:200]
    _, message = item.stash.get(OUTCOME, ("failed", ""))
    texts = [f"{item.nodeid}\n{message[:_MESSAGE_MAX]}\n", *(f"--- {what}\n{run}" for what, run in found)]
    (folder / f"{name}.transcript").write_text("\n".join(texts), "utf-8")
    interactions = [one for kind, thing in item.stash[CAPTURED] if kind == "cassette" for one in _used(thing)]
    if interactions:
        scrubber = Scrubber()  # a recording of another tool may hold secrets, and this is one more copy
        write_file(str(folder / f"{name}.yaml"), [scrubber.scrub_interaction(one) for one in interactions])


def _transcripts(item: pytest.Item) -> list[tuple[str, Any]]:
    """What a test captured, each with a word for it."""
    found: list[tuple[str, Any]] = []
    for kind, thing in item.stash.get(CAPTURED, cast("list[tuple[str, Any]]", [])):
        if kind == "run":
            found.append(("run", thing))
        elif kind == "cassette":
            from playhead.traffic import read_transcript

            if used := _used(thing):
                found.append(("traffic", read_transcript(used)))
    if len([1 for what, _ in found if what == "run"]) > 1:
        numbers = iter(range(1, len(found) + 1))
        found = [(f"run {next(numbers)}" if what == "run" else what, thing) for what, thing in found]
    return found


def _used(cassette: Any) -> list[Any]:
    """The interactions of a cassette that a test was played, or recorded."""
    recorded = {id(one) for one in cassette.recorded}
    return [
        one for number, one in enumerate(cassette.interactions) if cassette.play_counts[number] or id(one) in recorded
    ]
