"""`@fuzz.agent`: an agent driven through every way to run, by whatever a model might answer, until something does not hold.

For each drawn script the agent runs whole, streamed and event by event, with the same ids and times each time, on a loop
whose time jumps. Each run's transcript is checked against the invariants; streamed and whole runs must agree; a run that
is left early must leave no task behind and no model stream open. A failure is shrunk by Hypothesis and shown as a script.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import inspect
import os
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from hypothesis import HealthCheck, Phase, given, settings

from playhead._deterministic import deterministic
from playhead.exceptions import AgentRunError, ScriptExhausted, UserError
from playhead.fuzz._explain import first_difference as explain_difference
from playhead.fuzz._invariants import Invariant, InvariantViolation, check
from playhead.fuzz._loop import LoopRunner
from playhead.fuzz._scripts import Arguments, scripts
from playhead.models import Script, ScriptedModel, StreamedResponse, dump_script, load_script, parse_script
from playhead.transcript import Transcript, capture_run, first_difference
from playhead.virtual import virtual_time

__all__ = ["DRIVERS", "Driver", "agent", "replay", "run_script"]

Driver: TypeAlias = Literal["events", "stream", "run", "cancel"]
DRIVERS: tuple[Driver, ...] = ("events", "stream", "run", "cancel")
"""The ways an agent is driven: node by node with events, by `run_stream`, whole, and left early after each event."""

# Without `explain`: which lines of this room ran says nothing about the agent.
_PHASES = [phase for phase in Phase if phase is not Phase.explain]
_PROMPT = "Go on."
_CANCELS_MAX = 6


def agent(
    agent: Any,
    *,
    prompt: str = _PROMPT,
    drivers: Sequence[Driver] = DRIVERS,
    arguments: Sequence[Arguments] = ("valid", "nearly", "hostile"),
    invariants: Sequence[Invariant] | None = None,
    allowed: tuple[type[BaseException], ...] = (),
    max_examples: int | None = None,
    **run_kwargs: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a test of `agent`: it is driven by drawn scripts, and the decorated function judges each run.

    The function takes the run's `Transcript` as its first parameter (or nothing at all); further parameters are the
    test's fixtures. It is called for each run that is not cancelled. Errors of the run itself (`AgentRunError` and its
    subclasses: retries that are used up, limits) are outcomes; any other, such as an exception of a tool, fails the
    test unless its class is among `allowed`. `arguments` says what is drawn for calls, `invariants` defaults to all,
    `max_examples` to the Hypothesis profile's, `run_kwargs` (`deps`, `usage_limits`, ...) go to the agent.
    """

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        parameters = list(inspect.signature(test).parameters.values())
        takes_run = bool(parameters)
        first = parameters[0].name if takes_run else "run"

        def judge(run: Transcript, fixtures: Mapping[str, Any]) -> None:
            result = test(run, **fixtures) if takes_run else test(**fixtures)
            if inspect.isawaitable(result):
                raise UserError(f"{test.__name__} must be a plain function: it judges a run that is over.")

        @functools.wraps(test)
        def body(**drawn: Any) -> None:
            script = drawn.pop(first)
            run_script(
                agent,
                script,
                prompt=prompt,
                drivers=drivers,
                invariants=invariants,
                allowed=allowed,
                judge=lambda run: judge(run, drawn),
                **run_kwargs,
            )

        shown = [inspect.Parameter(first, inspect.Parameter.KEYWORD_ONLY)]
        shown += [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters[1:]]
        cast("Any", body).__signature__ = inspect.Signature(shown)
        del cast("Any", body).__wrapped__
        wrapped = given(**{first: scripts(agent, arguments=arguments, **run_kwargs)})(body)
        options: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": _PHASES}
        if max_examples is not None:
            options["max_examples"] = max_examples
        return settings(**options)(wrapped)

    return decorate


