"""Our messages as the Vercel AI SDK's UI messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from playhead import ids
from playhead.messages import (
    BaseToolReturnPart,
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CachePoint,
    FilePart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UploadedFile,
    UserContent,
    UserPromptPart,
)
from playhead.ui.vercel_ai import request_types as ui
from playhead.ui.vercel_ai import response_types as chunks
from playhead.ui.vercel_ai._base import ProviderMetadata
from playhead.ui.vercel_ai._events import OwnChunk, own_chunks, returned_value
from playhead.ui.vercel_ai._utils import dump_provider_metadata, part_metadata

__all__ = ["MakeId", "Role", "dump_messages", "stable_id"]

Role: TypeAlias = Literal["system", "user", "assistant"]
MakeId: TypeAlias = Callable[[ModelRequest | ModelResponse, Role, int], str]
"""Makes a UI message's id from our message, its role, and its position."""
_Results: TypeAlias = dict[str, ToolReturnPart | RetryPromptPart]


def dump_messages(messages: Sequence[ModelMessage], *, make_id: MakeId, sdk_version: int) -> list[ui.UIMessage]:
    """Our messages as UI messages. A tool's result goes to the call in the assistant's message."""
    results = _tool_results(messages)
    dumped: list[ui.UIMessage] = []
    for message in messages:
        sides: list[tuple[Role, list[ui.UIMessagePart]]]
        if isinstance(message, ModelRequest):
            sides = [("system", _system_parts(message)), ("user", _user_parts(message))]
        else:
            sides = [("assistant", _assistant_parts(message, results, sdk_version))]
        for role, parts in sides:
            if parts:
                dumped.append(ui.UIMessage(id=make_id(message, role, len(dumped)), role=role, parts=parts))
    return dumped


def stable_id(message: ModelRequest | ModelResponse, role: Role, index: int) -> str:
    """The same id for the same message each time: from the provider's id, the run's, or else the time and the place."""
    if isinstance(message, ModelResponse) and message.provider_response_id:
        return f"{message.provider_response_id}-{index}"
    if message.run_id:
        return f"{message.run_id}-{index}"
    when = message.timestamp.isoformat() if message.timestamp else ""
    return ids.derived_id(f"{when}-{message.kind}-{role}-{index}")


def _tool_results(messages: Sequence[ModelMessage]) -> _Results:
    return {
        part.tool_call_id: part
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart) or (isinstance(part, RetryPromptPart) and part.tool_name)
    }


def _system_parts(message: ModelRequest) -> list[ui.UIMessagePart]:
    return [_text(part.content) for part in message.parts if isinstance(part, SystemPromptPart)]


def _user_parts(message: ModelRequest) -> list[ui.UIMessagePart]:
    found: list[ui.UIMessagePart] = []
    for part in message.parts:
        if isinstance(part, UserPromptPart):
            items = [part.content] if isinstance(part.content, str) else part.content
            found += [_user_content(item) for item in items if not isinstance(item, CachePoint)]
        elif isinstance(part, RetryPromptPart) and not part.tool_name:
            found.append(_text(part.model_response()))
    return found


def _user_content(item: UserContent) -> ui.UIMessagePart:
    if isinstance(item, str):
        return _text(item)
    if isinstance(item, TextContent):
        return _text(item.content)
    assert not isinstance(item, CachePoint), "cache points are nothing to see"
    if isinstance(item, BinaryContent):
        return ui.FileUIPart(url=item.data_uri, media_type=item.media_type)
    if not isinstance(item, UploadedFile):
        return ui.FileUIPart(url=item.url, media_type=item.media_type)
    kept = {name: getattr(item, name) for name in ("file_id", "provider_name", "vendor_metadata")}
    about = dump_provider_metadata(**kept, identifier=item._identifier)  # only if somebody gave it one
    return ui.FileUIPart(url=item.file_id, media_type=item.media_type, provider_metadata=about)


def _text(text: str, about: ProviderMetadata | None = None) -> ui.TextUIPart:
    return ui.TextUIPart(text=text, state="done", provider_metadata=about)


