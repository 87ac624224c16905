"""`playhead scrub`: masks over the secrets in cassettes, in place."""

from __future__ import annotations

import click

from playhead.cassette import Rules, scrub_paths
from playhead.cli._terminal import counted, print_json, progress

__all__ = ["command"]


@click.command("scrub", short_help="Mask the secrets in cassettes, in place.")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option(
    "--allow",
    multiple=True,
    metavar="WHAT",
    help="No secret: the name of a rule, header, parameter or field, or a value. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON document.")
def command(paths: tuple[str, ...], dry_run: bool, allow: tuple[str, ...], as_json: bool) -> int:
    """Mask the secrets in recordings. A mask has the length of what it hides, so that chunks stay as they were.

    Each file is replaced at once or not at all, and keeps its format. What cannot be read is left alone and reported.
    Exit status: 0 every file is clean now, 2 some could not be read or saved.

    \b
    playhead scrub --dry-run cassettes/
    playhead scrub cassettes/
    """
    with progress("scrubbing") as on_file:
        report = scrub_paths(paths, rules=Rules(allow=allow), dry_run=dry_run, on_file=on_file)
    if as_json:
        failed = [str(finding) for finding in report.findings]
        print_json({"files": report.files, "changed": report.changed, "masks": report.masks, "failed": failed})
        return report.exit_code
    for path in report.changed:
        click.echo(f"{'would change' if dry_run else 'changed'}  {path}")
    for finding in report.findings:
        click.secho(str(finding), fg="red", err=True)
        if finding.remedy:
            click.echo(f"  {finding.remedy}", err=True)
    masks = ", ".join(f"{count} x {rule}" for rule, count in sorted(report.masks.items()))
    click.echo(f"{counted(report.files, 'file')}, {len(report.changed)} with secrets{f': {masks}' if masks else ''}")
    return report.exit_code
