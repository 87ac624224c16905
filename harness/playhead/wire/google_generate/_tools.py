"""Tools, the choice among them, and the form of the output: both ways."""

from __future__ import annotations

from typing import Any, cast

from playhead.exceptions import UserError
from playhead.messages import ModelRequestParameters, OutputObjectDefinition, ToolDefinition
from playhead.wire._dialect import ModelCall
from playhead.wire._instructions import output_tools
from playhead.wire._json import as_dict, as_list, as_text
from playhead.wire._schema import walk_schema
from playhead.wire.google_generate._fields import get

__all__ = ["read_output", "read_tool_config", "read_tools", "write_output", "write_tool_config", "write_tools"]

_NATIVE: dict[str, str] = {
    "code_execution": "codeExecution",
    "url_context": "urlContext",
    "web_fetch": "urlContext",
    "web_search": "googleSearch",
}


# --------------------------------------------------------------------------- written
def write_tools(call: ModelCall) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The tools, all functions in one entry; and how pictures are to be made."""
    parameters = call.parameters
    declarations: list[dict[str, Any]] = []
    for tool in parameters.tool_defs.values():
        declaration: dict[str, Any] = {
            "description": tool.description or "",
            "name": tool.name,
            # The spelling is the SDK's.
            "parameters_json_schema": walk_schema(tool.parameters_json_schema, _plain),
        }
        if tool.return_schema:
            declaration["response_json_schema"] = tool.return_schema
        declarations.append(declaration)
    tools: list[dict[str, Any]] = [{"functionDeclarations": declarations}] if declarations else []
    pictures: dict[str, Any] | None = None
    for native in parameters.builtin_tools:
        kind = getattr(native, "kind", None)
        if kind in _NATIVE:
            tools.append({_NATIVE[kind]: {}})
        elif kind == "file_search":
            tools.append({"fileSearch": {"fileSearchStoreNames": list(cast(Any, native).file_store_ids)}})
        elif kind == "image_generation":
            pictures = _image_config(native)
        else:
            raise UserError(
                f"`{type(native).__name__}` is no built-in tool of Google's. "
                "It has web search, web fetch, code execution, file search and image generation."
            )
    return [*tools, *(tool for tool in as_list(call.extra.get("tools")) if isinstance(tool, dict))], pictures


def _image_config(native: Any) -> dict[str, Any]:
    config = {
        "aspectRatio": getattr(native, "aspect_ratio", None),
        "imageSize": getattr(native, "size", None),
    }
    return {name: value for name, value in config.items() if value is not None}


def write_tool_config(call: ModelCall, tools: list[dict[str, Any]]) -> dict[str, Any] | None:
    """How freely the model may choose; None leaves it to the model."""
    names = [item["name"] for tool in tools for item in as_list(tool.get("functionDeclarations"))]
    setting = call.settings.get("tool_choice")
    if isinstance(setting, (list, tuple)):
        chosen: list[Any] = list(setting)  # pyright: ignore[reportUnknownArgumentType]
        return _calling({"allowedFunctionNames": chosen, "mode": "ANY"})
    if setting == "none":
        return _calling({"mode": "NONE"})
    if tools and (setting == "required" or (setting is None and not call.parameters.allow_text_output)):
        return _calling({"allowedFunctionNames": names, "mode": "ANY"})
    return _calling({"mode": "AUTO"}) if setting == "auto" and names else None


def _calling(config: dict[str, Any]) -> dict[str, Any]:
    return {"functionCallingConfig": config}


def write_output(call: ModelCall, tools: list[dict[str, Any]]) -> dict[str, Any]:
    """Fields of the configuration that ask for JSON."""
    parameters = call.parameters
    if parameters.output_mode == "native" and (output := parameters.output_object) is not None:
        schema = walk_schema(output.json_schema, _plain)
        schema |= {"title": output.name} if output.name else {}
        schema |= {"description": output.description} if output.description else {}
        return {"responseMimeType": "application/json", "responseJsonSchema": schema}
    if parameters.output_mode == "prompted" and not tools:
        return {"responseMimeType": "application/json"}
    return {}


_JSON_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
_UNKNOWN = ("$schema", "discriminator", "examples", "exclusiveMaximum", "exclusiveMinimum", "title")


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema without what Gemini does not know.

    https://ai.google.dev/gemini-api/docs/structured-output#json_schema_support
    """
    for key in _UNKNOWN:
        part.pop(key, None)
    if (constant := part.pop("const", None)) is not None:
        part["enum"] = [constant]
        if "type" not in part and type(constant) in _JSON_TYPES:
            part["type"] = _JSON_TYPES[type(constant)]
    if part.get("type") == "string" and (form := part.pop("format", None)):
        said = part.get("description")
        part["description"] = f"{said} (format: {form})" if said else f"Format: {form}"
    return part


