"""The steps of a script as functions: `text("It is", wait(0.2), " sunny")`. Their names are those of the YAML keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic_core import to_jsonable_python

from playhead.messages import FinishReason
from playhead.models._script import Condition, Predicate, Response
from playhead.models._script_steps import (
    BuiltinCallBody,
    BuiltinCallStep,
    BuiltinReturnBody,
    BuiltinReturnStep,
    CallBody,
    CallStep,
    CommentStep,
    DisconnectBody,
    DisconnectStep,
    ErrorBody,
    ErrorStep,
    FinishStep,
    InterleaveStep,
    OutputBody,
    OutputStep,
    RefusalStep,
    TextBody,
    TextStep,
    ThinkingBody,
    ThinkingStep,
    UsageBody,
    UsageStep,
    WaitStep,
    as_steps,
)

__all__ = [
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


def text(*chunks: str | WaitStep, new_part: bool = False) -> TextStep:
    """Text; one piece for each argument, `wait(...)` between them is a pause.

    It goes on with a text before it from which only pauses, usage and comments divide it, unless it is a `new_part`.
    """
    return TextStep(text=TextBody(chunks=list(chunks), new_part=new_part))


def thinking(
    *chunks: str | WaitStep,
    signature: str | None = None,
    id: str | None = None,
    provider_name: str | None = None,
    new_part: bool = False,
) -> ThinkingStep:
    """Reasoning; one piece for each argument, then the provider's signature. `provider_name` says whose it is."""
    return ThinkingStep(
        thinking=ThinkingBody(
            chunks=list(chunks), signature=signature, id=id, provider_name=provider_name, new_part=new_part
        )
    )


def call(
    name: str,
    args: Mapping[str, Any] | Sequence[str | WaitStep] | str | None = None,
    *,
    chunks: int = 1,
    id: str | None = None,
) -> CallStep:
    """A call of a function tool. An object is sent as JSON in `chunks` pieces; a list of strings is sent as it is,
    piece by piece, so the author places the cuts (and may break the JSON); `wait(...)` between them is a pause."""
    given: Any = args
    if isinstance(args, Mapping):
        given = to_jsonable_python(dict(args))
    elif isinstance(args, Sequence) and not isinstance(args, str):
        given = list(args)
    return CallStep(call=CallBody.model_validate({"name": name, "args": given, "chunks": chunks, "id": id}))


def output(value: Any, *, chunks: int = 1, tool: str | None = None) -> OutputStep:
    """A structured answer by value (JSON, or anything pydantic can turn into JSON), in `chunks` pieces.

    Which output tool it calls, or whether it is JSON text, is decided by what the agent asks for; `tool` names one.
    """
    return OutputStep(output=OutputBody(value=to_jsonable_python(value), chunks=chunks, tool=tool))


def interleave(*steps: Any) -> InterleaveStep:
    """Several steps at once: a piece of each in turn, as providers send parallel calls."""
    return InterleaveStep.model_validate({"interleave": as_steps(list(steps))})


def builtin_call(
    name: str, args: Mapping[str, Any] | None = None, *, id: str | None = None, provider_name: str | None = None
) -> BuiltinCallStep:
    """A call of a tool that the provider runs itself."""
    given = None if args is None else to_jsonable_python(dict(args))
    return BuiltinCallStep(builtin_call=BuiltinCallBody(name=name, args=given, id=id, provider_name=provider_name))


def builtin_return(
    name: str, content: Any = None, *, id: str | None = None, provider_name: str | None = None
) -> BuiltinReturnStep:
    """What a tool of the provider's returned; without `id`, to the latest call of that name."""
    given = to_jsonable_python(content)
    return BuiltinReturnStep(
        builtin_return=BuiltinReturnBody(name=name, content=given, id=id, provider_name=provider_name)
    )


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


def refusal(*chunks: str | WaitStep) -> RefusalStep:
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
    *steps: Any,
    when: str | Condition | Mapping[str, str] | Predicate | None = None,
    times: int | Literal["any"] = 1,
    pace: float = 0.0,
) -> Response:
    """A response (steps, strings, lists of them) with a condition, or for several requests; `pace` is a pause in seconds before each further piece.

    `when` is a regular expression for the last message, a mapping with the fields of `Condition`, or a function that
    is given the request (`messages`, `settings`, `parameters`) and answers whether this response is for it.
    """
    flat: list[Any] = []
    for step in steps:
        flat += step if isinstance(step, (list, tuple)) else [step]
    return Response.model_validate({"steps": flat, "when": when, "times": times, "pace": pace})
