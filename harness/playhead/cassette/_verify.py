"""Compares a live reply with its recording by shape, without knowing any provider.

The same status class and kind of content; for JSON the same fields with the same types; for a stream of JSON frames the
same kinds of frames with the same fields, however many there are of each. Texts and numbers may differ: a model says it
differently each time. A comparison that knows dialects is handed in as `compare=`.
"""

from __future__ import annotations

import json
from typing import Any, cast

from playhead.cassette._tape import Interaction, RecordedResponse

__all__ = ["compare_shape"]


def compare_shape(recorded: Interaction, live: Interaction, how: str) -> str | None:
    """What differs, in one or more lines, or None. `how` is `shape`, or `text`: bodies must be equal, too."""
    old, new = recorded.response, live.response
    if old.status != new.status:
        return f"status {new.status}, recorded {old.status}"
    if old.end != new.end and "complete" not in (old.end, new.end):
        return f"ended {new.end}, recorded {old.end}"
    kind, recorded_kind = _kind(new), _kind(old)
    if kind != recorded_kind:
        return f"content-type {kind}, recorded {recorded_kind}"
    if how == "text" and old.body != new.body:
        return "the body differs"
    before, after = _shapes(old.body), _shapes(new.body)
    lines = [f"new: {shape}" for shape in sorted(after - before)] + [
        f"gone: {shape}" for shape in sorted(before - after)
    ]
    return "\n    ".join(["other fields", *lines[:20]]) if lines else None


def _kind(response: RecordedResponse) -> str:
    return (response.header("content-type") or "").split(";")[0].strip().lower()


def _shapes(body: bytes) -> set[str]:
    text = body.decode("utf-8", "replace")
    try:
        return set(_paths(json.loads(text), ""))
    except ValueError:
        pass
    shapes: set[str] = set()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "event":
            shapes.add(f"event {value.strip()}")
        elif name == "data":
            try:
                shapes.update(_paths(json.loads(value), ""))
            except ValueError:
                shapes.add(f"data {value.strip()[:20]}" if value.strip() == "[DONE]" else "data (text)")
    return shapes


def _paths(value: Any, place: str) -> list[str]:
    if isinstance(value, dict):
        found: list[str] = []
        for key, item in cast("dict[str, Any]", value).items():
            found += _paths(item, f"{place}.{key}" if place else key)
        return found
    if isinstance(value, list):
        return [path for item in cast("list[Any]", value) for path in _paths(item, f"{place}[*]")]
    kind = "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    return [f"{place} ({kind})"] if value is not None else []
