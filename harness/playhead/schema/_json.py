"""JSON schemas as models are shown them: without the titles that pydantic makes of field names."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, cast

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
    """A copy of `json_schema` whose root is an object itself, not a reference to one.

    A definition that refers to itself stays among the definitions. Raises `UserError` for anything but an object.
    """
    root = dict(json_schema)
    if (reference := root.get("$ref")) is not None:
        definitions: dict[str, Any] = root.get("$defs", {})
        name = str(reference).removeprefix(_PREFIX)
        if name not in definitions:
            raise UserError(f"The schema refers to {reference}, which it does not define")
        rest = {key: value for key, value in definitions.items() if key != name or _refers_to(definitions, name)}
        root = {**definitions[name], **({"$defs": rest} if rest else {})}
    if root.get("type") != "object":
        raise UserError('The JSON schema is not an object\'s (`"type": "object"`)')
    return deepcopy(root)


def inline_definitions(json_schema: JsonSchemaValue) -> JsonSchemaValue:
    """A copy of `json_schema` without `$defs`: each reference is replaced by what it refers to.

    Raises `UserError` for a definition that refers to itself, which cannot be written without a reference.
    """
    definitions: dict[str, Any] = json_schema.get("$defs", {})

    def inlined(value: Any, inside: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [inlined(item, inside) for item in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        items = cast("dict[str, Any]", value)
        name = str(items.get("$ref", "")).removeprefix(_PREFIX)
        if name not in definitions:
            return {key: inlined(item, inside) for key, item in items.items() if key != "$defs"}
        if name in inside:
            raise UserError(
                f"`StructuredDict` writes out each `$ref`, and {name!r} contains itself: it would never end. Use a model, or "
                "a schema without that definition."
            )
        beside = {key: inlined(item, inside) for key, item in items.items() if key not in ("$ref", "$defs")}
        return {**inlined(definitions[name], (*inside, name)), **beside}

    return inlined(json_schema, ())


_PREFIX = "#/$defs/"


def _refers_to(value: Any, name: str) -> bool:
    if isinstance(value, list):
        return any(_refers_to(item, name) for item in cast("list[Any]", value))
    if not isinstance(value, dict):
        return False
    return any(
        item == _PREFIX + name if key == "$ref" else _refers_to(item, name)
        for key, item in cast("dict[str, Any]", value).items()
    )
