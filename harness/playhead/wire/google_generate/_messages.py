"""Messages as the format has them: contents of `user` and `model`, each a list of parts. Both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playhead.exceptions import DecodeError, UserError
from playhead.messages import (
    RETURN_VALUE_KEY,
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CachePoint,
    DocumentUrl,
    FilePart,
    FileUrl,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
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
    VideoUrl,
)
from playhead.wire._json import as_dict, as_list, as_objects, as_text
from playhead.wire.google_generate._decoder import GoogleDecoder
from playhead.wire.google_generate._fields import NAMES, TOOL_TYPES, as_bytes, get, snake_keys

__all__ = ["needs_download", "read_contents", "signature_of", "write_contents", "write_part"]

_FIX = "\n\nFix the errors and try again."
"""How `RetryPromptPart.model_response` ends: by this a retry is told from a result that says it is an error."""
_NO_SIGNATURE = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""What the provider takes in place of a call's signature that nobody has (`skip_thought_signature_validator`).
https://ai.google.dev/gemini-api/docs/thought-signatures#faqs"""
_FILES_API = "https://generativelanguage.googleapis.com/v1beta/files"
_IN_RESULTS = ("application/pdf", "image/jpeg", "image/png", "image/webp", "text/plain")
"""Files that models from Gemini 3 on take inside of a function's result."""


