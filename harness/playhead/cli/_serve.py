"""`playhead serve`: a fake provider for clients in any language, or a proxy that records and replays for them."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import AsyncExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any

import click

from playhead.exceptions import UserError
from playhead.models import Model, SchemaModel, ScriptedModel, load_script
from playhead.server import Handler, Provider, Proxy, ServerReply, ServerRequest, SmallServer, asgi_app
from playhead.traffic import read_script

__all__ = ["command"]


@click.command("serve", short_help="A fake provider from a script or cassette, or a recording proxy.")
@click.argument("source", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", "-p", default=8080, show_default=True, help="The port; 0 takes a free one.")
@click.option("--api-key", help="Let in only requests with this key.")
@click.option("--latency", default=0.0, metavar="SECONDS", help="Wait before each reply.")
@click.option("--pace", default=0.0, metavar="SECONDS", help="Wait between two chunks of a reply.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="A name in lists of models; may be repeated.")
@click.option("--repeat", is_flag=True, help="Begin again when the script is used up.")
@click.option(
    "--schema", is_flag=True, help="Without a script: answers that fit the tools and schemas of each request."
)
@click.option("--seed", default=0, show_default=True, help="For --schema: other seeds give other answers.")
@click.option("--record", is_flag=True, help="Pass requests on to --upstream and record them in SOURCE.")
@click.option("--replay", is_flag=True, help="Replay SOURCE byte for byte, to requests like the recorded ones.")
@click.option("--upstream", metavar="URL", help="For --record and --replay: the provider's address, without /v1.")
@click.option("--small", is_flag=True, help="Take the built-in server even where uvicorn is installed.")
@click.option("--quiet", "-q", is_flag=True, help="Do not print a line for each request.")
def command(source: Path | None, **options: Any) -> int:
    """Serve SOURCE, a script (YAML) or a cassette, to clients in any language.

    One port speaks OpenAI's Chat Completions and Responses, Anthropic's Messages and Google's Gemini API, streamed and
    whole, with lists of models and counts of tokens. Only the client's base URL changes.

    \b
    playhead serve weather.yaml                      a script
    playhead serve tests/cassettes/chat.yaml         what was recorded, in every dialect
    playhead serve --schema                          no script: valid calls and answers for any request
    playhead serve --record --upstream https://api.openai.com chat.yaml
    playhead serve --replay --upstream https://api.openai.com chat.yaml

    Exit status 0 when stopped (Ctrl-C), 2 if SOURCE cannot be read or the port is taken.
    """
    if options["record"] or options["replay"]:
        if source is None or not options["upstream"] or (options["record"] and options["replay"]):
            raise click.UsageError(
                "--record and --replay need SOURCE, a cassette, and --upstream URL; choose one of them"
            )
        if options["replay"] and not source.exists():
            raise click.UsageError(f"There is no cassette {source} to replay.")
        mode = "new_episodes" if options["record"] else "none"
        handler: Handler = Proxy(options["upstream"], source, record_mode=mode)
    else:
        model = _model(source, options)
        handler = Provider(
            model,
            models=options["models"],
            api_key=options["api_key"],
            latency=options["latency"],
            pace=options["pace"],
        )
    asyncio.run(_serve(handler, source, options))
    return 0


def _model(source: Path | None, options: dict[str, Any]) -> Model:
    if options["schema"]:
        return SchemaModel(seed=options["seed"])
    if source is None:
        raise click.UsageError("Name a script or a cassette to serve, or take --schema.")
    if not source.exists():
        raise UserError(f"There is no file {source}.")
    script = read_script(source) if is_cassette(source) else load_script(source)
    return ScriptedModel(script, repeat=options["repeat"])


def is_cassette(path: Path) -> bool:
    """Whether a YAML file holds recordings: it has `interactions` at its top level."""
    with path.open("rb") as file:
        return any(line.startswith((b"interactions:", b'{"interactions"', b"playhead:")) for line in file)


async def _serve(handler: Handler, source: Path | None, options: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for name in ("SIGINT", "SIGTERM"):
        with suppress(NotImplementedError, AttributeError):  # Windows knows neither
            loop.add_signal_handler(getattr(signal, name), stopped.set)
    listening = socket.create_server((options["host"], options["port"]), backlog=1024)
    port = listening.getsockname()[1]
    shown = handler if options["quiet"] else _Told(handler)
    async with AsyncExitStack() as stack:
        if isinstance(handler, Proxy):
            await stack.enter_async_context(handler)
        serving = await _start(shown, listening, options)
        _announce(handler, source, options["host"], port)
        try:
            await stopped.wait()
        finally:
            await serving()
    _sum_up(handler)


async def _start(handler: Handler, listening: socket.socket, options: dict[str, Any]) -> Any:
    """Starts uvicorn, or the small server where it is not installed; returns what stops it."""
    try:
        if options["small"]:
            raise ImportError
        import uvicorn
    except ImportError:
        small = SmallServer(handler, sock=listening)
        await small.start()
        return small.stop

    class Server(uvicorn.Server):
        def capture_signals(self) -> Any:
            return nullcontext()  # signals are ours: what was recorded is saved before the end

    app: Any = asgi_app(handler)
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = Server(config)
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.wait((task,), timeout=0.01)

    async def stop() -> None:
        server.should_exit = True
        await task

    return stop


class _Told:
    """Prints a line for each request."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def handle(self, request: ServerRequest) -> ServerReply:
        reply = await self._handler.handle(request)
        path = request.target.partition("?")[0]
        colour = "green" if reply.status < 400 else "red"
        click.echo(f"{click.style(str(reply.status), fg=colour)} {request.method} {path}")
        for warning in self._warnings():
            click.secho(f"    {warning}", fg="yellow")
        return reply

    def _warnings(self) -> list[str]:
        provider = self._handler
        return provider.requests[-1].warnings if isinstance(provider, Provider) and provider.requests else []


def _announce(handler: Handler, source: Path | None, host: str, port: int) -> None:
    shown = "localhost" if host in ("0.0.0.0", "::") else host
    url = f"http://{shown}:{port}"
    if isinstance(handler, Proxy):
        doing = "Recording" if handler.records else "Replaying"
        click.echo(f"{doing} {handler.upstream} in {source}. Set your client's base URL to {url} (OpenAI: {url}/v1).")
    else:
        click.echo(f"Serving {source or 'answers made from schemas'}. Base URLs for your client:")
        click.echo(f"    OpenAI      {url}/v1")
        click.echo(f"    Anthropic   {url}")
        click.echo(f"    Google      {url}")
    click.echo("Ctrl-C stops.")


def _sum_up(handler: Handler) -> None:
    if isinstance(handler, Proxy):
        click.echo(f"{handler.count} exchanges.")
        return
    assert isinstance(handler, Provider)
    click.echo(f"{len(handler.requests)} requests.")
    try:
        handler.assert_served()
    except Exception as error:
        click.echo(str(error), err=True)
