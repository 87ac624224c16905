"""What a response says beside its items: usage, how it ended, refusals; and small readings that items share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playhead.messages import FinishReason
from playhead.usage import RequestUsage
from playhead.wire._json import as_dict, as_list, as_text, as_whole, dump_text

__all__ = [
    "FINISH_REASONS",
    "RawContent",
    "arguments_json",
    "code_json",
    "read_usage",
    "refusal_in",
    "searches_billed",
]

FINISH_REASONS: dict[str, FinishReason] = {
    "completed": "stop",
    "max_output_tokens": "length",
    "content_filter": "content_filter",
    "cancelled": "error",
    "failed": "error",
}


def searches_billed(response: dict[str, Any]) -> int:
    """How many web searches the response cost: as told, or as counted among its items."""
    if response.get("status") in ("queued", "in_progress"):
        return 0
    told = as_dict(as_dict(response.get("tool_usage")).get("web_search")).get("num_requests")
    if type(told) is int:
        return told
    items = (as_dict(item) for item in as_list(response.get("output")))
    return sum(
        item.get("type") == "web_search_call" and as_dict(item.get("action")).get("type") == "search" for item in items
    )


def read_usage(wire: dict[str, Any], searches: int = 0) -> RequestUsage:
    """Token counts; `details` has the provider's other counts, reasoning always among them."""
    if not wire:
        return RequestUsage(details={"web_search_requests": searches} if searches else {})
    given, made = as_dict(wire.get("input_tokens_details")), as_dict(wire.get("output_tokens_details"))
    details = {name: int(count) for name, count in wire.items() if isinstance(count, int) and name not in _COUNTED}
    details["reasoning_tokens"] = as_whole(made.get("reasoning_tokens"))
    if searches:
        details["web_search_requests"] = searches
    return RequestUsage(
        input_tokens=as_whole(wire.get("input_tokens")),
        output_tokens=as_whole(wire.get("output_tokens")),
        cache_read_tokens=as_whole(given.get("cached_tokens")),
        cache_write_tokens=as_whole(given.get("cache_write_tokens")),
        details=details,
    )


_COUNTED = frozenset(("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens"))


def refusal_in(output: list[dict[str, Any]]) -> str | None:
    """The text in which the model declines, where it does."""
    found = None
    for item in output:
        for content in as_list(item.get("content")) if item.get("type") == "message" else ():
            if as_dict(content).get("type") == "refusal":
                found = str(as_dict(content).get("refusal") or "")
    return found


def code_json(holder: dict[str, Any]) -> str:
    """The code of an item or event as it stands inside a JSON text."""
    return dump_text(as_text(holder.get("code")) or "")[1:-1]


def arguments_json(holder: dict[str, Any]) -> str:
    """The arguments of an item or event; an empty object for none."""
    return as_text(holder.get("arguments")) or "{}"


@dataclass(frozen=True, slots=True)
class RawContent:
    """What more of the reasoning does to the details of its part. A value, so that equal deltas are equal events."""

    index: int
    delta: str

    def __call__(self, details: dict[str, Any] | None) -> dict[str, Any]:
        raw: list[str] = list((details or {}).get("raw_content", ()))
        raw.extend([""] * (self.index + 1 - len(raw)))
        raw[self.index] += self.delta
        return {**(details or {}), "raw_content": raw}
