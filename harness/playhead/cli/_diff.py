"""`playhead diff`: what two recordings say differently, by meaning."""

from __future__ import annotations

import difflib

import click

from playhead.cli._terminal import page, print_json, tint
from playhead.traffic import read_transcript

__all__ = ["command"]


@click.command("diff", short_help="Compare two cassettes by meaning.")
@click.argument("old", type=click.Path(exists=True, dir_okay=False))
@click.argument("new", type=click.Path(exists=True, dir_okay=False))
@click.option("--timing", is_flag=True, help="Compare the times of chunks, too.")
@click.option("--chunks/--no-chunks", default=True, help="Whether it counts where text was cut. On by default.")
@click.option("--context", type=click.IntRange(min=0), default=3, show_default=True, help="Equal lines around each.")
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON document.")
def command(old: str, new: str, timing: bool, chunks: bool, context: int, as_json: bool) -> int:
    """Compare two recordings by what was asked and said: requests, text, calls, results, usage.

    Ids, timestamps, header order and JSON layout do not count. Exit status: 0 the same, 1 different, 2 unreadable.

    \b
    playhead diff cassettes/old.yaml cassettes/new.yaml
    playhead diff --no-chunks old.yaml new.yaml      # only words, not where they were cut
    git difftool --extcmd 'playhead diff' -- cassettes/
    """
    before, after = (_lines(path, timing, chunks) for path in (old, new))
    found = list(difflib.unified_diff(before, after, old, new, lineterm="", n=context))
    if as_json:
        print_json({"old": old, "new": new, "same": not found, "diff": found})
    elif found:
        page(tint("\n".join(found)))
    else:
        click.echo("The two recordings say the same.")
    return 1 if found else 0


def _lines(path: str, timing: bool, chunks: bool) -> list[str]:
    lines = read_transcript(path).render(times=timing).splitlines()
    return lines if chunks else _uncut(lines)


def _uncut(lines: list[str]) -> list[str]:
    """The lines with pieces joined: continuation lines and cut marks go."""
    joined: list[str] = []
    for line in lines:
        if line.startswith("            ") and joined:
            joined[-1] += " | " + line.strip()
        else:
            joined.append(line)
    return [_without_marks(line) for line in joined]


def _without_marks(line: str) -> str:
    for mark in ('" | "', "` | `", '" | `', '` | "'):
        line = line.replace(mark, "")
    return line
