"""The path some programs import `DeferredToolset` and `ExternalToolset` from."""

from playhead.tools import (
    DeferredToolset,  # pyright: ignore[reportDeprecated]  # the older name is kept
    ExternalToolset,
)

__all__ = ["DeferredToolset", "ExternalToolset"]
