"""One script, and every way to run an agent by it: whole, streamed, left early, cancelled; and what must hold of each."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, TypeAlias, TypeVar, cast

from playhead.exceptions import ScriptExhausted
from playhead.fuzz._explain import first_difference as explain_difference
from playhead.fuzz._invariants import Invariant, InvariantViolation, check
from playhead.fuzz._play import (
    PATIENCE,
    WatchedModel,
    blocking,
    for_agent,
    is_pydantic_ai,
    notes_of,
    outcome_errors,
    save,
    tasks_left,
)
from playhead.fuzz._stuck import Stuck
from playhead.models import Script
from playhead.schema import threads_in_turn
from playhead.transcript import Transcript, capture_run, first_difference

__all__ = ["DRIVERS", "PROMPT", "Driver", "run_script"]

Driver: TypeAlias = Literal["events", "stream", "run", "cancel"]
DRIVERS: tuple[Driver, ...] = ("events", "stream", "run", "cancel")
"""The ways an agent is driven: node by node with events, by `run_stream`, whole, and left early or cancelled."""

_T = TypeVar("_T")
PROMPT = "Go on."
_LEAVES_MAX = 6
_CANCELS = (2, 8, 20, 60)
"""After how many turns of the loop a run is cancelled."""
_PATIENCE = 60.0
_DAY = 86_400.0


def run_script(
    agent: Any,
    script: Script,
    *,
    prompt: str = PROMPT,
    drivers: Sequence[Driver] = DRIVERS,
    invariants: Sequence[Invariant] | None = None,
    allowed: tuple[type[BaseException], ...] = (),
    fresh: Callable[[], Mapping[str, Any]] | None = None,
    judge: Callable[[Transcript], None] | None = None,
    patience: float = PATIENCE,
    **run_kwargs: Any,
) -> None:
    """Drive `agent` by one script in all the ways of `drivers`, and check everything that `@fuzz.agent` checks.

    Raises what does not hold, with the script as `.script`, and in Python and YAML, and the call that replays it.
    """
    run = _Run(agent, script, prompt, allowed, fresh, run_kwargs, patience)
    try:
        found: dict[str, Transcript] = {}
        for driver in drivers:
            if driver == "cancel":
                run.leaves()
                run.cancels()
                continue
            transcript = found[driver] = run.capture(driver)
            check(transcript, invariants)
            if judge is not None:
                judge(transcript)
        if "events" in found:
            if "run" in found:
                _expect_agreement(found["events"], found["run"])
            _expect_the_same(run, found["events"])
    except Stuck as stuck:
        error = InvariantViolation("every_run_ends", f"{stuck}, {run.how_far()}")
        raise _explained(error, script) from stuck
    except Exception as error:
        _explained(error, script)
        raise


def _explained(error: Exception, script: Script) -> Exception:
    for note in (*notes_of(script), *save(script)):
        error.add_note(note)
    with suppress(AttributeError):  # of a class that takes no more attributes
        cast("Any", error).script = script
    return error


def _expect_agreement(streamed: Transcript, whole: Transcript) -> None:
    """A whole run has no events, but the same answer, error and messages as a streamed one."""
    for name, one, other in (
        ("output", streamed.output, whole.output),
        ("error", type(streamed.error).__name__, type(whole.error).__name__),
        ("messages", _said(streamed), _said(whole)),
    ):
        if name == "messages" and streamed.error is not None:
            continue  # of a reply that broke off, some ways to run keep what came, and others nothing
        if one != other:
            raise InvariantViolation(
                "streamed_and_whole_runs_agree",
                f"the {name} differ.\n{explain_difference(one, other, ('streamed', 'whole   '))}",
            )


def _said(transcript: Transcript) -> list[Any]:
    """The messages without what differs from run to run: ids and times."""
    said: list[Any] = []
    for message in transcript.messages:
        for part in message.parts:
            content = getattr(part, "content", None) if hasattr(part, "content") else getattr(part, "args", None)
            said.append((part.part_kind, getattr(part, "tool_name", None), content))
    return said


def _expect_the_same(run: _Run, first: Transcript) -> None:
    """The same script gives the same run, also when calls are made one by one."""
    text_of = _text_without_chance if is_pydantic_ai(run.agent) else _text_of
    expected, again = text_of(first), text_of(run.capture("events"))
    if again != expected:
        raise InvariantViolation("the_same_script_gives_the_same_run", "\n".join(first_difference(expected, again)))
    if first.error is not None or not any(len(request.tool_events) > 2 for request in first.requests):
        return  # of calls beside one that ended the run, results are kept or not
    if (ordered := run.one_by_one()) is not None and _said(ordered) != _said(first):
        raise InvariantViolation(
            "the_order_of_calls_changes_nothing",
            "the messages differ when calls that were made at the same time are made one by one.\n"
            f"{explain_difference(_said(first), _said(ordered), ('at once   ', 'one by one'))}",
        )


def _text_of(transcript: Transcript) -> str:
    """A run as text, of its error the type alone: messages of errors hold whole replies, with the time they came."""
    return re.sub(r"^(error +\w+).*$", r"\1", str(transcript), flags=re.MULTILINE)


def _text_without_chance(transcript: Transcript) -> str:
    """The same of a run of pydantic-ai: what else its last tools did, when one of them ended it, is a matter of threads."""
    text = _text_of(transcript)
    if transcript.error is None:
        return text
    before, tools, last = text.rpartition("\ntools\n")
    last = re.sub(r"^  \S+ +(?:returned|retry) .*\n", "", last, flags=re.MULTILINE)
    return before + tools + re.sub(r"^(usage .*), \d+ tool calls?\b", r"\1", last, flags=re.MULTILINE)


class _Run:
    """One script and the runs it drives."""

    def __init__(
        self,
        agent: Any,
        script: Script,
        prompt: str,
        allowed: tuple[type[BaseException], ...],
        fresh: Callable[[], Mapping[str, Any]] | None,
        run_kwargs: Mapping[str, Any],
        patience: float,
    ) -> None:
        self.agent = agent
        self.script = script
        self.prompt = prompt
        self.allowed = allowed
        self.fresh = fresh
        self.run_kwargs = run_kwargs
        self.patience = patience

    def how_far(self) -> str:
        """Which reply of the script was being acted on."""
        asked = len(WatchedModel.latest.requests) if WatchedModel.latest is not None else 0
        return f"while reply {asked} of the script was acted on" if asked else "before the model was asked"

    def capture(self, driver: Driver) -> Transcript:
        """One whole run; its transcript."""
        transcript, model = blocking(lambda: self._captured(driver), self.patience)
        error = transcript.error
        if error is not None and (
            isinstance(error, ScriptExhausted) or not isinstance(error, (*self.allowed, *outcome_errors()))
        ):
            raise error
        if model.open_streams:
            raise InvariantViolation("streams_are_closed", f"{model.open_streams} streams of the model stayed open")
        return transcript

    def one_by_one(self) -> Transcript | None:
        """A run whose calls are made one after the other; None for agents that cannot be told so."""
        mode: Any = getattr(self.agent, "parallel_tool_call_execution_mode", None)
        if mode is None:
            return None
        with mode("sequential"):
            return self.capture("events")

    def leaves(self) -> None:
        """Runs whose events are read up to the first, the second, and so on: each must leave nothing behind."""
        for take in range(1, _LEAVES_MAX + 1):
            if not blocking(functools.partial(self._left, take), self.patience):
                return

    def cancels(self) -> None:
        """Runs whose task is cancelled: each must end at once, and leave nothing behind."""
        for turns in _CANCELS:
            if not blocking(functools.partial(self._cancelled, turns), self.patience):
                return

    async def _captured(self, driver: Driver) -> tuple[Transcript, WatchedModel]:
        model = WatchedModel(self.script)
        how = cast("Literal['events', 'stream', 'run']", driver)
        run = capture_run(self.agent, self.prompt, how=how, model=for_agent(self.agent, model), **self._kwargs())
        with threads_in_turn():
            transcript = await _within_a_day(run)
        await _expect_no_tasks("after the run")
        return transcript, model

    async def _left(self, take: int) -> bool:
        """Whether the run had so many events."""
        model = WatchedModel(self.script)
        left = await _within_a_day(self._read(model, take))
        await _settle(model)
        self._expect_nothing(model, f"after the run was left at event {take}")
        await _expect_no_tasks(f"after the run was left at event {take}")
        return left

    async def _read(self, model: WatchedModel, take: int | None = None) -> bool:
        """Read the events of a run, `take` of them at most; whether some were left."""
        events = self.agent.run_stream_events(self.prompt, model=for_agent(self.agent, model), **self._kwargs())
        number = 0
        try:
            if hasattr(events, "__aenter__"):
                events = await events.__aenter__()
            async for _ in events:
                number += 1
                if number == take:
                    return True
        except (*outcome_errors(), *self.allowed):
            pass
        except Exception as error:
            if not self._is_theirs(error):
                raise
        finally:
            try:
                await cast("AsyncGenerator[Any]", events).aclose()
            except Exception as error:
                if not self._is_theirs(error):
                    raise
        return False

    def _is_theirs(self, error: Exception) -> bool:
        """Whether this is pydantic-ai's own trouble with its channels when a run is left, no doing of its agent."""
        return is_pydantic_ai(self.agent) and type(error).__module__.partition(".")[0] == "anyio"

    async def _cancelled(self, turns: int) -> bool:
        """Whether the run took so many turns."""
        model = WatchedModel(self.script)
        when = f"after the run was cancelled ({turns} turns of the loop after its beginning)"
        task = asyncio.ensure_future(self._read(model))
        for _ in range(turns):
            await asyncio.sleep(0)
            if task.done():
                await task
                return False
        helpers = [one for one in asyncio.all_tasks() if one not in (task, asyncio.current_task())]
        task.cancel()
        for _ in range(100):
            await asyncio.sleep(0)
            if task.done():
                break
        else:
            await asyncio.wait({task}, timeout=_PATIENCE)
        await _expect_ended(task, when)
        swallowed = [one for one in helpers if one.cancelling() and one.done() and not one.cancelled()]
        for one in swallowed:
            if one.exception() is None:
                raise InvariantViolation(
                    "a_cancellation_is_not_swallowed", f"{one.get_coro()!r} went on to its end {when}"
                )
        await _settle(model)
        self._expect_nothing(model, when)
        await _expect_no_tasks(when)
        return True

    def _expect_nothing(self, model: WatchedModel, when: str) -> None:
        if model.open_streams and not is_pydantic_ai(
            self.agent
        ):  # which closes it when its own task ends, or is collected
            raise InvariantViolation(
                "a_cancelled_run_leaves_nothing", f"{model.open_streams} streams of the model stayed open {when}"
            )

    def _kwargs(self) -> dict[str, Any]:
        return {**self.run_kwargs, **(self.fresh() if self.fresh is not None else {})}


