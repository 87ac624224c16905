"""What tools did in a run, as plain values: made to be compared, and to be read in a diff.

They stand in order. `call` is the label of the call (`call#1`), so that a result can be matched with its call; `event`
is what the runtime emitted, where it did.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, TypeAlias

__all__ = ["ToolCalled", "ToolEvent", "ToolRetried", "ToolReturned"]


class _Shown:
    __slots__ = ()

    def __repr__(self) -> str:
        shown: list[str] = []
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if item.repr and (item.default is MISSING or value != item.default):
                shown.append(f"{'' if not item.kw_only else item.name + '='}{value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(repr=False, slots=True)
class ToolCalled(_Shown):
    """The model called a tool. `args` are the parsed arguments, or their text where it is no JSON object.

    `valid` is None where nobody looked at the arguments. `builtin`: the provider ran the tool itself.
    """

    tool_name: str
    args: Any
    call: str = field(default="call#1", kw_only=True)
    valid: bool | None = field(default=True, kw_only=True)
    builtin: bool = field(default=False, kw_only=True)
    tool_call_id: str | None = field(default=None, kw_only=True, repr=False, compare=False)
    event: Any = field(default=None, kw_only=True, repr=False, compare=False)

    @property
    def kind(self) -> Literal["call"]:
        """`call`."""
        return "call"


@dataclass(repr=False, slots=True)
class ToolReturned(_Shown):
    """A tool returned `content`. `outcome` is `success`, `failed` or `denied`."""

    tool_name: str
    content: Any
    call: str = field(default="call#1", kw_only=True)
    outcome: str = field(default="success", kw_only=True)
    builtin: bool = field(default=False, kw_only=True)
    tool_call_id: str | None = field(default=None, kw_only=True, repr=False, compare=False)
    event: Any = field(default=None, kw_only=True, repr=False, compare=False)

    @property
    def kind(self) -> Literal["result"]:
        """`result`."""
        return "result"


@dataclass(repr=False, slots=True)
class ToolRetried(_Shown):
    """The model was told to try again: by a text, or by pydantic's errors. `tool_name` is None for a text answer."""

    tool_name: str | None
    content: Any
    call: str | None = field(default="call#1", kw_only=True)
    tool_call_id: str | None = field(default=None, kw_only=True, repr=False, compare=False)
    event: Any = field(default=None, kw_only=True, repr=False, compare=False)

    @property
    def kind(self) -> Literal["retry"]:
        """`retry`."""
        return "retry"


ToolEvent: TypeAlias = ToolCalled | ToolReturned | ToolRetried
