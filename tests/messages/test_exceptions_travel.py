"""Exceptions go from process to process, as pytest-xdist and process pools send them."""

from __future__ import annotations

import copy
import pickle

import pytest

from playhead import exceptions
from playhead.messages import RetryPromptPart

ERRORS: list[Exception] = [
    exceptions.ModelHTTPError(500, "m", {"e": 1}, code="busy", headers={"retry-after": "1"}),
    exceptions.ModelAPIError("m", "no connection"),
    exceptions.UnexpectedModelBehavior("odd", '{"b": 1}'),
    exceptions.ContentFilterError("filtered", body="[]"),
    exceptions.IncompleteToolCall("cut off"),
    exceptions.UsageLimitExceeded("too much"),
    exceptions.ToolRetryError(RetryPromptPart("again", tool_name="t")),
    exceptions.CallDeferred(metadata={"a": 1}),
    exceptions.ApprovalRequired(metadata={"a": 1}),
    exceptions.ModelRetry("again"),
    exceptions.UserError("wrong"),
    exceptions.DecodeError("not JSON", "look", frame=3),
    exceptions.CassetteNotFound("gone", "record it", path="a.yaml"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_exception_is_the_same_elsewhere(error: Exception) -> None:
    for travelled in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(travelled) is type(error)
        assert str(travelled) == str(error)
        assert travelled.args == error.args
        assert vars(travelled) == vars(error)