def _assistant_parts(message: ModelResponse, results: _Results, sdk_version: int) -> list[ui.UIMessagePart]:
    returned = {part.tool_call_id: part for part in message.parts if isinstance(part, BuiltinToolReturnPart)}
    found: list[ui.UIMessagePart] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            last = found[-1] if found else None
            if isinstance(last, ui.TextUIPart):
                last.text += part.content
            else:
                found.append(_text(part.content, part_metadata(part)))
        elif isinstance(part, ThinkingPart):
            found.append(ui.ReasoningUIPart(text=part.content, state="done", provider_metadata=part_metadata(part)))
        elif isinstance(part, FilePart):
            file = part.content
            found.append(
                ui.FileUIPart(url=file.data_uri, media_type=file.media_type, provider_metadata=part_metadata(part))
            )
        elif isinstance(part, BuiltinToolCallPart):
            found.append(_builtin_call(part, returned.get(part.tool_call_id), sdk_version))
        elif isinstance(part, ToolCallPart):
            found += _call(part, results.get(part.tool_call_id), sdk_version)
    return found


def _call(
    part: ToolCallPart, result: ToolReturnPart | RetryPromptPart | None, sdk_version: int
) -> list[ui.UIMessagePart]:
    about = _fields(part, provider_executed=False, about=part_metadata(part))
    if result is None:
        return [_waiting(about, sdk_version)]
    if isinstance(result, RetryPromptPart):
        return [ui.ToolOutputErrorPart(**about, error_text=result.model_response())]
    error = result.model_response_str() if result.outcome == "failed" else None
    return [_answered(about, result, error), *(_own_part(own) for own in own_chunks(result))]


def _builtin_call(part: BuiltinToolCallPart, result: BuiltinToolReturnPart | None, sdk_version: int) -> ui.ToolUIPart:
    """A call that the provider ran: our two parts are one in the browser, which keeps the metadata of both."""
    if result is None:
        return _waiting(_fields(part, provider_executed=True, about=part_metadata(part)), sdk_version)
    both = dump_provider_metadata(
        call_meta=part_metadata(part, None),
        return_meta=dump_provider_metadata(
            None, provider_name=result.provider_name, provider_details=result.provider_details
        ),
    )
    shown = result.model_response_object()
    error = None
    if result.outcome == "failed" or shown.get("is_error") is True:
        error = shown.get("error_text", result.model_response_str())
    return _answered(_fields(part, provider_executed=True, about=both), result, error)


def _fields(
    part: ToolCallPart | BuiltinToolCallPart, *, provider_executed: bool, about: ProviderMetadata | None
) -> dict[str, Any]:
    return {
        "type": f"tool-{part.tool_name}",
        "tool_call_id": part.tool_call_id,
        "input": part.args_as_dict(),
        "provider_executed": provider_executed,
        "call_provider_metadata": about,
    }


def _answered(about: dict[str, Any], result: BaseToolReturnPart, error: str | None) -> ui.ToolUIPart:
    if result.outcome == "denied":
        approval = ui.ToolApprovalResponded(id=ids.unique_id(), approved=False, reason=result.model_response_str())
        return ui.ToolOutputDeniedPart(**about, approval=approval)
    if error is not None:
        return ui.ToolOutputErrorPart(**about, error_text=error)
    return ui.ToolOutputAvailablePart(**about, output=returned_value(result))


def _waiting(about: dict[str, Any], sdk_version: int) -> ui.ToolUIPart:
    """A call without a result waits for approval, or for a result from elsewhere; version 5 knows no approvals."""
    if sdk_version < 6:
        return ui.ToolInputAvailablePart(**about)
    # Answers are matched by the call's id, so that serves as the approval's, too: the same each time.
    return ui.ToolApprovalRequestedPart(**about, approval=ui.ToolApprovalRequested(id=about["tool_call_id"]))


def _own_part(own: OwnChunk) -> ui.UIMessagePart:
    """What a tool sent to the browser itself, as a stored message has it."""
    if isinstance(own, chunks.DataChunk):
        return ui.DataUIPart(type=own.type, id=own.id, data=own.data)
    if isinstance(own, chunks.SourceUrlChunk):
        return ui.SourceUrlUIPart(
            source_id=own.source_id, url=own.url, title=own.title, provider_metadata=own.provider_metadata
        )
    if isinstance(own, chunks.SourceDocumentChunk):
        return ui.SourceDocumentUIPart(
            source_id=own.source_id,
            media_type=own.media_type,
            title=own.title,
            filename=own.filename,
            provider_metadata=own.provider_metadata,
        )
    return ui.FileUIPart(url=own.url, media_type=own.media_type)
