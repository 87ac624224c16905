"""Binds a runtime to the conformance kit: `API` is what its harness asks of Playhead (see the kit's README).

`bind("pydantic_ai")` binds the reference in the same way, in an interpreter that has it: the two differ in the import
only, which is what the kit is about.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

PUBLIC = [
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
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def bind(package: str) -> SimpleNamespace:
    """What the harness asks for, from `package`."""
    top = importlib.import_module(package)
    messages = importlib.import_module(f"{package}.messages")
    function = importlib.import_module(f"{package}.models.function")

    parts: dict[str, Any] = {
        "text": messages.TextPart,
        "thinking": messages.ThinkingPart,
        "tool-call": messages.ToolCallPart,
        "builtin-tool-call": messages.BuiltinToolCallPart,
        "builtin-tool-return": messages.BuiltinToolReturnPart,
    }

    def make_part(data: dict[str, Any]) -> Any:
        fields = {key: value for key, value in data.items() if key not in ("index", "part_kind")}
        if fields.get("tool_call_id", "") is None:
            del fields["tool_call_id"]
        if data["part_kind"] == "thinking" and data.get("signature"):
            fields["provider_name"] = "function"
        return parts[data["part_kind"]](**fields)

    def item(chunk: dict[str, Any]) -> Any:
        """A chunk as a stream function yields it."""
        if "text" in chunk:
            return chunk["text"]
        if "thinking" in chunk:
            return {
                piece["index"]: function.DeltaThinkingPart(
                    content=piece.get("content"), signature=piece.get("signature")
                )
                for piece in chunk["thinking"]
            }
        if "tool_calls" in chunk:
            return {
                piece["index"]: function.DeltaToolCall(
                    name=piece.get("name"), json_args=piece.get("args"), tool_call_id=piece.get("id")
                )
                for piece in chunk["tool_calls"]
            }
        return {piece["index"]: make_part(piece) for piece in chunk.get("builtin", ())}

    def make_model(script: Any) -> Any:
        """A model that answers from a scenario's script, and writes down what it was asked."""

        def begin(history: Any, info: Any, streamed: bool) -> list[dict[str, Any]]:
            script.definitions = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters_json_schema": tool.parameters_json_schema,
                    "kind": tool.kind,
                }
                for tool in [*info.function_tools, *info.output_tools]
            ]
            return script.begin(
                streamed=streamed,
                messages=history,
                function_tools=[tool.name for tool in info.function_tools],
                output_tools=[tool.name for tool in info.output_tools],
                allow_text_output=info.allow_text_output,
                instructions=info.instructions,
            )

        async def answer(history: Any, info: Any) -> Any:
            harness = importlib.import_module("harness")  # the kit's, which has put itself on the path
            chunks = begin(history, info, streamed=False)
            made = [make_part(part) for part in harness.assemble(chunks)]
            script.current["chunks_sent"] = sum("wait_ms" not in chunk for chunk in chunks)
            script.done()
            return messages.ModelResponse(parts=made)

        async def stream(history: Any, info: Any) -> AsyncGenerator[Any]:
            harness = importlib.import_module("harness")
            for chunk in begin(history, info, streamed=True):
                if "raise" in chunk:
                    raise harness.chunk_error(chunk)
                if "wait_ms" in chunk:
                    await asyncio.sleep(chunk["wait_ms"] / 1000)
                    continue
                script.sent()
                yield item(chunk)
            script.done()

        return function.FunctionModel(answer, stream_function=stream, model_name="scripted")

    def load_messages(data: list[dict[str, Any]]) -> Any:
        """Messages in trace form as objects."""
        return messages.ModelMessagesTypeAdapter.validate_python([_complete(message) for message in data])

    return SimpleNamespace(
        **{name: getattr(top, name) for name in PUBLIC},
        make_model=make_model,
        load_messages=load_messages,
        tool_defs=lambda script: getattr(script, "definitions", []),
    )


def _complete(message: dict[str, Any]) -> dict[str, Any]:
    """A message of a trace with what traces leave out."""
    if message["kind"] == "response":
        return {"timestamp": WHEN, **message, "usage": message.get("usage") or {}}
    parts = [part if part["part_kind"] == "tool-call" else {"timestamp": WHEN, **part} for part in message["parts"]]
    return {**message, "parts": parts}


def __getattr__(name: str) -> Any:
    if name == "API":
        return bind("playhead")
    raise AttributeError(name)
