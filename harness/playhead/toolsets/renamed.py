"""The path some programs import `RenamedToolset` from."""

from playhead.tools import RenamedToolset

__all__ = ["RenamedToolset"]
