"""Tools from Python functions."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast, overload

from pydantic.json_schema import GenerateJsonSchema

from playhead._deprecated import plain_function_in_tool
from playhead.context import AgentDepsT, RunContext, changed
from playhead.exceptions import ModelRetry, UserError
from playhead.messages import InstructionPart, ToolDefinition
from playhead.schema import (
    DocstringFormat,
    GenerateToolJsonSchema,
    is_async_callable,
    run_in_thread,
    takes_run_context,
)
from playhead.tools._functions import (
    ArgsValidatorFunc,
    SystemPromptFunc,
    ToolFuncContext,
    ToolFuncEither,
    ToolFuncPlain,
    ToolParams,
    ToolPrepareFunc,
)
from playhead.tools._tool import Tool
from playhead.tools._toolset import AbstractToolset, ToolsetTool


@dataclass(kw_only=True)
class FunctionToolsetTool(ToolsetTool[AgentDepsT]):
    """A tool of a `FunctionToolset`. `timeout` is in seconds."""

    call_func: Callable[[dict[str, Any], RunContext[AgentDepsT]], Any]
    is_async: bool
    timeout: float | None = None


class FunctionToolset(AbstractToolset[AgentDepsT]):
    """Tools from Python functions, given at once or by decorator."""

    tools: dict[str, Tool[Any]]
    """The tools by name."""
    max_retries: int
    """How often the model may try again, for tools that do not say."""
    timeout: float | None
    """Seconds after which a call has failed, for tools that do not say."""

    def __init__(
        self,
        tools: Sequence[Tool[AgentDepsT] | ToolFuncEither[AgentDepsT, ...]] = (),
        *,
        max_retries: int = 1,
        timeout: float | None = None,
        docstring_format: DocstringFormat = "auto",
        require_parameter_descriptions: bool = False,
        schema_generator: type[GenerateJsonSchema] = GenerateToolJsonSchema,
        strict: bool | None = None,
        sequential: bool = False,
        requires_approval: bool = False,
        metadata: dict[str, Any] | None = None,
        defer_loading: bool = False,
        include_return_schema: bool | None = None,
        id: str | None = None,
        instructions: str | SystemPromptFunc[AgentDepsT] | Sequence[str | SystemPromptFunc[AgentDepsT]] | None = None,
    ) -> None:
        """Everything but `tools`, `id` and `instructions` is a default for tools that do not say (see `Tool`).

        `instructions` (texts, or functions that make one) tell the model how to use these tools.
        """
        self.max_retries = max_retries
        self.timeout = timeout
        self.docstring_format: DocstringFormat = docstring_format
        self.require_parameter_descriptions = require_parameter_descriptions
        self.schema_generator = schema_generator
        self.strict = strict
        self.sequential = sequential
        self.requires_approval = requires_approval
        self.metadata = metadata
        self._defer_loading = defer_loading  # the name without the line is a method
        self.include_return_schema = include_return_schema
        self._id = id
        self._instructions: list[str | SystemPromptFunc[AgentDepsT]] = []
        if instructions is not None:
            several = isinstance(instructions, Sequence) and not isinstance(instructions, str)
            self._instructions.extend(instructions if several else [instructions])  # type: ignore[list-item]
        self.tools = {}
        for given in tools:
            add: Any = self.add_tool if isinstance(given, Tool) else self.add_function
            add(given)

    @property
    def id(self) -> str | None:
        return self._id

    @overload
    def tool(self, func: ToolFuncContext[AgentDepsT, ToolParams], /) -> ToolFuncContext[AgentDepsT, ToolParams]: ...
    @overload
    def tool(
        self,
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        prepare: ToolPrepareFunc[AgentDepsT] | None = None,
        args_validator: ArgsValidatorFunc[AgentDepsT, ToolParams] | None = None,
        docstring_format: DocstringFormat | None = None,
        require_parameter_descriptions: bool | None = None,
        schema_generator: type[GenerateJsonSchema] | None = None,
        strict: bool | None = None,
        sequential: bool | None = None,
        requires_approval: bool | None = None,
        metadata: dict[str, Any] | None = None,
        timeout: float | None = None,
        defer_loading: bool | None = None,
        include_return_schema: bool | None = None,
    ) -> Callable[[ToolFuncContext[AgentDepsT, ToolParams]], ToolFuncContext[AgentDepsT, ToolParams]]: ...
    def tool(self, func: Any = None, /, **options: Any) -> Any:
        """Decorator: a tool whose first parameter is the context. Options as for `Tool`, `retries` its `max_retries`."""
        return self._register(func, options, takes_ctx=None)

    @overload
    def tool_plain(self, func: ToolFuncPlain[ToolParams], /) -> ToolFuncPlain[ToolParams]: ...
    @overload
    def tool_plain(
        self,
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        prepare: ToolPrepareFunc[AgentDepsT] | None = None,
        args_validator: ArgsValidatorFunc[AgentDepsT, ToolParams] | None = None,
        docstring_format: DocstringFormat | None = None,
        require_parameter_descriptions: bool | None = None,
        schema_generator: type[GenerateJsonSchema] | None = None,
        strict: bool | None = None,
        sequential: bool | None = None,
        requires_approval: bool | None = None,
        metadata: dict[str, Any] | None = None,
        timeout: float | None = None,
        defer_loading: bool | None = None,
        include_return_schema: bool | None = None,
    ) -> Callable[[ToolFuncPlain[ToolParams]], ToolFuncPlain[ToolParams]]: ...
    def tool_plain(self, func: Any = None, /, **options: Any) -> Any:
        """Decorator: a tool without the context. Options as for `Tool`, `retries` its `max_retries`."""
        return self._register(func, options, takes_ctx=False)

    def _register(self, func: Any, options: dict[str, Any], *, takes_ctx: bool | None) -> Any:
        def register(function: Any) -> Any:
            tool = self.add_function(function, takes_ctx=takes_ctx, **options)
            if takes_ctx is None and not tool.takes_ctx:
                plain_function_in_tool(2 if func is None else 4)
            return function

        return register if func is None else register(func)

    def instructions(self, func: SystemPromptFunc[AgentDepsT], /) -> SystemPromptFunc[AgentDepsT]:
        """Decorator: a function that makes instructions for these tools."""
        self._instructions.append(func)
        return func

    def add_function(
        self,
        func: ToolFuncEither[AgentDepsT, ToolParams],
        takes_ctx: bool | None = None,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        prepare: ToolPrepareFunc[AgentDepsT] | None = None,
        args_validator: ArgsValidatorFunc[AgentDepsT, ToolParams] | None = None,
        docstring_format: DocstringFormat | None = None,
        require_parameter_descriptions: bool | None = None,
        schema_generator: type[GenerateJsonSchema] | None = None,
        strict: bool | None = None,
        sequential: bool | None = None,
        requires_approval: bool | None = None,
        defer_loading: bool | None = None,
        metadata: dict[str, Any] | None = None,
        timeout: float | None = None,
        include_return_schema: bool | None = None,
    ) -> Tool[AgentDepsT]:
        """Make a tool of a function, and add it. What is None is the toolset's default; `metadata` is added to the toolset's.

        Raises `UserError` for a name that is taken, and for a signature that a tool cannot have.
        """

        def given(value: Any, default: Any) -> Any:
            return default if value is None else value

        tool = Tool[AgentDepsT](
            func,
            takes_ctx=takes_ctx,
            name=name,
            description=description,
            max_retries=retries,
            prepare=prepare,
            args_validator=args_validator,
            docstring_format=given(docstring_format, self.docstring_format),
            require_parameter_descriptions=given(require_parameter_descriptions, self.require_parameter_descriptions),
            schema_generator=given(schema_generator, self.schema_generator),
            strict=self.strict if strict is None else strict,
            sequential=given(sequential, self.sequential),
            requires_approval=given(requires_approval, self.requires_approval),
            metadata=metadata,
            timeout=timeout,
            defer_loading=given(defer_loading, self._defer_loading),
            include_return_schema=self.include_return_schema
            if include_return_schema is None
            else include_return_schema,
        )
        self.add_tool(tool)
        return tool

    def add_tool(self, tool: Tool[AgentDepsT]) -> None:
        """Add a tool. Raises `UserError` for a name that is taken."""
        if tool.name in self.tools:
            raise UserError(f"There is a tool {tool.name!r} already: give one of the two another name")
        tool.max_retries = self.max_retries if tool.max_retries is None else tool.max_retries
        tool.metadata = tool.metadata if self.metadata is None else self.metadata | (tool.metadata or {})
        self.tools[tool.name] = tool

    async def get_instructions(self, ctx: RunContext[AgentDepsT]) -> list[InstructionPart] | None:
        parts: list[InstructionPart] = []
        for item in self._instructions:
            text = item if isinstance(item, str) else await _make_text(item, ctx)
            if text:
                parts.append(InstructionPart(text, dynamic=not isinstance(item, str)))
        return parts or None

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        tools: dict[str, ToolsetTool[AgentDepsT]] = {}
        for name, tool in self.tools.items():
            limit = tool.max_retries if tool.max_retries is not None else self.max_retries
            if tool.prepare is None and type(tool).prepare_tool_def is Tool.prepare_tool_def:
                tool_def = tool.tool_def
            else:
                own = changed(ctx, tool_name=name, retry=ctx.retries.get(name, 0), max_retries=limit)
                tool_def = await tool.prepare_tool_def(own)
                if tool_def is None:
                    continue
            if tool_def.name in tools:
                if tool_def.name != name:
                    raise UserError(f"Tool {name!r} was prepared as {tool_def.name!r}, which another tool is called.")
                raise UserError(f"Another tool was prepared as {name!r}, which this one is called.")
            tools[tool_def.name] = self._offer(tool, tool_def, limit)
        return tools

    def _offer(
        self, tool: Tool[AgentDepsT], tool_def: ToolDefinition, max_retries: int
    ) -> FunctionToolsetTool[AgentDepsT]:
        function = tool.function_schema
        return FunctionToolsetTool(
            call_func=function.call,
            is_async=function.is_async,
            args_validator=function.validator,
            args_validator_func=tool.args_validator,
            tool_def=tool_def,
            timeout=tool_def.timeout,
            max_retries=max_retries,
            toolset=self,
        )

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> Any:
        assert isinstance(tool, FunctionToolsetTool)
        limit = self.timeout if tool.timeout is None else tool.timeout
        if limit is None:
            return await tool.call_func(tool_args, ctx)
        timer = asyncio.timeout(limit)
        try:
            async with timer:
                return await tool.call_func(tool_args, ctx)
        except TimeoutError:
            if not timer.expired():
                raise  # the tool's own
            raise ModelRetry(f"Timed out after {limit} seconds.") from None


async def _make_text(function: SystemPromptFunc[Any], ctx: RunContext[Any]) -> str | None:
    made = cast(Callable[..., Any], function)
    args = (ctx,) if takes_run_context(made) or len(inspect.signature(made).parameters) > 0 else ()
    if is_async_callable(made):
        return cast("str | None", await made(*args))
    return cast("str | None", await run_in_thread(made, *args))
