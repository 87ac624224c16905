"""docs/fuzzing.md, followed by a newcomer: the bug is found as the guide shows, and mended as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
GUIDE = (Path(__file__).parents[2] / "docs" / "fuzzing.md").read_text("utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def run(pytester: pytest.Pytester, source: str, **outcome: int) -> str:
    pytester.makepyfile(test_chat=source)
    result = pytester.runpytest_inprocess(
        "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-o", "asyncio_default_fixture_loop_scope=function"
    )
    result.assert_outcomes(**outcome)
    return re.sub(r"^E? *", "", result.stdout.str(), flags=re.MULTILINE)


def expect_lines(shown: str, output: str) -> None:
    """Each line that the guide shows was printed."""
    for line in shown.splitlines():
        assert line.strip() in output, line


def test_the_parser_is_mended_step_by_step(pytester: pytest.Pytester) -> None:
    hurried, lines, sound = PYTHON[0], PYTHON[1], PYTHON[2]
    head, rest = hurried.split("def read_chat(chunks):", 1)
    test = "def test_" + rest.split("def test_", 1)[1]
    expect_lines(SHOWN[0], run(pytester, hurried, failed=1))
    assert "inside the character 'ü': byte 1 of 2 in UTF-8" in run(pytester, f"{head}{lines}\n\n{test}", failed=1)
    run(pytester, f"{head}{sound}\n\n{test}", passed=1)


def test_the_agent_is_mended(pytester: pytest.Pytester) -> None:
    expect_lines(SHOWN[1], run(pytester, PYTHON[3], failed=1))
    run(pytester, PYTHON[4], passed=1)


@pytest.mark.parametrize("number", range(5, len(PYTHON)))
def test_the_other_blocks_run(pytester: pytest.Pytester, number: int) -> None:
    run(pytester, PYTHON[number], passed=1)
