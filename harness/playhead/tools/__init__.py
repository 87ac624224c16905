"""Tools: from a function to what a model is shown, and from a call to a validated, counted result.

Comes in: functions, toolsets, calls. Goes out: `ToolDefinition`s for a request, results or retry prompts for the
history. `ToolManager` is what the runtime talks to.
"""

from playhead.context import AgentDepsT, RunContext
from playhead.messages import (
    DeferredToolApprovalResult,
    DeferredToolCallResult,
    DeferredToolRequests,
    DeferredToolResult,
    DeferredToolResults,
    ObjectJsonSchema,
    ToolApproved,
    ToolDefinition,
    ToolDenied,
    ToolKind,
)
from playhead.schema import DocstringFormat, GenerateToolJsonSchema
from playhead.tools._combined import (
    CombinedToolset,
    DeferredToolset,  # pyright: ignore[reportDeprecated]  # the older name is kept
    DynamicToolset,
    ExternalToolset,
)
from playhead.tools._function_toolset import FunctionToolset, FunctionToolsetTool
from playhead.tools._functions import (
    AgentBuiltinTool,
    ArgsValidatorFunc,
    BuiltinToolFunc,
    SystemPromptFunc,
    ToolFuncContext,
    ToolFuncEither,
    ToolFuncPlain,
    ToolParams,
    ToolPrepareFunc,
    ToolSelector,
    ToolSelectorFunc,
    ToolsPrepareFunc,
)
from playhead.tools._manager import ParallelExecutionMode, ToolManager, ValidatedToolCall
from playhead.tools._select import matches_tool_selector
from playhead.tools._tool import Tool
from playhead.tools._toolset import (
    AbstractToolset,
    AgentToolset,
    ArgsValidator,
    ToolsetFunc,
    ToolsetTool,
    WrapperToolset,
)
from playhead.tools._wrappers import (
    ApprovalRequiredToolset,
    DeferredLoadingToolset,
    FilteredToolset,
    IncludeReturnSchemasToolset,
    PrefixedToolset,
    PreparedToolset,
    RenamedToolset,
    SetMetadataToolset,
)

__all__ = [
    "AbstractToolset",
    "AgentBuiltinTool",
    "AgentDepsT",
    "AgentToolset",
    "ApprovalRequiredToolset",
    "ArgsValidator",
    "ArgsValidatorFunc",
    "BuiltinToolFunc",
    "CombinedToolset",
    "DeferredLoadingToolset",
    "DeferredToolApprovalResult",
    "DeferredToolCallResult",
    "DeferredToolRequests",
    "DeferredToolResult",
    "DeferredToolResults",
    "DeferredToolset",
    "DocstringFormat",
    "DynamicToolset",
    "ExternalToolset",
    "FilteredToolset",
    "FunctionToolset",
    "FunctionToolsetTool",
    "GenerateToolJsonSchema",
    "IncludeReturnSchemasToolset",
    "ObjectJsonSchema",
    "ParallelExecutionMode",
    "PrefixedToolset",
    "PreparedToolset",
    "RenamedToolset",
    "RunContext",
    "SetMetadataToolset",
    "SystemPromptFunc",
    "Tool",
    "ToolApproved",
    "ToolDefinition",
    "ToolDenied",
    "ToolFuncContext",
    "ToolFuncEither",
    "ToolFuncPlain",
    "ToolKind",
    "ToolManager",
    "ToolParams",
    "ToolPrepareFunc",
    "ToolSelector",
    "ToolSelectorFunc",
    "ToolsPrepareFunc",
    "ToolsetFunc",
    "ToolsetTool",
    "ValidatedToolCall",
    "WrapperToolset",
    "matches_tool_selector",
]
