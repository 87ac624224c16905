"""What the formats do not tell apart: instructions from system prompts, output tools from others.

The instructions of a call stand in its parameters, or in the last request of its messages. Output tools are known by
the names that agents give them, and by standing last.
"""

from __future__ import annotations

from collections.abc import Sequence

from playhead.messages import InstructionPart, ModelMessage, ModelRequest, RetryPromptPart, ToolReturnPart
from playhead.wire._dialect import ModelCall

__all__ = ["instruction_parts", "output_tools"]


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


def output_tools(names: Sequence[str]) -> int:
    """From which place on the tools with these names are output tools; the number of names if none is."""
    first = len(names)
    while first and (names[first - 1] == "final_result" or names[first - 1].startswith("final_result_")):
        first -= 1
    return first