def run_script(
    agent: Any,
    script: Script,
    *,
    prompt: str = _PROMPT,
    drivers: Sequence[Driver] = DRIVERS,
    invariants: Sequence[Invariant] | None = None,
    allowed: tuple[type[BaseException], ...] = (),
    judge: Callable[[Transcript], None] | None = None,
    **run_kwargs: Any,
) -> None:
    """Drive `agent` by one script in all the ways of `drivers`, and check everything that `@fuzz.agent` checks.

    Raises what does not hold, with the script in Python and YAML and the call that replays it.
    """
    run = _Run(agent, script, prompt, allowed, run_kwargs)
    try:
        found: dict[str, Transcript] = {}
        for driver in drivers:
            if driver == "cancel":
                run.cancels()
                continue
            transcript = found[driver] = run.capture(driver)
            check(transcript, invariants)
            if judge is not None:
                judge(transcript)
        if "events" in found and "run" in found:
            _expect_agreement(found["events"], found["run"])
        if "events" in found:
            again = run.capture("events")
            if str(again) != str(found["events"]):
                raise InvariantViolation(
                    "the_same_script_gives_the_same_run",
                    "\n".join(first_difference(str(found["events"]), str(again))),
                )
    except Exception as error:
        for note in _notes(script):
            error.add_note(note)
        _save(agent, script, prompt, run_kwargs)
        raise


def replay(agent: Any, case: str | PathLike[str] | Script, **options: Any) -> None:
    """Run a saved failure again: the text that a failure printed, the path of a script or a cassette, or a `Script`.

    `options` are those of `run_script`. Raises what does not hold, as before.
    """
    run_script(agent, _script_of(case), **options)


def _script_of(case: str | PathLike[str] | Script) -> Script:
    if isinstance(case, Script):
        return case
    text = fspath(case)
    if isinstance(case, str) and case.startswith(_BLOB):
        try:
            source = zlib.decompress(base64.urlsafe_b64decode(case.removeprefix(_BLOB))).decode()
        except (ValueError, zlib.error) as error:
            raise UserError(f"This is not a case that a failure printed: {error}. Copy the whole of it.") from None
        return parse_script(source, name="the case")
    if not Path(text).is_file():
        raise UserError(f"{text!r} is neither a file nor a case that a failure printed.")
    head = Path(text).read_text("utf-8", errors="replace")[:4_000]
    if "interactions:" in head:
        from playhead.traffic import read_script

        return read_script(text)
    return load_script(text)


_BLOB = "playhead:"


def _notes(script: Script) -> list[str]:
    source = dump_script(script)
    blob = _BLOB + base64.urlsafe_b64encode(zlib.compress(source.encode(), 9)).decode()
    return [
        f"The script, in Python:\n{_as_python(script)}",
        f"The script, in YAML:\n{source.rstrip()}",
        f"Run it again: playhead.fuzz.replay(agent, {blob!r})",
    ]


def _as_python(script: Script) -> str:
    lines = [f"    {_python(response)}," for response in cast("list[Any]", script.model_dump()["responses"])]
    return "\n".join(["ScriptedModel(", *lines, ")"])


def _python(value: Any) -> str:
    """A dumped response in the words of `playhead.script`."""
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_python_step(step) for step in cast('list[Any]', value))}]"
    options = {key: item for key, item in value.items() if key != "steps"}
    arguments = [_python_step(step) for step in value["steps"]]
    return f"response({', '.join([*arguments, *(f'{key}={item!r}' for key, item in options.items())])})"


def _python_step(step: dict[str, Any]) -> str:
    (name, body), *_ = step.items()
    if name in ("text", "refusal"):
        return f"{name}({', '.join(map(repr, body))})"
    if name == "interleave":
        return f"interleave({', '.join(map(_python_step, body))})"
    if not isinstance(body, dict):
        return f"{name}({body!r})"
    fields = dict(cast("dict[str, Any]", body))
    first = {"thinking": "chunks", "call": "name", "output": "value", "builtin_call": "name", "builtin_return": "name"}
    arguments: list[str] = []
    if name in first:
        head = fields.pop(first[name], [])
        arguments = list(map(repr, head)) if name == "thinking" else [repr(head)]
    if name == "call" and "args" in fields:
        arguments.append(repr(fields.pop("args")))
    return f"{name}({', '.join([*arguments, *(f'{key}={value!r}' for key, value in fields.items())])})"


def _save(agent: Any, script: Script, prompt: str, run_kwargs: Mapping[str, Any]) -> None:
    """Keep the failure as a script in the folder that `pytest --playhead-save-failures` names."""
    folder = os.environ.get("PLAYHEAD_SAVE_FAILURES")
    if not folder:
        return
    test = os.environ.get("PYTEST_CURRENT_TEST", "fuzz").split(" ")[0]
    name = "".join(character if character.isalnum() else "_" for character in test)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    # Shrinking comes here again and again; the last one, which stays, is the smallest.
    (target / f"{name}.script.yaml").write_text(dump_script(script), "utf-8")


