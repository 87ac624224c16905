"""What a browser with the Vercel AI SDK sends: UI messages and their parts.

https://ai-sdk.dev/docs/reference/ai-sdk-core/ui-message, as of version 6.
"""

from __future__ import annotations

from abc import ABC
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from playhead.ui.vercel_ai._base import CamelBaseModel, ProviderMetadata

__all__ = [
    "BaseUIPart",
    "DataUIPart",
    "DynamicToolApprovalRequestedPart",
    "DynamicToolApprovalRespondedPart",
    "DynamicToolInputAvailablePart",
    "DynamicToolInputStreamingPart",
    "DynamicToolOutputAvailablePart",
    "DynamicToolOutputDeniedPart",
    "DynamicToolOutputErrorPart",
    "DynamicToolUIPart",
    "FileUIPart",
    "ReasoningUIPart",
    "RegenerateMessage",
    "RequestData",
    "SourceDocumentUIPart",
    "SourceUrlUIPart",
    "StepStartUIPart",
    "SubmitMessage",
    "TextUIPart",
    "ToolApproval",
    "ToolApprovalRequested",
    "ToolApprovalRequestedPart",
    "ToolApprovalResponded",
    "ToolApprovalRespondedPart",
    "ToolInputAvailablePart",
    "ToolInputStreamingPart",
    "ToolOutputAvailablePart",
    "ToolOutputDeniedPart",
    "ToolOutputErrorPart",
    "ToolUIPart",
    "UIMessage",
    "UIMessagePart",
]

_TextState = Literal["streaming", "done"]


class BaseUIPart(CamelBaseModel, ABC):
    """A part of a UI message."""


class StepStartUIPart(BaseUIPart):
    """Where a new step begins."""

    type: Literal["step-start"] = "step-start"


class TextUIPart(BaseUIPart):
    """Text."""

    type: Literal["text"] = "text"
    text: str
    state: _TextState | None = None
    provider_metadata: ProviderMetadata | None = None


class FileUIPart(BaseUIPart):
    """A file, by URL or `data:` URI."""

    type: Literal["file"] = "file"
    media_type: str
    filename: str | None = None
    url: str
    provider_metadata: ProviderMetadata | None = None


class ReasoningUIPart(BaseUIPart):
    """The model's reasoning."""

    type: Literal["reasoning"] = "reasoning"
    text: str
    state: _TextState | None = None
    provider_metadata: ProviderMetadata | None = None


class DataUIPart(BaseUIPart):
    """The application's own data; the model is not shown it."""

    type: Annotated[str, Field(pattern=r"^data-")]
    id: str | None = None
    data: Any


class SourceDocumentUIPart(BaseUIPart):
    """A document as a source."""

    type: Literal["source-document"] = "source-document"
    source_id: str
    media_type: str
    title: str
    filename: str | None = None
    provider_metadata: ProviderMetadata | None = None


class SourceUrlUIPart(BaseUIPart):
    """A source by URL."""

    type: Literal["source-url"] = "source-url"
    source_id: str
    url: str
    title: str | None = None
    provider_metadata: ProviderMetadata | None = None


class ToolApprovalRequested(CamelBaseModel):
    """A person is asked to approve a call."""

    id: str


class ToolApprovalResponded(CamelBaseModel):
    """A person has approved a call, or denied it for a reason."""

    id: str
    approved: bool
    reason: str | None = None


ToolApproval = ToolApprovalRequested | ToolApprovalResponded


class ToolPart(BaseUIPart):
    """A call of a tool whose name is in the type, `tool-NAME`."""

    type: Annotated[str, Field(pattern=r"^tool-")]
    tool_call_id: str
    input: Any | None = None
    provider_executed: bool | None = None
    call_provider_metadata: ProviderMetadata | None = None
    approval: ToolApproval | None = None


class ToolInputStreamingPart(ToolPart):
    """The arguments are being written."""

    state: Literal["input-streaming"] = "input-streaming"


class ToolInputAvailablePart(ToolPart):
    """The arguments are complete."""

    state: Literal["input-available"] = "input-available"


