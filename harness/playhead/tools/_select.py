"""Which tools are meant: all, by name, by metadata, or by a function."""

from __future__ import annotations

import inspect
from typing import Any

from playhead.context import RunContext
from playhead.messages import ToolDefinition
from playhead.tools._functions import ToolSelector


async def matches_tool_selector(selector: ToolSelector[Any], ctx: RunContext[Any], tool_def: ToolDefinition) -> bool:
    """Whether `selector` means the tool. A dictionary means tools whose metadata has all of it, however deep."""
    if selector == "all":
        return True
    if isinstance(selector, dict):
        return _contains(tool_def.metadata, selector)
    if callable(selector):
        answer = selector(ctx, tool_def)
        return bool(await answer if inspect.isawaitable(answer) else answer)
    return tool_def.name in selector


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in value and _contains(value[key], item)
            for key, item in wanted.items()  # pyright: ignore[reportUnknownVariableType]
        )
    return bool(value == wanted)
