"""AG-UI's messages (https://docs.ag-ui.com/concepts/messages) as ours, and ours as AG-UI's."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from typing import Any, cast

from ag_ui import core

from playhead import ids
from playhead.messages import (
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
)
from playhead.ui._builder import MessagesBuilder
from playhead.ui.ag_ui._content import dump_content, load_content
from playhead.ui.ag_ui._utils import (
    BUILTIN_TOOL_CALL_ID_PREFIX,
    DEFAULT_AG_UI_VERSION,
    FILE_ACTIVITY,
    MULTIMODAL_VERSION,
    REASONING_VERSION,
    UPLOADED_FILE_ACTIVITY,
    parse_ag_ui_version,
    sealed,
)

__all__ = ["dump_messages", "load_messages"]


# --------------------------------------------------------------------------- theirs -> ours
def load_messages(messages: Sequence[Any], *, preserve_file_data: bool) -> list[ModelMessage]:
    """AG-UI's messages as ours. `ValueError` for a tool's message without its call."""
    loader = _Loader(preserve_file_data)
    for message in messages:
        load = _LOADERS.get(message.role)
        if load is None:
            warnings.warn(
                f"{type(message).__name__} (role {message.role!r}) is left out: no message of ours fits it.",
                stacklevel=3,
            )
        else:
            load(loader, message)
    return loader.builder.messages


class _Loader:
    """The conversation so far: messages, and the names of the tools that were called."""

    def __init__(self, preserve_file_data: bool) -> None:
        self.builder = MessagesBuilder()
        self.preserve_file_data = preserve_file_data
        self.names: dict[str, str] = {}

    def user(self, message: Any) -> None:
        if isinstance(message.content, str):
            self.builder.add(UserPromptPart(message.content))
            return
        content = [load_content(part) for part in message.content]
        if content:
            only = content[0] if len(content) == 1 and isinstance(content[0], str) else content
            self.builder.add(UserPromptPart(only))

    def system(self, message: Any) -> None:
        self.builder.add(SystemPromptPart(message.content))

    def assistant(self, message: Any) -> None:
        if message.content:
            self.builder.add(TextPart(message.content))
        for call in message.tool_calls or ():
            self.names[call.id] = call.function.name
            builtin = _split_builtin(call.id)
            if builtin is None:
                self.builder.add(ToolCallPart(call.function.name, call.function.arguments, call.id))
            else:
                provider, own_id = builtin
                self.builder.add(
                    BuiltinToolCallPart(call.function.name, call.function.arguments, own_id, provider_name=provider)
                )

    def tool(self, message: Any) -> None:
        name = self.names.get(message.tool_call_id)
        if name is None:
            raise ValueError(
                f"A tool's message answers {message.tool_call_id!r}, but no message before it calls a tool with that id."
            )
        builtin = _split_builtin(message.tool_call_id)
        if builtin is None:
            self.builder.add(ToolReturnPart(name, message.content, message.tool_call_id))
        else:
            provider, own_id = builtin
            content = _json_or_text(message.content)
            self.builder.add(BuiltinToolReturnPart(name, content, own_id, provider_name=provider))

    def reasoning(self, message: Any) -> None:
        seal: Any = _json_or_text(message.encrypted_value or "{}")
        seal = cast("dict[str, Any]", seal) if isinstance(seal, dict) else {}
        names = ("id", "signature", "provider_name", "provider_details")
        self.builder.add(ThinkingPart(message.content, **_picked(seal, names)))

    def activity(self, message: Any) -> None:
        if not self.preserve_file_data:
            return
        content: dict[str, Any] = message.content
        if message.activity_type == FILE_ACTIVITY:
            if not content.get("url"):
                raise ValueError(f"An activity {FILE_ACTIVITY!r} holds a file: its content needs a `url`.")
            names = ("id", "provider_name", "provider_details")
            file = BinaryContent.from_data_uri(content["url"])
            self.builder.add(FilePart(file, **_picked(content, names)))
        elif message.activity_type == UPLOADED_FILE_ACTIVITY:
            if not content.get("file_id") or not content.get("provider_name"):
                raise ValueError(
                    f"An activity {UPLOADED_FILE_ACTIVITY!r} refers to a file: its content needs a `file_id` and the "
                    "`provider_name` that has it."
                )
            names = ("file_id", "provider_name", "vendor_metadata", "media_type", "identifier")
            self.builder.add(UserPromptPart([UploadedFile(**_picked(content, names))]))


def _picked(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}


def _split_builtin(call_id: str) -> tuple[str, str] | None:
    """The provider and the id of a call the provider ran; None for any other."""
    if not call_id.startswith(BUILTIN_TOOL_CALL_ID_PREFIX):
        return None
    _, provider, own_id = call_id.split("|", 2)
    return provider, own_id


def _json_or_text(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


_LOADERS: dict[str, Any] = {
    "user": _Loader.user,
    "system": _Loader.system,
    "developer": _Loader.system,
    "assistant": _Loader.assistant,
    "tool": _Loader.tool,
    "reasoning": _Loader.reasoning,
    "activity": _Loader.activity,
}


# --------------------------------------------------------------------------- ours -> theirs
def dump_messages(messages: Sequence[ModelMessage], *, version: str, preserve_file_data: bool) -> list[Any]:
    """Our messages as AG-UI's of that version. What AG-UI has no place for is left out."""
    dumped: list[Any] = []
    numbers = parse_ag_ui_version(version)
    # The package dropped `binary` at 1.0; then kinds of files are all there is.
    typed = numbers >= MULTIMODAL_VERSION or parse_ag_ui_version(DEFAULT_AG_UI_VERSION) >= (1,)
    typed = typed and hasattr(core, "ImageInputContent")  # an older package cannot write what is newer than itself
    with_reasoning = numbers >= REASONING_VERSION and hasattr(core, "ReasoningMessage")
    for message in messages:
        if isinstance(message, ModelRequest):
            dumped += _dump_request(message, typed, preserve_file_data)
        else:
            dumped += _dump_response(message, with_reasoning, preserve_file_data)
    return dumped


