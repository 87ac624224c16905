"""Toolsets that add metadata to their tools."""

from playhead.tools import SetMetadataToolset

__all__ = ["SetMetadataToolset"]
