"""What the types of the Vercel AI SDK share: names in camel case on the wire, and the provider's metadata.

PydanticAI's key for its own metadata is kept, so that a browser's stored conversation can be read by both.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["CamelBaseModel", "ProviderMetadata", "load_metadata", "metadata"]

ProviderMetadata: TypeAlias = dict[str, dict[str, Any]]
"""Metadata by provider."""
_KEY = "pydantic_ai"


class CamelBaseModel(BaseModel):
    """A model whose fields are camel case on the wire. Unknown fields are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


def metadata(**values: Any) -> ProviderMetadata | None:
    """What has to come back with a part, under our key; None where there is nothing."""
    known = {name: value for name, value in values.items() if value is not None}
    return {_KEY: known} if known else None


def load_metadata(given: ProviderMetadata | None) -> dict[str, Any]:
    """What came back under our key."""
    return given.get(_KEY, {}) if given else {}