class ToolOutputAvailablePart(ToolPart):
    """The tool has returned."""

    state: Literal["output-available"] = "output-available"
    output: Any | None = None
    preliminary: bool | None = None


class ToolOutputErrorPart(ToolPart):
    """The tool has failed."""

    state: Literal["output-error"] = "output-error"
    raw_input: Any | None = None
    error_text: str


class ToolApprovalRequestedPart(ToolPart):
    """The call waits for approval."""

    state: Literal["approval-requested"] = "approval-requested"


class ToolApprovalRespondedPart(ToolPart):
    """Somebody has decided about the call."""

    state: Literal["approval-responded"] = "approval-responded"


class ToolOutputDeniedPart(ToolPart):
    """The call was denied."""

    state: Literal["output-denied"] = "output-denied"


ToolUIPart = (
    ToolInputStreamingPart
    | ToolInputAvailablePart
    | ToolOutputAvailablePart
    | ToolOutputErrorPart
    | ToolApprovalRequestedPart
    | ToolApprovalRespondedPart
    | ToolOutputDeniedPart
)
"""A call of a tool that the application knows."""


class DynamicToolPart(BaseUIPart):
    """A call of a tool that the application does not know by name."""

    type: Literal["dynamic-tool"] = "dynamic-tool"
    tool_name: str
    tool_call_id: str
    input: Any
    call_provider_metadata: ProviderMetadata | None = None
    approval: ToolApproval | None = None


class DynamicToolInputStreamingPart(DynamicToolPart):
    """The arguments are being written."""

    state: Literal["input-streaming"] = "input-streaming"
    input: Any | None = None


class DynamicToolInputAvailablePart(DynamicToolPart):
    """The arguments are complete."""

    state: Literal["input-available"] = "input-available"


class DynamicToolOutputAvailablePart(DynamicToolPart):
    """The tool has returned."""

    state: Literal["output-available"] = "output-available"
    output: Any
    preliminary: bool | None = None


class DynamicToolOutputErrorPart(DynamicToolPart):
    """The tool has failed."""

    state: Literal["output-error"] = "output-error"
    error_text: str


class DynamicToolApprovalRequestedPart(DynamicToolPart):
    """The call waits for approval."""

    state: Literal["approval-requested"] = "approval-requested"


class DynamicToolApprovalRespondedPart(DynamicToolPart):
    """Somebody has decided about the call."""

    state: Literal["approval-responded"] = "approval-responded"


class DynamicToolOutputDeniedPart(DynamicToolPart):
    """The call was denied."""

    state: Literal["output-denied"] = "output-denied"


DynamicToolUIPart = (
    DynamicToolInputStreamingPart
    | DynamicToolInputAvailablePart
    | DynamicToolOutputAvailablePart
    | DynamicToolOutputErrorPart
    | DynamicToolApprovalRequestedPart
    | DynamicToolApprovalRespondedPart
    | DynamicToolOutputDeniedPart
)
"""A call of a tool that the application does not know."""

UIMessagePart = (
    TextUIPart
    | ReasoningUIPart
    | ToolUIPart
    | DynamicToolUIPart
    | SourceUrlUIPart
    | SourceDocumentUIPart
    | FileUIPart
    | DataUIPart
    | StepStartUIPart
)
"""Any part of a UI message."""


class UIMessage(CamelBaseModel):
    """One message of the conversation that a browser shows."""

    id: str
    role: Literal["system", "user", "assistant"]
    metadata: Any | None = None
    parts: list[UIMessagePart]


class SubmitMessage(CamelBaseModel, extra="allow"):
    """The user has sent a message; the last of `messages`."""

    trigger: Literal["submit-message"] = "submit-message"
    id: str
    messages: list[UIMessage]


class RegenerateMessage(CamelBaseModel, extra="allow"):
    """The user wants another answer in place of `message_id`."""

    trigger: Literal["regenerate-message"]
    id: str
    messages: list[UIMessage]
    message_id: str


RequestData = Annotated[SubmitMessage | RegenerateMessage, Discriminator("trigger")]
"""The body of a chat request."""
