"""From `output_type=` to what a request asks for, and from what the model sent to the output.

How the runtime uses it:

    schema = OutputSchema.build(output_type)     # once per agent, or per run; UserError for a bad `output_type`
    schema.toolset                               # the output tools, for the ToolManager beside all others; or None
    schema.instructions(template)                # for prompted output: what goes into the instructions
    await schema.process_text(text, ctx)         # text as output; ToolRetryError asks the model again
    PartialOutput(schema, ...)                   # what `stream_output` yields while a reply arrives

Output tools run through the `ToolManager` like all tools (their `kind` is "output"): `call_tool` unwraps, calls an
output function, then the validators of `toolset.output_validators`. For text, the validators are the runtime's to call.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypedDict, Union, cast, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType, TypeVar

from playhead.context import RunContext
from playhead.exceptions import ToolRetryError, UserError
from playhead.messages import (
    BinaryImage,
    DeferredToolRequests,
    OutputMode,
    OutputObjectDefinition,
    RetryPromptPart,
    ToolDefinition,
    output_instructions,
)
from playhead.output._markers import NativeOutput, OutputSpec, PromptedOutput, TextOutput, ToolOutput
from playhead.output._processors import ObjectProcessor, OutputProcessor, TextProcessor, UnionProcessor
from playhead.output._toolset import OutputToolset

OutputT = TypeVar("OutputT", default=Any)


@dataclass
class OutputSchema(Generic[OutputT]):
    """What a run may return, and how the model is asked for it."""

    mode: OutputMode
    """`text`, `tool`, `native`, `prompted`, `image`; or `auto`: a plain structured type, for which the model's profile
    chooses one of tool (the default), native and prompted. Under `auto` with tools a JSON text is accepted too, but the
    request does not allow text, and text makes no `FinalResultEvent`."""
    text_processor: OutputProcessor | None = None
    """Makes an output from text: the text itself, what a function makes of it, or the JSON of an object."""
    toolset: OutputToolset[Any] | None = None
    """The output tools."""
    object_def: OutputObjectDefinition | None = None
    """The object that native and prompted output ask for."""
    template: str | Literal[False] | None = None
    """How prompted output asks; None takes the model's, False is not at all."""
    allows_none: bool = False
    """Whether an empty response is the output None."""
    allows_deferred_tools: bool = False
    """Whether the run may end with `DeferredToolRequests`."""
    allows_image: bool = False
    """Whether a picture is an output."""

    @classmethod
    def build(
        cls,
        output_type: OutputSpec[OutputT],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
    ) -> OutputSchema[OutputT]:
        """Read `output_type=`. `name`, `description` and `strict` are for output tools that do not say.

        Raises `UserError` for what cannot be asked of a model, and pydantic's errors for types without a schema.
        """
        return _build(output_type, name, description, strict)

    @property
    def allows_text(self) -> bool:
        """Whether text can be processed at all (see `mode` for `auto`)."""
        return self.text_processor is not None

    @property
    def text_only(self) -> bool:
        """Whether text, or what a function makes of it, is the only output, so that `stream_text` makes sense."""
        return self.mode == "text"

    @property
    def tool_defs(self) -> list[ToolDefinition]:
        """The output tools as the model is shown them."""
        return [] if self.toolset is None else list(self.toolset.tool_defs)

    async def process_text(
        self,
        text: str,
        run_context: RunContext[Any],
        *,
        allow_partial: bool = False,
        wrap_validation_errors: bool = True,
    ) -> OutputT:
        """The output that `text` stands for. Validators are not called.

        Raises `ToolRetryError` with the prompt for the model, or without `wrap_validation_errors` the `ValidationError`
        or `ModelRetry` itself. `allow_partial` is for text that is still arriving. Where text is no output: a prompt.
        """
        if self.text_processor is None:
            raise ToolRetryError(RetryPromptPart("Please include your response in a tool call."))
        return await self.text_processor.process(
            text, run_context, allow_partial=allow_partial, wrap_validation_errors=wrap_validation_errors
        )

    def instructions(self, template: str) -> str | None:
        """What tells the model of the schema: `self.template`, or else `template`, with the schema in place of `{schema}`.

        None where there is no schema to tell of, or `self.template` is False.
        """
        if self.object_def is None or self.template is False:
            return None
        return output_instructions(self.template or template, self.object_def)


class _Allowed(TypedDict):
    allows_none: bool
    allows_deferred_tools: bool
    allows_image: bool


