"""A model that plays a script: the same answers, cut in the same places, each time.

Inputs: a `Script` and requests. Each request takes the first unused response whose `when` fits it, else the next unused
one without `when`. Outputs: replies and streams of events, waits on the clock, errors where the script has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from playhead import clock
from playhead.exceptions import ModelAPIError, ModelHTTPError, ScriptExhausted, ScriptUnused
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FinishReason,
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    ModelSettings,
    ResponseMeta,
    RetryPromptPart,
    StreamEvent,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.models._model import Model, StreamedResponse
from playhead.models._script import (
    BuiltinCallStep,
    BuiltinReturnStep,
    CallStep,
    CommentStep,
    Condition,
    DisconnectStep,
    ErrorBody,
    ErrorStep,
    FinishStep,
    InterleaveStep,
    OutputBody,
    OutputStep,
    RefusalStep,
    Response,
    ResponseLike,
    Script,
    Step,
    TextStep,
    ThinkingStep,
    UsageStep,
    WaitStep,
    as_response,
)
from playhead.stream import Emitter
from playhead.usage import RequestUsage

__all__ = ["ScriptedDisconnect", "ScriptedError", "ScriptedModel", "ScriptedRequest"]


@dataclass(slots=True)
class ScriptedRequest:
    """A request as a scripted model got it, and the number of the response (from 0) that answered it."""

    messages: list[ModelMessage]
    settings: ModelSettings | None
    parameters: ModelRequestParameters
    streamed: bool
    response: int | None = None


class ScriptedError(ModelHTTPError):
    """An error that the script asked for. `headers` are those a server sends with it."""

    def __init__(self, model_name: str, error: ErrorBody) -> None:
        body: dict[str, Any] = {"message": error.message, "type": error.type, "code": error.code}
        super().__init__(error.status, model_name, {key: value for key, value in body.items() if value is not None})
        self.headers = dict(error.headers)
        self.scripted = error


class ScriptedDisconnect(ModelAPIError):
    """A cut connection that the script asked for; a server sends `after_bytes` bytes of the body before, if set."""

    def __init__(self, model_name: str, after_bytes: int | None) -> None:
        super().__init__(model_name, "the connection was closed before the reply was complete (as the script says)")
        self.after_bytes = after_bytes


class ScriptedModel(Model):
    """Plays `responses`: strings, steps, lists of steps, or one `Script`.

    `requests` lists what it was asked. `assert_used()` raises `ScriptUnused` while responses are left. A request that
    finds none raises `ScriptExhausted`.
    """

    def __init__(
        self,
        *responses: ResponseLike | Script,
        model_name: str = "scripted",
        settings: ModelSettings | None = None,
        profile: Any = None,
    ) -> None:
        super().__init__(settings=settings, profile=profile)
        self._model_name = model_name
        self.script = Script(responses=list(_flatten(responses)))
        self._uses = [0] * len(self.script.responses)
        self.requests: list[ScriptedRequest] = []

    @property
    def model_name(self) -> str:
        return self._model_name

    @property
    def system(self) -> str:
        return "playhead"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        reply = self._reply(messages, model_settings, model_request_parameters, streamed=False)
        async for _ in reply:
            pass
        return reply.get()

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        reply = self._reply(messages, model_settings, model_request_parameters, streamed=True)
        try:
            await reply.open()
            yield reply
        finally:
            await reply.aclose()

    @property
    def unused(self) -> list[int]:
        """The numbers (from 0) of responses that no request has taken."""
        return [n for n, response in enumerate(self.script.responses) if not self._uses[n] and response.times != "any"]

    def assert_used(self) -> None:
        """Raise `ScriptUnused` if responses are left, with what was asked beside what was not."""
        unused = self.unused
        if unused:
            left = "\n".join(f"  response {n + 1}: {_show(self.script.responses[n])}" for n in unused)
            asked = "\n".join(f"  request {n + 1}: {_show_request(r)}" for n, r in enumerate(self.requests))
            raise ScriptUnused(
                f"{len(unused)} of {len(self.script.responses)} scripted responses were not used:\n{left}\n"
                f"The model was asked {len(self.requests)} times{':' if asked else '.'}\n{asked}".rstrip(),
                "Remove them from the script, or find out why the agent stopped asking.",
            )

    def _reply(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        *,
        streamed: bool,
    ) -> _ScriptedReply:
        request = ScriptedRequest(list(messages), settings, parameters, streamed)
        self.requests.append(request)
        number = self._choose(request)
        request.response = number
        self._uses[number] += 1
        # Ids are those of the place in the script, so that the same script twice gives the same bytes.
        call_ids = f"call_{number + 1}" if self._uses[number] == 1 else f"call_{number + 1}_{self._uses[number]}"
        player = _Player(self.script.responses[number], parameters, self._model_name, call_ids)
        return _ScriptedReply(parameters, player, self._model_name)

    def _choose(self, request: ScriptedRequest) -> int:
        plain: int | None = None
        for number, response in enumerate(self.script.responses):
            if response.times != "any" and self._uses[number] >= response.times:
                continue
            if response.when is None:
                plain = number if plain is None else plain
            elif _fits(response.when, request):
                return number
        if plain is None:
            self._exhausted(request)
        return plain

    def _exhausted(self, request: ScriptedRequest) -> NoReturn:
        responses = self.script.responses
        left = [n for n, response in enumerate(responses) if response.times == "any" or self._uses[n] < response.times]
        lines = [f"Request {len(self.requests)} has no response in the script: {_show_request(request)}"]
        lines += [
            f"  response {n + 1} went to request {self._taken_by(n)}" for n in range(len(responses)) if self._uses[n]
        ]
        lines += [f"  response {n + 1} does not fit: {_show_condition(responses[n])}" for n in left]
        raise ScriptExhausted(
            "\n".join(lines),
            "Add a response to the script for this request, or find out why the agent asked again.",
        )

    def _taken_by(self, number: int) -> str:
        return ", ".join(str(n + 1) for n, request in enumerate(self.requests) if request.response == number)


class _ScriptedReply(StreamedResponse):
    """One response of the script, on its way."""

    def __init__(self, parameters: ModelRequestParameters, player: _Player, model_name: str) -> None:
        super().__init__(parameters)
        self.fold = player.emitter.fold
        self._player = player
        self._model_name = model_name
        self._timestamp = clock.now()
        self._moves = player.moves()

    async def open(self) -> None:
        """Errors that are the first step come before there is a stream, as from a provider."""
        first = self._player.first_error()
        if first is not None:
            for step in self._player.waits_before_error():
                await clock.sleep(step)
            raise first

    async def events(self) -> AsyncGenerator[StreamEvent]:
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
        return self._model_name

    @property
    def provider_name(self) -> str | None:
        return None

    @property
    def timestamp(self) -> datetime:
        return self._timestamp


@dataclass(slots=True)
class _Player:
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
        return [step.wait for step in self.response.steps if isinstance(step, WaitStep)]

    def moves(self) -> Generator[list[StreamEvent] | float]:
        """All moves, up to the end or an error, which is raised."""
        for number, step in enumerate(self.response.steps):
            for move in self._play(step, number):
                if isinstance(move, float):
                    yield move
                elif events := self.emitter.take():
                    yield events
        self.emitter.close()
        self.emitter.meta(ResponseMeta(finish_reason=self.finish or self.natural))
        yield self.emitter.take()

    def _play(self, step: Step, slot: Any) -> Iterator[float | None]:
        """Feeds the emitter piece by piece: None after each, or a float to wait."""
        emitter = self.emitter
        match step:
            case TextStep():
                yield from self._pieces(step.text, lambda piece: emitter.text(slot, piece))
            case ThinkingStep():
                yield from self._pieces(step.thinking.chunks, lambda piece: emitter.thinking(slot, piece))
                if step.thinking.signature is not None:
                    emitter.thinking(slot, signature=step.thinking.signature)
                    yield None
            case CallStep():
                body = step.call
                pieces = body.args if isinstance(body.args, list) else _json_pieces(body.args, body.chunks)
                yield from self._call(slot, body.name, pieces or ["{}"], body.id)
            case OutputStep():
                yield from self._output(step.output, slot)
            case BuiltinCallStep():
                body = step.builtin_call
                self.builtin[body.name] = call_id = body.id or self._next_id()
                emitter.start(slot, BuiltinToolCallPart(body.name, body.args, call_id))
                yield None
            case BuiltinReturnStep():
                body = step.builtin_return
                call_id = body.id or self.builtin.get(body.name) or self._next_id()
                emitter.start(slot, BuiltinToolReturnPart(body.name, body.content, call_id))
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
                raise ScriptedDisconnect(self.model_name, step.disconnect.after_bytes)
            case ErrorStep():
                raise ScriptedError(self.model_name, step.error)

    def _pieces(self, pieces: list[str], say: Callable[[str], None]) -> Iterator[None]:
        for piece in pieces:
            say(piece)
            yield None

    def _call(self, slot: Any, name: str, pieces: list[str], call_id: str | None) -> Iterator[None]:
        self.natural = "tool_call"
        first = pieces[0] if len(pieces) == 1 else None
        self.emitter.call(slot, name=name, args=first, tool_call_id=call_id or self._next_id())
        yield None
        if first is None:
            yield from self._pieces(pieces, lambda piece: self.emitter.call(slot, args=piece))

    def _output(self, body: OutputBody, slot: Any) -> Iterator[None]:
        tool = _output_tool(body, self.parameters)
        if tool is None:
            yield from self._pieces(
                _value_pieces(body.value, body.chunks), lambda piece: self.emitter.text(slot, piece)
            )
            return
        name, key = tool
        value = {key: body.value} if key is not None else body.value
        yield from self._call(slot, name, _value_pieces(value, body.chunks), None)

    def _interleave(self, step: InterleaveStep, slot: Any) -> Iterator[float | None]:
        playing = [self._play(inner, (slot, n)) for n, inner in enumerate(step.interleave)]
        while playing:
            for play in list(playing):
                try:
                    yield next(play)
                except StopIteration:
                    playing.remove(play)

    def _next_id(self) -> str:
        self.calls += 1
        return f"{self.call_ids}_{self.calls}"


def _flatten(responses: tuple[ResponseLike | Script, ...]) -> Iterator[Response]:
    for item in responses:
        if isinstance(item, Script):
            yield from item.responses
        else:
            yield as_response(item)


def _json_pieces(args: Mapping[str, Any] | str | None, count: int) -> list[str]:
    """Arguments (text is JSON already, nothing is `{}`) in about `count` pieces of equal length."""
    return _cut(args, count) if isinstance(args, str) else _value_pieces({} if args is None else args, count)


def _value_pieces(value: Any, count: int) -> list[str]:
    return _cut(json.dumps(value, ensure_ascii=False), count)


def _cut(whole: str, count: int) -> list[str]:
    length = max(1, -(-len(whole) // count))
    return [whole[start : start + length] for start in range(0, len(whole), length)] or [""]


def _output_tool(body: OutputBody, parameters: ModelRequestParameters) -> tuple[str, str | None] | None:
    """The output tool (and the key it wraps its value in) to call; None where the answer is JSON text."""
    tools = {tool.name: tool for tool in parameters.output_tools}
    if not tools and parameters.output_object is None:
        # Behind a server an output tool looks like any other: it is known by its usual name.
        tools = {tool.name: tool for tool in parameters.function_tools if tool.name.startswith("final_result")}
    if body.tool is not None:
        key = tools[body.tool].outer_typed_dict_key if body.tool in tools else None
        return body.tool, key
    for tool in tools.values():
        key = tool.outer_typed_dict_key or _wrapping_key(tool.parameters_json_schema, body.value)
        if key is not None or _could_be(tool.parameters_json_schema, body.value):
            return tool.name, key
    if tools:
        tool = next(iter(tools.values()))
        return tool.name, tool.outer_typed_dict_key
    return None


def _wrapping_key(schema: Mapping[str, Any], value: Any) -> str | None:
    """`response`, where the schema has only that and the value is not such an object itself."""
    wrapped = list(schema.get("properties", {})) == ["response"]
    return "response" if wrapped and not (isinstance(value, dict) and "response" in value) else None


def _could_be(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether an object has all the keys a schema requires, and none that it does not know."""
    if not isinstance(value, dict):
        return False
    keys: set[str] = set(value)  # pyright: ignore[reportUnknownArgumentType]
    return set(schema.get("required", ())) <= keys <= set(schema.get("properties", keys))


