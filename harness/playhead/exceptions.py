"""Every exception of Playhead, as one tree.

    Exception
    ├── ModelRetry                      raised by a tool or validator: ask the model again
    ├── CallDeferred, ApprovalRequired  raised by a tool: somebody else runs it, or has to agree first
    ├── SkipModelRequest, SkipToolValidation, SkipToolExecution
    ├── ToolRetryError                  inside the runtime only: a retry prompt on its way
    ├── UserError                       the program uses the API in a way that cannot work
    ├── AgentRunError                   a run failed
    │   ├── UsageLimitExceeded, ConcurrencyLimitExceeded
    │   ├── UnexpectedModelBehavior
    │   │   ├── ContentFilterError, IncompleteToolCall
    │   │   └── DecodeError             (also a PlayheadError) bytes that are not what the provider's format says
    │   └── ModelAPIError
    │       └── ModelHTTPError
    └── PlayheadError                   has `problem` and `remedy`
        ├── DecodeError
        ├── CassetteError
        │   ├── CassetteNotFound, CassetteUnreadable, CassetteVersionError, UnplayedError
        └── ScriptError
            ├── ScriptExhausted, ScriptUnused
    BaseException
    └── UnmatchedRequest                a request that no recording fits; SDKs must not retry or wrap it

The names above the line `PlayheadError` are those of PydanticAI 1.85. Everything of ours says what happened
(`problem`) and what to do about it (`remedy`); `str()` shows both.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playhead.messages import ModelResponse, RetryPromptPart

__all__ = [
    "AgentRunError",
    "ApprovalRequired",
    "CallDeferred",
    "CassetteError",
    "CassetteNotFound",
    "CassetteUnreadable",
    "CassetteVersionError",
    "ConcurrencyLimitExceeded",
    "ContentFilterError",
    "DecodeError",
    "FallbackExceptionGroup",
    "IncompleteToolCall",
    "ModelAPIError",
    "ModelHTTPError",
    "ModelRetry",
    "PlayheadError",
    "ScriptError",
    "ScriptExhausted",
    "ScriptUnused",
    "SkipModelRequest",
    "SkipToolExecution",
    "SkipToolValidation",
    "ToolRetryError",
    "UnexpectedModelBehavior",
    "UnmatchedRequest",
    "UnplayedError",
    "UsageLimitExceeded",
    "UserError",
]


class ModelRetry(Exception):
    """Raised in a tool, an output function or an output validator: the model is told `message` and asked again."""

    message: str

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, self.__class__) and other.message == self.message

    def __hash__(self) -> int:
        return hash((self.__class__, self.message))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Serialised as `{"message": ..., "kind": "model-retry"}`, as deferred tool results need it."""
        from pydantic_core import core_schema

        def make(value: dict[str, Any]) -> ModelRetry:
            return ModelRetry(value["message"])

        types = {"message": core_schema.str_schema(), "kind": core_schema.literal_schema(["model-retry"])}
        fields = {name: core_schema.typed_dict_field(schema) for name, schema in types.items()}
        schema = core_schema.no_info_after_validator_function(make, core_schema.typed_dict_schema(fields))
        return core_schema.json_or_python_schema(
            json_schema=schema,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), schema]),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda error: {"message": error.message, "kind": "model-retry"}
            ),
        )


