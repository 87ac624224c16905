"""The steps of a script: one pydantic model for each, the same for Python and YAML.

In YAML a step is a mapping with one key, the step's name. Most have a short form (`text: It is sunny.`), which stands in
the JSON schema beside the long one, so that editors take both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, JsonValue, Tag

from playhead.messages import FinishReason

__all__ = [
    "BuiltinCallBody",
    "BuiltinCallStep",
    "BuiltinReturnBody",
    "BuiltinReturnStep",
    "CallBody",
    "CallStep",
    "CommentStep",
    "DisconnectBody",
    "DisconnectStep",
    "ErrorBody",
    "ErrorStep",
    "FinishStep",
    "InterleaveStep",
    "OutputBody",
    "OutputStep",
    "Piece",
    "RefusalStep",
    "STEPS",
    "Step",
    "Strict",
    "TextBody",
    "TextStep",
    "ThinkingBody",
    "ThinkingStep",
    "UsageBody",
    "UsageStep",
    "WaitStep",
    "as_steps",
    "dump_step",
    "step_name",
]


class Strict(BaseModel):
    """A model that knows all its keys."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False, description="Seconds.")]


class WaitStep(Strict):
    """A pause, in seconds, on the running loop's clock. It may also stand between two pieces of another step."""

    wait: Seconds


def _kind_of_piece(value: Any) -> str:
    return "text" if isinstance(value, str) else "wait"


Piece: TypeAlias = Annotated[
    Annotated[str, Tag("text")] | Annotated[WaitStep, Tag("wait")], Discriminator(_kind_of_piece)
]
"""A piece of something that arrives in pieces: text, or a pause."""


def _short(key: str, *kinds: type[Any]) -> Callable[[Any], Any]:
    """A validator that takes a value of one of `kinds` for a mapping with that one key."""

    def lengthen(value: Any) -> Any:
        if isinstance(value, str) and key == "chunks":
            value = [value]
        return {key: value} if isinstance(value, kinds) else value

    return lengthen


class TextBody(Strict):
    """Text in pieces. It goes on with the text before it, if nothing but pauses lies between, or else is a new part."""

    chunks: Annotated[list[Piece], Field(description="The pieces in which it arrives.")] = []
    new_part: Annotated[bool, Field(description="A part of its own, even straight after another text.")] = False


class ThinkingBody(Strict):
    """Reasoning in pieces; `signature` comes last, as providers send it. Without text it is redacted reasoning."""

    chunks: Annotated[list[Piece], Field(description="The pieces in which it arrives.")] = []
    signature: str | None = None
    id: str | None = None
    provider_name: str | None = None
    new_part: Annotated[bool, Field(description="A part of its own, even straight after other reasoning.")] = False


def _kind_of_args(value: Any) -> str:
    return {str: "json", list: "pieces"}.get(type(value), "object")  # pyright: ignore[reportUnknownArgumentType]


Args: TypeAlias = Annotated[
    Annotated[dict[str, JsonValue], Tag("object")]
    | Annotated[list[Piece], Tag("pieces")]
    | Annotated[str, Tag("json")],
    Discriminator(_kind_of_args),
]


class CallBody(Strict):
    """A call of a function tool. `args` is an object, cut in `chunks` pieces, or a list of pieces of JSON text."""

    name: str
    args: Args | None = None
    chunks: Annotated[int, Field(ge=1)] = 1
    id: str | None = None


class OutputBody(Strict):
    """A structured answer, by value: a call of the agent's output tool, or JSON text where the agent wants that."""

    value: JsonValue
    chunks: Annotated[int, Field(ge=1)] = 1
    tool: str | None = None


class BuiltinCallBody(Strict):
    """A call of a tool that the provider runs itself."""

    name: str
    args: dict[str, JsonValue] | None = None
    id: str | None = None
    provider_name: str | None = None


class BuiltinReturnBody(Strict):
    """What a tool of the provider's returned; without `id` to the call before."""

    name: str
    content: JsonValue = None
    id: str | None = None
    provider_name: str | None = None


class UsageBody(Strict):
    """Counts of tokens from here on; they take the place of those before. In between pieces they are counts per chunk."""

    input_tokens: Annotated[int, Field(ge=0)] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
    cache_read_tokens: Annotated[int, Field(ge=0)] = 0
    cache_write_tokens: Annotated[int, Field(ge=0)] = 0
    details: dict[str, int] = {}


class ErrorBody(Strict):
    """An error of the provider's: an HTTP error as the first step, an error event inside a stream later on."""

    status: Annotated[int, Field(ge=400, le=599)] = 500
    message: str = "The server had an error while processing your request"
    type: str | None = None
    code: str | None = None
    headers: dict[str, str] = {}


class DisconnectBody(Strict):
    """The connection is cut: here, or `after_bytes` bytes of the body that a server sends."""

    after_bytes: Annotated[int, Field(ge=0)] | None = None


class TextStep(Strict):
    """Text, in pieces."""

    text: Annotated[
        TextBody, BeforeValidator(_short("chunks", list), json_schema_input_type=str | list[Piece] | TextBody)
    ]


class ThinkingStep(Strict):
    """Reasoning, in pieces."""

    thinking: Annotated[
        ThinkingBody, BeforeValidator(_short("chunks", list), json_schema_input_type=str | list[Piece] | ThinkingBody)
    ]


