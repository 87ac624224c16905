"""Bytes <-> stream events, one dialect for each provider's format. No IO, no clock.

Comes in: bytes of requests and replies, or calls and stream events. Goes out: the other side of it.
"""

from playhead.wire._dialect import Decoder, Dialect, Encoder, ModelCall, WireRequest

__all__ = ["Decoder", "Dialect", "Encoder", "ModelCall", "WireRequest"]
