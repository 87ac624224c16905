"""Parts of requests and of responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias, cast

import pydantic
import pydantic_core

from playhead.messages._base import JsonObject, Shown, generate_tool_call_id, now_utc
from playhead.messages._content import BinaryContent, MultiModalContent, UserContent, is_multi_modal_content

INVALID_JSON_KEY = "INVALID_JSON"
RETURN_VALUE_KEY = "return_value"

error_details_ta = pydantic.TypeAdapter(list[pydantic_core.ErrorDetails], config=pydantic.ConfigDict(defer_build=True))
tool_return_ta: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(
    Any, config=pydantic.ConfigDict(defer_build=True, ser_json_bytes="base64", val_json_bytes="base64")
)


_files = pydantic.TypeAdapter[Any](MultiModalContent, config=pydantic.ConfigDict(defer_build=True))
_FILE_KINDS = {"image-url", "audio-url", "document-url", "video-url", "binary", "uploaded-file"}


def _revive_files(value: Any) -> Any:
    """What a tool returned, as JSON gives it back, with the files in it as the objects they were."""
    if isinstance(value, list):
        return [_revive_files(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    if fields.get("kind") in _FILE_KINDS:
        try:
            if isinstance(fields.get("data"), bytes):
                return _files.validate_python(fields)
            return _files.validate_json(pydantic_core.to_json(fields))
        except ValueError:
            pass  # an object of the tool's own that happens to have such a field
    return {key: _revive_files(item) for key, item in fields.items()}


ToolReturnContent: TypeAlias = Annotated[Any, pydantic.BeforeValidator(_revive_files)]
"""What a tool returned: anything that can be written as JSON, with files of all kinds in it."""


# --------------------------------------------------------------------------- requests
@dataclass(repr=False, slots=True)
class SystemPromptPart(Shown):
    """What the developer tells the model. `dynamic_ref` names the function that makes it anew in later runs."""

    content: str
    _: KW_ONLY
    timestamp: datetime = field(default_factory=now_utc)
    dynamic_ref: str | None = None
    part_kind: Literal["system-prompt"] = "system-prompt"


@dataclass(repr=False, slots=True)
class UserPromptPart(Shown):
    """What the user says."""

    content: str | Sequence[UserContent]
    _: KW_ONLY
    timestamp: datetime = field(default_factory=now_utc)
    part_kind: Literal["user-prompt"] = "user-prompt"


@dataclass(repr=False, slots=True)
class InstructionPart(Shown):
    """A block of instructions; `dynamic` ones are made for each request."""

    content: str
    _: KW_ONLY
    dynamic: bool = False
    part_kind: Literal["instruction"] = "instruction"

    @staticmethod
    def join(parts: Sequence[InstructionPart]) -> str | None:
        """All blocks, an empty line between them; None if there is nothing in them."""
        return "\n\n".join(part.content for part in parts if part.content).strip() or None

    @staticmethod
    def sorted(parts: Sequence[InstructionPart]) -> list[InstructionPart]:
        """Static blocks first, so that a provider can cache them."""
        return sorted(parts, key=lambda part: part.dynamic)


@dataclass(repr=False, slots=True)
class BaseToolReturnPart(Shown):
    """What a tool returned."""

    tool_name: str
    content: ToolReturnContent
    tool_call_id: str = field(default_factory=generate_tool_call_id)
    _: KW_ONLY
    metadata: Any = None
    timestamp: datetime = field(default_factory=now_utc)
    outcome: Literal["success", "failed", "denied"] = "success"

    @property
    def files(self) -> list[MultiModalContent]:
        """The files among what was returned."""
        return [item for item in _as_items(self.content) if is_multi_modal_content(item)]

    def content_items(self, *, mode: Literal["raw", "str", "jsonable"] = "raw") -> list[Any]:
        """What was returned, as a list; all but files as text (`str`) or JSON values (`jsonable`)."""
        items = _as_items(self.content)
        if mode == "raw":
            return items
        convert = _as_text if mode == "str" else _as_jsonable
        return [item if is_multi_modal_content(item) else convert(item) for item in items]

    def _without_files(self) -> Any:
        """What is no file: the value itself, or the list of those that are; None where all are files."""
        rest = [item for item in _as_items(self.content) if not is_multi_modal_content(item)]
        if not rest and self.files:
            return None
        return rest[0] if len(rest) == 1 and (self.files or not isinstance(self.content, list)) else rest

    def model_response_str(self) -> str:
        """What was returned without files, as the text a model is shown."""
        rest = self._without_files()
        return "" if rest is None else _as_text(rest)

    def model_response_object(self) -> JsonObject:
        """What was returned without files, as a JSON object; anything else becomes its `return_value`."""
        rest = self._without_files()
        if rest is None:
            return {}
        value = _as_jsonable(rest)
        return cast(JsonObject, value) if isinstance(value, dict) else {RETURN_VALUE_KEY: value}

    def model_response_str_and_user_content(self) -> tuple[str, list[UserContent]]:
        """For providers whose tool results are text only: the text, and the files as content of a user's message.

        In the text, the name of a file stands in its place.
        """
        content: list[UserContent] = []
        texts: list[str] = []
        for item in self.content_items(mode="str"):
            if is_multi_modal_content(item):
                content.extend((f"This is file {item.identifier}:", item))
                texts.append(f"See file {item.identifier}.")
            else:
                texts.append(item)
        if not content:
            return self.model_response_str(), []
        return (_as_text(texts) if isinstance(self.content, list) else texts[0]), content

    def has_content(self) -> bool:
        """Whether anything was returned."""
        return self.content is not None


def _as_items(content: Any) -> list[Any]:
    return list(content) if isinstance(content, list) else [content]  # pyright: ignore[reportUnknownArgumentType]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else tool_return_ta.dump_json(value).decode()


def _as_jsonable(value: Any) -> Any:
    return tool_return_ta.dump_python(value, mode="json")


@dataclass(repr=False, slots=True)
class ToolReturnPart(BaseToolReturnPart):
    """What a function tool returned."""

    _: KW_ONLY
    part_kind: Literal["tool-return"] = "tool-return"


@dataclass(repr=False, slots=True)
class RetryPromptPart(Shown):
    """Why the model has to try again: a text, or pydantic's list of errors."""

    content: list[pydantic_core.ErrorDetails] | str
    _: KW_ONLY
    tool_name: str | None = None
    tool_call_id: str = field(default_factory=generate_tool_call_id)
    timestamp: datetime = field(default_factory=now_utc)
    part_kind: Literal["retry-prompt"] = "retry-prompt"

    def model_response(self) -> str:
        """The text the model is shown."""
        if isinstance(self.content, str):
            what = self.content if self.tool_name else f"Validation feedback:\n{self.content}"
        else:
            errors = error_details_ta.dump_json(
                self.content,
                # The input of an error at the top is the whole call, which the model has just written.
                exclude={
                    n: {"ctx", "input"} if len(error["loc"]) <= 1 else {"ctx"} for n, error in enumerate(self.content)
                },
                indent=2,
            ).decode()
            count = len(self.content)
            what = f"{count} validation error{'' if count == 1 else 's'}:\n```json\n{errors}\n```"
        return f"{what}\n\nFix the errors and try again."