# --------------------------------------------------------------------------- which response, and why not
def _fits(when: Any, request: ScriptedRequest) -> bool:
    if not isinstance(when, Condition):
        return bool(when(request))
    seen = _seen(request)
    for name in ("last", "user", "system", "result"):
        pattern: str | None = getattr(when, name)
        if pattern is not None and not re.search(pattern, seen[name]):
            return False
    return when.tool is None or when.tool == seen["tool"]


def _seen(request: ScriptedRequest) -> dict[str, str]:
    """What conditions look at: the texts of a request by the names of the condition's fields."""
    seen = {"last": "", "user": "", "system": "", "tool": "", "result": ""}
    system: list[str] = []
    for message in request.messages:
        if not isinstance(message, ModelRequest):
            continue
        last: list[str] = []
        tool = result = ""
        if message.instructions:
            system.append(message.instructions)
        for part in message.parts:
            if isinstance(part, SystemPromptPart):
                system.append(part.content)
            elif isinstance(part, UserPromptPart):
                content = part.content
                text = content if isinstance(content, str) else " ".join(c for c in content if isinstance(c, str))
                seen["user"] = text
                last.append(text)
            elif isinstance(part, ToolReturnPart):
                tool, result = part.tool_name, part.model_response_str()
                last.append(result)
            else:
                assert isinstance(part, RetryPromptPart)
                tool, result = part.tool_name or "", part.model_response()
                last.append(result)
        seen.update(last="\n".join(last), tool=tool, result=result)
    seen["system"] = "\n".join(system)
    return seen


def _show(response: Response) -> str:
    try:
        shown = repr(response.model_dump())
    except ValueError:
        shown = f"when={response.when!r}"
    return shown if len(shown) <= 100 else f"{shown[:97]}..."


def _show_condition(response: Response) -> str:
    if isinstance(response.when, Condition):
        return ", ".join(f"{key} {value!r}" for key, value in response.when.model_dump(exclude_none=True).items())
    return f"when={response.when!r}"


def _show_request(request: ScriptedRequest) -> str:
    seen = _seen(request)
    text = " ".join(seen["last"].split())
    what = f"the result of {seen['tool']}, " if seen["tool"] else ""
    return f"{what}{text if len(text) <= 80 else text[:77] + chr(8230)!r}"
