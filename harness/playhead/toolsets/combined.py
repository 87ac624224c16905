"""The path some programs import `CombinedToolset` from."""

from playhead.tools import CombinedToolset

__all__ = ["CombinedToolset"]
