"""What models can do, under the reference's import path."""

from playhead.models import (
    DEFAULT_PROFILE,
    InlineDefsJsonSchemaTransformer,
    JsonSchema,
    JsonSchemaTransformer,
    ModelProfile,
    ModelProfileSpec,
)

__all__ = [
    "DEFAULT_PROFILE",
    "InlineDefsJsonSchemaTransformer",
    "JsonSchema",
    "JsonSchemaTransformer",
    "ModelProfile",
    "ModelProfileSpec",
]
