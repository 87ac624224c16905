"""What a request tells the model about tools, outputs and settings."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from playhead.builtin_tools import AbstractBuiltinTool
from playhead.function_signature import FunctionSignature
from playhead.messages._base import JsonObject, Shown
from playhead.messages._parts import InstructionPart

if TYPE_CHECKING:
    from httpx import Timeout

ObjectJsonSchema: TypeAlias = JsonObject
"""A JSON schema (draft 2020-12) of an object."""
ToolKind: TypeAlias = Literal["function", "output", "external", "unapproved"]
OutputMode: TypeAlias = Literal["text", "tool", "native", "prompted", "tool_or_text", "image", "auto"]
StructuredOutputMode: TypeAlias = Literal["tool", "native", "prompted"]
"""How a model is asked for a structured answer: by a tool, by the provider's own JSON mode, or in words."""
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

    @property
    def function_signature(self) -> FunctionSignature:
        """The tool as a Python function, without its description (see `playhead.function_signature`)."""
        return FunctionSignature.from_schema(
            name=self.name, parameters_schema=self.parameters_json_schema, return_schema=self.return_schema
        )

    def render_signature(self, body: str, **options: Any) -> str:
        """The tool written as a Python function with `body`. `options` are those of `FunctionSignature.render`."""
        return self.function_signature.render(body, name=self.name, description=self.description, **options)


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

    @property
    def prompted_output_instructions(self) -> str | None:
        """What the model is told of the output's form, where it is asked for it in words."""
        if not self.prompted_output_template or self.output_object is None:
            return None
        return output_instructions(self.prompted_output_template, self.output_object)

    def with_default_output_mode(self, output_mode: StructuredOutputMode) -> ModelRequestParameters:
        """With `output_mode` where the mode is still open (`auto`): `tool` takes no text, the other two need it."""
        decided: dict[str, Any] = {
            "output_mode": output_mode,
            "allow_text_output": output_mode in ("native", "prompted"),
        }
        return replace(self, **decided) if self.output_mode == "auto" else self


def output_instructions(template: str, output: OutputObjectDefinition) -> str:
    """`template` with the output's schema, its name and its description, in place of `{schema}`, or at its end.

    Braces are doubled to stand for themselves, as in `str.format`; a template in which they are not is taken as it is.
    """
    about = {"title": output.name, "description": output.description}
    schema = json.dumps({**output.json_schema, **{key: text for key, text in about.items() if text}})
    if "{schema}" not in template:
        return f"{template}\n\n{schema}"
    try:
        return template.format(schema=schema)
    except (KeyError, IndexError, ValueError):  # an example of JSON in it, most likely
        return template.replace("{schema}", schema)


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
