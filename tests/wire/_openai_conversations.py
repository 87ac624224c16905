"""Conversations for OpenAI's two formats, beside those that every provider has to take.

They are functions of a messages module, so that the reference and Playhead are given the same ones.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

_spec = importlib.util.spec_from_file_location("_conversations", Path(__file__).with_name("_conversations.py"))
assert _spec is not None
assert _spec.loader is not None
_shared: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

MODELS = ("gpt-4o", "gpt-5-mini", "gpt-5.1", "o3-mini", "o1-mini")
PNG = b"\x89PNG\r\n\x1a\n"


def conversations(m: Any, tools: Any) -> dict[str, tuple[list[Any], Any, Any]]:
    """By name: messages, settings, parameters."""
    found = dict(_shared.shared(m, tools))
    for history, _, _ in found.values():
        for message in history:
            for part in message.parts:
                for item in part.content if isinstance(getattr(part, "content", None), list) else ():
                    if getattr(item, "kind", None) == "uploaded-file":
                        item.provider_name = "openai"
    say = _shared.Say(m, "openai")
    nothing = tools.ModelRequestParameters
    tree = {
        "$defs": {
            "Node": {
                "title": "Node",
                "type": "object",
                "properties": {
                    "label": {"type": "string", "title": "Label"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                },
                "required": ["label", "children"],
            }
        },
        "$ref": "#/$defs/Node",
    }
    inner = {
        "$defs": {
            "Inner": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
        },
        "type": "object",
        "title": "Outer",
        "properties": {
            "inner": {"$ref": "#/$defs/Inner", "description": "what is inside"},
            "choice": {"anyOf": [{"type": "string", "minLength": 2}, {"type": "null"}], "default": None},
            "any": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "when": {"type": "string", "format": "date-time"},
            "where": {"type": "string", "format": "ipvfuture"},
            "title": {"type": "string", "title": "Title"},
            "free": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["inner", "any"],
    }
    for label, schema in (("tree", tree), ("inner", inner)):
        for strict in (None, True, False):
            tool = tools.ToolDefinition(name=label, description="d", parameters_json_schema=schema, strict=strict)
            parameters = nothing(function_tools=[tool])
            found[f"schema_{label}_{strict}"] = ([say.request(say.user("x"))], {}, parameters)
            output = tools.OutputObjectDefinition(json_schema=schema, name="Out", description="what", strict=strict)
            parameters = nothing(output_mode="native", output_object=output)
            found[f"native_{label}_{strict}"] = ([say.request(say.user("x"))], {}, parameters)
    found["settings_all"] = (
        [say.request(say.user("x"))],
        {
            "max_tokens": 5,
            "temperature": 0.3,
            "top_p": 0.9,
            "seed": 3,
            "presence_penalty": 0.1,
            "frequency_penalty": 0.2,
            "logit_bias": {"5": 1},
            "stop_sequences": ["a"],
            "openai_user": "u",
            "openai_store": True,
            "openai_service_tier": "flex",
            "openai_logprobs": True,
            "openai_top_logprobs": 2,
            "openai_prompt_cache_key": "k",
            "openai_prompt_cache_retention": "24h",
            "openai_reasoning_effort": "low",
            "openai_reasoning_summary": "auto",
            "openai_text_verbosity": "low",
            "openai_truncation": "auto",
            "openai_include_code_execution_outputs": True,
            "openai_include_web_search_sources": True,
            "openai_include_file_search_results": True,
            "extra_body": {"foo": {"bar": 1}, "seed": 4},
            "extra_headers": {"X-Mine": "1"},
        },
        nothing(),
    )
    found["reasoning_fields"] = (
        [
            say.request(say.user("a")),
            say.reply(
                m.ThinkingPart("tagged", id="content", provider_name="openai"),
                m.ThinkingPart("foreign", signature="sig", provider_name="anthropic"),
                m.ThinkingPart("two", id="reasoning", provider_name="openai"),
                m.ThinkingPart("three", id="reasoning", provider_name="openai"),
                m.TextPart("x"),
                m.TextPart("y"),
            ),
            say.request(say.user("b")),
            say.reply(),
            say.request(say.user("c")),
        ],
        {},
        nothing(),
    )
    own = {"provider_name": "openai"}
    found["items"] = (
        [
            say.request(say.user("a")),
            say.reply(
                m.ThinkingPart("one", id="rs_1", signature="sealed", **own),
                m.ThinkingPart("two", id="rs_1", **own),
                m.ThinkingPart("", id="rs_2", signature="sealed", **own),
                m.ThinkingPart("", id="rs_3", provider_details={"raw_content": ["x", "y"]}, **own),
                m.TextPart("Hi", id="msg_1", **own),
                m.TextPart(" there", id="msg_1", **own),
                m.TextPart("!", id="msg_2", **own),
                m.BuiltinToolCallPart("web_search", {"type": "search", "query": "q"}, "ws_1", id="ws_1", **own),
                m.BuiltinToolReturnPart("web_search", {"status": "failed"}, "ws_1", **own),
                m.BuiltinToolCallPart("code_execution", '{"container_id":"c","code":"1"}', "ci_1", **own),
                m.BuiltinToolReturnPart("code_execution", {"status": "completed"}, "ci_1", **own),
                m.BuiltinToolCallPart("image_generation", None, "ig_1", **own),
                m.BuiltinToolReturnPart("image_generation", {"status": "completed"}, "ig_1", **own),
                m.BuiltinToolCallPart("mcp_server:s", {"action": "list_tools"}, "mcpl_1", **own),
                m.BuiltinToolReturnPart("mcp_server:s", {"tools": []}, "mcpl_1", **own),
                m.BuiltinToolCallPart(
                    "mcp_server:s", {"action": "call_tool", "tool_name": "t", "tool_args": {"a": 1}}, "mcp_1", **own
                ),
                m.BuiltinToolReturnPart("mcp_server:s", {"output": "o", "error": None}, "mcp_1", **own),
                m.CompactionPart(id="cmp_1", provider_details={"encrypted_content": "E"}, **own),
                m.FilePart(m.BinaryImage(data=PNG, media_type="image/png"), id="ig_1", **own),
                m.ToolCallPart("f", '{"a":1}', "call_1", id="fc_1", **own),
                m.ToolCallPart("f", {"a": "é"}, "call_2|fc_2", **own),
            ),
            say.request(
                m.ToolReturnPart("f", "ok", "call_1", timestamp=_shared.T),
                m.ToolReturnPart(
                    "f", ["seen", m.BinaryContent(PNG, media_type="image/png")], "call_2|fc_2", timestamp=_shared.T
                ),
                m.RetryPromptPart("again", timestamp=_shared.T),
            ),
        ],
        {},
        nothing(),
    )
    return found
