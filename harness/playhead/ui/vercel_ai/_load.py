"""The Vercel AI SDK's UI messages as ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from playhead.messages import (
    AudioUrl,
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    DocumentUrl,
    FilePart,
    FileUrl,
    ImageUrl,
    ModelMessage,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolDenied,
    ToolReturnPart,
    UploadedFile,
    UserContent,
    UserPromptPart,
    VideoUrl,
)
from playhead.ui._builder import MessagesBuilder
from playhead.ui.vercel_ai import request_types as ui
from playhead.ui.vercel_ai._utils import load_provider_metadata

__all__ = ["approval_responses", "load_messages"]

_URLS: dict[str, type[FileUrl]] = {"image": ImageUrl, "video": VideoUrl, "audio": AudioUrl}


def load_messages(messages: Sequence[ui.UIMessage]) -> list[ModelMessage]:
    """UI messages as ours. What models are not shown (data, sources, steps) is left out. `ValueError` for a part that
    a message of its role cannot have."""
    builder = MessagesBuilder()
    for message in messages:
        if message.role == "system":
            _load_system(builder, message)
        elif message.role == "user":
            _load_user(builder, message)
        else:
            for part in message.parts:
                _load_assistant_part(builder, part)
    return builder.messages


def approval_responses(messages: Sequence[ui.UIMessage]) -> Iterator[tuple[str, ui.ToolApprovalResponded]]:
    """What people have decided about calls, by the call's id. Denials that were acted on are not among them."""
    for message in messages:
        if message.role != "assistant":
            continue
        for part in message.parts:
            if isinstance(part, (ui.ToolApprovalRespondedPart, ui.DynamicToolApprovalRespondedPart)) and isinstance(
                part.approval, ui.ToolApprovalResponded
            ):
                yield part.tool_call_id, part.approval


def _load_system(builder: MessagesBuilder, message: ui.UIMessage) -> None:
    for part in message.parts:
        if not isinstance(part, ui.TextUIPart):
            raise ValueError(f"A system message has texts only, not {type(part).__name__}.")
        builder.add(SystemPromptPart(part.text))


def _load_user(builder: MessagesBuilder, message: ui.UIMessage) -> None:
    content: list[UserContent] = []
    for part in message.parts:
        if isinstance(part, ui.TextUIPart):
            content.append(part.text)
        elif isinstance(part, ui.FileUIPart):
            content.append(_load_file(part))
        elif not isinstance(part, ui.DataUIPart):
            raise ValueError(f"A user's message has texts, files and data, not {type(part).__name__}.")
    if content:
        only = content[0] if len(content) == 1 and isinstance(content[0], str) else content
        builder.add(UserPromptPart(only))


def _load_file(part: ui.FileUIPart) -> UserContent:
    try:
        return BinaryContent.from_data_uri(part.url)
    except ValueError:
        pass  # any other URL
    known = load_provider_metadata(part.provider_metadata)
    if known.get("file_id") and known.get("provider_name"):
        return UploadedFile(
            file_id=known["file_id"],
            provider_name=known["provider_name"],
            media_type=part.media_type,
            vendor_metadata=known.get("vendor_metadata"),
            identifier=known.get("identifier"),
        )
    url = cast("Any", _URLS.get(part.media_type.partition("/")[0], DocumentUrl))
    return url(url=part.url, media_type=part.media_type)


def _load_assistant_part(builder: MessagesBuilder, part: ui.UIMessagePart) -> None:
    if isinstance(part, ui.TextUIPart):
        builder.add(TextPart(part.text, **_origin(load_provider_metadata(part.provider_metadata))))
    elif isinstance(part, ui.ReasoningUIPart):
        known = load_provider_metadata(part.provider_metadata)
        builder.add(ThinkingPart(part.text, signature=known.get("signature"), **_origin(known)))
    elif isinstance(part, ui.FileUIPart):
        try:
            file = BinaryContent.from_data_uri(part.url)
        except ValueError as error:
            # No model answers with a link: where the bytes are gone there is nothing to give back to it.
            raise ValueError(
                f"A file in an assistant's message has to be a `data:` URI, not {part.url[:100]!r}."
            ) from error
        builder.add(FilePart(file, **_origin(load_provider_metadata(part.provider_metadata))))
    elif isinstance(part, ui.DynamicToolPart):
        _load_call(builder, part, part.tool_name)
    elif isinstance(part, ui.ToolPart):
        name = part.type.removeprefix("tool-")
        if part.provider_executed:
            _load_builtin_call(builder, part, name)
        else:
            _load_call(builder, part, name)


def _load_call(builder: MessagesBuilder, part: ui.ToolPart | ui.DynamicToolPart, name: str) -> None:
    origin = _origin(load_provider_metadata(part.call_provider_metadata))
    builder.add(ToolCallPart(name, _arguments(part.input), part.tool_call_id, **origin))
    outcome = _outcome(part)
    if outcome is not None:
        content, how = outcome
        builder.add(ToolReturnPart(name, content, part.tool_call_id, outcome=how))


def _load_builtin_call(builder: MessagesBuilder, part: ui.ToolPart, name: str) -> None:
    """A call that the provider ran: one part in the browser, with the metadata of both its call and its result."""
    known = load_provider_metadata(part.call_provider_metadata)
    outcome = _outcome(part)
    of_call: dict[str, Any] = (known.get("call_meta") or {}) if outcome is not None else {}
    of_return: dict[str, Any] = known.get("return_meta") or {}
    origin = {key: of_call.get(key) or value for key, value in _origin(known).items()}
    builder.add(BuiltinToolCallPart(name, _arguments(part.input), part.tool_call_id, **origin))
    if outcome is not None:
        content, how = outcome
        builder.add(
            BuiltinToolReturnPart(
                name,
                content,
                part.tool_call_id,
                provider_name=of_return.get("provider_name") or known.get("provider_name"),
                provider_details=of_return.get("provider_details") or known.get("provider_details"),
                outcome=how,
            )
        )


def _outcome(part: ui.ToolPart | ui.DynamicToolPart) -> tuple[Any, Any] | None:
    """What the tool gave back, and how it went; None where it has not answered yet."""
    if isinstance(part, (ui.ToolOutputAvailablePart, ui.DynamicToolOutputAvailablePart)):
        return part.output, "success"
    if isinstance(part, (ui.ToolOutputErrorPart, ui.DynamicToolOutputErrorPart)):
        return part.error_text, "failed"
    if isinstance(part, (ui.ToolOutputDeniedPart, ui.DynamicToolOutputDeniedPart)):
        approval = part.approval
        reason = approval.reason if isinstance(approval, ui.ToolApprovalResponded) else None
        return reason or ToolDenied().message, "denied"
    return None


def _arguments(given: Any) -> str | dict[str, Any] | None:
    """A call's arguments: an object; text that is no object's JSON as it is, so that nothing is lost."""
    if given is None or isinstance(given, dict):
        return cast("dict[str, Any] | None", given)
    if not isinstance(given, str):
        return json.dumps(given)
    try:
        parsed: Any = json.loads(given)
    except ValueError:
        return given
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else given


def _origin(known: dict[str, Any]) -> dict[str, Any]:
    return {name: known.get(name) for name in ("id", "provider_name", "provider_details")}
