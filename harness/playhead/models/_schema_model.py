"""A model that needs no script: it calls the tools it is offered with arguments that fit their schemas, then answers.

Every reply is made as a response of a script, drawn from the seed and from what was asked, and played by the scripts'
player: so it streams with cuts like a provider's (inside words, escapes and numbers), with usage and a finish reason, and
the same run has the same replies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from playhead.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    ModelSettings,
    RetryPromptPart,
    ToolCallPart,
    ToolDefinition,
    UserPromptPart,
)
from playhead.models._draw import draw
from playhead.models._draw_text import word
from playhead.models._estimate import estimate, words
from playhead.models._model import Model, StreamedResponse
from playhead.models._profile import ModelProfile
from playhead.models._script import Response
from playhead.models._script_player import Player, ScriptedReply
from playhead.models._script_words import call, response, text, thinking, usage

__all__ = ["SchemaModel"]


class SchemaModel(Model):
    """Calls every tool once (or those that `call_tools` names), up to `parallel` at a time, then gives the output.

    All data depends on `seed` and the conversation alone. Arguments and outputs conform to their JSON schemas, optional
    fields included; a tool that asks for another try gets other arguments. With `think`, it says so first. `UserError`
    where no data can be found that conforms to a schema.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        call_tools: Sequence[str] | Literal["all"] = "all",
        parallel: int = 3,
        think: bool = False,
        model_name: str = "schema",
        settings: ModelSettings | None = None,
        profile: Any = None,
    ) -> None:
        super().__init__(settings=settings, profile=_PROFILE if profile is None else profile)
        self.seed = seed
        self.call_tools = call_tools
        self.parallel = max(1, parallel)
        self.think = think
        self._model_name = model_name

    @property
    def model_name(self) -> str:
        """`schema`, or as it was given."""
        return self._model_name

    @property
    def system(self) -> str:
        """`playhead`."""
        return "playhead"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The whole reply."""
        reply = self._reply(messages, model_settings, model_request_parameters)
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
        """The reply piece by piece."""
        reply = self._reply(messages, model_settings, model_request_parameters)
        try:
            yield reply
        finally:
            await reply.aclose()

    def answer(
        self,
        messages: Sequence[ModelMessage],
        parameters: ModelRequestParameters,
        settings: ModelSettings | None = None,
    ) -> Response:
        """What it says to these messages, as a response of a script."""
        turn = _Turn(self, list(messages), parameters, settings)
        return response(*turn.steps())

    def _reply(
        self, messages: list[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters
    ) -> ScriptedReply:
        turn = sum(isinstance(message, ModelResponse) for message in messages) + 1
        player = Player(self.answer(messages, parameters, settings), parameters, self._model_name, f"call_{turn}")
        return ScriptedReply(parameters, player)


class _Turn:
    """One reply: which tools are left to call, or what to answer."""

    def __init__(
        self,
        model: SchemaModel,
        messages: list[ModelMessage],
        parameters: ModelRequestParameters,
        settings: ModelSettings | None,
    ) -> None:
        self._model = model
        self._messages = messages
        self._parameters = parameters
        self._choice: Any = (settings or {}).get("tool_choice")
        self._outputs = list(parameters.output_tools)
        self._tools = [tool for tool in parameters.function_tools if not tool.defer_loading]
        if not self._outputs and parameters.output_object is None:
            # Behind a server an output tool looks like any other: it is known by its usual name.
            self._outputs = [tool for tool in self._tools if tool.name.startswith("final_result")]
            self._tools = [tool for tool in self._tools if not tool.name.startswith("final_result")]
        self._since = self._messages_since_prompt()

    def steps(self) -> list[Any]:
        """The steps of the reply."""
        steps = self._answer()
        said = [json.dumps(step.model_dump(mode="json"), ensure_ascii=False) for step in steps]
        counted = estimate(self._messages).input_tokens
        return [*steps, usage(input_tokens=counted, output_tokens=sum(map(words, said)))]

    def _answer(self) -> list[Any]:
        steps: list[Any] = []
        if self._model.think:
            steps.append(thinking(*self._cuts(self._sentence("think"), "think"), signature=f"seed-{self._model.seed}"))
        calls = self._calls()
        if calls:
            # Where text may be the output, `run_stream` takes the first text for it.
            if not self._parameters.allow_text_output and self._number("say", 2):
                steps.append(text(*self._cuts(self._sentence("say"), "say")))
            return [*steps, *(self._call(tool) for tool in calls)]
        if self._outputs and not (
            self._parameters.allow_text_output and self._parameters.output_tools and self._number("text", 2)
        ):
            return [*steps, self._call(self._outputs[self._number("output", len(self._outputs))])]
        if self._parameters.output_object is not None:
            value = draw(self._parameters.output_object.json_schema, self._seed("output"))
            return [*steps, text(*self._cuts(json.dumps(value, ensure_ascii=False), "output"))]
        if self._parameters.output_mode == "prompted":
            return [*steps, text(*self._cuts(json.dumps({"answer": self._sentence("answer")}), "answer"))]
        return [*steps, text(*self._cuts(self._sentence("answer"), "answer"))]

    def _calls(self) -> list[ToolDefinition]:
        """Tools that asked for another try, else the next of those that were not called since the user's prompt."""
        if self._choice == "none":
            return []
        by_name = {tool.name: tool for tool in self._tools}
        last = self._messages[-1] if self._messages else None
        retried = [
            part.tool_name
            for part in (last.parts if isinstance(last, ModelRequest) else ())
            if isinstance(part, RetryPromptPart)
        ]
        again = [by_name[name] for name in retried if name in by_name]
        if again:
            return again
        called = {part.tool_name for part in self._calls_since()}
        wanted = self._model.call_tools
        names = list(by_name) if wanted == "all" else [name for name in wanted if name in by_name]
        choice = self._choice
        if isinstance(choice, list):
            names = [name for name in names if name in choice]
        left = [by_name[name] for name in names if name not in called]
        return left[: 1 + self._number("parallel", min(self._model.parallel, len(left)))] if left else []

    def _call(self, tool: ToolDefinition) -> Any:
        times = sum(part.tool_name == tool.name for part in self._calls_since())
        args = draw(tool.parameters_json_schema, self._seed(f"call/{tool.name}/{times}"))
        return call(tool.name, self._cuts(json.dumps(args, ensure_ascii=False), f"cuts/{tool.name}/{times}"))

    def _calls_since(self) -> list[ToolCallPart]:
        responses = [message for message in self._since if isinstance(message, ModelResponse)]
        return [part for message in responses for part in message.parts if isinstance(part, ToolCallPart)]

    def _messages_since_prompt(self) -> list[ModelMessage]:
        for number in range(len(self._messages) - 1, -1, -1):
            message = self._messages[number]
            if isinstance(message, ModelRequest) and any(isinstance(part, UserPromptPart) for part in message.parts):
                return self._messages[number:]
        return self._messages

    # ------------------------------------------------------------------ draws
    def _seed(self, what: str) -> str:
        """The seed, with where in the conversation this is."""
        return f"{self._model.seed}/{sum(isinstance(m, ModelResponse) for m in self._messages)}/{what}"

    def _number(self, what: str, count: int) -> int:
        digest = hashlib.blake2b(self._seed(what).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % count

    def _sentence(self, what: str) -> str:
        return (
            " ".join(word(_Counter(self, f"{what}/{n}")) for n in range(4 + self._number(what, 8))).capitalize() + "."
        )

    def _cuts(self, whole: str, what: str) -> list[str]:
        """In pieces of one to eight characters, as tokens are."""
        pieces: list[str] = []
        start = 0
        while start < len(whole):
            size = 1 + self._number(f"{what}/cut/{len(pieces)}", 8)
            pieces.append(whole[start : start + size])
            start += size
        return pieces or [""]


class _Counter:
    """One draw of a turn."""

    def __init__(self, turn: _Turn, what: str) -> None:
        self._turn = turn
        self._what = what

    def below(self, count: int) -> int:
        return self._turn._number(self._what, count)


_PROFILE = ModelProfile(supports_json_schema_output=True, supports_json_object_output=True)
