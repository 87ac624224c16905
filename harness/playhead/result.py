"""What streamed runs give back, under the reference's import path."""

from playhead.output import OutputDataT, OutputValidatorFunc, ToolOutput
from playhead.runtime import AgentStream, FinalResult, StreamedRunResult, StreamedRunResultSync

__all__ = [
    "AgentStream",
    "FinalResult",
    "OutputDataT",
    "OutputValidatorFunc",
    "StreamedRunResult",
    "StreamedRunResultSync",
    "ToolOutput",
]