class RefusalStep(Strict):
    """The text in which the model declines, in pieces."""

    refusal: Annotated[
        list[Piece],
        BeforeValidator(
            lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | list[Piece]
        ),
    ]


class CallStep(Strict):
    """A call of a function tool."""

    call: CallBody


def _is_output(value: Any) -> Any:
    long = isinstance(value, OutputBody) or (isinstance(value, dict) and "value" in value)
    return value if long else {"value": value}  # pyright: ignore[reportUnknownVariableType]


class OutputStep(Strict):
    """A structured answer, by value. An object that has a key `value` itself needs the long form."""

    output: Annotated[OutputBody, BeforeValidator(_is_output, json_schema_input_type=OutputBody | JsonValue)]


class BuiltinCallStep(Strict):
    """A call of a tool that the provider runs itself."""

    builtin_call: BuiltinCallBody


class BuiltinReturnStep(Strict):
    """What a tool of the provider's returned."""

    builtin_return: BuiltinReturnBody


class InterleaveStep(Strict):
    """Several steps at once: a piece of each in turn."""

    interleave: list[Step]


class UsageStep(Strict):
    """Counts of tokens."""

    usage: UsageBody


class FinishStep(Strict):
    """Why the model stopped; without it, `tool_call` after calls, `content_filter` after a refusal, else `stop`."""

    finish: FinishReason


class CommentStep(Strict):
    """A keep-alive comment between frames; it means nothing."""

    comment: Annotated[
        str,
        BeforeValidator(lambda value: "keep-alive" if value is None else value, json_schema_input_type=str | None),
    ] = "keep-alive"


def _disconnect(value: Any) -> Any:
    if value is None or value is True:
        return {}
    return {"after_bytes": value} if isinstance(value, int) else value


class DisconnectStep(Strict):
    """The connection is cut. `disconnect:` alone means here, a number means after so many bytes of the body."""

    disconnect: Annotated[
        DisconnectBody,
        BeforeValidator(_disconnect, json_schema_input_type=int | Literal[True] | DisconnectBody | None),
    ] = DisconnectBody()


class ErrorStep(Strict):
    """An error of the provider's."""

    error: ErrorBody


STEPS: dict[str, type[Strict]] = {
    "text": TextStep,
    "thinking": ThinkingStep,
    "call": CallStep,
    "output": OutputStep,
    "builtin_call": BuiltinCallStep,
    "builtin_return": BuiltinReturnStep,
    "interleave": InterleaveStep,
    "usage": UsageStep,
    "finish": FinishStep,
    "refusal": RefusalStep,
    "wait": WaitStep,
    "comment": CommentStep,
    "disconnect": DisconnectStep,
    "error": ErrorStep,
}
_NAMES = {kind: name for name, kind in STEPS.items()}


def step_name(value: Any) -> str | None:
    """The name of a step, made or still a mapping; None for what is no step."""
    if isinstance(value, Strict):
        return _NAMES.get(type(value))
    if isinstance(value, dict) and len(value) == 1:  # pyright: ignore[reportUnknownArgumentType]
        return str(next(iter(value)))  # pyright: ignore[reportUnknownArgumentType]
    return None


Step: TypeAlias = Annotated[
    Annotated[TextStep, Tag("text")]
    | Annotated[ThinkingStep, Tag("thinking")]
    | Annotated[CallStep, Tag("call")]
    | Annotated[OutputStep, Tag("output")]
    | Annotated[BuiltinCallStep, Tag("builtin_call")]
    | Annotated[BuiltinReturnStep, Tag("builtin_return")]
    | Annotated[InterleaveStep, Tag("interleave")]
    | Annotated[UsageStep, Tag("usage")]
    | Annotated[FinishStep, Tag("finish")]
    | Annotated[RefusalStep, Tag("refusal")]
    | Annotated[WaitStep, Tag("wait")]
    | Annotated[CommentStep, Tag("comment")]
    | Annotated[DisconnectStep, Tag("disconnect")]
    | Annotated[ErrorStep, Tag("error")],
    Discriminator(step_name),
]
"""One step of a response."""

# At once: a model that is completed when it is first used looks for `Step` among the names of whoever uses it first.
InterleaveStep.model_rebuild()


def as_steps(value: Any) -> Any:
    """The ways to write steps as a list of them; what is none is left for pydantic to complain about."""
    if isinstance(value, (str, Strict, dict)):
        value = [value]
    if isinstance(value, Sequence):
        items = cast("Sequence[Any]", value)
        return [{"text": [item]} if isinstance(item, str) else item for item in items]
    return value


def dump_step(step: Any) -> dict[str, Any]:
    """A step as YAML has it, in its shortest form."""
    name = step_name(step)
    assert name is not None
    if isinstance(step, InterleaveStep):
        return {name: [dump_step(inner) for inner in step.interleave]}
    body = getattr(step, name)
    if not isinstance(body, BaseModel):
        return step.model_dump(mode="json")
    dumped = body.model_dump(mode="json", exclude_defaults=True)
    if isinstance(step, OutputStep):
        dumped = {"value": body.value, **dumped} if isinstance(body, OutputBody) else dumped
        short = len(dumped) == 1 and not (isinstance(dumped["value"], dict) and "value" in dumped["value"])
        return {name: dumped["value"] if short else dumped}
    if isinstance(step, (TextStep, ThinkingStep)) and list(dumped) in ([], ["chunks"]):
        return {name: dumped.get("chunks", [])}
    return {name: dumped}
