"""The older names of fields work, and say which is the new one."""

from typing import Any

import pytest

from playhead import usage
from playhead.messages import FunctionToolCallEvent, ModelResponse, ToolCallPart
from playhead.usage import RequestUsage, RunUsage, UsageLimits


@pytest.mark.parametrize(
    ("owner", "older", "newer", "value"),
    [
        (RunUsage(input_tokens=3), "request_tokens", "input_tokens", 3),
        (RequestUsage(output_tokens=4), "response_tokens", "output_tokens", 4),
        (UsageLimits(input_tokens_limit=5), "request_tokens_limit", "input_tokens_limit", 5),
        (UsageLimits(output_tokens_limit=6), "response_tokens_limit", "output_tokens_limit", 6),
        (ModelResponse([], provider_response_id="p"), "vendor_id", "provider_response_id", "p"),
        (ModelResponse([], provider_response_id="p"), "provider_request_id", "provider_response_id", "p"),
        (ModelResponse([], provider_details={"a": 1}), "vendor_details", "provider_details", {"a": 1}),
        (FunctionToolCallEvent(ToolCallPart("t", tool_call_id="i")), "call_id", "tool_call_id", "i"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_older_name_gives_the_value_and_names_the_new_one(owner: Any, older: str, newer: str, value: Any) -> None:
    with pytest.warns(DeprecationWarning, match=f"`{older}` is deprecated: its name is `{newer}` now"):
        assert getattr(owner, older) == value


def test_usage_is_the_older_run_usage() -> None:
    with pytest.warns(DeprecationWarning, match="`Usage` is deprecated: its name is `RunUsage` now"):
        assert isinstance(usage.Usage(requests=1), RunUsage)


def test_limits_take_the_older_names_without_a_warning() -> None:
    assert UsageLimits(request_tokens_limit=3, response_tokens_limit=4) == UsageLimits(
        input_tokens_limit=3, output_tokens_limit=4
    )
