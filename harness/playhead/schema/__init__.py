"""Types and functions as JSON schemas, and validators for what a model sends.

Comes in: a function, its docstring, or a type. Goes out: the JSON schema a model is shown, and a pydantic validator.
"""

from playhead.schema._docstring import DocstringFormat, read_docstring
from playhead.schema._function import (
    FunctionSchema,
    SingleArgument,
    function_schema,
    is_async_callable,
    is_model_like,
    is_run_context,
    takes_run_context,
)
from playhead.schema._json import GenerateToolJsonSchema, check_object_json_schema, inline_definitions
from playhead.schema._partial import PartialValidator, Shape, shape_of
from playhead.schema._threads import SideBySide, run_in_thread, threads_in_turn

__all__ = [
    "DocstringFormat",
    "FunctionSchema",
    "GenerateToolJsonSchema",
    "PartialValidator",
    "Shape",
    "SideBySide",
    "SingleArgument",
    "check_object_json_schema",
    "function_schema",
    "inline_definitions",
    "is_async_callable",
    "is_model_like",
    "is_run_context",
    "read_docstring",
    "run_in_thread",
    "shape_of",
    "takes_run_context",
    "threads_in_turn",
]
