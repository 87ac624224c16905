"""Writes down what the reference sends through the official SDK for the conversations of this folder.

    python tests/wire/record_openai_requests.py chat fixtures/wire/openai-chat/requests.json
    python tests/wire/record_openai_requests.py responses fixtures/wire/openai-responses/requests.json

To be run where `pydantic-ai-slim[openai]==1.85.1` is installed; nothing is sent to anybody: the client's transport keeps
the request and answers with an error.
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
_conversations: Any = importlib.import_module("_openai_conversations")


async def record(api: str) -> dict[str, Any]:
    """What is sent, by conversation, model, and whether it streams."""
    from openai import AsyncOpenAI

    messages: Any = importlib.import_module("pydantic_ai.messages")
    tools = SimpleNamespace(
        ToolDefinition=importlib.import_module("pydantic_ai.tools").ToolDefinition,
        ModelRequestParameters=importlib.import_module("pydantic_ai.models").ModelRequestParameters,
        OutputObjectDefinition=importlib.import_module("pydantic_ai.output").OutputObjectDefinition,
    )
    models: Any = importlib.import_module("pydantic_ai.models.openai")
    providers: Any = importlib.import_module("pydantic_ai.providers.openai")
    sent: list[Any] = []

    def keep(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(418, json={"error": {"message": "kept"}})

    sdk: Any = AsyncOpenAI(
        api_key="key", http_client=httpx.AsyncClient(transport=httpx.MockTransport(keep)), max_retries=0
    )
    cls = models.OpenAIChatModel if api == "chat" else models.OpenAIResponsesModel
    found: dict[str, Any] = {}
    for name in _conversations.conversations(messages, tools):
        for model in _conversations.MODELS:
            history, settings, parameters = _conversations.conversations(messages, tools)[name]
            sent.clear()
            try:
                provider = providers.OpenAIProvider(openai_client=sdk)
                await cls(model, provider=provider).request(history, settings, parameters)
            except Exception as error:
                if not sent and model == "gpt-4o":
                    print(f"{name} @ {model}: {type(error).__name__}: {error}", file=sys.stderr)
            for body in sent[:1]:
                found[f"{name} @ {model}"] = body
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    requests = asyncio.run(record(sys.argv[1]))
    same: dict[str, str] = {}
    lines: list[str] = []
    for key, value in requests.items():
        # Most models are sent the same: then only what is different about a request is written down.
        text = json.dumps({**value, "model": "*"}, ensure_ascii=False)
        first = same.setdefault(f"{key.partition(' @ ')[0]} {text}", key)
        lines.append(
            f" {json.dumps(key)}: {json.dumps(first) if first != key else json.dumps(value, ensure_ascii=False)}"
        )
    Path(sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
    Path(sys.argv[2]).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(requests)} requests")
