"""Settings of requests, under the reference's import path."""

from playhead.messages import ModelSettings, merge_model_settings

__all__ = ["ModelSettings", "merge_model_settings"]
