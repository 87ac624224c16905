"""The path some programs import `FilteredToolset` from."""

from playhead.tools import FilteredToolset

__all__ = ["FilteredToolset"]
