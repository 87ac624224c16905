"""An output item that is being written, and when it is complete."""

from __future__ import annotations

from typing import Any

from playhead.exceptions import DecodeError
from playhead.wire._json import load

__all__ = ["OpenItem", "has_args", "is_open_search", "is_whole"]


class OpenItem:
    """An output item that is being written."""

    __slots__ = ("done", "held", "index", "indexes", "item", "kind", "pieces", "raw", "signature", "told")

    def __init__(self, kind: str, index: int, item: dict[str, Any]) -> None:
        self.kind = kind
        self.index = index
        self.item = item
        self.indexes: list[int] = []
        """The parts it consists of."""
        self.pieces: list[list[str]] = []
        """The text of each of them."""
        self.raw: list[str] = []
        self.signature: str | None = None
        self.held: dict[str, Any] | None = None
        self.done = self.told = False


def is_whole(item: OpenItem) -> bool:
    """Whether a call's arguments are complete: then nothing more comes for it."""
    if item.item["type"] == "custom_tool_call" or item.held is not None:
        return item.held is not None
    try:
        load("".join(item.pieces[0]))
    except DecodeError:
        return False
    return True


def is_open_search(item: OpenItem) -> bool:
    """Whether a search of the provider's for tools has no answer yet."""
    return item.kind == "builtin" and not item.done and item.item["type"] == "tool_search_call"


def has_args(part: Any) -> bool:
    """Whether a call's arguments are complete, as far as one can tell before its end."""
    try:
        return isinstance(load(part.args or "") if isinstance(part.args, str) else part.args, dict)
    except DecodeError:
        return False
