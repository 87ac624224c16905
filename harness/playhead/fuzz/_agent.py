"""`@fuzz.agent`: an agent driven through every way to run, by whatever a model might answer, until something does not hold.

For each drawn script the agent runs whole, streamed and event by event, with the same ids and times each time, on a loop
whose time jumps. Each run's transcript is checked against the invariants; streamed and whole runs must agree, and so must
calls made one by one and at the same time; a run that is left early, or cancelled, must leave no task behind and no
stream of the model open. A failure is shrunk by Hypothesis and shown as a script.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure as Flaky

from playhead.exceptions import UserError
from playhead.fuzz._drive import DRIVERS, PROMPT, Driver, run_script
from playhead.fuzz._faults import FAULTS, FaultKind
from playhead.fuzz._faults import faults as fault_strategy
from playhead.fuzz._invariants import Invariant, InvariantViolation
from playhead.fuzz._loop import LoopRunner
from playhead.fuzz._play import PATIENCE, PHASES, script_of
from playhead.fuzz._scripts import Arguments, scripts, small_scripts
from playhead.fuzz._smaller import smallest_failure
from playhead.fuzz._split import assert_split_invariant
from playhead.fuzz._stuck import Stuck
from playhead.models import Script
from playhead.transcript import Transcript

__all__ = ["agent", "replay"]


def agent(
    agent: Any,
    *,
    prompt: str = PROMPT,
    drivers: Sequence[Driver] = DRIVERS,
    arguments: Sequence[Arguments] = ("valid", "nearly", "hostile"),
    invariants: Sequence[Invariant] | None = None,
    faults: bool | Sequence[FaultKind] = False,
    allowed: tuple[type[BaseException], ...] = (),
    fresh: Callable[[], Mapping[str, Any]] | None = None,
    max_examples: int | None = None,
    patience: float = PATIENCE,
    **run_kwargs: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a test of `agent`: it is driven by drawn scripts, and the decorated function judges each run.

    The function, plain or async, takes the run's `Transcript` as its first parameter (or nothing at all); further
    parameters are the test's fixtures. It is called for each run that is not cancelled. Errors of the run itself
    (`AgentRunError` and its subclasses: retries that are used up, limits, a provider that fails) are outcomes; any other,
    such as an exception of a tool, fails the test unless its class is among `allowed`. What is raised has the smallest
    script as `.script`.

    The smallest scripts come first, one and two calls of each tool; then they are drawn. A tool that blocks for more than
    `patience` real seconds (waits are jumped over, and take none) fails the test, too.

    `arguments` says what is drawn for calls, `faults` what may go wrong on the way (True: everything), `invariants`
    defaults to all, `max_examples` to the Hypothesis profile's. `run_kwargs` (`deps`, `usage_limits`, ...) go to each
    run of the agent; where runs change them, `fresh` makes them anew: `fresh=lambda: {"deps": Deps()}`.
    """

    if not hasattr(agent, "run"):
        raise UserError(
            f"fuzz.agent drives an agent, and {agent!r} is none. Give it the agent and its options: "
            "@fuzz.agent(my_agent, max_examples=200) above the test."
        )

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        parameters = list(inspect.signature(test).parameters.values())
        takes_run = bool(parameters)
        first = parameters[0].name if takes_run else "run"

        def judge(run: Transcript, fixtures: Mapping[str, Any]) -> None:
            result = test(run, **fixtures) if takes_run else test(**fixtures)
            if inspect.isawaitable(result):
                with LoopRunner() as loop:
                    loop.run(_finished(result))

        def play(fixtures: Mapping[str, Any], script: Script, patience: float = patience) -> None:
            run_script(
                agent,
                script,
                prompt=prompt,
                drivers=drivers,
                invariants=invariants,
                allowed=allowed,
                fresh=fresh,
                judge=lambda run: judge(run, fixtures),
                patience=patience,
                **run_kwargs,
            )

        failed: list[Script] = []

        def watched(fixtures: Mapping[str, Any], script: Script) -> None:
            try:
                play(fixtures, script)
            except Exception as error:
                failed[:] = [script]
                if isinstance(error.__cause__, Stuck):
                    raise _TooSlowToShrink(error) from error
                raise

        @functools.wraps(test)
        def body(**drawn: Any) -> None:
            script = drawn.pop(first)
            watched(drawn, script)

        shown = [inspect.Parameter(first, inspect.Parameter.KEYWORD_ONLY)]
        shown += [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters[1:]]
        cast("Any", body).__signature__ = inspect.Signature(shown)
        del cast("Any", body).__wrapped__
        asked = {**run_kwargs, **(fresh() if fresh else {})}
        drawn = _scripts_with(scripts(agent, arguments=arguments, **asked), FAULTS if faults is True else faults or ())
        wrapped = given(**{first: drawn})(body)
        options: dict[str, Any] = {
            "deadline": None,
            "suppress_health_check": list(HealthCheck),
            "phases": PHASES,
            "report_multiple_bugs": False,  # one failure, with its script; the next one is found when this is mended
        }
        if max_examples is not None:
            options["max_examples"] = max_examples
        drive = settings(**options)(wrapped)

        @functools.wraps(drive)
        def driven(**fixtures: Any) -> None:
            failed.clear()
            # What was put on top (`@seed`, `@example`, `@settings`) is for Hypothesis, one layer below.
            drive.__dict__.update({key: value for key, value in driven.__dict__.items() if "hypothesis" in key})
            try:
                for script in small_scripts(agent, **asked) if "valid" in arguments else ():
                    watched(fixtures, script)
                drive(**fixtures)
                return
            except Flaky as error:  # the agent leaves something to chance: what was seen of it says more
                found = next((one for one in error.exceptions if isinstance(one, InvariantViolation)), error)
            except _TooSlowToShrink as slow:
                found = slow.error
            except Exception as error:
                found = error
            shorter = min(patience, 1.0) if isinstance(found.__cause__, Stuck) else patience
            play_again = functools.partial(play, fixtures, patience=shorter)
            raise smallest_failure(failed[0], found, play_again) if failed else found

        cast("Any", driven).play_script = play
        return driven

    return decorate


