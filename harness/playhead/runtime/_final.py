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