def _expect_agreement(streamed: Transcript, whole: Transcript) -> None:
    """A whole run has no events, but the same answer, error and messages as a streamed one."""
    for name, one, other in (
        ("output", streamed.output, whole.output),
        ("error", type(streamed.error).__name__, type(whole.error).__name__),
        ("messages", _said(streamed), _said(whole)),
    ):
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


class _Run:
    """One script and the runs it drives."""

    def __init__(
        self,
        agent: Any,
        script: Script,
        prompt: str,
        allowed: tuple[type[BaseException], ...],
        run_kwargs: Mapping[str, Any],
    ) -> None:
        self.agent = agent
        self.script = script
        self.prompt = prompt
        self.allowed = allowed
        self.run_kwargs = run_kwargs

    def capture(self, driver: Driver) -> Transcript:
        """One whole run; its transcript."""
        transcript, model = self._blocking(self._captured(driver))
        if isinstance(transcript.error, ScriptExhausted):
            raise transcript.error
        if transcript.error is not None and not isinstance(transcript.error, (*self.allowed, *_outcomes())):
            raise transcript.error
        if model.open_streams:
            raise InvariantViolation("streams_are_closed", f"{model.open_streams} streams of the model stayed open")
        return transcript

    def cancels(self) -> None:
        """Runs that are left after one event, two, and so on: each must leave nothing behind."""
        for take in range(1, _CANCELS_MAX + 1):
            if not self._blocking(self._cancelled(take)):
                return

    async def _captured(self, driver: Driver) -> tuple[Transcript, _WatchedModel]:
        model = _WatchedModel(self.script)
        how = cast("Literal['events', 'stream', 'run']", driver)
        transcript = await capture_run(self.agent, self.prompt, how=how, model=self._model(model), **self.run_kwargs)
        await _expect_no_tasks("after the run")
        return transcript, model

    async def _cancelled(self, take: int) -> bool:
        """Whether the run had so many events."""
        model = _WatchedModel(self.script)
        left = False
        events = self.agent.run_stream_events(self.prompt, model=self._model(model), **self.run_kwargs)
        try:
            if hasattr(events, "__aenter__"):
                events = await events.__aenter__()
            number = 0
            async for _ in events:
                number += 1
                if number >= take:
                    left = True
                    break
        except (*_outcomes(), *self.allowed):
            pass
        finally:
            await events.aclose()
        await _expect_no_tasks(f"after the run was left at event {take}")
        if model.open_streams:
            raise InvariantViolation(
                "a_cancelled_run_leaves_nothing",
                f"{model.open_streams} streams of the model stayed open after the run was left at event {take}",
            )
        return left

    def _model(self, model: ScriptedModel) -> Any:
        if type(self.agent).__module__.partition(".")[0] != "pydantic_ai":
            return model
        from playhead.integrations.pydantic_ai import as_model

        return as_model(model)

    def _blocking(self, coroutine: Any) -> Any:
        with deterministic(), virtual_time(), LoopRunner() as loop:
            return loop.run(coroutine)


class _WatchedModel(ScriptedModel):
    """A scripted model that counts the streams it has open."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.open_streams = 0
        # The last response is valid; whoever asks on gets it again, until the agent's own limits end the run.
        if self.script.responses:
            self.script.responses[-1] = self.script.responses[-1].model_copy(update={"times": "any"})

    @asynccontextmanager
    async def request_stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[StreamedResponse]:
        self.open_streams += 1
        try:
            async with super().request_stream(*args, **kwargs) as reply:
                yield reply
        finally:
            self.open_streams -= 1


def _outcomes() -> tuple[type[BaseException], ...]:
    """Errors that are outcomes of a run: those of Playhead's runtime, and of pydantic-ai's where it is in use."""
    import sys

    theirs = sys.modules.get("pydantic_ai.exceptions")
    return (AgentRunError, theirs.AgentRunError) if theirs is not None else (AgentRunError,)


async def _expect_no_tasks(when: str) -> None:
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    if left:
        names = ", ".join(repr(task.get_coro()) for task in left)
        raise InvariantViolation("no_task_is_left", f"{len(left)} tasks are still running {when}: {names}")
