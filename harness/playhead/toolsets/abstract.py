"""The path some programs import `AbstractToolset` and `ToolsetTool` from."""

from playhead.tools import AbstractToolset, ToolsetTool

__all__ = ["AbstractToolset", "ToolsetTool"]
