"""Bytes <-> stream events, one dialect for each provider's format. No IO, no clock.

Comes in: bytes of requests and replies, or calls and stream events. Goes out: the other side of it.
"""

from playhead.wire._dialect import Decoder, Dialect, Encoder, ModelCall, WireRequest
from playhead.wire._dialects import DIALECTS, recognise
from playhead.wire._providers import provider_of
from playhead.wire._request_fields import REQUEST_FIELDS
from playhead.wire._sse import Frame, FrameSplitter, write_comment, write_frame

__all__ = [
    "DIALECTS",
    "Decoder",
    "Dialect",
    "Encoder",
    "Frame",
    "FrameSplitter",
    "ModelCall",
    "REQUEST_FIELDS",
    "WireRequest",
    "provider_of",
    "recognise",
    "write_comment",
    "write_frame",
]
