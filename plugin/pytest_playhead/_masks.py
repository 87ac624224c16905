"""Masks secrets in what pytest prints about a failed test: its traceback, its locals, what it wrote and logged.

A traceback shows the arguments of every function that a request went through, headers and bodies among them. What
recordings never hold must not stand in the log of a CI run either, nor in a report or a kept failure made of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

__all__ = ["mask_report"]


def mask_report(report: pytest.TestReport, cassettes: list[Any]) -> None:
    """Masks a report in place, by the rules of the cassettes that the test opened, and with the credentials they met.

    Without any, by the default rules: the test was the first to import cassettes, and nobody saw which it opened.
    """
    if not cassettes:
        from playhead.cassette import Scrubber

        cassettes = [Scrubber()]

    def masked(text: str) -> str:
        for cassette in cassettes:
            text = cassette.mask_text(text)
        return text

    longrepr: Any = report.longrepr
    if isinstance(longrepr, str):
        report.longrepr = masked(longrepr)
    elif isinstance(longrepr, tuple):
        path, line, reason = cast("tuple[str, int, str]", longrepr)
        report.longrepr = (path, line, masked(reason))
    elif longrepr is not None:
        _mask_object(longrepr, masked, set())
    report.sections = [(title, masked(text)) for title, text in report.sections]


def _mask_object(value: Any, masked: Callable[[str], str], seen: set[int]) -> Any:
    """Texts in pytest's representation of a traceback, which is made of plain objects, lists and tuples."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if items and all(isinstance(item, str) for item in items):
            # Together, so that what is spread over lines is seen as one; a mask is as long as what it hides.
            whole, position = masked("\n".join(items)), 0
            lines: list[str] = []
            for item in cast("list[str]", items):
                lines.append(whole[position : position + len(item)])
                position += len(item) + 1
            return lines
        return [_mask_object(item, masked, seen) for item in items]
    if isinstance(value, tuple) and len(pair := cast("tuple[Any, ...]", value)) == 2:
        name, text = pair
        if isinstance(name, str) and isinstance(text, str):  # an argument: the name may tell what the value is
            shown = masked(f"{name} = {text}")
            return name, shown[len(name) + 3 :] if shown.startswith(f"{name} = ") else masked(text)
    if isinstance(value, tuple):
        return tuple([_mask_object(item, masked, seen) for item in cast("tuple[Any, ...]", value)])
    fields: dict[str, Any] | None = getattr(value, "__dict__", None)
    if fields is None or not type(value).__module__.startswith("_pytest") or id(value) in seen:
        return value
    seen.add(id(value))
    for name, member in list(fields.items()):
        changed = _mask_object(member, masked, seen)
        if changed is not member:
            object.__setattr__(value, name, changed)  # some of these classes are frozen
    return value
