"""The agent and what belongs to it, under the reference's import path."""

from playhead.runtime import (
    AbstractAgent,
    Agent,
    AgentInstructions,
    AgentMetadata,
    AgentModelSettings,
    AgentRun,
    AgentRunResult,
    CallToolsNode,
    EndStrategy,
    EventStreamHandler,
    ModelRequestNode,
    UserPromptNode,
    WrapperAgent,
    capture_run_messages,
)
from playhead.tools import ParallelExecutionMode

__all__ = [
    "AbstractAgent",
    "Agent",
    "AgentInstructions",
    "AgentMetadata",
    "AgentModelSettings",
    "AgentRun",
    "AgentRunResult",
    "CallToolsNode",
    "EndStrategy",
    "EventStreamHandler",
    "ModelRequestNode",
    "ParallelExecutionMode",
    "UserPromptNode",
    "WrapperAgent",
    "capture_run_messages",
]
