"""Tools, the choice among them, and the form of the output: both ways."""

from __future__ import annotations

from typing import Any

from playhead.exceptions import UserError
from playhead.messages import ModelRequestParameters, OutputObjectDefinition, ToolDefinition
from playhead.wire._dialect import ModelCall
from playhead.wire._instructions import output_tools
from playhead.wire._json import as_dict, as_list, as_text
from playhead.wire._schema import walk_schema
from playhead.wire.anthropic_messages._models import abilities

__all__ = [
    "output_schema",
    "read_output",
    "read_tool_choice",
    "read_tools",
    "write_tool_choice",
    "write_tools",
]

_STRING_FORMATS = {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"}


# --------------------------------------------------------------------------- written
def write_tools(call: ModelCall) -> tuple[list[dict[str, Any]], list[dict[str, Any]], set[str]]:
    """The tools, the MCP servers among them, and the betas that they need."""
    settings: Any = call.settings
    strict_known = abilities(call.model).json_schema
    tools: list[dict[str, Any]] = []
    chosen = chosen_names(call)
    for tool in call.parameters.tool_defs.values():
        if chosen is not None and len(chosen) > 1 and tool.name not in chosen:
            continue
        written: dict[str, Any] = {
            "name": tool.name,
            "description": tool.description or "",
            "input_schema": _schema(tool.parameters_json_schema, strict=tool.strict is True),
        }
        if tool.strict and strict_known:
            written["strict"] = True
        if settings.get("anthropic_eager_input_streaming"):
            written["eager_input_streaming"] = True
        tools.append(written)
    if tools and (ttl := settings.get("anthropic_cache_tool_definitions")):
        tools[-1]["cache_control"] = cache_control(ttl)
    servers: list[dict[str, Any]] = []
    betas: set[str] = set()
    for native in call.parameters.builtin_tools:
        tools = _write_native(native, tools, servers, betas, call.parameters)
    tools += [tool for tool in as_list(call.extra.get("tools")) if isinstance(tool, dict)]
    servers += [server for server in as_list(call.extra.get("mcp_servers")) if isinstance(server, dict)]
    return tools, servers, betas


def _write_native(
    native: Any,
    tools: list[dict[str, Any]],
    servers: list[dict[str, Any]],
    betas: set[str],
    parameters: ModelRequestParameters,
) -> list[dict[str, Any]]:
    """`tools` with a tool that the provider runs. It is known by its `kind`, whichever library's class it is."""
    match getattr(native, "kind", None):
        case "web_search":
            location = getattr(native, "user_location", None)
            written = {
                "name": "web_search",
                "type": "web_search_20250305",
                "max_uses": getattr(native, "max_uses", None),
                "allowed_domains": getattr(native, "allowed_domains", None),
                "blocked_domains": getattr(native, "blocked_domains", None),
                "user_location": {"type": "approximate", **location} if location else None,
            }
        case "code_execution":
            betas.add("code-execution-2025-05-22")
            written = {"name": "code_execution", "type": "code_execution_20250522"}
        case "web_fetch" | "url_context":
            betas.add("web-fetch-2025-09-10")
            written = {
                "name": "web_fetch",
                "type": "web_fetch_20250910",
                "max_uses": getattr(native, "max_uses", None),
                "allowed_domains": getattr(native, "allowed_domains", None),
                "blocked_domains": getattr(native, "blocked_domains", None),
                "citations": {"enabled": True} if getattr(native, "enable_citations", False) else None,
                "max_content_tokens": getattr(native, "max_content_tokens", None),
            }
        case "memory":
            if "memory" not in parameters.tool_defs:
                raise UserError("The built-in `MemoryTool` runs here: define a tool named 'memory' that does its work.")
            betas.add("context-management-2025-06-27")
            tools = [tool for tool in tools if tool.get("name") != "memory"]
            written = {"name": "memory", "type": "memory_20250818"}
        case "mcp_server":
            betas.add("mcp-client-2025-04-04")
            server: dict[str, Any] = {"type": "url", "name": native.id, "url": native.url}
            if native.allowed_tools is not None:
                allowed = native.allowed_tools
                server["tool_configuration"] = {"enabled": bool(allowed), "allowed_tools": allowed}
            if native.authorization_token:
                server["authorization_token"] = native.authorization_token
            servers.append(server)
            return tools
        case _:
            raise UserError(
                f"`{type(native).__name__}` is no built-in tool of Anthropic's. "
                "It has web search, web fetch, code execution, memory and MCP servers."
            )
    return [*tools, written]


def chosen_names(call: ModelCall) -> list[str] | None:
    """The tools that the setting `tool_choice` names; None where it names none."""
    choice = call.settings.get("tool_choice")
    return list(choice) if isinstance(choice, (list, tuple)) else None  # pyright: ignore[reportUnknownArgumentType]


def write_tool_choice(call: ModelCall, tools: list[dict[str, Any]]) -> dict[str, Any] | None:
    """How freely the model may choose; None where there is nothing to choose from."""
    if not tools:
        return None
    setting = call.settings.get("tool_choice")
    names = chosen_names(call)
    choice: dict[str, Any]
    if names is not None and len(names) == 1:
        choice = {"type": "tool", "name": names[0]}
    elif setting == "none":
        return {"type": "none"}
    elif names or setting == "required" or (setting is None and not call.parameters.allow_text_output):
        choice = {"type": "any"}
    else:
        choice = {"type": "auto"}
    if (parallel := call.settings.get("parallel_tool_calls")) is not None:
        choice["disable_parallel_tool_use"] = not parallel
    return choice


def output_schema(parameters: ModelRequestParameters) -> dict[str, Any] | None:
    """The format of a structured answer without a tool."""
    if parameters.output_mode != "native" or parameters.output_object is None:
        return None
    if parameters.output_object.strict is False:
        raise UserError("Anthropic's native output is always strict: leave out `strict=False`.")
    return {"type": "json_schema", "schema": _schema(parameters.output_object.json_schema, strict=True)}


def cache_control(ttl: Any) -> dict[str, Any]:
    """Where to end what is cached, and for how long: `True` is five minutes."""
    return {"type": "ephemeral", "ttl": "5m" if ttl is True else ttl}


def _schema(schema: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    plain = walk_schema(schema, _without_titles)
    return _strict(plain) if strict else plain


def _without_titles(part: dict[str, Any]) -> dict[str, Any]:
    part.pop("title", None)
    part.pop("$schema", None)
    return part


def _strict(schema: Any) -> Any:
    """The part of JSON schema that strict mode knows; what it does not know becomes words of the description.

    https://docs.claude.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations
    """
    if not isinstance(schema, dict):
        return schema
    rest: dict[str, Any] = dict(schema)  # pyright: ignore[reportUnknownArgumentType]
    strict: dict[str, Any] = {}
    if (definitions := rest.pop("$defs", None)) is not None:
        strict["$defs"] = {name: _strict(part) for name, part in definitions.items()}
    if (reference := rest.pop("$ref", None)) is not None:
        return {**strict, "$ref": reference}
    kind = rest.pop("type", None)
    unions: dict[str, list[Any]] = {key: as_list(rest.pop(key, None)) for key in ("anyOf", "oneOf", "allOf")}
    union = next(((key, parts) for key, parts in unions.items() if parts), None)
    if union is not None:
        strict["allOf" if union[0] == "allOf" else "anyOf"] = [_strict(part) for part in union[1]]
    elif kind is not None:
        strict["type"] = kind
    for key in ("enum", "description"):
        if rest.get(key) is not None:
            strict[key] = rest.pop(key)
    match kind:
        case "object":
            strict["properties"] = {name: _strict(part) for name, part in rest.pop("properties", {}).items()}
            rest.pop("additionalProperties", None)
            strict["additionalProperties"] = False
            if (required := rest.pop("required", None)) is not None:
                strict["required"] = required
        case "string" if rest.get("format") in _STRING_FORMATS:
            strict["format"] = rest.pop("format")
        case "array":
            if (items := rest.pop("items", None)) is not None:
                strict["items"] = _strict(items)
            if rest.get("minItems") in (0, 1):
                strict["minItems"] = rest.pop("minItems")
        case _:
            pass
    if rest:
        said = "{" + ", ".join(f"{key}: {value}" for key, value in rest.items()) + "}"
        strict["description"] = f"{strict['description']}\n\n{said}" if "description" in strict else said
    return strict


# --------------------------------------------------------------------------- read
def read_tools(
    body: dict[str, Any], parameters: ModelRequestParameters, settings: dict[str, Any], extra: dict[str, Any]
) -> None:
    """Puts the body's tools where they belong; those that the provider runs stay in `extra` as they are."""
    tools = [as_dict(tool) for tool in as_list(body.get("tools"))]
    native = [tool for tool in tools if tool.get("type", "custom") != "custom" or "input_schema" not in tool]
    tools = [tool for tool in tools if tool.get("type", "custom") == "custom" and "input_schema" in tool]
    outputs = output_tools([as_text(tool.get("name")) or "" for tool in tools])
    for n, tool in enumerate(tools):
        name = as_text(tool.get("name")) or ""
        definition = ToolDefinition(
            name=name,
            description=as_text(tool.get("description")),
            parameters_json_schema=as_dict(tool["input_schema"]),
            strict=True if tool.get("strict") is True else None,
            kind="output" if n >= outputs else "function",
        )
        (parameters.output_tools if definition.kind == "output" else parameters.function_tools).append(definition)
        if "cache_control" in tool:
            settings["anthropic_cache_tool_definitions"] = as_dict(tool["cache_control"]).get("ttl", True)
        if tool.get("eager_input_streaming") is True:
            settings["anthropic_eager_input_streaming"] = True
    if native:
        extra["tools"] = native


def read_tool_choice(body: dict[str, Any], parameters: ModelRequestParameters, settings: dict[str, Any]) -> None:
    """The choice among tools, as parameters and settings."""
    choice = as_dict(body.get("tool_choice"))
    match choice.get("type"):
        case "any":
            parameters.allow_text_output = False
        case "tool":
            settings["tool_choice"] = [as_text(choice.get("name")) or ""]
        case "none":
            settings["tool_choice"] = "none"
        case _:
            pass
    if parameters.output_tools:
        parameters.output_mode = "tool"
    if "disable_parallel_tool_use" in choice:
        settings["parallel_tool_calls"] = not choice["disable_parallel_tool_use"]


def read_output(body: dict[str, Any], parameters: ModelRequestParameters, settings: dict[str, Any]) -> None:
    """`output_config`: the form of the answer, and the effort to put into it."""
    config = as_dict(body.get("output_config"))
    form = as_dict(config.get("format")) or as_dict(body.get("output_format"))
    if form.get("type") == "json_schema":
        parameters.output_mode = "native"
        parameters.output_object = OutputObjectDefinition(as_dict(form.get("schema")), strict=True)
    if config.get("effort") is not None:
        settings["anthropic_effort"] = config["effort"]
