"""One response of a script on its way: steps in, stream events out, piece by piece, with pauses and errors where they stand.

The player is a machine without IO: it gives moves, which are lists of events, or seconds to wait. `ScriptedReply` is the
shell that waits.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from playhead import clock
from playhead.exceptions import ModelAPIError, ModelHTTPError
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FinishReason,
    ModelRequestParameters,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    ResponseMeta,
    StreamEvent,
)
from playhead.models._conforms import conforms
from playhead.models._model import StreamedResponse
from playhead.models._script import Response
from playhead.models._script_steps import (
    BuiltinCallStep,
    BuiltinReturnStep,
    CallStep,
    CommentStep,
    DisconnectStep,
    ErrorBody,
    ErrorStep,
    FinishStep,
    InterleaveStep,
    OutputBody,
    OutputStep,
    Piece,
    RefusalStep,
    Step,
    TextStep,
    ThinkingStep,
    UsageStep,
    WaitStep,
)
from playhead.stream import Emitter
from playhead.usage import RequestUsage

__all__ = ["Player", "ScriptedDisconnect", "ScriptedError", "ScriptedReply"]


class ScriptedError(ModelHTTPError):
    """An error that the script asked for. `headers` are those a server sends with it."""

    def __init__(self, model_name: str, error: ErrorBody) -> None:
        body: dict[str, Any] = {"message": error.message, "type": error.type, "code": error.code}
        super().__init__(
            error.status,
            model_name,
            {key: value for key, value in body.items() if value is not None},
            code=error.code,
            provider_message=error.message,
            headers=dict(error.headers),
        )
        self.scripted = error


class ScriptedDisconnect(ModelAPIError):
    """A cut connection that the script asked for.

    A server sends `after_bytes` bytes of the body before, if set; `partial` is the reply up to the cut.
    """

    def __init__(self, model_name: str, after_bytes: int | None, partial: ModelResponse | None = None) -> None:
        super().__init__(model_name, "the connection was closed before the reply was complete (as the script says)")
        self.after_bytes = after_bytes
        self.partial = partial


class ScriptedReply(StreamedResponse):
    """One response of the script, on its way."""

    def __init__(self, parameters: ModelRequestParameters, player: Player) -> None:
        super().__init__(parameters)
        self.fold = player.emitter.fold
        self._player = player
        self._timestamp = clock.now()
        self._moves = player.moves()

    async def open(self) -> None:
        """Errors that are the first step come before there is a stream, as from a provider."""
        first = self._player.first_error()
        if first is not None:
            for seconds in self._player.waits_before_error():
                await clock.sleep(seconds)
            raise first

    async def events(self) -> AsyncGenerator[StreamEvent]:
        """The events, with the script's pauses between them."""
        await self.open()
        for move in self._moves:
            if isinstance(move, list):
                for event in move:
                    yield event
            else:
                await clock.sleep(move)

    @property
    def cut_after_bytes(self) -> int | None:
        """After how many bytes of its body a server cuts the connection; None for no such cut."""
        for step in self._player.response.steps:
            if isinstance(step, DisconnectStep) and step.disconnect.after_bytes is not None:
                return step.disconnect.after_bytes
        return None

    @property
    def model_name(self) -> str:
        """The scripted model's name."""
        return self._player.model_name

    @property
    def provider_name(self) -> str | None:
        """There is none."""
        return None

    @property
    def timestamp(self) -> datetime:
        """When the request was made."""
        return self._timestamp


