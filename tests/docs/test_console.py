"""What the docs say that commands print is what they print; write it anew with `python tests/docs/regenerate.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.regenerate import ROOT, check, pages


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="the pages show what pytest 9 prints")
@pytest.mark.timeout(300)  # ten runs of pytest, on machines that may be busy
@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_print_what_the_page_says(page: Path) -> None:
    difference = check(page)
    assert not difference, f"\n{difference}\nIf that is intended: python tests/docs/regenerate.py {page.name}"


def test_a_line_of_dots_stands_for_any_lines() -> None:
    from tests.docs.regenerate import fits

    assert fits("a\n…\nd\n", "a\nb\nc\nd\n")
    assert fits("a\n…\n", "a\n")
    assert not fits("a\n…\nd\n", "a\nb\n")
