"""Validation of objects whose JSON is still arriving, without reading again what was read before.

pydantic validates incomplete JSON (`allow_partial="trailing-strings"`), but from the beginning each time: the cost of a
stream grows with the square of its length. For the shapes below the text is taken apart (`playhead.stream.JsonSplitter`),
each finished item of a list is validated once, from its own slice of the text, and per piece only the item that is still
open. What comes out equals what the whole text gives.

The shapes: a `TypedDict`, a model or a dataclass with at least one field that is directly a list without limits on its
length (or `None`), where nothing but the fields decides: no validators of the whole, no `__post_init__` or
`model_post_init`, no aliases. The items may be anything. Everything else, and text that is damaged, is validated whole.

Finished items are handed out again in each later value: they are shared, and must not be changed in place.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Literal, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import CoreConfig, CoreSchema, SchemaValidator, core_schema, from_json

from playhead.stream import JsonSplitter, SplitList


class PartialValidator:
    """Validates one growing JSON text: `feed` it the pieces, `value` gives what has come so far.

    `validator` says what the text has to be, `shape` how to take it apart (`shape_of` the schema that the validator was
    made of; made once, used for many texts). Without a shape all is validated whole.
    """

    def __init__(self, validator: SchemaValidator, shape: Shape | None, *, context: Any = None) -> None:
        self._validator = validator
        self._context = context
        self._text: list[str] = []
        self._shape = shape
        self._splitter = None if shape is None else JsonSplitter(shape.lists)
        self._lists: dict[str, _ListSoFar] = {}
        self._base: Any = None
        self._base_error: ValidationError | None = None
        self._base_version = -1
        self._last_key: str | None = None

    @property
    def incremental(self) -> bool:
        """Whether the cost of a piece does not grow with what came before."""
        return self._splitter is not None

    def feed(self, text: str) -> None:
        """Take in more of the text."""
        self._text.append(text)
        if self._splitter is not None:
            self._splitter.feed(text)
            if self._splitter.lost:
                self._give_up()

    def value(self) -> Any:
        """The value so far. Raises `ValidationError` where there is none yet."""
        if self._splitter is not None:
            try:
                return self._put_together(self._splitter)
            except _Damaged:
                self._give_up()
        return self._whole()

    def _give_up(self) -> None:
        self._splitter = None
        self._lists.clear()
        self._base = self._base_error = None

    def _whole(self) -> Any:
        if len(self._text) > 1:
            self._text[:] = ["".join(self._text)]
        text = self._text[0] if self._text else ""
        return self._validator.validate_json(text or "{}", allow_partial="trailing-strings", context=self._context)

    def _put_together(self, splitter: JsonSplitter) -> Any:
        assert self._shape is not None
        if not splitter.lists:
            return self._whole()
        self._read_skeleton(splitter)
        if self._base_error is not None:
            raise self._base_error
        items: dict[str, list[Any]] = {}
        for key, split in splitter.lists.items():
            known = self._lists.get(key)
            if known is None:
                known = self._lists[key] = _ListSoFar(split, self._shape.lists[key])
            last = key == self._last_key
            items[key] = known.read(self._context, may_drop=last and self._shape.drops, settled=not last)
        return self._shape.build(self._base, items)

    def _read_skeleton(self, splitter: JsonSplitter) -> None:
        if splitter.skeleton_version == self._base_version:
            return
        self._base_version = splitter.skeleton_version
        text = splitter.skeleton
        # A field is the last one until another has a value, however little of it.
        try:
            fields = from_json(text, allow_partial="trailing-strings")
        except ValueError as error:
            raise _Damaged from error
        self._last_key = next(reversed(fields), None)
        if not fields.keys() >= splitter.lists.keys():
            raise _Damaged  # something before them is not JSON
        self._base_error = None
        try:
            self._base = self._validator.validate_json(text, allow_partial="trailing-strings", context=self._context)
        except ValidationError as error:
            self._base_error = error


class _Damaged(Exception):
    """The text of an item is not JSON, or not what the item has to be: the whole text decides what that means."""


class _ListSoFar:
    """The validated items of a list. The last two that have come wait: the last may still be left out."""

    def __init__(self, split: SplitList, validators: ListValidators) -> None:
        self._split = split
        self._validators = validators
        self._done: list[Any] = []
        self._waiting: list[str] = []

    def read(self, context: Any, *, may_drop: bool, settled: bool) -> list[Any]:
        """The items so far, in a new list."""
        split = self._split
        self._waiting.extend(split.finished)
        split.finished.clear()
        keep = 0 if settled else 1
        while len(self._waiting) > keep:
            self._finish(self._waiting.pop(0), context)
        if not self._waiting and not split.open:
            return self._done.copy()
        # The blank says that the last item has ended: half a word is an error then.
        tail = f"[{','.join([*self._waiting, ''.join(split.open)])}" if split.open else f"[{','.join(self._waiting)} "
        if may_drop:
            try:
                rest = self._validators.dropping.validate_json(tail, allow_partial="trailing-strings", context=context)
            except ValidationError as error:  # an item before the last is not valid: then the list is left out
                raise _Damaged from error
        else:
            rest = self._validators.keeping.validate_json(
                f'{{"v":{tail}', allow_partial="trailing-strings", context=context
            )["v"]
        return self._done + rest

    def _finish(self, text: str, context: Any) -> None:
        try:
            self._done.append(self._validators.item.validate_json(text, context=context))
        except ValidationError as error:
            raise _Damaged from error


class _Holder:
    """Stands for an object that is valid as a whole or not at all."""


class ListValidators:
    """Validators for the items of one list field."""

    def __init__(self, items: CoreSchema, definitions: list[CoreSchema], config: CoreConfig | None) -> None:
        def make(schema: CoreSchema) -> SchemaValidator:
            whole = core_schema.definitions_schema(schema, definitions) if definitions else schema
            return SchemaValidator(whole, config)

        self.item = make(items)
        """One finished item."""
        self.dropping = make(core_schema.list_schema(items))
        """The last items, where one that is not valid yet is left out."""
        held = core_schema.model_fields_schema({"v": core_schema.model_field(core_schema.list_schema(items))})
        self.keeping = _Held(make(core_schema.model_schema(_Holder, held, config=config)))
        """The last items, where one that is not valid yet makes the whole invalid."""


class _Held:
    """Gives the fields of a holder: models turn off the leaving out of what is not valid yet."""

    def __init__(self, validator: SchemaValidator) -> None:
        self._validator = validator

    def validate_json(self, text: str, *, allow_partial: Literal["trailing-strings"], context: Any) -> dict[str, Any]:
        return self._validator.validate_json(text, allow_partial=allow_partial, context=context).__dict__


class Shape:
    """How an object is put together from its skeleton and its lists."""

    def __init__(
        self, lists: dict[str, ListValidators], drops: bool, build: Callable[[Any, dict[str, list[Any]]], Any]
    ) -> None:
        self.lists = lists
        self.drops = drops
        """Whether an item that is not valid yet is left out (else the whole is not valid yet)."""
        self.build = build


def shape_of(schema: CoreSchema) -> Shape | None:
    """The shape of an object that can be validated piece by piece; None for any other."""
    definitions: list[CoreSchema] = []
    root = cast("dict[str, Any]", schema)
    if root["type"] == "definitions":
        definitions = root["definitions"]
        root = root["schema"]
    if root["type"] == "definition-ref":
        named = {item.get("ref"): cast("dict[str, Any]", item) for item in definitions}
        root = named.get(root["schema_ref"], root)
    found = _READERS.get(root.get("type", ""), lambda _: None)(root)
    if found is None:
        return None
    fields, drops, build = found
    if any(field.get("validation_alias") is not None for field in fields.values()):
        return None
    # Model configuration reaches into the items.
    config = cast("CoreConfig | None", root.get("config"))
    lists = {
        name: ListValidators(items, definitions, config)
        for name, field in fields.items()
        if (items := _items_of(field["schema"])) is not None
    }
    return Shape(lists, drops, build) if lists else None


_Found = tuple[dict[str, Any], bool, Callable[[Any, dict[str, list[Any]]], Any]]


def _read_typed_dict(root: dict[str, Any]) -> _Found | None:
    return root["fields"], True, lambda base, items: {**base, **items}


def _read_model(root: dict[str, Any]) -> _Found | None:
    inner = root["schema"]
    cls: type[BaseModel] = root["cls"]
    plain = cls.__new__ is object.__new__ and "__copy__" not in _own(cls) and inner["type"] == "model-fields"
    if not plain or root.get("custom_init") or root.get("post_init") or root.get("root_model"):
        return None

    return inner["fields"], False, _with_lists


def _own(cls: type) -> set[str]:
    """What `cls` and its parents below pydantic's own model define."""
    return {name for parent in cls.__mro__ if parent not in (BaseModel, object) for name in vars(parent)}


