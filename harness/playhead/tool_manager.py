"""Door to the tool manager, under the name that users of PydanticAI know."""

from playhead.tools import ParallelExecutionMode, ToolManager, ValidatedToolCall

__all__ = ["ParallelExecutionMode", "ToolManager", "ValidatedToolCall"]
