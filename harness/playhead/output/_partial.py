"""An output while its reply arrives: what `stream_output` yields between the beginning and the end.

Input: the fold of one reply, of which only what is new is read. Output, when asked: the value so far, `NOTHING` where
there is nothing new, or `WHOLE` where only the whole reply tells: then the runtime validates it as it would a complete
one, with `allow_partial`. The shapes that need not be validated whole are those of `playhead.schema.PartialValidator`; always
validated whole are

- outputs with validators or output functions: these may change what they are given (but a model that is not valid yet
  is not validated whole to find that out);
- unions in one text, text around a fenced block, arguments that came as a dictionary;
- types without such a shape: `dict`, `set`, tuples, objects without a list, nested objects whose list is deeper down.

A value that was handed out never changes afterwards, but finished items of a list are the same objects in each.
"""

from __future__ import annotations

from typing import Any, Final, cast

from pydantic import ValidationError
from pydantic_core import SchemaValidator, from_json

from playhead.messages import BuiltinToolCallPart, BuiltinToolReturnPart, TextPart, ThinkingPart, ToolCallPart
from playhead.output._processors import ObjectProcessor, TextProcessor
from playhead.output._progressive import can_construct, construct
from playhead.output._schema import OutputSchema
from playhead.schema import PartialValidator
from playhead.stream import Fold

NOTHING: Final[Any] = object()
"""There is nothing new, or nothing that is valid so far."""
WHOLE: Final[Any] = object()
"""Only the whole reply tells."""


class PartialOutput:
    """Follows the reply in `fold`; `look` when somebody wants to see the output.

    `has_validators`: whether the agent has output validators. `context`: pydantic's validation context.
    `progressive`: fill models and dataclasses as they arrive, without validation.
    """

    def __init__(
        self,
        schema: OutputSchema[Any],
        fold: Fold,
        *,
        has_validators: bool = False,
        context: Any = None,
        progressive: bool = False,
    ) -> None:
        self._schema = schema
        self._fold = fold
        self._follower = fold.follow()
        self._plain = not has_validators
        self._context = context
        self._progressive = progressive
        self._parts: list[_Part] = []
        self._reader: _Reader | None = None
        self._read: int | None = None

    def look(self, tool_name: str | None) -> Any:
        """The output so far, where the reply gives it by the tool `tool_name`, or as text (None)."""
        if not self._catch_up():
            return NOTHING
        if self._reader is None:
            self._read, self._reader = self._make_reader(tool_name)
        if self._reader is None:
            return WHOLE
        try:
            return self._reader.value()
        except ValidationError:
            return NOTHING

    def _catch_up(self) -> bool:
        """Read what is new. Whether anything has changed."""
        changed = False
        parts, reader = self._parts, self._reader
        for index, text in self._follower.take():
            if text is None:
                part = _Part(self._fold.peek(index))
                if index == len(parts):
                    parts.append(part)
                    changed = True
                    self._forget(part.kind)
                elif part != parts[index]:
                    parts[index] = part
                    changed = True
                    if index == self._read:
                        self._forget(TextPart)
                reader = self._reader
            elif text or parts[index].bare:
                parts[index].bare = False
                changed = True
                if index == self._read and reader is not None:
                    reader.feed(text)
        return changed

    def _forget(self, kind: type) -> None:
        """Another part may belong to a text output, or cut off what was before."""
        if kind is not ThinkingPart:
            self._reader = self._read = None

    def _make_reader(self, tool_name: str | None) -> tuple[int | None, _Reader | None]:
        index = self._find(tool_name)
        if index is None:
            return None, None
        part: Any = self._fold.part(index)
        text = part.content if tool_name is None else part.args or ""
        if not isinstance(text, str):
            return None, None
        reader: _Reader | None
        if tool_name is not None:
            toolset = self._schema.toolset
            reader = self._read_object(None if toolset is None else toolset.processors.get(tool_name))
        elif isinstance(processor := self._schema.text_processor, TextProcessor):
            reader = _Text() if self._plain and processor.function is None else None
        else:
            reader = self._read_object(processor) if text.startswith("{") else None
        if reader is not None:
            reader.feed(text)
        return index, reader

    def _find(self, tool_name: str | None) -> int | None:
        """The only part that the output is made of; None where there are several, or there is none."""
        found: int | None = None
        for index, part in enumerate(self._parts):
            if tool_name is not None:
                if part.kind is ToolCallPart and part.known[0] == tool_name:
                    return index
            elif part.kind is TextPart:
                if found is not None:
                    return None
                found = index
            elif part.kind is BuiltinToolCallPart:
                found = None
            elif part.kind not in (ThinkingPart, BuiltinToolReturnPart):
                return None  # a call that somebody else runs, or a picture, may be the output instead
        return found

    def _read_object(self, processor: Any) -> _Reader | None:
        if not isinstance(processor, ObjectProcessor) or processor.function is not None:
            return None
        if self._progressive and can_construct(processor.output):
            return _Growing(processor)
        if self._plain:
            return _Object(processor, self._context)
        # Validators see what was validated whole, but only where there is something to see.
        return _Gate(processor, self._context) if processor.shape is not None and not processor.shape.drops else None


class _Part:
    """What can change of a part, beside its text."""

    __slots__ = ("bare", "kind", "known")

    def __init__(self, part: Any) -> None:
        self.kind: type = type(part)
        self.bare = getattr(part, "args", "") is None
        """Whether it is a call for which no arguments were sent, not even empty ones."""
        args: Any = getattr(part, "args", None)
        self.known: tuple[Any, ...] = (
            getattr(part, "tool_name", None),
            getattr(part, "tool_call_id", None),
            args if isinstance(args, dict) else None,
            getattr(part, "signature", None),
            part.provider_name if hasattr(part, "provider_name") else None,
            part.provider_details if hasattr(part, "provider_details") else None,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Part) and self.kind is other.kind and self.known == other.known

    __hash__ = None  # type: ignore[assignment]


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
        validator = cast(SchemaValidator, processor.validator)  # of a type: output functions are shown the whole
        self._validator = PartialValidator(validator, processor.shape, context=context)
        self.feed = self._validator.feed

    def value(self) -> Any:
        value = self._validator.value()
        return value if self._key is None else value[self._key]


class _Gate(_Object):
    """Only says whether there is a value: an object is all or nothing, so mostly there is none."""

    def value(self) -> Any:
        super().value()
        return WHOLE


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
            value: Any = from_json(self._text or "{}", allow_partial="trailing-strings")
        except ValueError:
            return NOTHING
        if self._key is not None:
            if not isinstance(value, dict) or self._key not in value:
                return NOTHING
            value = cast("dict[str, Any]", value)[self._key]
        return construct(self._output, value)
