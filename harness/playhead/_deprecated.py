"""The older names of the runtime, all of them: each works, and warns with the new one.

Classes of the runtime inherit from the classes here. This page knows nothing of theirs but the names it calls. Older
names of fields (`request_tokens`, `vendor_id`, ...) stand beside their fields, which read them from stored JSON, too.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import deprecated

if TYPE_CHECKING:
    from playhead.messages import ModelResponse

__all__ = [
    "OlderAgent",
    "OlderResult",
    "OlderStreamedResult",
    "newer_provider",
    "older_agent_arguments",
    "older_class",
    "provider_of_bare_name",
]

F = TypeVar("F", bound=Callable[..., Any])

_AGENT_ARGUMENTS = {
    "result_type": "output_type",
    "result_retries": "output_retries",
}

_FAMILIES = {"gpt": "openai", "o1": "openai", "o3": "openai", "claude": "anthropic", "gemini": "google-gla"}
"""What bare names of models begin with, and the provider that is meant."""
_PROVIDERS = {"vertexai": "google-vertex"}


def _warn(old: str, new: str, *, depth: int = 3) -> None:
    warnings.warn(f"`{old}` is deprecated: its name is `{new}` now", DeprecationWarning, stacklevel=depth + 1)


def older_agent_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `Agent(...)` under their new names. Others stay as they are."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        new = _AGENT_ARGUMENTS.get(name)
        if new is not None:
            _warn(name, new, depth=3)
            found[new] = value
        elif name in ("result_tool_name", "result_tool_description"):
            _warn(name, f"output_type=ToolOutput(..., {name.removeprefix('result_tool_')}=...)", depth=3)
            found[name] = value
        else:
            found[name] = value
    return found


def plain_function_in_tool(depth: int) -> None:
    """`FunctionToolset.tool` was given a function without the context, `depth` frames above."""
    warnings.warn(
        "`FunctionToolset.tool()` is for functions that take a `RunContext` first (deprecated for others): this one "
        "belongs in `tool_plain()`.",
        DeprecationWarning,
        stacklevel=depth + 1,
    )


def older_class(module: str, name: str, classes: dict[str, Any]) -> Any:
    """A class under its older name, for a module's `__getattr__`. `AttributeError` for other names."""
    if name not in classes:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    _warn(name, classes[name].__name__, depth=2)
    return classes[name]


def provider_of_bare_name(model: str) -> str | None:
    """The provider of a well-known family's model (`gpt-4o`, `claude-...`, `gemini-...`), with a warning."""
    for beginning, provider in _FAMILIES.items():
        if model.startswith(beginning):
            warnings.warn(
                f"{model!r} does not say whose model it is, which is deprecated: write '{provider}:{model}'.",
                DeprecationWarning,
                stacklevel=4,
            )
            return provider
    return None


def newer_provider(provider: str) -> str:
    """A provider's present name; an older one is understood, with a warning."""
    newer = _PROVIDERS.get(provider)
    if newer is None:
        return provider
    warnings.warn(
        f"The provider {provider!r} is called {newer!r} now: its older name is deprecated.",
        DeprecationWarning,
        stacklevel=3,
    )
    return newer


class OlderAgent:
    """The older names of an agent."""

    if TYPE_CHECKING:

        def output_validator(self, func: Any, /) -> Any: ...

    @deprecated("`result_validator` is deprecated: its name is `output_validator` now")
    def result_validator(self, func: F, /) -> F:
        """The older name of `output_validator`."""
        return self.output_validator(func)

    @property
    @deprecated("`result_type` is deprecated: its name is `output_type` now")
    def result_type(self) -> Any:
        """The older name of `output_type`."""
        return getattr(self, "output_type")  # noqa: B009  # the name is declared by the subclass


class OlderResult:
    """The older names of a run's result."""

    if TYPE_CHECKING:
        output: Any

    @property
    @deprecated("`data` is deprecated: its name is `output` now")
    def data(self) -> Any:
        """The older name of `output`."""
        return self.output


class OlderStreamedResult:
    """The older names of a result that streams."""

    if TYPE_CHECKING:

        def stream_output(self, *, debounce_by: float | None = 0.1) -> AsyncGenerator[Any]: ...

        def stream_responses(self, *, debounce_by: float | None = 0.1) -> AsyncGenerator[Any]: ...

        async def get_output(self) -> Any: ...

        async def validate_response_output(self, message: ModelResponse, *, allow_partial: bool = False) -> Any: ...

    @deprecated("`StreamedRunResult.stream` is deprecated: its name is `stream_output` now")
    def stream(self, *, debounce_by: float | None = 0.1) -> AsyncGenerator[Any]:
        """The older name of `stream_output`."""
        return self.stream_output(debounce_by=debounce_by)

    @deprecated("`StreamedRunResult.stream_structured` is deprecated: its name is `stream_responses` now")
    def stream_structured(self, *, debounce_by: float | None = 0.1) -> AsyncGenerator[Any]:
        """The older name of `stream_responses`."""
        return self.stream_responses(debounce_by=debounce_by)

    @deprecated("`get_data` is deprecated: its name is `get_output` now")
    async def get_data(self) -> Any:
        """The older name of `get_output`."""
        return await self.get_output()

    @deprecated("`validate_structured_result` is deprecated: its name is `validate_response_output` now")
    async def validate_structured_result(self, message: ModelResponse, *, allow_partial: bool = False) -> Any:
        """The older name of `validate_response_output`."""
        return await self.validate_response_output(message, allow_partial=allow_partial)

    @deprecated("`validate_structured_output` is deprecated: its name is `validate_response_output` now")
    async def validate_structured_output(self, message: ModelResponse, *, allow_partial: bool = False) -> Any:
        """The older name of `validate_response_output`."""
        return await self.validate_response_output(message, allow_partial=allow_partial)
