"""Words of the format, and the ways they may be spelled.

The API takes and gives JSON of protocol buffers: a field is `camelCase`, or `snake_case` (some of the SDK's own fields
are), and an enum may come as its number.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from playhead.messages import FinishReason
from playhead.wire._json import as_dict

__all__ = [
    "CAMEL_FIELDS",
    "FINISH",
    "NAMES",
    "STOP",
    "TOOL_TYPES",
    "as_bytes",
    "camel_keys",
    "enum_name",
    "finish_name",
    "get",
    "is_snake",
    "snake",
    "snake_keys",
    "standard_base64",
]

NAMES = frozenset({"google", "google-gla", "google-vertex"})
"""The names under which a part may come from here."""

FINISH: dict[str, FinishReason | None] = {
    "BLOCKLIST": "content_filter",
    "CONTINUATION": "length",
    "FINISH_REASON_UNSPECIFIED": None,
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "LANGUAGE": "error",
    "MALFORMED_FUNCTION_CALL": "error",
    "MAX_TOKENS": "length",
    "MODEL_ARMOR": "content_filter",
    "NO_IMAGE": "error",
    "OTHER": None,
    "PROHIBITED_CONTENT": "content_filter",
    "RECITATION": "content_filter",
    "SAFETY": "content_filter",
    "SPII": "content_filter",
    "STOP": "stop",
    "UNEXPECTED_TOOL_CALL": "error",
}
STOP: dict[FinishReason, str] = {
    "content_filter": "SAFETY",
    "error": "MALFORMED_FUNCTION_CALL",
    "length": "MAX_TOKENS",
    "stop": "STOP",
    "tool_call": "STOP",
}
TOOL_TYPES: dict[str, str] = {
    "FILE_SEARCH": "file_search",
    "GOOGLE_SEARCH_WEB": "web_search",
    "MEDIA_PROCESSING": "media_processing",
    "URL_CONTEXT": "web_fetch",
}
"""Kinds of tools that the provider runs and shows as parts."""

# https://ai.google.dev/api/generate-content#FinishReason; Google Cloud numbers them otherwise.
_FINISH_NUMBERS = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
)
_FINISH_NUMBERS_CLOUD = tuple(name for name in _FINISH_NUMBERS[:11] if name != "LANGUAGE")
_ENUMS: dict[str, tuple[str, ...]] = {
    "blockReason": ("BLOCK_REASON_UNSPECIFIED", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY"),
    "language": ("LANGUAGE_UNSPECIFIED", "PYTHON"),
    "modality": ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT"),
    "outcome": ("OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"),
}


def get(fields: dict[str, Any], name: str) -> Any:
    """The value of a field, in either spelling; None where it is missing."""
    value = fields.get(name)
    return fields.get(snake(name)) if value is None else value


def snake(name: str) -> str:
    """`camelCase` as `snake_case`."""
    found = _SNAKES.get(name)
    if found is None:
        found = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)
        if len(_SNAKES) < 1000:
            _SNAKES[name] = found
    return found


_SNAKES: dict[str, str] = {}


def is_snake(fields: dict[str, Any]) -> bool:
    """Whether a chunk, or a part, is spelled in `snake_case`."""
    if not CAMEL_FIELDS.issuperset(fields) and "_" in "".join(fields):
        return True
    candidates: Any = fields.get("candidates")
    if type(candidates) is not list or not candidates:
        return False
    first = as_dict(candidates[0])
    return not CAMEL_FIELDS.issuperset(first) and "_" in "".join(first)


# The commonest fields of chunks, candidates and parts: a set is asked faster than letters are.
CAMEL_FIELDS = frozenset(
    (
        "avgLogprobs",
        "candidates",
        "content",
        "createTime",
        "finishReason",
        "functionCall",
        "groundingMetadata",
        "index",
        "modelVersion",
        "responseId",
        "text",
        "thought",
        "thoughtSignature",
        "usageMetadata",
    )
)


def camel_keys(value: Any, depth: int = 12) -> Any:
    """`value` with its fields in `camelCase`; arguments and results of functions stay as they are."""
    if depth and isinstance(value, dict):
        fields: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return {
            _CAMELS.get(key) or camel(key): camel_keys(item, depth - 1)
            if type(item) in _NESTED and key not in _FREE
            else item
            for key, item in fields.items()
        }
    if depth and isinstance(value, list):
        return [camel_keys(item, depth - 1) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


_FREE = {"args", "response"}
_NESTED = (dict, list)


def camel(name: str) -> str:
    """`snake_case` as `camelCase`."""
    found = _CAMELS.get(name)
    if found is None:
        first, *rest = name.split("_")
        found = first + "".join(word[:1].upper() + word[1:] for word in rest) if first else name
        if len(_CAMELS) < 1000:
            _CAMELS[name] = found
    return found


_CAMELS: dict[str, str] = {}


def snake_keys(value: Any, depth: int = 8) -> Any:
    """`value` with all keys in `snake_case`, as the SDK shows its objects."""
    if depth and isinstance(value, dict):
        return {snake(key): snake_keys(item, depth - 1) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if depth and isinstance(value, list):
        return [snake_keys(item, depth - 1) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def enum_name(field: str, value: Any) -> str | None:
    """An enum's value by its name."""
    if type(value) is int:
        names = _ENUMS.get(field, ())
        return names[value] if 0 <= value < len(names) else str(value)
    return value if isinstance(value, str) and value else None


def finish_name(value: Any, *, cloud: bool) -> str | None:
    """Why a candidate ended, by its name."""
    if type(value) is int:
        names = _FINISH_NUMBERS_CLOUD if cloud else _FINISH_NUMBERS
        return names[value] if 0 <= value < len(names) else str(value)
    return value if isinstance(value, str) and value else None


def as_bytes(text: Any) -> bytes:
    """The bytes of a base64 text, in the standard alphabet or that for URLs. `ValueError` for what is neither."""
    if not isinstance(text, str):
        raise ValueError("bytes are a text in base64 here")
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"this is not base64: {error}") from None


def standard_base64(text: Any) -> str | None:
    """A signature in the standard alphabet; None for what is none."""
    if not isinstance(text, str) or not text:
        return None
    if len(text) % 4 == 0 and "_" not in text and "-" not in text and text.isascii():
        # Seals are long and mostly written so already. What is no base64 at all stays as it is in any case, so that
        # only the end has to be looked at: letters that leave bits over are written otherwise.
        padding = len(text) - len(text.rstrip("="))
        if (last := _LAST_LETTERS.get(padding)) is not None and text[-1 - padding] in last:
            return text
    try:
        return base64.b64encode(as_bytes(text)).decode()
    except ValueError:
        return text


# By the number of `=` at the end: the letters before it that leave no bit over.
_LAST_LETTERS = {
    0: frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
    1: frozenset("AEIMQUYcgkosw048"),
    2: frozenset("AQgw"),
}
