"""The provider of Heroku."""

from playhead.models.compatible import HerokuProvider

__all__ = ["HerokuProvider"]
