"""A stateful machine: a run is read, left, cancelled and looked at in any order, against a model of what must hold.

The model is small: what a stream has shown only grows; whoever looks at it takes nothing from whoever reads it; after the
end it says what a run that nobody disturbed says; after leaving, nothing is left behind. Each machine plays one drawn
script, with or without a fault. On a loop whose time jumps, so that tools complete in the order of their sleeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from playhead._deterministic import deterministic
from playhead.fuzz._faults import FAULTS, Fault, faults
from playhead.fuzz._invariants import InvariantViolation, check
from playhead.fuzz._loop import LoopRunner
from playhead.fuzz._play import (
    PHASES,
    WatchedModel,
    for_agent,
    is_pydantic_ai,
    notes_of,
    outcome_errors,
    save,
    tasks_left,
)
from playhead.fuzz._scripts import scripts
from playhead.models import Script
from playhead.transcript import capture_run
from playhead.virtual import virtual_time

__all__ = ["machine"]

_TURNS = 200


def machine(agent: Any, *, prompt: str = "Go on.", max_examples: int | None = None, **run_kwargs: Any) -> type[Any]:
    """A test case (for `unittest` and pytest) in which runs of `agent` are interleaved with everything one may do to them.

    Assign it to a name that begins with `Test`. `max_examples` defaults to the Hypothesis profile's; `run_kwargs` go to
    the agent's runs.
    """
    drawn = scripts(agent, rounds=2, **run_kwargs)

    class StreamMachine(_StreamMachine):
        @initialize(script=drawn, fault=st.none() | faults(*FAULTS, places=8))
        def begin(self, script: Script, fault: Fault | None) -> None:
            """The script of this machine's runs."""
            self.prepare(agent, prompt, script if fault is None else fault.in_script(script), run_kwargs)

    StreamMachine.__name__ = StreamMachine.__qualname__ = "StreamMachine"
    case: Any = StreamMachine.TestCase
    options: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": PHASES}
    options |= {"stateful_step_count": 15, "report_multiple_bugs": False}
    if max_examples is not None:
        options["max_examples"] = max_examples
    case.settings = settings(**options)
    return cast("type[Any]", case)


class _StreamMachine(RuleBasedStateMachine):
    """The rules. Two runs at once at most, so that they can disturb each other."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(deterministic())
        self.stack.enter_context(virtual_time())
        self.loop = self.stack.enter_context(LoopRunner())
        self.runs: list[_OpenRun] = []
        self.script: Script | None = None

    def prepare(self, agent: Any, prompt: str, script: Script, run_kwargs: Mapping[str, Any]) -> None:
        """A run that nobody disturbs, for comparison."""
        self.agent, self.prompt, self.script, self.run_kwargs = agent, prompt, script, run_kwargs

        async def undisturbed() -> Any:
            model = for_agent(agent, WatchedModel(script))
            return await capture_run(agent, prompt, model=model, partials=False, **run_kwargs)

        self.whole = self.run(undisturbed())
        self.run(_checked(self.whole))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run on the machine's loop; a failure gets the script."""
        try:
            return self.loop.run(coroutine)
        except Exception as error:
            if self.script is not None and not isinstance(error, outcome_errors()):
                for note in (*notes_of(self.script), *save(self.script)):
                    error.add_note(note)
            raise

    @precondition(lambda self: len(self.runs) < 2)
    @rule()
    def open(self) -> None:
        """Begin a run."""
        model = WatchedModel(self.script or Script(responses=[]))
        self.runs.append(_OpenRun(model, strict=not is_pydantic_ai(self.agent)))
        self.run(self.runs[-1].open(self.agent, self.prompt, for_agent(self.agent, model), self.run_kwargs))

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1), count=st.sampled_from([1, 2, 5, 50]))
    def read(self, which: int, count: int) -> None:
        """Read some events of a run, if there are any."""
        one = self.runs[which % len(self.runs)]
        self.run(one.read(count))
        if one.ended:
            self.run(one.compare(self.whole))

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1), turns=st.integers(0, 9))
    def let_time_pass(self, which: int, turns: int) -> None:
        """Nobody reads; the loop goes round, tools complete."""
        self.run(_turn(turns))

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1))
    def leave(self, which: int) -> None:
        """Leave a run, wherever it is."""
        self.run(self.runs.pop(which % len(self.runs)).leave())
        self.run(self._nothing_left())

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1), turns=st.integers(0, 20))
    def cancel_while_reading(self, which: int, turns: int) -> None:
        """Cancel the task that reads a run."""
        self.run(self.runs.pop(which % len(self.runs)).cancel(turns))
        self.run(self._nothing_left())

    @rule(
        take=st.integers(0, 4), then=st.sampled_from(["get_output", "stream_text", "stream_output", "stream_responses"])
    )
    def stream(self, take: int, then: str) -> None:
        """`run_stream`, read in one way for a while, and then to its end in another."""
        self.run(self._stream(take, then))
        self.run(self._nothing_left())

    async def _stream(self, take: int, then: str) -> None:
        model = WatchedModel(self.script or Script(responses=[]))
        try:
            async with self.agent.run_stream(
                self.prompt, model=for_agent(self.agent, model), **self.run_kwargs
            ) as result:
                looked = await _looked(result, take)
                way: Any = getattr(result, then, None)
                if then != "get_output" and way is not None:
                    async for _ in way(debounce_by=None):
                        pass
                output = await result.get_output()
                if looked is not None:
                    await looked.aclose()
                if (
                    self.whole.has_output
                    and len(self.whole.requests) == len(model.requests)
                    and output != self.whole.output
                ):
                    raise InvariantViolation(
                        "streamed_and_whole_runs_agree", f"run_stream gave {output!r}, a run {self.whole.output!r}"
                    )
        except outcome_errors():
            pass
        except Exception as error:
            # `stream_text` is for text; which errors say so is the runtime's own affair.
            if then != "stream_text" or "stream_text" not in str(error):
                raise
        if model.open_streams:
            raise InvariantViolation("streams_are_closed", f"{model.open_streams} streams stayed open")

    async def _nothing_left(self) -> None:
        await _turn(50)
        if self.runs:
            return
        if left := tasks_left():
            raise InvariantViolation("no_task_is_left", ", ".join(repr(task.get_coro()) for task in left))

    def teardown(self) -> None:
        """Leave what is open."""
        try:
            while self.runs:
                self.run(self.runs.pop().leave())
            self.run(self._nothing_left())
        finally:
            self.stack.close()


