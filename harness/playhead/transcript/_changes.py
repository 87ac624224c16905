"""What changed from one partial output to the next, as assignments: `city = "Par"`, `city += "is"`, `del note`.

The first partial is shown whole. A value whose type or shape differs from the last one is shown whole again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from playhead.transcript._values import Values, quoted

__all__ = ["changes"]

_CHANGES_MAX = 8


def changes(old: object, new: object, values: Values) -> str:
    """What to do to `old` to get `new`, or `new` itself where that is shorter to read; `(no change)` if nothing."""
    found: list[str] = []
    if type(old) is not type(new) or not _compare("", old, new, found, values):
        return values.line(new)
    if len(found) > _CHANGES_MAX:
        return values.line(new)
    return ", ".join(found) if found else "(no change)"


def _compare(path: str, old: object, new: object, found: list[str], values: Values) -> bool:
    """Adds the changes below `path` to `found`. False if the two have nothing in common to be changed."""
    if isinstance(old, str) and isinstance(new, str):
        if new != old:
            _text(path, old, new, found)
        return True
    old_fields, new_fields = _fields(old, values), _fields(new, values)
    if old_fields is not None and new_fields is not None and type(old) is type(new):
        for name, content in new_fields.items():
            _item(f"{path}.{name}" if path else str(name), name, old_fields, content, found, values)
        found.extend(f"del {path}.{name}" if path else f"del {name}" for name in old_fields if name not in new_fields)
        return True
    if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        before, after = cast("list[Any]", old), cast("list[Any]", new)
        for n, content in enumerate(after):
            _item(f"{path}[{n}]", n, dict(enumerate(before)), content, found, values)
        if len(after) < len(before):
            found.append(f"del {path}[{len(after)}:]")
        return True
    if old == new:
        return True
    if path:
        found.append(f"{path} = {values.line(new)} (was {values.line(cast(Any, old))})")
        return True
    return False


def _item(path: str, name: Any, before: Mapping[Any, Any], content: Any, found: list[str], values: Values) -> None:
    if name not in before:
        found.append(f"{path} = {values.line(content)}")
        return
    old = before[name]
    same_type = type(old) is type(content)
    if not (same_type and _compare(path, old, content, found, values)) and (old != content or not same_type):
        found.append(f"{path} = {values.line(content)} (was {values.line(old)})")


def _text(path: str, old: str, new: str, found: list[str]) -> None:
    name = path or "text"
    if new.startswith(old):
        found.append(f"{name} += {quoted(new[len(old) :])}")
    else:
        found.append(f"{name} = {quoted(new)}")


def _fields(value: object, values: Values) -> dict[Any, Any] | None:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[Any, Any]", value))
    return values.fields(value)
