"""Real recordings through `HttpModel`: served piece by piece, read as the decoder alone reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import playhead
from playhead.messages import ModelRequest, ModelRequestParameters
from playhead.models import HttpModel
from playhead.stream import fold
from playhead.wire import DIALECTS, provider_of, recognise
from tests._shared import SHARED, shared_files
from tests.corpus import run

FOLDERS = sorted({path.parent for path in shared_files("corpus", "*.expected.json")})


class Pieces(httpx.AsyncByteStream):
    def __init__(self, body: bytes, size: int) -> None:
        self.body, self.size = body, size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.body), self.size):
            yield self.body[start : start + self.size]


@pytest.mark.parametrize("folder", FOLDERS, ids=[str(path.relative_to(SHARED / "corpus")) for path in FOLDERS])
async def test_every_recorded_stream_comes_through_as_it_was_recorded(folder: Path):
    count = 0
    for path in sorted(folder.glob("*.expected.json")):
        for interaction in run.load_cassette(run.cassette_of(path))["interactions"]:
            count += await _comes_through(interaction)
    assert count or "cerebras" in folder.name


async def _comes_through(interaction: dict[str, Any]) -> int:
    expected = run.decode_interaction(interaction)
    if not expected["model_call"] or not expected.get("streamed") or not expected.get("ok"):
        return 0
    url = interaction["request"].get("uri") or interaction["request"]["url"]
    headers = run._headers(interaction["response"].get("headers"))
    body = run._body(interaction["response"], headers)
    dialect = recognise("POST", url, {}, b"")
    assert dialect is not None
    response = httpx.Response(200, headers={"content-type": headers.get("content-type", "")}, stream=Pieces(body, 97))
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: response))
    provider = provider_of(url)
    model = HttpModel(dialect, expected["model"] or "m", base_url="http://here", api_key="k", http_client=client)
    if provider is not None:
        model.provider.name = provider
    with playhead.deterministic():
        async with model.request_stream(
            [ModelRequest.user_text_prompt("x")], None, ModelRequestParameters()
        ) as streamed:
            events = [event async for event in streamed]
            reply = streamed.get()
    with playhead.deterministic():
        decoder = DIALECTS[dialect.name].decoder(streamed=True, model=expected["model"] or "m", provider=model.system)
        alone = [*decoder.feed(body), *decoder.close()]
    assert events == alone
    assert list(reply.parts) == decoder.fold.parts() == fold(alone).parts()
    assert reply.usage == decoder.fold.usage
    assert reply.finish_reason == decoder.fold.finish_reason
    return 1
