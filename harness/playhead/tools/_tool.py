"""A tool: a function, and what the model is told of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Self

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import SchemaValidator, core_schema
from typing_extensions import TypeVar

from playhead.context import RunContext
from playhead.messages import ToolDefinition
from playhead.schema import DocstringFormat, FunctionSchema, GenerateToolJsonSchema, is_async_callable
from playhead.schema import function_schema as read_function
from playhead.tools._functions import ArgsValidatorFunc, ToolFuncEither, ToolParams, ToolPrepareFunc

ToolAgentDepsT = TypeVar("ToolAgentDepsT", default=object, contravariant=True)
"""The dependencies a tool needs."""


@dataclass(init=False)
class Tool(Generic[ToolAgentDepsT]):
    """A function the model can call."""

    function: ToolFuncEither[ToolAgentDepsT, ...]
    takes_ctx: bool
    max_retries: int | None
    name: str
    description: str | None
    prepare: ToolPrepareFunc[ToolAgentDepsT] | None
    args_validator: ArgsValidatorFunc[ToolAgentDepsT, ...] | None
    docstring_format: DocstringFormat
    require_parameter_descriptions: bool
    strict: bool | None
    sequential: bool
    requires_approval: bool
    metadata: dict[str, Any] | None
    timeout: float | None
    defer_loading: bool
    include_return_schema: bool | None
    function_schema: FunctionSchema = field(repr=True)

    def __init__(
        self,
        function: ToolFuncEither[ToolAgentDepsT, ToolParams],
        *,
        takes_ctx: bool | None = None,
        max_retries: int | None = None,
        name: str | None = None,
        description: str | None = None,
        prepare: ToolPrepareFunc[ToolAgentDepsT] | None = None,
        args_validator: ArgsValidatorFunc[ToolAgentDepsT, ToolParams] | None = None,
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
        function_schema: FunctionSchema | None = None,
    ) -> None:
        """A tool from a function.

        `takes_ctx`: whether the first parameter is the `RunContext`; None looks at its annotation.
        `max_retries`: how often the model may try again; None is the agent's.
        `name`, `description`: None takes the function's name, and its docstring.
        `prepare`: changes the definition for each step of a run, or leaves the tool out (None).
        `args_validator`: looks at validated arguments before a call; `ModelRetry` refuses them.
        `docstring_format`, `require_parameter_descriptions`: how the docstring is read, and whether it must be complete.
        `schema_generator`: pydantic's generator of JSON schemas, or a subclass.
        `strict`: asks the provider to keep to the schema. `sequential`: never runs beside other calls.
        `requires_approval`: a person has to agree to each call. `metadata`: for the program, not for the model.
        `timeout`: seconds after which a call has failed. `defer_loading`: is shown only when searched for.
        `include_return_schema`: shows the model what the tool returns.

        Raises `UserError` for a signature that a tool cannot have.
        """
        self.function = function
        self.function_schema = function_schema or read_function(
            function,
            schema_generator,
            takes_ctx=takes_ctx,
            docstring_format=docstring_format,
            require_parameter_descriptions=require_parameter_descriptions,
            tool_name=name,
        )
        self.takes_ctx = self.function_schema.takes_ctx
        self.max_retries = max_retries
        self.name = name or self.function_schema.name
        self.description = description or self.function_schema.description
        self.prepare = prepare
        self.args_validator = args_validator
        self.docstring_format = docstring_format
        self.require_parameter_descriptions = require_parameter_descriptions
        self.strict = strict
        self.sequential = sequential
        self.requires_approval = requires_approval
        self.metadata = metadata
        self.timeout = timeout
        self.defer_loading = defer_loading
        self.include_return_schema = include_return_schema

    @classmethod
    def from_schema(
        cls,
        function: Callable[..., Any],
        name: str,
        description: str | None,
        json_schema: JsonSchemaValue,
        takes_ctx: bool = False,
        sequential: bool = False,
        args_validator: ArgsValidatorFunc[Any, ...] | None = None,
    ) -> Self:
        """A tool from a function that takes whatever `json_schema` says, by keyword. Nothing is validated."""
        schema = FunctionSchema(
            function=function,
            name=name,
            description=description,
            validator=SchemaValidator(core_schema.any_schema()),
            json_schema=json_schema,
            takes_ctx=takes_ctx,
            is_async=is_async_callable(function),
        )
        return cls(
            function,
            takes_ctx=takes_ctx,
            name=name,
            description=description,
            sequential=sequential,
            args_validator=args_validator,
            function_schema=schema,
        )

    @property
    def tool_def(self) -> ToolDefinition:
        """What the model is shown, before `prepare`."""
        return ToolDefinition(
            name=self.name,
            description=self.description,
            parameters_json_schema=self.function_schema.json_schema,
            strict=self.strict,
            sequential=self.sequential,
            kind="unapproved" if self.requires_approval else "function",
            metadata=self.metadata,
            timeout=self.timeout,
            defer_loading=self.defer_loading,
            return_schema=self.function_schema.return_schema,
            include_return_schema=self.include_return_schema,
        )

    async def prepare_tool_def(self, ctx: RunContext[ToolAgentDepsT]) -> ToolDefinition | None:
        """What the model is shown in this step of a run; None where `prepare` leaves the tool out."""
        if self.prepare is None:
            return self.tool_def
        prepared = self.prepare(ctx, self.tool_def)
        return await prepared if inspect.isawaitable(prepared) else prepared