def _dump_request(message: ModelRequest, typed: bool, preserve_file_data: bool) -> list[Any]:
    system: list[str] = []
    user: list[Any] = []
    rest: list[Any] = []
    for part in message.parts:
        if isinstance(part, SystemPromptPart):
            system.append(part.content)
        elif isinstance(part, UserPromptPart):
            for item in [part.content] if isinstance(part.content, str) else part.content:
                if isinstance(item, UploadedFile) and preserve_file_data:
                    rest.append(_uploaded(item))
                elif (content := dump_content(item, typed=typed)) is not None:
                    user.append(content)
        elif isinstance(part, ToolReturnPart):
            rest.append(_tool_message(part.tool_call_id, part.model_response_str()))
        elif part.tool_name:
            rest.append(_tool_message(part.tool_call_id, part.model_response(), error=part.model_response()))
        else:
            user.append(core.TextInputContent(type="text", text=part.model_response()))
    dumped: list[Any] = []
    if system:
        dumped.append(core.SystemMessage(id=ids.unique_id(), content="\n".join(system)))
    if user:
        only = user[0].text if len(user) == 1 and isinstance(user[0], core.TextInputContent) else user
        dumped.append(core.UserMessage(id=ids.unique_id(), content=only))
    return [*dumped, *rest]


def _uploaded(file: UploadedFile) -> Any:
    content: dict[str, Any] = {
        "file_id": file.file_id,
        "provider_name": file.provider_name,
        "media_type": file.media_type,
        "identifier": file.identifier,
    }
    if file.vendor_metadata is not None:
        content["vendor_metadata"] = file.vendor_metadata
    return core.ActivityMessage(id=ids.unique_id(), activity_type=UPLOADED_FILE_ACTIVITY, content=content)


def _tool_message(call_id: str, content: str, *, error: str | None = None) -> Any:
    return core.ToolMessage(id=ids.unique_id(), content=content, tool_call_id=call_id, error=error)


def _dump_response(message: ModelResponse, with_reasoning: bool, preserve_file_data: bool) -> list[Any]:
    """Text and calls of a reply share an assistant's message as long as their order allows it."""
    dumper = _ResponseDumper(message)
    for part in message.parts:
        if isinstance(part, TextPart):
            dumper.text(part)
        elif isinstance(part, ThinkingPart):
            if with_reasoning:
                seal = sealed(part)
                value = json.dumps(seal) if seal else None
                dumper.alone(core.ReasoningMessage(id=ids.unique_id(), content=part.content, encrypted_value=value))
        elif isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
            dumper.call(part)
        elif isinstance(part, FilePart) and preserve_file_data:
            file = part.content
            content: dict[str, Any] = {"url": file.data_uri, "media_type": file.media_type}
            for name in ("id", "provider_name", "provider_details"):
                if (value := getattr(part, name)) is not None:
                    content[name] = value
            dumper.alone(core.ActivityMessage(id=ids.unique_id(), activity_type=FILE_ACTIVITY, content=content))
    dumper.flush()
    return dumper.dumped


class _ResponseDumper:
    """The assistant's message that is being put together, and the messages before it."""

    def __init__(self, message: ModelResponse) -> None:
        self.dumped: list[Any] = []
        self._returns = {p.tool_call_id: p for p in message.parts if isinstance(p, BuiltinToolReturnPart)}
        self._texts: list[str] = []
        self._calls: list[Any] = []
        self._results: list[Any] = []

    def text(self, part: TextPart) -> None:
        if self._calls:
            self.flush()
        self._texts.append(part.content)

    def call(self, part: ToolCallPart | BuiltinToolCallPart) -> None:
        call_id = part.tool_call_id
        if isinstance(part, BuiltinToolCallPart):
            call_id = "|".join((BUILTIN_TOOL_CALL_ID_PREFIX, part.provider_name or "", part.tool_call_id))
            returned = self._returns.get(part.tool_call_id)
            if returned is not None:
                self._results.append(_tool_message(call_id, returned.model_response_str()))
        function = core.FunctionCall(name=part.tool_name, arguments=part.args_as_json_str())
        self._calls.append(core.ToolCall(id=call_id, function=function))

    def alone(self, message: Any) -> None:
        """A message of its own, after what has come so far."""
        self.flush()
        self.dumped.append(message)

    def flush(self) -> None:
        if self._texts or self._calls:
            self.dumped.append(
                core.AssistantMessage(
                    id=ids.unique_id(),
                    content="\n".join(self._texts) if self._texts else None,
                    tool_calls=self._calls or None,
                )
            )
            self.dumped += self._results
        self._texts, self._calls, self._results = [], [], []
