"""The group of commands, and how their errors are shown: as sentences, never as tracebacks."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from playhead._version import __version__
from playhead.cli._terminal import wants_color
from playhead.exceptions import PlayheadError, UserError

__all__ = ["COMMANDS", "Commands", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("playhead.cli._demo", "Record an agent over real HTTP, replay it twice, compare."),
    "show": ("playhead.cli._show", "Show a cassette as a transcript."),
    "diff": ("playhead.cli._diff", "Compare two cassettes by meaning."),
    "check": ("playhead.cli._check", "Find secrets, old and broken recordings."),
    "scrub": ("playhead.cli._scrub", "Mask the secrets in cassettes, in place."),
    "serve": ("playhead.cli._serve", "A fake provider from a script or cassette, or a recording proxy."),
    "convert": ("playhead.cli._convert", "Convert cassettes and scripts."),
    "report": ("playhead.cli._report", "Cassettes as a page of timelines."),
}
"""Each command's module (which has a function `command`) and its line in the help."""


class Commands(click.Group):
    """Commands by name; a command's module is imported when it is called, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module: Any = import_module(COMMANDS[cmd_name][0])
        return module.command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, 1) if args else []
            if close:
                raise click.UsageError(f"{error.message} Did you mean {close[0]!r}?", ctx) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="playhead")
def _playhead() -> None:
    """Record and replay streaming LLM agents.

    \b
    playhead demo                      see all of it in five seconds
    playhead COMMAND --help            what a command does, with examples
    """


def main() -> None:
    """The entry point `playhead`."""
    try:
        status = _playhead.main(standalone_mode=False, color=wants_color())
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        status = 130
    except BrokenPipeError:
        status = 0
    except (PlayheadError, UserError, OSError) as error:
        click.echo(f"playhead: {error}", err=True)
        status = 2
    sys.exit(status if isinstance(status, int) else 0)