# --------------------------------------------------------------------------- read
def read_tools(body: dict[str, Any], parameters: ModelRequestParameters, extra: dict[str, Any]) -> None:
    """Puts the body's functions where they belong; the provider's own tools stay in `extra` as they are."""
    native: list[dict[str, Any]] = []
    tools = [as_dict(tool) for tool in as_list(body.get("tools"))]
    declarations = [as_dict(item) for tool in tools for item in as_list(get(tool, "functionDeclarations"))]
    outputs = output_tools([as_text(declaration.get("name")) or "" for declaration in declarations])
    seen = 0
    for tool in tools:
        for declaration in map(as_dict, as_list(get(tool, "functionDeclarations"))):
            name = as_text(declaration.get("name")) or ""
            output = seen >= outputs
            seen += 1
            schema = get(declaration, "parametersJsonSchema")
            definition = ToolDefinition(
                name=name,
                description=as_text(declaration.get("description")),
                parameters_json_schema=as_dict(schema) or _lower_types(as_dict(declaration.get("parameters"))),
                return_schema=as_dict(get(declaration, "responseJsonSchema")) or None,
                kind="output" if output else "function",
            )
            (parameters.output_tools if output else parameters.function_tools).append(definition)
        rest = {
            key: value for key, value in tool.items() if key not in ("functionDeclarations", "function_declarations")
        }
        if rest:
            native.append(rest)
    if native:
        extra["tools"] = native
    if parameters.output_tools:
        parameters.output_mode = "tool"


def _lower_types(schema: Any, depth: int = 20) -> Any:
    """A schema of the older form, whose types are enums in capitals, as JSON schema."""
    if depth and isinstance(schema, dict):
        return {
            key: value.lower() if key == "type" and isinstance(value, str) else _lower_types(value, depth - 1)
            for key, value in schema.items()  # pyright: ignore[reportUnknownVariableType]
        }
    if depth and isinstance(schema, list):
        return [_lower_types(item, depth - 1) for item in schema]  # pyright: ignore[reportUnknownVariableType]
    return schema


def read_tool_config(body: dict[str, Any], parameters: ModelRequestParameters, settings: dict[str, Any]) -> None:
    """The choice among tools, as parameters and settings."""
    config = as_dict(get(as_dict(get(body, "toolConfig")), "functionCallingConfig"))
    mode = config.get("mode")
    names = as_list(get(config, "allowedFunctionNames"))
    if mode == "ANY":
        known = [*(tool.name for tool in parameters.function_tools), *(tool.name for tool in parameters.output_tools)]
        if names and names != known:
            settings["tool_choice"] = names
        else:
            parameters.allow_text_output = False
    elif mode in ("NONE", "AUTO"):
        settings["tool_choice"] = mode.lower()


def read_output(config: dict[str, Any], parameters: ModelRequestParameters) -> None:
    """The form of the answer."""
    schema = as_dict(get(config, "responseJsonSchema")) or _lower_types(as_dict(get(config, "responseSchema")))
    if schema:
        parameters.output_mode = "native"
        parameters.output_object = OutputObjectDefinition(
            {key: value for key, value in schema.items() if key not in ("title", "description")},
            name=as_text(schema.get("title")),
            description=as_text(schema.get("description")),
        )
    elif get(config, "responseMimeType") == "application/json":
        parameters.output_mode = "prompted"
