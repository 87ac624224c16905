"""The course of an answer: which hooks of a protocol are called for a run, and in which order.

A machine without IO. Inputs: the run's events (`take`), its error (`fail`), its end (`close`). Outputs: steps, each a hook's
name and arguments. State: who has the word (the model with its response, or the tools with the request that answers it),
and the calls that a browser has seen and that have no result yet: neither an error nor the end of the run may leave one
open on its screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from playhead.messages import (
    AgentStreamEvent,
    BuiltinToolCallEvent,
    BuiltinToolResultEvent,
    FinalResultEvent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    PartStartEvent,
    ToolReturnPart,
)
from playhead.runtime import AgentRunResultEvent

__all__ = ["ON_COMPLETE", "Course", "Step"]

Step: TypeAlias = tuple[str, tuple[Any, ...]]
"""A hook's name, and what it is called with."""
ON_COMPLETE = "on_complete"
"""The step that is not a hook's: the application is told of the result."""

_Word: TypeAlias = Literal["request", "response"]
# Both are data: browsers store them with the conversation, and PydanticAI writes the same.
_PROCESSED = "Final result processed."
_INTERRUPTED = "Tool execution was interrupted by an error."


class Course:
    """One run, seen from a protocol. `open` first, `close` last, between them `take` for each event and `fail` at most once."""

    def __init__(self) -> None:
        self._word: _Word | None = None
        self._waiting: dict[str, str] = {}
        """Calls of function tools without a result: the names of the tools, by the call's id."""
        self._output_call: dict[str, str] = {}
        """The call whose arguments are the run's output, in the same form; no event tells its result."""

    def open(self) -> list[Step]:
        """Before the first event."""
        return [("before_stream", ())]

    def take(self, event: AgentStreamEvent | AgentRunResultEvent[Any]) -> list[Step]:
        """What an event calls for. The two that repeat a provider's own parts call for nothing."""
        ahead: list[Step] = []
        match event:
            case BuiltinToolCallEvent() | BuiltinToolResultEvent():
                return []
            case PartStartEvent():
                ahead = self._pass_word("response")
            case FunctionToolCallEvent(part=call):
                self._waiting[call.tool_call_id] = call.tool_name
                ahead = self._pass_word("request")
            case FunctionToolResultEvent(result=result):
                self._waiting.pop(result.tool_call_id, None)
            case FinalResultEvent(tool_name=name, tool_call_id=call_id):
                self._output_call = {call_id: name} if call_id and name else {}
            case AgentRunResultEvent(result=result):
                ahead = [*self._answer(self._forget_output_call(), _PROCESSED, "success"), *self._pass_word(None)]
                ahead.append((ON_COMPLETE, (result,)))
            case _:
                pass
        return [*ahead, ("handle_event", (event,))]

    def fail(self, error: Exception) -> list[Step]:
        """The run ends with an error: every call that still waits has failed."""
        waiting, self._waiting = self._waiting, {}
        waiting.update(self._forget_output_call())
        return [*self._answer(waiting, _INTERRUPTED, "failed"), ("on_error", (error,))]

    def close(self) -> list[Step]:
        """After the last event, or the error."""
        return [*self._pass_word(None), ("after_stream", ())]

    def _forget_output_call(self) -> dict[str, str]:
        call, self._output_call = self._output_call, {}
        return call

    def _answer(self, calls: dict[str, str], content: str, outcome: Literal["success", "failed"]) -> Iterable[Step]:
        results = [ToolReturnPart(name, content, call_id, outcome=outcome) for call_id, name in calls.items()]
        turn = self._pass_word("request") if results else []
        return [*turn, *(("handle_function_tool_result", (FunctionToolResultEvent(part),)) for part in results)]

    def _pass_word(self, word: _Word | None) -> list[Step]:
        if word == self._word:
            return []
        hooks = [f"after_{self._word}"] if self._word else []
        if word:
            hooks.append(f"before_{word}")
        self._word = word
        return [(hook, ()) for hook in hooks]
