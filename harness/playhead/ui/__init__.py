"""From an agent's stream to a browser: plain SSE, NDJSON, AG-UI (`playhead.ui.ag_ui`), the Vercel AI SDK
(`playhead.ui.vercel_ai`).

Comes in: agent events, and a protocol's request. Goes out: the protocol's events and frames; a thin shell makes a
Starlette response of them.
"""

from playhead.ui._adapter import StateDeps, StateHandler, UIAdapter
from playhead.ui._builder import MessagesBuilder
from playhead.ui._stream import SSE_CONTENT_TYPE, NativeEvent, OnCompleteFunc, UIEventStream
from playhead.ui._text import NDJSON_CONTENT_TYPE, ndjson_events, ndjson_response, sse_response, sse_text

__all__ = [
    "MessagesBuilder",
    "NDJSON_CONTENT_TYPE",
    "NativeEvent",
    "OnCompleteFunc",
    "SSE_CONTENT_TYPE",
    "StateDeps",
    "StateHandler",
    "UIAdapter",
    "UIEventStream",
    "ndjson_events",
    "ndjson_response",
    "sse_response",
    "sse_text",
]
