"""What a tool may return beside a plain value, and calls that somebody else runs or has to approve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeGuard

import pydantic
from typing_extensions import TypeVar

from playhead.exceptions import ModelRetry
from playhead.messages._base import Shown
from playhead.messages._content import UserContent
from playhead.messages._parts import RetryPromptPart, ToolCallPart

ReturnT = TypeVar("ReturnT", default=Any)


@dataclass(repr=False)
class ToolReturn(Shown, Generic[ReturnT]):
    """What a tool returns to say more than its value.

    `return_value` goes into the tool's return, `content` to the model as a user's message of its own, `metadata` is for
    the program only.
    """

    return_value: ReturnT
    _: KW_ONLY
    content: str | Sequence[UserContent] | None = None
    metadata: Any = None
    kind: Literal["tool-return"] = "tool-return"


@dataclass(kw_only=True)
class ToolApproved:
    """The call may run, with `override_args` in place of its arguments where given."""

    override_args: dict[str, Any] | None = None
    kind: Literal["tool-approved"] = "tool-approved"


@dataclass
class ToolDenied:
    """The call may not run; `message` is what the model is told."""

    message: str = "The tool call was denied."
    _: KW_ONLY
    kind: Literal["tool-denied"] = "tool-denied"


def _kind(value: Any) -> str | None:
    return value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def _call_result_kind(value: Any) -> str | None:
    """The tag of what may stand for the result of a deferred call."""
    if isinstance(value, ModelRetry):
        return "model-retry"
    if isinstance(value, RetryPromptPart) or (isinstance(value, dict) and "part_kind" in value):
        return "retry-prompt"
    return _kind(value)


DeferredToolApprovalResult: TypeAlias = Annotated[ToolApproved | ToolDenied, pydantic.Discriminator("kind")]
"""What a person may say to a call."""
DeferredToolCallResult: TypeAlias = Annotated[
    Annotated[ToolReturn, pydantic.Tag("tool-return")]
    | Annotated[ModelRetry, pydantic.Tag("model-retry")]
    | Annotated[RetryPromptPart, pydantic.Tag("retry-prompt")],
    pydantic.Discriminator(_call_result_kind),
]
"""What may come of a call that somebody else ran, beside a plain value."""
DeferredToolResult: TypeAlias = DeferredToolApprovalResult | DeferredToolCallResult


def is_deferred_tool_result(value: Any) -> TypeGuard[ToolReturn | ModelRetry | RetryPromptPart]:
    """Whether `value` is more than a plain value."""
    return isinstance(value, (ToolReturn, ModelRetry, RetryPromptPart))


def _no_calls() -> list[ToolCallPart]:
    return []


def _nothing() -> dict[str, Any]:
    return {}


@dataclass(kw_only=True)
class DeferredToolRequests:
    """The output of a run that cannot go on alone.

    `calls` are for somebody else to run, `approvals` for a person to agree to; `metadata` is what the tools said of
    them, by the call's id.
    """

    calls: list[ToolCallPart] = field(default_factory=_no_calls)
    approvals: list[ToolCallPart] = field(default_factory=_no_calls)
    metadata: dict[str, dict[str, Any]] = field(default_factory=_nothing)


@dataclass(kw_only=True)
class DeferredToolResults:
    """What came of `DeferredToolRequests`, by the call's id, for `deferred_tool_results=` of the run that goes on."""

    calls: dict[str, DeferredToolCallResult | Any] = field(default_factory=_nothing)
    approvals: dict[str, bool | DeferredToolApprovalResult] = field(default_factory=_nothing)
    metadata: dict[str, dict[str, Any]] = field(default_factory=_nothing)
