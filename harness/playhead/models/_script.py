"""The format of scripts: what a fake model answers, cut by cut. One pydantic schema for Python and YAML.

A script is a list of responses; a response is a string, a step, a list of steps, or a mapping with `steps` and `when`.
In YAML a step is a mapping with one key, the step's name:

    responses:
      - It is sunny.
      - [{thinking: {chunks: [Let me look.], signature: abc}}, {call: {name: get_weather, args: {city: Paris}, chunks: 3}}]
      - {when: {tool: get_weather}, steps: [{text: [It is, " sunny."]}, {usage: {input_tokens: 20, output_tokens: 4}}]}

In Python the same steps are functions (`text("It is", " sunny")`), whose names are those of the keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from playhead.messages import FinishReason

__all__ = [
    "Condition",
    "Response",
    "ResponseLike",
    "Script",
    "Step",
    "as_response",
    "builtin_call",
    "builtin_return",
    "call",
    "comment",
    "disconnect",
    "error",
    "finish",
    "interleave",
    "output",
    "refusal",
    "response",
    "text",
    "thinking",
    "usage",
    "wait",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Chunks = Annotated[list[str], Field(description="The pieces in which it arrives; one string is one piece.")]


class _Chunks(_Strict):
    chunks: Chunks = []

    @field_validator("chunks", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        return _one_or_many(value)


class ThinkingBody(_Chunks):
    """Reasoning in pieces; `signature` comes last, as providers send it."""

    signature: str | None = None


class CallBody(_Strict):
    """A call of a function tool. `args` is an object, cut in `chunks` pieces, or a list of pieces of JSON text."""

    name: str
    args: dict[str, JsonValue] | list[str] | str | None = None
    chunks: Annotated[int, Field(ge=1)] = 1
    id: str | None = None


class OutputBody(_Strict):
    """A structured answer, by value: a call of the agent's output tool, or JSON text where the agent wants that."""

    value: JsonValue
    chunks: Annotated[int, Field(ge=1)] = 1
    tool: str | None = None


class BuiltinCallBody(_Strict):
    """A call of a tool that the provider runs itself."""

    name: str
    args: dict[str, JsonValue] | None = None
    id: str | None = None


class BuiltinReturnBody(_Strict):
    """What a tool of the provider's returned; without `id` to the call before."""

    name: str
    content: JsonValue = None
    id: str | None = None


class UsageBody(_Strict):
    """Counts of tokens from here on; they take the place of those before."""

    input_tokens: Annotated[int, Field(ge=0)] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
    cache_read_tokens: Annotated[int, Field(ge=0)] = 0
    cache_write_tokens: Annotated[int, Field(ge=0)] = 0
    details: dict[str, int] = {}


class ErrorBody(_Strict):
    """An error of the provider's: an HTTP error as the first step, an error event inside a stream later on."""

    status: Annotated[int, Field(ge=400, le=599)] = 500
    message: str = "The server had an error while processing your request"
    type: str | None = None
    code: str | None = None
    headers: dict[str, str] = {}


class DisconnectBody(_Strict):
    """The connection is cut: here, or `after_bytes` bytes of the body that a server sends."""

    after_bytes: Annotated[int, Field(ge=0)] | None = None


class TextStep(_Strict):
    """Text, in pieces."""

    text: Chunks
    _one = field_validator("text", mode="before")(_one_or_many)


class ThinkingStep(_Strict):
    """Reasoning, in pieces."""

    thinking: ThinkingBody

    @field_validator("thinking", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"chunks": value} if isinstance(value, (str, list)) else value  # pyright: ignore[reportUnknownVariableType]


class RefusalStep(_Strict):
    """The text in which the model declines, in pieces."""

    refusal: Chunks
    _one = field_validator("refusal", mode="before")(_one_or_many)


class CallStep(_Strict):
    """A call of a function tool."""

    call: CallBody


