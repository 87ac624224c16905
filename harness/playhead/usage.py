"""What a request and a run cost in tokens, and the limits a run may be given."""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from dataclasses import KW_ONLY, dataclass, fields
from dataclasses import field as _field
from importlib import import_module
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field
from typing_extensions import deprecated

from playhead.exceptions import UsageLimitExceeded

__all__ = ["RequestUsage", "RunUsage", "Usage", "UsageBase", "UsageLimits"]


def _no_details() -> dict[str, int]:
    return {}


def _or_empty(details: dict[str, int] | None) -> dict[str, int]:
    return details or {}


@dataclass(repr=False, kw_only=True)
class UsageBase:
    """Counts of tokens. `details` holds the provider's own further counts by name."""

    input_tokens: Annotated[int, Field(validation_alias=AliasChoices("input_tokens", "request_tokens"))] = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: Annotated[int, Field(validation_alias=AliasChoices("output_tokens", "response_tokens"))] = 0
    input_audio_tokens: int = 0
    cache_audio_read_tokens: int = 0
    output_audio_tokens: int = 0
    details: Annotated[dict[str, int], BeforeValidator(_or_empty)] = _field(default_factory=_no_details)

    @property
    def total_tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    @property
    @deprecated("`request_tokens` is deprecated: its name is `input_tokens` now")
    def request_tokens(self) -> int:
        """The older name of `input_tokens`."""
        return self.input_tokens

    @property
    @deprecated("`response_tokens` is deprecated: its name is `output_tokens` now")
    def response_tokens(self) -> int:
        """The older name of `output_tokens`."""
        return self.output_tokens

    def has_values(self) -> bool:
        """Whether anything at all was counted."""
        return any(getattr(self, item.name) for item in fields(self))

    def opentelemetry_attributes(self) -> dict[str, int]:
        """The counts under the names of OpenTelemetry's conventions for generative AI."""
        found: dict[str, int] = {}
        if self.input_tokens:
            found["gen_ai.usage.input_tokens"] = self.input_tokens
        if self.output_tokens:
            found["gen_ai.usage.output_tokens"] = self.output_tokens
        if self.cache_write_tokens:
            found["gen_ai.usage.cache_creation.input_tokens"] = self.cache_write_tokens
        if self.cache_read_tokens:
            found["gen_ai.usage.cache_read.input_tokens"] = self.cache_read_tokens
        details = dict(self.details)
        for name in _DETAIL_COUNTS:
            if count := getattr(self, name):
                details[name] = count
        for name, count in details.items():
            if count:
                found[f"gen_ai.usage.details.{name}"] = count
        return found

    def __repr__(self) -> str:
        shown = (f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name))
        return f"{type(self).__name__}({', '.join(shown)})"


_COUNTS = (
    "input_tokens",
    "cache_write_tokens",
    "cache_read_tokens",
    "output_tokens",
    "input_audio_tokens",
    "cache_audio_read_tokens",
    "output_audio_tokens",
)
_DETAIL_COUNTS = (
    "cache_write_tokens",
    "cache_read_tokens",
    "input_audio_tokens",
    "cache_audio_read_tokens",
    "output_audio_tokens",
)


@dataclass(repr=False, kw_only=True)
class RequestUsage(UsageBase):
    """What one request cost."""

    @property
    def requests(self) -> int:
        """Always 1."""
        return 1

    @classmethod
    def extract(
        cls,
        data: Any,
        *,
        provider: str,
        provider_url: str,
        provider_fallback: str,
        api_flavor: str = "default",
        details: dict[str, Any] | None = None,
    ) -> RequestUsage:
        """The usage that a provider's reply states, read by `genai-prices`; only `details` where that cannot."""
        usage = cls(details=details or {})
        with suppress(ImportError):
            extract_usage = import_module("genai_prices").extract_usage
            for where in (
                {"provider_id": provider},
                {"provider_api_url": provider_url},
                {"provider_id": provider_fallback},
            ):
                try:
                    found = extract_usage(data, api_flavor=api_flavor, **where).usage
                except (LookupError, TypeError, ValueError):
                    continue
                for name in _COUNTS:
                    setattr(usage, name, getattr(found, name, None) or 0)
                break
        return usage

    def incr(self, incr_usage: RequestUsage) -> None:
        """Add `incr_usage` in place."""
        _add_counts(self, incr_usage)

    def __add__(self, other: RequestUsage) -> RequestUsage:
        total = copy(self)
        total.details = dict(self.details)
        total.incr(other)
        return total


@dataclass(repr=False, kw_only=True)
class RunUsage(UsageBase):
    """What a run cost: `requests` to the model, `tool_calls` that returned, and the tokens of all of them."""

    requests: int = 0
    tool_calls: int = 0

    def incr(self, incr_usage: RunUsage | RequestUsage) -> None:
        """Add `incr_usage` in place. A `RequestUsage` adds its tokens, not a request."""
        if isinstance(incr_usage, RunUsage):
            self.requests += incr_usage.requests
            self.tool_calls += incr_usage.tool_calls
        _add_counts(self, incr_usage)

    def __add__(self, other: RunUsage | RequestUsage) -> RunUsage:
        total = copy(self)
        total.details = dict(self.details)
        total.incr(other)
        return total


