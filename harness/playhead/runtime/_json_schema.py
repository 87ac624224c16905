"""The JSON schema of what a run returns, from `output_type=`."""

from __future__ import annotations

import inspect
import types
from collections.abc import Sequence
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from typing_extensions import TypeAliasType

from playhead.output import NativeOutput, PromptedOutput, TextOutput, ToolOutput


def output_json_schema(output_type: Any) -> JsonSchemaValue:
    """The schema of every type that a run may return; of several, one of them."""
    schemas: list[JsonSchemaValue] = []
    definitions: dict[str, Any] = {}
    members = _members(output_type)
    if len(members) == 1:
        return TypeAdapter[Any](members[0]).json_schema()
    for member in members:
        schema = TypeAdapter[Any](member).json_schema()
        definitions.update(schema.pop("$defs", {}))
        if schema not in schemas:
            schemas.append(schema)
    whole: JsonSchemaValue = {"anyOf": schemas} if len(schemas) > 1 else schemas[0]
    return {**whole, "$defs": definitions} if definitions else whole


def _members(output: Any) -> list[Any]:
    if isinstance(output, TypeAliasType):
        return _members(output.__value__)
    if isinstance(output, (NativeOutput, PromptedOutput)):
        marker = cast("NativeOutput[Any] | PromptedOutput[Any]", output)
        return _members(marker.outputs)
    if isinstance(output, ToolOutput):
        return _members(cast("ToolOutput[Any]", output).output)
    if isinstance(output, TextOutput):
        return [str]
    if isinstance(output, Sequence) and not isinstance(output, str):
        return [member for item in cast("Sequence[Any]", output) for member in _members(item)]
    if get_origin(output) in (Union, types.UnionType):
        return [member for item in get_args(output) for member in _members(item)]
    if inspect.isfunction(output) or inspect.ismethod(output):
        return [get_type_hints(output).get("return", str)]
    return [type(None) if output is None else output]