@dataclass(slots=True)
class Player:
    """Turns a response's steps into moves: lists of events, or a float to wait for that many seconds."""

    response: Response
    parameters: ModelRequestParameters
    model_name: str
    call_ids: str
    emitter: Emitter = field(default_factory=Emitter)
    calls: int = 0
    finish: FinishReason | None = None
    natural: FinishReason = "stop"
    builtin: dict[str, str] = field(default_factory=dict[str, str])
    latest: tuple[str, Any] = ("", None)
    """Kind and slot of the latest part, for text or reasoning that goes on."""

    def first_error(self) -> ModelAPIError | None:
        """The error that comes before anything is sent."""
        for step in self.response.steps:
            if isinstance(step, ErrorStep):
                return ScriptedError(self.model_name, step.error)
            if not isinstance(step, WaitStep):
                return None
        return None

    def waits_before_error(self) -> list[float]:
        """The pauses before that error, in seconds."""
        waits: list[float] = []
        for step in self.response.steps:
            if not isinstance(step, WaitStep):
                break
            waits.append(step.wait)
        return waits

    def moves(self) -> Generator[list[StreamEvent] | float]:
        """All moves, up to the end or an error, which is raised."""
        pace, begun = self.response.pace, False
        for number, step in enumerate(self.response.steps):
            for move in self._play(step, number):
                if isinstance(move, float):
                    yield move
                elif events := self.emitter.take():
                    piece = any(isinstance(event, (PartStartEvent, PartDeltaEvent)) for event in events)
                    if pace and begun and piece:
                        yield pace
                    begun = begun or piece
                    yield events
        self.emitter.close()
        self.emitter.meta(ResponseMeta(finish_reason=self.finish or self.natural))
        yield self.emitter.take()

    def _play(self, step: Step, slot: Any) -> Iterator[float | None]:
        """Feeds the emitter piece by piece: None after each, or a float to wait."""
        emitter = self.emitter
        match step:
            case TextStep():
                slot = self._going_on("text", slot, new=step.text.new_part)
                yield from self._pieces(step.text.chunks, lambda piece: emitter.text(slot, piece))
            case ThinkingStep():
                yield from self._thinking(step, slot)
            case CallStep():
                body = step.call
                pieces = body.args if isinstance(body.args, list) else _json_pieces(body.args, body.chunks)
                yield from self._call(slot, body.name, pieces or ["{}"], body.id)
            case OutputStep():
                yield from self._output(step.output, slot)
            case BuiltinCallStep():
                body = step.builtin_call
                self.builtin[body.name] = call_id = body.id or self._next_id()
                self._whole(slot, BuiltinToolCallPart(body.name, body.args, call_id, provider_name=body.provider_name))
                yield None
            case BuiltinReturnStep():
                body = step.builtin_return
                call_id = body.id or self.builtin.get(body.name) or self._next_id()
                part = BuiltinToolReturnPart(body.name, body.content, call_id, provider_name=body.provider_name)
                self._whole(slot, part)
                yield None
            case InterleaveStep():
                yield from self._interleave(step, slot)
            case UsageStep():
                emitter.meta(ResponseMeta(usage=RequestUsage(**step.usage.model_dump())))
                yield None
            case FinishStep():
                self.finish = step.finish
            case RefusalStep():
                self.natural = "content_filter"
                yield from self._pieces(step.refusal, lambda piece: emitter.meta(ResponseMeta(refusal=piece)))
            case WaitStep():
                yield float(step.wait)
            case CommentStep():
                emitter.meta(ResponseMeta(comment=step.comment))
                yield None
            case DisconnectStep():
                raise ScriptedDisconnect(self.model_name, step.disconnect.after_bytes, emitter.fold.response())
            case ErrorStep():
                raise ScriptedError(self.model_name, step.error)

    def _pieces(self, pieces: Sequence[Piece], say: Callable[[str], None]) -> Iterator[float | None]:
        for piece in pieces:
            if isinstance(piece, WaitStep):
                yield float(piece.wait)
            else:
                say(piece)
                yield None

    def _going_on(self, kind: str, slot: Any, *, new: bool) -> Any:
        """The slot of the latest part, if it is of this kind and may go on, else `slot`, which is the latest then."""
        if not new and self.latest[0] == kind:
            return self.latest[1]
        self.latest = (kind, slot)
        return slot

    def _whole(self, slot: Any, part: Any) -> None:
        self.latest = ("", None)
        self.emitter.start(slot, part)

    def _thinking(self, step: ThinkingStep, slot: Any) -> Iterator[float | None]:
        emitter, body = self.emitter, step.thinking
        slot = self._going_on("thinking", slot, new=body.new_part)
        start = {"id": body.id} if body.id is not None else {}

        def think(piece: str) -> None:
            emitter.thinking(slot, piece, provider_name=body.provider_name, **start)

        yield from self._pieces(body.chunks, think)
        if body.signature is not None:
            emitter.thinking(slot, signature=body.signature, provider_name=body.provider_name, **start)
            self.latest = ("", None)  # what is signed is complete
            yield None

    def _call(self, slot: Any, name: str, pieces: Sequence[Piece], call_id: str | None) -> Iterator[float | None]:
        self.natural = "tool_call"
        self.latest = ("", None)
        only = pieces[0] if len(pieces) == 1 else None
        args = only if isinstance(only, str) else None
        self.emitter.call(slot, name=name, args=args, tool_call_id=call_id or self._next_id())
        yield None
        if args is None:
            yield from self._pieces(pieces, lambda piece: self.emitter.call(slot, args=piece))

    def _output(self, body: OutputBody, slot: Any) -> Iterator[float | None]:
        tool = _output_tool(body, self.parameters)
        if tool is None:
            slot = self._going_on("text", slot, new=False)
            value = _as_asked(body.value, self.parameters)
            yield from self._pieces(_value_pieces(value, body.chunks), lambda piece: self.emitter.text(slot, piece))
            return
        name, key = tool
        value = {key: body.value} if key is not None else body.value
        yield from self._call(slot, name, _value_pieces(value, body.chunks), None)

    def _interleave(self, step: InterleaveStep, slot: Any) -> Iterator[float | None]:
        self.latest = ("", None)
        playing = [self._play(inner, (slot, n)) for n, inner in enumerate(step.interleave)]
        while playing:
            for play in list(playing):
                try:
                    move = next(play)
                except StopIteration:
                    playing.remove(play)
                else:
                    self.latest = ("", None)
                    yield move

    def _next_id(self) -> str:
        self.calls += 1
        return f"{self.call_ids}_{self.calls}"


