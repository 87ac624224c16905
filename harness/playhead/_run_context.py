"""The door to a run's context under PydanticAI's module name: `RunContext`, `AgentDepsT`."""

from playhead.context import AgentDepsT, RunContext

__all__ = ["AgentDepsT", "RunContext"]
