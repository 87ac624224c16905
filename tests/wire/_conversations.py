"""Conversations to send, built from the classes of whichever library is handed in: Playhead, or the reference.

`m` has the parts and messages, `tools` the definitions. Each conversation is (messages, settings, parameters).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

Conversations: TypeAlias = dict[str, tuple[list[Any], dict[str, Any], Any]]
T = datetime(2026, 1, 1, tzinfo=UTC)


class Say:
    """Short words for what conversations are made of."""

    def __init__(self, m: Any, provider: str = "") -> None:
        self.m = m
        self.provider = provider

    def user(self, content: Any) -> Any:
        return self.m.UserPromptPart(content, timestamp=T)

    def system(self, content: str) -> Any:
        return self.m.SystemPromptPart(content, timestamp=T)

    def request(self, *parts: Any, **rest: Any) -> Any:
        return self.m.ModelRequest(parts=list(parts), **rest)

    def reply(self, *parts: Any, **rest: Any) -> Any:
        return self.m.ModelResponse(parts=list(parts), timestamp=T, **rest)

    def native_call(self, name: str, args: Any, call_id: str) -> Any:
        return self.m.BuiltinToolCallPart(name, args, call_id, provider_name=self.provider)

    def native_return(self, name: str, content: Any, call_id: str) -> Any:
        return self.m.BuiltinToolReturnPart(name, content, call_id, provider_name=self.provider, timestamp=T)


def shared(m: Any, tools: Any) -> Conversations:
    say = Say(m)
    """Those that every provider has to take."""
    found: Conversations = {}
    weather = tools.ToolDefinition(
        name="get_weather",
        description="The weather.",
        parameters_json_schema={
            "type": "object",
            "properties": {"city": {"type": "string", "title": "City"}},
            "required": ["city"],
            "additionalProperties": False,
            "title": "Weather",
        },
    )
    strict = tools.ToolDefinition(
        name="s",
        description="d",
        parameters_json_schema={
            "type": "object",
            "properties": {"n": {"type": "integer", "const": 3}},
            "required": ["n"],
            "additionalProperties": False,
        },
        strict=True,
    )
    nodesc = tools.ToolDefinition(name="plain", parameters_json_schema={"type": "object", "properties": {}})
    out = tools.ToolDefinition(
        name="final_result",
        description="The final response",
        parameters_json_schema={
            "type": "object",
            "properties": {"response": {"type": "string", "format": "date"}},
            "required": ["response"],
        },
        kind="output",
    )
    obj = tools.OutputObjectDefinition(
        json_schema={
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        name="city",
        description="A city",
        strict=None,
    )
    PNG = b"\x89PNG\r\n\x1a\n\x00\x01"
    PDF = b"%PDF-1.4 x"
    found["hello"] = ([say.request(say.user("Hello"))], {}, tools.ModelRequestParameters())
    found["system"] = (
        [say.request(say.system("Be brief."), say.system("Be kind."), say.user("Hello"))],
        {},
        tools.ModelRequestParameters(),
    )
    found["instructions"] = (
        [say.request(say.user("Hello"), instructions="Be brief.")],
        {},
        tools.ModelRequestParameters(instruction_parts=[m.InstructionPart("Be brief.")]),
    )
    found["instructions_only_message"] = (
        [say.request(say.user("Hello"), instructions="Be brief.")],
        {},
        tools.ModelRequestParameters(),
    )
    found["instructions_and_system"] = (
        [say.request(say.system("You are X."), say.user("Hello"), instructions="Be brief.")],
        {},
        tools.ModelRequestParameters(
            instruction_parts=[m.InstructionPart("Be brief."), m.InstructionPart("Now is noon.", dynamic=True)]
        ),
    )
    found["two_turns"] = (
        [
            say.request(say.user("Hello")),
            say.reply(m.TextPart("Hi"), m.TextPart(" there")),
            say.request(say.user("Bye")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["tools_auto"] = (
        [say.request(say.user("Weather?"))],
        {},
        tools.ModelRequestParameters(function_tools=[weather, nodesc]),
    )
    found["tools_strict"] = (
        [say.request(say.user("Weather?"))],
        {},
        tools.ModelRequestParameters(function_tools=[strict]),
    )
    found["output_tool"] = (
        [say.request(say.user("Weather?"))],
        {},
        tools.ModelRequestParameters(
            function_tools=[weather], output_tools=[out], output_mode="tool", allow_text_output=False
        ),
    )
    found["output_tool_or_text"] = (
        [say.request(say.user("Weather?"))],
        {},
        tools.ModelRequestParameters(output_tools=[out], output_mode="tool", allow_text_output=True),
    )
    found["native"] = (
        [say.request(say.user("City?"))],
        {},
        tools.ModelRequestParameters(output_mode="native", output_object=obj, allow_text_output=True),
    )
    found["native_tools"] = (
        [say.request(say.user("City?"))],
        {},
        tools.ModelRequestParameters(
            output_mode="native", output_object=obj, allow_text_output=True, function_tools=[weather]
        ),
    )
    found["prompted"] = (
        [say.request(say.user("City?"))],
        {},
        tools.ModelRequestParameters(
            output_mode="prompted",
            output_object=obj,
            prompted_output_template="Answer like {schema}",
            allow_text_output=True,
        ),
    )
    call = m.ToolCallPart("get_weather", {"city": "Paris"}, tool_call_id="c1")
    call2 = m.ToolCallPart("get_weather", '{"city": "Rome"}', tool_call_id="c2")
    found["tool_turn"] = (
        [
            say.request(say.user("Weather?")),
            say.reply(m.TextPart("Let me see."), call, call2),
            say.request(
                m.ToolReturnPart("get_weather", {"t": 20}, tool_call_id="c1", timestamp=T),
                m.ToolReturnPart("get_weather", "sunny", tool_call_id="c2", timestamp=T),
            ),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[weather]),
    )
    found["tool_retry"] = (
        [
            say.request(say.user("Weather?")),
            say.reply(call),
            say.request(m.RetryPromptPart("No such city", tool_name="get_weather", tool_call_id="c1", timestamp=T)),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[weather]),
    )
    found["tool_retry_errors"] = (
        [
            say.request(say.user("Weather?")),
            say.reply(call),
            say.request(
                m.RetryPromptPart(
                    [{"type": "missing", "loc": ("city",), "msg": "Field required", "input": {}}],
                    tool_name="get_weather",
                    tool_call_id="c1",
                    timestamp=T,
                )
            ),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[weather]),
    )
    found["retry_no_tool"] = (
        [
            say.request(say.user("Weather?")),
            say.reply(m.TextPart("x")),
            say.request(m.RetryPromptPart("Please call a tool", timestamp=T)),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["tool_empty_args"] = (
        [
            say.request(say.user("Go")),
            say.reply(
                m.ToolCallPart("plain", None, tool_call_id="c1"),
                m.ToolCallPart("plain", "", tool_call_id="c2"),
                m.ToolCallPart("plain", "{}", tool_call_id="c3"),
            ),
            say.request(
                *[
                    m.ToolReturnPart("plain", v, tool_call_id=i, timestamp=T)
                    for v, i in ((None, "c1"), ("", "c2"), ([1, "a"], "c3"))
                ]
            ),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[nodesc]),
    )
    found["tool_bad_args"] = (
        [
            say.request(say.user("Go")),
            say.reply(m.ToolCallPart("plain", "{bad", tool_call_id="c1")),
            say.request(m.ToolReturnPart("plain", "x", tool_call_id="c1", timestamp=T)),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[nodesc]),
    )
    found["tool_returns_mixed"] = (
        [
            say.request(say.user("Go")),
            say.reply(m.ToolCallPart("plain", {}, tool_call_id="c1")),
            say.request(
                m.ToolReturnPart(
                    "plain",
                    ["see", m.BinaryContent(PNG, media_type="image/png"), {"a": 1}],
                    tool_call_id="c1",
                    timestamp=T,
                )
            ),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[nodesc]),
    )
    found["tool_returns_image"] = (
        [
            say.request(say.user("Go")),
            say.reply(m.ToolCallPart("plain", {}, tool_call_id="c1")),
            say.request(
                m.ToolReturnPart("plain", m.BinaryContent(PNG, media_type="image/png"), tool_call_id="c1", timestamp=T)
            ),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[nodesc]),
    )
    found["tool_returns_pdf_url"] = (
        [
            say.request(say.user("Go")),
            say.reply(m.ToolCallPart("plain", {}, tool_call_id="c1")),
            say.request(
                m.ToolReturnPart("plain", [m.DocumentUrl("https://x.org/a.pdf")], tool_call_id="c1", timestamp=T)
            ),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[nodesc]),
    )
    found["images"] = (
        [
            say.request(
                say.user(
                    [
                        "Look",
                        m.ImageUrl("https://x.org/a.png"),
                        m.BinaryContent(PNG, media_type="image/png"),
                        m.BinaryContent(PDF, media_type="application/pdf"),
                        m.BinaryContent(b"plain text", media_type="text/plain"),
                        m.DocumentUrl("https://x.org/a.pdf"),
                        m.TextContent("tc"),
                    ]
                )
            )
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["empty_user"] = (
        [say.request(say.user("")), say.reply(m.TextPart("x")), say.request(say.user(["", "a"]))],
        {},
        tools.ModelRequestParameters(),
    )
    found["audio_video"] = (
        [
            say.request(
                say.user(
                    [
                        "Hear",
                        m.AudioUrl("https://x.org/a.mp3"),
                        m.VideoUrl("https://youtu.be/abc"),
                        m.VideoUrl("https://x.org/v.mp4"),
                        m.BinaryContent(b"RIFF", media_type="audio/wav"),
                        m.BinaryContent(b"vid", media_type="video/mp4"),
                    ]
                )
            )
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["settings"] = (
        [say.request(say.user("Hello"))],
        dict(
            max_tokens=77,
            temperature=0.5,
            top_p=0.9,
            stop_sequences=["X"],
            seed=1,
            presence_penalty=0.1,
            frequency_penalty=0.2,
            parallel_tool_calls=False,
        ),
        tools.ModelRequestParameters(function_tools=[weather]),
    )
    found["parallel_true"] = (
        [say.request(say.user("Hello"))],
        dict(parallel_tool_calls=True),
        tools.ModelRequestParameters(function_tools=[weather]),
    )
    found["extra"] = (
        [say.request(say.user("Hello"))],
        dict(extra_headers={"x-a": "b"}, extra_body={"zz": {"y": 1}}),
        tools.ModelRequestParameters(),
    )
    found["cache_point"] = (
        [
            say.request(say.user(["Long", m.CachePoint(), "short"])),
            say.reply(m.TextPart("ok")),
            say.request(say.user(["more", m.CachePoint(ttl="1h")])),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["five_cache_points"] = (
        [say.request(say.user([item for n in range(6) for item in (f"p{n}", m.CachePoint())]))],
        {},
        tools.ModelRequestParameters(),
    )
    found["uploaded"] = (
        [
            say.request(
                say.user(
                    [
                        "See",
                        m.UploadedFile("file_123", "bedrock", media_type="application/pdf"),
                        m.UploadedFile("file_124", "bedrock", media_type="image/png"),
                    ]
                )
            )
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["thinking_low"] = ([say.request(say.user("Hello"))], {}, tools.ModelRequestParameters(thinking="low"))
    found["thinking_true"] = ([say.request(say.user("Hello"))], {}, tools.ModelRequestParameters(thinking=True))
    found["thinking_false"] = ([say.request(say.user("Hello"))], {}, tools.ModelRequestParameters(thinking=False))
    found["thinking_xhigh"] = ([say.request(say.user("Hello"))], {}, tools.ModelRequestParameters(thinking="xhigh"))
    found["thinking_foreign"] = (
        [
            say.request(say.user("Q")),
            say.reply(
                m.ThinkingPart("hm", provider_name="openai", signature="zz"),
                m.ThinkingPart("unsigned"),
                m.TextPart("A"),
            ),
            say.request(say.user("Q2")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["empty_response"] = (
        [say.request(say.user("Q")), say.reply(), say.request(say.user("Q2"))],
        {},
        tools.ModelRequestParameters(),
    )
    found["two_requests"] = (
        [say.request(say.user("Q")), say.request(say.user("Q2"))],
        {},
        tools.ModelRequestParameters(),
    )
    return found


def anthropic(m: Any, tools: Any) -> Conversations:
    """Those that Anthropic takes, and its own."""
    say = Say(m, "anthropic")
    found = shared(m, tools)
    weather = tools.ToolDefinition(
        name="get_weather", description="The weather.", parameters_json_schema={"type": "object", "properties": {}}
    )
    found["thinking_signed"] = (
        [
            say.request(say.user("Q")),
            say.reply(
                m.ThinkingPart("hm", signature="sig==", provider_name="anthropic"),
                m.ThinkingPart("", id="redacted_thinking", signature="data==", provider_name="anthropic"),
                m.TextPart("A"),
                provider_name="anthropic",
            ),
            say.request(say.user("Q2")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["thinking_setting"] = (
        [say.request(say.user("Hello"))],
        dict(anthropic_thinking={"type": "enabled", "budget_tokens": 2000}, max_tokens=4000),
        tools.ModelRequestParameters(),
    )
    found["effort"] = ([say.request(say.user("Hello"))], dict(anthropic_effort="high"), tools.ModelRequestParameters())
    found["metadata"] = (
        [say.request(say.user("Hello"))],
        dict(anthropic_metadata={"user_id": "u"}),
        tools.ModelRequestParameters(),
    )
    found["betas"] = (
        [say.request(say.user("Hello"))],
        dict(anthropic_betas=["b-2", "a-1"], extra_headers={"anthropic-beta": "c-3, a-1"}),
        tools.ModelRequestParameters(),
    )
    found["cache_all"] = (
        [say.request(say.system("sys"), say.user("Hello"), instructions="i")],
        dict(anthropic_cache_instructions=True, anthropic_cache_tool_definitions="1h", anthropic_cache=True),
        tools.ModelRequestParameters(function_tools=[weather], instruction_parts=[m.InstructionPart("i")]),
    )
    found["cache_instr_dynamic"] = (
        [say.request(say.system("sys"), say.user("Hello"), instructions="i")],
        dict(anthropic_cache_instructions="1h"),
        tools.ModelRequestParameters(
            instruction_parts=[m.InstructionPart("i"), m.InstructionPart("dyn", dynamic=True)]
        ),
    )
    found["cache_instr_system"] = (
        [say.request(say.system("sys"), say.user("Hello"))],
        dict(anthropic_cache_instructions=True),
        tools.ModelRequestParameters(),
    )
    found["cache_with_points"] = (
        [say.request(say.user([item for n in range(6) for item in (f"p{n}", m.CachePoint())]))],
        dict(anthropic_cache="1h"),
        tools.ModelRequestParameters(),
    )
    found["eager"] = (
        [say.request(say.user("Hello"))],
        dict(anthropic_eager_input_streaming=True),
        tools.ModelRequestParameters(function_tools=[weather]),
    )
    found["container"] = (
        [say.request(say.user("Hello"))],
        dict(anthropic_container={"id": "cont_1"}),
        tools.ModelRequestParameters(),
    )
    found["container_history"] = (
        [
            say.request(say.user("Hello")),
            say.reply(m.TextPart("x"), provider_name="anthropic", provider_details={"container_id": "cont_2"}),
            say.request(say.user("y")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["container_false"] = (
        [
            say.request(say.user("Hello")),
            say.reply(m.TextPart("x"), provider_name="anthropic", provider_details={"container_id": "cont_2"}),
            say.request(say.user("y")),
        ],
        dict(anthropic_container=False),
        tools.ModelRequestParameters(),
    )
    found["context_management"] = (
        [say.request(say.user("Hello"))],
        dict(anthropic_context_management={"edits": [{"type": "compact_20260112"}]}),
        tools.ModelRequestParameters(),
    )
    found["compaction"] = (
        [
            say.request(say.user("Hello")),
            say.reply(m.CompactionPart("sum", provider_name="anthropic"), m.TextPart("x"), provider_name="anthropic"),
            say.request(say.user("y")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["server_tools"] = (
        [
            say.request(say.user("Hello")),
            say.reply(
                say.native_call("web_search", {"query": "q"}, "s1"),
                say.native_return(
                    "web_search",
                    [
                        {
                            "type": "web_search_result",
                            "title": "t",
                            "url": "u",
                            "encrypted_content": "e",
                            "page_age": None,
                        }
                    ],
                    "s1",
                ),
                say.native_call("code_execution", {"code": "1+1"}, "s2"),
                say.native_return(
                    "code_execution",
                    {"type": "code_execution_result", "content": [], "return_code": 0, "stderr": "", "stdout": "2"},
                    "s2",
                ),
                say.native_call("web_fetch", {"url": "https://x.org"}, "s3"),
                say.native_return(
                    "web_fetch",
                    {
                        "type": "web_fetch_result",
                        "url": "https://x.org",
                        "content": {
                            "type": "document",
                            "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                            "title": None,
                            "citations": None,
                        },
                        "retrieved_at": None,
                    },
                    "s3",
                ),
                say.native_call(
                    "mcp_server:wiki", {"action": "call_tool", "tool_name": "ask", "tool_args": {"a": 1}}, "s4"
                ),
                say.native_return(
                    "mcp_server:wiki",
                    {"content": [{"type": "text", "text": "r", "citations": None}], "is_error": False},
                    "s4",
                ),
                m.BuiltinToolCallPart("web_search", {"query": "q"}, "o1", provider_name="openai"),
                m.TextPart("x"),
                provider_name="anthropic",
            ),
            say.request(say.user("y")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    return found


def google(m: Any, tools: Any) -> Conversations:
    """Those that Google takes, and its own."""
    say = Say(m, "google-gla")
    found = shared(m, tools)
    G = "google-gla"
    weather = tools.ToolDefinition(
        name="get_weather", description="The weather.", parameters_json_schema={"type": "object", "properties": {}}
    )
    SIG = "c2ln"
    found["thinking_signed"] = (
        [
            say.request(say.user("Q")),
            say.reply(m.ThinkingPart("hm", signature=SIG, provider_name=G), m.TextPart("A"), provider_name=G),
            say.request(say.user("Q2")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["call_signed"] = (
        [
            say.request(say.user("Q")),
            say.reply(
                m.ThinkingPart("hm", provider_name=G),
                m.ToolCallPart(
                    "get_weather",
                    {"a": 1},
                    tool_call_id="c1",
                    provider_name=G,
                    provider_details={"thought_signature": SIG},
                ),
                m.ToolCallPart("get_weather", {"a": 2}, tool_call_id="c2"),
                provider_name=G,
            ),
            say.request(
                m.ToolReturnPart("get_weather", "x", tool_call_id="c1", timestamp=T),
                m.ToolReturnPart("get_weather", {"y": 1}, tool_call_id="c2", timestamp=T),
            ),
        ],
        {},
        tools.ModelRequestParameters(function_tools=[weather]),
    )
    found["text_signed"] = (
        [
            say.request(say.user("Q")),
            say.reply(m.TextPart("A", provider_name=G, provider_details={"thought_signature": SIG}), provider_name=G),
            say.request(say.user("Q2")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["thinking_config"] = (
        [say.request(say.user("Hello"))],
        dict(google_thinking_config={"include_thoughts": True, "thinking_budget": 100}),
        tools.ModelRequestParameters(),
    )
    found["safety"] = (
        [say.request(say.user("Hello"))],
        dict(
            google_safety_settings=[{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}],
            google_labels={"a": "b"},
            google_cached_content="cachedContents/1",
            google_video_resolution="MEDIA_RESOLUTION_LOW",
        ),
        tools.ModelRequestParameters(),
    )
    found["code"] = (
        [
            say.request(say.user("Q")),
            say.reply(
                say.native_call("code_execution", {"code": "1+1", "language": "PYTHON"}, "s1"),
                say.native_return("code_execution", {"outcome": "OUTCOME_OK", "output": "2\n"}, "s1"),
                say.native_call("web_search", {"queries": ["q"]}, "s2"),
                say.native_return("web_search", [{"uri": "u"}], "s2"),
                m.TextPart("2"),
                provider_name=G,
            ),
            say.request(say.user("Q2")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["file"] = (
        [
            say.request(say.user("Q")),
            say.reply(
                m.FilePart(
                    m.BinaryImage(b"\x89PNG", media_type="image/png"),
                    provider_name=G,
                    provider_details={"thought_signature": SIG},
                ),
                m.TextPart("x"),
                provider_name=G,
            ),
            say.request(say.user("Q2")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["video_meta"] = (
        [
            say.request(
                say.user(
                    [
                        "v",
                        m.BinaryContent(
                            b"vid", media_type="video/mp4", vendor_metadata={"start_offset": "1s", "end_offset": "2s"}
                        ),
                        m.VideoUrl("gs://b/v.mp4", vendor_metadata={"fps": 2}),
                    ]
                )
            )
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["tool_return_obj_list"] = (
        [
            say.request(say.user("Go")),
            say.reply(m.ToolCallPart("plain", {}, tool_call_id="c1")),
            say.request(m.ToolReturnPart("plain", [1, 2], tool_call_id="c1", timestamp=T), say.user("and?")),
        ],
        {},
        tools.ModelRequestParameters(),
    )
    found["logprobs"] = (
        [say.request(say.user("Hello"))],
        dict(google_logprobs=True, google_top_logprobs=2),
        tools.ModelRequestParameters(),
    )
    found["top_k"] = (
        [say.request(say.user("Hello"))],
        dict(top_k=3, seed=4, timeout=9),
        tools.ModelRequestParameters(),
    )
    found["timeout_none"] = ([say.request(say.user("Hello"))], dict(timeout=2.5), tools.ModelRequestParameters())
    return found


def hand_over(messages: list[Any], owner: str) -> list[Any]:
    """`messages` with the uploaded files as if they had been uploaded to `owner`."""
    for message in messages:
        for part in message.parts:
            for item in part.content if isinstance(getattr(part, "content", None), list) else ():
                if getattr(item, "kind", None) == "uploaded-file":
                    item.provider_name = owner
                    if owner != "anthropic" and not item.file_id.startswith("https:"):
                        item.file_id = "https://generativelanguage.googleapis.com/v1beta/files/" + item.file_id
    return messages
