"""Outputs that fill up: models and dataclasses made from what has come, without validation."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from typing import Annotated, Any, Literal, NotRequired, Required, Union, cast, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType, get_type_hints, is_typeddict


def construct(type_: Any, value: Any) -> Any:
    """`value`, as JSON gives it, in the form of `type_` as far as it has come.

    Models are made by `model_construct` (`model_fields_set` tells what has come; fields with a default have it),
    dataclasses without their constructor (a field that has neither come nor a default is None); both also inside lists,
    dictionaries, unions and each other. Everything else stays as JSON has it: nothing is validated.
    """
    type_, arguments = _plain(type_)
    if type_ in (Union, types.UnionType):
        return construct(_member(arguments, value), value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if type_ in _SEQUENCES and arguments:
            return [construct(arguments[0], item) for item in items]
        if type_ is tuple and arguments:
            kinds = [arguments[0]] * len(items) if arguments[-1] is Ellipsis else arguments
            return tuple(construct(kind, item) for kind, item in zip(kinds, items, strict=False))
        return items
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    if type_ in _MAPPINGS and len(arguments) == 2:
        return {key: construct(arguments[1], item) for key, item in fields.items()}
    if isinstance(type_, type):
        for fits, make in _OBJECTS:
            if fits(type_):
                return make(type_, fields)
    return fields


def can_construct(type_: Any) -> bool:
    """Whether `construct` makes anything of `type_` that plain JSON is not."""
    type_, arguments = _plain(type_)
    if isinstance(type_, type) and any(fits(type_) for fits, _ in _OBJECTS):
        return True
    return any(can_construct(argument) for argument in arguments if argument is not Ellipsis)


def _plain(type_: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without what is wrapped around it, and its arguments."""
    while True:
        if isinstance(type_, TypeAliasType) or type(type_).__name__ == "TypeAliasType":
            type_ = type_.__value__
        elif get_origin(type_) in (Annotated, Required, NotRequired):
            type_ = get_args(type_)[0]
        elif get_origin(type_) is Literal:
            return Literal, ()
        else:
            return get_origin(type_) or type_, get_args(type_)


def _member(members: Sequence[Any], value: Any) -> Any:
    """Which member of a union a value is on its way to be: the one that most of its fields fit."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return max(members, key=lambda member: _fit(member, fields))
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    return next((member for member in members if _plain(member)[0] is kind), object)


def _fit(member: Any, fields: dict[str, Any]) -> int:
    """How many fields `member` knows; a constant with another value rules it out."""
    plain, _ = _plain(member)
    if not (isinstance(plain, type) and any(fits(plain) for fits, _ in _OBJECTS)):
        return 0 if plain in _MAPPINGS else -1000
    hints = get_type_hints(plain, include_extras=True)
    fit = 1
    for name, item in fields.items():
        if name not in hints:
            fit -= 1
        elif get_origin(hints[name]) is Literal and item not in get_args(hints[name]):
            # A text may still grow into it.
            fit -= 0 if isinstance(item, str) and any(str(a).startswith(item) for a in get_args(hints[name])) else 1000
        else:
            fit += 1
    return fit


def _make_model(cls: type[BaseModel], fields: dict[str, Any]) -> Any:
    if cls.model_fields.keys() == {"root"} and getattr(cls, "__pydantic_root_model__", False):
        return fields
    known: dict[str, Any] = {}
    rest = dict(fields)
    for name, info in cls.model_fields.items():
        alias = info.validation_alias if isinstance(info.validation_alias, str) else info.alias
        for key in (alias, name):
            if key is not None and key in rest:
                # The alias as the key: that is what `model_construct` reads.
                known[alias or name] = construct(info.annotation, rest.pop(key))
                break
    if cls.model_config.get("extra") == "allow":
        known.update(rest)
    return cls.model_construct(**known)


def _make_typed_dict(cls: Any, fields: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {name: construct(hints[name], item) for name, item in fields.items() if name in hints}


def _make_dataclass(cls: type, fields: dict[str, Any]) -> Any:
    made = cast(Any, object.__new__(cls))
    hints = get_type_hints(cls, include_extras=True)
    for item in dataclasses.fields(cls):
        if item.name in fields:
            value: Any = construct(hints[item.name], fields[item.name])
        elif item.default is not dataclasses.MISSING:
            value = item.default
        elif item.default_factory is not dataclasses.MISSING:
            value = item.default_factory()
        else:
            value = None
        object.__setattr__(made, item.name, value)
    return made


_SEQUENCES = (list, Sequence, MutableSequence)
_MAPPINGS = (dict, Mapping)
_OBJECTS: list[tuple[Callable[[Any], bool], Callable[[Any, dict[str, Any]], Any]]] = [
    (lambda cls: issubclass(cls, BaseModel), _make_model),
    (is_typeddict, _make_typed_dict),
    (dataclasses.is_dataclass, _make_dataclass),
]
