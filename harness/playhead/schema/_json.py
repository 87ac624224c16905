"""JSON schemas as models are shown them: without the titles that pydantic makes of field names."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from playhead.exceptions import UserError


class GenerateToolJsonSchema(GenerateJsonSchema):
    """pydantic's generator without the titles of fields: they repeat the fields' names and cost tokens."""

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return _without_field_titles(super().typed_dict_schema(schema))

    def model_fields_schema(self, schema: core_schema.ModelFieldsSchema) -> JsonSchemaValue:
        return _without_field_titles(super().model_fields_schema(schema))

    def dataclass_args_schema(self, schema: core_schema.DataclassArgsSchema) -> JsonSchemaValue:
        return _without_field_titles(super().dataclass_args_schema(schema))


def _without_field_titles(json_schema: JsonSchemaValue) -> JsonSchemaValue:
    for field in json_schema.get("properties", {}).values():
        field.pop("title", None)
    return json_schema


def check_object_json_schema(json_schema: JsonSchemaValue) -> JsonSchemaValue:
    """A copy of `json_schema` whose root is the object itself.

    A root that only refers to one of its definitions is replaced by that definition; a definition that nobody refers
    to any more is left out. Raises `UserError` for anything but an object.
    """
    root = deepcopy(json_schema)
    if (reference := root.get("$ref")) is not None:
        definitions: dict[str, Any] = root.get("$defs", {})
        name = str(reference).removeprefix("#/$defs/")
        target = deepcopy(definitions.get(name))
        if target is None:
            raise UserError(f"Invalid `$ref` in the schema: {reference}")
        rest = {key: value for key, value in definitions.items() if key != name or _refers_to(definitions, reference)}
        root = {**target, **({"$defs": rest} if rest else {})}
    if root.get("type") != "object":
        raise UserError("Schema must be an object")
    return root


def _refers_to(value: Any, reference: str) -> bool:
    if isinstance(value, dict):
        return any(
            item == reference if key == "$ref" else _refers_to(item, reference)
            for key, item in value.items()  # pyright: ignore[reportUnknownVariableType]
        )
    if isinstance(value, list):
        return any(_refers_to(item, reference) for item in value)  # pyright: ignore[reportUnknownVariableType]
    return False
