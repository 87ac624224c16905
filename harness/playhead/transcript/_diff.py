"""Where two transcripts part: the first difference, where in the run it is, and what stands around it."""

from __future__ import annotations

import difflib

__all__ = ["first_difference"]

_BEFORE = 3
_SHOWN_MAX = 6
_HEADINGS = ("request ", "output ", "error ", "usage ", "conversation ", "history ", "took ")


def first_difference(expected: str, actual: str, *, names: tuple[str, str] = ("expected", "actual")) -> list[str]:
    """Lines that show the first place where `actual` leaves `expected`; none if they are the same.

    `-` is expected, `+` is what came; a caret points at the first character that differs.
    """
    old, new = expected.splitlines(), actual.splitlines()
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    if start == len(old) == len(new):
        if expected == actual:
            return []
        return [f"{names[0]} and {names[1]} differ in line breaks only: {expected[-20:]!r} and {actual[-20:]!r}"]
    where = _heading(old if start < len(old) else new, start)
    lines = [f"First difference{f' in {where}' if where else ''} (line {start + 1}):"]
    lines.extend(f"    {text}" for text in old[max(0, start - _BEFORE) : start])
    gone, come = _hunk(old, new, start)
    for sign, block in (("-", gone), ("+", come)):
        lines.extend(f"  {sign} {text}" for text in block[:_SHOWN_MAX])
        if len(block) > _SHOWN_MAX:
            lines.append(f"  {sign} … {len(block) - _SHOWN_MAX} more lines")
    if gone and come:
        column = next((n for n, (a, b) in enumerate(zip(gone[0], come[0], strict=False)) if a != b), None)
        column = min(len(gone[0]), len(come[0])) if column is None else column
        at = len(lines) - (min(len(come), _SHOWN_MAX) - 1) - (1 if len(come) > _SHOWN_MAX else 0)
        lines.insert(at, f"    {' ' * column}^")
    else:
        lines.append(f"    {'only ' + names[0] + ' has this' if gone else 'only ' + names[1] + ' has this'}")
    rest = _further(old, new, start + len(gone), start + len(come))
    if rest:
        lines.append(f"  and {rest} more line{'' if rest == 1 else 's'} after it differ{'s' if rest == 1 else ''}")
    return lines


def _hunk(old: list[str], new: list[str], start: int) -> tuple[list[str], list[str]]:
    """The lines that belong to the first difference on both sides."""
    # The matcher is quadratic in the worst case: look at what one could show, and a bit more.
    window = 200
    matcher = difflib.SequenceMatcher(None, old[start : start + window], new[start : start + window], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            return old[start + i1 : start + i2], new[start + j1 : start + j2]
    return old[start:], new[start:]


def _further(old: list[str], new: list[str], after_old: int, after_new: int) -> int:
    if old[after_old:] == new[after_new:]:
        return 0
    matcher = difflib.SequenceMatcher(None, old[after_old:][:2000], new[after_new:][:2000])
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal")


def _heading(lines: list[str], start: int) -> str:
    """The heading that a line stands under; tools stand under their request."""
    tools = ""
    for text in reversed(lines[: start + 1]):
        if text == "tools":
            tools = ", tools"
        elif text.startswith(_HEADINGS):
            return text.split("  ")[0] + (tools if text.startswith("request") else "")
    return ""
