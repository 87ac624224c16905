"""The path some programs import `FunctionToolset` from."""

from playhead.tools import FunctionToolset

__all__ = ["FunctionToolset"]
