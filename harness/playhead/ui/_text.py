"""The two plain ways to a browser: server-sent events of text deltas, and NDJSON of every event.

Pure encoders from agent events to frames. `sse_text` frames are `data: {"text": …}` and at the end `event: done`; an error is
`event: error` with its message. `ndjson_events` has one JSON object for each event, with the event's own fields.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from playhead.messages import PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta
from playhead.runtime import AgentRunResultEvent
from playhead.ui._stream import SSE_CONTENT_TYPE, NativeEvent, close_stream, starlette_response

if TYPE_CHECKING:
    from starlette.responses import StreamingResponse

__all__ = ["NDJSON_CONTENT_TYPE", "ndjson_events", "ndjson_response", "sse_response", "sse_text"]

NDJSON_CONTENT_TYPE = "application/x-ndjson"


async def sse_text(events: AsyncIterable[NativeEvent]) -> AsyncGenerator[str]:
    """Text deltas as server-sent events. Closing it closes `events`, which cancels the run."""
    try:
        async for event in events:
            piece = _text_of(event)
            if piece:
                yield _frame({"text": piece})
        yield _frame({}, "done")
    except Exception as error:
        yield _frame({"message": str(error), "type": type(error).__name__}, "error")
    finally:
        await close_stream(events)


async def ndjson_events(events: AsyncIterable[NativeEvent]) -> AsyncGenerator[str]:
    """Every event as a line of JSON; the result's line has the output and the usage. Closing it closes `events`."""
    try:
        async for event in events:
            yield _line(_fields(event))
    except Exception as error:
        yield _line({"event_kind": "error", "message": str(error), "type": type(error).__name__})
    finally:
        await close_stream(events)


def sse_response(events: AsyncIterable[NativeEvent]) -> StreamingResponse:
    """A Starlette (or FastAPI) response of `sse_text`; a client that goes away cancels the run."""
    return starlette_response(sse_text(events), SSE_CONTENT_TYPE, {"cache-control": "no-cache"})


def ndjson_response(events: AsyncIterable[NativeEvent]) -> StreamingResponse:
    """A Starlette (or FastAPI) response of `ndjson_events`; a client that goes away cancels the run."""
    return starlette_response(ndjson_events(events), NDJSON_CONTENT_TYPE, {"cache-control": "no-cache"})


def _text_of(event: NativeEvent) -> str:
    if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
        return event.part.content
    if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
        return event.delta.content_delta
    return ""


def _fields(event: NativeEvent) -> Any:
    if isinstance(event, AgentRunResultEvent):
        result = event.result
        return {"event_kind": event.event_kind, "output": result.output, "usage": result.usage()}
    return event


def _frame(data: Any, name: str | None = None) -> str:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _line(value: Any) -> str:
    return json.dumps(to_jsonable_python(value, bytes_mode="base64", fallback=repr), ensure_ascii=False) + "\n"
