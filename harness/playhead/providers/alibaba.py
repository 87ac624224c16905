"""The provider of Alibaba Cloud."""

from playhead.models.compatible import AlibabaProvider

__all__ = ["AlibabaProvider"]
