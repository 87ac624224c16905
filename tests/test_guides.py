"""The blocks of code in the guides to secrets and to virtual time run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
DOCS = Path(__file__).parents[1] / "docs"


def blocks(name: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL)


def test_the_blocks_about_secrets_run() -> None:
    found = blocks("secrets.md")
    assert len(found) == 2
    for block in found:
        exec(compile(block, "docs/secrets.md", "exec"), {})


def test_the_blocks_about_virtual_time_run(pytester: pytest.Pytester) -> None:
    test, program = blocks("virtual-time.md")
    exec(compile(program, "docs/virtual-time.md", "exec"), {})
    pytester.makepyfile(test)
    pytester.runpytest_subprocess("-q", "-o", "asyncio_mode=auto").assert_outcomes(passed=1)
