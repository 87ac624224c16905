"""Writes down what a reference implementation sends for the conversations of this folder.

    python tests/wire/record_requests.py anthropic fixtures/wire/anthropic-messages/requests.json
    python tests/wire/record_requests.py google fixtures/wire/google-generate/requests.json

To be run where `pydantic-ai-slim[anthropic,google]==1.85.1`, `anthropic<1` and `google-genai<2` are installed; nothing is
sent to anybody: the clients' transport keeps the request and answers with an error.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent))
_conversations: Any = importlib.import_module("_conversations")

MODELS = {
    "anthropic": ["claude-sonnet-4-0", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-7"],
    "google": ["gemini-2.0-flash", "gemini-2.5-flash", "gemini-2.5-pro", "gemini-3-pro-preview"],
}
OWNER = {"anthropic": "anthropic", "google": "google-gla"}
VARIED = (
    "call_signed",
    "effort",
    "native",
    "output_tool",
    "settings",
    "thinking",
    "tool_returns",
    "tools_strict",
    "two_turns",
)
"""What depends on the model is sent to all of them."""
HEADERS = ("anthropic-beta", "anthropic-version")


async def record(which: str) -> dict[str, Any]:
    """What is sent, by conversation and model."""
    messages: Any = importlib.import_module("pydantic_ai.messages")
    tools = SimpleNamespace(
        ToolDefinition=importlib.import_module("pydantic_ai.tools").ToolDefinition,
        ModelRequestParameters=importlib.import_module("pydantic_ai.models").ModelRequestParameters,
        OutputObjectDefinition=importlib.import_module("pydantic_ai.output").OutputObjectDefinition,
    )
    sent: list[httpx.Request] = []

    async def keep(request: httpx.Request) -> httpx.Response:
        await request.aread()
        sent.append(request)
        return httpx.Response(418, json={"error": {"code": 418, "message": "kept", "status": "KEPT"}})

    make = _maker(which, httpx.AsyncClient(transport=httpx.MockTransport(keep)))
    found: dict[str, Any] = {}
    for name in getattr(_conversations, which)(messages, tools):
        for model in MODELS[which]:
            if model != MODELS[which][1] and not name.startswith(VARIED):
                continue
            history, settings, parameters = getattr(_conversations, which)(messages, tools)[name]
            _conversations.hand_over(history, OWNER[which])
            sent.clear()
            try:
                await make(model).request(history, settings, parameters)
            except Exception as error:
                if not sent:
                    print(f"{name} @ {model}: {type(error).__name__}: {error}", file=sys.stderr)
            for request in sent[:1]:
                headers = {name: request.headers[name] for name in HEADERS if name in request.headers}
                body = json.loads(request.content)
                found[f"{name} @ {model}"] = {"url": str(request.url), "headers": headers, "body": body}
    return found


def _maker(which: str, client: httpx.AsyncClient) -> Any:
    if which == "anthropic":
        from anthropic import AsyncAnthropic

        module = importlib.import_module("pydantic_ai.models.anthropic")
        provider = importlib.import_module("pydantic_ai.providers.anthropic")
        sdk: Any = AsyncAnthropic(api_key="key", http_client=client, max_retries=0)  # type: ignore[arg-type]
        return lambda name: module.AnthropicModel(name, provider=provider.AnthropicProvider(anthropic_client=sdk))
    from google.genai import Client
    from google.genai.types import HttpOptions

    module = importlib.import_module("pydantic_ai.models.google")
    provider = importlib.import_module("pydantic_ai.providers.google")
    options: Any = HttpOptions(httpx_async_client=client)  # type: ignore[arg-type]
    google = Client(api_key="key", http_options=options)
    return lambda name: module.GoogleModel(name, provider=provider.GoogleProvider(client=google))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    requests = asyncio.run(record(sys.argv[1]))
    lines = ",\n".join(
        f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in requests.items()
    )
    Path(sys.argv[2]).write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    print(f"{len(requests)} requests")
