"""From a script to a cassette: the replies of a script as recordings in a provider's format, for any client to replay."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from playhead.cassette import End, Interaction, RecordedRequest, RecordedResponse, Stream, write_file
from playhead.exceptions import ScriptError
from playhead.messages import ModelRequest, ResponseMeta, StreamEvent, UserPromptPart
from playhead.models import (
    DisconnectStep,
    Player,
    Response,
    ResponseLike,
    Script,
    ScriptedDisconnect,
    ScriptedError,
    as_response,
)
from playhead.wire import DIALECTS, Dialect, Encoder, ModelCall, write_comment

__all__ = ["write_cassette"]

_HOSTS = {
    "anthropic-messages": ("https://api.anthropic.com", "claude-sonnet-4-5"),
    "google-generate": ("https://generativelanguage.googleapis.com", "gemini-2.5-flash"),
    "openai-chat": ("https://api.openai.com/v1", "gpt-5"),
    "openai-responses": ("https://api.openai.com/v1", "gpt-5"),
}
_MATCH_ON = ["method", "host", "path"]


def write_cassette(
    script: Script | Sequence[ResponseLike],
    path: str | os.PathLike[str],
    *,
    dialect: str = "openai-chat",
    model: str | None = None,
    base_url: str | None = None,
    prompts: Sequence[str] = (),
    streamed: bool = True,
) -> int:
    """Writes each response of `script` as one recording in `dialect` to a new cassette; returns how many there are.

    Requests are made up (`prompts`, in order, are what the user says), so the cassette is matched by method, host and path
    alone, in the recorded order; conditions (`when`) are not kept, and a response for several requests is written as often,
    or once for `any`. Pauses become the times of the chunks; a structured `output` is JSON text. `ScriptError` for an unknown
    dialect, `CassetteError` where the file cannot be written.
    """
    if dialect not in DIALECTS:
        raise ScriptError(f"There is no dialect {dialect!r}", f"Known are {', '.join(sorted(DIALECTS))}.")
    row = DIALECTS[dialect]
    host, usual = _HOSTS.get(dialect, ("https://api.example.com", "model"))
    base = (base_url or host).rstrip("/")
    responses = script.responses if isinstance(script, Script) else [as_response(one) for one in script]
    repeated = [one for one in responses for _ in range(1 if one.times == "any" else one.times)]
    items = [
        _interaction(
            row, base, model or usual, response, prompts[n] if n < len(prompts) else f"request {n + 1}", streamed
        )
        for n, response in enumerate(repeated)
    ]
    write_file(os.fspath(path), items, match_on=_MATCH_ON)
    return len(items)


def _interaction(row: Dialect, base: str, model: str, response: Response, prompt: str, streamed: bool) -> Interaction:
    call = ModelCall(model, [ModelRequest([UserPromptPart(prompt)])], stream=streamed)
    written = row.write_request(call)
    headers = {name: [value] for name, value in {"content-type": "application/json", **written.headers}.items()}
    request = RecordedRequest(written.method, base + written.path, headers, written.body)
    return Interaction(request, _response(row, call, response))


def _response(row: Dialect, call: ModelCall, response: Response) -> RecordedResponse:
    """The reply as a server would have sent it, with the script's pauses as times."""
    player = Player(response, call.parameters, call.model, "call_1")
    first = player.first_error()
    if isinstance(first, ScriptedError):
        return _http_error(row, first)
    tape = _Tape(row.encoder(streamed=call.stream, call=call), limit=_cut_after(response))
    tape.feed(ResponseMeta(provider_response_id="playhead-1", model_name=call.model))
    try:
        for move in player.moves():
            if isinstance(move, list):
                for event in move:
                    tape.feed(event)
            else:
                tape.at += move
        tape.close()
    except ScriptedError as error:
        if not call.stream:
            return _http_error(row, error)
        known = {"message": error.provider_message or error.message, "status": error.status_code}
        more: Any = {"type": error.scripted.type, "code": error.scripted.code}
        tape.feed(ResponseMeta(error=known | {name: value for name, value in more.items() if value is not None}))
    except ScriptedDisconnect:
        tape.end = "disconnected"
    cut = ("RemoteProtocolError", "peer closed connection without sending complete message body")
    sizes = [len(chunk) for chunk in tape.chunks]
    stream = Stream(sizes, tape.at_ms, tape.end, cut if tape.end == "disconnected" else None)
    headers = {"content-type": [tape.encoder.content_type]}
    return RecordedResponse(200, "OK", headers, b"".join(tape.chunks), stream)


class _Tape:
    """Events in; chunks and their times are kept."""

    def __init__(self, encoder: Encoder, limit: int | None) -> None:
        self.encoder = encoder
        self.at = 0.0
        self.chunks: list[bytes] = []
        self.at_ms: list[int] = []
        self.end: End = "complete"
        self._left = limit

    def feed(self, event: StreamEvent) -> None:
        """One event."""
        if isinstance(event, ResponseMeta) and event.comment is not None:
            self._keep(write_comment(event.comment) if "event-stream" in self.encoder.content_type else b"")
        else:
            self._keep(self.encoder.feed(event))

    def close(self) -> None:
        """The last bytes."""
        self._keep(self.encoder.close())

    def _keep(self, data: bytes) -> None:
        if self.end != "complete" or not data:
            return
        if self._left is not None:
            data, self._left = data[: self._left], max(0, self._left - len(data))
            if not self._left:
                self.end = "disconnected"
        self.chunks.append(data)
        self.at_ms.append(round(self.at * 1000))


def _cut_after(response: Response) -> int | None:
    for step in response.steps:
        if isinstance(step, DisconnectStep) and step.disconnect.after_bytes is not None:
            return step.disconnect.after_bytes
    return None


def _http_error(row: Dialect, error: ScriptedError) -> RecordedResponse:
    scripted = error.scripted
    body = row.write_error(scripted.status, scripted.message, type=scripted.type, code=scripted.code)
    headers = {"content-type": ["application/json"]} | {name: [value] for name, value in scripted.headers.items()}
    return RecordedResponse(scripted.status, None, headers, body, Stream([len(body)], [0]))
