"""The instructions of a call, wherever they stand: in its parameters, or in the last request of its messages."""

from __future__ import annotations

from collections.abc import Sequence

from playhead.messages import InstructionPart, ModelMessage, ModelRequest, RetryPromptPart, ToolReturnPart
from playhead.wire._dialect import ModelCall

__all__ = ["instruction_parts"]


def instruction_parts(call: ModelCall) -> list[InstructionPart]:
    """The blocks of instructions, static ones first."""
    if call.parameters.instruction_parts is not None:
        return call.parameters.instruction_parts
    text = _of_messages(call.messages)
    return [InstructionPart(text)] if text else []


def _of_messages(messages: Sequence[ModelMessage]) -> str | None:
    requests = [message for message in reversed(messages) if isinstance(message, ModelRequest)][:2]
    if not requests:
        return None
    last = requests[0]
    if last.instructions is not None or len(requests) == 1:
        return last.instructions
    # A request of nothing but results is the runtime's answer to an output tool, and has none of its own.
    if all(isinstance(part, (ToolReturnPart, RetryPromptPart)) for part in last.parts):
        return requests[1].instructions
    return None
