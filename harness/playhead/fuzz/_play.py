"""What every way to drive an agent shares: a watched model, a loop whose time jumps, and how a script is shown and kept."""

from __future__ import annotations

import asyncio
import base64
import sys
import zlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from hypothesis import Phase

from playhead._deterministic import deterministic
from playhead.exceptions import AgentRunError, PlayheadError, UserError
from playhead.fuzz._keep import failures_folder, test_name
from playhead.fuzz._loop import LoopRunner
from playhead.fuzz._stuck import Stuck, bounded
from playhead.models import Script, ScriptedModel, StreamedResponse, dump_script, load_script, parse_script
from playhead.virtual import virtual_time

__all__ = [
    "BLOB",
    "PATIENCE",
    "PHASES",
    "RunAborted",
    "WatchedModel",
    "blocking",
    "for_agent",
    "is_pydantic_ai",
    "notes_of",
    "outcome_errors",
    "save",
    "script_of",
    "tasks_left",
]

_Result = TypeVar("_Result")

# Without `explain`: which lines of this room ran says nothing about the agent.
PHASES = [phase for phase in Phase if phase is not Phase.explain]


class RunAborted(AssertionError):
    """A run ended with what is no `Exception`: a cancellation that nobody asked for, a request without a recording.

    Such things pass through Hypothesis unshrunk; so they are raised as this, from the original.
    """


PATIENCE = 10.0
"""Real seconds that a run may take: time that is waited for on the loop takes none, so only what blocks comes near."""


def blocking(coroutine: Callable[[], Coroutine[Any, Any, _Result]], patience: float = PATIENCE) -> _Result:
    """Run to the end, with the same ids and times each time, on a loop whose time jumps. `Stuck` where something blocks."""
    with bounded(patience), deterministic(), virtual_time(), LoopRunner() as loop:
        try:
            return loop.run(coroutine())
        except Stuck:
            raise
        except (Exception, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            if type(error).__module__.partition(".")[0] in ("_pytest", "hypothesis"):
                raise
            raise RunAborted(f"the run ended with {error!r}") from error


def is_pydantic_ai(agent: Any) -> bool:
    """Whether an agent is pydantic-ai's, or of a class made from one."""
    return any(kind.__module__.partition(".")[0] == "pydantic_ai" for kind in type(agent).__mro__)


def for_agent(agent: Any, model: ScriptedModel) -> Any:
    """The model as the agent takes it."""
    if not is_pydantic_ai(agent):
        return model
    from playhead.integrations.pydantic_ai import as_model

    return as_model(model)


def tasks_left() -> list[asyncio.Task[Any]]:
    """Tasks that somebody began and nobody waits for. Those that pydantic-ai itself leaves when a run is cancelled are
    no doing of its agent."""
    return [
        task
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task()
        and "pydantic_ai" not in str(getattr(getattr(task.get_coro(), "cr_code", None), "co_filename", ""))
    ]


def outcome_errors() -> tuple[type[BaseException], ...]:
    """Errors that are outcomes of a run: those of Playhead's runtime, and of pydantic-ai's where it is in use."""
    theirs = sys.modules.get("pydantic_ai.exceptions")
    return (AgentRunError, theirs.AgentRunError) if theirs is not None else (AgentRunError,)


class WatchedModel(ScriptedModel):
    """A scripted model that counts the streams it has open."""

    latest: ClassVar[WatchedModel | None] = None
    """The one of the run that is going on: whoever finds it stuck asks it how far it came."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        WatchedModel.latest = self
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


def script_of(case: str | PathLike[str] | Script) -> Script:
    if isinstance(case, Script):
        return case
    text = fspath(case)
    if isinstance(case, str) and case.startswith(BLOB):
        try:
            source = zlib.decompress(base64.urlsafe_b64decode(case.removeprefix(BLOB))).decode()
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


BLOB = "playhead:"


def notes_of(script: Script, again: str = "playhead.fuzz.replay(agent, {})") -> list[str]:
    source = dump_script(script)
    blob = BLOB + base64.urlsafe_b64encode(zlib.compress(source.encode(), 9)).decode()
    return [
        f"The script, in Python:\n{_as_python(script)}",
        f"The script, in YAML:\n{source.rstrip()}",
        f"Run it again: {again.format(repr(blob))}",
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
    if isinstance(body, list) and name != "interleave":  # text, refusal, thinking that is nothing but its pieces
        pieces = cast("list[Any]", body)
        return f"{name}({', '.join(map(repr, pieces))})"
    if name == "interleave":
        return f"interleave({', '.join(map(_python_step, cast('list[Any]', body)))})"
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


def save(script: Script) -> list[str]:
    """Keep the failure as a script and as a cassette, in the folder that `pytest --playhead-save-failures` names.

    Shrinking comes here again and again; the last one, which stays, is the smallest.
    """
    folder = failures_folder()
    if folder is None:
        return []
    from playhead.traffic import write_cassette

    name = test_name()
    kept = folder / f"{name}.script.yaml"
    source = dump_script(script)
    kept.write_text(source, "utf-8")
    cassette = folder / f"{name}.fuzz.yaml"
    try:
        write_cassette(script, cassette, dialect="anthropic-messages" if "thinking:" in source else "openai-chat")
    except PlayheadError:  # what no provider could send stays a script
        return [f"Kept as {kept}"]
    return [f"Kept as {kept} and, as a cassette, {cassette}"]
