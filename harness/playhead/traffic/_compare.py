"""Compares a live reply with its recording by what a model did: for cassettes in the mode `verify`.

Shape: the kinds of parts in their order, the tools that were called with the fields and types of their arguments, why the
model stopped, errors. Words and values may differ, unless `text` is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from playhead.cassette import Interaction, compare_shape
from playhead.traffic._calls import Exchange, read_exchanges

__all__ = ["compare_replies"]


def compare_replies(recorded: Interaction, live: Interaction, how: str) -> str | None:
    """What differs, one line for each thing, or None. `how` is `shape` or `text`. Hand it to `use_cassette(compare=...)`.

    What is no call of a model is compared without knowing a provider, by its status and fields.
    """
    old, new = read_exchanges([recorded, live])
    if old.call is None or new.call is None or old.problem or new.problem:
        return compare_shape(recorded, live, how)
    before, after = _facts(old, how), _facts(new, how)
    lines = [
        f"{name}: recorded {before.get(name, 'none')}, now {after.get(name, 'none')}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    return "\n    ".join(lines) if lines else None


def _facts(exchange: Exchange, how: str) -> dict[str, str]:
    """What is compared, each with a name."""
    facts: dict[str, str] = {}
    if exchange.error is not None:
        facts["error"] = str(exchange.error.get("status") or exchange.error.get("type") or "yes")
    response = exchange.response
    if response is None:
        return facts
    kinds = [part.part_kind for part in response.parts if part.part_kind != "thinking"]
    facts["parts"] = ", ".join(kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind) or "none"
    facts["finish"] = str(response.finish_reason)
    facts["refusal"] = "yes" if exchange.refusal else "no"
    calls = [part for part in response.parts if part.part_kind in ("tool-call", "builtin-tool-call")]
    for number, part in enumerate(calls, 1):
        args: Any = getattr(part, "args", None)
        if isinstance(args, str):
            try:
                args = json.loads(args)
            except ValueError:
                args = "no JSON"
        shown = json.dumps(args, sort_keys=True) if how == "text" else _shape(args)
        facts[f"call {number}"] = f"{getattr(part, 'tool_name', '')} {shown}"
    if how == "text":
        facts["text"] = repr(response.text)
    return facts


def _shape(value: Any) -> str:
    """The types of a JSON value; a list has the types of its items, each once."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return "{" + ", ".join(f"{name}: {_shape(fields[name])}" for name in sorted(fields)) + "}"
    if isinstance(value, list):
        return "[" + " | ".join(sorted({_shape(item) for item in cast("list[Any]", value)})) + "]"
    return {"str": "text", "bool": "yes or no", "int": "number", "float": "number", "NoneType": "null"}[
        type(value).__name__
    ]
