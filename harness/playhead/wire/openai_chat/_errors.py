"""Errors as OpenAI and its kin shape them: in bodies of HTTP errors, and inside streams that began well."""

from __future__ import annotations

from typing import Any

from playhead.exceptions import DecodeError
from playhead.wire._json import as_dict, as_list, as_text, dump, load

__all__ = ["error_in", "read_error", "write_error"]


def error_in(body: dict[str, Any], *, named: bool = False) -> dict[str, Any] | None:
    """The error that a chunk or a body of status 200 is, if it is one. `named`: its frame is called `error`."""
    error = body.get("error")
    if error:
        # OpenAI and most: an object. Hugging Face and local servers: a text, with the rest beside it.
        if type(error) is dict:
            return _described(as_dict(error))
        return _described({**body, "error": None, "message": error})
    if named or body.get("object") == "error":
        # Mistral and vLLM: the error is the body itself.
        return _described(body)
    if "choices" not in body and (detail := body.get("detail")) and "object" not in body:
        # Servers built on FastAPI.
        return _described({**body, "message": detail})
    return None


def read_error(body: bytes) -> dict[str, Any]:
    """An error body, whatever it is: `message`, the provider's `type` and `code` where there are any, and `body`."""
    text = body.decode("utf-8", "replace")
    try:
        value: Any = load(body)
    except DecodeError:
        return {"message": text.strip()[:2000], "body": text}
    if type(value) is list and value:
        # Google's servers wrap errors in a list.
        value = as_list(value)[0]
    if not isinstance(value, dict):
        return {"message": text.strip()[:2000], "body": value}
    found = error_in(as_dict(value), named=True) or {}
    found["message"] = found.get("message") or text.strip()[:2000]
    # The official SDK shows the error itself as the body, where there is one.
    found["body"] = as_dict(as_dict(value).get("error")) or value
    return found


def write_error(status: int, message: str, *, type: str | None = None, code: str | None = None) -> bytes:
    """The body of an HTTP error as OpenAI writes it."""
    kind = type or _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    return dump({"error": {"message": message, "type": kind, "param": None, "code": code}})


def _described(error: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in error.items() if value is not None}
    message = found.get("message")
    if type(message) is not str:
        found["message"] = as_text(message) or (dump(message).decode() if message else "the provider gave no message")
    code = found.get("code")
    status = _STATUSES.get(str(code)) or _STATUSES.get(str(found.get("type")))
    if status is None and code is not None and str(code).isdecimal() and 400 <= int(code) < 600:
        # OpenRouter and vLLM: the status that the request would have had.
        status = int(code)
    if status is not None:
        found.setdefault("status", status)
    return found


# What an error inside a stream would have been as a status: https://platform.openai.com/docs/guides/error-codes.
_STATUSES = {
    "billing_hard_limit_reached": 429,
    "context_length_exceeded": 400,
    "insufficient_quota": 429,
    "overloaded": 503,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    "server_is_overloaded": 503,
    "service_unavailable": 503,
    "service_unavailable_error": 503,
    "too_many_requests": 429,
}
_TYPES = {
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    408: "timeout",
    429: "rate_limit_error",
}
