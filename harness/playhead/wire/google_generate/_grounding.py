"""What the metadata of a reply says of the provider's searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playhead.wire._json import as_dict, as_list
from playhead.wire.google_generate._fields import snake_keys

__all__ = ["contexts", "queries", "web_sources"]


def queries(grounding: dict[str, Any]) -> set[str]:
    """What was searched for, each once."""
    found = as_list(grounding.get("webSearchQueries"))
    return {query for query in found if isinstance(query, str) and query.strip()}


def web_sources(grounding: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pages that a search found."""
    chunks = [as_dict(as_dict(chunk).get("web")) for chunk in as_list(grounding.get("groundingChunks"))]
    return [{"domain": None, "title": None, "uri": None, **web} for web in chunks if web]


def contexts(grounding: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Passages of the user's files that a search found."""
    chunks = [as_dict(as_dict(chunk).get("retrievedContext")) for chunk in as_list(grounding.get("groundingChunks"))]
    return [snake_keys({key: value for key, value in found.items() if value is not None}) for found in chunks if found]