class _TooSlowToShrink(BaseException):
    """What blocks, blocks again each time: Hypothesis, which lets this through, is not to try it a hundred times."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


async def _finished(awaitable: Any) -> Any:
    return await awaitable


def _scripts_with(drawn: st.SearchStrategy[Script], kinds: Sequence[FaultKind]) -> st.SearchStrategy[Script]:
    if not kinds:
        return drawn
    fault = st.none() | fault_strategy(*kinds, places=8)
    return st.tuples(drawn, fault).map(lambda both: both[0] if both[1] is None else both[1].in_script(both[0]))


def replay(agent: Any, case: str | PathLike[str] | Script | None = None, **options: Any) -> Any:
    """Run a saved failure again: the text that a failure printed, the path of a script or a cassette, or a `Script`.

    `options` are those of `run_script`. Raises what does not hold, as before. With a case alone it is a decorator, above
    `@fuzz.agent`: the test plays the case first, with its own agent and options, and draws when that holds. For a
    consumer of pieces in place of an agent, the case is the cassette that `assert_split_invariant` left.
    """
    if case is None:
        return _replaying(script_of(agent))
    if isinstance(agent, (str, PathLike, Script)):  # the other way round
        agent, case = case, cast("str | PathLike[str] | Script", agent)
    if callable(agent) and not hasattr(agent, "run"):
        assert_split_invariant(agent, case, **options)
    else:
        run_script(agent, script_of(case), **options)
    return None


def _replaying(script: Script) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        play = getattr(test, "play_script", None)
        if play is None:
            raise UserError(
                "fuzz.replay with a case alone goes above `@fuzz.agent(...)`, whose agent it takes. Elsewhere give it "
                "the agent, too: fuzz.replay(agent, case)."
            )

        @functools.wraps(test)
        def replayed(**fixtures: Any) -> None:
            play(fixtures, script)
            test(**fixtures)

        return replayed

    return decorate
