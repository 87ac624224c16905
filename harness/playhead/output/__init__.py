"""Outputs: what a run may return, and how that is made from what a model sent.

Comes in: `output_type=`, and a model's text or call. Goes out: output tools and JSON schemas for a request; a validated
output, or the prompt that asks the model again; partial outputs while a reply arrives.
"""

from playhead.messages import OutputMode, OutputObjectDefinition, StructuredOutputMode
from playhead.output._markers import (
    NativeOutput,
    OutputDataT,
    OutputSpec,
    OutputTypeOrFunction,
    PromptedOutput,
    StructuredDict,
    TextOutput,
    TextOutputFunc,
    ToolOutput,
)
from playhead.output._partial import NOTHING, WHOLE, PartialOutput
from playhead.output._processors import ObjectProcessor, OutputProcessor, TextProcessor, UnionProcessor
from playhead.output._schema import OutputSchema
from playhead.output._toolset import OutputToolset
from playhead.output._validators import OutputValidator, OutputValidatorFunc

__all__ = [
    "NOTHING",
    "NativeOutput",
    "ObjectProcessor",
    "OutputDataT",
    "OutputMode",
    "OutputObjectDefinition",
    "OutputProcessor",
    "OutputSchema",
    "OutputSpec",
    "OutputToolset",
    "OutputTypeOrFunction",
    "OutputValidator",
    "OutputValidatorFunc",
    "PartialOutput",
    "PromptedOutput",
    "StructuredDict",
    "StructuredOutputMode",
    "TextOutput",
    "TextOutputFunc",
    "TextProcessor",
    "ToolOutput",
    "UnionProcessor",
    "WHOLE",
]
