"""What a session says at its end: counts, orphans, the report, what failed tests leave behind."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from playhead.server import RunningProvider
from tests.plugin._project import Project

APP = """
    import os
    import httpx

    def ask(question):
        body = {"model": "gpt-5", "stream": True, "messages": [{"role": "user", "content": question}]}
        httpx.post(os.environ["PROVIDER"] + "/chat/completions", json=body)
"""
TESTS = """
    import pytest
    from app import ask
    from playhead import Agent
    from playhead.script import call

    @pytest.mark.cassette
    @pytest.mark.parametrize("city", ["Paris", "Rome", "Oslo"])
    def test_city(city):
        ask(city)
        assert city != "Oslo" or not FAIL

    def test_run(fake_model, capture_run_sync):
        agent = Agent(fake_model(call("roll", {"sides": 6}), "four <b>"))

        @agent.tool_plain
        def roll(sides: int) -> int:
            return 4

        capture_run_sync(agent, "Roll & tell.")

    @pytest.mark.cassette
    @pytest.mark.skip(reason="later")
    def test_skipped():
        ask("later")

    FAIL = False
"""
PLUGINS = ("pytest_playhead", "syrupy", "pytest_asyncio.plugin", "xdist")


@pytest.fixture
def recorded(project: Project, provider: RunningProvider) -> tuple[Project, dict[str, str]]:
    """A project with recordings, and its environment."""
    project.write("app.py", APP)
    project.write("test_sessions.py", TESTS)
    env = {"PROVIDER": provider.openai_url, "PYTHONPATH": "."}
    # Two processes record at once.
    project.run("--record-mode=once", "-n", "2", plugins=PLUGINS, **env).check(passed=4, skipped=1).has(
        "playhead: 3 recorded"
    )
    return project, env


def test_workers_send_their_counts_and_pages_home(recorded: tuple[Project, dict[str, str]]) -> None:
    project, env = recorded
    project.run("-n", "2", "--playhead-report=out/report.html", plugins=PLUGINS, **env).check(passed=4, skipped=1).has(
        "playhead: 3 replayed\n", "report written to"
    )
    page = project.read("out/report.html")
    assert page.count('<details class="test"') == 4
    assert "test_sessions.py::test_city[Paris]" in page
    assert "call#1    returned 4" in page
    assert "four &lt;b&gt;" in page
    assert re.search(r"(src|href)=.?https?:|@import|url\(", page) is None, "the page needs the network"


def test_orphans_are_cassettes_that_no_test_has(recorded: tuple[Project, dict[str, str]]) -> None:
    project, env = recorded
    folder = project.folder / "cassettes/test_sessions"
    shutil.copy(folder / "test_city[Paris].yaml", folder / "test_skipped.yaml")
    project.run("-q", "--playhead-orphans", **env).check(passed=4, skipped=1).has(
        "cassettes that no test uses:\n  none"
    )
    shutil.copy(folder / "test_city[Paris].yaml", folder / "test_gone.yaml")
    project.write("cassettes/notes.yaml", "not: a cassette\n")
    found = project.run("-q", "--playhead-orphans", **env)
    assert found.code == 1
    found.has("cassettes that no test uses:\n  cassettes/test_sessions/test_gone.yaml\n").lacks("notes.yaml")


def test_failed_tests_leave_a_transcript_and_a_cassette_to_replay(recorded: tuple[Project, dict[str, str]]) -> None:
    from playhead import read_transcript

    project, env = recorded
    project.write("test_sessions.py", TESTS.replace("FAIL = False", "FAIL = True"))
    project.run("-q", "--playhead-save-failures=failed", "--playhead-report=report.html", **env).check(
        passed=3, failed=1, skipped=1
    )
    kept = sorted(path.name for path in (project.folder / "failed").iterdir())
    assert kept == ["test_sessions.py-test_city[Oslo].transcript", "test_sessions.py-test_city[Oslo].yaml"]
    assert 'user      "Oslo"' in project.read(f"failed/{kept[0]}")
    assert read_transcript(project.folder / "failed" / kept[1]).text == "It is sunny."
    page = project.read("report.html")
    assert 'data-outcome="failed"' in page
    assert "assert (" in page


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_the_report_is_filtered_and_read_with_the_keyboard(
    recorded: tuple[Project, dict[str, str]], tmp_path: Path
) -> None:
    project, env = recorded
    project.run("-q", "--playhead-report=report.html", **env).check(passed=4, skipped=1)
    # A second script plays the user, and writes what it sees into the title, which `--dump-dom` shows.
    driver = """
    <script>
    const seen = [];
    const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    const shown = () => document.getElementById("shown").textContent;
    const filter = document.getElementById("filter");
    seen.push(shown());
    press("/"); seen.push(document.activeElement === filter);
    filter.value = "roll"; filter.dispatchEvent(new Event("input")); seen.push(shown());
    press("Escape"); seen.push(shown());
    press("j"); seen.push(document.activeElement.querySelector(".name").textContent.includes("Oslo"));
    press("j"); seen.push(document.activeElement.querySelector(".name").textContent.includes("Paris"));
    document.activeElement.click(); seen.push(document.querySelectorAll("details.test[open]").length);
    document.getElementById("open").click(); seen.push(document.querySelectorAll("details.test[open]").length);
    const before = getComputedStyle(document.body).backgroundColor;
    document.getElementById("theme").click();
    seen.push(before !== getComputedStyle(document.body).backgroundColor);
    seen.push(document.querySelectorAll(".track .mark").length > 8);
    document.title = seen.join("|");
    </script>
    """
    page = tmp_path / "driven.html"
    page.write_text(project.read("report.html").replace("</body>", driver + "</body>"), "utf-8")
    done = subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=2000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None, done.stderr
    assert title[1] == "4 of 4 shown|true|1 of 4 shown|4 of 4 shown|true|true|1|4|true|true"
