"""What the types of the Vercel AI SDK share: names in camel case on the wire, and the provider's metadata."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["CamelBaseModel", "ProviderMetadata"]

ProviderMetadata: TypeAlias = dict[str, dict[str, Any]]
"""Metadata by provider."""


class CamelBaseModel(BaseModel):
    """A model whose fields are camel case on the wire. Unknown fields are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")
