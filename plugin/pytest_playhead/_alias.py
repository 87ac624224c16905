"""The fixture `cassette`, where the mark `vcr` is another plugin's and this name is not."""

from pytest_playhead._recording import cassette

__all__ = ["cassette"]