class _OpenRun:
    """One run by its events, owned by a task of its own, which reads as many as it is told."""

    def __init__(self, model: WatchedModel, *, strict: bool) -> None:
        self.model = model
        self._strict = strict
        self.events: list[Any] = []
        self.error: BaseException | None = None
        self.ended = False
        self._wanted: asyncio.Queue[int] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()

    async def open(self, agent: Any, prompt: str, model: Any, run_kwargs: Mapping[str, Any]) -> None:
        self._task = asyncio.ensure_future(self._own(agent, prompt, model, run_kwargs))
        await _turn(1)

    async def _own(self, agent: Any, prompt: str, model: Any, run_kwargs: Mapping[str, Any]) -> None:
        events: Any = agent.run_stream_events(prompt, model=model, **run_kwargs)
        try:
            if hasattr(events, "__aenter__"):
                events = await events.__aenter__()
            while count := await self._wanted.get():
                for _ in range(count):
                    try:
                        self.events.append(await anext(events))
                    except StopAsyncIteration:
                        self.ended = True
                        return
                self._idle.set()
        except outcome_errors() as error:
            self.error, self.ended = error, True
        finally:
            self._idle.set()
            await events.aclose()

    async def read(self, count: int) -> None:
        """Read `count` events, or those that are left."""
        assert self._task is not None
        if self._task.done():
            return
        self._idle.clear()
        self._wanted.put_nowait(count)
        async with asyncio.timeout(86_400):
            await self._idle.wait()
            if self.ended:
                await self._task

    async def leave(self) -> None:
        """Stop reading, and close."""
        assert self._task is not None
        if not self._task.done():
            self._wanted.put_nowait(0)
        await self._task
        self._expect_closed()

    async def cancel(self, turns: int) -> None:
        """Cancel the reader, in the middle of it."""
        assert self._task is not None
        if not self._task.done():
            self._wanted.put_nowait(50)
        await _turn(turns)
        was_done = self._task.done()
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=60)
        if not self._task.done():
            raise InvariantViolation("a_cancelled_run_ends", "the run was still going a minute after it was cancelled")
        if not was_done and not self._task.cancelled() and self._task.exception() is None and not self.ended:
            raise InvariantViolation("a_cancellation_is_not_swallowed", "the reader went on to its end")
        self._expect_closed()

    async def compare(self, whole: Any) -> None:
        """A run that was read to its end says what one says that nobody disturbed."""
        if type(self.error) is not type(whole.error):
            raise InvariantViolation(
                "reading_disturbs_nothing",
                f"the run ended with {self.error!r}, an undisturbed one with {whole.error!r}",
            )
        result = getattr(self.events[-1], "result", None) if self.events else None
        if self.error is None and result is not None and result.output != whole.output:
            raise InvariantViolation(
                "reading_disturbs_nothing",
                f"the output is {result.output!r}, that of an undisturbed run {whole.output!r}",
            )

    def _expect_closed(self) -> None:
        if self.model.open_streams and self._strict:
            raise InvariantViolation("a_cancelled_run_leaves_nothing", f"{self.model.open_streams} streams stayed open")


async def _checked(transcript: Any) -> None:
    if transcript.error is not None and not isinstance(transcript.error, outcome_errors()):
        raise transcript.error
    check(transcript)


async def _looked(result: Any, count: int) -> Any:
    """Look at the first states of the reply; the generator, which is not closed: that would close the reply."""
    states = getattr(result, "stream_responses", None) or getattr(result, "stream_response", None)
    if not count or states is None:
        return None
    source = states(debounce_by=None)
    async for _ in source:
        count -= 1
        if not count:
            break
    return source


async def _turn(turns: int) -> None:
    for _ in range(min(turns, _TURNS)):
        await asyncio.sleep(0)