@deprecated("`Usage` is deprecated: its name is `RunUsage` now")
@dataclass(repr=False, kw_only=True)
class Usage(RunUsage):
    """The older name of `RunUsage`."""


def _add_counts(total: UsageBase, more: UsageBase) -> None:
    total.input_tokens += more.input_tokens
    total.cache_write_tokens += more.cache_write_tokens
    total.cache_read_tokens += more.cache_read_tokens
    total.output_tokens += more.output_tokens
    total.input_audio_tokens += more.input_audio_tokens
    total.cache_audio_read_tokens += more.cache_audio_read_tokens
    total.output_audio_tokens += more.output_audio_tokens
    for name, count in more.details.items():
        if count:  # some providers send null
            total.details[name] = total.details.get(name, 0) + count


@dataclass(repr=False, init=False)
class UsageLimits:
    """What a run may cost at most. None means without limit; a count that equals its limit is allowed."""

    _: KW_ONLY
    request_limit: int | None = 50
    tool_calls_limit: int | None = None
    input_tokens_limit: int | None = None
    output_tokens_limit: int | None = None
    total_tokens_limit: int | None = None
    count_tokens_before_request: bool = False

    def __init__(
        self,
        *,
        request_limit: int | None = 50,
        tool_calls_limit: int | None = None,
        input_tokens_limit: int | None = None,
        output_tokens_limit: int | None = None,
        total_tokens_limit: int | None = None,
        count_tokens_before_request: bool = False,
        request_tokens_limit: int | None = None,
        response_tokens_limit: int | None = None,
    ) -> None:
        self.request_limit = request_limit
        self.tool_calls_limit = tool_calls_limit
        # The older names are accepted without a warning, as the reference does.
        self.input_tokens_limit = request_tokens_limit if input_tokens_limit is None else input_tokens_limit
        self.output_tokens_limit = response_tokens_limit if output_tokens_limit is None else output_tokens_limit
        self.total_tokens_limit = total_tokens_limit
        self.count_tokens_before_request = count_tokens_before_request

    @property
    @deprecated("`request_tokens_limit` is deprecated: its name is `input_tokens_limit` now")
    def request_tokens_limit(self) -> int | None:
        """The older name of `input_tokens_limit`."""
        return self.input_tokens_limit

    @property
    @deprecated("`response_tokens_limit` is deprecated: its name is `output_tokens_limit` now")
    def response_tokens_limit(self) -> int | None:
        """The older name of `output_tokens_limit`."""
        return self.output_tokens_limit

    def has_token_limits(self) -> bool:
        """Whether `check_tokens` can ever raise."""
        return (
            self.input_tokens_limit is not None
            or self.output_tokens_limit is not None
            or self.total_tokens_limit is not None
        )

    def check_before_request(self, usage: RunUsage) -> None:
        """Raise `UsageLimitExceeded` if one more request would go over a limit."""
        limit = self.request_limit
        if limit is not None and usage.requests >= limit:
            raise UsageLimitExceeded(f"The next request would exceed the request_limit of {limit}")
        limit = self.input_tokens_limit
        if limit is not None and usage.input_tokens > limit:
            raise UsageLimitExceeded(
                f"The next request would exceed the input_tokens_limit of {limit} (input_tokens={usage.input_tokens})"
            )
        limit = self.total_tokens_limit
        if limit is not None and usage.total_tokens > limit:
            raise UsageLimitExceeded(
                f"The next request would exceed the total_tokens_limit of {limit} (total_tokens={usage.total_tokens})"
            )

    def check_tokens(self, usage: RunUsage) -> None:
        """Raise `UsageLimitExceeded` if `usage` is over a limit on tokens."""
        for name, count in (
            ("input_tokens", usage.input_tokens),
            ("output_tokens", usage.output_tokens),
            ("total_tokens", usage.total_tokens),
        ):
            limit: int | None = getattr(self, f"{name}_limit")
            if limit is not None and count > limit:
                raise UsageLimitExceeded(f"Exceeded the {name}_limit of {limit} ({name}={count})")

    def check_before_tool_call(self, projected_usage: RunUsage) -> None:
        """Raise `UsageLimitExceeded` if `projected_usage`, the usage after the next calls, is over the limit."""
        limit = self.tool_calls_limit
        if limit is not None and projected_usage.tool_calls > limit:
            raise UsageLimitExceeded(
                f"The next tool call(s) would exceed the tool_calls_limit of {limit} "
                f"(tool_calls={projected_usage.tool_calls})."
            )

    def __repr__(self) -> str:
        shown: list[str] = []
        for item in fields(self):
            value: Any = getattr(self, item.name)
            if value != item.default:
                shown.append(f"{item.name}={value!r}")
        return f"UsageLimits({', '.join(shown)})"
