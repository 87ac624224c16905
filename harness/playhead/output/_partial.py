"""An output while its reply arrives: what `stream_output` yields between the beginning and the end.

Inputs: the stream events of one reply. Output, when asked: the value so far, `NOTHING` where there is nothing new, or
`WHOLE` where only the whole reply tells: then the runtime validates it as it would a complete one, with
`allow_partial`. The shapes that need not be validated whole are those of `playhead.schema.PartialValidator`; always
validated whole are

- outputs with validators or output functions: these may change what they are given;
- unions in one text, text around a fenced block, arguments that came as a dictionary;
- types without such a shape: `dict`, `set`, tuples, objects without a list, nested objects whose list is deeper down.

A value that was handed out never changes afterwards, but finished items of a list are the same objects in each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import from_json

from playhead.messages import (
    BuiltinToolCallPart,
    ModelResponsePart,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ToolCallPart,
    ToolCallPartDelta,
)
from playhead.output._processors import ObjectProcessor, TextProcessor
from playhead.output._progressive import can_construct, construct
from playhead.output._schema import OutputSchema
from playhead.schema import PartialValidator

NOTHING: Final[Any] = object()
"""There is nothing new, or nothing that is valid so far."""
WHOLE: Final[Any] = object()
"""Only the whole reply tells."""


class PartialOutput:
    """Follows one reply. `feed` it each stream event; `look` when somebody wants to see the output.

    `has_validators`: whether the agent has output validators. `context`: pydantic's validation context.
    `progressive`: fill models and dataclasses as they arrive, without validation.
    """

    def __init__(
        self,
        schema: OutputSchema[Any],
        *,
        has_validators: bool = False,
        context: Any = None,
        progressive: bool = False,
    ) -> None:
        self._schema = schema
        self._plain = not has_validators
        self._context = context
        self._progressive = progressive
        self._parts: list[_Part] = []
        self._changed = False
        self._reader: _Reader | None = None
        self._read: _Part | None = None
        self._whole = False

    def begin(self, parts: Iterable[ModelResponsePart]) -> None:
        """Take in what had arrived before the first event that is fed."""
        for part in parts:
            self._start(part)

    def feed(self, event: Any) -> None:
        """Take in one event; other events than those of parts mean nothing here."""
        if type(event) is PartDeltaEvent:
            part = self._parts[event.index]
            delta: Any = event.delta
            if type(delta) is TextPartDelta:
                self._add(part, delta.content_delta)
            elif type(delta) is ToolCallPartDelta:
                if isinstance(delta.args_delta, str):
                    self._add(part, delta.args_delta)
                    if part.empty:
                        part.empty, self._changed = False, True
                elif delta.args_delta is not None:
                    part.text, self._changed = None, True
                if delta.tool_name_delta:
                    part.name += delta.tool_name_delta
                    self._changed = True
                if delta.tool_call_id:
                    self._changed = self._changed or delta.tool_call_id != part.tool_call_id
                    part.tool_call_id = delta.tool_call_id
            elif delta.content_delta or delta.signature_delta:
                self._changed = True
            if delta.provider_name is not None or delta.provider_details is not None:
                self._changed = True
        elif type(event) is PartStartEvent:
            self._start(event.part)

    def look(self, tool_name: str | None) -> Any:
        """The output so far, where the reply gives it by the tool `tool_name`, or as text (None)."""
        if not self._changed:
            return NOTHING
        self._changed = False
        if self._reader is None or self._read is None or self._read.name != (tool_name or ""):
            self._reader = self._make_reader(tool_name)
        if self._reader is None or self._read is None or self._read.text is None:
            return WHOLE
        try:
            return self._reader.value()
        except ValidationError:
            return NOTHING

    def _start(self, part: ModelResponsePart) -> None:
        self._changed = True
        known = _Part(part)
        self._parts.append(known)
        if self._read is not None and not isinstance(part, (ThinkingPart, ToolCallPart)):
            # More text belongs to the output too, and a native tool's call cuts off what was before.
            self._reader = self._read = None

    def _add(self, part: _Part, text: str) -> None:
        if not text:
            return
        self._changed = True
        if part.text is not None:
            part.text.append(text)
            if part is self._read and self._reader is not None:
                self._reader.feed(text)

    def _make_reader(self, tool_name: str | None) -> _Reader | None:
        self._read = self._find(tool_name)
        part = self._read
        if part is None or part.text is None:
            return None
        if tool_name is None:
            processor = self._schema.text_processor
            if isinstance(processor, TextProcessor):
                reader: _Reader | None = _Text() if self._plain and processor.function is None else None
            else:
                starts = next((piece for piece in part.text if piece), "{")
                reader = self._read_object(processor) if starts.startswith("{") else None
        else:
            toolset = self._schema.toolset
            reader = self._read_object(None if toolset is None else toolset.processors.get(tool_name))
        if reader is not None:
            for piece in part.text:
                reader.feed(piece)
        return reader

    def _find(self, tool_name: str | None) -> _Part | None:
        if tool_name is not None:
            return next((part for part in self._parts if part.kind is ToolCallPart and part.name == tool_name), None)
        found: _Part | None = None
        for part in self._parts:
            if part.kind is TextPart:
                if found is not None:
                    return None  # more than one: joined by the runtime
                found = part
            elif part.kind is BuiltinToolCallPart:
                found = None
        return found

    def _read_object(self, processor: Any) -> _Reader | None:
        if not isinstance(processor, ObjectProcessor) or processor.function is not None:
            return None
        if self._progressive and can_construct(processor.output):
            return _Growing(processor)
        return _Object(processor, self._context) if self._plain else None


class _Part:
    """What has to be known of a part: its kind, its tool's name, and its text in pieces (None for an object)."""

    __slots__ = ("empty", "kind", "name", "text", "tool_call_id")

    def __init__(self, part: ModelResponsePart) -> None:
        self.kind = type(part)
        self.name = ""
        self.tool_call_id: str | None = None
        self.text: list[str] | None = None
        self.empty = False
        if isinstance(part, TextPart):
            self.text = [part.content]
        elif isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
            self.name = part.tool_name
            self.tool_call_id = part.tool_call_id
            self.empty = part.args is None
            if not isinstance(part.args, dict):
                self.text = [part.args or ""]


class _Reader:
    """Makes a value of a text that grows."""

    def feed(self, text: str) -> None:
        raise NotImplementedError

    def value(self) -> Any:
        raise NotImplementedError


class _Text(_Reader):
    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> None:
        self._text += text

    def value(self) -> Any:
        return self._text


class _Object(_Reader):
    def __init__(self, processor: ObjectProcessor, context: Any) -> None:
        self._key = processor.outer_key
        self._validator = PartialValidator(processor.validator, processor.core_schema, context=context)
        self.feed = self._validator.feed

    def value(self) -> Any:
        value = self._validator.value()
        return value if self._key is None else value[self._key]


class _Growing(_Reader):
    """Reads the whole text each time: what is filled as it arrives is made anew."""

    def __init__(self, processor: ObjectProcessor) -> None:
        self._output = processor.output
        self._key = processor.outer_key
        self._text = ""

    def feed(self, text: str) -> None:
        self._text += text

    def value(self) -> Any:
        try:
            value = from_json(self._text or "{}", allow_partial="trailing-strings")
        except ValueError:
            return NOTHING
        if self._key is not None:
            if not isinstance(value, dict) or self._key not in value:
                return NOTHING
            value: Any = value[self._key]
        return construct(self._output, value)
