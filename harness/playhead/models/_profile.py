"""What a model can do, as far as a request has to know it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Literal, Self, TypeAlias

from playhead.exceptions import UserError
from playhead.messages import InstructionPart, ModelRequestParameters, ToolDefinition, output_instructions
from playhead.models._transform import JsonSchemaTransformer

__all__ = [
    "DEFAULT_PROFILE",
    "DEFAULT_PROMPTED_OUTPUT_TEMPLATE",
    "ModelProfile",
    "ModelProfileSpec",
    "prepare_parameters",
    "transformed",
]

DEFAULT_PROMPTED_OUTPUT_TEMPLATE = (
    "\nAlways respond with a JSON object that's compatible with this schema:\n\n{schema}\n\n"
    "Don't include any text or Markdown fencing before or after.\n"
)
"""How a model is asked in words for JSON; `{schema}` stands for the schema. Part of the API: transcripts show it."""


def _no_tools() -> frozenset[type[Any]]:
    return frozenset()


@dataclass(kw_only=True)
class ModelProfile:
    """What a model supports, and how it wants to be asked."""

    supports_tools: bool = True
    supports_tool_return_schema: bool = False
    supports_json_schema_output: bool = False
    supports_json_object_output: bool = False
    supports_image_output: bool = False
    default_structured_output_mode: Literal["tool", "native", "prompted"] = "tool"
    prompted_output_template: str = DEFAULT_PROMPTED_OUTPUT_TEMPLATE
    native_output_requires_schema_in_instructions: bool = False
    json_schema_transformer: type[JsonSchemaTransformer] | None = None
    supports_thinking: bool = False
    thinking_always_enabled: bool = False
    thinking_tags: tuple[str, str] = ("<think>", "</think>")
    ignore_streamed_leading_whitespace: bool = False
    supported_builtin_tools: frozenset[type[Any]] = field(default_factory=_no_tools)

    @classmethod
    def from_profile(cls, profile: ModelProfile | None) -> Self:
        """`profile` as one of this class."""
        if isinstance(profile, cls):
            return profile
        return cls().update(profile)

    def update(self, profile: ModelProfile | None) -> Self:
        """This profile with what `profile` sets beside its defaults."""
        if profile is None:
            return self
        known = {item.name for item in fields(self)}
        changed = {
            item.name: getattr(profile, item.name)
            for item in fields(profile)
            if item.name in known and getattr(profile, item.name) != _default_of(item)
        }
        return replace(self, **changed)


ModelProfileSpec: TypeAlias = ModelProfile | Callable[[str], ModelProfile | None]
"""A profile, or a function from a model's name to one."""

DEFAULT_PROFILE = ModelProfile()


def prepare_parameters(parameters: ModelRequestParameters, profile: ModelProfile) -> ModelRequestParameters:
    """`parameters` with what the agent left to the model, decided. `UserError` for what the model does not support."""
    if parameters.output_mode == "auto":
        mode = profile.default_structured_output_mode
        parameters = replace(
            parameters,
            output_mode=mode,
            allow_text_output=mode in ("native", "prompted"),
            output_tools=parameters.output_tools if mode == "tool" else [],
            output_object=None if mode == "tool" else parameters.output_object,
        )
    mode = parameters.output_mode
    if mode == "native" and not profile.supports_json_schema_output:
        raise UserError("This model gives no output by a JSON schema of its own. Use `ToolOutput` or `PromptedOutput`.")
    if mode == "tool" and not profile.supports_tools:
        raise UserError(
            "This model calls no tools, so none can give the output. Use `NativeOutput` or `PromptedOutput`."
        )
    if parameters.allow_image_output and not profile.supports_image_output:
        raise UserError("This model makes no images, so an image cannot be the output.")
    template = parameters.prompted_output_template
    if template is None and (
        mode == "prompted" or (mode == "native" and profile.native_output_requires_schema_in_instructions)
    ):
        template = profile.prompted_output_template
    if template and parameters.output_object is not None:
        asked = InstructionPart(output_instructions(template, parameters.output_object))
        known = parameters.instruction_parts or []
        # The runtime and a model may both prepare a request; the second time changes nothing.
        parts = known if asked in known else InstructionPart.sorted([*known, asked])
        parameters = replace(parameters, prompted_output_template=template, instruction_parts=parts)
    return parameters


def transformed(parameters: ModelRequestParameters, profile: ModelProfile) -> ModelRequestParameters:
    """`parameters` with the schemas that go to the model as the profile's transformer makes them."""
    transformer = profile.json_schema_transformer
    if transformer is None:
        return parameters

    def tool(given: ToolDefinition) -> ToolDefinition:
        schema, strict = _walked(transformer, given.parameters_json_schema, given.strict)
        return replace(given, parameters_json_schema=schema, strict=strict)

    output = parameters.output_object
    if output is not None:
        schema, strict = _walked(transformer, output.json_schema, output.strict)
        output = replace(output, json_schema=schema, strict=strict)
    return replace(
        parameters,
        function_tools=[tool(given) for given in parameters.function_tools],
        output_tools=[tool(given) for given in parameters.output_tools],
        output_object=output,
    )


def _walked(
    transformer: type[JsonSchemaTransformer], schema: dict[str, Any], strict: bool | None
) -> tuple[dict[str, Any], bool]:
    """The changed schema, and whether it is strict: as it was said, else as it can be."""
    walker = transformer(schema, strict=strict)
    return walker.walk(), walker.is_strict_compatible if strict is None else strict


def _default_of(item: Any) -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default
