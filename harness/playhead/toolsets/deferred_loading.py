"""The path some programs import `DeferredLoadingToolset` from."""

from playhead.tools import DeferredLoadingToolset

__all__ = ["DeferredLoadingToolset"]