def _read_dataclass(root: dict[str, Any]) -> _Found | None:
    inner = root["schema"]
    if inner["type"] != "dataclass-args" or root.get("post_init") or root.get("slots"):
        return None
    fields = {field["name"]: field for field in inner["fields"]}
    if any(field.get("init_only") or field.get("init") is False for field in fields.values()):
        return None

    return fields, False, _with_lists


def _with_lists(base: Any, items: dict[str, list[Any]]) -> Any:
    made = copy.copy(base)
    made.__dict__.update(items)
    return made


def _items_of(schema: dict[str, Any]) -> CoreSchema | None:
    """What the items of a list field have to be; None where the field is not directly a list."""
    while schema["type"] in ("default", "nullable"):
        if schema.get("on_error") not in (None, "raise"):
            return None
        schema = schema["schema"]
    if schema["type"] == "union" and _is_value_or_its_json(schema):
        schema = schema["choices"][0]
    if schema["type"] != "list" or any(schema.get(limit) is not None for limit in ("min_length", "max_length")):
        return None
    return schema.get("items_schema", core_schema.any_schema())


def _is_value_or_its_json(schema: dict[str, Any]) -> bool:
    """Whether it is a value, or the same as JSON in a string, as outputs that are no objects are: for an array, a list."""
    choices = schema["choices"]
    return len(choices) == 2 and isinstance(choices[1], dict) and choices[1].get("type") == "json"


_READERS: dict[str, Callable[[dict[str, Any]], _Found | None]] = {
    "dataclass": _read_dataclass,
    "model": _read_model,
    "typed-dict": _read_typed_dict,
}
