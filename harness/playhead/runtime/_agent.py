"""The agent: what is declared once. How it runs is in `_ways`, what a run does in `_nodes`."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self, cast, overload

from typing_extensions import deprecated

from playhead._deprecated import OlderAgent, older_agent_arguments
from playhead.concurrency import AnyConcurrencyLimit, as_limiter, place_in
from playhead.context import AgentDepsT, RunContext
from playhead.exceptions import UserError
from playhead.messages import InstructionPart, ModelMessage, ModelSettings, merge_model_settings
from playhead.models import Model, infer_model
from playhead.output import OutputDataT, OutputSchema, OutputSpec, OutputValidator
from playhead.runtime._decorators import DeclaringAgent
from playhead.runtime._json_schema import output_json_schema
from playhead.runtime._nodes import UserPromptNode
from playhead.runtime._own_tools import OwnToolset
from playhead.runtime._prompts import AgentInstructions, PromptFunction, instruction_parts, split_instructions
from playhead.runtime._run import AgentRun, run_messages
from playhead.runtime._state import EndStrategy, EventStreamHandler, GraphRunContext, RunDeps, RunState
from playhead.runtime._ways import AgentMetadata, AgentModelSettings
from playhead.tools import (
    AbstractToolset,
    AgentToolset,
    CombinedToolset,
    DynamicToolset,
    FunctionToolset,
    Tool,
    ToolFuncEither,
    ToolManager,
    ToolsPrepareFunc,
)
from playhead.usage import RunUsage, UsageLimits


class Unset:
    """The type of `UNSET`, for arguments that may be None."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Any = Unset()
NoneType = type(None)


