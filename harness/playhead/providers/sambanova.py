"""The provider of SambaNova."""

from playhead.models.compatible import SambaNovaProvider

__all__ = ["SambaNovaProvider"]
