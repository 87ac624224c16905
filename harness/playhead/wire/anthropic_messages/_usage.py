"""Counts of tokens as this provider has them: cumulative, in several places of a stream, without what a compaction took.

The format's `input_tokens` leaves out what was read from and written to the cache; `RequestUsage.input_tokens` has it
all. What a compaction used stands only in `iterations`, and is added. An advisor's tokens are billed at another model's
rate, and are not.
"""

from __future__ import annotations

from typing import Any

from playhead.usage import RequestUsage
from playhead.wire._json import as_dict, as_list, as_whole

__all__ = ["read_usage", "write_usage"]


def read_usage(raw: dict[str, Any], known: dict[str, int], *, final: bool = False) -> RequestUsage:
    """The usage that `raw` says, over the details `known` so far. `final` for that of a `message_delta`."""
    details = {**known, **_details(raw, final=final)}
    if "ephemeral_1h_input_tokens" in details:
        # A later event may take back cache writes without saying how the rest is split.
        kept = min(details.pop("ephemeral_1h_input_tokens"), details.get("cache_creation_input_tokens", 0))
        if kept:
            details["ephemeral_1h_input_tokens"] = kept
    count = {key: details.get(key, 0) + details.get(f"compaction_{key}", 0) for key in _COUNTS}
    return RequestUsage(
        input_tokens=count["input_tokens"] + count["cache_creation_input_tokens"] + count["cache_read_input_tokens"],
        output_tokens=count["output_tokens"],
        cache_read_tokens=count["cache_read_input_tokens"],
        cache_write_tokens=count["cache_creation_input_tokens"],
        details=details,
    )


def write_usage(usage: RequestUsage) -> dict[str, Any]:
    """The `usage` object that `read_usage` reads as `usage`."""
    details = usage.details
    compaction = {key: details.get(f"compaction_{key}", 0) for key in _COUNTS}
    read = usage.cache_read_tokens - compaction["cache_read_input_tokens"]
    written = usage.cache_write_tokens - compaction["cache_creation_input_tokens"]
    raw: dict[str, Any] = {
        "input_tokens": usage.input_tokens
        - usage.cache_read_tokens
        - usage.cache_write_tokens
        - compaction["input_tokens"],
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output_tokens - compaction["output_tokens"],
    }
    if searches := details.get("web_search_requests"):
        raw["server_tool_use"] = {"web_search_requests": searches}
    if thinking := details.get("thinking_tokens"):
        raw["output_tokens_details"] = {"thinking_tokens": thinking}
    if long := details.get("ephemeral_1h_input_tokens"):
        raw["cache_creation"] = {"ephemeral_1h_input_tokens": long, "ephemeral_5m_input_tokens": written - long}
    if iterations := _iterations(details):
        raw["iterations"] = iterations
    return raw


_COUNTS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def _details(raw: dict[str, Any], *, final: bool) -> dict[str, int]:
    details: dict[str, int] = {key: raw[key] for key in _COUNTS if type(raw.get(key)) is int}
    # The split of cache writes is only in the opening message's usage.
    if not final and (long := as_whole(as_dict(raw.get("cache_creation")).get("ephemeral_1h_input_tokens"))):
        details["ephemeral_1h_input_tokens"] = long
    if thinking := as_whole(as_dict(raw.get("output_tokens_details")).get("thinking_tokens")):
        details["thinking_tokens"] = thinking
    if searches := as_whole(as_dict(raw.get("server_tool_use")).get("web_search_requests")):
        details["web_search_requests"] = searches
    iterations = [as_dict(item) for item in as_list(raw.get("iterations"))]
    of_kind = {
        kind: [item for item in iterations if item.get("type") == type_]
        for kind, type_ in (("compaction", "compaction"), ("advisor", "advisor_message"))
    }
    if any(of_kind.values()):
        details["message_iterations"] = len(iterations) - sum(map(len, of_kind.values()))
    for kind, items in of_kind.items():
        if not items:
            continue
        details[f"{kind}_iterations"] = len(items)
        for key in _COUNTS:
            if total := sum(as_whole(item.get(key)) for item in items):
                details[f"{kind}_{key}"] = total
    long = sum(
        as_whole(as_dict(item.get("cache_creation")).get("ephemeral_1h_input_tokens")) for item in of_kind["compaction"]
    )
    if long:
        details["compaction_ephemeral_1h_input_tokens"] = long
    return details


def _iterations(details: dict[str, int]) -> list[dict[str, Any]]:
    """Iterations that add up to the totals in `details`: all of a kind's tokens stand in its first one."""
    found: list[dict[str, Any]] = []
    for kind, type_ in (("compaction", "compaction"), ("advisor", "advisor_message")):
        for n in range(details.get(f"{kind}_iterations", 0)):
            item: dict[str, Any] = {"type": type_}
            item |= {key: details.get(f"{kind}_{key}", 0) if n == 0 else 0 for key in _COUNTS}
            if kind == "compaction" and n == 0 and (long := details.get("compaction_ephemeral_1h_input_tokens")):
                item["cache_creation"] = {"ephemeral_1h_input_tokens": long, "ephemeral_5m_input_tokens": 0}
            found.append(item)
    if found:
        message = {"type": "message", **dict.fromkeys(_COUNTS, 0)}
        found += [dict(message) for _ in range(details.get("message_iterations", 0))]
    return found
