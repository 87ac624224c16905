"""The command line: `playhead COMMAND`. One file per command, which parses, calls a room and prints.

Exit status: 0 all is well, 1 something was found (a difference, a secret, a run that does not agree), 2 the command
could not be carried out as it was given, 130 interrupted.
"""

from playhead.cli._main import main

__all__ = ["main"]
