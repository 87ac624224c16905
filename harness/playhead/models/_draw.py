"""Data that conforms to a JSON schema, the same for the same seed.

Unlike `TestModel`'s data, which is the least that will do and the same for every release of the reference, this fills
optional fields, varies, and knows the whole vocabulary of draft 2020-12: references and recursion, combinations, formats,
regular expressions, bounds. A draw is checked against the schema; where it does not conform, another is made, and the
simplest in the end.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any, cast

from playhead.exceptions import UserError
from playhead.models._conforms import conforms, resolve
from playhead.models._draw_text import FORMATS, text_like, word

__all__ = ["draw"]

_TRIES = 60
_DEEP = 5
"""From this depth on only what is required, and what ends soonest."""
_DEEPEST = 40


def draw(schema: Any, seed: str) -> Any:
    """JSON that conforms to `schema`. `UserError` where none was found."""
    for attempt in range(_TRIES):
        drawer = _Drawer(schema, f"{seed}/{attempt}", spare=attempt >= _TRIES // 2)
        try:
            value = drawer.any(schema, 0)
        except (_NoValue, RecursionError):
            continue
        if conforms(value, schema):
            return value
    raise UserError(
        f"No data was found that conforms to this schema: {json.dumps(schema, default=repr)[:500]}. "
        "Answer this one with a script, or give the schema `examples`."
    )


class _NoValue(Exception):
    """Nothing conforms, as far as one can see from here."""


class _Drawer:
    """One attempt. `spare`: as little as possible."""

    def __init__(self, root: Any, seed: str, *, spare: bool) -> None:
        self._root = root
        self._state = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=8).digest(), "big")
        self._spare = spare

    def below(self, count: int) -> int:
        """A number from 0 to `count - 1` (splitmix64: https://prng.di.unimi.it/splitmix64.c)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) % 2**64
        z = self._state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return (z ^ (z >> 31)) % count

    def any(self, schema: Any, depth: int) -> Any:
        """A value for a schema anywhere in the whole."""
        if schema is True or schema == {}:
            return [word(self), self.below(100), bool(self.below(2)), None][self.below(4)]
        if not isinstance(schema, dict) or depth > _DEEPEST:
            raise _NoValue
        rules = self._flat(cast("dict[str, Any]", schema), depth)
        if "const" in rules:
            return rules["const"]
        if "enum" in rules:
            fitting = [value for value in rules["enum"] if conforms(value, rules, self._root)]
            return self._one(fitting)
        if not self.below(4) or self._spare:
            examples = [*rules.get("examples", ()), *([rules["default"]] if "default" in rules else ())]
            fitting = [value for value in examples if conforms(value, rules, self._root)]
            if fitting:
                return self._one(fitting)
        return _MAKERS[self._kind(rules)](self, rules, depth)

    # ------------------------------------------------------------------ one schema of several
    def _flat(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """The schema with references followed, and one of each choice taken."""
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                rest = {name: rule for name, rule in schema.items() if name != "$ref"}
                try:
                    schema = self._both(rest, resolve(schema["$ref"], self._root))
                except KeyError:
                    schema = rest
            elif "allOf" in schema:
                rest = {name: rule for name, rule in schema.items() if name != "allOf"}
                for part in schema["allOf"]:
                    rest = self._both(rest, part)
                schema = rest
            elif "anyOf" in schema or "oneOf" in schema:
                name = "anyOf" if "anyOf" in schema else "oneOf"
                rest = {key: rule for key, rule in schema.items() if key != name}
                schema = self._both(rest, self._branch(schema[name], depth))
            elif "if" in schema:
                rest = {key: rule for key, rule in schema.items() if key not in ("if", "then", "else")}
                yes = self.below(2)
                chosen = self._both(schema["if"], schema.get("then", True)) if yes else schema.get("else", True)
                schema = self._both(rest, chosen)
            else:
                return schema
        raise _NoValue

    def _branch(self, branches: list[Any], depth: int) -> Any:
        if len(branches) > 1 and branches[1] == {"type": "string"} and _type_of(branches[0]) == "number":
            branches = [branches[0], *branches[2:]]  # pydantic's `Decimal` takes no string but one that is a number
        if depth < _DEEP and not self._spare:
            return self._one(branches)
        costs = [self._cost(branch, 0) for branch in branches]
        return branches[costs.index(min(costs))]

    def _cost(self, schema: Any, depth: int) -> float:
        """How deep the least value of a schema is; infinite where there is no end."""
        if depth > _DEEP * 2:
            return math.inf
        if not isinstance(schema, dict):
            return 0
        rules = cast("dict[str, Any]", schema)
        costs: list[float] = [0]
        if "$ref" in rules:
            try:
                costs.append(1 + self._cost(resolve(rules["$ref"], self._root), depth + 1))
            except KeyError:
                pass
        for name in ("anyOf", "oneOf"):
            if name in rules:
                costs.append(min((self._cost(one, depth + 1) for one in rules[name]), default=0))
        costs += [self._cost(one, depth + 1) for one in rules.get("allOf", ())]
        properties = rules.get("properties", {})
        costs += [1 + self._cost(properties.get(name, True), depth + 1) for name in rules.get("required", ())]
        costs += [1 + self._cost(one, depth + 1) for one in rules.get("prefixItems", ())]
        if rules.get("minItems", 0) > len(rules.get("prefixItems", ())):
            costs.append(1 + self._cost(rules.get("items", True), depth + 1))
        return max(costs)

    def _both(self, one: Any, other: Any) -> dict[str, Any]:
        """A schema for what conforms to both."""
        if one is False or other is False:
            raise _NoValue
        left = cast("dict[str, Any]", one if isinstance(one, dict) else {})
        right = cast("dict[str, Any]", other if isinstance(other, dict) else {})
        merged = dict(left)
        for name, rule in right.items():
            merged[name] = self._merge(name, merged[name], rule) if name in merged else rule
        return merged

    def _merge(self, name: str, one: Any, other: Any) -> Any:
        if one == other or name in _NOTES:
            return one
        if name in ("properties", "patternProperties", "$defs"):
            return {
                key: {"allOf": [one[key], other[key]]} if key in one and key in other else one.get(key, other.get(key))
                for key in {**one, **other}
            }
        if name == "required":
            return list(dict.fromkeys([*one, *other]))
        if name == "enum":
            return [value for value in one if any(conforms(value, {"const": rule}) for rule in other)]
        if name == "type":
            return self._types(one, other)
        if name in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"):
            return max(one, other)
        if name in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"):
            return min(one, other)
        if name in ("allOf", "anyOf", "oneOf"):
            return [*one, *other] if name == "allOf" else one
        if name == "multipleOf" and isinstance(one, int) and isinstance(other, int):
            return math.lcm(one, other)
        if name in ("items", "additionalProperties", "propertyNames", "contains"):
            return {"allOf": [one, other]}
        return other  # the check at the end tells whether it was the right one

    def _types(self, one: Any, other: Any) -> list[str]:
        left: list[str] = [one] if isinstance(one, str) else one
        right: list[str] = [other] if isinstance(other, str) else other
        both = [kind for kind in left if kind in right or (kind == "integer" and "number" in right)]
        both += ["integer"] if "integer" in right and "number" in left and "integer" not in both else []
        if not both:
            raise _NoValue
        return both

    def _kind(self, rules: dict[str, Any]) -> str:
        kind = rules.get("type")
        if isinstance(kind, str):
            return kind
        if kind:
            return self._one(kind)
        for hint, implied in _HINTS.items():
            if hint in rules:
                return implied
        return self._one(["string", "integer", "boolean"])

    def _one(self, options: list[Any]) -> Any:
        if not options:
            raise _NoValue
        return options[self.below(len(options))]

    # ------------------------------------------------------------------ by type
    def _string(self, rules: dict[str, Any], depth: int) -> str:
        least, most = rules.get("minLength", 0), rules.get("maxLength", math.inf)
        if "pattern" in rules:
            return self._like(rules["pattern"], least, most)
        if rules.get("contentMediaType") == "application/json" and "contentSchema" in rules:
            return json.dumps(self.any(rules["contentSchema"], depth + 1), ensure_ascii=False)
        if rules.get("format") in FORMATS:
            return FORMATS[rules["format"]](self)
        text = word(self)
        while len(text) < least or (not self.below(3) and not self._spare and len(text) < 30):
            text += " " + word(self)
        return text if len(text) <= most else text[: int(most)]

    def _like(self, pattern: str, least: int, most: float) -> str:
        try:
            for attempt in range(_TRIES):
                text = text_like(pattern, self, most=attempt % 2 == 1)
                if not pattern.startswith("^") and len(text) < least:
                    text = (word(self) * least)[: least - len(text)] + text
                if not pattern.endswith("$") and len(text) < least:
                    text += (word(self) * least)[: least - len(text)]
                if least <= len(text) <= most and re.search(pattern, text):
                    return text
        except (re.error, OverflowError):
            pass
        raise _NoValue

    def _integer(self, rules: dict[str, Any], depth: int) -> int:
        low, high = self._bounds(rules)
        step = rules.get("multipleOf", 1)
        if not float(step).is_integer():
            step = 1 if conforms(1, {"multipleOf": step}) else round(1 / step) * step  # what is a whole number of steps
        step = max(1, int(step))
        first = math.ceil(low / step) if low > -math.inf else (math.floor(high / step) - 99 if high < math.inf else 0)
        last = math.floor(high / step) if high < math.inf else first + 99
        if last < first:
            raise _NoValue
        return (first + self.below(min(last - first, 10**6) + 1)) * step

    def _number(self, rules: dict[str, Any], depth: int) -> float:
        low, high = self._bounds(rules, whole=False)
        step = rules.get("multipleOf")
        if low == -math.inf:
            low = min(0.0, high - 100) if high < math.inf else 0.0
        if high == math.inf:
            high = max(100.0, low + 100)
        if high < low:
            raise _NoValue
        if step:
            first, last = math.ceil(low / step), math.floor(high / step)
            if last < first:
                raise _NoValue
            return (first + self.below(min(last - first, 10**6) + 1)) * step
        value = low + (high - low) * (1 + self.below(99)) / 100
        rounded = round(value, 2)
        return rounded if low < rounded < high else value

    def _bounds(self, rules: dict[str, Any], *, whole: bool = True) -> tuple[float, float]:
        low, high = rules.get("minimum", -math.inf), rules.get("maximum", math.inf)
        more, less = rules.get("exclusiveMinimum"), rules.get("exclusiveMaximum")
        if more is not None and not isinstance(more, bool):
            low = max(low, math.floor(more) + 1 if whole else more)
        if less is not None and not isinstance(less, bool):
            high = min(high, math.ceil(less) - 1 if whole else less)
        return low, high

    def _boolean(self, rules: dict[str, Any], depth: int) -> bool:
        return bool(self.below(2))

    def _null(self, rules: dict[str, Any], depth: int) -> None:
        return None

    def _array(self, rules: dict[str, Any], depth: int) -> list[Any]:
        prefix: list[Any] = rules.get("prefixItems", [])
        items: Any = rules.get("items", True)
        if isinstance(items, list):  # before draft 2020-12
            prefix, items = cast("list[Any]", items), rules.get("additionalItems", True)
        least, most = rules.get("minItems", 0), rules.get("maxItems", math.inf)
        wanted = rules.get("minContains", 1) if "contains" in rules else 0
        value = [self.any(one, depth + 1) for one in prefix[: int(min(most, len(prefix)))]]
        if wanted:
            value += [self.any(self._both(rules["contains"], items), depth + 1) for _ in range(wanted)]
        count = max(least, 0 if self._ends(depth) else self.below(4))
        for _ in range(200):
            if len(value) >= min(count, most) or items is False:
                break
            try:
                item = self.any(items, depth + 1)
            except _NoValue:
                if least <= len(value):
                    break
                raise
            if not rules.get("uniqueItems") or conforms([*value, item], {"uniqueItems": True}):
                value.append(item)
            elif len(value) >= least and not self.below(4):
                break
        return value

    def _object(self, rules: dict[str, Any], depth: int) -> dict[str, Any]:
        properties: dict[str, Any] = rules.get("properties", {})
        required: list[str] = list(rules.get("required", []))
        patterns: dict[str, Any] = rules.get("patternProperties", {})
        extra = rules.get("additionalProperties", True)
        least, most = rules.get("minProperties", 0), rules.get("maxProperties", math.inf)
        value: dict[str, Any] = {}
        for name in [*properties, *(name for name in required if name not in properties)]:
            optional = name not in required
            if optional and (self._ends(depth) or len(required) + len(value) >= most or not self.below(3)):
                continue
            rule = properties.get(name)
            if rule is None:
                rule = next((patterns[p] for p in patterns if re.search(p, name)), extra)
            try:
                value[name] = self.any(rule, depth + 1)
            except _NoValue:
                if not optional:
                    raise
        for name, needs in rules.get("dependentRequired", {}).items():
            if name in value:
                for need in needs:
                    value.setdefault(need, self.any(properties.get(need, extra), depth + 1))
        wanted = least if self._ends(depth) or properties else max(least, min(most, 1 + self.below(3)))
        for _ in range(100):
            if len(value) >= wanted:
                break
            self._more(value, rules, depth)
        return value

    def _more(self, value: dict[str, Any], rules: dict[str, Any], depth: int) -> None:
        """One more property, by a pattern or beyond the known ones, or an optional one."""
        patterns: dict[str, Any] = rules.get("patternProperties", {})
        extra = rules.get("additionalProperties", True)
        left = [name for name in rules.get("properties", {}) if name not in value]
        if left:
            value[left[0]] = self.any(rules["properties"][left[0]], depth + 1)
        elif patterns:
            pattern = self._one(list(patterns))
            value[self._like(pattern, 0, math.inf)] = self.any(patterns[pattern], depth + 1)
        elif extra is False:
            raise _NoValue
        else:
            names = rules.get("propertyNames", True)
            name = word(self) if names is True else self.any(self._both(names, {"type": "string"}), depth + 1)
            value[str(name)] = self.any(extra, depth + 1)

    def _ends(self, depth: int) -> bool:
        return self._spare or depth >= _DEEP


def _type_of(schema: Any) -> Any:
    return schema.get("type") if isinstance(schema, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


_HINTS = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "patternProperties": "object",
    "propertyNames": "object",
    "minProperties": "object",
    "maxProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "contains": "array",
    "minItems": "array",
    "maxItems": "array",
    "uniqueItems": "array",
    "pattern": "string",
    "format": "string",
    "minLength": "string",
    "maxLength": "string",
    "contentMediaType": "string",
    "multipleOf": "number",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
}
_NOTES = frozenset({"$comment", "default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"})
_MAKERS = {
    "array": _Drawer._array,
    "boolean": _Drawer._boolean,
    "integer": _Drawer._integer,
    "null": _Drawer._null,
    "number": _Drawer._number,
    "object": _Drawer._object,
    "string": _Drawer._string,
}
