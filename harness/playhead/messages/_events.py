"""Events: what a stream of a reply, and the handling of a reply, are made of.

`PartStartEvent`, `PartDeltaEvent`, `PartEndEvent` and `ResponseMeta` are the waist of the house: whatever produces a
reply produces these, whatever consumes one consumes these. `FinalResultEvent` and the events of tools are the
runtime's. `ResponseMeta` never leaves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

import pydantic
from typing_extensions import deprecated

from playhead.messages._base import JsonObject, Shown
from playhead.messages._content import UserContent
from playhead.messages._deltas import ModelResponsePartDelta
from playhead.messages._messages import FinishReason
from playhead.messages._parts import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    ModelResponsePart,
    PartKind,
    RetryPromptPart,
    ToolCallPart,
    ToolReturnPart,
)
from playhead.usage import RequestUsage


@dataclass(repr=False, slots=True, kw_only=True)
class PartStartEvent(Shown):
    """A part begins, with what is known of it."""

    index: int
    part: ModelResponsePart
    previous_part_kind: PartKind | None = None
    event_kind: Literal["part_start"] = "part_start"


@dataclass(repr=False, slots=True, kw_only=True)
class PartDeltaEvent(Shown):
    """More of a part."""

    index: int
    delta: ModelResponsePartDelta
    event_kind: Literal["part_delta"] = "part_delta"


@dataclass(repr=False, slots=True, kw_only=True)
class PartEndEvent(Shown):
    """A part is followed by another, or by the end; `part` is what it is at this moment."""

    index: int
    part: ModelResponsePart
    next_part_kind: PartKind | None = None
    event_kind: Literal["part_end"] = "part_end"


@dataclass(repr=False, slots=True, kw_only=True)
class ResponseMeta(Shown):
    """What a reply says of itself. Only the fields that are set are news; `usage` replaces what was known.

    `refusal` is more of the text in which the model declines, to be appended. `error` is the provider's error inside
    a stream that had begun well: `{"message", "type"?, "code"?, "status"?, ...}` in the provider's words.
    `details` are merged into the response's `provider_details`. `comment` is a keep-alive comment of the stream: it is
    written between frames and means nothing.
    """

    usage: RequestUsage | None = None
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    provider_response_id: str | None = None
    model_name: str | None = None
    provider_name: str | None = None
    timestamp: object | None = None
    refusal: str | None = None
    error: JsonObject | None = None
    state: Literal["incomplete", "suspended"] | None = None
    details: JsonObject | None = None
    comment: str | None = None
    event_kind: Literal["response_meta"] = field(default="response_meta")


@dataclass(repr=False, slots=True, kw_only=True)
class FinalResultEvent(Shown):
    """From here on the reply may be the run's output: by the named output tool, or as text."""

    tool_name: str | None
    tool_call_id: str | None
    event_kind: Literal["final_result"] = "final_result"


@dataclass(repr=False, slots=True)
class FunctionToolCallEvent(Shown):
    """A tool is about to be called. `args_valid` is None where the arguments were not looked at."""

    part: ToolCallPart
    args_valid: bool | None = field(default=None, kw_only=True)
    event_kind: Literal["function_tool_call"] = field(default="function_tool_call", kw_only=True)

    @property
    def tool_call_id(self) -> str:
        """The id of the call."""
        return self.part.tool_call_id

    @property
    @deprecated("`call_id` is deprecated: its name is `tool_call_id` now")
    def call_id(self) -> str:
        """The older name of `tool_call_id`."""
        return self.tool_call_id


@dataclass(repr=False, slots=True)
class FunctionToolResultEvent(Shown):
    """A tool has returned, or the model has to try again. `content` is what goes to the model as the user's."""

    result: ToolReturnPart | RetryPromptPart
    content: str | Sequence[UserContent] | None = field(default=None, kw_only=True)
    event_kind: Literal["function_tool_result"] = field(default="function_tool_result", kw_only=True)

    @property
    def tool_call_id(self) -> str:
        """The id of the call."""
        return self.result.tool_call_id


@dataclass(repr=False, slots=True)
class BuiltinToolCallEvent(Shown):
    """The provider called a tool of its own."""

    part: BuiltinToolCallPart
    event_kind: Literal["builtin_tool_call"] = field(default="builtin_tool_call", kw_only=True)


@dataclass(repr=False, slots=True)
class BuiltinToolResultEvent(Shown):
    """A tool of the provider's own returned."""

    result: BuiltinToolReturnPart
    event_kind: Literal["builtin_tool_result"] = field(default="builtin_tool_result", kw_only=True)


StreamEvent: TypeAlias = PartStartEvent | PartDeltaEvent | PartEndEvent | ResponseMeta
"""The closed vocabulary of a reply."""

ModelResponseStreamEvent = Annotated[
    PartStartEvent | PartDeltaEvent | PartEndEvent | FinalResultEvent, pydantic.Discriminator("event_kind")
]
HandleResponseEvent = Annotated[
    FunctionToolCallEvent | FunctionToolResultEvent | BuiltinToolCallEvent | BuiltinToolResultEvent,
    pydantic.Discriminator("event_kind"),
]
AgentStreamEvent = Annotated[ModelResponseStreamEvent | HandleResponseEvent, pydantic.Discriminator("event_kind")]
