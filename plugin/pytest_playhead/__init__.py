"""The pytest plugin of Playhead: options, marks, fixtures and the snapshot extension."""

__all__: list[str] = []
