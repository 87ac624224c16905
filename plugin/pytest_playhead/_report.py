"""What tests captured: for the page of `--playhead-report`, and kept for `--playhead-save-failures`."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from pytest_playhead._state import CAPTURED, OUTCOME, State

__all__ = ["entry_of", "save_failure", "write_page"]

_MESSAGE_MAX = 4_000


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
    from playhead.cassette import write_file

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
        write_file(str(folder / f"{name}.yaml"), interactions)


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
