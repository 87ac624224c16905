"""`playhead report`: cassettes as one page of timelines, to be opened in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from playhead.cassette import find_cassettes
from playhead.cli._terminal import counted, progress
from playhead.exceptions import CassetteError
from playhead.traffic import read_transcript
from playhead.transcript import PageEntry, page_entry, render_page

__all__ = ["command"]


@click.command("report", short_help="Cassettes as a page of timelines.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("playhead-report.html"))
@click.option("--title", default="Playhead recordings", show_default=True, help="The page's heading.")
def command(paths: tuple[str, ...], output: Path, title: str) -> int:
    """Draw recordings as timelines: requests, chunks, tools, usage and times, on one page without network access.

    Folders are searched for cassettes. The same page for tests as they ran: `pytest --playhead-report=FILE`.
    Exit status: 0, or 2 where a file could not be read (the page then has the others).

    \b
    playhead report cassettes/
    playhead report -o weather.html cassettes/test_app/test_weather.yaml
    """
    entries: list[PageEntry] = []
    failed = 0
    with progress("reading") as on_file:
        for path in find_cassettes(paths, []):
            on_file(path)
            try:
                entries.append(page_entry(path, [("traffic", read_transcript(path))], outcome="recorded"))
            except CassetteError as error:
                failed += 1
                click.echo(f"{error}", err=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(render_page(entries, title=title), "utf-8")
    click.echo(f"{output}: {counted(len(entries), 'recording')}{f', {failed} could not be read' if failed else ''}")
    return 2 if failed else 0