ModelRequestPart = Annotated[
    SystemPromptPart | UserPromptPart | ToolReturnPart | RetryPromptPart, pydantic.Discriminator("part_kind")
]


# --------------------------------------------------------------------------- responses
@dataclass(repr=False, slots=True)
class TextPart(Shown):
    """Text."""

    content: str
    _: KW_ONLY
    id: str | None = None
    provider_name: str | None = None
    provider_details: JsonObject | None = None
    part_kind: Literal["text"] = "text"

    def has_content(self) -> bool:
        return bool(self.content)


@dataclass(repr=False, slots=True)
class ThinkingPart(Shown):
    """The model's reasoning. `signature` is the provider's seal, to be sent back unharmed."""

    content: str
    _: KW_ONLY
    id: str | None = None
    signature: str | None = None
    provider_name: str | None = None
    provider_details: JsonObject | None = None
    part_kind: Literal["thinking"] = "thinking"

    def has_content(self) -> bool:
        return bool(self.content)


@dataclass(repr=False, slots=True)
class CompactionPart(Shown):
    """What a provider made of earlier messages, to be sent in their place."""

    content: str | None = None
    _: KW_ONLY
    id: str | None = None
    provider_name: str | None = None
    provider_details: JsonObject | None = None
    part_kind: Literal["compaction"] = "compaction"

    def has_content(self) -> bool:
        return bool(self.content)


