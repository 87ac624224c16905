"""`playhead check`: what is wrong with a tree of cassettes."""

from __future__ import annotations

from dataclasses import asdict

import click

from playhead.cassette import Rules, check_paths
from playhead.cli._terminal import counted, print_json, progress

__all__ = ["command"]


@click.command("check", short_help="Find secrets, old and broken recordings.")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option(
    "--max-age",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Recordings that are older than this are found, too.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="WHAT",
    help="No secret: the name of a rule, header, parameter or field, or a value. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON document.")
def command(paths: tuple[str, ...], max_age: float | None, allow: tuple[str, ...], as_json: bool) -> int:
    """Look for secrets that slipped in, unknown versions, files that are broken or cut off, and old recordings.

    Folders are searched for cassettes of any kind. A secret itself is never printed. Exit status: 0 nothing found,
    1 something was found, 2 something could not be read.

    \b
    playhead check cassettes/
    playhead check --max-age 180 tests/            # recordings older than half a year
    playhead check --allow openai-organization --allow cookie cassettes/
    playhead check --json cassettes/ > report.json
    """
    with progress("checking") as on_file:
        report = check_paths(paths, rules=Rules(allow=allow), older_than_days=max_age, on_file=on_file)
    if as_json:
        found = [asdict(finding) for finding in report.findings]
        print_json({"files": report.files, "interactions": report.interactions, "findings": found})
        return report.exit_code
    remedies: dict[str, None] = {}
    for finding in report.findings:
        click.secho(str(finding), fg="red" if finding.kind == "secret" else "yellow")
        if finding.remedy:
            remedies[finding.remedy] = None
    for remedy in remedies:
        click.echo(f"  {remedy}")
    what = f"{counted(report.files, 'file')}, {counted(report.interactions, 'interaction')}"
    click.echo(
        f"{what}: {counted(len(report.findings), 'finding')}" if report.findings else f"{what}: nothing to complain of"
    )
    return report.exit_code
