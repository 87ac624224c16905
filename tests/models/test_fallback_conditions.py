"""When a FallbackModel asks the next model: kinds of exceptions, and functions that judge exceptions and replies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from playhead import Agent, ModelHTTPError, UserError
from playhead.exceptions import FallbackExceptionGroup, ModelAPIError
from playhead.messages import ModelMessage, ModelResponse, TextPart
from playhead.models.fallback import FallbackModel, FallbackOn, ResponseRejected
from playhead.models.function import AgentInfo, FunctionModel


def saying(what: str | Exception) -> FunctionModel:
    """A model that says it, or raises it."""

    def whole(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if isinstance(what, Exception):
            raise what
        return ModelResponse([TextPart(what)])

    async def streamed(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        if isinstance(what, Exception):
            raise what
        yield what

    return FunctionModel(whole, stream_function=streamed)


def agent(fallback_on: FallbackOn, *said: str | Exception) -> Agent[None, str]:
    return Agent(FallbackModel(*(saying(what) for what in said), fallback_on=fallback_on))


def bad(reply: ModelResponse) -> bool:
    return "bad" in (reply.text or "")


async def bad_async(reply: ModelResponse) -> bool:
    return bad(reply)


async def value_error(error: Exception) -> bool:
    return isinstance(error, ValueError)


class Judge:
    def __call__(self, reply: ModelResponse) -> bool:
        return bad(reply)


@pytest.mark.parametrize(
    ("fallback_on", "said", "answer"),
    [
        (bad, ["bad a", "good b"], "good b"),
        (bad_async, ["bad a", "good b"], "good b"),
        (Judge(), ["bad a", "good b"], "good b"),
        (value_error, [ValueError("v"), "good"], "good"),
        (ValueError, [ValueError("v"), "good"], "good"),
        ((ValueError, KeyError), [KeyError("v"), "good"], "good"),
        ([ModelAPIError, bad, value_error], [ValueError("v"), "bad x", ModelAPIError("m", "x"), "good y"], "good y"),
        (lambda error: isinstance(error, KeyError), [KeyError("k"), "good"], "good"),
        (lambda anything: True, ["a", "b"], "a"),
    ],
)
async def test_the_next_model_is_asked_where_one_failed(fallback_on: Any, said: list[Any], answer: str) -> None:
    assert (await agent(fallback_on, *said).run("hi")).output == answer


@pytest.mark.parametrize(
    ("fallback_on", "said", "kind"),
    [(bad, [ModelHTTPError(500, "m"), "good"], ModelHTTPError), (value_error, [KeyError("k"), "good"], KeyError)],
)
async def test_what_was_not_named_is_raised(fallback_on: Any, said: list[Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await agent(fallback_on, *said).run("hi")


async def test_where_all_fail_every_failure_is_told() -> None:
    with pytest.raises(FallbackExceptionGroup) as caught:
        await agent([bad, ValueError], "bad 1", ValueError("q"), "bad 2").run("hi")
    first, last = caught.value.exceptions
    assert isinstance(first, ValueError)
    assert isinstance(last, ResponseRejected) and last.rejected_count == 2
    assert str(last) == "2 answered, and `fallback_on` did not accept what they said"


async def test_a_stream_falls_back_on_errors_and_is_not_judged_by_its_words() -> None:
    async with agent([bad, value_error], ValueError("v"), "bad x", "good").run_stream("hi") as result:
        assert await result.get_output() == "bad x"


def test_an_empty_condition_is_refused() -> None:
    with pytest.raises(UserError, match="An empty `fallback_on`"):
        agent([], "a")
