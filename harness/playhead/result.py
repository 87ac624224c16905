"""What streamed runs give back, under the reference's import path."""

from typing import Any

from playhead._deprecated import older_class
from playhead.output import OutputDataT, OutputValidatorFunc, ToolOutput
from playhead.runtime import AgentRunResult, AgentStream, FinalResult, StreamedRunResult, StreamedRunResultSync
from playhead.usage import RunUsage, UsageLimits

__all__ = [
    "AgentRunResult",
    "AgentStream",
    "FinalResult",
    "OutputDataT",
    "OutputValidatorFunc",
    "RunUsage",
    "StreamedRunResult",
    "StreamedRunResultSync",
    "ToolOutput",
    "UsageLimits",
]


def __getattr__(name: str) -> Any:
    return older_class(__name__, name, {"RunResult": AgentRunResult, "Usage": RunUsage})
