"""JSON schemas as a provider takes them: a walk over all parts of a schema. No IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["walk_schema"]


def walk_schema(schema: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """A new schema: `change` applied to each part, the innermost first. `change` may alter what it is given.

    A union of one is taken for its only member, because some providers know no unions.
    """
    root = {key: value for key, value in schema.items() if key != "$defs"}
    walked = _part(root, change)
    if definitions := schema.get("$defs"):
        walked["$defs"] = {name: _part(part, change) for name, part in definitions.items()}
    return walked


def _part(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if not isinstance(schema, dict):
        return schema
    part: dict[str, Any] = dict(schema)  # pyright: ignore[reportUnknownArgumentType]
    match part.get("type"):
        case "object":
            for key in ("properties", "patternProperties"):
                if isinstance(members := part.get(key), dict):
                    part[key] = {name: _part(member, change) for name, member in members.items()}  # pyright: ignore[reportUnknownVariableType]
            if "additionalProperties" in part:
                part["additionalProperties"] = _part(part["additionalProperties"], change)
        case "array":
            if isinstance(items := part.get("prefixItems"), list):
                part["prefixItems"] = [_part(item, change) for item in items]  # pyright: ignore[reportUnknownVariableType]
            if "items" in part:
                part["items"] = _part(part["items"], change)
        case None:
            for key in ("anyOf", "oneOf"):
                part = _union(part, key, change)
        case _:
            pass
    return change(part)


def _union(part: dict[str, Any], key: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    members = part.pop(key, None)
    if not isinstance(members, list):
        return part
    walked: list[Any] = [_part(member, change) for member in members]  # pyright: ignore[reportUnknownVariableType]
    if len(walked) == 1 and isinstance(walked[0], dict):
        return {**walked[0], **part}
    return {**part, key: walked}
