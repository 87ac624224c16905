"""The provider of GitHub Models."""

from playhead.models.compatible import GitHubProvider

__all__ = ["GitHubProvider"]
