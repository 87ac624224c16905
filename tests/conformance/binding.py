"""Binds Playhead's runtime to the conformance kit: `API` is what its harness asks for (see the kit's README)."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import playhead
from playhead import clock
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from playhead.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall, FunctionModel


def _harness() -> Any:
    return importlib.import_module("harness")  # the kit's, which has put itself on the path


def _part(data: dict[str, Any]) -> Any:
    data = dict(data)
    kind = data.pop("part_kind")
    makers: dict[str, Any] = {
        "text": TextPart,
        "thinking": ThinkingPart,
        "tool-call": ToolCallPart,
        "builtin-tool-call": BuiltinToolCallPart,
        "builtin-tool-return": BuiltinToolReturnPart,
    }
    if data.get("tool_call_id", "") is None:
        del data["tool_call_id"]
    if kind == "thinking" and data.get("signature"):
        data["provider_name"] = "function"
    return makers[kind](**{key: value for key, value in data.items() if key != "index"})


class ScenarioModel(FunctionModel):
    """Answers from a scenario's script, and writes down what it was asked."""

    def __init__(self, script: Any) -> None:
        self.script = script
        self.definitions: list[dict[str, Any]] = []
        super().__init__(self._answer, stream_function=self._stream, model_name="scripted")

    def _begin(self, messages: list[ModelMessage], info: AgentInfo, streamed: bool) -> list[dict[str, Any]]:
        self.script.definitions = [
            {
                "name": tool.name,
                "description": tool.description,
                "parameters_json_schema": tool.parameters_json_schema,
                "kind": tool.kind,
            }
            for tool in [*info.function_tools, *info.output_tools]
        ]
        return self.script.begin(
            streamed=streamed,
            messages=messages,
            function_tools=[tool.name for tool in info.function_tools],
            output_tools=[tool.name for tool in info.output_tools],
            allow_text_output=info.allow_text_output,
            instructions=info.instructions,
        )

    async def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        chunks = self._begin(messages, info, streamed=False)
        parts = [_part(part) for part in _harness().assemble(chunks)]
        self.script.current["chunks_sent"] = sum("wait_ms" not in chunk for chunk in chunks)
        self.script.done()
        return ModelResponse(parts=parts)

    async def _stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncGenerator[Any]:
        for chunk in self._begin(messages, info, streamed=True):
            if "raise" in chunk:
                raise _harness().chunk_error(chunk)
            if "wait_ms" in chunk:
                await clock.sleep(chunk["wait_ms"] / 1000)
                continue
            self.script.sent()
            yield _item(chunk)
        self.script.done()


def _item(chunk: dict[str, Any]) -> Any:
    if "text" in chunk:
        return chunk["text"]
    if "thinking" in chunk:
        return {
            item["index"]: DeltaThinkingPart(content=item.get("content"), signature=item.get("signature"))
            for item in chunk["thinking"]
        }
    if "tool_calls" in chunk:
        return {
            item["index"]: DeltaToolCall(name=item.get("name"), json_args=item.get("args"), tool_call_id=item.get("id"))
            for item in chunk["tool_calls"]
        }
    if "builtin" in chunk:
        return {item["index"]: _part(item) for item in chunk["builtin"]}
    return {}


def load_messages(data: list[dict[str, Any]]) -> list[ModelMessage]:
    """Messages in trace form as objects."""
    return ModelMessagesTypeAdapter.validate_python([_with_usage(item) for item in data])


def _with_usage(message: dict[str, Any]) -> dict[str, Any]:
    if message["kind"] == "response":
        return {**message, "usage": message.get("usage") or {}}
    now = clock.now()
    parts = [{"timestamp": now, **part} if part["part_kind"] != "tool-call" else part for part in message["parts"]]
    return {**message, "parts": parts}


API = SimpleNamespace(
    **{
        name: getattr(playhead, name)
        for name in [
            "Agent",
            "ModelRetry",
            "NativeOutput",
            "PromptedOutput",
            "RunContext",
            "RunUsage",
            "TextOutput",
            "ToolOutput",
            "ToolReturn",
            "UsageLimits",
            "capture_run_messages",
        ]
    },
    make_model=ScenarioModel,
    load_messages=load_messages,
    tool_defs=lambda script: script.definitions,
)
