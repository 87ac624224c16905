"""Requests: a call becomes the body that the provider's SDK would send, and back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from playhead.exceptions import DecodeError, UserError
from playhead.messages import InstructionPart, ModelRequest, ModelRequestParameters, ModelResponse, SystemPromptPart
from playhead.wire._dialect import ModelCall, WireRequest
from playhead.wire._instructions import instruction_parts
from playhead.wire._json import as_dict, as_list, as_text, dump, load_object
from playhead.wire.anthropic_messages._blocks import NAME
from playhead.wire.anthropic_messages._messages import limit_cache_points, read_messages, write_messages
from playhead.wire.anthropic_messages._models import abilities
from playhead.wire.anthropic_messages._tools import (
    cache_control,
    output_schema,
    read_output,
    read_tool_choice,
    read_tools,
    write_tool_choice,
    write_tools,
)

__all__ = ["MODEL_IN_PATH", "read_request", "write_request"]

MODEL_IN_PATH = re.compile(r"/publishers/anthropic/models/(?!count-tokens:)([^/:]+):(rawPredict|streamRawPredict)$")
"""Google Cloud's paths. Counting tokens is a model of its own there."""

PATH = "/v1/messages?beta=true"
MAX_TOKENS = 4096
"""The format demands a limit; this one is sent where the settings have none."""
CACHE_POINTS_MAX = 4
_COMPACTION_BETA = "compact-2026-01-12"
_BUDGETS: dict[Any, int] = {True: 10000, "minimal": 1024, "low": 2048, "medium": 10000, "high": 16384, "xhigh": 32768}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "max"}
_SAMPLING = ("temperature", "top_p", "top_k")


# --------------------------------------------------------------------------- written
def write_request(call: ModelCall) -> WireRequest:
    """The body of `POST /v1/messages`, by the beta interface, which knows all that the plain one does."""
    settings: Any = call.settings
    tools, servers, betas = write_tools(call)
    system_prompts, turns = write_messages(call.messages)
    system = _write_system("\n\n".join(system_prompts), instruction_parts(call), settings)
    caching = _automatic_cache(settings)
    limit_cache_points(CACHE_POINTS_MAX - (caching is not None), system, tools, turns=turns)
    management = _context_management(call, betas)
    body: dict[str, Any] = {
        "max_tokens": settings.get("max_tokens", MAX_TOKENS),
        "messages": turns,
        "model": call.model,
        "cache_control": caching,
        "container": _container(call),
        "context_management": management,
        "mcp_servers": servers or None,
        "metadata": settings.get("anthropic_metadata"),
        "output_config": _output_config(call) or None,
        "stop_sequences": settings.get("stop_sequences"),
        "stream": call.stream,
        "system": system or None,
        "thinking": _thinking(call),
        "tool_choice": write_tool_choice(call, tools),
        "tools": tools or None,
    }
    if abilities(call.model).sampling:
        body |= {key: settings.get(key) for key in _SAMPLING}
    body = {key: value for key, value in body.items() if value is not None}
    body |= {key: value for key, value in call.extra.items() if key not in ("tools", "mcp_servers")}
    body |= _extra_body(call)
    return WireRequest(PATH, dump(body), _headers(settings, betas))


def _write_system(prompt: str, instructions: list[InstructionPart], settings: Any) -> str | list[dict[str, Any]]:
    """One text; or blocks, where there are instructions or what is cached ends within it."""
    cached = settings.get("anthropic_cache_instructions")
    if not instructions and not cached:
        return prompt
    blocks: list[dict[str, Any]] = [{"type": "text", "text": prompt}] if prompt else []
    before = len(blocks)
    blocks += [{"type": "text", "text": part.content} for part in instructions]
    if cached and blocks:
        # Static instructions stand first; what changes with each request stays outside of the cache.
        stable = before + sum(not part.dynamic for part in instructions)
        if stable:
            blocks[stable - 1]["cache_control"] = cache_control(cached)
    return blocks


def _automatic_cache(settings: Any) -> dict[str, Any] | None:
    whole, messages = settings.get("anthropic_cache"), settings.get("anthropic_cache_messages")
    if whole and messages:
        raise UserError("Set `anthropic_cache` or its older name `anthropic_cache_messages`, not both.")
    ttl = whole or messages
    return cache_control(ttl) if ttl else None


def _context_management(call: ModelCall, betas: set[str]) -> Any:
    settings: Any = call.settings
    management = settings.get("anthropic_context_management")
    compacted = any(
        part.part_kind == "compaction"
        for message in call.messages
        if isinstance(message, ModelResponse)
        for part in message.parts
    )
    if management or compacted:
        betas.add(_COMPACTION_BETA)
    if compacted and management is None:
        # Without it the provider would refuse the block that it made itself.
        return {"edits": [{"type": "compact_20260112"}]}
    return management or None


def _container(call: ModelCall) -> Any:
    settings: Any = call.settings
    container = settings.get("anthropic_container")
    if container is not None:
        return None if container is False else container
    for message in reversed(call.messages):
        if isinstance(message, ModelResponse) and message.provider_name == NAME:
            found = (message.provider_details or {}).get("container_id")
            if found:
                return {"id": found}
    return None


def _output_config(call: ModelCall) -> dict[str, Any]:
    settings: Any = call.settings
    config: dict[str, Any] = {}
    if (form := output_schema(call.parameters)) is not None:
        config["format"] = form
    effort = settings.get("anthropic_effort")
    able = abilities(call.model)
    level = call.parameters.thinking
    if effort is None and able.effort and isinstance(level, str):
        effort = level if level == "xhigh" and able.xhigh_effort else _EFFORTS.get(level, level)
    if effort is not None:
        config["effort"] = effort
    return config


