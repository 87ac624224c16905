"""Real SDKs, each asked the same way: what a program that uses them would see of a reply."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx
import httpx2
import openai
from google import genai
from google.genai import errors as google_errors
from google.genai import types as google_types

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PROMPT = "What is the weather in Zürich?"


@dataclass
class Seen:
    """A reply as the client gave it, in words that all clients share."""

    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    usage: tuple[int, int] | None = None
    finish: str | None = None
    refusal: str = ""
    pieces: int = 0


class Client:
    """One SDK. `errors` are its own exception classes for: an HTTP error 429, an error inside a stream, a cut."""

    name: str
    rate_limit: type[Exception]
    in_stream: type[Exception]
    cut: tuple[type[Exception], ...]
    finishes: dict[str, str]

    def __init__(self, provider: Any, retries: int = 0, **kwargs: Any) -> None:
        raise NotImplementedError

    def whole(self) -> Seen:
        raise NotImplementedError

    def streamed(self) -> Seen:
        raise NotImplementedError

    async def whole_async(self) -> Seen:
        raise NotImplementedError

    async def streamed_async(self) -> Seen:
        raise NotImplementedError

    def close(self) -> None:
        self.sync.close()  # type: ignore[attr-defined]

    async def aclose(self) -> None:
        self.close()
        await self.asynchronous.close()  # type: ignore[attr-defined]


class _Chat(Client):
    name = "openai-chat"
    rate_limit = openai.RateLimitError
    in_stream = openai.APIError
    cut = (openai.APIConnectionError,)
    finishes = {"stop": "stop", "length": "length", "call": "tool_calls", "refusal": "content_filter"}

    def __init__(self, provider: Any, retries: int = 0, **kwargs: Any) -> None:
        options: Any = {"base_url": provider.openai_url, "api_key": "sk-test", "max_retries": retries, **kwargs}
        self.sync = openai.OpenAI(**options)
        self.asynchronous = openai.AsyncOpenAI(**options)

    def asked(self, stream: bool) -> dict[str, Any]:
        tool = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
        asked: dict[str, Any] = {
            "model": "gpt-5",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}],
            "tools": [tool],
        }
        return {**asked, "stream": True, "stream_options": {"include_usage": True}} if stream else asked

    def read(self, reply: Any) -> Seen:
        choice = reply.choices[0]
        message = choice.message
        return Seen(
            message.content or "",
            getattr(message, "reasoning", None) or "",
            [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()],
            (reply.usage.prompt_tokens, reply.usage.completion_tokens) if reply.usage else None,
            choice.finish_reason,
            message.refusal or "",
        )

    def whole(self) -> Seen:
        return self.read(self.sync.chat.completions.create(**self.asked(False)))

    async def whole_async(self) -> Seen:
        return self.read(await self.asynchronous.chat.completions.create(**self.asked(False)))

    def streamed(self) -> Seen:
        add = _ChatPieces()
        for chunk in self.sync.chat.completions.create(**self.asked(True)):
            add(chunk)
        return add.seen()

    async def streamed_async(self) -> Seen:
        add = _ChatPieces()
        async for chunk in await self.asynchronous.chat.completions.create(**self.asked(True)):
            add(chunk)
        return add.seen()


class _ChatPieces:
    def __init__(self) -> None:
        self.found = Seen()
        self.calls: dict[int, list[str]] = {}

    def __call__(self, chunk: Any) -> None:
        found = self.found
        if chunk.usage:
            found.usage = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        for choice in chunk.choices:
            found.finish = choice.finish_reason or found.finish
            found.text += choice.delta.content or ""
            found.pieces += bool(choice.delta.content)
            found.refusal += choice.delta.refusal or ""
            found.thinking += getattr(choice.delta, "reasoning", None) or ""
            for call in choice.delta.tool_calls or ():
                pieces = self.calls.setdefault(call.index, [call.function.name, ""])
                pieces[1] += call.function.arguments or ""

    def seen(self) -> Seen:
        self.found.calls = [(name, json.loads(args)) for name, args in self.calls.values()]
        return self.found


class _Responses(_Chat):
    name = "openai-responses"
    finishes = {"stop": "completed", "length": "max_output_tokens", "call": "completed", "refusal": "completed"}

    def asked(self, stream: bool) -> dict[str, Any]:
        return {
            "model": "gpt-5",
            "instructions": "Be brief.",
            "input": PROMPT,
            "tools": [{"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}],
            **({"stream": True} if stream else {}),
        }

    def read(self, reply: Any) -> Seen:
        found = Seen(usage=(reply.usage.input_tokens, reply.usage.output_tokens) if reply.usage else None)
        found.finish = reply.incomplete_details.reason if reply.incomplete_details else reply.status
        for item in reply.output:
            if item.type == "message":
                for content in item.content:
                    if content.type == "refusal":
                        found.refusal += content.refusal
                    else:
                        found.text += content.text
            elif item.type == "reasoning":
                found.thinking += "".join(s.text for s in item.summary) + "".join(c.text for c in item.content or ())
            elif item.type == "function_call":
                found.calls.append((item.name, json.loads(item.arguments)))
        return found

    def whole(self) -> Seen:
        return self.read(self.sync.responses.create(**self.asked(False)))

    async def whole_async(self) -> Seen:
        return self.read(await self.asynchronous.responses.create(**self.asked(False)))

    def finished(self, events: list[Any]) -> Seen:
        if events[-1].type == "error":  # this SDK hands on the error of a stream as an event
            raise openai.APIError(events[-1].message, request=None, body=None)  # type: ignore[arg-type]
        found = self.read(events[-1].response)
        found.pieces = sum(event.type == "response.output_text.delta" for event in events)
        deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert deltas == found.text
        return found

    def streamed(self) -> Seen:
        return self.finished(list(self.sync.responses.create(**self.asked(True))))

    async def streamed_async(self) -> Seen:
        stream = await self.asynchronous.responses.create(**self.asked(True))
        return self.finished([event async for event in stream])


class _Anthropic(Client):
    name = "anthropic-messages"
    rate_limit = anthropic.RateLimitError
    in_stream = anthropic.APIError
    cut = (anthropic.APIConnectionError, httpx.RemoteProtocolError, httpx2.RemoteProtocolError)
    finishes = {"stop": "end_turn", "length": "max_tokens", "call": "tool_use", "refusal": "refusal"}

    def __init__(self, provider: Any, retries: int = 0, **kwargs: Any) -> None:
        options: Any = {"base_url": provider.anthropic_url, "api_key": "sk-ant", "max_retries": retries, **kwargs}
        self.sync = anthropic.Anthropic(**options)
        self.asynchronous = anthropic.AsyncAnthropic(**options)
        self.asked: dict[str, Any] = {
            "model": "claude-sonnet-4-5",
            "max_tokens": 1000,
            "system": "Be brief.",
            "messages": [{"role": "user", "content": PROMPT}],
            "tools": [{"name": "get_weather", "input_schema": SCHEMA}],
        }

    def read(self, reply: Any) -> Seen:
        found = Seen(usage=(reply.usage.input_tokens, reply.usage.output_tokens), finish=reply.stop_reason)
        for block in reply.content:
            if block.type == "text":
                found.text += block.text
            elif block.type == "thinking":
                found.thinking += block.thinking
            elif block.type == "tool_use":
                found.calls.append((block.name, block.input))
        details = getattr(reply, "stop_details", None)
        found.refusal = (getattr(details, "explanation", None) or "") if details else ""
        return found

    def whole(self) -> Seen:
        return self.read(self.sync.messages.create(**self.asked))

    async def whole_async(self) -> Seen:
        return self.read(await self.asynchronous.messages.create(**self.asked))

    def streamed(self) -> Seen:
        with self.sync.messages.stream(**self.asked) as stream:
            pieces = list(stream.text_stream)
            found = self.read(stream.get_final_message())
        assert "".join(pieces) == found.text
        found.pieces = len(pieces)
        return found

    async def streamed_async(self) -> Seen:
        async with self.asynchronous.messages.stream(**self.asked) as stream:
            pieces = [piece async for piece in stream.text_stream]
            found = self.read(await stream.get_final_message())
        assert "".join(pieces) == found.text
        found.pieces = len(pieces)
        return found


class _Google(Client):
    name = "google-generate"
    rate_limit = google_errors.ClientError
    in_stream = google_errors.APIError
    cut = (Exception,)  # whatever the HTTP library beneath it raises: httpx when sync, aiohttp when async
    finishes = {"stop": "STOP", "length": "MAX_TOKENS", "call": "STOP", "refusal": "SAFETY"}

    def __init__(self, provider: Any, retries: int = 0, **kwargs: Any) -> None:
        options = google_types.HttpOptions(base_url=provider.google_url)
        if retries:
            options.retry_options = google_types.HttpRetryOptions(attempts=retries + 1, initial_delay=0.01)
        self.client = genai.Client(api_key="AIza-test", http_options=options)
        tool = google_types.Tool(
            function_declarations=[google_types.FunctionDeclaration(name="get_weather", parameters_json_schema=SCHEMA)]
        )
        self.asked: dict[str, Any] = {
            "model": "gemini-2.5-flash",
            "contents": PROMPT,
            "config": google_types.GenerateContentConfig(
                system_instruction="Be brief.",
                tools=[tool],
                automatic_function_calling=google_types.AutomaticFunctionCallingConfig(disable=True),
            ),
        }

    def read(self, replies: list[Any]) -> Seen:
        found = Seen()
        for reply in replies:
            if reply.usage_metadata and reply.usage_metadata.prompt_token_count is not None:
                usage = reply.usage_metadata
                found.usage = (
                    usage.prompt_token_count,
                    (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
                )
            for candidate in reply.candidates or ():
                found.finish = candidate.finish_reason.name if candidate.finish_reason else found.finish
                found.refusal += candidate.finish_message or ""
                for part in (candidate.content.parts if candidate.content else None) or ():
                    if part.thought:
                        found.thinking += part.text or ""
                    elif part.text:
                        found.text += part.text
                        found.pieces += 1
                    elif part.function_call:
                        found.calls.append((part.function_call.name, part.function_call.args))
        return found

    def whole(self) -> Seen:
        return self.read([self.client.models.generate_content(**self.asked)])

    async def whole_async(self) -> Seen:
        return self.read([await self.client.aio.models.generate_content(**self.asked)])

    def streamed(self) -> Seen:
        return self.read(list(self.client.models.generate_content_stream(**self.asked)))

    async def streamed_async(self) -> Seen:
        stream = await self.client.aio.models.generate_content_stream(**self.asked)
        return self.read([chunk async for chunk in stream])

    def close(self) -> None:
        self.client.close()

    async def aclose(self) -> None:
        self.close()
        await self.client.aio.aclose()


CLIENTS: list[type[Any]] = [_Chat, _Responses, _Anthropic, _Google]
WAYS = ["whole", "streamed", "whole_async", "streamed_async"]
