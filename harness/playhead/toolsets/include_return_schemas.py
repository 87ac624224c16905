"""Toolsets that show what their tools return."""

from playhead.tools import IncludeReturnSchemasToolset

__all__ = ["IncludeReturnSchemasToolset"]
