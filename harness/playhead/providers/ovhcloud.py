"""The provider of OVHcloud."""

from playhead.models.compatible import OVHcloudProvider

__all__ = ["OVHcloudProvider"]
