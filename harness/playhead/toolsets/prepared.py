"""The path some programs import `PreparedToolset` from."""

from playhead.tools import PreparedToolset

__all__ = ["PreparedToolset"]
