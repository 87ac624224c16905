"""Any value on one line, the same in each run: how transcripts show arguments, results, outputs and parts.

Rules: strings stand in double quotes with invisible characters escaped; what is longer than `LONG` is cut, with its
length and digest; bytes are a length and a digest, with their media type where it is known; models and dataclasses are
their constructor calls without what is at its default; ids are labels, timestamps of messages are left out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, TypeAlias, cast

from playhead.transcript._labels import Labels

Path: TypeAlias = tuple[tuple[Any, Any], ...]
"""Where a value stands in another one, as syrupy has it: steps with the types of what they lead to."""

__all__ = ["LONG", "Values", "digest", "get", "quoted", "ticked"]

LONG = 240
"""Characters of a string that are shown before it is cut."""
_HEAD = 160
_ITEMS_MAX = 100
_DEPTH_MAX = 12

# Left out of messages, parts and events: they differ from run to run and say nothing of what the run did.
_OMITTED = {"timestamp", "run_id", "conversation_id", "provider_url", "dynamic_ref", "canonical_system"}
_IDS = {"tool_call_id": "call", "provider_response_id": "response", "id": "item", "file_id": "file"}
_KINDS = {"part_kind", "event_kind", "part_delta_kind", "kind"}
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SPECIAL: dict[str, str] = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def get(thing: object, name: str, default: Any = None) -> Any:
    """The field `name` of an object or of a mapping."""
    if isinstance(thing, Mapping):
        return cast("Mapping[str, Any]", thing).get(name, default)
    return getattr(thing, name, default)


def digest(data: bytes) -> str:
    """Eight hexadecimal digits of the SHA-256: enough to see that something changed."""
    return hashlib.sha256(data).hexdigest()[:8]


def quoted(text: str) -> str:
    """`text` in double quotes, with everything escaped that one could not see; long texts are cut."""
    if len(text) <= LONG:
        return f'"{_visible(text)}"'
    size = f"{len(text):,} characters, sha256 {digest(text.encode('utf-8', 'surrogatepass'))}"
    return f'"{_visible(text[:_HEAD])}…" ({size})'


def ticked(text: str) -> str:
    """A piece of JSON text in backticks, where its own quotes need no escapes; in double quotes if it has backticks."""
    if "`" in text or "\\" in text or len(text) > LONG:
        return quoted(text)
    return f"`{_visible(text, keep_quotes=True)}`"


def _visible(text: str, *, keep_quotes: bool = False) -> str:
    if text.isascii() and text.isprintable():
        plain = text.replace("\\", "\\\\")
        return plain if keep_quotes else plain.replace('"', '\\"')
    shown: list[str] = []
    for character in text:
        if character == '"' and keep_quotes:
            shown.append(character)
        elif character in _SPECIAL:
            shown.append(_SPECIAL[character])
        elif (character.isprintable() and not unicodedata.combining(character)) or (
            unicodedata.combining(character) and shown
        ):
            shown.append(character)
        else:
            shown.append(json.dumps(character)[1:-1])
    return "".join(shown)


class Values:
    """Shows values. `matcher` and the filters are those of syrupy: they may replace or leave out nested values."""

    def __init__(
        self,
        labels: Labels | None = None,
        *,
        matcher: Callable[..., Any] | None = None,
        exclude: Callable[..., bool] | None = None,
        include: Callable[..., bool] | None = None,
    ) -> None:
        self.labels = labels or Labels()
        self._matcher = matcher
        self._exclude = exclude
        self._include = include

    def line(self, value: object, path: Path = ()) -> str:
        """`value` on one line."""
        if self._matcher is not None:
            value = self._matcher(data=value, path=path)
        if value is None or isinstance(value, bool):
            return str(value)
        if isinstance(value, Enum):
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, str):
            return quoted(self.labels.inside(value))
        if isinstance(value, (int, float, complex, Decimal)):
            return str(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._bytes(bytes(cast("bytes", value)))
        if len(path) >= _DEPTH_MAX:
            return "…"
        if isinstance(value, Mapping):
            return self._mapping(cast("Mapping[Any, Any]", value), path)
        if isinstance(value, (list, tuple)):
            return self._items(cast("list[Any]", value), "[]" if isinstance(value, list) else "()", path)
        if isinstance(value, (set, frozenset)):
            shown = sorted(self.line(item, path) for item in cast("set[Any]", value))
            return "{" + ", ".join(shown) + "}" if shown else "set()"
        if isinstance(value, (datetime, date, time)):
            return f"{type(value).__name__} {value.isoformat()}"
        if isinstance(value, timedelta):
            return f"{value.total_seconds():g} s"
        if isinstance(value, PurePath):
            return quoted(value.as_posix())
        if isinstance(value, type):
            return value.__qualname__
        if isinstance(value, BaseException):
            return self.error(value)
        return self._object(value, path)

    def fields(self, value: object) -> dict[str, Any] | None:
        """What an object is made of, without what is left out or at its default; None if it has no fields."""
        model_fields = getattr(type(value), "model_fields", None)
        if isinstance(model_fields, Mapping):  # a pydantic model: what is there, in the order of the class
            there: dict[str, Any] = {**vars(value), **(getattr(value, "model_extra", None) or {})}
            order = [*cast("Mapping[str, Any]", model_fields), *there]
            return {name: there[name] for name in order if name in there}
        if not dataclasses.is_dataclass(value) or isinstance(value, type):
            return None
        noun = any(hasattr(value, kind) for kind in _KINDS)
        found: dict[str, Any] = {}
        for item in dataclasses.fields(value):
            if not item.repr or item.name.startswith("_") or (noun and item.name in _OMITTED | _KINDS):
                continue
            content = getattr(value, item.name, dataclasses.MISSING)
            if content is dataclasses.MISSING or _is_default(item, content):
                continue
            found[item.name] = content
        return found

    def call(self, name: str, fields: Mapping[str, Any], path: Path = ()) -> str:
        """`name(field=value, ...)`."""
        shown: list[str] = []
        for field, content in fields.items():
            if self._leaves_out(field, content, path):
                continue
            shown.append(f"{field}={self.line(content, _below(path, field, content))}")
        return f"{name}({', '.join(shown)})"

    def error(self, error: BaseException) -> str:
        """`Type: message`, without addresses; a group also says what is in it."""
        message = _ADDRESS.sub("", self.labels.inside(str(error)))
        shown = f"{type(error).__name__}: {quoted(message)}" if message else type(error).__name__
        if isinstance(error, BaseExceptionGroup):
            inner = cast("BaseExceptionGroup[BaseException]", error).exceptions
            shown += " [" + ", ".join(self.error(item) for item in inner) + "]"
        return shown

    def _object(self, value: object, path: Path) -> str:
        data = getattr(value, "data", None)
        if isinstance(data, bytes) and isinstance(getattr(value, "media_type", None), str):
            return self._bytes(data, value.media_type)  # type: ignore[attr-defined]
        fields = self.fields(value)
        if fields is not None:
            if any(hasattr(value, kind) for kind in _KINDS):
                fields = {name: self._label(name, content) for name, content in fields.items()}
            return self.call(type(value).__qualname__.rpartition(".")[2].split("[")[0], fields, path)
        return _ADDRESS.sub("", self.labels.inside(repr(value)))

    def _label(self, name: str, content: Any) -> Any:
        return _Bare(self.labels.label(_IDS[name], content)) if name in _IDS and isinstance(content, str) else content

    def _bytes(self, data: bytes, media_type: str | None = None) -> str:
        if media_type is None and len(data) <= 32:
            return repr(data)
        return f"<{media_type + ', ' if media_type else ''}{len(data):,} bytes, sha256 {digest(data)}>"

    def _mapping(self, value: Mapping[Any, Any], path: Path) -> str:
        shown = [
            f"{self.line(key, path)}: {self.line(content, _below(path, key, content))}"
            for key, content in value.items()
            if not self._leaves_out(key, content, path)
        ]
        return "{" + ", ".join(_cut(shown)) + "}"

    def _items(self, value: Iterable[Any], brackets: str, path: Path) -> str:
        shown = [self.line(item, _below(path, n, item)) for n, item in enumerate(value)]
        return brackets[0] + ", ".join(_cut(shown)) + brackets[1]

    def _leaves_out(self, name: Any, content: Any, path: Path) -> bool:
        if self._exclude is not None and self._exclude(prop=name, path=_below(path, name, content)):
            return True
        return self._include is not None and not self._include(prop=name, path=_below(path, name, content))


def _below(path: Path, name: Any, value: Any) -> Path:
    return (*path, (name, cast("Any", type(value))))


class _Bare:
    """A word that is shown without quotes."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return self.word


def _cut(shown: list[str]) -> list[str]:
    if len(shown) <= _ITEMS_MAX:
        return shown
    rest = shown[_ITEMS_MAX:]
    return [*shown[:_ITEMS_MAX], f"… {len(rest):,} more, sha256 {digest(', '.join(rest).encode())}"]


def _is_default(item: dataclasses.Field[Any], content: Any) -> bool:
    try:
        if item.default is not dataclasses.MISSING:
            return bool(content == item.default)
        if item.default_factory is not dataclasses.MISSING:
            return item.name not in ("timestamp", "tool_call_id") and bool(content == item.default_factory())
    except Exception:  # a foreign `__eq__` or factory may do anything; then the field is simply shown
        return False
    return False
