"""The path some programs import `WrapperToolset` from."""

from playhead.tools import WrapperToolset

__all__ = ["WrapperToolset"]
