"""Errors as this provider writes them, and their bodies."""

from __future__ import annotations

from typing import Any

from playhead.exceptions import DecodeError
from playhead.wire._json import as_dict, as_objects, as_text, dump_text, load

__all__ = ["read_error", "read_error_object"]


def read_error_object(raw: dict[str, Any]) -> dict[str, Any]:
    """`{"message", "type"?, "status"?, "code"?, "body"}` of an error as this provider writes it."""
    inner = as_dict(raw.get("error"))
    message = inner.get("message")
    if not isinstance(message, str):
        found = raw.get("error")
        message = found if isinstance(found, str) else dump_text(raw)[:2_000]
    error: dict[str, Any] = {"message": message}
    if (kind := as_text(inner.get("status"))) is not None:
        error["type"] = kind
    code = inner.get("code")
    if type(code) is int:
        error["status"] = code
    elif kind in _STATUS:
        error["status"] = _STATUS[kind]
    if (kind or code) is not None:
        error["code"] = kind if kind is not None else str(code)
    error["body"] = raw
    return error


def read_error(body: bytes) -> dict[str, Any]:
    """An error's body, whatever it is. In a list of one, as `streamGenerateContent` has it, the error is the first item."""
    try:
        raw = load(body)
    except DecodeError:
        raw = None
    found = raw if type(raw) is list else [raw]  # pyright: ignore[reportUnknownVariableType]
    if objects := as_objects(found):
        return read_error_object(objects[0])
    text = body.decode("utf-8", "replace")
    return {"message": text[:2_000].strip(), "body": text if raw is None else raw}


_STATUS: dict[str | None, int] = {
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "CANCELLED": 499,
    "DEADLINE_EXCEEDED": 504,
    "FAILED_PRECONDITION": 400,
    "INTERNAL": 500,
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "UNAUTHENTICATED": 401,
    "UNAVAILABLE": 503,
    "UNIMPLEMENTED": 501,
    "UNKNOWN": 500,
}
