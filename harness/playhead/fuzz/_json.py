"""Strategies for JSON: values a schema allows, values it almost allows, and text that is no such JSON at all.

JSON Schema 2020-12 as far as pydantic and tool definitions use it (https://json-schema.org/draft/2020-12). A keyword
that is not known here is ignored, so a value may be refused by a stricter validator; none of pydantic's are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, cast

from hypothesis import strategies as st
from pydantic import JsonValue

__all__ = ["ample", "args_text", "json_for", "json_values", "nearly_json_for"]

_DEPTH_MAX = 4

_hard = st.sampled_from(
    # Besides what is long in bytes or escaped in JSON: what paths, patterns, templates and splitting stumble over.
    ["", "é", "👩‍👩‍👧", '"', "\\", "\n", "null", "0", " ", "a b", "\x00", "(", "{", "%", "../x"]
)
_texts = st.text(st.characters(codec="utf-8"), max_size=12) | _hard

_extremes = st.sampled_from([2**31, -(2**31), 2**53, -(2**53)])

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
"""Any JSON value."""


def json_for(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that `schema` allows. Shrinks towards the smallest: required fields only, zero, the empty string."""
    return _Maker(schema).any(schema, 0)


def nearly_json_for(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that look like `schema` and mostly break it in one place: a field missing, one too many, one of another
    type, a number out of range, another value altogether."""
    return json_for(schema).flatmap(_broken)


def args_text(value: Any) -> st.SearchStrategy[str]:
    """JSON text of `value` in one of the forms models send it: compact, spaced, indented, ASCII-only or not."""
    return args_texts(st.just(value))


_forms = st.tuples(st.booleans(), st.sampled_from([None, (",", ":")]), st.sampled_from([None, 2]))


def args_texts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """JSON text of `values`, as `args_text`."""
    return st.tuples(values, _forms).map(
        lambda drawn: json.dumps(drawn[0], ensure_ascii=drawn[1][0], separators=drawn[1][1], indent=drawn[1][2])
    )


def hostile_texts(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts damaged: cut off, doubled, with a stray character, a lone surrogate's escape, or something else entirely."""
    place = st.integers(0, 99)
    strays = st.sampled_from(["\\", '"', "{", "}", ",", "\\ud800", "\x00", "NaN", "/*", "'", "]"])
    others = st.sampled_from(["", "null", "[]", "{", "{}{}", "True", "```json\n{}\n```"])
    return st.one_of(
        st.tuples(texts, place).map(lambda drawn: drawn[0][: drawn[1] % (len(drawn[0]) + 1)]),
        others,
        st.tuples(texts, place, strays).map(_with_stray),
        texts.map(lambda text: text + text),
        texts.map(lambda text: f"```json\n{text}\n```"),
    )


def _with_stray(drawn: tuple[str, int, str]) -> str:
    text, place, stray = drawn
    cut = place % (len(text) + 1)
    return text[:cut] + stray + text[cut:]


def ample(schema: Mapping[str, Any]) -> Any:
    """One value that says as much as `schema` allows: all fields, two items, some words. `LookupError` where that is more
    than a guess, as for patterns; a value that does not quite fit is possible, too."""
    return _ample(_Maker(schema), schema, 0)


def _ample(maker: _Maker, schema: Any, depth: int) -> Any:
    schema = maker._resolved(schema)
    if not isinstance(schema, Mapping) or depth > 2 * _DEPTH_MAX:
        raise LookupError
    known = cast("Mapping[str, Any]", schema)
    if "const" in known or "enum" in known:
        return known["const"] if "const" in known else known["enum"][0]
    for keyword in ("anyOf", "oneOf"):
        if keyword in known:
            options = [option for option in known[keyword] if option != {"type": "null"}]
            return _ample(maker, options[0], depth + 1) if options else None
    kind: Any = known.get("type", _guess(known))
    kind = cast("list[Any]", kind)[0] if isinstance(kind, list) else kind
    least, most = _bounds(known)
    match kind:
        case "object":
            required = known.get("required", ())
            names = [name for name in known.get("properties", {}) if name in required or depth < _DEPTH_MAX]
            return {name: _ample(maker, known["properties"][name], depth + 1) for name in names}
        case "array" if "prefixItems" not in known:
            count = min(max(2, known.get("minItems", 0)), known.get("maxItems", 2)) if depth < _DEPTH_MAX else 0
            return [_ample(maker, known.get("items", {"type": "string"}), depth + 1) for _ in range(count)]
        case "string" if not known.keys() & {"pattern", "format"}:
            return "It is so"[: known.get("maxLength")].ljust(known.get("minLength", 0), ".")
        case "integer" | "number" if "multipleOf" not in known:
            return min(max(12, -(2**53) if least is None else least), 2**53 if most is None else most)
        case "boolean":
            return True
        case _:
            raise LookupError


class _Maker:
    """Strategies for the parts of one schema; `$defs` belong to the whole of it."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._known: dict[tuple[str, str | None], st.SearchStrategy[Any]] = {}

    def any(self, schema: Any, depth: int) -> st.SearchStrategy[Any]:
        if schema is True or schema == {}:
            return json_values
        if schema is False:
            return st.nothing()
        if "$ref" in schema:
            return self._ref(str(schema["$ref"]), depth)
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(list(schema["enum"]))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                rest = {key: value for key, value in schema.items() if key not in (keyword, "discriminator")}
                # pydantic needs the tag of a union, also where its field has a default.
                tag = schema["discriminator"]["propertyName"] if "discriminator" in schema else None
                options = [self._option(rest, option, tag, depth) for option in schema[keyword]]
                return st.one_of(options)
        if "allOf" in schema:
            merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
            for part in schema["allOf"]:
                merged = _merged(merged, self._resolved(part))
            return self.any(merged, depth)
        kind = schema.get("type", _guess(schema))
        if isinstance(kind, list):
            return st.one_of([self.any({**schema, "type": one}, depth) for one in cast("list[str]", kind)])
        maker = _MAKERS.get(kind)
        return json_values if maker is None else maker(self, schema, depth)

    def _option(self, rest: Mapping[str, Any], option: Any, tag: str | None, depth: int) -> st.SearchStrategy[Any]:
        if isinstance(option, Mapping) and "$ref" in option and not set(rest) & _CONSTRAINTS:
            return self._ref(str(cast("Mapping[str, Any]", option)["$ref"]), depth, tag)
        tagged = {"required": [*rest.get("required", ()), tag]} if tag else {}
        return self.any(_merged({**rest, **tagged}, self._resolved(option) if tag else option), depth)

    def _ref(self, ref: str, depth: int, tag: str | None = None) -> st.SearchStrategy[Any]:
        if (ref, tag) not in self._known:
            target = self._resolved({"$ref": ref})
            if tag is not None:
                target = {**target, "required": [*target.get("required", ()), tag]}
            # Deferred, because schemas may be recursive; depth is bounded where containers are made.
            self._known[ref, tag] = st.deferred(lambda: self.any(target, min(depth + 1, _DEPTH_MAX)))
        return self._known[ref, tag]

    def _resolved(self, schema: Any) -> Any:
        while isinstance(schema, Mapping) and "$ref" in schema:
            node: Any = self._root
            for step in str(schema["$ref"]).lstrip("#/").split("/"):  # pyright: ignore[reportUnknownArgumentType]
                node = node[step] if step else node
            rest = {key: value for key, value in schema.items() if key != "$ref"}  # pyright: ignore[reportUnknownVariableType]
            schema = _merged(node, rest) if rest else node
        return schema  # pyright: ignore[reportUnknownVariableType]

    def _object(self, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        required = set(schema.get("required", ()))
        fields = {name: self.any(value, depth + 1) for name, value in properties.items() if name in required}
        optional = {name: self.any(value, depth + 1) for name, value in properties.items() if name not in required}
        if depth >= _DEPTH_MAX:
            optional = {}
        base = st.fixed_dictionaries(fields, optional=optional)
        extra = schema.get("additionalProperties", bool(not properties))
        least = schema.get("minProperties", 0)
        if extra is False or (depth >= _DEPTH_MAX and not least):
            return base
        more = st.dictionaries(
            _texts.filter(lambda name: name not in properties),
            self.any(extra, depth + 1),
            min_size=max(0, least - len(fields)),
            max_size=max(3, least) if not properties else max(0, least - len(fields)),
        )
        return st.tuples(more, base).map(lambda both: {**both[0], **both[1]})

    def _array(self, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
        prefix = [self.any(item, depth + 1) for item in schema.get("prefixItems", ())]
        least = max(0, schema.get("minItems", 0) - len(prefix))
        most = schema.get("maxItems")
        limit = least if depth >= _DEPTH_MAX else least + 3
        limit = limit if most is None else max(0, min(limit, most - len(prefix)))
        items = schema.get("items", not prefix)
        if items is False:
            limit = 0
        unique = bool(schema.get("uniqueItems"))
        rest = st.lists(
            self.any(items, depth + 1) if limit else st.nothing(),
            min_size=least,
            max_size=limit,
            unique_by=_identity if unique else None,
        )
        return st.tuples(*prefix, rest).map(lambda drawn: [*drawn[:-1], *drawn[-1]])

    def _string(self, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[str]:
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if "pattern" in schema:
            # Elsewhere than in Python `$` does not match before a last line end.
            pattern = re.sub(r"(?<!\\)((?:\\\\)*)\$\Z", r"\1\\Z", schema["pattern"])
            found = st.from_regex(pattern, alphabet=st.characters(codec="utf-8"))
            return found.filter(lambda text: least <= len(text) <= (math.inf if most is None else most))
        made = _FORMATS.get(schema.get("format", ""))
        if made is not None:
            return made
        limit = least + 12 if most is None else most
        return st.text(st.characters(codec="utf-8"), min_size=least, max_size=min(limit, least + 40)) | _hard.filter(
            lambda text: least <= len(text) <= limit
        )

    def _integer(self, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[int]:
        low, high = _bounds(schema)
        step = schema.get("multipleOf") or 1
        least = -(2**53) // step if low is None else math.ceil(low / step)
        most = 2**53 // step if high is None else math.floor(high / step)
        if low is not None and low == schema.get("exclusiveMinimum") and least * step == low:
            least += 1
        if high is not None and high == schema.get("exclusiveMaximum") and most * step == high:
            most -= 1
        numbers = st.integers(int(least), int(most))
        if low is None and high is None and step == 1:
            numbers |= _extremes  # what dates, lists and other languages have no room for
        return numbers if step == 1 else numbers.map(lambda number: int(number * step))

    def _number(self, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[float]:
        low, high = _bounds(schema)
        if schema.get("multipleOf"):
            return self._integer(schema, depth)
        return st.floats(
            low,
            high,
            allow_nan=False,
            allow_infinity=False,
            exclude_min=low is not None and low == schema.get("exclusiveMinimum"),
            exclude_max=high is not None and high == schema.get("exclusiveMaximum"),
        )

    def _boolean(self, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[bool]:
        return st.booleans()

    def _null(self, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[None]:
        return st.none()


def _bounds(schema: Mapping[str, Any]) -> tuple[Any, Any]:
    lows = [schema[key] for key in ("minimum", "exclusiveMinimum") if schema.get(key) is not None]
    highs = [schema[key] for key in ("maximum", "exclusiveMaximum") if schema.get(key) is not None]
    return max(lows, default=None), min(highs, default=None)


def _merged(one: Mapping[str, Any], other: Any) -> Any:
    """Both schemas at once, as far as fields and bounds go."""
    if not isinstance(other, Mapping):
        return other if not one else dict(one)
    merged: dict[str, Any] = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *cast("list[str]", other["required"])]
    return merged


def _guess(schema: Mapping[str, Any]) -> str | None:
    if "properties" in schema or "additionalProperties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else None


def _identity(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _broken(value: Any) -> st.SearchStrategy[Any]:
    if isinstance(value, dict) and value:
        fields = cast("dict[str, Any]", value)
        names = st.sampled_from(list(fields))
        return st.one_of(
            names.map(lambda name: {key: item for key, item in fields.items() if key != name}),
            st.tuples(names, json_values).map(lambda drawn: {**fields, drawn[0]: drawn[1]}),
            st.tuples(_texts, json_values).map(lambda drawn: {**fields, drawn[0]: drawn[1]}),
            names.flatmap(lambda name: _broken(fields[name]).map(lambda worse: {**fields, name: worse})),
            json_values,
        )
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return st.sampled_from([str(value), -value, value + 0.5, 10**30, None])
    return json_values


_MAKERS: dict[Any, Any] = {
    "object": _Maker._object,
    "array": _Maker._array,
    "string": _Maker._string,
    "integer": _Maker._integer,
    "number": _Maker._number,
    "boolean": _Maker._boolean,
    "null": _Maker._null,
}

_CONSTRAINTS = {
    "type",
    "properties",
    "required",
    "items",
    "minimum",
    "maximum",
    "enum",
    "const",
    "additionalProperties",
}

_FORMATS: dict[str, st.SearchStrategy[str]] = {
    "date": st.dates().map(lambda day: day.isoformat()),
    "time": st.times(timezones=st.none()).map(lambda moment: moment.isoformat()),
    "date-time": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    "duration": st.integers(0, 10_000).map(lambda seconds: f"PT{seconds}S"),
    "uuid": st.uuids().map(str),
    "email": st.from_regex(r"[a-z]{1,8}@example\.com", fullmatch=True),
    "uri": st.from_regex(r"https://example\.com/[a-z]{0,8}", fullmatch=True),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
}
