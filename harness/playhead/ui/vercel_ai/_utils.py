"""What has to survive the way to the browser and back, though no browser understands it: ids, signatures, providers.

It travels as provider metadata. PydanticAI's key is kept, so that a browser's stored conversation can be read by both.
"""

from __future__ import annotations

from typing import Any

from playhead.ui.vercel_ai._base import ProviderMetadata

__all__ = ["PROVIDER_METADATA_KEY", "dump_provider_metadata", "load_provider_metadata", "part_metadata"]

PROVIDER_METADATA_KEY = "pydantic_ai"


def dump_provider_metadata(wrapper_key: str | None = PROVIDER_METADATA_KEY, **values: Any) -> dict[str, Any] | None:
    """The values that are not None, under `wrapper_key` unless that is None; None where there are no such values."""
    known = {name: value for name, value in values.items() if value is not None}
    if not known:
        return None
    return {wrapper_key: known} if wrapper_key else known


def load_provider_metadata(provider_metadata: ProviderMetadata | None) -> dict[str, Any]:
    """What came back under our key."""
    return provider_metadata.get(PROVIDER_METADATA_KEY, {}) if provider_metadata else {}


def part_metadata(part: Any, wrapper_key: str | None = PROVIDER_METADATA_KEY) -> dict[str, Any] | None:
    """What has to come back with a part: its id, its provider, and its signature, if it has any."""
    return dump_provider_metadata(
        wrapper_key,
        id=part.id,
        signature=getattr(part, "signature", None),
        provider_name=part.provider_name,
        provider_details=part.provider_details,
    )
