"""The reference of the plugin names everything that the plugin has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from playhead.cassette import MODES, OptionNames
from pytest_playhead import _fixtures, _options, _recording

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/plugin.md").read_text("utf-8")
NAMED = set(re.findall(r"[\w.-]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))


@pytest.mark.parametrize("option", sorted(OptionNames))
def test_every_option_of_a_cassette_is_explained(option: str) -> None:
    assert option in NAMED


def test_every_ini_key_and_every_option_of_the_command_line_is_explained() -> None:
    source = Path(_options.__file__).read_text("utf-8")
    options = set(re.findall(r'"(--[\w-]+)"', source))
    assert len(options) >= 9
    assert (options | set(_options.INI) | set(MODES)) - NAMED == set()


def test_every_fixture_is_explained() -> None:
    fixtures = set(_fixtures.__all__) | set(_recording.__all__) - {"Hooks", "without_cassette"}
    assert fixtures - NAMED == set()


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if f" {page}\n" not in f"{navigation}\n"} == set()


def test_every_command_is_documented_with_its_help() -> None:
    from playhead.cli._main import COMMANDS

    page = (ROOT / "docs/cli.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"$ playhead {name} --help" not in page] == []
