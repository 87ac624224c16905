"""The provider of Vercel's AI gateway."""

from playhead.models.compatible import VercelProvider

__all__ = ["VercelProvider"]
