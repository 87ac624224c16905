"""How commands print: colours where there is a terminal that wants them, long text in a pager, progress on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import click

__all__ = ["counted", "page", "print_json", "progress", "tint", "wants_color"]

_TITLES = ("request ", "conversation ", "tools", "output", "usage", "error")


def wants_color() -> bool | None:
    """What click is to do about colours: None for its own rule (a terminal has them), False where NO_COLOR is set.

    https://no-color.org: set to anything but the empty string.
    """
    return False if os.environ.get("NO_COLOR") else None


def tint(transcript: str) -> str:
    """A transcript's text with its titles and labels in colour."""
    return "\n".join(_tint_line(line) for line in transcript.splitlines())


def _tint_line(line: str) -> str:
    if line.startswith(_TITLES):
        return click.style(line, bold=True)
    if line.startswith("  ") and not line.startswith("   "):
        label, gap, rest = _split_label(line[2:])
        return f"  {click.style(label, fg='cyan')}{gap}{rest.replace(' | ', click.style(' | ', dim=True))}"
    if line.startswith(("+ ", "- ")):
        return click.style(line, fg="green" if line[0] == "+" else "red")
    return line.replace(" | ", click.style(" | ", dim=True))


def _split_label(text: str) -> tuple[str, str, str]:
    label = text.split(" ", 1)[0]
    rest = text[len(label) :]
    gap = rest[: len(rest) - len(rest.lstrip(" "))]
    return label, gap, rest[len(gap) :]


def page(text: str) -> None:
    """Print text, in the pager where it is longer than the terminal is high."""
    height = shutil.get_terminal_size().lines
    if sys.stdout.isatty() and text.count("\n") >= height - 1:
        click.echo_via_pager(text)
    else:
        click.echo(text)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_json(value: Any) -> None:
    """Print a value for machines: one JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def progress(verb: str) -> Generator[Callable[[str], None]]:
    """Gives a function that is told each file, and shows it on stderr while it is worked on, if somebody can see it."""
    count = 0
    shown = sys.stderr.isatty()

    def tell(path: str) -> None:
        nonlocal count
        count += 1
        if shown:
            width = shutil.get_terminal_size().columns - 1
            click.echo(f"\r\033[K{f'{verb} {count}: {path}'[:width]}", nl=False, err=True)

    try:
        yield tell
    finally:
        if shown and count:
            click.echo("\r\033[K", nl=False, err=True)
