"""How `output_type=` says what a run returns, where a plain type does not say enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import TypeAliasType, TypeVar

from playhead.context import RunContext
from playhead.schema import check_object_json_schema, inline_definitions

OutputDataT = TypeVar("OutputDataT", default=str, covariant=True)
"""What a run returns."""
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

OutputTypeOrFunction = TypeAliasType(
    "OutputTypeOrFunction", type[T_co] | Callable[..., Awaitable[T_co] | T_co], type_params=(T_co,)
)
"""A type, or a function that makes the output from arguments the model sends."""
TextOutputFunc = TypeAliasType(
    "TextOutputFunc",
    Callable[[RunContext[Any], str], Awaitable[T_co] | T_co] | Callable[[str], Awaitable[T_co] | T_co],
    type_params=(T_co,),
)
"""Makes the output from the model's text."""


@dataclass(init=False)
class ToolOutput(Generic[OutputDataT]):
    """An output the model gives by calling a tool.

    `name`, `description` and `strict` are the tool's; `max_retries` is how often the model may try again.
    """

    output: OutputTypeOrFunction[OutputDataT]
    name: str | None
    description: str | None
    max_retries: int | None
    strict: bool | None

    def __init__(
        self,
        type_: OutputTypeOrFunction[OutputDataT],
        *,
        name: str | None = None,
        description: str | None = None,
        max_retries: int | None = None,
        strict: bool | None = None,
    ) -> None:
        self.output = type_
        self.name = name
        self.description = description
        self.max_retries = max_retries
        self.strict = strict


@dataclass(init=False)
class NativeOutput(Generic[OutputDataT]):
    """An output the model gives as JSON text, in the provider's own structured mode.

    `template` is for providers that want the schema in the instructions too (`{schema}` stands for it; False: never).
    """

    outputs: OutputTypeOrFunction[OutputDataT] | Sequence[OutputTypeOrFunction[OutputDataT]]
    name: str | None
    description: str | None
    strict: bool | None
    template: str | Literal[False] | None

    def __init__(
        self,
        outputs: OutputTypeOrFunction[OutputDataT] | Sequence[OutputTypeOrFunction[OutputDataT]],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
        template: str | Literal[False] | None = None,
    ) -> None:
        self.outputs = outputs
        self.name = name
        self.description = description
        self.strict = strict
        self.template = template


@dataclass(init=False)
class PromptedOutput(Generic[OutputDataT]):
    """An output the model gives as JSON text, because the instructions ask for it.

    `template` is how they ask; `{schema}` in it stands for the JSON schema. False: they do not.
    """

    outputs: OutputTypeOrFunction[OutputDataT] | Sequence[OutputTypeOrFunction[OutputDataT]]
    name: str | None
    description: str | None
    template: str | Literal[False] | None

    def __init__(
        self,
        outputs: OutputTypeOrFunction[OutputDataT] | Sequence[OutputTypeOrFunction[OutputDataT]],
        *,
        name: str | None = None,
        description: str | None = None,
        template: str | Literal[False] | None = None,
    ) -> None:
        self.outputs = outputs
        self.name = name
        self.description = description
        self.template = template


@dataclass
class TextOutput(Generic[OutputDataT]):
    """An output that a function makes from the model's text; it may take the context first, and raise `ModelRetry`."""

    output_function: TextOutputFunc[OutputDataT]


def StructuredDict(
    json_schema: JsonSchemaValue, name: str | None = None, description: str | None = None
) -> type[dict[str, Any]]:
    """A type for `output_type=` that is a dictionary with a JSON schema made elsewhere.

    The model is shown the schema; what it sends is only checked to be an object. `name` and `description` become the
    schema's title and description. Definitions are written out where they are used. Raises `UserError` for the schema of
    anything but an object, and for one that refers to itself.
    """
    about = {"title": name, "description": description}
    json_schema = check_object_json_schema(inline_definitions(json_schema))
    json_schema |= {key: text for key, text in about.items() if text}

    class _StructuredDict(dict[str, Any]):
        __is_model_like__ = True

        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
            return core_schema.dict_schema(keys_schema=core_schema.str_schema(), values_schema=core_schema.any_schema())

        @classmethod
        def __get_pydantic_json_schema__(
            cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
        ) -> JsonSchemaValue:
            return json_schema

    return _StructuredDict


_OutputSpecItem = TypeAliasType(
    "_OutputSpecItem",
    OutputTypeOrFunction[T_co] | ToolOutput[T_co] | NativeOutput[T_co] | PromptedOutput[T_co] | TextOutput[T_co],
    type_params=(T_co,),
)
OutputSpec = TypeAliasType(
    "OutputSpec",
    _OutputSpecItem[T_co] | Sequence["OutputSpec[T_co]"],
    type_params=(T_co,),
)
"""What `output_type=` takes: a type, a function, a marker, or a sequence of these."""
