"""Nothing in the tree depends on, or tells of, the machine it was written on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = [
    *(".ci", "benchmarks", "cassettes", "docs", "fixtures", "harness", "plugin", "tests"),
    *("Makefile", "README.md", "CHANGELOG.md", "noxfile.py", "pyproject.toml", "mkdocs.yml", ".pre-commit-hooks.yaml"),
]

# Put together from pieces, so that this page is no find of its own.
TRACES = [
    rf"(?<![\w.~-])/{name}(?=/|\b)" + tail
    for name, tail in [("work", "/(main|shared)"), ("opt", "/(venvs|pypi|wheels)"), ("tmp", "/brief"), ("root", "/")]
] + [rf"\b{'COM' + 'PASS'}\b", rf"/home/{'[a-z]+'}/", rf"/Users/{'[a-z]+'}/"]
BESIDE_CHECKOUT = re.compile(r"\.\./" + "shared")
MAY_LOOK_BESIDE = {"tests/_shared.py", "Makefile"}


def texts() -> Iterator[tuple[str, str]]:
    for place in PLACES:
        path = ROOT / place
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                yield str(file.relative_to(ROOT)), file.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("trace", TRACES)
def test_no_file_holds_a_path_of_somebodys_machine(trace: str) -> None:
    pattern = re.compile(trace)
    found = [f"{name}: {match[0]}" for name, text in texts() for match in [pattern.search(text)] if match]
    assert not found


def test_only_one_helper_looks_beside_the_checkout() -> None:
    assert {name for name, text in texts() if BESIDE_CHECKOUT.search(text)} <= MAY_LOOK_BESIDE


def test_the_patterns_find_what_they_are_for() -> None:
    for path in ["/work/" + "main/x", "see /opt/" + "venvs/a", "(/tmp/" + "brief/B.md", "'/ro" + "ot/.pyenv'"]:
        assert any(re.search(trace, path) for trace in TRACES), path
    for path in ["https://example.com/work/main", "../work/main", "network/work/main", "/workshop/main"]:
        assert not any(re.search(trace, path) for trace in TRACES), path
