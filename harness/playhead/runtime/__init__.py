"""The agent: declared once, run six ways.

Comes in: what a user declares (model, prompts, tools, outputs), and a prompt. Goes out: results, and the events of a run
while it runs. `_nodes` says what follows from what, `_drive` takes a run to its end, `_stream` is a reply that arrives,
`_calls` handles the tool calls of a reply.
"""

from playhead.runtime._agent import Agent
from playhead.runtime._events import AgentEventStream
from playhead.runtime._final import End, FinalResult
from playhead.runtime._marked import MarkedStream
from playhead.runtime._nodes import AgentNode, CallToolsNode, ModelRequestNode, SetFinalResult, UserPromptNode
from playhead.runtime._prompts import AgentInstructions
from playhead.runtime._result import AgentRunResult, AgentRunResultEvent, StreamedRunResult
from playhead.runtime._run import AgentRun, capture_run_messages
from playhead.runtime._state import EndStrategy, EventStreamHandler, GraphRunContext
from playhead.runtime._stream import AgentStream
from playhead.runtime._sync import StreamedRunResultSync, event_loop, iterate_blocking, run_blocking
from playhead.runtime._ways import AbstractAgent, AgentMetadata, AgentModelSettings
from playhead.runtime._wrapper import WrapperAgent

__all__ = [
    "AbstractAgent",
    "Agent",
    "AgentEventStream",
    "AgentInstructions",
    "AgentMetadata",
    "AgentModelSettings",
    "AgentNode",
    "AgentRun",
    "AgentRunResult",
    "AgentRunResultEvent",
    "AgentStream",
    "CallToolsNode",
    "End",
    "EndStrategy",
    "EventStreamHandler",
    "FinalResult",
    "GraphRunContext",
    "MarkedStream",
    "ModelRequestNode",
    "SetFinalResult",
    "StreamedRunResult",
    "StreamedRunResultSync",
    "UserPromptNode",
    "WrapperAgent",
    "capture_run_messages",
    "event_loop",
    "iterate_blocking",
    "run_blocking",
]
