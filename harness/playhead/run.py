"""Runs and their results, under the reference's import path."""

from playhead.runtime import AgentEventStream, AgentRun, AgentRunResult, AgentRunResultEvent

__all__ = ["AgentEventStream", "AgentRun", "AgentRunResult", "AgentRunResultEvent"]