@dataclass(repr=False, slots=True)
class FilePart(Shown):
    """A file the model made."""

    content: Annotated[BinaryContent, pydantic.AfterValidator(BinaryContent.narrow_type)]
    _: KW_ONLY
    id: str | None = None
    provider_name: str | None = None
    provider_details: JsonObject | None = None
    part_kind: Literal["file"] = "file"

    def has_content(self) -> bool:
        return bool(self.content.data)


@dataclass(repr=False, slots=True)
class BaseToolCallPart(Shown):
    """A call of a tool. `args` is JSON text as it was sent, or an object, or None if nothing was sent."""

    tool_name: str
    args: str | JsonObject | None = None
    tool_call_id: str = field(default_factory=generate_tool_call_id)
    _: KW_ONLY
    id: str | None = None
    provider_name: str | None = None
    provider_details: JsonObject | None = None

    def args_as_dict(self, *, raise_if_invalid: bool = False) -> JsonObject:
        """The arguments as a dictionary.

        What is no JSON object becomes `{'INVALID_JSON': <the text>}`, so that it can be sent back to a provider, or
        raises `ValueError` (`AssertionError` for JSON that is no object) with `raise_if_invalid`.
        """
        if not isinstance(self.args, str) or not self.args:
            return self.args or {}
        try:
            parsed: Any = pydantic_core.from_json(self.args)
            if not isinstance(parsed, dict):
                raise AssertionError(f"the arguments are JSON, but no object: {self.args[:100]}")
        except (ValueError, AssertionError):
            if raise_if_invalid:
                raise
            parsed = {INVALID_JSON_KEY: self.args}
        return cast("JsonObject", parsed)

    def args_as_json_str(self) -> str:
        """The arguments as JSON text: as they were sent, `{}` for none."""
        args = self.args or "{}"
        return args if isinstance(args, str) else pydantic_core.to_json(args).decode()

    def has_content(self) -> bool:
        """Whether there are arguments."""
        return self.args not in ("", {}, None)


@dataclass(repr=False, slots=True)
class ToolCallPart(BaseToolCallPart):
    """A call of a function tool or an output tool."""

    _: KW_ONLY
    part_kind: Literal["tool-call"] = "tool-call"


@dataclass(repr=False, slots=True)
class BuiltinToolCallPart(BaseToolCallPart):
    """A call of a tool that the provider runs itself."""

    _: KW_ONLY
    part_kind: Literal["builtin-tool-call"] = "builtin-tool-call"


@dataclass(repr=False, slots=True)
class BuiltinToolReturnPart(BaseToolReturnPart):
    """What a tool returned that the provider ran itself."""

    _: KW_ONLY
    provider_name: str | None = None
    provider_details: JsonObject | None = None
    part_kind: Literal["builtin-tool-return"] = "builtin-tool-return"


ModelResponsePart = Annotated[
    TextPart | ToolCallPart | BuiltinToolCallPart | BuiltinToolReturnPart | ThinkingPart | CompactionPart | FilePart,
    pydantic.Discriminator("part_kind"),
]
PartKind: TypeAlias = Literal[
    "text", "thinking", "tool-call", "builtin-tool-call", "builtin-tool-return", "compaction", "file"
]
