"""An unmatched request is shown where the project sent it, not inside of clients and recorders."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

TEST = """
import httpx
import pytest


def ask():
    return httpx.get("http://api.example.com/weather")


@pytest.mark.cassette
def test_weather():
    ask()
"""


def test_only_the_projects_own_lines_are_shown(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    shown = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").stdout.str()
    assert "test_only_the_projects_own_lines_are_shown.py:11: " in shown
    assert "test_only_the_projects_own_lines_are_shown.py:6: UnmatchedRequest" in shown
    assert "_transport.py" not in shown
    assert "No recording for test_weather" in shown


def test_a_full_trace_shows_all(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    shown = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "--full-trace").stdout.str()
    assert "_transport.py" in shown
