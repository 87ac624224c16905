"""Door to the toolsets, under the name that users of PydanticAI know."""

from playhead.tools import (
    AbstractToolset,
    AgentToolset,
    ApprovalRequiredToolset,
    CombinedToolset,
    DeferredLoadingToolset,
    DeferredToolset,  # pyright: ignore[reportDeprecated]  # the older name is kept
    DynamicToolset,
    ExternalToolset,
    FilteredToolset,
    FunctionToolset,
    IncludeReturnSchemasToolset,
    PrefixedToolset,
    PreparedToolset,
    RenamedToolset,
    SetMetadataToolset,
    ToolsetFunc,
    ToolsetTool,
    WrapperToolset,
)

__all__ = [
    "AbstractToolset",
    "AgentToolset",
    "ApprovalRequiredToolset",
    "CombinedToolset",
    "DeferredLoadingToolset",
    "DeferredToolset",
    "DynamicToolset",
    "ExternalToolset",
    "FilteredToolset",
    "FunctionToolset",
    "IncludeReturnSchemasToolset",
    "PrefixedToolset",
    "PreparedToolset",
    "RenamedToolset",
    "SetMetadataToolset",
    "ToolsetFunc",
    "ToolsetTool",
    "WrapperToolset",
]
