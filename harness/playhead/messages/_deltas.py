"""Deltas: what a stream adds to a part. `apply` gives a new part; streams themselves are joined by `playhead.stream`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Annotated, Any, Literal, TypeAlias, overload

import pydantic

from playhead.exceptions import UnexpectedModelBehavior
from playhead.messages._base import JsonObject, Shown
from playhead.messages._parts import BuiltinToolCallPart, ModelResponsePart, TextPart, ThinkingPart, ToolCallPart

ProviderDetailsDelta: TypeAlias = JsonObject | Callable[[JsonObject | None], JsonObject] | None


def merge_details(old: JsonObject | None, delta: ProviderDetailsDelta) -> JsonObject | None:
    """A provider's details with a delta: merged by key, or as a function makes them."""
    if callable(delta):
        return delta(old)
    return {**(old or {}), **delta} if delta else old


@dataclass(repr=False, slots=True)
class TextPartDelta(Shown):
    """More text."""

    content_delta: str
    _: KW_ONLY
    provider_name: str | None = None
    provider_details: JsonObject | None = None
    part_delta_kind: Literal["text"] = "text"

    def apply(self, part: ModelResponsePart) -> TextPart:
        """A new `TextPart` with this text at its end. `ValueError` for any other part."""
        if not isinstance(part, TextPart):
            raise ValueError(f"More text belongs to a text, not to {type(part).__name__}")
        return replace(part, content=part.content + self.content_delta, **_origin(part, self))


@dataclass(repr=False, slots=True, kw_only=True)
class ThinkingPartDelta(Shown):
    """More reasoning, or its signature, which takes the place of the one before."""

    content_delta: str | None = None
    signature_delta: str | None = None
    provider_name: str | None = None
    provider_details: ProviderDetailsDelta = None
    part_delta_kind: Literal["thinking"] = "thinking"

    @overload
    def apply(self, part: ModelResponsePart) -> ThinkingPart: ...
    @overload
    def apply(self, part: ModelResponsePart | ThinkingPartDelta) -> ThinkingPart | ThinkingPartDelta: ...
    def apply(self, part: ModelResponsePart | ThinkingPartDelta) -> ThinkingPart | ThinkingPartDelta:
        """A new part, or delta, with this one applied. `ValueError` for what is neither, or where nothing is new."""
        if isinstance(part, ThinkingPart):
            return replace(
                part,
                content=part.content + (self.content_delta or ""),
                signature=part.signature if self.signature_delta is None else self.signature_delta,
                **_origin(part, self),
            )
        if isinstance(part, ThinkingPartDelta):
            if self.content_delta is None and self.signature_delta is None:
                raise ValueError("A delta of reasoning without words and without a signature adds nothing")
            details = part.provider_details
            if callable(self.provider_details):
                details = self.provider_details(None if callable(details) else details)
            elif not callable(details):
                details = merge_details(details, self.provider_details)
            return replace(
                part,
                content_delta=(part.content_delta or "") + (self.content_delta or "")
                if self.content_delta is not None
                else part.content_delta,
                signature_delta=part.signature_delta if self.signature_delta is None else self.signature_delta,
                provider_name=self.provider_name or part.provider_name,
                provider_details=details,
            )
        raise ValueError(f"More reasoning belongs to reasoning, not to {part!r}: {self!r}")


@dataclass(repr=False, slots=True, kw_only=True)
class ToolCallPartDelta(Shown):
    """More of a tool call: of its name, of its arguments (text is appended, an object merged), or its id."""

    tool_name_delta: str | None = None
    args_delta: str | JsonObject | None = None
    tool_call_id: str | None = None
    provider_name: str | None = None
    provider_details: JsonObject | None = None
    part_delta_kind: Literal["tool_call"] = "tool_call"

    def as_part(self) -> ToolCallPart | None:
        """The part this delta begins; None while there is no name."""
        if (name := self.tool_name_delta) is None:
            return None
        part = ToolCallPart(name, self.args_delta, provider_name=self.provider_name)
        part.provider_details = self.provider_details
        part.tool_call_id = self.tool_call_id or part.tool_call_id
        return part

    @overload
    def apply(self, part: ModelResponsePart) -> ToolCallPart | BuiltinToolCallPart: ...
    @overload
    def apply(
        self, part: ModelResponsePart | ToolCallPartDelta
    ) -> ToolCallPart | BuiltinToolCallPart | ToolCallPartDelta: ...
    def apply(
        self, part: ModelResponsePart | ToolCallPartDelta
    ) -> ToolCallPart | BuiltinToolCallPart | ToolCallPartDelta:
        """A new part, or delta (a part, once there is a name), with this one applied.

        `UnexpectedModelBehavior` where text meets an object, `ValueError` for what is no call.
        """
        if isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
            return replace(
                part,
                tool_name=part.tool_name + (self.tool_name_delta or ""),
                args=join_args(part.args, self.args_delta, part=part, delta=self),
                tool_call_id=self.tool_call_id or part.tool_call_id,
                **_origin(part, self),
            )
        if isinstance(part, ToolCallPartDelta):
            name = part.tool_name_delta
            if self.tool_name_delta:
                name = (name or "") + self.tool_name_delta
            delta = replace(
                part,
                tool_name_delta=name,
                args_delta=join_args(part.args_delta, self.args_delta, part=part, delta=self),
                tool_call_id=self.tool_call_id or part.tool_call_id,
                **_origin(part, self),
            )
            return delta.as_part() or delta
        raise ValueError(f"More of a call belongs to a call, not to {type(part).__name__}")


def _origin(part: Any, delta: Any) -> dict[str, Any]:
    """Who made the part, with what a delta says of it."""
    details = merge_details(part.provider_details, delta.provider_details)
    return {"provider_name": delta.provider_name or part.provider_name, "provider_details": details}


def join_args(
    args: str | JsonObject | None, more: str | JsonObject | None, *, part: object, delta: object
) -> str | JsonObject | None:
    """Arguments with more of them. `UnexpectedModelBehavior` where text meets an object."""
    if more is None:
        return args
    if isinstance(more, str):
        if isinstance(args, dict):
            raise UnexpectedModelBehavior(
                f"Cannot apply JSON deltas to non-JSON tool arguments ({part=}, self={delta!r})"
            )
        return (args or "") + more
    if isinstance(args, str):
        raise UnexpectedModelBehavior(f"Cannot apply dict deltas to non-dict tool arguments ({part=}, self={delta!r})")
    return {**(args or {}), **more}


ModelResponsePartDelta = Annotated[
    TextPartDelta | ThinkingPartDelta | ToolCallPartDelta, pydantic.Discriminator("part_delta_kind")
]
