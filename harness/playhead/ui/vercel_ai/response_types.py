"""What is streamed to a browser with the Vercel AI SDK: the chunks of its data stream protocol.

https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol#data-stream-protocol, as of version 6.
"""

from __future__ import annotations

from abc import ABC
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from playhead.ui.vercel_ai._base import CamelBaseModel, ProviderMetadata

__all__ = [
    "AbortChunk",
    "BaseChunk",
    "DataChunk",
    "DoneChunk",
    "ErrorChunk",
    "FileChunk",
    "FinishChunk",
    "FinishReason",
    "FinishStepChunk",
    "MessageMetadataChunk",
    "ReasoningDeltaChunk",
    "ReasoningEndChunk",
    "ReasoningStartChunk",
    "SourceDocumentChunk",
    "SourceUrlChunk",
    "StartChunk",
    "StartStepChunk",
    "TextDeltaChunk",
    "TextEndChunk",
    "TextStartChunk",
    "ToolApprovalRequestChunk",
    "ToolInputAvailableChunk",
    "ToolInputDeltaChunk",
    "ToolInputErrorChunk",
    "ToolInputStartChunk",
    "ToolOutputAvailableChunk",
    "ToolOutputDeniedChunk",
    "ToolOutputErrorChunk",
]

FinishReason: TypeAlias = Literal["stop", "length", "content-filter", "tool-calls", "error", "other"] | None
"""Why the answer ended, in the SDK's words."""


class BaseChunk(CamelBaseModel, ABC):
    """A chunk of the stream."""

    def encode(self, sdk_version: int) -> str:
        """The chunk's JSON, as that version of the SDK accepts it."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


# --------------------------------------------------------------------------- the answer and its steps
class StartChunk(BaseChunk):
    """The answer begins."""

    type: Literal["start"] = "start"
    message_id: str | None = None
    message_metadata: Any | None = None


class StartStepChunk(BaseChunk):
    """A step (a request to the model) begins."""

    type: Literal["start-step"] = "start-step"


class FinishStepChunk(BaseChunk):
    """A step is over."""

    type: Literal["finish-step"] = "finish-step"


class MessageMetadataChunk(BaseChunk):
    """Metadata of the whole message."""

    type: Literal["message-metadata"] = "message-metadata"
    message_metadata: Any


class FinishChunk(BaseChunk):
    """The answer is over."""

    type: Literal["finish"] = "finish"
    finish_reason: FinishReason = None
    message_metadata: Any | None = None


class ErrorChunk(BaseChunk):
    """The run has failed."""

    type: Literal["error"] = "error"
    error_text: str


class AbortChunk(BaseChunk):
    """The answer was broken off."""

    type: Literal["abort"] = "abort"
    reason: str | None = None


class DoneChunk(BaseChunk):
    """The end of the stream, `[DONE]`."""

    type: Literal["done"] = "done"

    def encode(self, sdk_version: int) -> str:
        return "[DONE]"


# --------------------------------------------------------------------------- what the model says
class ReasoningStartChunk(BaseChunk):
    """Reasoning begins."""

    type: Literal["reasoning-start"] = "reasoning-start"
    id: str
    provider_metadata: ProviderMetadata | None = None


class ReasoningDeltaChunk(BaseChunk):
    """More reasoning."""

    type: Literal["reasoning-delta"] = "reasoning-delta"
    id: str
    delta: str
    provider_metadata: ProviderMetadata | None = None


class ReasoningEndChunk(BaseChunk):
    """Reasoning is over."""

    type: Literal["reasoning-end"] = "reasoning-end"
    id: str
    provider_metadata: ProviderMetadata | None = None


class TextStartChunk(BaseChunk):
    """A text begins."""

    type: Literal["text-start"] = "text-start"
    id: str
    provider_metadata: ProviderMetadata | None = None


class TextDeltaChunk(BaseChunk):
    """More text."""

    type: Literal["text-delta"] = "text-delta"
    delta: str
    id: str
    provider_metadata: ProviderMetadata | None = None


class TextEndChunk(BaseChunk):
    """A text is over."""

    type: Literal["text-end"] = "text-end"
    id: str
    provider_metadata: ProviderMetadata | None = None


# --------------------------------------------------------------------------- calls of tools, from their first word to their outcome
class ToolInputStartChunk(BaseChunk):
    """The model begins to call a tool."""

    type: Literal["tool-input-start"] = "tool-input-start"
    tool_call_id: str
    tool_name: str
    provider_executed: bool | None = None
    provider_metadata: ProviderMetadata | None = None
    dynamic: bool | None = None

    def encode(self, sdk_version: int) -> str:
        # Version 5 refuses a chunk with a field that it does not know.
        sent = self if sdk_version >= 6 else self.model_copy(update={"provider_metadata": None})
        return super(ToolInputStartChunk, sent).encode(sdk_version)


class ToolInputDeltaChunk(BaseChunk):
    """More of a call's arguments."""

    type: Literal["tool-input-delta"] = "tool-input-delta"
    tool_call_id: str
    input_text_delta: str


class ToolInputErrorChunk(BaseChunk):
    """A call's arguments are wrong."""

    type: Literal["tool-input-error"] = "tool-input-error"
    tool_call_id: str
    tool_name: str
    input: Any
    provider_executed: bool | None = None
    provider_metadata: ProviderMetadata | None = None
    dynamic: bool | None = None
    error_text: str


class ToolInputAvailableChunk(BaseChunk):
    """A call's arguments are complete."""

    type: Literal["tool-input-available"] = "tool-input-available"
    tool_call_id: str
    tool_name: str
    input: Any
    provider_executed: bool | None = None
    provider_metadata: ProviderMetadata | None = None
    dynamic: bool | None = None


class ToolApprovalRequestChunk(BaseChunk):
    """A call waits for approval."""

    type: Literal["tool-approval-request"] = "tool-approval-request"
    approval_id: str
    tool_call_id: str


class ToolOutputDeniedChunk(BaseChunk):
    """A call was denied."""

    type: Literal["tool-output-denied"] = "tool-output-denied"
    tool_call_id: str


class ToolOutputErrorChunk(BaseChunk):
    """A tool has failed."""

    type: Literal["tool-output-error"] = "tool-output-error"
    tool_call_id: str
    error_text: str
    provider_executed: bool | None = None
    dynamic: bool | None = None


class ToolOutputAvailableChunk(BaseChunk):
    """A tool has returned."""

    type: Literal["tool-output-available"] = "tool-output-available"
    tool_call_id: str
    output: Any
    provider_executed: bool | None = None
    dynamic: bool | None = None
    preliminary: bool | None = None


# --------------------------------------------------------------------------- what is shown beside the text
class FileChunk(BaseChunk):
    """A file."""

    type: Literal["file"] = "file"
    url: str
    media_type: str


class SourceUrlChunk(BaseChunk):
    """A source by URL."""

    type: Literal["source-url"] = "source-url"
    source_id: str
    url: str
    title: str | None = None
    provider_metadata: ProviderMetadata | None = None


class SourceDocumentChunk(BaseChunk):
    """A document as a source."""

    type: Literal["source-document"] = "source-document"
    source_id: str
    media_type: str
    title: str
    filename: str | None = None
    provider_metadata: ProviderMetadata | None = None


class DataChunk(BaseChunk):
    """The application's own data; `transient` data is shown and not kept."""

    type: Annotated[str, Field(pattern=r"^data-")]
    id: str | None = None
    data: Any
    transient: bool | None = None