def _thinking(call: ModelCall) -> Any:
    settings: Any = call.settings
    if chosen := settings.get("anthropic_thinking"):
        if chosen.get("type") == "enabled" and not abilities(call.model).budget_thinking:
            raise UserError(
                f"{call.model} takes no budget for its reasoning. Use `anthropic_thinking={{'type': 'adaptive'}}`, and "
                "`anthropic_effort` to say how much."
            )
        return chosen
    level = call.parameters.thinking
    if level is None or level is False:
        return None
    if abilities(call.model).adaptive_thinking:
        return {"type": "adaptive"}
    return {"type": "enabled", "budget_tokens": _BUDGETS[level]}


def _extra_body(call: ModelCall) -> dict[str, Any]:
    extra = as_dict(call.settings.get("extra_body"))
    if abilities(call.model).sampling:
        return extra
    return {key: value for key, value in extra.items() if key not in _SAMPLING}


def _headers(settings: Any, betas: set[str]) -> dict[str, str]:
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
    }
    extra: dict[str, str] = settings.get("extra_headers") or {}
    given = {name.lower(): value for name, value in extra.items()}
    betas = betas | {str(beta) for beta in settings.get("anthropic_betas") or ()}
    betas |= {name for beta in given.pop("anthropic-beta", "").split(",") if (name := beta.strip())}
    if betas:
        headers["anthropic-beta"] = ",".join(sorted(betas))
    return headers | given


# --------------------------------------------------------------------------- read
def read_request(request: WireRequest) -> ModelCall:
    """What a body asks. `DecodeError` for what is no request of this format."""
    body = load_object(request.body)
    if "model" not in body and (cloud := MODEL_IN_PATH.search(urlsplit(request.path).path)) is not None:
        body["model"] = unquote(cloud[1])
        body.setdefault("stream", cloud[2] == "streamRawPredict")
    if not isinstance(body.get("messages"), list) or not isinstance(body.get("model"), str):
        raise DecodeError(
            "The request has no list `messages` or names no `model`",
            f"Its fields are {sorted(body)}. Is this a request of another dialect?",
        )
    settings: dict[str, Any] = {}
    parameters = ModelRequestParameters()
    extra = {key: value for key, value in body.items() if key not in _READ}
    for name, key in _SETTINGS.items():
        if name in body:
            settings[key] = body[name]
    if "cache_control" in body:
        settings["anthropic_cache"] = as_dict(body["cache_control"]).get("ttl", True)
    if betas := {name for beta in request.headers.get("anthropic-beta", "").split(",") if (name := beta.strip())}:
        settings["anthropic_betas"] = sorted(betas)
    if others := {name: value for name, value in request.headers.items() if not _is_usual(name)}:
        settings["extra_headers"] = others
    read_tools(body, parameters, settings, extra)
    read_tool_choice(body, parameters, settings)
    read_output(body, parameters, settings)
    if servers := as_list(body.get("mcp_servers")):
        extra["mcp_servers"] = servers
    messages = read_messages(body["messages"])
    prompt = _read_system(body.get("system"), parameters, settings)
    requests = [message for message in messages if isinstance(message, ModelRequest)]
    if prompt is not None:
        if messages and isinstance(messages[0], ModelRequest):
            messages[0].parts = [prompt, *messages[0].parts]
        else:
            messages.insert(0, ModelRequest([prompt]))
    if parameters.instruction_parts and requests:
        requests[-1].instructions = InstructionPart.join(parameters.instruction_parts)
    return ModelCall(
        body["model"],
        messages,
        settings,  # type: ignore[arg-type]
        parameters,
        body.get("stream") is True,
        extra,
    )


def _read_system(system: Any, parameters: ModelRequestParameters, settings: dict[str, Any]) -> SystemPromptPart | None:
    if text := as_text(system):
        return SystemPromptPart(text)
    blocks = [block for block in map(as_dict, as_list(system)) if block.get("type") == "text"]
    if blocks:
        cached = [n for n, block in enumerate(blocks) if "cache_control" in block]
        if cached:
            settings["anthropic_cache_instructions"] = as_dict(blocks[cached[-1]]["cache_control"]).get("ttl", True)
        last = cached[-1] if cached else len(blocks)
        parameters.instruction_parts = [
            InstructionPart(as_text(block.get("text")) or "", dynamic=n > last) for n, block in enumerate(blocks)
        ]
    return None


def _is_usual(header: str) -> bool:
    """Whether a header belongs to the format, to HTTP or to an SDK, and says nothing about the call."""
    return header in _USUAL_HEADERS or header.startswith(("x-stainless-", "sec-"))


_USUAL_HEADERS = {
    "accept",
    "accept-encoding",
    "accept-language",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "anthropic-version",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-api-key",
}
_SETTINGS = {
    "container": "anthropic_container",
    "context_management": "anthropic_context_management",
    "max_tokens": "max_tokens",
    "metadata": "anthropic_metadata",
    "stop_sequences": "stop_sequences",
    "temperature": "temperature",
    "thinking": "anthropic_thinking",
    "top_k": "top_k",
    "top_p": "top_p",
}
_READ = {
    *_SETTINGS,
    "cache_control",
    "mcp_servers",
    "messages",
    "model",
    "output_config",
    "output_format",
    "stream",
    "system",
    "tool_choice",
    "tools",
}