class _WithMetadata(Exception):
    def __init__(self, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata
        super().__init__()


class CallDeferred(_WithMetadata):
    """Raised in a tool whose result comes from elsewhere: the run ends with `DeferredToolRequests`."""


class ApprovalRequired(_WithMetadata):
    """Raised in a tool that a person has to approve first: the run ends with `DeferredToolRequests`."""


class SkipModelRequest(Exception):
    """Answers a model request with `response`, without asking the model."""

    def __init__(self, response: ModelResponse) -> None:
        self.response = response
        super().__init__("model request skipped")


class SkipToolValidation(Exception):
    """Takes `validated_args` as the validated arguments of a tool call."""

    def __init__(self, validated_args: dict[str, Any]) -> None:
        self.validated_args = validated_args
        super().__init__("tool validation skipped")


class SkipToolExecution(Exception):
    """Takes `result` as what the tool returned."""

    def __init__(self, result: Any) -> None:
        self.result = result
        super().__init__("tool execution skipped")


class ToolRetryError(Exception):
    """A retry prompt on its way through the runtime. It never reaches a caller."""

    def __init__(self, tool_retry: RetryPromptPart) -> None:
        self.tool_retry = tool_retry
        content = tool_retry.content
        super().__init__(content if isinstance(content, str) else _explain_errors(content, tool_retry.tool_name))

    def __reduce__(self) -> tuple[Any, ...]:
        return _as_it_was, (type(self), self.args, vars(self))


def _explain_errors(errors: list[Any], tool_name: str | None) -> str:
    count = len(errors)
    lines = [f"{count} validation error{'' if count == 1 else 's'}{f' for {tool_name!r}' if tool_name else ''}"]
    for error in errors:
        lines.append(".".join(str(item) for item in error["loc"]) or "__root__")
        lines.append(f"  {error['msg']} [type={error['type']}, input_value={error.get('input')!r}]")
    return "\n".join(lines)


class UserError(RuntimeError):
    """The program uses the API in a way that cannot work."""

    message: str

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class AgentRunError(RuntimeError):
    """A run failed; the base of what a run raises."""

    message: str

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Tests that run in other processes send their errors home; `args` are not what the constructors take.
        return _as_it_was, (type(self), self.args, vars(self))


def _as_it_was(kind: type[Exception], args: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    made = kind.__new__(kind, *args)
    made.__dict__.update(state)
    return made


class UsageLimitExceeded(AgentRunError):
    """A run would go, or went, over one of its `UsageLimits`."""


class ConcurrencyLimitExceeded(AgentRunError):
    """Too many runs wait for the agent's `max_concurrency`."""


class UnexpectedModelBehavior(AgentRunError):
    """The model answered something a run cannot go on with. `body` is the answer, when it is known."""

    body: str | None

    def __init__(self, message: str, body: str | None = None) -> None:
        self.message = message
        self.body = None if body is None else _laid_out(body)
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message}, body:\n{self.body}" if self.body else self.message


def _laid_out(body: str) -> str:
    """JSON over several lines; any other text as it is."""
    try:
        return json.dumps(json.loads(body), indent=2)
    except ValueError:
        return body


class ContentFilterError(UnexpectedModelBehavior):
    """The provider's content filter left nothing of the answer."""


class IncompleteToolCall(UnexpectedModelBehavior):
    """The answer ended at the token limit, in the middle of a tool call."""


class ModelAPIError(AgentRunError):
    """A provider could not be asked: the connection failed, or it answered with an error."""

    model_name: str

    def __init__(self, model_name: str, message: str) -> None:
        self.model_name = model_name
        super().__init__(message)


class ModelHTTPError(ModelAPIError):
    """A provider answered with an HTTP status of 400 or above. `body` is its (parsed) answer.

    `code` and `provider_message` are the provider's own, and `headers` those of its answer, where they are known.
    """

    status_code: int
    body: object | None
    code: str | None
    provider_message: str | None
    headers: dict[str, str] | None

    def __init__(
        self,
        status_code: int,
        model_name: str,
        body: object | None = None,
        *,
        code: str | None = None,
        provider_message: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status_code = status_code
        self.body = body
        self.code = code
        self.provider_message = provider_message
        self.headers = headers
        super().__init__(model_name, f"status_code: {status_code}, model_name: {model_name}, body: {body}")


class FallbackExceptionGroup(ExceptionGroup[Any]):
    """What each model of a `FallbackModel` raised, when all failed."""


class PlayheadError(Exception):
    """Base of Playhead's own errors. `problem` says what happened and where, `remedy` what to do next."""

    problem: str
    remedy: str

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem, remedy)

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}" if self.remedy else self.problem


class DecodeError(PlayheadError, UnexpectedModelBehavior):
    """Bytes that are not what the provider's format says. `frame` is the number of the frame, from 0."""

    def __init__(self, problem: str, remedy: str = "", *, frame: int | None = None, body: str | None = None) -> None:
        PlayheadError.__init__(self, problem, remedy)
        self.message = problem
        self.body = body
        self.frame = frame

    def __str__(self) -> str:
        return PlayheadError.__str__(self)


class CassetteError(PlayheadError):
    """Base of what can be wrong with a cassette. `path` is its file, where there is one."""

    def __init__(self, problem: str, remedy: str = "", *, path: str | None = None) -> None:
        self.path = path
        super().__init__(problem, remedy)


class CassetteNotFound(CassetteError):
    """There is no recording at the path, and the record mode does not allow to make one."""


class CassetteUnreadable(CassetteError):
    """The file is not a whole, safe cassette. It is never replaced."""


class CassetteVersionError(CassetteError):
    """The file says it is of a format that this version does not know."""


class UnplayedError(CassetteError):
    """A test passed without asking for everything that its cassette holds."""


class UnmatchedRequest(BaseException):
    """A request that no recording in the cassette fits.

    A `BaseException`, because the provider's SDK would retry an `Exception` and wrap it: this one must reach
    the test as itself, at once. `path` is the cassette's file.
    """

    def __init__(self, problem: str, remedy: str = "", *, path: str | None = None) -> None:
        self.problem = problem
        self.remedy = remedy
        self.path = path
        super().__init__(problem, remedy)

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}" if self.remedy else self.problem


class ScriptError(PlayheadError):
    """A script that cannot be read or played."""


class ScriptExhausted(ScriptError):
    """The model was asked once more than its script has responses."""


class ScriptUnused(ScriptError):
    """The run ended although the script has responses left."""
