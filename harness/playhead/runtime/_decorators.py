"""What an agent is declared with after it was made: tools, validators, prompts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast, overload

from pydantic.json_schema import GenerateJsonSchema

from playhead.context import AgentDepsT, RunContext
from playhead.output import OutputDataT, OutputValidator, OutputValidatorFunc
from playhead.runtime._prompts import PromptFunction
from playhead.runtime._ways import AbstractAgent
from playhead.tools import (
    AbstractToolset,
    ArgsValidatorFunc,
    DocstringFormat,
    DynamicToolset,
    FunctionToolset,
    GenerateToolJsonSchema,
    SystemPromptFunc,
    ToolFuncContext,
    ToolFuncPlain,
    ToolParams,
    ToolPrepareFunc,
    ToolsetFunc,
)


class DeclaringAgent(AbstractAgent[AgentDepsT, OutputDataT]):
    """An agent with its decorators."""

    _function_toolset: FunctionToolset[Any]
    _user_toolsets: list[AbstractToolset[Any]]
    _output_validators: list[OutputValidator[Any, Any]]
    _instruction_functions: list[PromptFunction]
    _system_prompt_functions: list[PromptFunction]

    # ----------------------------------------------------------------- tools
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
        docstring_format: DocstringFormat = "auto",
        require_parameter_descriptions: bool = False,
        schema_generator: type[GenerateJsonSchema] = GenerateToolJsonSchema,
        strict: bool | None = None,
        sequential: bool = False,
        requires_approval: bool = False,
        metadata: dict[str, Any] | None = None,
        timeout: float | None = None,
        defer_loading: bool = False,
        include_return_schema: bool | None = None,
    ) -> Callable[[ToolFuncContext[AgentDepsT, ToolParams]], ToolFuncContext[AgentDepsT, ToolParams]]: ...
    def tool(
        self,
        func: ToolFuncContext[AgentDepsT, ToolParams] | None = None,
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        prepare: ToolPrepareFunc[AgentDepsT] | None = None,
        args_validator: ArgsValidatorFunc[AgentDepsT, ToolParams] | None = None,
        docstring_format: DocstringFormat = "auto",
        require_parameter_descriptions: bool = False,
        schema_generator: type[GenerateJsonSchema] = GenerateToolJsonSchema,
        strict: bool | None = None,
        sequential: bool = False,
        requires_approval: bool = False,
        metadata: dict[str, Any] | None = None,
        timeout: float | None = None,
        defer_loading: bool = False,
        include_return_schema: bool | None = None,
    ) -> Any:
        """Make a tool of a function whose first parameter is the `RunContext`. Parameters: see `playhead.tools.Tool`."""

        def register(function: Any) -> Any:
            self._function_toolset.add_function(
                function,
                takes_ctx=True,
                name=name,
                description=description,
                retries=retries,
                prepare=prepare,
                args_validator=cast(Any, args_validator),
                docstring_format=docstring_format,
                require_parameter_descriptions=require_parameter_descriptions,
                schema_generator=schema_generator,
                strict=strict,
                sequential=sequential,
                requires_approval=requires_approval,
                metadata=metadata,
                timeout=timeout,
                defer_loading=defer_loading,
                include_return_schema=include_return_schema,
            )
            return function

        return register if func is None else register(func)

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
        docstring_format: DocstringFormat = "auto",
        require_parameter_descriptions: bool = False,
        schema_generator: type[GenerateJsonSchema] = GenerateToolJsonSchema,
        strict: bool | None = None,
        sequential: bool = False,
        requires_approval: bool = False,
        metadata: dict[str, Any] | None = None,
        timeout: float | None = None,
        defer_loading: bool = False,
        include_return_schema: bool | None = None,
    ) -> Callable[[ToolFuncPlain[ToolParams]], ToolFuncPlain[ToolParams]]: ...
    def tool_plain(
        self,
        func: ToolFuncPlain[ToolParams] | None = None,
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        retries: int | None = None,
        prepare: ToolPrepareFunc[AgentDepsT] | None = None,
        args_validator: ArgsValidatorFunc[AgentDepsT, ToolParams] | None = None,
        docstring_format: DocstringFormat = "auto",
        require_parameter_descriptions: bool = False,
        schema_generator: type[GenerateJsonSchema] = GenerateToolJsonSchema,
        strict: bool | None = None,
        sequential: bool = False,
        requires_approval: bool = False,
        metadata: dict[str, Any] | None = None,
        timeout: float | None = None,
        defer_loading: bool = False,
        include_return_schema: bool | None = None,
    ) -> Any:
        """Make a tool of a function that needs no context. Parameters: see `playhead.tools.Tool`."""

        def register(function: Any) -> Any:
            self._function_toolset.add_function(
                function,
                takes_ctx=False,
                name=name,
                description=description,
                retries=retries,
                prepare=prepare,
                args_validator=cast(Any, args_validator),
                docstring_format=docstring_format,
                require_parameter_descriptions=require_parameter_descriptions,
                schema_generator=schema_generator,
                strict=strict,
                sequential=sequential,
                requires_approval=requires_approval,
                metadata=metadata,
                timeout=timeout,
                defer_loading=defer_loading,
                include_return_schema=include_return_schema,
            )
            return function

        return register if func is None else register(func)

    @overload
    def toolset(self, func: ToolsetFunc[AgentDepsT], /) -> ToolsetFunc[AgentDepsT]: ...
    @overload
    def toolset(
        self, /, *, per_run_step: bool = True, id: str | None = None
    ) -> Callable[[ToolsetFunc[AgentDepsT]], ToolsetFunc[AgentDepsT]]: ...
    def toolset(
        self, func: ToolsetFunc[AgentDepsT] | None = None, /, *, per_run_step: bool = True, id: str | None = None
    ) -> Any:
        """Take tools from what a function of the context makes, for each step, or once for a run."""

        def register(function: Any) -> Any:
            self._user_toolsets.append(DynamicToolset(function, per_run_step=per_run_step, id=id))
            return function

        return register if func is None else register(func)

    # ----------------------------------------------------------------- output
    @overload
    def output_validator(
        self, func: Callable[[RunContext[AgentDepsT], OutputDataT], OutputDataT], /
    ) -> Callable[[RunContext[AgentDepsT], OutputDataT], OutputDataT]: ...
    @overload
    def output_validator(
        self, func: Callable[[RunContext[AgentDepsT], OutputDataT], Awaitable[OutputDataT]], /
    ) -> Callable[[RunContext[AgentDepsT], OutputDataT], Awaitable[OutputDataT]]: ...
    @overload
    def output_validator(
        self, func: Callable[[OutputDataT], OutputDataT], /
    ) -> Callable[[OutputDataT], OutputDataT]: ...
    @overload
    def output_validator(
        self, func: Callable[[OutputDataT], Awaitable[OutputDataT]], /
    ) -> Callable[[OutputDataT], Awaitable[OutputDataT]]: ...
    def output_validator(
        self, func: OutputValidatorFunc[AgentDepsT, OutputDataT], /
    ) -> OutputValidatorFunc[AgentDepsT, OutputDataT]:
        """Let a function look at the output: it returns it, changed or not, or raises `ModelRetry`.

        It is called for partial outputs, too (`ctx.partial_output`).
        """
        self._output_validators.append(OutputValidator(cast(Any, func)))
        return func

    # ----------------------------------------------------------------- prompts
    @overload
    def instructions(
        self, func: Callable[[RunContext[AgentDepsT]], str | None], /
    ) -> Callable[[RunContext[AgentDepsT]], str | None]: ...
    @overload
    def instructions(
        self, func: Callable[[RunContext[AgentDepsT]], Awaitable[str | None]], /
    ) -> Callable[[RunContext[AgentDepsT]], Awaitable[str | None]]: ...
    @overload
    def instructions(self, func: Callable[[], str | None], /) -> Callable[[], str | None]: ...
    @overload
    def instructions(self, func: Callable[[], Awaitable[str | None]], /) -> Callable[[], Awaitable[str | None]]: ...
    @overload
    def instructions(self, /) -> Callable[[SystemPromptFunc[AgentDepsT]], SystemPromptFunc[AgentDepsT]]: ...
    def instructions(self, func: SystemPromptFunc[AgentDepsT] | None = None, /) -> Any:
        """Let a function make instructions, for each request."""

        def register(function: Any) -> Any:
            self._instruction_functions.append(PromptFunction(function))
            return function

        return register if func is None else register(func)

    @overload
    def system_prompt(
        self, func: Callable[[RunContext[AgentDepsT]], str | None], /
    ) -> Callable[[RunContext[AgentDepsT]], str | None]: ...
    @overload
    def system_prompt(
        self, func: Callable[[RunContext[AgentDepsT]], Awaitable[str | None]], /
    ) -> Callable[[RunContext[AgentDepsT]], Awaitable[str | None]]: ...
    @overload
    def system_prompt(self, func: Callable[[], str | None], /) -> Callable[[], str | None]: ...
    @overload
    def system_prompt(self, func: Callable[[], Awaitable[str | None]], /) -> Callable[[], Awaitable[str | None]]: ...
    @overload
    def system_prompt(
        self, /, *, dynamic: bool = False
    ) -> Callable[[SystemPromptFunc[AgentDepsT]], SystemPromptFunc[AgentDepsT]]: ...
    def system_prompt(self, func: SystemPromptFunc[AgentDepsT] | None = None, /, *, dynamic: bool = False) -> Any:
        """Let a function make a system prompt, when a conversation begins. `dynamic`: again in each later run."""

        def register(function: Any) -> Any:
            self._system_prompt_functions.append(PromptFunction(function, dynamic))
            return function

        return register if func is None else register(func)
