"""Playhead: record-and-replay testing for streaming LLM agents.

This module only names what is public. It does no work at import and loads no test tool, server or terminal library.
"""

from playhead._version import __version__

__all__ = ["__version__"]
