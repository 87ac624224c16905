"""Functions that look at an output once more, and may ask the model again."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, cast

from typing_extensions import TypeVar

from playhead.context import AgentDepsT, RunContext
from playhead.output._processors import retry_prompts
from playhead.schema import is_async_callable, run_in_thread

OutputT = TypeVar("OutputT", default=Any)

OutputValidatorFunc: TypeAlias = (
    Callable[[RunContext[AgentDepsT], OutputT], OutputT]
    | Callable[[RunContext[AgentDepsT], OutputT], Awaitable[OutputT]]
    | Callable[[OutputT], OutputT]
    | Callable[[OutputT], Awaitable[OutputT]]
)
"""Returns the output, changed or not; with the context or without, sync or async. `ModelRetry` asks the model again."""


@dataclass
class OutputValidator(Generic[AgentDepsT, OutputT]):
    """An output validator of an agent."""

    function: OutputValidatorFunc[AgentDepsT, OutputT]
    _takes_ctx: bool = field(init=False, repr=False)
    _is_async: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._takes_ctx = len(inspect.signature(self.function).parameters) > 1
        self._is_async = is_async_callable(self.function)

    async def validate(
        self, output: OutputT, run_context: RunContext[AgentDepsT], wrap_validation_errors: bool = True
    ) -> OutputT:
        """What the function makes of `output`.

        `ModelRetry` becomes `ToolRetryError` with the prompt, unless `wrap_validation_errors` is false.
        """
        function = cast(Callable[..., Any], self.function)
        args: tuple[Any, ...] = (run_context, output) if self._takes_ctx else (output,)
        with retry_prompts(run_context, wrap_validation_errors, only_model_retry=True):
            if self._is_async:
                return await function(*args)
            return await run_in_thread(function, *args)