# --------------------------------------------------------------------------- written
def write_contents(messages: Sequence[ModelMessage], model: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The system prompts, and the contents."""
    system: list[str] = []
    contents: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ModelRequest):
            parts = _write_request(message, system, model)
            contents += [{"parts": group, "role": "user"} for group in _groups(parts)]
        elif parts := _write_reply(message):
            contents.append({"parts": parts, "role": "model"})
    if not contents or contents[0]["role"] == "model":
        # The format wants the user to begin.
        contents.insert(0, {"parts": [{"text": ""}], "role": "user"})
    return system, contents


def _groups(parts: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Results of functions apart from what follows them: beside one, Gemini takes the user's words for the model's."""
    groups: list[list[dict[str, Any]]] = []
    for part in parts:
        if not groups or ("functionResponse" in groups[-1][-1] and "functionResponse" not in part):
            groups.append([])
        groups[-1].append(part)
    return groups


def _write_request(message: ModelRequest, system: list[str], model: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, SystemPromptPart):
            system.append(part.content)
        elif isinstance(part, UserPromptPart):
            items: Sequence[UserContent] = [part.content] if isinstance(part.content, str) else part.content
            # Cache points have no place here: a cache is made beforehand, and named by `google_cached_content`.
            parts += [_write_content(item) for item in items if not isinstance(item, CachePoint)]
        elif isinstance(part, ToolReturnPart):
            parts += _write_result(part, model)
        elif part.tool_name is None:
            parts.append({"text": part.model_response()})
        else:
            parts.append(_function_response(part.tool_call_id, part.tool_name, {"error": part.model_response()}))
    return parts


def _function_response(call_id: str, name: str, response: dict[str, Any]) -> dict[str, Any]:
    return {"functionResponse": {"id": call_id, "name": name, "response": response}}


def _write_result(part: ToolReturnPart, model: str) -> list[dict[str, Any]]:
    inside: list[dict[str, Any]] = []
    references: list[str] = []
    beside: list[dict[str, Any]] = []
    for file in part.files:
        if "gemini-3" in model and file.media_type in _IN_RESULTS:
            inside.append(snake_keys(_write_file(file)))
        else:
            references.append(f"See file {file.identifier}.")
            beside += [{"text": f"This is file {file.identifier}:"}, _write_content(file)]
    response: dict[str, Any] = part.model_response_object()
    if response == {RETURN_VALUE_KEY: None}:
        response = {}
    if references:
        response = {"output": [response, *references]}
    written = _function_response(part.tool_call_id, part.tool_name, response)
    if inside:
        written["functionResponse"]["parts"] = inside
    return [written, *beside]


def _write_content(item: UserContent) -> dict[str, Any]:
    if isinstance(item, (str, TextContent)):
        return {"text": item if isinstance(item, str) else item.content}
    assert not isinstance(item, CachePoint)
    written = _write_file(item)
    if isinstance(item, (BinaryContent, VideoUrl, UploadedFile)) and item.vendor_metadata:
        written["videoMetadata"] = item.vendor_metadata
    return written


def _write_file(item: Any) -> dict[str, Any]:
    if isinstance(item, BinaryContent):
        return {"inlineData": {"data": item.base64, "mimeType": item.media_type}}
    if isinstance(item, UploadedFile):
        if item.provider_name not in NAMES:
            raise UserError(
                f"A file uploaded to {item.provider_name!r} cannot be sent to Google: upload it there, and say "
                "`provider_name='google-gla'` (Files API) or `'google-vertex'` (a gs:// URI)."
            )
        return {"fileData": {"fileUri": item.file_id, "mimeType": item.media_type}}
    assert isinstance(item, FileUrl)
    return {"fileData": {"fileUri": item.url, "mimeType": item.media_type}}


def needs_download(item: FileUrl, provider: str | None) -> bool:
    """Whether the content of a URL has to be sent in its place: the Gemini API reads only its own files and YouTube."""
    if isinstance(item, VideoUrl) and (
        item.is_youtube or (item.url.startswith("gs://") and provider == "google-vertex")
    ):
        return False
    if item.force_download:
        return True
    return provider != "google-vertex" and not item.url.startswith(_FILES_API)


def _write_reply(message: ModelResponse) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    waiting: str | None = None
    needs_signature = True
    for item in message.parts:
        ours = message.provider_name in NAMES or getattr(item, "provider_name", None) in NAMES
        native = isinstance(item, (BuiltinToolCallPart, BuiltinToolReturnPart))
        written = write_part(item) if ours or not native else None
        if written is not None:
            # A seal that came with a thought belongs to the part after it.
            signature = (signature_of(item) if ours else None) or waiting
            waiting = None
            if isinstance(item, ToolCallPart):
                signature = signature or (_NO_SIGNATURE if needs_signature else None)
                needs_signature = False
            if signature is not None:
                written["thoughtSignature"] = signature
            parts.append(written)
        if isinstance(item, ThinkingPart) and item.signature and item.provider_name in NAMES:
            waiting = item.signature
    return parts


def signature_of(item: ModelResponsePart) -> str | None:
    """The provider's seal on a part."""
    return as_text((item.provider_details or {}).get("thought_signature"))


def write_part(item: ModelResponsePart, *, reply: bool = False) -> dict[str, Any] | None:
    """A part of a candidate's content, without its signature; None for what the format has no place for.

    Searches are not sent back to the provider; in a `reply` they stand in its metadata.
    """
    match item:
        case TextPart():
            return {"text": item.content}
        case ThinkingPart():
            return {"text": item.content, "thought": True} if item.content or reply else None
        case ToolCallPart():
            return {"functionCall": {"id": item.tool_call_id, "args": item.args_as_dict(), "name": item.tool_name}}
        case BuiltinToolCallPart() if item.tool_name == "code_execution":
            named = {"id": item.tool_call_id} if reply else {}
            return {"executableCode": {**item.args_as_dict(), **named}}
        case BuiltinToolReturnPart() if item.tool_name == "code_execution" and isinstance(item.content, dict):
            result: dict[str, Any] = item.content  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            return {"codeExecutionResult": {**result, "id": item.tool_call_id} if reply else result}
        case FilePart():
            return {"inlineData": {"data": item.content.base64, "mimeType": item.content.media_type}}
        case BuiltinToolCallPart() if reply:
            call = {"id": item.tool_call_id, "toolType": _tool_type(item.tool_name), "args": item.args_as_dict()}
            return {"toolCall": call}
        case BuiltinToolReturnPart() if reply:
            response = {"id": item.tool_call_id, "toolType": _tool_type(item.tool_name), "response": item.content}
            return {"toolResponse": response}
        case _:
            return None


def _tool_type(name: str) -> str:
    return next((kind for kind, known in TOOL_TYPES.items() if known == name), name)


# --------------------------------------------------------------------------- read
def read_contents(contents: list[Any]) -> list[ModelMessage]:
    """Contents as messages, one for each. A result without an id answers the call of its name that came before."""
    calls: dict[str, list[str]] = {}
    messages: list[ModelMessage] = []
    for content in contents:
        if isinstance(content, str):
            content = {"parts": [{"text": content}]}
        content = as_dict(content)
        parts = as_objects(content.get("parts"))
        role = content.get("role", "user")
        if role == "model":
            messages.append(_read_reply(parts, calls))
        elif role in ("user", "function"):
            messages.append(ModelRequest(_read_parts(parts, calls)))
        else:
            raise DecodeError(
                f"A content has the role {role!r}",
                "This format has the roles `user` and `model`. Is this a request of another dialect?",
            )
    return messages


def _read_reply(parts: list[dict[str, Any]], calls: dict[str, list[str]]) -> ModelResponse:
    decoder = GoogleDecoder(streamed=False)
    decoder.read_parts([_without_dummy(part) for part in parts])
    found = decoder.fold.parts()
    for part in found:
        if isinstance(part, ToolCallPart):
            calls.setdefault(part.tool_name, []).append(part.tool_call_id)
    return ModelResponse(found)


def _without_dummy(part: dict[str, Any]) -> dict[str, Any]:
    if get(part, "thoughtSignature") == _NO_SIGNATURE:
        return {key: value for key, value in part.items() if key not in ("thoughtSignature", "thought_signature")}
    return part


def _read_parts(parts: list[dict[str, Any]], calls: dict[str, list[str]]) -> list[ModelRequestPart]:
    found: list[ModelRequestPart] = []
    content: list[UserContent] = []
    for part in parts:
        response = get(part, "functionResponse")
        if isinstance(response, dict):
            _end_prompt(found, content)
            found.append(_read_result(response, calls))  # pyright: ignore[reportUnknownArgumentType]
        else:
            content.append(_read_content(part))
    _end_prompt(found, content)
    return found


def _end_prompt(parts: list[ModelRequestPart], content: list[UserContent]) -> None:
    if content:
        plain = content[0] if len(content) == 1 and isinstance(content[0], str) else list(content)
        parts.append(UserPromptPart(plain))
        content.clear()


def _read_result(response: dict[str, Any], calls: dict[str, list[str]]) -> ToolReturnPart | RetryPromptPart:
    name = as_text(response.get("name")) or "unknown"
    waiting = calls.get(name, [])
    call_id = as_text(response.get("id")) or (waiting[0] if waiting else "")
    if call_id in waiting:
        waiting.remove(call_id)
    value: Any = as_dict(response.get("response"))
    error = value.get("error")
    if len(value) == 1 and isinstance(error, str) and error.endswith(_FIX):
        return RetryPromptPart(error.removesuffix(_FIX), tool_name=name, tool_call_id=call_id)
    if set(value) == {RETURN_VALUE_KEY}:
        value = value[RETURN_VALUE_KEY]
    files = [_read_content(part) for part in map(as_dict, as_list(response.get("parts")))]
    if files:
        items: list[Any] = value if isinstance(value, list) else [] if value == {} else [value]  # pyright: ignore[reportUnknownVariableType]
        value = [*items, *files]
        if len(value) == 1:
            value = value[0]
    return ToolReturnPart(name, value, call_id)


def _read_content(part: dict[str, Any]) -> UserContent:
    if isinstance(part.get("text"), str):
        return part["text"]
    metadata = as_dict(get(part, "videoMetadata")) or None
    inline = as_dict(get(part, "inlineData"))
    if inline:
        try:
            data = as_bytes(inline.get("data"))
        except ValueError as error:
            raise DecodeError(
                f"The data of a file cannot be read: {error}", "The request was cut off or changed."
            ) from None
        media_type = as_text(get(inline, "mimeType")) or "application/octet-stream"
        return BinaryContent.narrow_type(BinaryContent(data, media_type=media_type, vendor_metadata=metadata))
    file = as_dict(get(part, "fileData"))
    uri, media_type = as_text(get(file, "fileUri")), as_text(get(file, "mimeType"))
    if uri is not None:
        if uri.startswith((_FILES_API, "gs://")):
            owner = "google-vertex" if uri.startswith("gs://") else "google-gla"
            return UploadedFile(uri, owner, media_type=media_type, vendor_metadata=metadata)
        kind = _URLS.get((media_type or "").split("/")[0], DocumentUrl)
        return kind(uri, media_type=media_type, vendor_metadata=metadata)
    # What the format may have beside these is kept for the eye.
    return TextContent("", metadata=part)


_URLS: dict[str, Any] = {"image": ImageUrl, "video": VideoUrl}
