"""The path some programs import `PrefixedToolset` from."""

from playhead.tools import PrefixedToolset

__all__ = ["PrefixedToolset"]