class Agent(DeclaringAgent[AgentDepsT, OutputDataT], OlderAgent):
    """A model with prompts, tools and an output type, that can be run again and again.

    `Agent[Deps, Output]`: what tools and prompts are given as `ctx.deps`, and what a run returns. An agent holds nothing
    of a run, so runs may go on at the same time.
    """

    _instrument_default: ClassVar[Any] = False

    @overload
    def __init__(
        self,
        model: Model | str | None = None,
        *,
        output_type: OutputSpec[OutputDataT] = str,
        instructions: AgentInstructions[AgentDepsT] = None,
        system_prompt: str | Sequence[str] = (),
        deps_type: type[AgentDepsT] = NoneType,
        name: str | None = None,
        description: str | None = None,
        model_settings: AgentModelSettings[AgentDepsT] | None = None,
        retries: int = 1,
        validation_context: Any | Callable[[RunContext[AgentDepsT]], Any] = None,
        output_retries: int | None = None,
        tools: Sequence[Tool[AgentDepsT] | ToolFuncEither[AgentDepsT, ...]] = (),
        builtin_tools: Sequence[Any] = (),
        prepare_tools: ToolsPrepareFunc[AgentDepsT] | None = None,
        prepare_output_tools: ToolsPrepareFunc[AgentDepsT] | None = None,
        toolsets: Sequence[AgentToolset[AgentDepsT]] | None = None,
        defer_model_check: bool = False,
        end_strategy: EndStrategy = "early",
        instrument: Any = None,
        metadata: AgentMetadata[AgentDepsT] | None = None,
        history_processors: Sequence[Callable[..., Any]] | None = None,
        event_stream_handler: EventStreamHandler[AgentDepsT] | None = None,
        tool_timeout: float | None = None,
        max_concurrency: AnyConcurrencyLimit = None,
        capabilities: Sequence[Any] | None = None,
    ) -> None: ...
    @overload
    @deprecated("`result_type` and `result_retries` are called `output_type` and `output_retries` now")
    def __init__(
        self,
        model: Model | str | None = None,
        *,
        output_type: OutputSpec[Any] = str,
        result_type: OutputSpec[OutputDataT] = str,
        result_retries: int | None = None,
        system_prompt: str | Sequence[str] = (),
        deps_type: type[AgentDepsT] = NoneType,
        name: str | None = None,
        model_settings: ModelSettings | None = None,
        retries: int = 1,
        tools: Sequence[Tool[AgentDepsT] | ToolFuncEither[AgentDepsT, ...]] = (),
        defer_model_check: bool = False,
        end_strategy: EndStrategy = "early",
        instrument: Any = None,
    ) -> None: ...
    def __init__(
        self,
        model: Model | str | None = None,
        *,
        output_type: OutputSpec[OutputDataT] = str,
        instructions: AgentInstructions[AgentDepsT] = None,
        system_prompt: str | Sequence[str] = (),
        deps_type: type[AgentDepsT] = NoneType,
        name: str | None = None,
        description: str | None = None,
        model_settings: AgentModelSettings[AgentDepsT] | None = None,
        retries: int = 1,
        validation_context: Any | Callable[[RunContext[AgentDepsT]], Any] = None,
        output_retries: int | None = None,
        tools: Sequence[Tool[AgentDepsT] | ToolFuncEither[AgentDepsT, ...]] = (),
        builtin_tools: Sequence[Any] = (),
        prepare_tools: ToolsPrepareFunc[AgentDepsT] | None = None,
        prepare_output_tools: ToolsPrepareFunc[AgentDepsT] | None = None,
        toolsets: Sequence[AgentToolset[AgentDepsT]] | None = None,
        defer_model_check: bool = False,
        end_strategy: EndStrategy = "early",
        instrument: Any = None,
        metadata: AgentMetadata[AgentDepsT] | None = None,
        history_processors: Sequence[Callable[..., Any]] | None = None,
        event_stream_handler: EventStreamHandler[AgentDepsT] | None = None,
        tool_timeout: float | None = None,
        max_concurrency: AnyConcurrencyLimit = None,
        capabilities: Sequence[Any] | None = None,
        **older: Any,
    ) -> None:
        """Declare an agent.

        Args:
            model: The model, or its name (`"openai:gpt-5"`, `"test"`). May be given for each run instead.
            output_type: What a run returns: a type, several, a marker such as `ToolOutput`, or a function.
            instructions: What the model is told in each request; texts, functions, or several of these.
            system_prompt: What the model is told at the beginning of a conversation, and what its history keeps.
            deps_type: The type of `deps`, for type checkers.
            name: The agent's name; else that of the variable that holds it when it first runs.
            description: What the agent is for.
            model_settings: Settings of requests, or a function that makes them. Those of a run win.
            retries: How often a tool, or the output, may be tried again.
            validation_context: pydantic's validation context, or a function that makes it.
            output_retries: How often the output may be tried again, if other than `retries`.
            tools: Functions, or `Tool`s. Functions whose first parameter is a `RunContext` are given it.
            builtin_tools: Tools that the provider runs itself.
            prepare_tools: Changes the function tools for each step.
            prepare_output_tools: Changes the output tools for each step.
            toolsets: More tools.
            defer_model_check: Look at a model's name only when the agent runs.
            end_strategy: What happens to other tool calls beside the final output: `early` leaves them out, `graceful`
                runs function tools, `exhaustive` runs output tools, too.
            instrument: Accepted for compatibility; nothing is sent anywhere.
            metadata: What runs are labelled with, or a function that makes it.
            history_processors: Functions that make the history anew before each request.
            event_stream_handler: Is given the events of runs that name no handler of their own.
            tool_timeout: Seconds after which a call of a tool has failed.
            max_concurrency: How many runs may go on at the same time.
            capabilities: Not supported.
        """
        older = older_agent_arguments(older)
        output_type = older.pop("output_type", output_type)
        output_retries = older.pop("output_retries", output_retries)
        history_processors = older.pop("history_processors", history_processors)
        if older:
            names = ", ".join(f"`{name}`" for name in older)
            raise UserError(f"Unknown keyword arguments: {names}")
        if capabilities:
            raise UserError("Capabilities are not supported: use tools, toolsets, instructions or history processors.")
        self._model = model if model is None or defer_model_check or isinstance(model, Model) else infer_model(model)
        self._name = name
        self._description = description
        self._deps_type = deps_type
        self._output_type = output_type
        self._output_schema: OutputSchema[Any] = self._build_output_schema(output_type)
        self._output_validators: list[OutputValidator[Any, Any]] = []
        self._instructions, self._instruction_functions = split_instructions(instructions)
        self._system_prompts = (system_prompt,) if isinstance(system_prompt, str) else tuple(system_prompt)
        self._system_prompt_functions: list[PromptFunction] = []
        self.model_settings = model_settings
        self.end_strategy: EndStrategy = end_strategy
        self.instrument = instrument
        self._metadata = metadata
        self._max_tool_retries = retries
        self._max_result_retries = retries if output_retries is None else output_retries
        self._validation_context = validation_context
        self._prepare_tools = prepare_tools
        self._prepare_output_tools = prepare_output_tools
        self._builtin_tools = list(builtin_tools)
        self.history_processors: list[Callable[..., Any]] = list(history_processors or ())
        self._event_stream_handler = event_stream_handler
        self._limiter = as_limiter(max_concurrency)
        self._tool_timeout = tool_timeout
        self._function_toolset: FunctionToolset[Any] = self._toolset_of(tools)
        self._user_toolsets: list[AbstractToolset[Any]] = [_as_toolset(toolset) for toolset in toolsets or ()]
        self._overrides: ContextVar[dict[str, Any] | None] = ContextVar("playhead_agent_overrides", default=None)
        self._entered: AsyncExitStack | None = None
        self._entered_count = 0

    def _build_output_schema(self, output_type: Any) -> OutputSchema[Any]:
        return OutputSchema.build(output_type)

    def _toolset_of(self, tools: Sequence[Any]) -> FunctionToolset[Any]:
        return OwnToolset(tools, self._output_schema, max_retries=self._max_tool_retries, timeout=self._tool_timeout)

    # ----------------------------------------------------------------- what was declared
    @property
    def model(self) -> Model | str | None:
        """The agent's model."""
        return self._model

    @model.setter
    def model(self, value: Model | str | None) -> None:
        self._model = value

    @property
    def name(self) -> str | None:
        """The agent's name."""
        return self._overridden("name", self._name)

    @name.setter
    def name(self, value: str | None) -> None:
        self._name = value

    @property
    def description(self) -> str | None:
        """What the agent is for."""
        return self._description

    @description.setter
    def description(self, value: str | None) -> None:
        self._description = value

    @property
    def deps_type(self) -> type:
        """The type of `deps`."""
        return self._deps_type

    @property
    def output_type(self) -> OutputSpec[OutputDataT]:
        """What a run returns."""
        return self._output_type

    @property
    def event_stream_handler(self) -> EventStreamHandler[AgentDepsT] | None:
        """Is given the events of runs that name no handler of their own."""
        return self._event_stream_handler

    @property
    def toolsets(self) -> Sequence[AbstractToolset[AgentDepsT]]:
        """Where the agent's tools come from, its own functions first."""
        tools = self._overridden("tools", None)
        own = self._function_toolset if tools is None else self._toolset_of(tools)
        return [own, *self._overridden("toolsets", self._user_toolsets)]

    def output_json_schema(self, output_type: OutputSpec[Any] | None = None) -> dict[str, Any]:
        """The JSON schema of what a run returns."""
        return output_json_schema(output_type if output_type is not None else self._output_type)

    def __repr__(self) -> str:
        return (
            f"Agent(model={self.model!r}, name={self.name!r}, end_strategy={self.end_strategy!r}, "
            f"model_settings={self.model_settings!r}, output_type={self.output_type!r}, instrument={self.instrument!r})"
        )

    @staticmethod
    def instrument_all(instrument: Any = True) -> None:
        """Accepted for compatibility; nothing is sent anywhere."""
        Agent._instrument_default = instrument

    # ----------------------------------------------------------------- overriding
    @contextmanager
    def override(
        self,
        *,
        name: str | Unset = UNSET,
        deps: AgentDepsT | Unset = UNSET,
        model: Model | str | Unset = UNSET,
        toolsets: Sequence[AbstractToolset[AgentDepsT]] | Unset = UNSET,
        tools: Sequence[Tool[AgentDepsT] | ToolFuncEither[AgentDepsT, ...]] | Unset = UNSET,
        instructions: AgentInstructions[AgentDepsT] | Unset = UNSET,
        metadata: AgentMetadata[AgentDepsT] | Unset = UNSET,
        model_settings: AgentModelSettings[AgentDepsT] | Unset = UNSET,
        spec: dict[str, Any] | None = None,
    ) -> Generator[None]:
        """Replace what was declared, for the block (in this task and those it starts). It wins over a run's arguments."""
        if spec is not None:
            raise UserError("Agent specs are not supported: declare the agent in Python.")
        given = {
            "name": name,
            "deps": deps,
            "model": infer_model(model) if isinstance(model, str) else model,
            "toolsets": toolsets,
            "tools": tools,
            "instructions": instructions,
            "metadata": metadata,
            "model_settings": model_settings,
        }
        changed = {key: value for key, value in given.items() if not isinstance(value, Unset)}
        token = self._overrides.set({**(self._overrides.get() or {}), **changed})
        try:
            yield
        finally:
            self._overrides.reset(token)

    def _overridden(self, name: str, otherwise: Any) -> Any:
        overrides = self._overrides.get()
        return otherwise if overrides is None else overrides.get(name, otherwise)

    # ----------------------------------------------------------------- running
    @asynccontextmanager
    async def _open(self, user_prompt: Any, options: dict[str, Any]) -> AsyncGenerator[AgentRun[Any, Any]]:
        model = self._model_of(options["model"])
        output_type = options["output_type"]
        schema = self._output_schema
        if output_type is not None:
            if self._output_validators:
                raise UserError("Cannot set a custom run `output_type` when the agent has output validators")
            schema = self._build_output_schema(output_type)
        usage = options["usage"]
        state = RunState(message_history=run_messages(), usage=RunUsage() if usage is None else usage)
        state.message_history[:] = _history_of(options["message_history"])
        literal, functions = self._instructions_of(options.get("instructions"))
        tools = self._tools_of(schema, options["toolsets"])

        async def get_instructions(run_context: RunContext[Any]) -> list[InstructionPart] | None:
            return await instruction_parts(literal, functions, tools, run_context)

        deps: RunDeps[Any, Any] = RunDeps(
            user_deps=self._overridden("deps", options["deps"]),
            agent=self,
            prompt=user_prompt,
            new_message_index=len(state.message_history),
            model=model,
            model_settings=self._settings_of(model, options["model_settings"]),
            usage_limits=options["usage_limits"] or UsageLimits(),
            end_strategy=self.end_strategy,
            max_result_retries=self._max_result_retries,
            output_schema=schema,
            output_validators=self._output_validators,
            history_processors=self.history_processors,
            get_instructions=get_instructions,
            builtin_tools=[*self._builtin_tools, *(options["builtin_tools"] or ())],
            tool_manager=ToolManager(tools, default_max_retries=self._max_tool_retries),
            validation_context=self._validation_context,
        )
        ctx: GraphRunContext[Any, Any] = GraphRunContext(state=state, deps=deps)
        state.metadata = self._metadata_of(options["metadata"], ctx)
        first: UserPromptNode[Any, Any] = UserPromptNode(
            user_prompt=user_prompt,
            deferred_tool_results=options["deferred_tool_results"],
            instructions=literal,
            instructions_functions=functions,
            system_prompts=self._system_prompts,
            system_prompt_functions=self._system_prompt_functions,
            system_prompt_dynamic_functions={
                item.reference: item for item in self._system_prompt_functions if item.dynamic
            },
        )
        async with place_in(self._limiter, f"agent:{self.name or 'agent'}"):
            run_tools = await tools.for_run(ctx.run_context())
            deps.tool_manager.toolset = run_tools
            async with run_tools:
                run: AgentRun[Any, Any] = AgentRun(ctx, first, options.get("event_stream_handler"))
                try:
                    yield run
                finally:
                    if ctx.unread is not None:
                        await ctx.take_unread().aclose()
                    state.metadata = self._metadata_of(options["metadata"], ctx)

    def _model_of(self, given: Model | str | None) -> Model:
        replaced = self._overridden("model", None)
        model = replaced or given or self._model
        if model is None or (given is None and self._model is None):  # an override does not hide that nobody named one
            hint = " (Even when `override(model=...)` is customizing the model that is called)" if replaced else ""
            raise UserError(f"`model` must either be set on the agent or included when calling it.{hint}")
        if not isinstance(model, Model):
            model = infer_model(model)
            if self._model is not None and not isinstance(self._model, Model) and given is None:
                self._model = model
        return model

    def _instructions_of(self, given: Any) -> tuple[str | None, list[PromptFunction]]:
        """The instructions of a run: texts joined, and functions, the agent's before the run's."""
        replaced = self._overridden("instructions", UNSET)
        if replaced is not UNSET:
            texts, functions = split_instructions(replaced)
        else:
            texts, functions = split_instructions(given)
            texts = [*self._instructions, *texts]
            functions = [*self._instruction_functions, *functions]
        return "\n".join(texts).strip() or None, functions

    def _tools_of(self, schema: OutputSchema[Any], given: Sequence[Any] | None) -> AbstractToolset[Any]:
        """All tools of a run in one toolset: output tools, the agent's functions, its toolsets, those of the run."""
        own, *others = self.toolsets
        if given is not None and self._overridden("toolsets", None) is None:
            others.extend(_as_toolset(toolset) for toolset in given)
        functions: list[AbstractToolset[Any]] = [own, *others]
        if self._prepare_tools is not None:
            functions = [CombinedToolset(functions).prepared(self._prepare_tools)]
        if schema.toolset is not None:
            outputs: AbstractToolset[Any] = schema.toolset.with_validators(
                self._output_validators, self._max_result_retries
            )
            if self._prepare_output_tools is not None:
                outputs = outputs.prepared(self._prepare_output_tools)
            functions.insert(0, outputs)
        return CombinedToolset(functions)

    def _settings_of(self, model: Model, given: Any) -> Callable[[RunContext[Any]], ModelSettings | None]:
        layers = [self._overridden("model_settings", self.model_settings)]
        if self._overridden("model_settings", None) is None:
            layers.append(given)
        layers = [layer for layer in layers if layer is not None]
        if not any(callable(layer) for layer in layers):
            merged: ModelSettings | None = None
            for layer in layers:
                merged = merge_model_settings(merged, layer)
            return lambda run_context: merged

        def settings(run_context: RunContext[Any]) -> ModelSettings | None:
            found = model.settings
            for layer in layers:
                run_context.model_settings = found
                made: Any = layer(run_context) if callable(layer) else layer
                found = merge_model_settings(found, made)
            return found

        return settings

    def _metadata_of(self, given: Any, ctx: GraphRunContext[Any, Any]) -> dict[str, Any] | None:
        replaced = self._overridden("metadata", UNSET)
        layers = [replaced] if replaced is not UNSET else [self._metadata, given]
        found: dict[str, Any] = {}
        for layer in layers:
            if layer is not None:
                made: Any = layer(ctx.run_context()) if callable(layer) else layer
                found.update(made)
        return found or None

    def _infer_name(self) -> None:
        if self._name is not None:
            return
        frame = sys._getframe(2)
        for names in (frame.f_locals, frame.f_globals):
            for name, value in names.items():
                if value is self:
                    self._name = name
                    return

    # ----------------------------------------------------------------- toolsets that stay open
    async def __aenter__(self) -> Self:
        """Open the agent's toolsets once, for several runs."""
        if self._entered_count == 0:
            stack = AsyncExitStack()
            for toolset in self.toolsets:
                await stack.enter_async_context(toolset)
            self._entered = stack
        self._entered_count += 1
        return self

    async def __aexit__(self, *error: Any) -> bool | None:
        self._entered_count -= 1
        if self._entered_count == 0 and self._entered is not None:
            await self._entered.aclose()
            self._entered = None
        return None


def _history_of(given: Sequence[ModelMessage] | None) -> Sequence[ModelMessage]:
    """`UserError` for messages in JSON or as dictionaries: they would fail far from here."""
    if isinstance(given, Sequence) and given and not hasattr(given[0], "parts"):
        what = type(given).__name__ if isinstance(given, (str, bytes)) else f"a list of {type(given[0]).__name__}"
        raise UserError(
            f"`message_history` is a list of `ModelMessage`, not {what}. Read stored messages by "
            "`ModelMessagesTypeAdapter.validate_json(...)`, or by `validate_python(...)` where they are dictionaries."
        )
    return given or ()


def _as_toolset(toolset: Any) -> AbstractToolset[Any]:
    if isinstance(toolset, AbstractToolset):
        return cast("AbstractToolset[Any]", toolset)
    return DynamicToolset(toolset)