def _build(output_type: Any, name: str | None, description: str | None, strict: bool | None) -> OutputSchema[Any]:
    outputs = _flatten(output_type)
    if not outputs:
        raise UserError("An empty list is no output type: name at least one.")
    allowed: _Allowed = {"allows_none": False, "allows_deferred_tools": False, "allows_image": False}
    for flag, marker, title in _FLAGS:
        rest = [output for output in outputs if output is not marker]
        allowed[flag] = len(rest) < len(outputs)
        if allowed[flag] and not rest and flag != "allows_image":
            raise UserError(f"`{title}` alone leaves the model nothing to answer: name another output type beside it.")
        # Beside other types None is also a tool, the last one.
        outputs = [*rest, _NONE] if flag == "allows_none" and allowed[flag] and not _only_text(rest) else rest
    if not outputs:
        return OutputSchema("image", **allowed)

    for output in outputs:
        if isinstance(output, (NativeOutput, PromptedOutput)):
            marker = cast("NativeOutput[Any] | PromptedOutput[Any]", output)
            if len([item for item in outputs if item is not _NONE]) > 1:
                raise UserError(
                    f"`{type(marker).__name__}` stands alone: put all types into it, `{type(marker).__name__}([...])`."
                )
            return _build_text_object(marker, allowed)

    texts: list[Any] = [output for output in outputs if output is str or isinstance(output, TextOutput)]
    if len(texts) > 1:
        raise UserError("There are two ways to take text (`str`, `TextOutput`) among the output types: leave one.")
    others = [output for output in outputs if not (output is str or isinstance(output, TextOutput))]
    text = None if not texts else TextProcessor() if texts[0] is str else TextProcessor.of(texts[0])
    if not others:
        return OutputSchema("text", text, **allowed)
    toolset = OutputToolset[Any].build(others, name=name, description=description, strict=strict)
    if text is not None or any(isinstance(output, ToolOutput) for output in others):
        return OutputSchema("tool", text, toolset, **allowed)
    processor = _object_processor(others, name, description, strict)
    return OutputSchema("auto", processor, toolset, processor.object_def, **allowed)


_NONE = type(None)

_FLAGS: list[tuple[Literal["allows_none", "allows_deferred_tools", "allows_image"], Any, str]] = [
    ("allows_none", _NONE, "None"),
    ("allows_deferred_tools", DeferredToolRequests, "DeferredToolRequests"),
    ("allows_image", BinaryImage, "BinaryImage"),
]


def _only_text(outputs: list[Any]) -> bool:
    return all(
        output is str or output in (DeferredToolRequests, BinaryImage) or isinstance(output, TextOutput)
        for output in outputs
    )


def _build_text_object(marker: NativeOutput[Any] | PromptedOutput[Any], allowed: _Allowed) -> OutputSchema[Any]:
    kind: Literal["native", "prompted"] = "native" if isinstance(marker, NativeOutput) else "prompted"
    title = type(marker).__name__
    outputs = _flatten(marker.outputs)
    for forbidden in (DeferredToolRequests, BinaryImage):
        if forbidden in outputs:
            raise UserError(
                f"`{forbidden.__name__}` stands beside `{title}`, not inside of it: "
                f"`output_type=[{title}(...), {forbidden.__name__}]`"
            )
    for output in outputs:
        if isinstance(output, (NativeOutput, PromptedOutput, ToolOutput, TextOutput)):
            inner = type(cast(Any, output)).__name__
            raise UserError(f"`{title}` cannot contain `{inner}`: give it plain types or output functions.")
    strict = marker.strict if isinstance(marker, NativeOutput) else None
    processor = _object_processor(outputs, marker.name, marker.description, strict)
    return OutputSchema(kind, processor, object_def=processor.object_def, template=marker.template, **allowed)


def _object_processor(
    outputs: Sequence[Any], name: str | None, description: str | None, strict: bool | None
) -> ObjectProcessor | UnionProcessor:
    if len(outputs) == 1:
        return ObjectProcessor(outputs[0], name=name, description=description, strict=strict)
    return UnionProcessor(outputs, name=name, description=description, strict=strict)


def _flatten(spec: Any) -> list[Any]:
    """All members of sequences and unions, in order; `None` as its type. `UserError` for values in place of types."""
    if isinstance(spec, _VALUES):
        hint = " Make a type of a JSON schema by `StructuredDict(schema)`." if isinstance(spec, Mapping) else ""
        raise UserError(f"`output_type` takes types, not values: {spec!r}.{hint}")
    if isinstance(spec, (list, tuple, set, frozenset)) or (isinstance(spec, Sequence) and not isinstance(spec, str)):
        return [member for item in cast("Sequence[Any]", spec) for member in _flatten(item)]
    if spec is None:
        return [_NONE]
    if isinstance(spec, str):
        raise UserError(f"`output_type` takes types, not their names: {spec!r}. Use `str` for text output.")
    # A union counts as its members, also behind a name or an annotation; what is said of the whole is lost then.
    plain = spec
    while isinstance(plain, TypeAliasType) or type(plain).__name__ == "TypeAliasType" or get_origin(plain) is Annotated:
        plain = get_args(plain)[0] if get_origin(plain) is Annotated else plain.__value__
    if get_origin(plain) in (Union, types.UnionType):
        return [_unannotated(item) for item in get_args(plain)]
    return [spec]


_VALUES = (int, float, bytes, bytearray, Mapping, BaseModel, types.EllipsisType)


def _unannotated(type_: Any) -> Any:
    return get_args(type_)[0] if get_origin(type_) is Annotated else type_
