"""A model that plays a script: the same answers, cut in the same places, each time.

Inputs: a `Script` and requests. Each request takes the first unused response whose `when` fits it, else the next unused
one without `when`. Outputs: replies and streams of events, waits on the clock, errors where the script has them.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from playhead.builtin_tools import SUPPORTED_BUILTIN_TOOLS
from playhead.exceptions import ScriptError, ScriptExhausted, ScriptUnused
from playhead.messages import ModelMessage, ModelRequestParameters, ModelResponse, ModelSettings
from playhead.models._model import Model, StreamedResponse
from playhead.models._profile import ModelProfile
from playhead.models._script import Response, ResponseLike, Script, as_response
from playhead.models._script_match import ScriptedRequest, fits, show, show_condition, show_request
from playhead.models._script_player import Player, ScriptedReply
from playhead.models._script_steps import Strict

__all__ = ["ScriptedModel"]


class ScriptedModel(Model):
    """Plays `responses`: strings, steps, lists of steps, or one `Script`.

    `requests` lists what it was asked. A request that finds no response raises `ScriptExhausted`; `assert_used()` raises
    `ScriptUnused` while responses are left. It may be asked from several threads and loops at once. Unless `profile` says
    otherwise it supports every way to ask for an output. With `repeat`, a script that is used up begins again.
    """

    _builtin_tools = SUPPORTED_BUILTIN_TOOLS

    def __init__(
        self,
        *responses: ResponseLike | Script,
        repeat: bool = False,
        model_name: str = "scripted",
        settings: ModelSettings | None = None,
        profile: Any = None,
    ) -> None:
        super().__init__(settings=settings, profile=_PROFILE if profile is None else profile)
        self._model_name = model_name
        self.script = Script(responses=list(_flatten(responses)))
        self._uses = [0] * len(self.script.responses)
        self._repeat = repeat
        self._open = list(range(len(self.script.responses)))  # those that may be taken still
        self._lock = threading.Lock()
        self.requests: list[ScriptedRequest] = []
        self.refused: list[ScriptExhausted] = []
        """Errors of requests that found no response, for whoever swallowed them."""

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
        """The numbers (from 0) of responses that were asked for less often than the script says."""
        wanted = [0 if response.times == "any" else response.times for response in self.script.responses]
        return [n for n, times in enumerate(wanted) if self._uses[n] < times]

    def assert_used(self) -> None:
        """Raise `ScriptUnused` if responses are left, with what was asked beside what was not."""
        unused = self.unused
        if unused:
            left = "\n".join(f"  response {n + 1}: {self._left(n)}{show(self.script.responses[n])}" for n in unused)
            asked = "\n".join(
                f"  request {n + 1}: {show_request(r.messages, r.parameters)}" for n, r in enumerate(self.requests)
            )
            raise ScriptUnused(
                f"{len(unused)} of {len(self.script.responses)} scripted responses were not used:\n{left}\n"
                f"The model was asked {_times(len(self.requests))}{':' if asked else '.'}\n{asked}".rstrip(),
                "Remove them from the script, or find out why the agent stopped asking.",
            )

    def _left(self, number: int) -> str:
        times, used = self.script.responses[number].times, self._uses[number]
        return f"(used {used} of {times} times) " if used else ""

    def _reply(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        *,
        streamed: bool,
    ) -> ScriptedReply:
        request = ScriptedRequest(list(messages), settings, parameters, streamed)
        with self._lock:
            self.requests.append(request)
            number = self._choose(request)
            request.response = number
            self._uses[number] += 1
            use = self._uses[number]
            if use == self.script.responses[number].times:
                self._open.remove(number)
        # Ids are those of the place in the script, so that the same script twice gives the same bytes.
        call_ids = f"call_{number + 1}" if use == 1 else f"call_{number + 1}_{use}"
        return ScriptedReply(parameters, Player(self.script.responses[number], parameters, self._model_name, call_ids))

    def _choose(self, request: ScriptedRequest) -> int:
        plain: int | None = None
        for number in self._open:
            when = self.script.responses[number].when
            if when is None:
                plain = number if plain is None else plain
            elif fits(when, request):
                return number
        if plain is None:
            if self._repeat and len(self._open) < len(self._uses):
                self._uses, self._open = [0] * len(self._uses), list(range(len(self._uses)))
                return self._choose(request)
            self._exhausted(request)
        return plain

    def _exhausted(self, request: ScriptedRequest) -> NoReturn:
        responses = self.script.responses
        asked = show_request(request.messages, request.parameters)
        lines = [f"Request {len(self.requests)} has no response in the script: {asked}"]
        lines += [
            f"  response {n + 1} went to request {self._taken_by(n)}" for n in range(len(responses)) if self._uses[n]
        ]
        lines += [f"  response {n + 1} does not fit: {show_condition(responses[n])}" for n in self._open]
        error = ScriptExhausted(
            "\n".join(lines),
            "Add a response to the script for this request, or find out why the agent asked again.",
        )
        self.refused.append(error)
        raise error

    def _taken_by(self, number: int) -> str:
        taken = [str(n + 1) for n, request in enumerate(self.requests) if request.response == number]
        return ", ".join(taken if len(taken) <= 5 else [*taken[:4], f"... ({len(taken)} in all)"])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


_PROFILE = ModelProfile(supports_json_schema_output=True, supports_json_object_output=True)


def _flatten(responses: tuple[ResponseLike | Script, ...]) -> Iterator[Response]:
    for item in responses:
        if isinstance(item, Script):
            yield from item.responses
        elif isinstance(item, (str, Strict, Sequence, Mapping)):  # pyright: ignore[reportUnnecessaryIsInstance]
            yield as_response(item)
        else:
            raise ScriptError(
                f"A response is a string, a step, a list of steps or `response(...)`, not {item!r}",
                "A file is read by `load_script(path)` of playhead.script, a recording by `playhead.read_script(path)`.",
            )
