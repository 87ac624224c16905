"""`playhead show`: a cassette as a transcript, or frame by frame."""

from __future__ import annotations

from typing import Any

import click

from playhead.cassette import Interaction, Scrubber, read_file
from playhead.chunks import cut, frame_cuts
from playhead.cli._terminal import page, print_json, tint
from playhead.traffic import read_transcript

__all__ = ["command"]


@click.command("show", short_help="Show a cassette as a transcript.")
@click.argument("cassette", type=click.Path(exists=True, dir_okay=False))
@click.option("--raw", is_flag=True, help="The bytes as they arrived, chunk by chunk, instead of the transcript.")
@click.option("--timing", is_flag=True, help="With the time of each chunk, in milliseconds after the request.")
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON document.")
def command(cassette: str, raw: bool, timing: bool, as_json: bool) -> int:
    """Show what a recording holds: requests, text, tool calls, usage, in the order in which they came.

    Reads cassettes of Playhead, VCR.py, pytest-recording, pydantic-ai and cassetter. `|` shows where one chunk ended and
    the next began. Secrets that an old recording holds are masked in what is shown.

    \b
    playhead show cassettes/test_app/test_haiku.yaml
    playhead show --timing cassettes/test_app/test_haiku.yaml
    playhead show --raw cassettes/test_app/test_haiku.yaml | less
    playhead show --json cassettes/test_app/test_haiku.yaml | jq .interactions[0].chunks
    """
    scrubber = Scrubber()
    interactions = [scrubber.scrub_interaction(interaction) for interaction in read_file(cassette).interactions]
    if as_json:
        print_json({"path": cassette, "interactions": [_facts(interaction) for interaction in interactions]})
    elif raw:
        page("\n".join(line for number, item in enumerate(interactions) for line in _raw(number, item, timing)))
    else:
        text = read_transcript(interactions).render(times=timing)
        page(tint(text) if text.strip() else f"{cassette} holds no interactions.")
    return 0


def _raw(number: int, interaction: Interaction, timing: bool) -> list[str]:
    request, response = interaction.request, interaction.response
    lines = [click.style(f"interaction {number + 1}  {request.method} {request.uri} -> {response.status}", bold=True)]
    if request.body:
        lines.append(f"  request   {_readable(request.body, 400)}")
    times: list[Any] = response.at_ms or [None] * len(response.chunks)
    for index, (chunk, at_ms) in enumerate(zip(response.chunks, times, strict=True)):
        when = f" at {at_ms} ms" if timing and at_ms is not None else ""
        lines.append(click.style(f"  chunk {index + 1}, {len(chunk)} bytes{when}", fg="cyan"))
        lines += [f"    {_readable(frame, 4_000)}" for frame in cut(chunk, frame_cuts(chunk))]
    if response.end != "complete":
        lines.append(click.style(f"  ended: {response.end}", fg="yellow"))
    return [*lines, ""]


def _readable(data: bytes, most: int) -> str:
    text = repr(data)[2:-1] if not _is_text(data) else data.decode().replace("\r", "\\r").replace("\n", "\\n")
    return text if len(text) <= most else f"{text[:most]}... ({len(data)} bytes)"


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _facts(interaction: Interaction) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    return {
        "method": request.method,
        "uri": request.uri,
        "request_bytes": len(request.body or b""),
        "status": response.status,
        "bytes": len(response.body),
        "chunks": [len(chunk) for chunk in response.chunks],
        "at_ms": list(response.at_ms),
        "end": response.end,
        "recorded_at": response.stream.recorded_at if response.stream else None,
        "transcript": str(read_transcript([interaction])),
    }
