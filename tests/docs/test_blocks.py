"""Every Python block of the README and the docs runs as it stands.

The blocks of one page belong together. A page with tests becomes a test file of a small project, run once, by pytest, with
all the others; any other page is a program. A block that is shown only has `<!-- not run: reason -->` before it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# These have tests of their own, because their blocks need more than to be run.
ELSEWHERE = {"docs/fuzzing.md", "docs/secrets.md", "docs/virtual-time.md"}
BLOCK = re.compile(r"(<!-- (?:not run|file): [^>]+ -->\n\n?)?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[str]:
    return [code for skipped, code in BLOCK.findall(page.read_text()) if not skipped]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WITH_CODE = [page for page in PAGES if blocks(page) and name(page) not in ELSEWHERE]
TESTS = [page for page in WITH_CODE if any(re.search(r"^(async )?def test_", code, re.M) for code in blocks(page))]
PROGRAMS = [page for page in WITH_CODE if page not in TESTS]


@pytest.mark.parametrize("page", PROGRAMS, ids=name)
def test_the_blocks_of_a_page_run_one_after_the_other(
    page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    # A module of its own, so that annotations find their names; `dont_inherit`: this file's __future__ is not the page's.
    program = ModuleType(re.sub(r"\W", "_", name(page)))
    monkeypatch.setitem(sys.modules, program.__name__, program)
    for code in blocks(page):
        exec(compile(code, name(page), "exec", dont_inherit=True), program.__dict__)


@pytest.mark.timeout(300)  # forty tests, on machines that may be busy
def test_the_tests_that_pages_show_pass(tmp_path: Path) -> None:
    for page in TESTS:
        module = re.sub(r"\W", "_", name(page).removesuffix(".md")).lower()
        (tmp_path / f"test_{module}.py").write_text("\n".join(blocks(page)))
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--snapshot-update", str(tmp_path)]
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_playhead,syrupy,pytest_asyncio.plugin"}
    done = subprocess.run(run, cwd=tmp_path, env=os.environ | plugins, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    (snapshot,) = re.findall(r"^```text\n(request 1 .*?)^```$", PAGES[0].read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert indent(snapshot, "  ") in (tmp_path / "__snapshots__/test_readme.transcript").read_text("utf-8")


def test_links_between_pages_lead_somewhere() -> None:
    broken: list[str] = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{name(page)}: {target}")
    assert broken == []


def test_the_transcript_that_is_explained_is_the_one_of_its_program() -> None:
    page = ROOT / "docs/transcripts.md"
    names: dict[str, object] = {}
    exec(compile(blocks(page)[0], name(page), "exec", dont_inherit=True), names)
    (shown,) = re.findall(r"^```text\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert str(names["run"]) == shown
