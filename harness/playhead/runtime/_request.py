"""From the state of a run to what the model is sent in this step."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from playhead import clock
from playhead.context import RunContext, changed
from playhead.exceptions import UserError
from playhead.messages import (
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelSettings,
    ToolDefinition,
    merge_model_settings,
)
from playhead.runtime._state import GraphRunContext
from playhead.schema import is_async_callable, run_in_thread, takes_run_context


async def prepare_request(
    ctx: GraphRunContext[Any, Any], request: ModelRequest, resuming: bool
) -> tuple[ModelSettings | None, ModelRequestParameters, list[ModelMessage]]:
    """Begin a step with `request`: it goes into the history; settings, parameters and messages come out."""
    state, deps = ctx.state, ctx.deps
    request.timestamp = clock.now()
    request.run_id = state.run_id
    history = state.message_history
    history.append(request)
    if resuming:
        deps.new_message_index = len(history)
    state.run_step += 1
    run_context = ctx.run_context()
    deps.tool_manager = await deps.tool_manager.for_run_step(ctx.output_context())
    parts = await deps.get_instructions(run_context)
    if not history[:-1] and not request.parts and not parts:
        raise UserError("No message history, user prompt, or instructions provided")
    parts = InstructionPart.sorted(parts) if parts else None
    request.instructions = InstructionPart.join(parts) if parts else None
    told = changed(run_context)  # tools and history processors are told the settings, whoever comes before is not
    settings = deps.model_settings(told)
    told.model_settings = merge_model_settings(deps.model.settings, settings) or {}
    deps.max_tokens = (settings or {}).get("max_tokens")
    if deps.tool_manager.ctx is not None:
        deps.tool_manager.ctx.model_settings = told.model_settings
    if deps.history_processors:
        await _process_history(ctx, deps.history_processors, told)
    settings, parameters = deps.model.prepare_request(settings, await _parameters(ctx, parts))
    messages = deps.merged.of(history)
    usage = state.usage
    limits = deps.usage_limits
    if limits.count_tokens_before_request:
        counted = await deps.model.count_tokens(messages, settings, parameters)
        usage = replace(usage)
        usage.incr(counted)
    limits.check_before_request(usage)
    return settings, parameters, messages


async def _parameters(
    ctx: GraphRunContext[Any, Any], instruction_parts: list[InstructionPart] | None
) -> ModelRequestParameters:
    deps = ctx.deps
    schema = deps.output_schema
    function_tools: list[ToolDefinition] = []
    output_tools: list[ToolDefinition] = []
    for definition in deps.tool_manager.tool_defs:
        if definition.kind == "output":
            output_tools.append(definition)
        else:
            function_tools.append(_shown(ctx, definition))
    return ModelRequestParameters(
        function_tools=function_tools,
        builtin_tools=await _builtin_tools(ctx),
        output_mode=schema.mode,
        output_tools=output_tools,
        output_object=schema.object_def,
        prompted_output_template=schema.template,
        allow_text_output=schema.allows_text,
        allow_image_output=schema.allows_image,
        instruction_parts=instruction_parts,
    )


def _shown(ctx: GraphRunContext[Any, Any], definition: ToolDefinition) -> ToolDefinition:
    """A tool as this model is shown it: what it returns only where that is asked for, in words if need be."""
    if definition.return_schema is None:
        return definition
    known = ctx.deps.shown_tools.get(id(definition))
    if known is not None and known[0] is definition:
        return known[1]
    shown = definition
    if not definition.include_return_schema:
        shown = replace(definition, return_schema=None)
    elif not ctx.deps.model.profile.supports_tool_return_schema:
        schema = json.dumps(definition.return_schema, indent=2)
        words = f"Return schema:\n\n{schema}"
        description = f"{definition.description}\n\n{words}" if definition.description else words
        shown = replace(definition, return_schema=None, description=description)
    ctx.deps.shown_tools[id(definition)] = definition, shown
    return shown


async def _builtin_tools(ctx: GraphRunContext[Any, Any]) -> list[Any]:
    """Native tools, those that functions make among them; the last one of a kind counts."""
    found: dict[Any, Any] = {}
    for tool in ctx.deps.builtin_tools:
        if callable(tool) and not hasattr(tool, "kind"):
            tool = tool(ctx.run_context())
            tool = await tool if inspect.isawaitable(tool) else tool
        if tool is not None:
            found[getattr(tool, "unique_id", None) or getattr(tool, "kind", tool)] = tool
    return list(found.values())


async def _process_history(ctx: GraphRunContext[Any, Any], processors: Any, told: RunContext[Any]) -> None:
    """Let each processor make the history anew. It has to end with a request."""
    state, deps = ctx.state, ctx.deps
    messages: list[ModelMessage] = list(state.message_history)
    for processor in processors:
        messages = await _processed(processor, messages, told)
    if not messages:
        raise UserError("Processed history cannot be empty.")
    last = messages[-1]
    if not isinstance(last, ModelRequest):
        raise UserError("Processed history must end with a `ModelRequest`.")
    if last.timestamp is None:
        last.timestamp = clock.now()
    last.run_id = last.run_id or state.run_id
    if messages != state.message_history:
        deps.new_message_index = _first_new(messages, state.run_id, deps.resumed)
    state.message_history[:] = messages


def _first_new(messages: list[ModelMessage], run_id: str, resumed: ModelRequest | None) -> int:
    """Where what this run adds begins in a history made anew.

    A request that the caller's history ended with belongs to the run and is nothing new. A processor may have left it
    as it is, or out, or put another like it in its place.
    """
    if resumed is not None:
        places = [number for number, message in enumerate(messages) if message is resumed] or [
            number for number, message in enumerate(messages) if _says_the_same(message, resumed)
        ][-1:]
        if places:
            return places[0] + 1
    return next((number for number, message in enumerate(messages) if message.run_id == run_id), len(messages))


def _says_the_same(message: ModelMessage, request: ModelRequest) -> bool:
    return isinstance(message, ModelRequest) and replace(message, run_id=request.run_id) == request


async def _processed(
    processor: Callable[..., Any], messages: list[ModelMessage], told: RunContext[Any]
) -> list[ModelMessage]:
    args: tuple[Any, ...] = (messages,)
    if takes_run_context(processor):
        args = (told, messages)
    if is_async_callable(processor):
        return await processor(*args)
    return await run_in_thread(processor, *args)