async def _settle(model: WatchedModel) -> None:
    """Give what is being closed its time: some turns of the loop, then a second."""
    for turn in range(60):
        if not model.open_streams and not tasks_left():
            return
        await (asyncio.sleep(0) if turn < 50 else asyncio.sleep(0.1))


async def _within_a_day(run: Coroutine[Any, Any, _T]) -> _T:
    """Where all wait for ever, time jumps to the end of the day."""
    limit = asyncio.timeout(_DAY)
    try:
        async with limit:
            return await run
    except TimeoutError:
        if not limit.expired():
            raise
        raise InvariantViolation(
            "every_run_ends", "the run was still waiting after a day; whatever it waits for does not come"
        ) from None


async def _expect_ended(task: asyncio.Task[Any], when: str) -> None:
    if not task.done():
        for _ in range(20):  # for the sake of the loop; whoever swallows one cancellation may swallow several
            task.cancel()
            await asyncio.wait({task}, timeout=1)
        raise InvariantViolation("a_cancelled_run_ends", f"the run was still going a minute {when}")
    if not task.cancelled():
        error = task.exception()
        if error is None:
            raise InvariantViolation(
                "a_cancellation_is_not_swallowed", f"the run went on to its end {when}: something caught CancelledError"
            )
        raise error


async def _expect_no_tasks(when: str) -> None:
    for _ in range(3):  # a task that is done with its work needs a turn to end
        await asyncio.sleep(0)
    left = tasks_left()
    if left:
        names = ", ".join(repr(task.get_coro()) for task in left)
        raise InvariantViolation("no_task_is_left", f"{len(left)} tasks are still running {when}: {names}")
