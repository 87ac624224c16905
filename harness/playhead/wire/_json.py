"""JSON as providers send it and as their SDKs send it."""

from __future__ import annotations

import json
from typing import Any, cast

from pydantic_core import from_json

from playhead.exceptions import DecodeError

__all__ = [
    "as_dict",
    "as_list",
    "as_objects",
    "as_text",
    "as_whole",
    "dump",
    "dump_text",
    "load",
    "load_object",
    "the_object",
]


def load(text: str | bytes, *, frame: int | None = None) -> Any:
    """Any JSON value. `DecodeError` that shows the place for what is none."""
    try:
        return from_json(text)
    except ValueError:
        pass
    # Python's own reader is the second opinion: it knows lone surrogates, which arrive where a server cut an emoji.
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        where = f"Frame {frame} of the stream" if frame is not None else "The body"
        start = max(0, getattr(error, "pos", 0) - 40)
        raise DecodeError(
            f"{where} is not JSON: {_reason(error)}: …{shown[start : start + 80]!r}",
            "If the provider really sent this, the recording shows it; a proxy or a cut-off body is more likely.",
            frame=frame,
            body=shown[:10_000],
        ) from None


def load_object(text: str | bytes, *, frame: int | None = None) -> dict[str, Any]:
    """A JSON object. `DecodeError` for anything else."""
    value = load(text, frame=frame)
    if type(value) is dict:
        return cast(dict[str, Any], value)
    where = f"Frame {frame} of the stream" if frame is not None else "The body"
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    raise DecodeError(
        f"{where} is a JSON {_json_name(value)}, where the format has an object: {shown[:80]!r}",
        "Is this reply of another dialect?",
        frame=frame,
        body=shown[:10_000],
    )


def the_object(value: Any) -> dict[str, Any]:
    """A JSON value that has to be an object. `DecodeError` for any other."""
    if type(value) is dict:
        return cast(dict[str, Any], value)
    raise DecodeError(
        f"The body is a JSON {_json_name(value)}, where the format has an object",
        "Is this reply of another dialect?",
        body=str(value)[:10_000],
    )


def dump(value: Any) -> bytes:
    """JSON bytes as the providers' SDKs write them: no spaces, no escapes but those that are needed."""
    return dump_text(value).encode()


def dump_text(value: Any) -> str:
    """JSON text as the providers' SDKs write it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # Lone surrogates exist only as escapes.
        text = json.dumps(value, separators=(",", ":"))
    return text


def as_dict(value: Any) -> dict[str, Any]:
    """`value` if it is an object, else an empty one: for fields that a server may leave out or send as null."""
    return value if type(value) is dict else {}  # pyright: ignore[reportUnknownVariableType]


def as_list(value: Any) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return value if type(value) is list else []  # pyright: ignore[reportUnknownVariableType]


def as_objects(value: Any) -> list[dict[str, Any]]:
    """The objects of `value`, if it is a list; what is none among them is left out."""
    return [item for item in as_list(value) if type(item) is dict]


def as_text(value: Any) -> str | None:
    """`value` if it is a string that is not empty, else None."""
    return value if type(value) is str and value else None


def as_whole(value: Any) -> int:
    """`value` as a count: 0 for what is no number."""
    if type(value) is int:
        return value
    return int(value) if type(value) is float and value == value and abs(value) < 1e18 else 0


def _json_name(value: object) -> str:
    return _JSON_NAMES.get(type(value), "value")


_JSON_NAMES: dict[type, str] = {
    list: "list",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
