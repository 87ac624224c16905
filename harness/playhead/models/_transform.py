"""Changing JSON schemas to what a provider takes: `ModelProfile.json_schema_transformer`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any, TypeAlias, cast

from playhead.exceptions import UserError

__all__ = ["InlineDefsJsonSchemaTransformer", "JsonSchema", "JsonSchemaTransformer"]

JsonSchema: TypeAlias = dict[str, Any]
_PREFIX = "#/$defs/"
_OF_ONE = ("items", "additionalProperties")
_OF_LISTS = ("prefixItems", "anyOf", "oneOf", "allOf")
_OF_NAMES = ("properties", "patternProperties")


class JsonSchemaTransformer(ABC):
    """Walks a JSON schema from its leaves to its root. Subclasses say what becomes of each schema on the way.

    `strict` is what the tool or the output says. `transform` sets `is_strict_compatible` to False for what a provider's
    strict mode does not take: that decides where nobody said it. With `prefer_inlined_defs` a definition is written out
    where it is used, unless it contains itself; with `simplify_nullable_unions` a type or null is `nullable`.
    """

    def __init__(
        self,
        schema: JsonSchema,
        *,
        strict: bool | None = None,
        prefer_inlined_defs: bool = False,
        simplify_nullable_unions: bool = False,
    ) -> None:
        self.schema = schema
        self.strict = strict
        self.is_strict_compatible = True
        self.prefer_inlined_defs = prefer_inlined_defs
        self.simplify_nullable_unions = simplify_nullable_unions
        self.defs: dict[str, JsonSchema] = schema.get("$defs", {})
        self._kept: set[str] = set()
        """Definitions that are still referred to, although others are written out."""

    @abstractmethod
    def transform(self, schema: JsonSchema) -> JsonSchema:
        """One schema, the ones inside of it already done. It is a copy: change it, or return another."""

    def walk(self) -> JsonSchema:
        """The whole schema, changed. The one that was given stays as it was."""
        root = deepcopy(self.schema)
        root.pop("$defs", None)
        changed = self._changed(root, ())
        names = list(self.defs) if not self.prefer_inlined_defs else []
        kept: dict[str, JsonSchema] = {}
        while missing := [name for name in (*names, *self._kept) if name not in kept]:
            # Those that contain themselves may lead to others that do.
            for name in missing:
                kept[name] = self._changed(deepcopy(self.defs[name]), (name,))
        if not kept:
            return changed
        reference = self.schema.get("$ref", "")
        if reference.removeprefix(_PREFIX) in self._kept:  # the whole is one of those that contain themselves
            return {"$defs": kept, "$ref": reference}
        if self.prefer_inlined_defs and "$ref" not in changed:
            return {"$defs": kept, **changed}
        return {**changed, "$defs": kept}

    def _changed(self, schema: JsonSchema, inside: tuple[str, ...]) -> JsonSchema:
        name = str(schema.get("$ref", "")).removeprefix(_PREFIX)
        if self.prefer_inlined_defs and name:
            if name not in self.defs:
                raise UserError(f"The schema refers to {schema['$ref']}, which it does not define")
            if name not in inside:
                beside = {key: value for key, value in schema.items() if key != "$ref"}
                return self._changed({**deepcopy(self.defs[name]), **beside}, (*inside, name))
            self._kept.add(name)
        for key in _OF_ONE:
            if isinstance(schema.get(key), dict):
                schema[key] = self._changed(schema[key], inside)
        for key in _OF_LISTS:
            if isinstance(schema.get(key), list):
                schema[key] = [self._changed(item, inside) for item in schema[key]]
        for key in _OF_NAMES:
            if isinstance(schema.get(key), dict):
                items = cast("dict[str, Any]", schema[key])
                schema[key] = {
                    name: self._changed(cast("JsonSchema", item), inside) if isinstance(item, dict) else item
                    for name, item in items.items()
                }
        if self.simplify_nullable_unions:
            schema = _nullable(schema)
        return self.transform(schema)


class InlineDefsJsonSchemaTransformer(JsonSchemaTransformer):
    """Writes definitions out where they are used, and changes nothing else."""

    def __init__(self, schema: JsonSchema, *, strict: bool | None = None) -> None:
        super().__init__(schema, strict=strict, prefer_inlined_defs=True)

    def transform(self, schema: JsonSchema) -> JsonSchema:
        return schema


def _nullable(schema: JsonSchema) -> JsonSchema:
    """`anyOf` a type and null, as that type with `nullable`; any other schema as it is."""
    members: list[JsonSchema] = schema.get("anyOf", [])
    others = [member for member in members if member.get("type") != "null"]
    if len(members) != 2 or len(others) != 1 or "$ref" in others[0]:
        return schema
    return {**others[0], "nullable": True, **{key: value for key, value in schema.items() if key != "anyOf"}}
