"""Tools that providers run themselves. An agent carries them to the model (`builtin_tools=`); each provider has its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict, deprecated

__all__ = [
    "AbstractBuiltinTool",
    "BUILTIN_TOOLS_REQUIRING_CONFIG",
    "BUILTIN_TOOL_TYPES",
    "CodeExecutionTool",
    "DEPRECATED_BUILTIN_TOOLS",
    "FileSearchTool",
    "ImageGenerationTool",
    "MCPServerTool",
    "MemoryTool",
    "SUPPORTED_BUILTIN_TOOLS",
    "UrlContextTool",
    "WebFetchTool",
    "WebSearchTool",
    "WebSearchUserLocation",
    "XSearchTool",
]

BUILTIN_TOOL_TYPES: dict[str, type[AbstractBuiltinTool]] = {}
"""The class of each kind. A subclass with a `kind` of its own is entered when it is defined."""


@dataclass(kw_only=True)
class AbstractBuiltinTool:
    """A tool of the provider's own. `kind` is its name in every provider's place.

    As a field of a model, or with `TypeAdapter`, this class stands for all kinds: data are read as the class that their
    `kind` names.
    """

    kind: str = "unknown_builtin_tool"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "kind" in vars(cls):  # without one it is a variety of its parent, which data cannot ask for
            BUILTIN_TOOL_TYPES[cls.kind] = cls

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if cls is not AbstractBuiltinTool:
            return handler(source)
        return core_schema.tagged_union_schema(
            {kind: handler.generate_schema(type_) for kind, type_ in BUILTIN_TOOL_TYPES.items()}, discriminator=_kind_of
        )

    @property
    def unique_id(self) -> str:
        """Of two tools with the same id a request carries the last."""
        return self.kind

    @property
    def label(self) -> str:
        """The tool's name for people to read."""
        return self.kind.replace("_", " ").title()


def _kind_of(tool: Any) -> Any:
    if isinstance(tool, dict):
        return tool.get("kind", AbstractBuiltinTool.kind)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return getattr(tool, "kind", None)


class WebSearchUserLocation(TypedDict, total=False):
    """Where a search is made from."""

    city: str
    country: str
    region: str
    timezone: str


@dataclass(kw_only=True)
class WebSearchTool(AbstractBuiltinTool):
    """Searches the web."""

    search_context_size: Literal["low", "medium", "high"] = "medium"
    user_location: WebSearchUserLocation | None = None
    blocked_domains: list[str] | None = None
    allowed_domains: list[str] | None = None
    max_uses: int | None = None
    kind: str = "web_search"


@dataclass(kw_only=True)
class XSearchTool(AbstractBuiltinTool):
    """Searches posts on X."""

    allowed_x_handles: list[str] | None = None
    excluded_x_handles: list[str] | None = None
    from_date: datetime | None = None
    to_date: datetime | None = None
    enable_image_understanding: bool = False
    enable_video_understanding: bool = False
    include_output: bool = False
    kind: str = "x_search"


@dataclass(kw_only=True)
class CodeExecutionTool(AbstractBuiltinTool):
    """Runs code in the provider's sandbox."""

    kind: str = "code_execution"


@dataclass(kw_only=True)
class WebFetchTool(AbstractBuiltinTool):
    """Reads pages of the web."""

    max_uses: int | None = None
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None
    enable_citations: bool = False
    max_content_tokens: int | None = None
    kind: str = "web_fetch"


@deprecated("`UrlContextTool` is deprecated: its name is `WebFetchTool` now")
@dataclass(kw_only=True)
class UrlContextTool(WebFetchTool):
    """The older name of `WebFetchTool`."""

    kind: str = "url_context"


@dataclass(kw_only=True)
class ImageGenerationTool(AbstractBuiltinTool):
    """Makes pictures."""

    background: Literal["transparent", "opaque", "auto"] = "auto"
    input_fidelity: Literal["high", "low"] | None = None
    moderation: Literal["auto", "low"] = "auto"
    output_compression: int | None = None
    output_format: Literal["png", "webp", "jpeg"] | None = None
    partial_images: int = 0
    quality: Literal["low", "medium", "high", "auto"] = "auto"
    size: str | None = None
    aspect_ratio: str | None = None
    kind: str = "image_generation"


@dataclass(kw_only=True)
class MemoryTool(AbstractBuiltinTool):
    """Keeps notes between conversations."""

    kind: str = "memory"


@dataclass(kw_only=True)
class MCPServerTool(AbstractBuiltinTool):
    """An MCP server that the provider talks to."""

    id: str
    url: str
    authorization_token: str | None = None
    description: str | None = None
    allowed_tools: list[str] | None = None
    headers: dict[str, str] | None = None
    kind: str = "mcp_server"

    @property
    def unique_id(self) -> str:
        """One for each server."""
        return f"{self.kind}:{self.id}"

    @property
    def label(self) -> str:
        """The server's name for people to read."""
        return f"MCP: {self.id}"


@dataclass(kw_only=True)
class FileSearchTool(AbstractBuiltinTool):
    """Searches files that were given to the provider."""

    file_store_ids: Sequence[str]
    kind: str = "file_search"


DEPRECATED_BUILTIN_TOOLS: frozenset[type[AbstractBuiltinTool]] = frozenset(
    {UrlContextTool}  # pyright: ignore[reportDeprecated]
)
"""Kinds that old data may hold and that nobody should be offered."""

SUPPORTED_BUILTIN_TOOLS: frozenset[type[AbstractBuiltinTool]] = (
    frozenset(BUILTIN_TOOL_TYPES.values()) - DEPRECATED_BUILTIN_TOOLS
)

BUILTIN_TOOLS_REQUIRING_CONFIG: frozenset[type[AbstractBuiltinTool]] = frozenset(
    {FileSearchTool, MCPServerTool, MemoryTool}
)
"""Kinds that need more than their name."""
