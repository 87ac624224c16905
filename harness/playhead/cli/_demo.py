"""`playhead demo`: everything once, in five seconds, without a provider and without extras.

An agent asks a small provider on 127.0.0.1 over real HTTP while a cassette records it; then the provider is gone and the
recording is played twice, once as it was and once cut in all the places that hurt. All three runs must agree.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from playhead import clock
from playhead.cassette import read_file, use_cassette
from playhead.context import RunContext
from playhead.messages import (
    AgentStreamEvent,
    FinalResultEvent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
)
from playhead.models import HttpModel, ScriptedModel
from playhead.runtime import Agent
from playhead.script import call, text, thinking, usage, wait
from playhead.server import Provider, RunningProvider
from playhead.transcript import Transcript, capture_runs, first_difference

__all__ = ["command"]

PROMPT = "What should I wear in Zürich today?"
_PAUSE_SECONDS = 0.03


class Advice(BaseModel):
    """What to wear."""

    city: str
    summary: str
    layers: list[str]


agent: Agent[None, Advice] = Agent(
    output_type=Advice, instructions="Look at the weather before you answer.", name="weather"
)


@agent.tool_plain
def get_weather(city: str) -> dict[str, Any]:
    """The weather in a city.

    Args:
        city: The city's name.
    """
    return {"city": city, "sky": "light rain", "celsius": 11}


def script() -> ScriptedModel:
    """What the provider answers, with a short pause after each piece, so that one sees it stream."""
    pause = wait(_PAUSE_SECONDS)
    cuts = ['{"city": "Z\\u00', 'fcrich", "summary": "Light rain and 11 °', "C: dress for a damp walk. \\u26", "14"]
    rest = ['", "layers": ["wool', ' jumper", "rain', ' jacket"]}']
    return ScriptedModel(
        [
            thinking("The user asks", " about Zürich;", " I need the weather."),
            pause,
            text("Let me look", " outside…"),
            pause,
            call("get_weather", ['{"ci', 'ty": "Z', 'ürich"}']),
            usage(input_tokens=62, output_tokens=31),
        ],
        [pause, call("final_result", [*cuts, *rest]), usage(input_tokens=118, output_tokens=44)],
        model_name="demo-model",
    )


@click.command("demo", short_help="Record an agent over real HTTP, replay it twice, compare.")
@click.option(
    "--cassette",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to keep the recording. Without it, it goes to a temporary folder.",
)
def command(cassette: Path | None) -> int:
    """See all of it in five seconds: no key, no network, no extras.

    A weather agent runs against a small provider on this machine, over real HTTP, and is recorded while it streams. Then
    the provider is stopped and the recording is replayed: as it was, and cut in all the places that hurt.
    Exit status 1 and a diff if the three runs do not agree.

    \b
    playhead demo
    playhead demo --cassette weather.yaml
    """
    started = clock.monotonic()
    path = cassette or Path(tempfile.mkdtemp(prefix="playhead-demo-")) / "weather.yaml"
    with RunningProvider(Provider(script())) as provider:
        _title(f"1. Recording: an agent asks {provider.openai_url} over HTTP")
        recorded = _run(provider.openai_url, path, live=True, record_mode="all")
        url = provider.openai_url
    click.echo("\nThe provider is stopped; from here on nothing can answer but the cassette.\n")
    _title("2. Replaying it as it was")
    replayed = _run(url, path)
    _title("3. Replaying it cut in all the places that hurt (inside characters, escapes, frames)")
    hostile = _run(url, path, rechunk="hostile")

    _title("The run, as a snapshot test would keep it")
    click.echo(str(recorded.transcript))
    _title(f"The recording: {path}")
    _show_file(path)
    _title("Result")
    agree = True
    for name, run in (("2 (as recorded)", replayed), ("3 (hostile cuts)", hostile)):
        if str(run.transcript) != str(recorded.transcript):
            agree = False
            click.secho(f"Run {name} differs from the recorded run:", fg="red", err=True)
            click.echo(first_difference(str(recorded.transcript), str(run.transcript)), err=True)
    if not agree:
        return 1
    click.secho(
        "All three runs agree: the same deltas, partial outputs, tool calls, answer and usage "
        f"({recorded.chunks}, {replayed.chunks} and {hostile.chunks} chunks).",
        fg="green",
    )
    seconds = clock.monotonic() - started
    click.echo(f"Took {seconds:.1f} s. Next: the README's first test, on an agent of your own.")
    return 0


@dataclass
class _Run:
    transcript: Transcript
    chunks: int


def _run(url: str, path: Path, *, live: bool = False, **options: Any) -> _Run:
    """One run of the agent under the cassette; `live` prints its pieces as they arrive."""

    async def run() -> Transcript:
        with capture_runs(agent) as runs:
            handler = _print_events if live else None
            async with agent.run_stream(PROMPT, model=_model(url), event_stream_handler=handler) as result:
                async for partial in result.stream_output(debounce_by=None):
                    if live:
                        _print_line("output so far", f"{partial.layers}")
        return runs[0]

    with use_cassette(str(path), **options) as cassette:
        transcript = asyncio.run(run())
        chunks = sum(len(interaction.response.chunks) for interaction in cassette.interactions)
        if "rechunk" in options:
            from playhead.chunks import rechunk

            bodies = [interaction.response.body for interaction in cassette.interactions]
            chunks = sum(len(rechunk([body], [], options["rechunk"])[0]) for body in bodies)
    if not live:
        click.echo(
            f"   {chunks} chunks, {len(transcript.text_deltas)} text deltas, {len(transcript.partial_outputs)} partial outputs, "
            f"{transcript.usage.output_tokens} output tokens\n"
        )
    return _Run(transcript, chunks)


def _model(url: str) -> HttpModel:
    return HttpModel("openai-chat", "demo-model", base_url=url, api_key="sk-demo-0000000000000000000000000000")


async def _print_events(ctx: RunContext[None], events: AsyncIterable[AgentStreamEvent]) -> None:
    """The live view: each piece as it arrives, `|` where one ended and the next began."""
    async for event in events:
        match event:
            case PartStartEvent(part=part):
                kind = getattr(part, "tool_name", part.part_kind)
                _print_label(kind)
                click.echo(getattr(part, "content", None) or getattr(part, "args", None) or "", nl=False)
            case PartDeltaEvent(delta=delta):
                piece = getattr(delta, "content_delta", None) or getattr(delta, "args_delta", None) or ""
                click.secho("|", dim=True, nl=False)
                click.echo(piece, nl=False)
            case PartEndEvent():
                click.echo()
            case FunctionToolCallEvent(part=part):
                _print_line("calling", f"{part.tool_name}({part.args_as_json_str()})")
            case FunctionToolResultEvent(result=result):
                _print_line("returned", f"{result.content}")
            case FinalResultEvent():
                click.echo("(the structured answer begins)")
            case _:
                pass


def _print_label(label: str) -> None:
    click.secho(f"   {label:<14}", fg="cyan", nl=False)


def _print_line(label: str, text: str) -> None:
    _print_label(label)
    click.echo(text)


def _show_file(path: Path) -> None:
    file = read_file(str(path))
    for interaction in file.interactions:
        response, request = interaction.response, interaction.request
        times = response.at_ms
        click.echo(f"   {request.method} {request.uri} -> {response.status}")
        click.echo(f"   {len(response.body)} bytes in {len(response.chunks)} chunks of {_sizes(response.chunks)} bytes")
        click.echo(f"   arrived after {', '.join(str(ms) for ms in times[:6])}{', ...' if len(times) > 6 else ''} ms")
        click.echo(f"   authorization: {request.header('authorization')}")


def _sizes(chunks: list[bytes]) -> str:
    sizes = [str(len(chunk)) for chunk in chunks]
    return ", ".join(sizes[:8]) + (", ..." if len(sizes) > 8 else "")


def _title(words: str) -> None:
    click.secho(words, bold=True)
