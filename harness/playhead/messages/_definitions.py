"""What a request tells the model about tools, outputs and settings."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from playhead.builtin_tools import AbstractBuiltinTool
from playhead.messages._base import JsonObject, Shown
from playhead.messages._parts import InstructionPart

if TYPE_CHECKING:
    from httpx import Timeout

ObjectJsonSchema: TypeAlias = JsonObject
"""A JSON schema (draft 2020-12) of an object."""
ToolKind: TypeAlias = Literal["function", "output", "external", "unapproved"]
OutputMode: TypeAlias = Literal["text", "tool", "native", "prompted", "tool_or_text", "image", "auto"]
ThinkingEffort: TypeAlias = Literal["minimal", "low", "medium", "high", "xhigh"]
ThinkingLevel: TypeAlias = bool | ThinkingEffort


def _no_parameters() -> ObjectJsonSchema:
    return {"type": "object", "properties": {}}


def _no_tools() -> list[ToolDefinition]:
    return []


def _no_builtin_tools() -> list[AbstractBuiltinTool]:
    return []


@dataclass(repr=False, kw_only=True, slots=True)
class ToolDefinition(Shown):
    """A tool as the model is shown it."""

    name: str
    parameters_json_schema: ObjectJsonSchema = field(default_factory=_no_parameters)
    description: str | None = None
    outer_typed_dict_key: str | None = None
    strict: bool | None = None
    sequential: bool = False
    kind: ToolKind = "function"
    metadata: dict[str, Any] | None = None
    timeout: float | None = None
    defer_loading: bool = False
    prefer_builtin: str | None = None
    return_schema: ObjectJsonSchema | None = None
    include_return_schema: bool | None = None

    @property
    def defer(self) -> bool:
        """Whether somebody else runs the call, or has to approve it first."""
        return self.kind in ("external", "unapproved")


@dataclass(slots=True)
class OutputObjectDefinition:
    """The structured output that a model is asked for without a tool."""

    json_schema: ObjectJsonSchema
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


@dataclass(repr=False, slots=True)
class ModelRequestParameters(Shown):
    """What a request may use: tools, and the form of the output."""

    _: KW_ONLY
    function_tools: list[ToolDefinition] = field(default_factory=_no_tools)
    builtin_tools: list[AbstractBuiltinTool] = field(default_factory=_no_builtin_tools)
    output_mode: OutputMode = "text"
    output_object: OutputObjectDefinition | None = None
    output_tools: list[ToolDefinition] = field(default_factory=_no_tools)
    prompted_output_template: str | Literal[False] | None = None
    allow_text_output: bool = True
    allow_image_output: bool = False
    instruction_parts: list[InstructionPart] | None = None
    thinking: ThinkingLevel | None = None

    @property
    def tool_defs(self) -> dict[str, ToolDefinition]:
        """All tools by name, function tools first."""
        return {tool.name: tool for tool in [*self.function_tools, *self.output_tools]}


class ModelSettings(TypedDict, total=False):
    """Settings of a request that providers share. `timeout` is in seconds.

    A provider's own settings have its name before theirs (`openai_reasoning_effort`, `anthropic_thinking`, ...).
    """

    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    timeout: float | Timeout
    parallel_tool_calls: bool
    tool_choice: Any
    seed: int
    presence_penalty: float
    frequency_penalty: float
    logit_bias: dict[str, int]
    stop_sequences: list[str]
    extra_headers: dict[str, str]
    thinking: ThinkingLevel
    extra_body: object


def merge_model_settings(base: ModelSettings | None, overrides: ModelSettings | None) -> ModelSettings | None:
    """`base` with what `overrides` sets."""
    if base and overrides:
        return base | overrides
    return base or overrides
