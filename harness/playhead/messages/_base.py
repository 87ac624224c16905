"""What all nouns share: how they print, and where their timestamps come from."""

from __future__ import annotations

import base64
from dataclasses import MISSING, fields
from typing import Any

from playhead import clock, ids

now_utc = clock.now
generate_tool_call_id = ids.tool_call_id


class Shown:
    """A dataclass that prints as its constructor call, without what is at its default.

    What a factory made is always shown, as the reference does: a timestamp, an id, the usage.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        shown: list[str] = []
        for item in fields(self):  # type: ignore[arg-type]
            if not item.repr:
                continue
            value = getattr(self, item.name)
            if item.default is not MISSING and value == item.default:
                continue
            shown.append(f"{item.name}={value!r}")
        return f"{type(self).__qualname__}({', '.join(shown)})"


def to_base64(data: bytes) -> str:
    """`data` in standard base64."""
    return base64.b64encode(data).decode()


JsonObject = dict[str, Any]
"""A JSON object; `Any`, because providers put anything there."""
