"""The provider of Cerebras."""

from playhead.models.cerebras import CerebrasProvider

__all__ = ["CerebrasProvider"]
