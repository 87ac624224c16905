"""Which AG-UI is spoken: what the installed `ag-ui-protocol` knows, unless an older one is asked for."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

from playhead.exceptions import UserError
from playhead.messages import ThinkingPart

__all__ = [
    "BUILTIN_TOOL_CALL_ID_PREFIX",
    "DEFAULT_AG_UI_VERSION",
    "FILE_ACTIVITY",
    "MULTIMODAL_VERSION",
    "REASONING_VERSION",
    "UPLOADED_FILE_ACTIVITY",
    "detect_ag_ui_version",
    "parse_ag_ui_version",
    "sealed",
]

REASONING_VERSION = (0, 1, 13)
"""From here on reasoning has events and messages of its own name; before, they are called thinking."""
MULTIMODAL_VERSION = (0, 1, 15)
"""From here on files come as images, audio, videos and documents; before, as `binary`."""

BUILTIN_TOOL_CALL_ID_PREFIX = "pyd_ai_builtin"
"""Marks ids of calls that the provider ran, with `|provider|id` behind it. The same as PydanticAI's, so that stored
conversations can be read by both."""
FILE_ACTIVITY = "pydantic_ai_file"
UPLOADED_FILE_ACTIVITY = "pydantic_ai_uploaded_file"


def parse_ag_ui_version(version: str) -> tuple[int, ...]:
    """The numbers of a version, without a pre-release's suffix. `UserError` where it does not begin with one."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    if numbers is None:
        raise UserError(f"{version!r} is no version of AG-UI: write numbers and dots, such as '0.1.13'")
    return tuple(int(number) for number in numbers[0].split("."))


def detect_ag_ui_version() -> str:
    """The version of the installed `ag-ui-protocol`; without it the oldest one that is spoken."""
    try:
        return importlib.metadata.version("ag-ui-protocol")
    except importlib.metadata.PackageNotFoundError:
        return "0.1.10"


DEFAULT_AG_UI_VERSION = detect_ag_ui_version()
"""The version of the installed package."""


def sealed(part: ThinkingPart) -> dict[str, Any]:
    """What a provider wants back with its reasoning, and a browser need not understand."""
    names = ("id", "signature", "provider_name", "provider_details")
    return {name: value for name in names if (value := getattr(part, name)) is not None}