def _json_pieces(args: Mapping[str, Any] | str | None, count: int) -> list[str]:
    """Arguments (text is JSON already, nothing is `{}`) in about `count` pieces of equal length."""
    return _cut(args, count) if isinstance(args, str) else _value_pieces({} if args is None else args, count)


def _value_pieces(value: Any, count: int) -> list[str]:
    return _cut(json.dumps(value, ensure_ascii=False), count)


def _cut(whole: str, count: int) -> list[str]:
    """`whole` in `count` pieces, or one for each character where there are fewer; the first ones may be longer."""
    count = max(1, min(count, len(whole)))
    size, longer = divmod(len(whole), count)
    ends = [size * (n + 1) + min(n + 1, longer) for n in range(count)]
    return [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _output_tool(body: OutputBody, parameters: ModelRequestParameters) -> tuple[str, str | None] | None:
    """The output tool (and the key it wraps its value in) to call; None where the answer is JSON text."""
    tools = {tool.name: tool for tool in parameters.output_tools}
    if not tools and parameters.output_object is None:
        # Behind a server an output tool looks like any other: it is known by its usual name.
        tools = {tool.name: tool for tool in parameters.function_tools if tool.name.startswith("final_result")}
    candidates = [(t.name, t.parameters_json_schema, t.outer_typed_dict_key) for t in tools.values()]
    if body.tool is not None:
        candidates = [row for row in candidates if row[0] == body.tool]
        if not candidates:
            return body.tool, None
    # A value fits a tool as it is, or wrapped; the first of the tools it fits, else the first of which it has the keys.
    for fits in (conforms, _could_be):
        for name, schema, key in candidates:
            if key is None and isinstance(body.value, dict) and fits(body.value, schema):
                return name, None
            wrapping = key or _wrapping_key(schema)
            if wrapping is not None and fits({wrapping: body.value}, schema):
                return name, wrapping
    if candidates:
        name, schema, key = candidates[0]
        wrapped = isinstance(body.value, dict)
        return name, key or (None if wrapped else _wrapping_key(schema))
    return None


def _as_asked(value: Any, parameters: ModelRequestParameters) -> Any:
    """A value as JSON text has to have it: one of several outputs is `{"result": {"kind", "data"}}`, no object is wrapped."""
    schema: dict[str, Any] = parameters.output_object.json_schema if parameters.output_object is not None else {}
    if conforms(value, schema):
        return value
    key = _wrapping_key(schema)
    if key is not None and conforms({key: value}, schema):
        return {key: value}
    for branch in schema.get("properties", {}).get("result", {}).get("anyOf", ()):
        kind = branch.get("properties", {}).get("kind", {}).get("const")
        wrapped = {"result": {"kind": kind, "data": value}}
        if kind is not None and conforms(wrapped, schema):
            return wrapped
    return value


def _wrapping_key(schema: Mapping[str, Any]) -> str | None:
    """`response`, where the schema has only that: the form in which a value that is no object is asked for."""
    return "response" if list(schema.get("properties", {})) == ["response"] else None


def _could_be(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether an object has all the keys a schema requires, and none that it does not know."""
    if not isinstance(value, dict):
        return False
    keys: set[str] = set(value)  # pyright: ignore[reportUnknownArgumentType]
    return set(schema.get("required", ())) <= keys <= set(schema.get("properties", keys))
