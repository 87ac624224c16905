"""Data as XML, which models read well inside of a prompt."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, Literal, cast
from uuid import UUID  # noqa: TID251 - the type, not the maker of new ones
from xml.sax.saxutils import escape, quoteattr

from pydantic import BaseModel

__all__ = ["format_as_xml"]


def format_as_xml(
    obj: Any,
    root_tag: str | None = None,
    item_tag: str = "item",
    none_str: str = "null",
    indent: str | None = "  ",
    include_field_info: Literal["once"] | bool = False,
) -> str:
    """`obj` as XML for a prompt. Texts are escaped; names of tags are taken as they are.

    Mappings, dataclasses and models become an element for each key or field; other iterables an `item_tag` for each
    item, or the name of the item's class where that is a dataclass or a model. `None` is written as `none_str`, dates and
    times in ISO 8601, other single values as `str` has them. All of it goes into one `root_tag`, where there is one. Each
    level is indented by `indent`; None puts all on one line. `include_field_info` writes the title and the description of
    fields (pydantic's `Field`, a dataclass field's `metadata`) as attributes: each time, or only the first `"once"`.

    Raises `TypeError` for values of any other type.
    """
    writer = _Writer(item_tag, none_str, indent, include_field_info)
    if root_tag is not None:
        lines = writer.element(root_tag, obj, {})
    elif _is_scalar(obj):
        lines = writer.element(item_tag, obj, {})
    else:
        lines = [line for child in writer.children(obj) for line in child]
    return ("" if indent is None else "\n").join(lines)


@dataclass
class _Writer:
    item_tag: str
    none_str: str
    indent: str | None
    field_info: Literal["once"] | bool
    told: set[tuple[type, str]] = field(default_factory=set[tuple[type, str]])
    """The fields whose title and description were written."""

    def element(self, tag: str, value: Any, info: Mapping[str, str]) -> list[str]:
        """The lines of one element."""
        head = tag + "".join(f" {name}={_attribute(text)}" for name, text in info.items())
        if _is_scalar(value):
            text = self.text(value)
            return [f"<{head}>{escape(text)}</{tag}>" if text else f"<{head} />"]
        inner = [f"{self.indent or ''}{line}" for child in self.children(value) for line in child]
        return [f"<{head}>", *inner, f"</{tag}>"] if inner else [f"<{head} />"]

    def children(self, value: Any) -> Iterator[list[str]]:
        """The elements inside of a value that is not a single one, as lines."""
        if isinstance(value, Mapping):
            for key, item in cast("Mapping[Any, Any]", value).items():
                yield self.element(str(key), item, {})
        elif isinstance(value, BaseModel) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
            for name, item, info in _fields(value):
                yield self.element(name, item, self.info(type(value), name, info))
        elif isinstance(value, Iterable):
            for item in cast("Iterable[Any]", value):
                named = isinstance(item, BaseModel) or (dataclasses.is_dataclass(item) and not isinstance(item, type))
                yield self.element(type(item).__name__ if named else self.item_tag, item, {})
        else:
            raise TypeError(
                f"format_as_xml writes no {type(value)}: give it texts, numbers, dates, mappings, iterables, dataclasses or models"
            )

    def info(self, owner: type, name: str, info: Mapping[str, str]) -> Mapping[str, str]:
        """What is written about a field this time."""
        if not self.field_info or (self.field_info == "once" and (owner, name) in self.told):
            return {}
        self.told.add((owner, name))
        return info

    def text(self, value: Any) -> str:
        """A single value."""
        if value is None:
            return self.none_str
        if isinstance(value, (bytes, bytearray)):
            return value.decode(errors="ignore")
        if isinstance(value, (date, time)):
            return value.isoformat()
        # A text that is an enumeration's is written as the text; other members by their names.
        return str.__str__(value) if isinstance(value, str) else str(value)


_SINGLE = (str, bytes, bytearray, bool, int, float, Decimal, date, time, timedelta, UUID, Enum)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, _SINGLE)


def _fields(value: Any) -> Iterator[tuple[str, Any, dict[str, str]]]:
    """Name, value, and what is known about each field of a model or a dataclass."""
    if not isinstance(value, BaseModel):
        for item in dataclasses.fields(value):
            yield item.name, getattr(value, item.name), _told_of(item.metadata.get)
        return
    kind = type(value)
    known: dict[str, Any] = {**kind.model_fields, **kind.model_computed_fields}
    for name in (*known, *(value.model_extra or {})):
        about = known.get(name)
        if not getattr(about, "exclude", None):
            yield name, getattr(value, name), _told_of(partial(_attribute_of, about))


def _told_of(get: Callable[[str], Any]) -> dict[str, str]:
    return {key: str(text) for key in ("title", "description") if (text := get(key))}


def _attribute(text: str) -> str:
    quoted = quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#09;"})
    return quoted if quoted[0] == '"' else '"' + quoted[1:-1].replace('"', "&quot;") + '"'


def _attribute_of(field: Any, key: str) -> Any:
    return getattr(field, key, None)
