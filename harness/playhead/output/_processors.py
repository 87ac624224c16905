"""From what the model sent to the output: validate, unwrap, call an output function.

Three kinds: of text, of an object, and of a union in one JSON text. Each has `process`, which raises `ToolRetryError`
with the prompt for the model, or with `wrap_validation_errors=False` the `ValidationError` or `ModelRetry` itself.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Container, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Union, cast, get_type_hints

from pydantic import Json, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic_core import CoreSchema, SchemaValidator
from typing_extensions import TypedDict

from playhead.context import RunContext
from playhead.exceptions import ModelRetry, ToolRetryError, UserError
from playhead.messages import OutputObjectDefinition, RetryPromptPart
from playhead.output._markers import TextOutput
from playhead.schema import (
    FunctionSchema,
    GenerateToolJsonSchema,
    Shape,
    SingleArgument,
    check_object_json_schema,
    function_schema,
    is_async_callable,
    is_model_like,
    run_in_thread,
    shape_of,
    takes_run_context,
)

WRAPPER_KEY = "response"
"""The field that holds an output which is no object."""


class OutputProcessor(Protocol):
    """Makes an output from a text."""

    async def process(
        self,
        data: str,
        run_context: RunContext[Any],
        *,
        allow_partial: bool = False,
        wrap_validation_errors: bool = True,
    ) -> Any: ...


@dataclass
class TextProcessor:
    """The text itself, or what a function makes of it."""

    function: Callable[..., Any] | None = None
    takes_ctx: bool = False

    @classmethod
    def of(cls, output: TextOutput[Any]) -> TextProcessor:
        """For a `TextOutput`. Raises `UserError` where its function does not take one text."""
        function = cast(Callable[..., Any], output.output_function)
        takes_ctx = takes_run_context(function)
        try:
            parameters = list(inspect.signature(function).parameters.values())[1 if takes_ctx else 0 :]
        except ValueError:
            return cls(function)  # a builtin that does not tell
        hints = get_type_hints(function) if hasattr(function, "__annotations__") else {}
        required = [item for item in parameters if item.default is inspect.Parameter.empty]
        if not parameters or len(required) > 1 or (hints and not issubclass_of_str(hints.get(parameters[0].name, str))):
            raise UserError("The function of a TextOutput takes one argument, a `str` (beside the RunContext)")
        return cls(function, takes_ctx)

    async def process(
        self,
        data: str,
        run_context: RunContext[Any],
        *,
        allow_partial: bool = False,
        wrap_validation_errors: bool = True,
    ) -> Any:
        if self.function is None:
            return data
        args = (run_context, data) if self.takes_ctx else (data,)
        with retry_prompts(run_context, wrap_validation_errors):
            if is_async_callable(self.function):
                return await self.function(*args)
            return await run_in_thread(self.function, *args)


def issubclass_of_str(annotation: Any) -> bool:
    """Whether a text can be given for a parameter annotated so."""
    return annotation in (str, Any, object) or (isinstance(annotation, type) and issubclass(annotation, str))


class ObjectProcessor:
    """A type or an output function, from a JSON object: text, or a dictionary."""

    output: Any
    """The type or function."""
    object_def: OutputObjectDefinition
    outer_key: str | None = None
    """The field to unwrap, for types that are no objects."""
    function: FunctionSchema | None = None
    validator: SchemaValidator | SingleArgument
    core_schema: CoreSchema | None
    """What `validator` was made of; None where nothing can be said of it."""

    def __init__(
        self, output: Any, *, name: str | None = None, description: str | None = None, strict: bool | None = None
    ) -> None:
        self.output = output
        if inspect.isfunction(output) or inspect.ismethod(output):
            self.function = function_schema(output)
            self.validator, self.core_schema = self.function.validator, self.function.core_schema
            json_schema = dict(self.function.json_schema)
            own_description = self.function.description
            # The model's name says more than the function's, where its fields are what the model sends.
            own_name = json_schema.get("title") or getattr(output, "__name__", None)
            json_schema.pop("description", None)
        else:
            adapter = self._adapter(output)
            self.validator, self.core_schema = cast(SchemaValidator, adapter.validator), adapter.core_schema
            shown = adapter if self.outer_key is None else TypeAdapter(_wrapped(output))
            json_schema = shown.json_schema(schema_generator=GenerateToolJsonSchema)
            if self.outer_key is not None:
                json_schema.pop("title", None)  # the wrapper's name is nobody's business
            own_description = json_schema.pop("description", None) if self.outer_key is None else None
            own_name = json_schema.get("title") or getattr(output, "__name__", None)
        if "$ref" not in json_schema:
            json_schema = check_object_json_schema(json_schema)
        if description is None:
            description = own_description
        elif own_description:
            description = f"{description}. {own_description}"
        self.object_def = OutputObjectDefinition(
            json_schema, name=name or own_name, description=description or None, strict=strict
        )

    def _adapter(self, output: Any) -> TypeAdapter[Any]:
        if is_model_like(output):
            return TypeAdapter(output)
        self.outer_key = WRAPPER_KEY
        # Some models write the value as JSON inside a string.
        return TypeAdapter(_wrapped(Union[output, Json[output]], "response_validation_typed_dict"))  # noqa: UP007

    @cached_property
    def shape(self) -> Shape | None:
        """How its JSON can be validated piece by piece; None where it cannot."""
        return None if self.core_schema is None else shape_of(self.core_schema)

    def validate(self, data: str | dict[str, Any] | None, *, allow_partial: bool = False, context: Any = None) -> Any:
        """The validated object, still wrapped. Raises `ValidationError`."""
        how: Any = {"allow_partial": "trailing-strings" if allow_partial else "off", "context": context}
        if not isinstance(data, str):
            return self.validator.validate_python(data or {}, **how)
        return self.validator.validate_json(data or "{}", **how)

    async def call(self, validated: Any, run_context: RunContext[Any]) -> Any:
        """The output for a validated object. Raises what the output function raises."""
        if self.outer_key is not None:
            # A partial object may not have it yet.
            validated = validated[self.outer_key]
        if self.function is not None:
            return await self.function.call(validated, run_context)
        return validated

    async def process(
        self,
        data: str | dict[str, Any] | None,
        run_context: RunContext[Any],
        *,
        allow_partial: bool = False,
        wrap_validation_errors: bool = True,
    ) -> Any:
        if isinstance(data, str):
            data = strip_fences(data)
        with retry_prompts(run_context, wrap_validation_errors):
            validated = self.validate(data, allow_partial=allow_partial, context=run_context.validation_context)
        if self.function is None:
            return await self.call(validated, run_context)
        with retry_prompts(run_context, wrap_validation_errors, only_model_retry=True):
            return await self.call(validated, run_context)


def _wrapped(type_: Any, name: str = "response_data_typed_dict") -> Any:
    return TypedDict(name, {WRAPPER_KEY: type_})  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]


@pydantic_dataclass
class UnionOutputResult:
    """Which of the outputs it is, and its object."""

    kind: str
    data: dict[str, Any]


@pydantic_dataclass
class UnionOutputModel:
    """A union as one JSON text: `{"result": {"kind": ..., "data": ...}}`."""

    result: UnionOutputResult


_union = TypeAdapter(UnionOutputModel)


class UnionProcessor:
    """One of several types or output functions, from one JSON text that names it."""

    object_def: OutputObjectDefinition

    def __init__(
        self,
        outputs: Sequence[Any],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
    ) -> None:
        self.processors: dict[str, ObjectProcessor] = {}
        members: list[dict[str, Any]] = []
        definitions: dict[str, Any] = {}
        last_description: str | None = None
        for output in outputs:
            processor = ObjectProcessor(output, strict=strict)
            known = processor.object_def
            title = known.name or _name_of(output)
            kind = unique_name(title, self.processors)
            self.processors[kind] = processor
            data = dict(known.json_schema)
            _merge_definitions(definitions, data, title)
            if data.get("title") == known.name:
                data.pop("title", None)
            member: dict[str, Any] = {
                "type": "object",
                "properties": {"kind": {"type": "string", "const": kind}, "data": data},
                "required": ["kind", "data"],
                "additionalProperties": False,
                "title": title,
            }
            if known.description:
                member["description"] = known.description
            last_description = known.description
            members.append(member)
        json_schema: dict[str, Any] = {
            "type": "object",
            "properties": {"result": {"anyOf": members}},
            "required": ["result"],
            "additionalProperties": False,
        }
        if definitions:
            json_schema["$defs"] = definitions
        # Without one of its own, the union is described as its last member is: as the reference does.
        self.object_def = OutputObjectDefinition(
            json_schema, name=name, description=description or last_description, strict=strict
        )

    async def process(
        self,
        data: str,
        run_context: RunContext[Any],
        *,
        allow_partial: bool = False,
        wrap_validation_errors: bool = True,
    ) -> Any:
        with retry_prompts(run_context, wrap_validation_errors):
            result = _union.validate_json(
                strip_fences(data) or "{}",
                experimental_allow_partial="trailing-strings" if allow_partial else "off",
                context=run_context.validation_context,
            ).result
            processor = self.processors.get(result.kind)
            if processor is None:
                raise ModelRetry(f"Invalid kind: {result.kind}")
        return await processor.process(
            result.data,
            run_context,
            allow_partial=allow_partial,
            wrap_validation_errors=wrap_validation_errors,
        )


def _merge_definitions(definitions: dict[str, Any], schema: dict[str, Any], title: str) -> None:
    """Move the definitions of `schema` to `definitions`; those whose names are taken by others are renamed."""
    own: dict[str, Any] = schema.pop("$defs", {})
    taken = {name for name, definition in own.items() if name in definitions and definitions[name] != definition}
    while True:  # what refers to a renamed one is another one, too, however alike it looks
        more = {name for name in own.keys() & definitions.keys() if name not in taken and _refers_to(own[name], taken)}
        if not more:
            break
        taken |= more
    renamed: dict[str, str] = {}
    for name in own:
        if name in taken:
            number = 1
            while (new := f"{title}_{name}_{number}") in definitions or new in own:
                number += 1
            renamed[name] = new
    for name, definition in own.items():
        definitions[renamed.get(name, name)] = _with_references(definition, renamed)
    if renamed:
        schema.update(_with_references(dict(schema), renamed))


def _refers_to(value: Any, names: set[str]) -> bool:
    return value != _with_references(value, {name: f"{name}\0" for name in names})


def _with_references(value: Any, renamed: dict[str, str]) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return {
            key: f"#/$defs/{renamed.get(item.removeprefix('#/$defs/'), item.removeprefix('#/$defs/'))}"
            if key == "$ref" and isinstance(item, str)
            else _with_references(item, renamed)
            for key, item in items.items()
        }
    if isinstance(value, list):
        return [_with_references(item, renamed) for item in cast("list[Any]", value)]
    return value


def unique_name(name: str, taken: Container[str]) -> str:
    """`name`, or `name_2`, `name_3`, ... where that is taken."""
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _name_of(output: Any) -> str:
    return str(getattr(output, "__name__", None) or output)


@contextmanager
def retry_prompts(run_context: RunContext[Any], wrap: bool, *, only_model_retry: bool = False) -> Generator[None]:
    """Turns what a validation raises into a prompt for the model, where `wrap` says so."""
    try:
        yield
    except (ValidationError, ModelRetry) as error:
        if not wrap or (only_model_retry and isinstance(error, ValidationError)):
            raise
        content = error.message if isinstance(error, ModelRetry) else error.errors(include_url=False)
        prompt = RetryPromptPart(content, tool_name=run_context.tool_name)
        if run_context.tool_call_id:
            prompt.tool_call_id = run_context.tool_call_id
        raise ToolRetryError(prompt) from error


_FENCED = re.compile(r"```\w*\n(\{.*?\})\s*(?:```|\Z)", re.DOTALL)


def strip_fences(text: str) -> str:
    """The JSON object inside a fenced block of Markdown, which some models cannot help to write; else the text."""
    if text.startswith("{"):
        return text
    fenced = _FENCED.search(text)
    return fenced.group(1) if fenced else text
