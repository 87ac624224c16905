"""Agents around others, under the reference's import path."""

from playhead.runtime import WrapperAgent

__all__ = ["WrapperAgent"]
