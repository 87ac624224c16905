"""Whether a value conforms to a JSON schema (draft 2020-12): yes or no, without saying why. No IO.

Knows every keyword that constrains values but `unevaluated*` and `$dynamicRef`; formats are taken for notes. It serves to
choose (which output tool a value fits, which draw is good), never to judge what a user wrote: that is pydantic's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

__all__ = ["conforms", "kind_of", "resolve"]


def conforms(value: Any, schema: Any, root: Any = None) -> bool:
    """Whether `value` (JSON) conforms to `schema`; `root` is the schema that its references point into."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        return schema
    rules: dict[str, Any] = schema if _is_object(schema) else {"enum": []}
    return all(_KEYWORDS[name](value, rule, rules, root) for name, rule in rules.items() if name in _KEYWORDS)


def resolve(reference: str, root: Any) -> Any:
    """What `$ref` points at inside `root`. `KeyError` for what is elsewhere, or nowhere."""
    if reference in ("", "#"):
        return root
    if not reference.startswith("#"):
        found = _named(root, reference)
        if found is None:
            raise KeyError(reference)
        return found
    if not reference.startswith("#/"):
        found = _named(root, reference[1:])
        if found is None:
            raise KeyError(reference)
        return found
    found: Any = root
    for step in reference[2:].split("/"):
        step = unquote(step).replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(step)] if _is_array(found) else found[step]
        except (LookupError, TypeError, ValueError):
            raise KeyError(reference) from None
    return found


def kind_of(value: Any) -> str:
    """The JSON type of a value; `integer` for whole numbers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return {str: "string", list: "array", dict: "object"}.get(type(value), "?")  # pyright: ignore[reportUnknownArgumentType]


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_array(value: Any) -> bool:
    return isinstance(value, list)


def _named(root: Any, name: str) -> Any:
    """The subschema that calls itself by this name."""
    if _is_object(root):
        if name in (root.get("$anchor"), root.get("$id")):
            return root
        found = [_named(item, name) for item in root.values()]
        return next((item for item in found if item is not None), None)
    return None


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON values: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if _is_array(one) and _is_array(other):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if _is_object(one) and _is_object(other):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return one == other


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _type(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    kind = kind_of(value)
    names: Any = [rule] if isinstance(rule, str) else rule
    return kind in names or (kind == "integer" and "number" in names)


def _multiple(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    if not _number(value) or not rule:
        return True
    ratio = value / rule
    return math.isclose(ratio, round(ratio), rel_tol=1e-9, abs_tol=1e-9)


def _properties(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    return not _is_object(value) or all(conforms(value[key], rule[key], root) for key in rule if key in value)


def _additional(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    if not _is_object(value):
        return True
    patterns = schema.get("patternProperties", {})
    known = schema.get("properties", {})
    extra = [key for key in value if key not in known and not any(_search(p, key) for p in patterns)]
    return all(conforms(value[key], rule, root) for key in extra)


def _patterns(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    if not _is_object(value):
        return True
    return all(conforms(value[key], rule[p], root) for p in rule for key in value if _search(p, key))


def _items(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    if not _is_array(value):
        return True
    if _is_array(rule):  # before draft 2020-12: a rule for each place
        return all(conforms(item, one, root) for item, one in zip(value, rule, strict=False))
    rest: list[Any] = value[len(schema.get("prefixItems", ())) :]
    return all(conforms(item, rule, root) for item in rest)


def _prefix(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    pairs = zip(value, rule, strict=False) if _is_array(value) else ()
    return all(conforms(item, one, root) for item, one in pairs)


def _contains(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    if not _is_array(value):
        return True
    count = sum(conforms(item, rule, root) for item in value)
    return schema.get("minContains", 1) <= count <= schema.get("maxContains", math.inf)


def _unique(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    if not rule or not _is_array(value):
        return True
    items: list[Any] = value
    return not any(_same(one, other) for n, one in enumerate(items) for other in items[:n])


def _if(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    return conforms(value, schema.get("then" if conforms(value, rule, root) else "else", True), root)


def _dependent(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    if not _is_object(value):
        return True
    for key, needs in rule.items():
        if key in value and not (
            all(need in value for need in needs) if _is_array(needs) else conforms(value, needs, root)
        ):
            return False
    return True


def _reference(value: Any, rule: Any, schema: Any, root: Any) -> bool:
    try:
        return conforms(value, resolve(rule, root), root)
    except (KeyError, RecursionError):
        return True  # what is elsewhere, or a circle of references, says nothing


def _search(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True  # a regular expression of ECMA's that Python does not know


def _size(kind: type[Any], name: str, *, least: bool) -> Callable[[Any, Any, Any, Any], bool]:
    def check(value: Any, rule: Any, schema: Any, root: Any) -> bool:
        return not isinstance(value, kind) or (len(value) >= rule if least else len(value) <= rule)

    check.__name__ = name
    return check


_KEYWORDS: dict[str, Callable[[Any, Any, Any, Any], bool]] = {
    "$ref": _reference,
    "additionalProperties": _additional,
    "allOf": lambda value, rule, schema, root: all(conforms(value, one, root) for one in rule),
    "anyOf": lambda value, rule, schema, root: any(conforms(value, one, root) for one in rule),
    "const": lambda value, rule, schema, root: _same(value, rule),
    "contains": _contains,
    "dependencies": _dependent,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent,
    "enum": lambda value, rule, schema, root: any(_same(value, one) for one in rule),
    "exclusiveMaximum": lambda value, rule, schema, root: isinstance(rule, bool) or not _number(value) or value < rule,
    "exclusiveMinimum": lambda value, rule, schema, root: isinstance(rule, bool) or not _number(value) or value > rule,
    "if": _if,
    "items": _items,
    "maxItems": _size(list, "maxItems", least=False),
    "maxLength": _size(str, "maxLength", least=False),
    "maxProperties": _size(dict, "maxProperties", least=False),
    "maximum": lambda value, rule, schema, root: not _number(value) or value <= rule,
    "minItems": _size(list, "minItems", least=True),
    "minLength": _size(str, "minLength", least=True),
    "minProperties": _size(dict, "minProperties", least=True),
    "minimum": lambda value, rule, schema, root: not _number(value) or value >= rule,
    "multipleOf": _multiple,
    "not": lambda value, rule, schema, root: not conforms(value, rule, root),
    "oneOf": lambda value, rule, schema, root: sum(conforms(value, one, root) for one in rule) == 1,
    "pattern": lambda value, rule, schema, root: not isinstance(value, str) or _search(rule, value),
    "patternProperties": _patterns,
    "prefixItems": _prefix,
    "properties": _properties,
    "propertyNames": lambda value, rule, schema, root: (
        not _is_object(value) or all(conforms(key, rule, root) for key in value)
    ),
    "required": lambda value, rule, schema, root: not _is_object(value) or all(key in value for key in rule),
    "type": _type,
    "uniqueItems": _unique,
}
