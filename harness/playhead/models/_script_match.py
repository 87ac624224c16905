"""Which response of a script fits a request, and how both are shown where none does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playhead.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestParameters,
    ModelSettings,
    RetryPromptPart,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.models._script import Condition, Response

__all__ = ["ScriptedRequest", "fits", "seen_by_conditions", "show", "show_condition", "show_request"]


@dataclass(slots=True)
class ScriptedRequest:
    """A request as a scripted model got it, and the number of the response (from 0) that answered it."""

    messages: list[ModelMessage]
    settings: ModelSettings | None
    parameters: ModelRequestParameters
    streamed: bool
    response: int | None = None


def fits(when: Any, request: ScriptedRequest) -> bool:
    """Whether a condition holds for a request."""
    if not isinstance(when, Condition):
        return bool(when(request))
    seen = seen_by_conditions(request.messages, request.parameters)
    for name in ("last", "user", "system", "result"):
        pattern: str | None = getattr(when, name)
        if pattern is not None and not re.search(pattern, seen[name]):
            return False
    return when.tool is None or when.tool == seen["tool"]


def seen_by_conditions(messages: list[ModelMessage], parameters: ModelRequestParameters) -> dict[str, str]:
    """What conditions look at: the texts of a request by the names of the condition's fields."""
    seen = {"last": "", "user": "", "system": "", "tool": "", "result": ""}
    system: list[str] = []
    for message in messages:
        if not isinstance(message, ModelRequest):
            continue
        last: list[str] = []
        tool = result = ""
        if message.instructions and message.instructions not in system:
            system.append(message.instructions)
        for part in message.parts:
            if isinstance(part, SystemPromptPart):
                system.append(part.content)
            elif isinstance(part, UserPromptPart):
                seen["user"] = text = _text(part.content)
                last.append(text)
            elif isinstance(part, ToolReturnPart):
                tool, result = part.tool_name, part.model_response_str()
                last.append(result)
            else:
                assert isinstance(part, RetryPromptPart)
                tool, result = part.tool_name or "", part.model_response()
                last.append(result)
        seen.update(last="\n".join(last), tool=tool, result=result)
    system += [part.content for part in parameters.instruction_parts or () if part.content not in "\n".join(system)]
    seen["system"] = "\n".join(system)
    return seen


def _text(content: Any) -> str:
    """The words of a prompt; pictures and files have none."""
    if isinstance(content, str):
        return content
    texts = [item if isinstance(item, str) else getattr(item, "content", None) for item in content]
    return " ".join(text for text in texts if isinstance(text, str))


def show(response: Response) -> str:
    """A response in a line."""
    try:
        shown = repr(response.model_dump())
    except ValueError:
        shown = f"when={response.when!r}"
    return shown if len(shown) <= 100 else f"{shown[:97]}..."


def show_condition(response: Response) -> str:
    """What a response asks for."""
    if isinstance(response.when, Condition):
        return ", ".join(f"{key} {value!r}" for key, value in response.when.model_dump(exclude_none=True).items())
    return f"when={response.when!r}"


def show_request(messages: list[ModelMessage], parameters: ModelRequestParameters) -> str:
    """What was asked last, in a line."""
    seen = seen_by_conditions(messages, parameters)
    text = " ".join(seen["last"].split())
    what = f"the result of {seen['tool']}, " if seen["tool"] else ""
    return f"{what}{text if len(text) <= 80 else text[:77] + chr(8230)!r}"
