"""The path some programs import `DynamicToolset` from."""

from playhead.tools import DynamicToolset

__all__ = ["DynamicToolset"]
