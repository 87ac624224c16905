"""Guests: one library per file, each its own optional door, imported only by those who use it."""

__all__: list[str] = []
