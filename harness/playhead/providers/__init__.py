"""Providers under the reference's names: who is asked, where, and with which key. A module for each.

Comes in: keys, URLs and HTTP clients. Goes out: what `provider=` of a model takes.
"""

from playhead.models import Provider, infer_provider

__all__ = ["Provider", "infer_provider"]
