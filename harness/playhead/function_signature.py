"""Tools as functions are written in Python: shorter than their JSON schemas, and what models have read most of.

In: the JSON schemas of a tool's parameters and of what it returns. Out: a `FunctionSignature`, and from it text: the
function (`render`), and a `TypedDict` for each object among its types (`render_type_definitions`). Two tools may mean
different things by one type's name: `get_conflicting_type_names` finds those, which are then written with the name of a
tool before theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from textwrap import indent
from typing import Any, Literal, TypeAlias, cast

__all__ = [
    "FunctionParam",
    "FunctionSignature",
    "GenericTypeExpr",
    "LiteralTypeExpr",
    "SimpleTypeExpr",
    "TypeExpr",
    "TypeFieldSignature",
    "TypeSignature",
    "UnionTypeExpr",
]

_NO_NAMES: frozenset[str] = frozenset()


@dataclass
class SimpleTypeExpr:
    """A type that is only a name: `int`, `None`, `Any`, or that of an enumeration."""

    name: str
    kind: Literal["simple"] = "simple"

    def __str__(self) -> str:
        return _write(self)


@dataclass
class LiteralTypeExpr:
    """One of some values."""

    values: list[Any]
    kind: Literal["literal"] = "literal"

    def __str__(self) -> str:
        return _write(self)


@dataclass
class GenericTypeExpr:
    """A type of others: `list[int]`, `dict[str, int]`."""

    base: str
    args: list[TypeExpr]
    kind: Literal["generic"] = "generic"

    def __str__(self) -> str:
        return _write(self)


@dataclass
class UnionTypeExpr:
    """One of some types."""

    members: list[TypeExpr]
    kind: Literal["union"] = "union"

    def __str__(self) -> str:
        return _write(self)


@dataclass(kw_only=True)
class TypeFieldSignature:
    """A key of an object."""

    name: str
    type: TypeExpr
    required: bool = False
    description: str | None = None
    kind: Literal["field"] = "field"


def _no_fields() -> dict[str, TypeFieldSignature]:
    return {}


@dataclass(kw_only=True)
class TypeSignature:
    """An object with known keys, written as a `TypedDict`."""

    name: str
    description: str | None = None
    fields: dict[str, TypeFieldSignature] = field(default_factory=_no_fields)
    kind: Literal["type"] = "type"
    _owner: str | None = field(default=None, init=False, repr=False, compare=False)
    """The tool whose name tells it from others of its name, once others are known."""

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        """The name as it is written where no other type has the same."""
        return self.name

    def structurally_equal(self, other: TypeSignature) -> bool:
        """Whether both have the same name and the same keys of the same types, whatever is said about them."""
        return _shape(self) == _shape(other)

    def render_definition(
        self, *, owner_name: str | None = None, conflicting_type_names: frozenset[str] = _NO_NAMES
    ) -> str:
        """The class. Types of the `conflicting_type_names` have the name of their tool, or `owner_name`, before theirs."""
        names = _Names(owner_name, conflicting_type_names)
        body = [_doc(self.description)] if self.description else []
        for item in self.fields.values():
            written = _write(item.type, names)
            body.append(f"{item.name}: {written if item.required else f'NotRequired[{written}]'}")
            if item.description:
                body.append(_doc(item.description))
        return f"class {names.of(self)}(TypedDict):\n{indent(chr(10).join(body or ['pass']), _STEP)}"


TypeExpr: TypeAlias = SimpleTypeExpr | LiteralTypeExpr | GenericTypeExpr | UnionTypeExpr | TypeSignature
"""Any type."""


@dataclass(kw_only=True)
class FunctionParam:
    """A parameter; `default` is written as Python."""

    name: str
    type: TypeExpr
    default: str | None = None
    kind: Literal["param"] = "param"

    def __str__(self) -> str:
        return self._written(_Names())

    def _written(self, names: _Names) -> str:
        return f"{self.name}: {_write(self.type, names)}" + ("" if self.default is None else f" = {self.default}")


def _no_params() -> dict[str, FunctionParam]:
    return {}


def _no_types() -> list[TypeSignature]:
    return []


@dataclass(kw_only=True)
class FunctionSignature:
    """A tool as a function. All parameters are given by name."""

    name: str
    description: str | None = None
    params: dict[str, FunctionParam] = field(default_factory=_no_params)
    return_type: TypeExpr
    referenced_types: list[TypeSignature] = field(default_factory=_no_types)
    is_async: bool = False
    kind: Literal["function"] = "function"

    @classmethod
    def from_schema(
        cls, *, name: str, parameters_schema: dict[str, Any], return_schema: dict[str, Any] | None = None
    ) -> FunctionSignature:
        """The signature for the JSON schemas of a tool called `name`. Without a `return_schema` it returns `Any`.

        Objects without a name are called after the tool and the parameters that lead to them.
        """
        types: list[TypeSignature] = []
        takes = _Reader(name, parameters_schema, types)
        root = takes.resolved(parameters_schema)
        required: list[str] = root.get("required", [])
        items: dict[str, Any] = root.get("properties", {})
        params = {
            key: _param(key, takes.type_of(items[key], (key,)), items[key], key in required)
            for key in sorted(items, key=lambda key: key not in required)
        }
        gives: TypeExpr = SimpleTypeExpr("Any")
        if return_schema is not None:
            gives = _Reader(name, return_schema, types).type_of(return_schema, ("return",))
        made = cls(name=name, params=params, return_type=gives, referenced_types=types)
        cls.get_conflicting_type_names([made])  # what it takes and what it returns may be of the same types
        made.referenced_types = cls.collect_unique_referenced_types([made])
        return made

    def render(
        self,
        body: str,
        *,
        name: str | None = None,
        description: str | None = None,
        is_async: bool | None = None,
        conflicting_type_names: frozenset[str] = _NO_NAMES,
    ) -> str:
        """The function with `body`. What is given here wins over the signature's own."""
        name = name or self.name
        names = _Names(name, conflicting_type_names)
        head = "async def" if (self.is_async if is_async is None else is_async) else "def"
        takes = ", ".join(param._written(names) for param in self.params.values())
        lines = [f"{head} {name}({f'*, {takes}' if takes else ''}) -> {_write(self.return_type, names)}:"]
        if description := description or self.description:
            lines.append(indent(_doc(description), _STEP))
        return "\n".join([*lines, indent(body, _STEP)])

    @staticmethod
    def get_conflicting_type_names(signatures: list[FunctionSignature]) -> frozenset[str]:
        """The names that mean different types in these tools. Types that are equal become one in all of them."""
        known: dict[str, list[TypeSignature]] = {}
        for signature in signatures:
            for position, found in enumerate(signature.referenced_types):
                alike = known.setdefault(found.name, [])
                same = next((item for item in alike if item.structurally_equal(found)), None)
                if same is None:
                    # One tool may mean two things by a name: what it takes, and what it returns.
                    own = sum(item._owner in (signature.name, f"{signature.name}_2") for item in alike)
                    found._owner = f"{signature.name}_{own + 1}" if own else signature.name
                    alike.append(found)
                elif same is not found:
                    signature._replace(found, same)
                    signature.referenced_types[position] = same
        return frozenset(name for name, alike in known.items() if len(alike) > 1)

    @staticmethod
    def collect_unique_referenced_types(signatures: list[FunctionSignature]) -> list[TypeSignature]:
        """Every type of these tools once, in the order in which they come."""
        return list({id(item): item for signature in signatures for item in signature.referenced_types}.values())

    @staticmethod
    def render_type_definitions(
        signatures: list[FunctionSignature], conflicting_type_names: frozenset[str]
    ) -> list[str]:
        """The classes of all types of these tools. `conflicting_type_names` come from `get_conflicting_type_names`."""
        written: dict[int, str] = {}
        for signature in signatures:
            for item in signature.referenced_types:
                if id(item) not in written:
                    written[id(item)] = item.render_definition(
                        owner_name=signature.name, conflicting_type_names=conflicting_type_names
                    )
        return list(written.values())

    def _replace(self, old: TypeSignature, new: TypeSignature) -> None:
        for param in self.params.values():
            param.type = _replaced(param.type, old, new)
        self.return_type = _replaced(self.return_type, old, new)
        for item in self.referenced_types:
            for of in item.fields.values():
                of.type = _replaced(of.type, old, new)


