"""The end of a run: its output, and which call gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from playhead.output import OutputDataT

RunEndT = TypeVar("RunEndT", covariant=True, default=object)


@dataclass(repr=False)
class FinalResult(Generic[OutputDataT]):
    """The output of a run; `tool_name` and `tool_call_id` are those of the call that gave it, None for text."""

    output: OutputDataT
    tool_name: str | None = None
    tool_call_id: str | None = None

    def __repr__(self) -> str:
        call = "" if self.tool_name is None else f", tool_name={self.tool_name!r}, tool_call_id={self.tool_call_id!r}"
        return f"FinalResult(output={self.output!r}{call})"


@dataclass
class End(Generic[RunEndT]):
    """The last node of a run."""

    data: RunEndT

    def __eq__(self, other: object) -> bool:
        """Whether the data is equal, also that of pydantic-graph's `End`, which programs may have at hand."""
        return type(other).__name__ == "End" and getattr(other, "data", None) == self.data

    def __hash__(self) -> int:
        return hash(("End", id(self)))
