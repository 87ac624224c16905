"""Messages, and the adapter that reads and writes lists of them as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import pydantic
from typing_extensions import deprecated

from playhead.exceptions import UserError
from playhead.messages._base import JsonObject, Shown, now_utc
from playhead.messages._content import BinaryContent, BinaryImage
from playhead.messages._parts import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    ModelRequestPart,
    ModelResponsePart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.usage import RequestUsage

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

FinishReason: TypeAlias = Literal["stop", "length", "content_filter", "tool_call", "error"]
"""Why the model stopped, in words that all providers share."""


@dataclass(repr=False, slots=True)
class ModelRequest(Shown):
    """What is sent to the model in one turn."""

    parts: Sequence[ModelRequestPart]
    _: KW_ONLY
    timestamp: datetime | None = None
    instructions: str | None = None
    kind: Literal["request"] = "request"
    run_id: str | None = None
    metadata: JsonObject | None = None

    @classmethod
    def user_text_prompt(cls, user_prompt: str, *, instructions: str | None = None) -> ModelRequest:
        """A request with a text of the user's and nothing else."""
        from playhead.messages._parts import UserPromptPart

        return cls(parts=[UserPromptPart(user_prompt)], instructions=instructions)


@dataclass(repr=False, slots=True)
class ModelResponse(Shown):
    """What the model answered in one turn."""

    parts: Sequence[ModelResponsePart]
    _: KW_ONLY
    usage: RequestUsage = field(default_factory=RequestUsage)
    model_name: str | None = None
    timestamp: datetime = field(default_factory=now_utc)
    kind: Literal["response"] = "response"
    provider_name: str | None = None
    provider_url: str | None = None
    provider_details: Annotated[
        JsonObject | None,
        pydantic.Field(validation_alias=pydantic.AliasChoices("provider_details", "vendor_details")),
    ] = None
    provider_response_id: Annotated[
        str | None, pydantic.Field(validation_alias=pydantic.AliasChoices("provider_response_id", "vendor_id"))
    ] = None
    finish_reason: FinishReason | None = None
    run_id: str | None = None
    metadata: JsonObject | None = None

    @property
    def text(self) -> str | None:
        """All text, an empty line between what a call of a native tool keeps apart; None if there is none."""
        texts: list[str] = []
        adjacent = False
        for part in self.parts:
            if isinstance(part, TextPart):
                if adjacent:
                    texts[-1] += part.content
                else:
                    texts.append(part.content)
                adjacent = True
            else:
                adjacent = False
        return "\n\n".join(texts) if texts else None

    @property
    def thinking(self) -> str | None:
        """All reasoning, an empty line between parts; None if there is none."""
        found = [part.content for part in self.parts if isinstance(part, ThinkingPart)]
        return "\n\n".join(found) if found else None

    @property
    def files(self) -> list[BinaryContent]:
        """The files the model made."""
        return [part.content for part in self.parts if isinstance(part, FilePart)]

    @property
    def images(self) -> list[BinaryImage]:
        """The pictures the model made."""
        return [content for content in self.files if isinstance(content, BinaryImage)]

    @property
    def tool_calls(self) -> list[ToolCallPart]:
        """The calls the runtime has to handle."""
        return [part for part in self.parts if isinstance(part, ToolCallPart)]

    @property
    def builtin_tool_calls(self) -> list[tuple[BuiltinToolCallPart, BuiltinToolReturnPart]]:
        """Calls of native tools with their returns, where both are there."""
        calls = {part.tool_call_id: part for part in self.parts if isinstance(part, BuiltinToolCallPart)}
        return [
            (calls[part.tool_call_id], part)
            for part in self.parts
            if isinstance(part, BuiltinToolReturnPart) and part.tool_call_id in calls
        ]

    def cost(self) -> PriceCalculation:
        """What the reply cost by the provider's list, with `genai-prices` (the extra `prices`).

        `total_price`, `input_price` and `output_price` are in US dollars. `UserError` without the package or without the
        model's name, `LookupError` for a provider or a model that it does not know.
        """
        try:
            from genai_prices import calc_price
        except ImportError as error:
            raise UserError("cost() needs the prices. Install them: pip install 'playhead[prices]'") from error
        if not self.model_name:
            raise UserError("Nobody knows what this reply cost: it does not say which model made it (`model_name`)")
        about: dict[str, Any] = {"model_ref": self.model_name, "genai_request_timestamp": self.timestamp}
        if self.provider_url:
            try:
                return calc_price(self.usage, provider_api_url=self.provider_url, **about)
            except LookupError:  # a server of one's own, a proxy
                pass
        return calc_price(self.usage, provider_id=self.provider_name, **about)

    @deprecated("`price` is deprecated: its name is `cost` now")
    def price(self) -> PriceCalculation:
        """The older name of `cost`."""
        return self.cost()

    @property
    @deprecated("`vendor_details` is deprecated: its name is `provider_details` now")
    def vendor_details(self) -> JsonObject | None:
        """The older name of `provider_details`."""
        return self.provider_details

    @property
    @deprecated("`vendor_id` is deprecated: its name is `provider_response_id` now")
    def vendor_id(self) -> str | None:
        """The older name of `provider_response_id`."""
        return self.provider_response_id

    @property
    @deprecated("`provider_request_id` is deprecated: its name is `provider_response_id` now")
    def provider_request_id(self) -> str | None:
        """The older name of `provider_response_id`."""
        return self.provider_response_id


ModelMessage: TypeAlias = Annotated[ModelRequest | ModelResponse, pydantic.Discriminator("kind")]

ModelMessagesTypeAdapter: pydantic.TypeAdapter[list[ModelMessage]] = pydantic.TypeAdapter(
    list[ModelMessage],
    config=pydantic.ConfigDict(defer_build=True, ser_json_bytes="base64", val_json_bytes="base64"),
)
"""Reads and writes lists of messages as JSON, in the reference's form."""
