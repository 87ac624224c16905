"""Tools that OpenAI runs itself, as a request declares them."""

from __future__ import annotations

from typing import Any, cast

from playhead.exceptions import UserError

__all__ = ["native_tool"]


def native_tool(tool: Any) -> dict[str, Any]:
    """A built-in tool as the wire has it. A dictionary is sent as it is; objects are known by their `kind`."""
    if isinstance(tool, dict):
        return cast(dict[str, Any], tool)
    kind = getattr(tool, "kind", None)
    writer = _WRITERS.get(kind) if isinstance(kind, str) else None
    if writer is None:
        raise UserError(
            f"{type(tool).__name__} is no tool that the Responses API runs\n"
            f"It knows {', '.join(sorted(_WRITERS))}; anything else can be given as the dictionary that is to be sent."
        )
    return writer(tool)


def _web_search(tool: Any) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "web_search", "search_context_size": tool.search_context_size}
    if location := getattr(tool, "user_location", None):
        written["user_location"] = {"type": "approximate", **location}
    domains = {name: found for name in ("allowed_domains", "blocked_domains") if (found := getattr(tool, name, None))}
    if domains:
        written["filters"] = domains
    return written


def _file_search(tool: Any) -> dict[str, Any]:
    return {"type": "file_search", "vector_store_ids": list(tool.file_store_ids)}


def _code_execution(tool: Any) -> dict[str, Any]:
    return {"type": "code_interpreter", "container": {"type": "auto"}}


def _mcp_server(tool: Any) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "mcp", "server_label": tool.id, "require_approval": "never"}
    fields = {
        "authorization_token": "authorization",
        "allowed_tools": "allowed_tools",
        "description": "server_description",
        "headers": "headers",
    }
    for attribute, name in fields.items():
        value = getattr(tool, attribute, None)
        if value or (value is not None and attribute == "allowed_tools"):
            written[name] = value
    scheme, _, rest = tool.url.partition(":")
    if scheme == "x-openai-connector":
        written["connector_id"] = rest
    else:
        written["server_url"] = tool.url
    return written


_SIZES = {"1:1": "1024x1024", "2:3": "1024x1536", "3:2": "1536x1024"}


def _image_generation(tool: Any) -> dict[str, Any]:
    compression = tool.output_compression
    size = _SIZES.get(tool.aspect_ratio) if tool.aspect_ratio else tool.size
    if size is None:
        if tool.aspect_ratio:
            raise UserError(f"OpenAI makes pictures of {', '.join(_SIZES)}, not of {tool.aspect_ratio}")
        size = "auto"
    written = {
        "type": "image_generation",
        "background": tool.background,
        "input_fidelity": tool.input_fidelity,
        "moderation": tool.moderation,
        "output_compression": 100 if compression is None else compression,
        "output_format": tool.output_format or "png",
        "partial_images": tool.partial_images,
        "quality": tool.quality,
        "size": size,
    }
    return written


_WRITERS = {
    "code_execution": _code_execution,
    "file_search": _file_search,
    "image_generation": _image_generation,
    "mcp_server": _mcp_server,
    "web_search": _web_search,
}
