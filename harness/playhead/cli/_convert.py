"""`playhead convert`: other recorders' cassettes to ours, cassettes to scripts, scripts to cassettes."""

from __future__ import annotations

from pathlib import Path

import click

from playhead.cassette import read_file, scrub_paths, write_file
from playhead.cli._serve import is_cassette
from playhead.script import dump_script, load_script
from playhead.traffic import read_script, write_cassette
from playhead.wire import DIALECTS

__all__ = ["command"]


@click.command("convert", short_help="Convert cassettes and scripts.")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--to", type=click.Choice(["cassette", "script"]), default="cassette", show_default=True, help="Into what."
)
@click.option("--timing", is_flag=True, help="For a script: pauses as they were recorded.")
@click.option(
    "--dialect",
    type=click.Choice(sorted(DIALECTS)),
    default="openai-chat",
    show_default=True,
    help="From a script: the format of the provider.",
)
@click.option("--force", is_flag=True, help="Replace TARGET if it is there.")
def command(source: Path, target: Path, to: str, timing: bool, dialect: str, force: bool) -> int:
    """Convert a recording of VCR.py, pytest-recording, pydantic-ai or cassetter into Playhead's format; any recording into
    a script that can be edited and played by `fake_model`, `fake_provider` and `playhead serve`; and a script into a
    cassette that any client of that provider replays.

    \b
    playhead convert tests/cassettes/old.yaml cassettes/new.yaml
    playhead convert --to script cassettes/test_app/test_haiku.yaml haiku.script.yaml
    playhead convert --dialect anthropic-messages haiku.script.yaml cassettes/haiku.yaml
    """
    if target.exists() and not force:
        raise click.UsageError(f"{target} exists. Give another name, or --force to replace it.")
    if to == "script":
        script = read_script(str(source), timing=timing)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dump_script(script), "utf-8")
        click.echo(f"{target}: a script of {len(script.responses)} responses")
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    if not is_cassette(source):
        count = write_cassette(load_script(source), target, dialect=dialect)
        click.echo(f"{target}: {count} interactions in Playhead's format, {dialect}")
        return 0
    interactions = read_file(str(source)).interactions
    write_file(str(target), interactions)
    report = scrub_paths([target])
    masked = f", {sum(report.masks.values())} secrets masked" if report.masks else ""
    click.echo(f"{target}: {len(interactions)} interactions in Playhead's format{masked}")
    return report.exit_code
