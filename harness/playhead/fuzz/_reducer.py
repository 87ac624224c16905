"""`assert_reducer`: however a reply is sliced into events, what a reducer makes of them must be the same.

A reducer folds the events of a run into what an application shows or stores. The law: a reply that comes in one piece
for each part, and the same reply in many pieces with its calls interleaved, reduce to the same.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from os import PathLike
from typing import Any, cast

from hypothesis import HealthCheck, given, settings

from playhead import clock
from playhead.fuzz._explain import first_difference
from playhead.fuzz._outcome import Failed, outcomes, same
from playhead.fuzz._play import PHASES, WatchedModel, blocking, for_agent, notes_of, outcome_errors, save, script_of
from playhead.fuzz._scripts import Arguments, scripts, sliced_scripts
from playhead.fuzz._smaller import smallest_failure
from playhead.messages import ModelRequestParameters, StreamEvent
from playhead.models import Script, StreamedResponse
from playhead.stream import unfold
from playhead.transcript import Transcript, transcript_of

__all__ = ["ReducerDifference", "assert_reducer"]


class ReducerDifference(AssertionError):
    """A reducer's result depends on how a reply was sliced, or is not what was expected."""


def assert_reducer(
    reducer: Callable[[Any], Any],
    agent: Any = None,
    *,
    expected: Callable[[Transcript], Any] | None = None,
    case: str | PathLike[str] | Script | None = None,
    arguments: Sequence[Arguments] = ("valid",),
    max_examples: int = 200,
    **run_kwargs: Any,
) -> None:
    """Check that `reducer` comes to the same result however a reply is sliced into events.

    `reducer` takes the events of a run as `run_stream_events` gives them: one object, iterable and async iterable. It may
    be any kind of function, and returns its last state (not a list of all states, which grows with the pieces). `agent`
    (Playhead's or pydantic-ai's) says which tools and outputs there are; without one there are two tools and a text.
    `expected` gives, from the run's transcript, what the reducer should have made of it. `case` is a failure to try again
    in place of drawing: the text that it printed, the path of its script or cassette, or a `Script`.

    Raises `ReducerDifference`, shrunk, with the script as `.script`, and in Python and YAML. Deterministic: replies that
    come letter by letter first, then the same draws each time.
    """
    driven = _default_agent() if agent is None else agent
    check = functools.partial(_check, reducer, driven, expected, run_kwargs)
    if case is not None:
        check(script_of(case))
        return

    @settings(
        max_examples=max_examples,
        deadline=None,
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
        phases=PHASES,
        suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
    )
    @given(scripts(driven, arguments=arguments, rounds=2, refusals=False, **run_kwargs))
    def reduced(script: Script) -> None:
        try:
            check(script)
        except Exception:
            failed[:] = [script]
            raise

    failed: list[Script] = []
    try:
        for script in sliced_scripts(driven, **run_kwargs):
            failed[:] = [script]
            check(script)
        failed.clear()
        reduced()
        return
    except Exception as error:
        found = error
    raise smallest_failure(failed[0], found, check) if failed else found


def _check(
    reducer: Callable[[Any], Any],
    agent: Any,
    expected: Callable[[Transcript], Any] | None,
    run_kwargs: dict[str, Any],
    script: Script,
) -> None:
    """One script: whole, sliced, and as expected."""
    sliced = blocking(functools.partial(_events, agent, WatchedModel(script), run_kwargs))
    whole = blocking(functools.partial(_events, agent, _WholeModel(script), run_kwargs))
    with outcomes(reducer) as outcome:
        one, other = outcome(whole), outcome(sliced)
    try:
        if not same(one, other):
            raise ReducerDifference(
                "The reducer's result changes when the reply is sliced into pieces.\n"
                f"{first_difference(one, other, ('whole ', 'sliced'))}"
            )
        if isinstance(other, Failed):
            raise other.error
        if expected is not None and not same(wanted := expected(transcript_of(sliced)), other):
            raise ReducerDifference(
                "The reducer's result is not what was expected.\n"
                f"{first_difference(wanted, other, ('expected', 'reduced '))}"
            )
    except BaseException as error:
        shown = "\n".join(f"    {event!r}" for event in sliced if getattr(event, "event_kind", "") in _PARTS)
        again = "playhead.fuzz.assert_reducer(reducer, agent, case={})"
        for note in (f"The events, in pieces:\n{shown}", *notes_of(script, again), *save(script)):
            error.add_note(note)
        with suppress(AttributeError):
            cast("Any", error).script = script
        raise


_PARTS = ("part_start", "part_delta", "part_end")


async def _events(agent: Any, model: Any, run_kwargs: dict[str, Any]) -> list[Any]:
    """The events of a run, up to its end or its error."""
    events: list[Any] = []
    stream: Any = agent.run_stream_events("Go on.", model=for_agent(agent, model), **run_kwargs)
    try:
        if hasattr(stream, "__aenter__"):
            stream = await stream.__aenter__()
        async for event in stream:
            events.append(event)
    except outcome_errors():
        pass
    finally:
        await stream.aclose()
    return events


class _WholeReply(StreamedResponse):
    """A reply whose parts come in one piece each."""

    def __init__(self, parameters: ModelRequestParameters, reply: Any, name: str) -> None:
        super().__init__(parameters)
        self._reply = reply
        self._name = name

    async def events(self) -> AsyncGenerator[StreamEvent]:
        for event in unfold(self._reply):
            self.fold.feed(event)
            yield event

    @property
    def model_name(self) -> str:
        return self._name

    @property
    def provider_name(self) -> str | None:
        return None

    @property
    def timestamp(self) -> Any:
        return clock.now()


class _WholeModel(WatchedModel):
    """Plays the same script, each part in one piece."""

    @asynccontextmanager
    async def request_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[StreamedResponse]:
        async with super().request_stream(*args, **kwargs) as reply:
            async for _ in reply:
                pass
            whole = _WholeReply(reply.model_request_parameters, reply.get(), self.model_name)
            try:
                yield whole
            finally:
                await whole.aclose()


def _default_agent() -> Any:
    from playhead.runtime import Agent

    agent: Any = Agent()

    def get_weather(city: str, days: int = 1) -> str:
        """Weather of a city."""
        return f"{city}: sunny for {days} days"

    def add(a: int, b: int) -> int:
        """The sum."""
        return a + b

    agent.tool_plain(get_weather)
    agent.tool_plain(add)
    return agent
