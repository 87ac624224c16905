"""The format of scripts: what a fake model answers, cut by cut. One pydantic schema for Python and YAML.

A script is a list of responses; a response is a string, a step, a list of steps, or a mapping with `steps` and beside them
`when`, `times` or `pace`. In YAML a step is a mapping with one key, the step's name:

    responses:
      - It is sunny.
      - [{thinking: {chunks: [Let me look.], signature: abc}}, {call: {name: get_weather, args: {city: Paris}, chunks: 3}}]
      - {when: {tool: get_weather}, steps: [{text: [It is, " sunny."]}, {usage: {input_tokens: 20, output_tokens: 4}}]}

In Python the same steps are functions (`text("It is", " sunny")`), whose names are those of the keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema

from playhead.models._script_steps import STEPS, Seconds, Step, Strict, as_steps, dump_step

__all__ = ["Condition", "Predicate", "Response", "ResponseLike", "Script", "as_response"]

Predicate: TypeAlias = Callable[[Any], bool]


class Condition(Strict):
    """Which request a response is for: regular expressions, searched for, all of which must be found.

    `last` looks at the text of the last message, `user` at the latest prompt, `system` at system prompts and
    instructions; `tool` is the exact name of the tool whose result came last, `result` looks at that result.
    """

    last: str | None = None
    user: str | None = None
    system: str | None = None
    tool: str | None = None
    result: str | None = None

    @field_validator("last", "user", "system", "result")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
        return value


def _kind_of_condition(value: Any) -> str:
    return "predicate" if callable(value) else "condition"


When: TypeAlias = (
    Annotated[
        Annotated[Condition, Tag("condition")] | Annotated[SkipJsonSchema[Predicate], Tag("predicate")],
        Discriminator(_kind_of_condition),
    ]
    | None
)

_LONG = frozenset({"steps", "when", "times", "pace"})


class Response(Strict):
    """What the model answers to one request (`times` of them), or to the requests that `when` fits.

    `pace` is a pause in seconds before each piece after the first.
    """

    steps: list[Step]
    when: When = None
    times: Annotated[int, Field(ge=1)] | Literal["any"] = 1
    pace: Seconds = 0.0

    @field_validator("when", mode="before")
    @classmethod
    def _pattern(cls, value: Any) -> Any:
        return {"last": value} if isinstance(value, str) else value

    @field_validator("steps", mode="before")
    @classmethod
    def _strings(cls, value: Any) -> Any:
        return as_steps(value)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, Response) or (isinstance(value, Mapping) and _is_long(value)):  # pyright: ignore[reportUnknownArgumentType]
            return value  # pyright: ignore[reportUnknownVariableType]
        return {"steps": as_steps(value)}

    @model_serializer(mode="plain")
    def _dump(self) -> Any:
        steps = [dump_step(step) for step in self.steps]
        if self.when is None and self.times == 1 and not self.pace:
            only = steps[0] if len(steps) == 1 else None
            chunks: Any = only.get("text") if only else None
            return chunks[0] if isinstance(chunks, list) and len(chunks) == 1 and isinstance(chunks[0], str) else steps  # pyright: ignore[reportUnknownArgumentType]
        found: dict[str, Any] = {}
        if isinstance(self.when, Condition):
            found["when"] = self.when.model_dump(exclude_none=True)
        elif self.when is not None:
            raise ValueError("a response that a Python function chooses cannot be written as YAML")
        if self.times != 1:
            found["times"] = self.times
        if self.pace:
            found["pace"] = self.pace
        return {**found, "steps": steps}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The long form with the short ones beside it."""
        long = handler.resolve_ref_schema(handler(core_schema))
        step = long["properties"]["steps"]["items"]
        steps = {"type": "array", "items": {"anyOf": [{"type": "string"}, step]}}
        long["properties"]["steps"] = {"anyOf": [{"type": "string"}, step, steps], "title": "Steps"}
        when = long["properties"]["when"]
        when["anyOf"] = [{"type": "string", "description": "A regular expression for `last`."}, *when["anyOf"]]
        return {"anyOf": [{"type": "string"}, step, steps, long], "description": cls.__doc__}


def _is_long(value: Mapping[str, Any]) -> bool:
    """Whether a mapping is a response; one with a single key that is no word of a response is a step, or should be."""
    return bool(_LONG & value.keys()) or (len(value) > 1 and not STEPS.keys() & value.keys())


class Script(Strict):
    """Responses in order. Reading one from a file: `playhead.script.load_script`."""

    responses: list[Response]


ResponseLike: TypeAlias = str | Strict | Sequence[Any]
"""A response as the author may write it: a string, a step, a list of steps and strings, or `response(...)`."""


def as_response(value: ResponseLike) -> Response:
    """A response from any way to write one. `pydantic.ValidationError` for what is none."""
    return value if isinstance(value, Response) else Response.model_validate(value)