class OutputStep(_Strict):
    """A structured answer, by value."""

    output: OutputBody

    @field_validator("output", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        long = isinstance(value, OutputBody) or (isinstance(value, dict) and "value" in value)
        return value if long else {"value": value}  # pyright: ignore[reportUnknownVariableType]


class BuiltinCallStep(_Strict):
    """A call of a tool that the provider runs itself."""

    builtin_call: BuiltinCallBody


class BuiltinReturnStep(_Strict):
    """What a tool of the provider's returned."""

    builtin_return: BuiltinReturnBody


class InterleaveStep(_Strict):
    """Several steps at once: a piece of each in turn."""

    interleave: list[Step]


class UsageStep(_Strict):
    """Counts of tokens."""

    usage: UsageBody


class FinishStep(_Strict):
    """Why the model stopped; without it, `tool_call` after calls, `content_filter` after a refusal, else `stop`."""

    finish: FinishReason


class WaitStep(_Strict):
    """A pause, in seconds, on the running loop's clock."""

    wait: Annotated[float, Field(ge=0)]


class CommentStep(_Strict):
    """A keep-alive comment between frames; it means nothing."""

    comment: str = "keep-alive"


class DisconnectStep(_Strict):
    """The connection is cut."""

    disconnect: DisconnectBody = DisconnectBody()

    @field_validator("disconnect", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if value is None or value is True:
            return {}
        return {"after_bytes": value} if isinstance(value, int) else value


class ErrorStep(_Strict):
    """An error of the provider's."""

    error: ErrorBody


_STEPS: dict[str, type[_Strict]] = {
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


def _step_name(value: Any) -> str | None:
    if isinstance(value, _Strict):
        return next((name for name, kind in _STEPS.items() if isinstance(value, kind)), None)
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
    Discriminator(_step_name),
]
"""One step of a response."""

Predicate: TypeAlias = Callable[[Any], bool]


class Condition(_Strict):
    """Which request a response is for: regular expressions, searched for, all of which must be found.

    `last` looks at the text of the last message, `user` at the latest prompt, `system` at system prompts and
    instructions; `tool` is the exact name of the tool whose result came last, `result` looks at that result.
    """

    last: str | None = None
    user: str | None = None
    system: str | None = None
    tool: str | None = None
    result: str | None = None

    @field_validator("last", "user", "system", "result")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
        return value


def _kind_of_condition(value: Any) -> str:
    return "predicate" if callable(value) else "condition"


class Response(_Strict):
    """What the model answers to one request (`times` of them), or to the requests that `when` fits."""

    steps: list[Step] = []
    when: (
        Annotated[
            Annotated[Condition, Tag("condition")] | Annotated[SkipJsonSchema[Predicate], Tag("predicate")],
            Discriminator(_kind_of_condition),
        ]
        | None
    ) = None
    times: Annotated[int, Field(ge=1)] | Literal["any"] = 1

    @field_validator("when", mode="before")
    @classmethod
    def _pattern(cls, value: Any) -> Any:
        return {"last": value} if isinstance(value, str) else value

    @field_validator("steps", mode="before")
    @classmethod
    def _strings(cls, value: Any) -> Any:
        return _as_steps(value)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and ("steps" in value or "when" in value):
            return value  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, Response):
            return value
        return {"steps": _as_steps(value)}

    @model_serializer(mode="plain")
    def _dump(self) -> Any:
        steps = [_dump_step(step) for step in self.steps]
        if self.when is None and self.times == 1:
            only = steps[0] if len(steps) == 1 else None
            return only["text"][0] if only and list(only) == ["text"] and len(only["text"]) == 1 else steps
        found: dict[str, Any] = {}
        if isinstance(self.when, Condition):
            found["when"] = self.when.model_dump(exclude_none=True)
        elif self.when is not None:
            raise ValueError("a response that a Python function chooses cannot be written as YAML")
        if self.times != 1:
            found["times"] = self.times
        return {**found, "steps": steps}


class Script(_Strict):
    """Responses in order. Reading one from a file: `playhead.script.load_script`."""

    responses: list[Response]


ResponseLike: TypeAlias = str | _Strict | Response | Sequence[Any]
"""A response as the author may write it: a string, a step, a list of steps and strings, or `response(...)`."""


def as_response(value: ResponseLike) -> Response:
    """A response from any way to write one. `pydantic.ValidationError` for what is none."""
    return value if isinstance(value, Response) else Response.model_validate(value)


def _as_steps(value: Any) -> Any:
    if isinstance(value, (str, _Strict, dict)):
        value = [value]
    if isinstance(value, Sequence):
        return [{"text": [item]} if isinstance(item, str) else item for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def _dump_step(step: Any) -> dict[str, Any]:
    name = _step_name(step)
    assert name is not None
    if isinstance(step, InterleaveStep):
        return {name: [_dump_step(inner) for inner in step.interleave]}
    if isinstance(step, DisconnectStep):
        return {name: step.disconnect.model_dump(exclude_none=True)}
    return {name: step.model_dump(exclude_defaults=True, mode="json").get(name, getattr(step, name))}


# --------------------------------------------------------------------------- the steps in Python
def text(*chunks: str) -> TextStep:
    """Text; one piece for each argument."""
    return TextStep(text=list(chunks))


def thinking(*chunks: str, signature: str | None = None) -> ThinkingStep:
    """Reasoning; one piece for each argument, then the provider's signature."""
    return ThinkingStep(thinking=ThinkingBody(chunks=list(chunks), signature=signature))


def call(
    name: str,
    args: Mapping[str, Any] | Sequence[str] | str | None = None,
    *,
    chunks: int = 1,
    id: str | None = None,
) -> CallStep:
    """A call of a function tool. An object is sent as JSON in `chunks` pieces; a list of strings is sent as it is,
    piece by piece, so the author places the cuts (and may break the JSON)."""
    body: Any = {"name": name, "args": dict(args) if isinstance(args, Mapping) else args, "chunks": chunks, "id": id}
    if isinstance(body["args"], Sequence) and not isinstance(body["args"], str):
        body["args"] = list(body["args"])
    return CallStep(call=CallBody.model_validate(body))


def output(value: Any, *, chunks: int = 1, tool: str | None = None) -> OutputStep:
    """A structured answer by value (JSON, or anything pydantic can turn into JSON), in `chunks` pieces.

    Which output tool it calls, or whether it is JSON text, is decided by what the agent asks for; `tool` names one.
    """
    from pydantic_core import to_jsonable_python

    return OutputStep(output=OutputBody(value=to_jsonable_python(value), chunks=chunks, tool=tool))


def interleave(*steps: Any) -> InterleaveStep:
    """Several steps at once: a piece of each in turn, as providers send parallel calls."""
    return InterleaveStep.model_validate({"interleave": _as_steps(list(steps))})


def builtin_call(name: str, args: Mapping[str, Any] | None = None, *, id: str | None = None) -> BuiltinCallStep:
    """A call of a tool that the provider runs itself."""
    return BuiltinCallStep(
        builtin_call=BuiltinCallBody(name=name, args=dict(args) if args is not None else None, id=id)
    )


def builtin_return(name: str, content: Any = None, *, id: str | None = None) -> BuiltinReturnStep:
    """What a tool of the provider's returned; without `id`, to the latest call of that name."""
    return BuiltinReturnStep(builtin_return=BuiltinReturnBody(name=name, content=content, id=id))


def usage(
    *,
    input_tokens: int = 0,
    output_tokens: int = 0,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
    details: Mapping[str, int] | None = None,
) -> UsageStep:
    """Counts of tokens from here on."""
    return UsageStep(
        usage=UsageBody(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=cache_read_tokens,
            cache_write_tokens=cache_write_tokens,
            details=dict(details or {}),
        )
    )


def finish(reason: FinishReason) -> FinishStep:
    """Why the model stopped."""
    return FinishStep(finish=reason)


def refusal(*chunks: str) -> RefusalStep:
    """The text in which the model declines; one piece for each argument."""
    return RefusalStep(refusal=list(chunks))


def wait(seconds: float) -> WaitStep:
    """A pause, on the running loop's clock."""
    return WaitStep(wait=seconds)


def comment(text: str = "keep-alive") -> CommentStep:
    """A keep-alive comment, where the format has them."""
    return CommentStep(comment=text)


def disconnect(*, after_bytes: int | None = None) -> DisconnectStep:
    """The connection is cut, here or after so many bytes of the body."""
    return DisconnectStep(disconnect=DisconnectBody(after_bytes=after_bytes))


def error(
    status: int = 500,
    message: str = "The server had an error while processing your request",
    *,
    type: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ErrorStep:
    """An error of the provider's: as the first step an HTTP error, later an error inside the stream."""
    return ErrorStep(error=ErrorBody(status=status, message=message, type=type, code=code, headers=dict(headers or {})))


def response(
    *steps: Any, when: str | Condition | Mapping[str, str] | Predicate | None = None, times: int | Literal["any"] = 1
) -> Response:
    """A response with a condition, or for several requests.

    `when` is a regular expression for the last message, a mapping with the fields of `Condition`, or a function that
    is given the request (`messages`, `settings`, `parameters`) and answers whether this response is for it.
    """
    return Response.model_validate({"steps": list(steps), "when": when, "times": times})
