"""The type of a tool's arguments. A page of its own, and short: pydantic searches the page for texts below fields."""

from typing import Any

from pydantic import ConfigDict
from typing_extensions import TypedDict


def arguments_type(fields: dict[str, Any]) -> Any:
    """A `TypedDict` of `fields`. Texts below the fields of dataclasses and TypedDicts in it are descriptions."""
    made: Any = TypedDict("Arguments", fields)  # type: ignore[misc]
    made.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)
    return made