# --------------------------------------------------------------------------- from schemas
class _Reader:
    """Reads the types of one schema; objects with known keys go into `types`."""

    def __init__(self, tool: str, schema: dict[str, Any], types: list[TypeSignature]) -> None:
        self._tool = tool
        self._definitions: dict[str, Any] = schema.get("$defs", {})
        self._types = types
        self._named: dict[str, TypeSignature] = {}

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema that a reference stands for."""
        return self._definitions.get(_referred(schema), schema)

    def type_of(self, schema: Any, path: tuple[str, ...]) -> TypeExpr:
        """The type of what the schema allows."""
        if not isinstance(schema, dict):
            return SimpleTypeExpr("Any")
        given = cast("dict[str, Any]", schema)
        if name := _referred(given):
            definition: Any = self._definitions.get(name)
            known = isinstance(definition, dict) and "properties" in definition
            return self._object(name, cast("dict[str, Any]", definition), path) if known else SimpleTypeExpr(name)
        if "const" in given:
            return LiteralTypeExpr([given["const"]])
        if "enum" in given:
            return LiteralTypeExpr(list(given["enum"]))
        for key in ("anyOf", "oneOf"):
            if given.get(key):
                return _union([self.type_of(member, path) for member in given[key]])
        if len(given.get("allOf", ())) == 1:
            return self.type_of(given["allOf"][0], path)
        kinds = given.get("type")
        if isinstance(kinds, list):
            return _union([self.type_of({**given, "type": kind}, path) for kind in cast("list[str]", kinds)])
        if kinds == "array":
            inner = (*path[:-1], f"{path[-1]}item")
            return GenericTypeExpr("list", [self.type_of(given.get("items"), inner)])
        if kinds == "object":
            if "properties" in given:
                return self._object(None, given, path)
            return GenericTypeExpr(
                "dict", [SimpleTypeExpr("str"), self.type_of(given.get("additionalProperties"), path)]
            )
        return SimpleTypeExpr(_PLAIN.get(str(kinds), "Any"))

    def _object(self, name: str | None, schema: dict[str, Any], path: tuple[str, ...]) -> TypeSignature:
        if name is not None and name in self._named:
            return self._named[name]
        title: Any = schema.get("title") if path == ("return",) else None  # what a model, returned as it is, is called
        called = name or title or _class_name(self._tool, *path)
        made = TypeSignature(name=called, description=schema.get("description"))
        if name is not None:
            self._named[name] = made  # before its fields: one of them may be of this type, too
        self._types.append(made)
        required: list[str] = schema.get("required", [])
        for key, item in cast("dict[str, Any]", schema["properties"]).items():
            about = cast("dict[str, Any]", item).get("description") if isinstance(item, dict) else None
            made.fields[key] = TypeFieldSignature(
                name=key, type=self.type_of(item, (*path, key)), required=key in required, description=about
            )
        return made


def _referred(schema: dict[str, Any]) -> str:
    """The name of the definition that a schema is a reference to; empty where it is none."""
    return str(schema.get("$ref", "")).removeprefix("#/$defs/")


def _param(name: str, found: TypeExpr, schema: Any, required: bool) -> FunctionParam:
    if required:
        return FunctionParam(name=name, type=found)
    if isinstance(schema, dict) and "default" in schema:
        return FunctionParam(name=name, type=found, default=repr(cast("dict[str, Any]", schema)["default"]))
    return FunctionParam(name=name, type=_union([found, SimpleTypeExpr("None")]), default="None")


def _union(members: list[TypeExpr]) -> TypeExpr:
    """One of these types, each once."""
    flat: list[TypeExpr] = []
    for member in members:
        for item in member.members if isinstance(member, UnionTypeExpr) else [member]:
            if item not in flat:
                flat.append(item)
    return flat[0] if len(flat) == 1 else UnionTypeExpr(flat)


def _class_name(*words: str) -> str:
    return "".join(word[:1].upper() + word[1:] for text in words for word in re.split(r"[^0-9A-Za-z]+|_", text))


_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


# --------------------------------------------------------------------------- to text
class _Names:
    """How types are called: those that several tools have, with the name of a tool before theirs."""

    def __init__(self, owner: str | None = None, conflicting: frozenset[str] = _NO_NAMES) -> None:
        self._owner = owner
        self._conflicting = conflicting

    def of(self, found: TypeSignature) -> str:
        owner = found._owner or self._owner
        return f"{owner}_{found.name}" if owner and found.name in self._conflicting else found.name


def _write(found: TypeExpr, names: _Names | None = None) -> str:
    match found:
        case TypeSignature():
            return (names or _Names()).of(found)
        case SimpleTypeExpr(name=name):
            return name
        case LiteralTypeExpr(values=values):
            return f"Literal[{', '.join(map(repr, values))}]"
        case GenericTypeExpr(base=base, args=args):
            return f"{base}[{', '.join(_write(item, names) for item in args)}]"
        case UnionTypeExpr(members=members):
            return " | ".join(_write(item, names) for item in members)


def _doc(text: str) -> str:
    lines = text.strip("\n").splitlines() or [""]
    return f'"""{lines[0]}"""' if len(lines) == 1 else "\n".join(['"""', *lines, '"""'])


def _replaced(found: TypeExpr, old: TypeSignature, new: TypeSignature) -> TypeExpr:
    if found is old:
        return new
    if isinstance(found, GenericTypeExpr):
        found.args = [_replaced(item, old, new) for item in found.args]
    elif isinstance(found, UnionTypeExpr):
        found.members = [_replaced(item, old, new) for item in found.members]
    return found


def _shape(found: TypeExpr, inside: tuple[str, ...] = ()) -> object:
    """A type as a value to compare, without descriptions; a type inside of itself is its name."""
    match found:
        case TypeSignature(name=name):
            if name in inside:
                return name
            parts: Iterable[Any] = _fields(found, (*inside, name))
            return (name, tuple(parts))
        case GenericTypeExpr(base=base, args=args):
            return (base, tuple(_shape(item, inside) for item in args))
        case UnionTypeExpr(members=members):
            return ("|", tuple(_shape(item, inside) for item in members))
        case _:
            return _write(found)


def _fields(found: TypeSignature, inside: tuple[str, ...]) -> Iterator[object]:
    for item in found.fields.values():
        yield (item.name, item.required, _shape(item.type, inside))


_STEP = "    "
